"""LOB-Bench's 3 conditional scores: one quantity compared within bins of another, weighted by what is in each bin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.scores.distances import DRAWS, NOWHERE, Apart, Distance, apart, deciles
from tcakit.simulator.scores.events import Events
from tcakit.simulator.scores.quantities import Sample

RUN_EVENTS = 500  # messages of one sequence, of which volatility is taken
_VOLATILITY_NS = 100_000_000
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Condition:
    """One conditional score: what is compared, given what; both one value a message, of two-sided books.

    Bins of the condition are its values if `by_value`, those between `thresholds` if given, else its deciles over both
    days. What is compared within each is binned by value if `discrete`, else by its deciles there. `shown` is what the
    condition is called on a picture, with its unit, and its factor to it.
    """

    name: str
    label: str
    compared: Callable[[Events], Sample]
    given: Callable[[Events], Sample]
    discrete: bool = False
    by_value: bool = False
    thresholds: tuple[float, ...] | None = None
    shown: tuple[str, float] = ("Spread, ticks", 1.0)


@dataclass(frozen=True, slots=True)
class Conditional:
    """The distances, weighted over bins, and the share of all values that lie in bins which only one day has."""

    apart: Apart
    unmatched: float


def seconds_of_day(events: Events) -> Sample:
    """Seconds since midnight on the exchange's wall of each message."""
    return np.asarray((events.ns - events.midnight_ns)[events.two_sided] / 1e9)


def run_volatility(events: Events) -> Sample:
    """Volatility of 0.1 s returns of the mid over the run of 500 messages that each message is in; 0 where unknown.

    The last mid of each tenth of a second counts, and only tenths that follow each other.
    """
    held = np.flatnonzero(events.two_sided)
    mid = np.log(events.twice_mid[held] / 2.0)
    run = np.arange(len(held)) // RUN_EVENTS
    tenth = (events.ns[held] - events.midnight_ns) // _VOLATILITY_NS
    last = np.ones(len(held), np.bool_)
    last[:-1] = (run[1:] != run[:-1]) | (tenth[1:] != tenth[:-1])
    kept = np.flatnonzero(last)
    next_to = (run[kept[1:]] == run[kept[:-1]]) & (tenth[kept[1:]] == tenth[kept[:-1]] + 1)
    returns, of_run = np.diff(mid[kept])[next_to], run[kept[1:]][next_to]
    runs = int(run[-1]) + 1 if len(run) else 0
    count = np.bincount(of_run, minlength=runs)
    mean = np.bincount(of_run, weights=returns, minlength=runs) / np.maximum(count, 1)
    squares = np.bincount(of_run, weights=(returns - mean[of_run]) ** 2, minlength=runs)
    deviation = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), 0.0)
    return np.asarray(deviation[run])


def _spread(events: Events) -> Sample:
    return events.spread[events.two_sided].astype(np.float64)


def _ask_touch(events: Events) -> Sample:
    return events.ask_size[events.two_sided]


CONDITIONS = (
    Condition("ask_volume | spread", "Size at the best ask, given the spread", _ask_touch, _spread, by_value=True),
    Condition(
        "spread | time", "Spread, given the hour", _spread, seconds_of_day,
        # 24 edges make 23 parts of 62.6 minutes: the benchmark's hours.
        thresholds=tuple(np.linspace(0.0, _DAY_S, 24).tolist()), shown=("Hour of the day", 1.0 / 3_600.0),
    ),
    Condition(
        "spread | volatility", "Spread, given volatility", _spread, run_volatility, discrete=True,
        shown=("Volatility of 0.1 s returns, bps", 1e4),
    ),
)  # fmt: skip


def conditional(condition: Condition, real: Events, made: Events, *, draws: int = DRAWS, seed: int = 0) -> Conditional:
    """Distances within each bin of the condition, weighted by how many values of both days are in it.

    In a bin that only one day has, total variation is 1 and Wasserstein's distance is left out, as it is where all
    values of a bin are equal: the benchmark counts it as nothing.
    """
    given = [condition.given(day) for day in (real, made)]
    compared = [condition.compared(day) for day in (real, made)]
    if not all(len(sample) for sample in given):
        return Conditional(NOWHERE, float("nan"))
    bins = bins_of(condition, given)
    total = sum(len(sample) for sample in given)
    found = np.zeros((2, draws + 1))
    unmatched = 0
    for place in range(1 + max(int(numbers.max()) for numbers in bins)):
        own, other = (values[numbers == place] for values, numbers in zip(compared, bins, strict=True))
        weight = (len(own) + len(other)) / total
        if not len(own) or not len(other):
            found[0] += weight
            unmatched += len(own) + len(other)
            continue
        edges = None if condition.discrete else deciles(np.concatenate([own, other]))
        distance = apart(
            own, other, discrete=condition.discrete, thresholds=edges, draws=draws, seed=seed * 10_007 + place
        )
        for row, part in enumerate((distance.total_variation, distance.wasserstein)):
            if np.isfinite(part.value):
                found[row] += weight * np.concatenate([[part.value], part.draws])
    variation, moved = (Distance(float(row[0]), row[1:]) for row in found)
    return Conditional(Apart(variation, moved if unmatched < total else NOWHERE.wasserstein), unmatched / total)


def bins_of(condition: Condition, given: list[Sample]) -> list[NDArray[np.int64]]:
    """The bin of each value of both days, numbered from 0; some may be empty."""
    both = np.concatenate(given)
    if condition.by_value:
        edges = np.unique(both)
    elif condition.thresholds is not None:
        edges = np.array(condition.thresholds)
    else:
        edges = deciles(both)
    number = np.unique(np.searchsorted(edges, both, "right"), return_inverse=True)[1]
    return [number[: len(given[0])], number[len(given[0]) :]]
