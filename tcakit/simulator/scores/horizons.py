"""How a made day drifts from the real one: scores of its pieces, by the messages since its start, against a whole day.

LOB-Bench's divergence: a generator whose errors add up looks right at first and wrong later on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.scores.distances import Tally, apart
from tcakit.simulator.scores.events import Events
from tcakit.simulator.scores.quantities import QUANTITIES

PIECES = 20
KINDS = ("total_variation", "wasserstein")


@dataclass(frozen=True, slots=True)
class Divergence:
    """The message each piece ends with, and how far each quantity (pieces, quantities) is from all of the day."""

    ends: NDArray[np.int64]
    names: tuple[str, ...]
    total_variation: NDArray[np.float64]
    wasserstein: NDArray[np.float64]

    def mean(self, kind: str) -> NDArray[np.float64]:
        """The mean over quantities of one kind of distance, a value a piece; NaN where none is known."""
        values = getattr(self, kind)
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))


def divergence(real: Events, made: Events, pieces: int = PIECES) -> Divergence:
    """Distances of `pieces` pieces of the made day, of as many messages each, from all of the real one."""
    bounds = np.linspace(0, len(made), pieces + 1).astype(np.int64)
    held = [quantity for quantity in QUANTITIES if quantity.why_not(real, made) is None]
    found: dict[str, Any] = {kind: np.full((pieces, len(held)), np.nan) for kind in KINDS}
    whole = [Tally.of(quantity.sample(real)) for quantity in held]
    for piece, (begin, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        rows = made.rows(begin, end)
        for column, (quantity, sample) in enumerate(zip(held, whole, strict=True)):
            distance = apart(sample, quantity.sample(rows), discrete=quantity.discrete, draws=0)
            for kind in KINDS:
                found[kind][piece, column] = getattr(distance, kind).value
    return Divergence(bounds[1:], tuple(quantity.name for quantity in held), **found)
