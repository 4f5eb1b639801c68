"""Whether a strategy looks ahead: run again with noise in place of all that would reach it later, it must act alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.market.clock import format_time
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import COLUMNS, Feed, best_ticks_of, packed
from tcakit.replay.replay import Participant, ReplayResult, ReplaySettings, ReplayTogether

Entry = tuple[int, int, str, tuple[Any, ...]]
"""What passed between a participant and the market: time (ns), participant, name of the call, its arguments."""
FeedsAndSettings = Sequence[tuple[Feed, ReplaySettings]]
_READS = frozenset(("size_at",))
_KEPT = ("action", "side", "level")  # columns whose noise is what other rows say
_STEP_SHARE = 0.05  # of the rows of noise: the price moves by a tick


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a run with noise after `at_ns` left the first one: `expected` and `found` are None where nothing was."""

    at_ns: int
    participant: int
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked: how many times, calls of the strategies and events at the venue before them were compared."""

    times: int
    calls: int
    events: int
    difference: Difference | None


def check_lookahead(
    feed: Feed, make: Callable[[], Sequence[Participant]], settings: ReplaySettings, times: int = 10, seed: int = 0
) -> Checked:
    """Replay what `make` gives, then again with noise after each of `times` drawn instants, and compare up to it.

    Instants are those at which a strategy was asked: between two of them it decides nothing. `make` gives new
    strategies on every call. What differs first is in `difference`; after no instant (`times` 0) where the strategies
    do not act alike on the very same feed. Raises what a strategy raises.
    """
    return check_lookahead_together([(feed, settings)], make, times, seed)


def check_lookahead_together(
    markets: FeedsAndSettings, make: Callable[[], Sequence[Participant]], times: int = 10, seed: int = 0
) -> Checked:
    """`check_lookahead` of participants who see several markets (`ReplayTogether`): there is noise in all of them."""
    told, first = _run(markets, make())
    same, again = _run(markets, make())
    last = max((entry[0] for entry in told), default=0)
    if (found := differ(told, same, last)) or (found := differ_at_venues(first, again, last, [last + 1] * len(first))):
        return Checked(0, len(told), sum(len(result.log) for result in first), found)
    drawn = _instants(told, times, seed)
    calls = events = 0
    for number, at_ns in enumerate(drawn):
        noisy, noise_ns = [], []
        for place, (feed, settings) in enumerate(markets):
            other, begins = with_noise_after(feed, settings, at_ns, seed=seed + number + 1_000_003 * place)
            noisy.append((other, settings))
            noise_ns.append(begins)
        noted, results = _run(noisy, make(), at_ns)
        calls += sum(entry[0] <= at_ns for entry in told)
        events += sum(int((result.log[:, lk.LOG_NS] < ns).sum()) for result, ns in zip(first, noise_ns, strict=True))
        if (found := differ(told, noted, at_ns)) or (found := differ_at_venues(first, results, at_ns, noise_ns)):
            return Checked(number + 1, calls, events, found)
    return Checked(len(drawn), calls, events, None)


# --- noise in place of the future ----------------------------------------------------------------------------------


def with_noise_after(feed: Feed, settings: ReplaySettings, at_ns: int, seed: int = 0) -> tuple[Feed, int]:
    """The feed with random rows in place of all that could reach a strategy after `at_ns`, and the first time (ns, by
    the venue's clock) that these may have.

    A row reaches it when it is seen, or by an answer to an order that it fills. The rows are drawn from those of the
    day, at random times and at prices that walk away from where they were.
    """
    latency = settings.latency
    table = latency.responses()
    soonest_ns = max(0, latency.response_ns if table is None else int(table.ns.min()))
    seen_from = np.maximum.accumulate(feed.local_ns)
    kept = max(
        int(np.searchsorted(seen_from, at_ns - latency.feed_ns, "right")),
        int(np.searchsorted(feed.ns, at_ns - soonest_ns, "right")),
    )
    begin = max(int(feed.ns[kept - 1]) if kept else int(feed.ns[0]), at_ns - soonest_ns + 1)
    if not feed.has_receive_times:
        begin = max(begin, at_ns - latency.feed_ns + 1)
    n = len(feed.ns)
    if kept == n:
        return feed, begin
    generator = np.random.Generator(np.random.PCG64(seed))
    count = int(generator.integers((n - kept + 1) // 2, n - kept, endpoint=True))
    drawn = generator.integers(0, n, count)
    ns = np.sort(generator.integers(begin, max(begin + 1, int(feed.ns[-1])), count, endpoint=True))
    local = np.maximum(ns + (feed.local_ns - feed.ns)[drawn], at_ns - latency.feed_ns + 1)
    steps = generator.choice((-1, 0, 1), count, p=(_STEP_SHARE / 2, 1 - _STEP_SHARE, _STEP_SHARE / 2))
    walk = 2 * (np.cumsum(steps) + generator.integers(-20, 20, endpoint=True))
    columns: dict[str, NDArray[Any]] = {
        "ns": np.concatenate([feed.ns[:kept], ns]),
        "local_ns": np.concatenate([feed.local_ns[:kept], local if feed.has_receive_times else ns]),
        "tick2": np.concatenate([feed.tick2[:kept], np.clip(feed.tick2[drawn] + walk, 0, 2 * feed.ticks - 2)]),
        **{
            name: np.concatenate([values[:kept], values[drawn]])
            for name, values in (*((name, getattr(feed, name)) for name in _KEPT), ("size", feed.row_sizes()))
        },
    }
    columns["tick2"] = columns["tick2"].astype(np.int32)
    columns["queued_row"] = feed.queued_row
    if len(feed.queued_row) == n:
        rows = kept + np.arange(count)
        # Orders of the noise joined just then, or whenever before.
        joined = np.where(generator.random(count) < 0.5, rows, (generator.random(count) * rows).astype(np.int64))
        joined = np.where(feed.queued_row[drawn] < 0, -1, joined)
        columns["queued_row"] = np.concatenate([feed.queued_row[:kept], joined])
    columns["best_bid"], columns["best_ask"] = best_ticks_of(columns, feed.ticks)
    columns = {"received_ns": columns["ns"], **packed(columns)}
    for values in columns.values():
        values.flags.writeable = False
    changed: dict[str, Any] = {name: columns[name] for name in COLUMNS}
    return replace(feed, **changed), begin


def _instants(told: list[Entry], times: int, seed: int) -> list[int]:
    """Times at which a strategy was asked: half of them such at which it sent something, where it ever did."""
    generator = np.random.Generator(np.random.PCG64(seed))
    asked = sorted({entry[0] for entry in told})
    acted = sorted({ns for ns, _, name, _ in told if not name.startswith("on_") and name != "wake_at"})
    drawn: set[int] = set()
    for among, count in ((acted, (times + 1) // 2), (asked, times)):
        left = [ns for ns in among if ns not in drawn]
        wanted = min(count if among is acted else times - len(drawn), len(left))
        drawn |= {left[at] for at in generator.choice(len(left), wanted, replace=False)} if wanted > 0 else set()
    return sorted(drawn)


# --- what a strategy does --------------------------------------------------------------------------------------------


class _Named(NamedTuple):
    name: str
    value: Any


class _Noting:
    """A gateway that notes what is asked of it, and is the one it stands for in all else."""

    def __init__(self, gateway: Any, participant: int, told: list[Entry]) -> None:
        self._gateway, self._participant, self._told = gateway, participant, told
        self._others: dict[int, _Noting] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name.startswith("_") or name in _READS or not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            given = (*arguments, *(_Named(key, value) for key, value in sorted(named.items())))
            self._told.append((self._gateway.now_ns, self._participant, name, given))
            result = found(*arguments, **named)
            return self._of(result) if hasattr(result, "submit") else result

        return call

    def _of(self, gateway: Any) -> _Noting:
        """The noting gateway of another market."""
        if id(gateway) not in self._others:
            self._others[id(gateway)] = _Noting(gateway, self._participant, self._told)
        return self._others[id(gateway)]


class _Watched:
    """A strategy whose gateway notes what it is told and what it asks; it has the calls that the strategy has.

    After `until_ns` the strategy is asked no more.
    """

    def __init__(self, strategy: Any, participant: int, told: list[Entry], until_ns: int | None) -> None:
        self._strategy, self._participant, self._told, self._until_ns = strategy, participant, told, until_ns
        self._is_over = False
        self._gateways: dict[int, _Noting] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._strategy, name)
        if not name.startswith("on_"):
            return found

        def call(gateway: Any, *arguments: Any) -> Any:
            key = id(gateway)
            if key not in self._gateways:
                self._gateways[key] = _Noting(gateway, self._participant, self._told)
            if self._is_over or (self._until_ns is not None and gateway.now_ns > self._until_ns):
                # Whatever it would do now is not compared: the noise may be more than it can bear.
                return None
            self._told.append((gateway.now_ns, self._participant, name, arguments))
            try:
                return found(self._gateways[key], *arguments)
            except Exception as error:
                if self._until_ns is None:
                    raise
                self._is_over = True
                self._told.append((gateway.now_ns, self._participant, "raise", (repr(error),)))
                return None

        return call

    # The protocol wants these to be seen on the class.
    def on_start(self, gateway: Any) -> None:
        self.__getattr__("on_start")(gateway)

    def on_time(self, gateway: Any) -> None:
        self.__getattr__("on_time")(gateway)

    def on_fill(self, gateway: Any, fill: Any) -> None:
        self.__getattr__("on_fill")(gateway, fill)


def _run(
    markets: FeedsAndSettings, participants: Sequence[Participant], until_ns: int | None = None
) -> tuple[list[Entry], list[ReplayResult]]:
    told: list[Entry] = []
    watched = [
        replace(participant, strategy=_Watched(participant.strategy, number, told, until_ns))
        for number, participant in enumerate(participants)
    ]
    return told, ReplayTogether(markets, watched).run()


# --- the first difference ------------------------------------------------------------------------------------------


def differ(told: list[Entry], other: list[Entry], at_ns: int) -> Difference | None:
    """What passed between strategies and market up to a time that is not the same."""
    one, two = ([entry for entry in entries if entry[0] <= at_ns] for entries in (told, other))
    for place in range(max(len(one), len(two))):
        expected, found = (entries[place] if place < len(entries) else None for entries in (one, two))
        if expected != found:
            known = expected or found
            assert known is not None
            return Difference(at_ns, known[1], _words(expected), _words(found))
    return None


def _words(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    ns, _, name, arguments = entry
    given = ", ".join(f"{item[0]}={item[1]}" if isinstance(item, _Named) else str(item) for item in arguments)
    return f"{name}({given}) at {format_time(ns)}"


def differ_at_venues(
    first: Sequence[ReplayResult], others: Sequence[ReplayResult], at_ns: int, noise_ns: Sequence[int]
) -> Difference | None:
    for one, other, begins in zip(first, others, noise_ns, strict=True):
        if found := differ_at_venue(one, other, at_ns, begins):
            return found
    return None


def differ_at_venue(first: ReplayResult, other: ReplayResult, at_ns: int, noise_ns: int) -> Difference | None:
    """The first event at the venue before the noise that is not the same."""
    logs = [result.log[result.log[:, lk.LOG_NS] < noise_ns] for result in (first, other)]
    for place in range(max(len(logs[0]), len(logs[1]))):
        rows = [tuple(log[place].tolist()) if place < len(log) else None for log in logs]
        if rows[0] != rows[1]:
            known, row = (first, rows[0]) if rows[0] is not None else (other, rows[1])
            assert row is not None
            owner = int(known.orders[row[lk.LOG_ORDER], lk.OWNER])
            return Difference(at_ns, owner, *(None if event is None else _at_venue(event) for event in rows))
    return None


def _at_venue(row: tuple[int, ...]) -> str:
    event, reason = codes.STATE_NAMES[row[lk.LOG_EVENT]], codes.REASON_NAMES[row[lk.LOG_REASON]]
    return f"order {row[lk.LOG_ORDER]} {event} ({reason}) of {row[lk.LOG_SIZE]} at {format_time(row[lk.LOG_NS])}"
