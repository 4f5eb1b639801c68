"""Laws that people can read, made into tables that a kernel draws from by one look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.simulator.flow_layout_kernel import DRAWS

_WAITS = 4096
_MOST_ATOMS = 64


@dataclass(frozen=True, slots=True)
class Law:
    """A law of a few values: `values` in rising order, `weights` their shares (any scale, none below zero)."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or len(self.values) != len(self.weights):
            raise UsageError(
                f"{len(self.values)} values with {len(self.weights)} weights", remedy="give each value its weight"
            )
        if not (np.isfinite(self.values).all() and np.isfinite(self.weights).all()):
            raise UsageError("a value or weight is no number", remedy="give finite numbers")
        if min(self.weights) < 0.0 or sum(self.weights) <= 0.0:
            raise UsageError("weights must not be below zero, nor all zero", remedy="give shares of the values")
        if any(left >= right for left, right in zip(self.values, self.values[1:], strict=False)):
            raise UsageError("values are not in rising order", remedy="sort them, each once")

    def draws(self, kind: type = np.int64) -> NDArray[np.int64] | NDArray[np.float64]:
        """The value at each of DRAWS equal steps of probability.

        >>> table = Law((1.0, 5.0), (3.0, 1.0)).draws()
        >>> int((table == 1).sum()), int((table == 5).sum())
        (768, 256)
        """
        shares = np.cumsum(self.weights) / np.sum(self.weights)
        place = np.searchsorted(shares, (np.arange(DRAWS) + 0.5) / DRAWS)
        return np.asarray(self.values)[np.minimum(place, len(self.values) - 1)].astype(kind)

    def mean(self) -> float:
        """The mean value."""
        return float(np.average(self.values, weights=self.weights))


def law_of(values: NDArray[np.int64] | NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Law:
    """The law of a sample, in few enough values to read: the rest are drawn together, group means rounded.

    >>> law_of(np.array([100, 100, 200]))
    Law(values=(100.0, 200.0), weights=(0.6667, 0.3333))
    """
    whole = np.issubdtype(values.dtype, np.integer)
    unique, place = np.unique(values, return_inverse=True)
    share: Any = np.bincount(place, weights=weights, minlength=len(unique))
    share = share / share.sum()
    kept = share > 0.0
    found: Any = unique[kept].astype(np.float64)
    share = share[kept]
    if len(found) > _MOST_ATOMS:
        # The most frequent stand for themselves, the others for those nearest to them in rank.
        own = np.sort(np.argsort(-share, kind="stable")[: _MOST_ATOMS // 2])
        rest = np.setdiff1d(np.arange(len(found)), own)
        filled: Any = np.cumsum(share[rest])
        group = np.minimum((filled - 0.5 * share[rest]) / filled[-1] * (_MOST_ATOMS // 2), _MOST_ATOMS // 2 - 1)
        which = group.astype(np.int64)
        weight = np.bincount(which, weights=share[rest], minlength=_MOST_ATOMS // 2)
        middle: Any = np.bincount(which, weights=share[rest] * found[rest], minlength=_MOST_ATOMS // 2)
        held = weight > 0.0
        middle = middle[held] / weight[held]
        merged, group_of = np.unique(
            np.concatenate([found[own], np.rint(middle) if whole else middle]), return_inverse=True
        )
        share = np.bincount(group_of, weights=np.concatenate([share[own], weight[held]]))
        found = merged
    return Law(tuple(found.tolist()), tuple(np.round(share, 4 if len(share) < 3 else 6).tolist()))


@dataclass(frozen=True, slots=True)
class WaitPart:
    """A part of the law of waits: log-normal with this median (s) and spread of log10; `weight` its share."""

    weight: float
    median_s: float
    log10_sd: float


EXPONENTIAL = WaitPart(1.0, 1.0, -1.0)
"""A part whose spread is below zero is exponential, its mean standing where the median does."""


def wait_table(parts: Sequence[WaitPart], mean_s: float | None = None) -> NDArray[np.float64]:
    """Seconds at equal steps of probability, to be read straight between; scaled to `mean_s` where it is given.

    >>> table = wait_table([EXPONENTIAL], 2.0)
    >>> round(float((table[:-1] + table[1:]).mean() / 2), 6)
    2.0
    """
    from scipy.special import ndtr

    reach = 5.0 * max(max(part.log10_sd, 1.0) for part in parts)
    middle = [np.log10(part.median_s) for part in parts]
    grid = np.linspace(min(middle) - reach, max(middle) + reach, 20_001)
    total = sum(part.weight for part in parts)
    chance = np.zeros_like(grid)
    for part, at in zip(parts, middle, strict=True):
        if part.log10_sd < 0.0:
            chance += part.weight / total * -np.expm1(-(10.0 ** (grid - at)))
        else:
            chance += part.weight / total * ndtr((grid - at) / max(part.log10_sd, 1e-3))
    step = np.clip(np.arange(_WAITS + 1) / _WAITS, 0.1 / _WAITS, 1.0 - 0.1 / _WAITS)
    rising = np.concatenate([[True], np.diff(chance) > 0.0])
    table: NDArray[np.float64] = 10.0 ** np.interp(step, chance[rising], grid[rising])
    if mean_s is not None:
        table *= mean_s / (0.5 * (table[:-1] + table[1:]).mean())
    return table


def mean_of_waits(table: NDArray[np.float64]) -> float:
    """Mean seconds of a table of waits."""
    return float(0.5 * (table[:-1] + table[1:]).mean())
