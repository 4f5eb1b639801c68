"""The strategy of scripted_strategy.py as a Python object, and scripts for both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from replay_cases import HIGH, L2_RULES, LOW, SELF_MATCHES, SESSIONS, level_two_days
from scripted_strategy import ACTS, FIELDS, N_ACTS, N_NOTES, NOTES

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.compiled_run import CompiledReplay, Work
from tcakit.replay.compiler import load_strategy
from tcakit.replay.replay import Participant, Replay, ReplayResult, ReplaySettings
from tcakit.venue.latency import ConstantLatency, Latency, RandomLatency, RecordedLatency

Act = tuple[int, int, int, int, int, int, int, int, int]
FILE = Path(__file__).with_name("scripted_strategy.py")


@dataclass
class Scripted:
    """Does what `acts` say, and writes down all that it sees."""

    acts: list[Act]
    notes: list[int] = field(default_factory=list)
    held: int = 0
    left: dict[int, int] = field(default_factory=dict)
    replaced: list[int] = field(default_factory=list)

    def look(self, gateway: Any) -> None:
        bid = -1 if gateway.best_bid_tick is None else gateway.best_bid_tick
        ask = -1 if gateway.best_ask_tick is None else gateway.best_ask_tick
        self.notes += [gateway.now_ns, bid, ask, gateway.size_at(1, bid), gateway.size_at(-1, ask)]
        self.notes += [gateway.size_at(-1, 1003), gateway.market_volume, self.held]

    def on_start(self, gateway: Any) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Any) -> None:
        self.look(gateway)
        wait = 0
        while wait == 0 and self.acts:
            what, order, side, quantity, tick, force, wait, first, second = self.acts.pop(0)
            if what == 1:
                gateway.cancel(order)
            elif what == 2:
                gateway.modify(order, quantity, tick)
            else:
                special: dict[str, Any] = {}
                if what == 5:
                    special = {"stop_tick": first}
                elif what == 6:
                    special = {"display_quantity": first}
                elif what == 7:
                    special = {"peg": first, "peg_offset_ticks": second}
                new = gateway.submit(side, quantity, None if what == 3 or tick == -1 else tick, force, **special)
                self.left[new] = quantity
                self.notes.append(new)
        if wait:
            gateway.wake_at(gateway.now_ns + wait)

    def on_fill(self, gateway: Any, fill: Any) -> None:
        self.held += fill.side * fill.quantity
        self.left[fill.order_id] -= fill.quantity
        if not self.left[fill.order_id]:
            del self.left[fill.order_id]
        self.notes += [-1, fill.order_id, fill.side, fill.tick, fill.quantity, fill.venue_ns, fill.local_ns]
        self.notes.append(int(fill.is_maker))
        self.look(gateway)

    def on_order(self, gateway: Any, order: int, event: int, reason: int) -> None:
        if event in (codes.CANCELLED, codes.REJECTED, codes.EXPIRED):
            del self.left[order]
        self.notes += [-2, order, event, reason, int(order in self.left)]
        if order in self.left:
            if event == codes.REPLACED:
                # As it stood when the venue wrote it; it may have traded since.
                log = gateway._market.state.log
                told = (log[:, lk.LOG_ORDER] == order) & (log[:, lk.LOG_EVENT] == codes.REPLACED)
                self.left[order] = int(log[np.flatnonzero(told)[self.replaced.count(order)], lk.LOG_LEAVES])
                self.replaced.append(order)
            self.notes.append(int(self.left[order]))


@st.composite
def scripts(draw: st.DrawFn, lot: int = 1, has_special: bool = False) -> list[Act]:
    """Orders, cancels and changes of any, some at one instant; those of every kind `has_special`."""
    acts: list[Act] = []
    for _ in range(draw(st.integers(1, 14))):
        wait = draw(st.sampled_from([0, 0, 1, 2, 3, 9]))
        how = draw(st.integers(0, 9))
        side = draw(st.sampled_from([1, -1]))
        size = lot * draw(st.integers(1, 12))
        tick = draw(st.integers(LOW - 1, HIGH + 1) | st.sampled_from([0, 9999]))
        force = draw(st.sampled_from([codes.GTC] * 5 + [codes.IOC, codes.FOK, codes.POST_ONLY]))
        if how == 0:
            acts.append((1, draw(st.integers(0, 5)), 0, 0, 0, 0, wait, 0, 0))
        elif how == 1:
            acts.append((2, draw(st.integers(0, 5)), 0, size, tick, 0, wait, 0, 0))
        elif has_special and draw(st.integers(0, 2)) == 0:
            acts.append(draw(special_acts(lot, side, size, tick, wait)))
        else:
            if how < 7:
                tick = draw(st.integers(LOW, LOW + 4) if side > 0 else st.integers(HIGH - 4, HIGH))
            acts.append((3 if how == 9 else 4, 0, side, size, tick, force, wait, 0, 0))
    return acts


@st.composite
def special_acts(draw: st.DrawFn, lot: int, side: int, size: int, tick: int, wait: int) -> Act:
    """A stop, an iceberg, a pegged order, or one of the session."""
    what = draw(st.integers(4, 7))
    force = draw(st.sampled_from([codes.GTC, codes.GTC, codes.POST_ONLY, codes.DAY]))
    if what == 4:
        return 4, 0, side, size, tick, draw(st.integers(codes.DAY, codes.AT_CLOSE)), wait, 0, 0
    if what == 6:
        return 6, 0, side, size, tick, force, wait, lot * draw(st.integers(1, size // lot)), 0
    tick = draw(st.sampled_from([-1, tick]))
    if what == 5:
        return 5, 0, side, size, tick, draw(st.sampled_from([force, codes.IOC])), wait, draw(st.integers(LOW, HIGH)), 0
    return 7, 0, side, size, tick, force, wait, draw(st.integers(1, 3)), draw(st.integers(-2, 2))


@st.composite
def latencies(draw: st.DrawFn) -> Latency:
    """Every model, with cancels of their own, drawn times, and recorded ones some of which are of lost orders."""
    times = st.sampled_from([0, 0, 1, 3, 20])
    which = draw(st.integers(0, 4))
    if which == 0:
        return RandomLatency(feed_ns=draw(times), entry_ns=4, response_ns=3, sigma=0.8, seed=draw(st.integers(0, 9)))
    if which == 1:
        requests = np.cumsum(draw(st.lists(st.integers(1, 9), min_size=1, max_size=6)))
        arrivals = np.maximum.accumulate(requests + draw(st.integers(0, 5)))
        answers = arrivals + draw(st.integers(0, 5))
        lost = np.array(draw(st.lists(st.booleans(), min_size=len(requests), max_size=len(requests))))
        return RecordedLatency(requests, np.where(lost, 0, arrivals), answers, feed_ns=draw(times))
    return ConstantLatency(draw(times), draw(times), draw(times), draw(st.sampled_from([None, 0, 5])))


@st.composite
def rules(draw: st.DrawFn) -> ReplaySettings:
    """Any rules of a level-2 replay."""
    partial = draw(st.booleans())
    return ReplaySettings(
        draw(latencies()),
        draw(st.sampled_from(L2_RULES)),
        2.0,
        partial,
        partial and draw(st.booleans()),
        session_ns=draw(SESSIONS) or (0, 1_000),
        self_match=draw(SELF_MATCHES),
    )


DAYS = level_two_days()


def run_plain(feed: Any, acts: list[Act], settings: ReplaySettings, start: int = 0, end: int = 60) -> Any:
    strategy = Scripted(list(acts))
    return Replay(feed, [Participant(strategy, start, end)], settings).run(), strategy.notes


def run_compiled(feed: Any, acts: list[Act], settings: ReplaySettings, start: int = 0, end: int = 60) -> Any:
    replay = CompiledReplay(feed, load_strategy(FILE), Work(start, end), settings)
    put_script(replay.integers, acts)
    result = replay.run()
    count = int(replay.integers[N_NOTES])
    return result, replay.integers[NOTES : NOTES + count].tolist()


def put_script(memory: np.ndarray, acts: list[Act]) -> None:
    memory[N_ACTS] = len(acts)
    memory[ACTS : ACTS + FIELDS * len(acts)] = np.array(acts, np.int64).reshape(-1)


def same(one: ReplayResult, other: ReplayResult) -> None:
    """Bit by bit the same orders, log and local events."""
    np.testing.assert_array_equal(
        np.array(one.local_events).reshape(-1, 5), np.array(other.local_events).reshape(-1, 5)
    )
    np.testing.assert_array_equal(one.orders, other.orders)
    np.testing.assert_array_equal(one.log, other.log)
    np.testing.assert_array_equal(one.log_ahead, other.log_ahead)
    assert (one.rows, one.first_order_ns) == (other.rows, other.first_order_ns)
