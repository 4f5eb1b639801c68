"""All that says what a simulated market's background does: read from a file, fitted, or made to order."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market.clock import NS_PER_SECOND, wall_ns
from tcakit.simulator import flow_layout_kernel as layout
from tcakit.simulator.feedback_terms import exponential_terms
from tcakit.simulator.flow_layout_kernel import Feedback, Flow
from tcakit.simulator.flow_tables import Law, WaitPart, mean_of_waits, wait_table

EVENT_NAMES = ("improve", "join", "deeper", "cancel_best", "cancel_deeper", "take", "hidden")
SIZED = ("improve", "join", "deeper", "take", "hidden")
_DAY_NS = 24 * 3600 * NS_PER_SECOND
_WIDEST = 4096  # ticks: a wider spread counts as this
_LEAST_WAIT = 0.02  # of the mean wait: long waits are not squeezed below it


def _bad(message: str, place: str, remedy: str) -> UsageError:
    return UsageError(message, place=place, remedy=remedy)


@dataclass(frozen=True, slots=True)
class FeedbackLaw:
    """m phi are log odds of a taker against past trades; phi = sum of sign share^power (1 + t / tau)^-beta, share of
    the best queue that the trade took."""

    strength: float = 0.0
    tau_s: float = 20.0
    beta: float = 0.5
    size_power: float = 1.0
    largest_tilt: float = 8.0
    horizon_s: float = 3600.0
    terms: int = 12

    def __post_init__(self) -> None:
        for name in ("tau_s", "beta", "size_power", "largest_tilt", "horizon_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise _bad(f"{name} is {value!r}", f"feedback.{name}", "give a number above zero")
        if not math.isfinite(self.strength):
            raise _bad(f"strength is {self.strength!r}", "feedback.strength", "give a number, 0 for none")
        if not 1 <= self.terms <= 40:
            raise _bad(f"{self.terms} terms", "feedback.terms", "choose from 1 to 40")

    def arrays(self) -> Feedback:
        """The kernel's state: nothing traded yet."""
        weights, rates = exponential_terms(self.tau_s, self.beta, self.horizon_s, self.terms)
        terms = np.zeros((len(weights), layout.TERM_COLUMNS))
        terms[:, layout.WEIGHT] = weights
        terms[:, layout.DECAY_PER_NS] = rates / NS_PER_SECOND
        numbers = np.empty(layout.FEEDBACK_NUMBERS)
        numbers[layout.STRENGTH] = self.strength
        numbers[layout.LARGEST_TILT] = self.largest_tilt
        numbers[layout.SIZE_POWER] = self.size_power
        return Feedback(terms, numbers, np.zeros(layout.FEEDBACK_MEMORY, np.int64))


@dataclass(frozen=True, slots=True)
class MoodLaw:
    """Waves that lean takers to one side whatever the market does: the shortest is `shortest_s` long, each other twice
    the one before, and `strengths` are their standard deviations in half log odds; none where empty. UsageError for
    what cannot be.
    """

    shortest_s: float = 60.0
    strengths: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.shortest_s) and self.shortest_s > 0.0):
            raise _bad(f"shortest_s is {self.shortest_s!r}", "mood", "give seconds above zero")
        if len(self.strengths) > layout.MOST_WAVES:
            raise _bad(f"{len(self.strengths)} waves", "mood.strengths", f"give up to {layout.MOST_WAVES}")
        if any(not 0.0 <= strength <= 3.0 for strength in self.strengths):
            raise _bad(f"strengths are {self.strengths}", "mood.strengths", "give 0 to 3 each")


@dataclass(frozen=True)
class RateTables:
    """How often each event happens: `by_state` by event float64 (spread bins, imbalance bins), times `by_queue` by
    event float64 (queue bins,).
    """

    by_state: Mapping[str, NDArray[np.float64]]
    by_queue: Mapping[str, NDArray[np.float64]]

    def check(self, spreads: int, imbalances: int, queues: int, place: str) -> None:
        """Raise UsageError for what cannot be."""
        for table, shape in (("by_state", (spreads, imbalances)), ("by_queue", (queues,))):
            for name in EVENT_NAMES:
                values = getattr(self, table).get(name)
                if values is None or values.shape != shape:
                    raise _bad(f"{table} of {name} are not {shape}", f"{place}.{name}", "give one number a bin")
                if not np.isfinite(values).all() or values.min() < 0.0:
                    raise _bad(f"{table} of {name} below zero or no number", f"{place}.{name}", "give 0 or more")
        if len(self.by_state["improve"]) > 1 and not self.by_state["improve"][1:].any():
            raise _bad("no order ever improves", f"{place}.improve", "a spread that widens would never close again")

    def stacked(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both as the kernel has them, events last."""
        return (
            np.stack([self.by_state[name] for name in EVENT_NAMES], axis=-1),
            np.stack([self.by_queue[name] for name in EVENT_NAMES], axis=-1),
        )


@dataclass(frozen=True)
class FlowModel:
    """The background flow of one symbol; `docs/simulator.md` tells what each part does.

    Prices are ticks of `tick_size` stored units (`price_scale` to a unit of currency), sizes stored units. `rates`, 1/s
    of operational time and side, are of events that come of themselves; `following` weigh what follows at machine
    speed.
    Queue bins begin at `queue_first` times `queue_unit` and double. `clearing` float64 (queue bins, 2). `profile`
    float64 (reach + 1,), mean orders of a side by ticks behind the best. A new best level comes with orders of
    `new_best_order` at most (0: with one). Raises UsageError for what cannot be.
    """

    symbol: str
    venue: str
    timezone: str
    currency: str
    price_scale: int
    size_scale: int
    tick_size: int
    lot_size: int
    start_bid: int
    start_ask: int
    open_time: str
    close_time: str
    opens_day_before: bool
    activity: tuple[float, ...]
    short_share: float
    short_waits: tuple[WaitPart, ...]
    long_waits: tuple[WaitPart, ...]
    rate_bound: float
    spread_from: tuple[int, ...]
    imbalance_bins: int
    queue_unit: float
    queue_first: float
    queue_bins: int
    rates: RateTables
    following: RateTables
    clearing: NDArray[np.float64]
    sizes: Mapping[str, Law]
    inside: tuple[Law, ...]
    behind_new: Law
    behind_withdrawn: Law
    rank_withdrawn: Law
    hidden_place: Law
    hidden_middle: float
    part_best: float
    part_deeper: float
    profile: NDArray[np.float64]
    new_best_order: int = 0
    mood: MoodLaw = field(default_factory=MoodLaw)
    feedback: FeedbackLaw = field(default_factory=FeedbackLaw)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.start_ask > self.start_bid > 0):
            raise _bad(f"the market opens at {self.start_bid} / {self.start_ask}", "book", "give a bid below the ask")
        for name in ("price_scale", "size_scale", "tick_size", "lot_size", "imbalance_bins", "queue_bins"):
            if getattr(self, name) < 1:
                raise _bad(f"{name} is {getattr(self, name)}", name, "give 1 or more")
        if self.new_best_order < 0:
            raise _bad(f"new_best_order is {self.new_best_order}", "book", "give 0 or more")
        for name in ("short_share", "hidden_middle", "part_best", "part_deeper"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise _bad(f"{name} is {getattr(self, name)!r}", name, "give a share from 0 to 1")
        if self.short_share > 0.999:
            raise _bad(f"short_share is {self.short_share:g}", "clock.short_share", "a day would have no end: below 1")
        for name in ("rate_bound", "queue_unit", "queue_first"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise _bad(f"{name} is {getattr(self, name)!r}", name, "give a number above zero")
        if not self.long_waits or (self.short_share > 0.0 and not self.short_waits):
            raise _bad("a kind of wait has no parts", "clock", "give at least one part of each")
        for part in (*self.short_waits, *self.long_waits):
            if not (part.weight > 0.0 and part.median_s > 0.0 and math.isfinite(part.log10_sd)):
                raise _bad(f"no law of waits: {part}", "clock", "give weight and seconds above zero")
        if not self.activity or min(self.activity) <= 0.0:
            raise _bad("activity must be above zero all day", "session.activity", "give a number a bin of the day")
        if not self.spread_from or self.spread_from[0] != 1 or list(self.spread_from) != sorted(set(self.spread_from)):
            raise _bad(f"spread bins from {self.spread_from}", "state.spread_from", "begin at 1 and rise")
        if len(self.inside) != len(self.spread_from):
            raise _bad(f"{len(self.inside)} laws of improving", "inside", "give one for each spread bin")
        for place in ("rates", "following"):
            getattr(self, place).check(len(self.spread_from), self.imbalance_bins, self.queue_bins, place)
        if self.clearing.shape != (self.queue_bins, 2):
            raise _bad("clearing does not fit the queue bins", "take", "give two shares a queue bin")
        if len(self.profile) < 2 or self.profile.min() < 0.0 or self.profile[1:].sum() <= 0.0:
            raise _bad(
                "no orders stand behind the best", "book.orders_by_ticks_behind", "give a number a tick, 0 first"
            )
        for name in SIZED:
            if name not in self.sizes or min(self.sizes[name].values) < 1:
                raise _bad(f"sizes of {name}", f"sizes.{name}", "give whole sizes of 1 or more")
        for law, place in ((self.behind_new, "new"), (self.behind_withdrawn, "withdrawn")):
            if min(law.values) < 1:
                raise _bad(f"orders {place} less than a tick behind the best", f"behind.{place}", "give 1 or more")

    @property
    def tick(self) -> float:
        """One tick in currency."""
        return self.tick_size / self.price_scale

    def spread_bin(self, spread: int) -> int:
        """The bin of a spread in ticks."""
        return int(np.searchsorted(self.spread_from, spread, side="right")) - 1

    def session(self, date: str) -> tuple[int, int]:
        """Open and close of a trade date, ns since 1970 UTC; a market may open on the evening before."""
        before = (datetime.date.fromisoformat(date) - datetime.timedelta(days=1)).isoformat()
        open_ns = wall_ns(before if self.opens_day_before else date, clock_ns(self.open_time), self.timezone)
        close_ns = wall_ns(date, clock_ns(self.close_time), self.timezone)
        if close_ns <= open_ns or close_ns - open_ns > _DAY_NS:
            # Open and close on the evening before: a session that was only begun.
            close_ns = wall_ns(before, clock_ns(self.close_time), self.timezone)
        if close_ns <= open_ns:
            raise _bad(
                f"the session closes at {self.close_time}, not after its open at {self.open_time}",
                "session",
                "write a later close, or opens_day_before = true",
            )
        return open_ns, close_ns

    def arrays(self, date: str, *, base_tick: int = 0) -> Flow:
        """The kernel's tables for a date; `base_tick` is the tick of the engine's level 0."""
        open_ns, close_ns = self.session(date)
        numbers = np.zeros(layout.NUMBERS)
        numbers[layout.RATE_BOUND] = self.rate_bound
        numbers[layout.SHORT_SHARE] = self.short_share
        numbers[layout.QUEUE_UNIT] = self.queue_unit
        numbers[layout.QUEUE_FIRST] = self.queue_first
        numbers[layout.DEEP_ORDERS] = self.profile[1:].sum()
        numbers[layout.PART_BEST] = self.part_best
        numbers[layout.PART_DEEPER] = self.part_deeper
        numbers[layout.HIDDEN_MIDDLE] = self.hidden_middle
        numbers[layout.NEW_BEST_ORDER] = self.new_best_order
        numbers[layout.MOOD_SHORTEST_NS] = self.mood.shortest_s * 1e9
        numbers[layout.MOOD_WAVES] = waves = len(self.mood.strengths)
        numbers[layout.MOOD_FIRST : layout.MOOD_FIRST + waves] = self.mood.strengths
        short = wait_table(self.short_waits) if self.short_waits else np.zeros(2)
        # In the busiest state every proposal that comes of itself comes to something: their rate is that state's. Each
        # has its burst behind it.
        own = 1.0 / self.rate_bound
        rest = own - self.short_share / (1.0 - self.short_share) * mean_of_waits(short)
        sizes = np.zeros((layout.EVENTS, layout.DRAWS), np.int64)
        for place, name in enumerate(EVENT_NAMES):
            if name in self.sizes:
                sizes[place] = self.sizes[name].draws()
        tables = [table.stacked() for table in (self.rates, self.following)]
        shape = np.asarray(self.activity, float)
        memory = np.zeros(layout.MEMORY, np.int64)
        memory[layout.LAST_BID] = self.start_bid - base_tick
        memory[layout.LAST_ASK] = self.start_ask - base_tick
        memory[layout.IN_BURST] = 1
        ticks = np.arange(_WIDEST + 1)
        reach = len(self.profile) - 1
        fill = np.maximum(1.0, 2.0 * self.profile)
        return Flow(
            rates=np.stack([table[0] for table in tables]),
            queue_factor=np.stack([table[1] for table in tables]),
            spread_bin=np.maximum(np.searchsorted(self.spread_from, ticks, side="right") - 1, 0),
            clearing=np.ascontiguousarray(self.clearing, dtype=np.float64),
            sizes=sizes,
            inside=np.stack([law.draws() for law in self.inside]),
            distance=np.stack([np.minimum(self.behind_new.draws(), reach), self._looked_at(fill).draws()]),
            rank=self.rank_withdrawn.draws(),
            hidden=self.hidden_place.draws(np.float64),
            profile=np.ascontiguousarray(self.profile, dtype=np.float64),
            fill=fill,
            short_wait=short,
            long_wait=wait_table(self.long_waits, max(rest, _LEAST_WAIT * own)),
            shape=shape / mean_activity(shape),
            numbers=numbers,
            times=np.array([open_ns, close_ns], np.int64),
            memory=memory,
            scratch=np.zeros(layout.WAVES_AT + 3 * layout.MOST_WAVES),
        )

    def _looked_at(self, fill: NDArray[np.float64]) -> Law:
        """Where to look for an order to withdraw, as often as not in vain: by the chance that one is found there."""
        reach = len(self.profile) - 1
        ticks = np.minimum(np.asarray(self.behind_withdrawn.values, np.int64), reach)
        seen = np.bincount(ticks, weights=self.behind_withdrawn.weights, minlength=reach + 1)
        share = seen * fill / np.maximum(self.profile, 0.01)
        kept = np.flatnonzero(share > 0.0)
        return Law(tuple(kept.astype(float).tolist()), tuple(share[kept].tolist()))

    def with_feedback(self, **changes: float) -> FlowModel:
        """The same flow, its feedback changed."""
        return replace(self, feedback=replace(self.feedback, **changes))  # type: ignore[arg-type]

    def without_feedback(self) -> FlowModel:
        """The background alone."""
        return self.with_feedback(strength=0.0)


def clock_ns(text: str) -> int:
    """Nanoseconds after midnight of a time of day.

    >>> clock_ns("09:30") // 1_000_000_000
    34200
    """
    parts = text.split(":")
    try:
        hour, minute, second = int(parts[0]), int(parts[1]), float(parts[2]) if len(parts) > 2 else 0.0
        if len(parts) > 3 or not (0 <= hour < 24 and 0 <= minute < 60 and 0.0 <= second < 60.0):
            raise ValueError
    except (ValueError, IndexError):
        raise UsageError(f"{text!r} is no time of day", place="session", remedy="write HH:MM:SS") from None
    return (hour * 3600 + minute * 60) * NS_PER_SECOND + round(second * NS_PER_SECOND)


def mean_activity(shape: NDArray[np.float64]) -> float:
    """The day's mean of a shape that is read straight between the middles of its bins (`clock_kernel.activity`)."""
    if len(shape) == 1:
        return float(shape[0])
    between = 0.5 * (shape[:-1] + shape[1:])
    return float((0.5 * (shape[0] + shape[-1]) + between.sum()) / len(shape))
