"""Our impact on a replayed market in the units of its kernels: ticks, stored sizes and halvings a ns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.replay_impact import ReplayImpact
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed


def impact_arrays(feed: Feed, impact: ReplayImpact | None, cursor: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The arrays of the state that hold our impact, before the first row; sets the cursor's first look at it.

    Without impact they hold next to nothing.
    """
    cursor[lk.SHIFT_NS] = lk.NEVER
    found: dict[str, NDArray[Any]] = {
        "impact": np.zeros(lk.IMPACT_SIZE, np.float64),
        "terms": np.zeros((0, lk.TERM_FIELDS), np.float64),
        "own_past": np.zeros((0, 2), np.int64),
        "shifts": np.zeros((1, 2), np.int64),
        "log_impact": np.zeros((1, lk.MET_FIELDS), np.float64),
        "lent": np.zeros((2, 1), np.float64),
        "lent_ns": np.zeros((2, 1), np.int64),
        "lent_at": np.zeros((1, 2), np.int64),
    }
    if impact is None:
        return found
    instrument = feed.instrument
    ticks_per_unit = instrument.price_scale / instrument.tick_size / instrument.size_scale
    terms = np.zeros((len(impact.weights), lk.TERM_FIELDS), np.float64)
    terms[:, lk.WEIGHT] = np.array(impact.weights) * ticks_per_unit
    terms[:, lk.HALVINGS] = np.array(impact.rates) / math.log(2.0)
    scalars = found["impact"]
    scalars[lk.LASTING] = impact.permanent * ticks_per_unit
    scalars[lk.JUMP] = scalars[lk.LASTING] + terms[:, lk.WEIGHT].sum()
    scalars[lk.PASSIVE_WEIGHT] = impact.passive_weight
    found |= {"terms": terms, "shifts": np.zeros((1024, 2), np.int64)}
    found["log_impact"] = np.zeros((1024, lk.MET_FIELDS), np.float64)
    if impact.refill_half_life_ns is not None:
        scalars[lk.REFILL_HALVINGS] = 1.0 / impact.refill_half_life_ns
        found["lent"], found["lent_ns"] = np.zeros((2, feed.ticks), np.float64), np.zeros((2, feed.ticks), np.int64)
        found["lent_at"] = np.zeros((2 * feed.ticks, 2), np.int64)
    if impact.own_fills and scalars[lk.JUMP] > 0.0:
        past = sorted((ns, round(shares * instrument.size_scale)) for ns, shares in impact.own_fills)
        found["own_past"] = np.array([pair for pair in past if pair[1]], np.int64).reshape(-1, 2)
        if len(found["own_past"]):
            cursor[lk.SHIFT_NS] = found["own_past"][0, 0]
    return found
