"""How long messages are under way: fixed times, times between recorded ones, or times drawn with a seed.

A model gives when each of our messages reaches the venue (`entry`), and what the replay's loop needs for the way back
(`response_ns`, or a table). Messages never overtake each other; who sends them sees to that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError

SUBMIT, CANCEL, MODIFY = 0, 1, 2
"""What a message asks for."""
_LONGEST = 1 << 61  # ns: there and back still ends within the times that an int64 holds


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """Times (ns) of the way back: `ns` one answer after the other, or by time at the venue where `at` (ns) is given."""

    ns: NDArray[np.int64]
    at: NDArray[np.int64] | None = None


_NONE = np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True)
class EntryTable:
    """How long messages are under way to the venue, as a compiled strategy is told: `kind` fixed, recorded or drawn.

    `fixed_ns` for new orders, cancels and modifications, or what is added to recorded times; `at`, `ns` and `answer_ns`
    are recorded requests, arrivals and answers (ns), `ns` drawn times, one message after the other.
    """

    kind: str
    fixed_ns: tuple[int, int, int]
    at: NDArray[np.int64] = field(default_factory=lambda: _NONE)
    ns: NDArray[np.int64] = field(default_factory=lambda: _NONE)
    answer_ns: NDArray[np.int64] = field(default_factory=lambda: _NONE)


class Latency(Protocol):
    """Times in ns: market data to the strategy, our messages to the venue, the venue's answers back."""

    @property
    def feed_ns(self) -> int: ...

    @property
    def response_ns(self) -> int:
        """The way back, where it is always the same."""
        ...

    def entry(self, what: int, number: int, now_ns: int) -> int:
        """How long message `number` (from 0), sent now, is under way to the venue.

        Below zero: it never gets there, and the strategy is told so after as long.
        """
        ...

    def responses(self) -> ResponseTable | None:
        """How long answers are under way, None where that is always `response_ns`."""
        ...


def _not_negative(model: object, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(model, name)
        if value is not None and value < 0:
            raise UsageError(f"{name} is below zero", place="latency", remedy="give a time of zero or more")


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """Fixed times in ns; cancels and modifications take as long as new orders unless told otherwise.

    >>> ConstantLatency(entry_ns=500, cancel_ns=200).entry(CANCEL, 0, 0)
    200
    """

    feed_ns: int = 0
    entry_ns: int = 0
    response_ns: int = 0
    cancel_ns: int | None = None
    modify_ns: int | None = None

    def __post_init__(self) -> None:
        _not_negative(self, ("feed_ns", "entry_ns", "response_ns", "cancel_ns", "modify_ns"))

    def entry(self, what: int, number: int, now_ns: int) -> int:
        own = self.cancel_ns if what == CANCEL else self.modify_ns if what == MODIFY else None
        return self.entry_ns if own is None else own

    def entries(self) -> EntryTable:
        """The same for a compiled strategy."""
        return EntryTable("fixed", (self.entry_ns, self.entry(CANCEL, 0, 0), self.entry(MODIFY, 0, 0)))

    def responses(self) -> ResponseTable | None:
        return None


@dataclass(frozen=True, slots=True)
class RecordedLatency:
    """Times between those of recorded orders: when each was sent (`requests`), got to the venue (`arrivals`) and was
    answered (`answers`), int64 (n,), ns since 1970.

    Between two records on the line through them, outside as the first or the last one; a record whose time at the venue
    is not above zero is an order that never got there. After hftbacktest's interpolated order latency. `offset_ns` is
    added to each way. Raises UsageError unless there are records, all times grow, and no way takes less than no time:
    such a one would be taken for an order that got lost.

    >>> model = RecordedLatency(np.array([0, 100]), np.array([10, 130]), np.array([15, 140]))
    >>> [model.entry(SUBMIT, 0, ns) for ns in (-5, 0, 50, 100, 200)]
    [10, 10, 20, 30, 30]
    """

    requests: NDArray[np.int64]
    arrivals: NDArray[np.int64]
    answers: NDArray[np.int64]
    feed_ns: int = 0
    offset_ns: int = 0
    response_ns: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        _not_negative(self, ("feed_ns",))
        lengths = {len(self.requests), len(self.arrivals), len(self.answers)}
        remedy = "give one record an order, by time of request"
        if len(lengths) != 1 or not len(self.requests):
            raise UsageError("there are no records, or not as many of each time", place="latency", remedy=remedy)
        got_there = self.arrivals > 0
        grows = bool((np.diff(self.requests) > 0).all()) and bool((np.diff(self.arrivals[got_there]) >= 0).all())
        if not grows or bool((self.answers < self.requests).any()):
            raise UsageError("the recorded times do not grow", place="latency", remedy=remedy)
        there = (self.arrivals - self.requests)[got_there]
        back = (self.answers - self.arrivals)[got_there]
        shortest = min(there.min(initial=_LONGEST), back.min(initial=_LONGEST))
        if shortest < 0:
            raise UsageError(
                "an order reached the venue before it was sent, or was answered before it got there",
                place="latency",
                remedy="bring the venue's clock and yours together",
            )
        if shortest + self.offset_ns < 0:
            raise UsageError(
                f"offset_ns {self.offset_ns} is more than the {shortest} ns that the shortest way takes",
                place="latency",
                remedy="give a smaller one",
            )

    def entry(self, what: int, number: int, now_ns: int) -> int:
        at, last = self.requests, len(self.requests) - 1
        low = min(max(int(np.searchsorted(at, now_ns, side="right")) - 1, 0), last)
        high = low if now_ns <= at[0] or now_ns >= at[last] else low + 1
        if self.arrivals[low] <= 0 or self.arrivals[high] <= 0:
            # At least 1: less than nothing is what says that it got lost.
            return -max(self._between(now_ns, low, high, self.answers) + 2 * self.offset_ns, 1)
        return self._between(now_ns, low, high, self.arrivals) + self.offset_ns

    def _between(self, now_ns: int, low: int, high: int, until: NDArray[np.int64]) -> int:
        first, last = int(until[low] - self.requests[low]), int(until[high] - self.requests[high])
        if low == high:
            return first
        slope = float(last - first) / float(self.requests[high] - self.requests[low])
        return int(slope * float(now_ns - self.requests[low])) + first

    def entries(self) -> EntryTable:
        """The same for a compiled strategy."""
        at, arrivals, answers = (
            np.ascontiguousarray(values, np.int64) for values in (self.requests, self.arrivals, self.answers)
        )
        return EntryTable("recorded", (self.offset_ns, 0, 0), at, arrivals, answers)

    def responses(self) -> ResponseTable | None:
        got_there = self.arrivals > 0
        at, answers = self.arrivals[got_there], self.answers[got_there]
        if not len(at):
            return ResponseTable(np.zeros(1, np.int64), np.zeros(1, np.int64))
        # Of several at one instant the last counts.
        last = np.append(np.diff(at) > 0, True)
        return ResponseTable(
            np.ascontiguousarray((answers - at)[last] + self.offset_ns, np.int64),
            np.ascontiguousarray(at[last], np.int64),
        )


_DRAWS = 1 << 16
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10


def _exponential(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """e to the x, from sums and products alone: numpy's own differs in the last bit from processor to processor."""
    twos = np.rint(x / 0.6931471805599453)
    rest = (x - twos * _LN2_HIGH) - twos * _LN2_LOW
    series = np.ones_like(x)
    for term in range(15, 0, -1):
        series = 1.0 + rest * series / term
    return np.ldexp(series, np.clip(twos, -2_000, 2_000).astype(np.int32))


@dataclass(frozen=True, slots=True)
class RandomLatency:
    """Times drawn from log-normal distributions with a seed: the same seed gives the same times, message by message.

    `entry_ns` and `response_ns` are medians, `sigma` the standard deviation of the logarithm, `least_ns` is never
    undercut. After 65,536 messages the draws begin anew.

    >>> one, same = RandomLatency(entry_ns=1_000, seed=7), RandomLatency(entry_ns=1_000, seed=7)
    >>> one.entry(SUBMIT, 3, 0) == same.entry(CANCEL, 3, 99)
    True
    """

    feed_ns: int = 0
    entry_ns: int = 0
    response_ns: int = 0
    sigma: float = 0.3
    least_ns: int = 0
    seed: int = 0
    _draws: NDArray[np.int64] = field(
        init=False, repr=False, compare=False, default_factory=lambda: np.empty(0, np.int64)
    )

    def __post_init__(self) -> None:
        _not_negative(self, ("feed_ns", "entry_ns", "response_ns", "sigma", "least_ns"))
        normal = np.random.Generator(np.random.PCG64(self.seed)).standard_normal((2, _DRAWS))
        medians = np.array([[self.entry_ns], [self.response_ns]], np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            drawn = np.maximum(np.rint(medians * _exponential(self.sigma * normal)), float(self.least_ns))
        if not bool((drawn < _LONGEST).all()):
            raise UsageError(
                f"with sigma {self.sigma:g} some messages would be under way for years",
                place="latency",
                remedy="give a smaller one: 0.3 is a factor of 2 between slow and fast ones",
            )
        object.__setattr__(self, "_draws", drawn.astype(np.int64))

    def entry(self, what: int, number: int, now_ns: int) -> int:
        return int(self._draws[0, number % _DRAWS])

    def entries(self) -> EntryTable:
        """The same for a compiled strategy."""
        return EntryTable("drawn", (0, 0, 0), ns=np.ascontiguousarray(self._draws[0]))

    def responses(self) -> ResponseTable | None:
        return ResponseTable(np.ascontiguousarray(self._draws[1]))
