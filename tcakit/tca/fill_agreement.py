"""How well a replay of orders foretells what really became of them: scores, and which setting foretells best.

The score of an order is a proper one for when how much of it was filled (Gneiting and Raftery, 2007): half the Brier
score of the filled share at its horizon, half the mean over its life of the squared difference of the filled shares. It
lies between 0 (every share at its very time) and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.tca.resampling import drawn_sums

Steps = Sequence[tuple[int, float]]


def order_score(real: Steps, made: Steps, begin_ns: int, end_ns: int) -> float:
    """The score of one order from its fills (ns, share of the order), real and replayed, until `end_ns`.

    >>> order_score([(5, 1.0)], [], 0, 10)
    0.75
    """
    steps = sorted([(ns, share) for ns, share in real] + [(ns, -share) for ns, share in made])
    apart, last, area = 0.0, begin_ns, 0.0
    for ns, share in steps:
        if ns > end_ns:
            break
        at = max(ns, begin_ns)
        area += apart * apart * (at - last)
        apart, last = apart + share, at
    area += apart * apart * (end_ns - last)
    life = end_ns - begin_ns
    return 0.5 * apart * apart + 0.5 * (area / life if life > 0 else apart * apart)


def best_setting(
    scores: NDArray[np.float64], days: Sequence[str], *, draws: int = 2_000, seed: int = 0
) -> dict[str, Any]:
    """The setting of the least mean score, and how sure that is; `scores` has a row a parent, a column a setting.

    Gives best (column), mean (by column), chosen (share of draws of days and parents in which each column is best),
    ties (columns whose mean is that of the best) and, with several days, held_out: the mean score of days by the
    setting that is best on all others, and how often that is the best of all. Columns that agree share a draw.
    """
    mean = scores.mean(axis=0)
    best = int(mean.argmin())
    drawn = drawn_sums(scores, days, draws=draws, seed=seed)
    least = np.isclose(drawn, drawn.min(axis=1, keepdims=True), rtol=1e-9, atol=1e-12)
    chosen = (least / least.sum(axis=1, keepdims=True)).mean(axis=0)
    out: dict[str, Any] = {
        "best": best,
        "mean": mean.tolist(),
        "chosen": chosen.tolist(),
        "ties": [at for at in range(len(mean)) if np.isclose(mean[at], mean[best], rtol=1e-9, atol=1e-12)],
        "held_out": None,
    }
    named = np.asarray(days, dtype=object).astype(str)
    if len(set(named)) > 1:
        total, same = 0.0, 0
        for day in sorted(set(named)):
            picked = int(scores[named != day].mean(axis=0).argmin())
            total += float(scores[named == day, picked].sum())
            same += picked in out["ties"]
        out["held_out"] = {"score": total / len(named), "days": len(set(named)), "same_choice": same}
    return out
