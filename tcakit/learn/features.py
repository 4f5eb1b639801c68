"""The features that an observation can be made of, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.registry import nearest


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature's place in `feature_kernel`, its bounds, and what it says."""

    number: int
    low: float
    high: float
    what: str


def _numbered(*rows: tuple[str, float, float, str]) -> dict[str, Feature]:
    return {name: Feature(number, low, high, what) for number, (name, low, high, what) in enumerate(rows)}


FEATURES = _numbered(
    ("inventory_left", 0.0, 1.0, "share of the order that is not filled"),
    ("time_left", 0.0, 1.0, "share of the decisions still to come"),
    ("behind_schedule", -1.0, 1.0, "inventory_left less time_left: how far an even schedule is ahead of us"),
    ("spread", 0.0, 1.0, "spread, squashed"),
    ("imbalance", -1.0, 1.0, "size at our side's touch against that at the other: 1 when the other is empty"),
    ("depth_imbalance", -1.0, 1.0, "the same of the best five ticks of each side"),
    ("signed_flow", -1.0, 1.0, "of what takers took in the last step: those of our side against the others"),
    ("volatility", 0.0, 1.0, "root of the decayed mean square of the mid's moves from step to step, squashed"),
    ("move_since_arrival", -1.0, 1.0, "how far the mid has gone against us since the order came, squashed"),
    ("last_move", -1.0, 1.0, "how far it has gone against us in the last step, squashed"),
    ("own_queue", 0.0, 1.0, "size at our side's touch, squashed"),
    ("other_queue", 0.0, 1.0, "size at the other side's touch, squashed"),
    ("volume_so_far", 0.0, 1.0, "what others traded since the order came, squashed"),
    ("step_volume", 0.0, 1.0, "what others traded in the last step, squashed at a step's share of the size"),
    ("participation", 0.0, 1.0, "our share of all that was traded since the order came"),
    ("step_participation", 0.0, 1.0, "our share of what was traded in the last step"),
    (
        "order_distance",
        -1.0,
        1.0,
        "ticks that our limit order stands behind its side's touch, squashed; 1 if none does",
    ),
    ("cost_so_far", -1.0, 1.0, "cost of the steps so far in ticks a unit of the order, squashed"),
)
"""Feature -> number, bounds and meaning. Seen from the order's side, so that a buy and a sell look alike; squashed is
x / (|x| + scale), with the scales of `task.Scales`."""

USUAL_FEATURES = (
    "inventory_left", "time_left", "spread", "imbalance", "signed_flow", "volatility", "move_since_arrival",
    "step_volume", "order_distance",
)  # fmt: skip


def numbers_of(names: Sequence[str]) -> NDArray[np.int64]:
    """The kernel's numbers of features; UsageError for one that is not known, or none at all.

    >>> numbers_of(["time_left", "spread"])
    array([1, 3])
    """
    if not names:
        raise UsageError("an observation of nothing", place="features", remedy=f"known are {', '.join(FEATURES)}")
    for name in names:
        if name not in FEATURES:
            guess = nearest(name, list(FEATURES))
            remedy = f"did you mean {guess}?" if guess else f"known are {', '.join(FEATURES)}"
            raise UsageError(f"no feature {name!r}", place="features", remedy=remedy)
    return np.array([FEATURES[name].number for name in names], np.int64)


def observation_space(names: Sequence[str]) -> spaces.Box:
    """The box (float32) that observations of these features lie in."""
    low = np.array([FEATURES[name].low for name in names], np.float32)
    high = np.array([FEATURES[name].high for name in names], np.float32)
    return spaces.Box(low, high, dtype=np.float32)
