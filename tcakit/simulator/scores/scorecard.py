"""The whole score of a made day against a real one, each number beside what two real ones give: the floor.

A distance alone says nothing: two real days lie apart too. A ratio of 1 is as near as the real pieces are to each
other, of 2 twice as far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.tape import Tape
from tcakit.simulator.scores import horizons
from tcakit.simulator.scores.averages import averages
from tcakit.simulator.scores.conditions import CONDITIONS, conditional
from tcakit.simulator.scores.distances import DRAWS, Apart, Distance, apart
from tcakit.simulator.scores.events import Events
from tcakit.simulator.scores.facts import Fact, facts_of, tape_halves
from tcakit.simulator.scores.pictures import histogram, means_given
from tcakit.simulator.scores.quantities import FURTHER, QUANTITIES, Quantity
from tcakit.simulator.scores.responses import KINDS, LAGS, Responses, response_score, responses, touch_events

DISTANCES = ("total_variation", "wasserstein")
WITHIN = 2.0  # a score of no more than so many floors is near
_MOST_UNMATCHED = 0.5
RESPONSE_LABELS = {
    "MO_0": "Market order, mid stays",
    "MO_1": "Market order, mid moves",
    "LO_0": "Limit order, mid stays",
    "LO_1": "Limit order, mid moves",
    "CA_0": "Cancel, mid stays",
    "CA_1": "Cancel, mid moves",
}


@dataclass(frozen=True, slots=True)
class Day:
    """A recorded day: its messages with the state of the book, and its tape."""

    events: Events
    tape: Tape

    def halves(self) -> tuple[Day, Day]:
        """The session's first half and its second."""
        events, tapes = self.events.halves(), tape_halves(self.tape)
        return Day(events[0], tapes[0]), Day(events[1], tapes[1])


def score_days(real: Day, made: Day, floor: tuple[Day, Day], *, draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """All scores as plain numbers, null where one cannot be said, each with its `reason` then.

    `scores`: distances of distributions with 99 % intervals; `averages`: over the benchmark's 21; `responses`: curves
    in ticks after six kinds of events; `facts` and `curves`: what the benchmark lacks, with 95 % intervals;
    `divergence`: mean distance of pieces of the day from all of the real one. `floor` are two real days.
    """
    scores = [*_distributions(real, made, floor, draws, seed), *_conditionals(real, made, floor, draws, seed)]
    shown = [row for row, _ in scores]
    facts, curves = _facts(real, made, floor, seed)
    return {
        "scores": shown,
        "averages": _averages([(row, both) for row, both in scores if row["group"] == "unconditional"], seed),
        "responses": _responses(real.events, made.events, floor, seed),
        "facts": facts,
        "curves": curves,
        "divergence": _divergence(real.events, made.events),
    }


Scored = tuple[dict[str, Any], tuple[Apart, Apart] | None]


def _distributions(real: Day, made: Day, floor: tuple[Day, Day], draws: int, seed: int) -> Iterator[Scored]:
    groups = [*(("unconditional", one) for one in QUANTITIES), *(("further", one) for one in FURTHER)]
    for place, (group, quantity) in enumerate(groups):
        row = {"name": quantity.name, "label": quantity.label, "group": group, "unit": quantity.unit}
        reason = quantity.why_not(real.events, made.events)
        samples = [] if reason else [quantity.sample(day.events) for day in (real, made, *floor)]
        if reason is None and not all(len(sample) for sample in samples[:2]):
            reason = "one of the two days has no such value"
        if reason is not None:
            yield row | _no_score(reason), None
            continue
        own, other = (_apart(quantity, one, two, draws, seed + place) for one, two in (samples[:2], samples[2:]))
        reason = None if all(len(sample) for sample in samples[2:]) else "one of the two real days has no such value"
        yield row | _score(own, other, reason) | {"picture": histogram(samples[0], samples[1])}, (own, other)


def _apart(quantity: Quantity, one: NDArray[np.float64], other: NDArray[np.float64], draws: int, seed: int) -> Apart:
    return apart(one, other, discrete=quantity.discrete, draws=draws, seed=seed)


def _conditionals(real: Day, made: Day, floor: tuple[Day, Day], draws: int, seed: int) -> Iterator[Scored]:
    for condition in CONDITIONS:
        row = {"name": condition.name, "label": condition.label, "group": "conditional", "unit": condition.shown[0]}
        own, other = (
            conditional(condition, one.events, two.events, draws=draws, seed=seed) for one, two in ((real, made), floor)
        )
        if not np.isfinite(own.apart.total_variation.value):
            yield row | _no_score("one of the two days has no book of two sides"), None
            continue
        reason = None
        if not other.unmatched <= _MOST_UNMATCHED:
            reason = f"{other.unmatched:.0%} of the two real days lies in bins that only one of them has"
        extra = {"picture": means_given(condition, real.events, made.events), "unmatched": own.unmatched}
        yield row | _score(own.apart, other.apart, reason) | extra, (own.apart, other.apart)


def _no_score(reason: str) -> dict[str, Any]:
    return dict.fromkeys(DISTANCES) | {"reason": reason, "floor_reason": None, "picture": None, "unmatched": None}


def _score(own: Apart, floor: Apart, floor_reason: str | None) -> dict[str, Any]:
    told = {
        name: _beside(getattr(own, name), float("nan") if floor_reason else getattr(floor, name).value)
        for name in DISTANCES
    }
    return told | {"reason": None, "floor_reason": floor_reason, "unmatched": None}


def _beside(distance: Distance, floor: float) -> dict[str, float | None] | None:
    """A distance, its interval, its floor and how many floors it is."""
    if not np.isfinite(distance.value):
        return None
    low, high = distance.interval
    return {
        "value": distance.value,
        "low": _known(low),
        "high": _known(high),
        "floor": _known(floor),
        "ratio": _ratio(distance.value, floor),
    }


def _averages(scores: Sequence[tuple[dict[str, Any], tuple[Apart, Apart] | None]], seed: int) -> dict[str, Any]:
    """Mean, median and interquartile mean over the scores that are known both of the two days and of the floor."""
    found: dict[str, Any] = {}
    for name in DISTANCES:
        pairs = [tuple(getattr(one, name) for one in both) for _, both in scores if both is not None]
        held = [pair for pair in pairs if all(np.isfinite(one.value) for one in pair)]
        own, floor = (averages([pair[side] for pair in held], seed=seed) for side in (0, 1))
        found[name] = {
            kind: {
                "value": value,
                "low": low,
                "high": high,
                "floor": floor[kind][0],
                "ratio": _ratio(value, floor[kind][0]),
            }
            for kind, (value, low, high) in own.items()
        } | {"scores": len(held)}
    return found


def _responses(real: Events, made: Events, floor: tuple[Day, Day], seed: int) -> dict[str, Any]:
    days = (real, made, *(day.events for day in floor))
    if not all(day.named for day in days):
        return {"reason": "the recording names no single orders", "lags": LAGS.tolist(), "kinds": [], "score": None}
    touched = [touch_events(day) for day in days]
    sums = [responses(one) for one in touched]
    own, other = (response_score(*pair, seed=seed) for pair in (sums[:2], sums[2:]))
    rows = []
    for place, kind in enumerate(KINDS):
        distance = Distance(float(own.by_kind[place]), own.kinds_drawn[:, place])
        rows.append(
            {
                "kind": kind,
                "label": RESPONSE_LABELS[kind],
                "score": _beside(distance, float(other.by_kind[place])),
                **{name: _curve(one, place, seed) for name, one in zip(("real", "made"), sums[:2], strict=True)},
                "events": [int((one.kind == place).sum()) for one in touched[:2]],
            }
        )
    whole = _beside(Distance(own.mean, own.drawn), other.mean)
    reason = None if whole is not None else "one of the two days has no event of these kinds at the touch"
    return {"reason": reason, "lags": LAGS.tolist(), "kinds": rows, "score": whole}


def _curve(sums: Responses, kind: int, seed: int) -> dict[str, list[float | None]]:
    drawn = sums.drawn(DRAWS, np.random.default_rng(seed))[:, kind]
    return {
        "value": _numbers(sums.curves[kind]),
        "low": _numbers(np.percentile(drawn, 2.5, axis=0)),
        "high": _numbers(np.percentile(drawn, 97.5, axis=0)),
    }


def _facts(
    real: Day, made: Day, floor: tuple[Day, Day], seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found = [facts_of(day.events, day.tape, seed=seed) for day in (real, made, *floor)]
    rows = []
    for own, other, one, two in zip(*(day.facts for day in found), strict=True):
        gap, least = abs(own.value - other.value), abs(one.value - two.value)
        rows.append(
            {
                "name": own.name,
                "label": own.label,
                "usual": own.usual,
                "real": _fact(own),
                "made": _fact(other),
                "gap": _known(gap),
                "floor": _known(least),
                "ratio": _ratio(gap, least),
                "floor_reason": one.reason or two.reason,
            }
        )
    curves: dict[str, dict[str, Any]] = {}
    for name, day in zip(("real", "made"), found[:2], strict=True):
        for curve in day.curves:
            row = curves.setdefault(
                curve.name,
                {"name": curve.name, "label": curve.label, "across": curve.across, "up": curve.up,
                 "logarithmic": list(curve.logarithmic), "real": None, "made": None},
            )  # fmt: skip
            row[name] = {
                "at": _numbers(curve.at),
                **{part: _numbers(getattr(curve.found, part)) for part in ("value", "low", "high")},
            }
    return rows, list(curves.values())


def _fact(fact: Fact) -> dict[str, Any]:
    numbers = {"value": _known(fact.value), "low": _known(fact.low), "high": _known(fact.high)}
    return numbers | {"reason": fact.reason}


def _divergence(real: Events, made: Events) -> dict[str, Any]:
    pieces = min(horizons.PIECES, len(real), len(made))
    found = {"made": horizons.divergence(real, made, pieces), "real": horizons.divergence(real, real, pieces)}
    return {
        "pieces": pieces,
        **{
            name: {"ends": one.ends.tolist(), **{kind: _numbers(one.mean(kind)) for kind in DISTANCES}}
            for name, one in found.items()
        },
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _ratio(value: float, floor: float) -> float | None:
    return _known(value / floor) if np.isfinite(floor) and floor > 0.0 else None


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_known(value) for value in values.tolist()]
