"""What every ready strategy holds to, whatever the venue answers, and in a replayed day."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fake_venue import FakeGateway
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.book.order_index import displayed_sizes
from tcakit.execution.algorithms import NAMES, TWO_SIDED, make_strategy, parse_algorithm
from tcakit.execution.parent import ParentOrder
from tcakit.execution.volume_curve import default_curve
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.own_gateway import OwnGateway
from tcakit.replay.replay import Participant, Replay, ReplayResult, ReplaySettings
from tcakit.venue.gateway import Gateway, Strategy
from tcakit.venue.latency import ConstantLatency
from tests.made_days import made_day

SECOND = 1_000_000_000
ALGORITHMS = {
    "twap": "twap",
    "vwap": "vwap",
    "pov": "pov:10",
    "is": "is:5m",
    "optimal": "optimal:5m,bucket=1m",
    "passive-aggressive": "passive-aggressive:20s",
    "sniper": "sniper:0.6",
    "iceberg": "iceberg:50",
    "pegged": "pegged",
    "market-maker": "market-maker:200",
}
EACH = pytest.mark.parametrize("name", NAMES)
SIDES = st.sampled_from([codes.BUY, codes.SELL])


def made(algo: str, parent: ParentOrder, lot: int) -> Strategy:
    curve = default_curve(parent.start_ns - 3_600 * SECOND, parent.end_ns + 3_600 * SECOND)
    return make_strategy(parent, parse_algorithm(algo), lot=lot, curve=curve)


def parent_of(side: int, quantity: int, start: int, end: int, limit: int | None = None) -> ParentOrder:
    return ParentOrder("p", "ACME", "2026-03-04", side, quantity, start, end, "x", limit_tick=limit)


# --- whatever the venue answers ---------------------------------------------------------------------------

START, END = 100 * SECOND, 700 * SECOND


class Watched(FakeGateway):
    """Knows what every side did, and refuses what no strategy may ask."""

    def __init__(self, parent: ParentOrder, lot: int, sides: set[int]) -> None:
        super().__init__()
        self.parent, self.lot, self.sides = parent, lot, sides
        self.done = {codes.BUY: 0, codes.SELL: 0}

    def submit(self, side, quantity, tick=None, time_in_force=codes.GTC, **special) -> int:
        parent = self.parent
        assert side in self.sides
        assert parent.start_ns <= self.now_ns < parent.end_ns
        assert quantity > 0
        assert quantity % self.lot == 0
        limit = parent.limit_tick if side == parent.side else None
        if limit is not None:
            assert tick is not None
            assert (limit - tick) * side >= 0
        if special.get("display_quantity") is not None:
            assert 0 < special["display_quantity"] <= quantity
        order = super().submit(side, quantity, tick, time_in_force, **special)
        assert self.done[side] + self.open_of(side) <= parent.quantity
        return order

    def open_of(self, side: int) -> int:
        return sum(order.leaves for order in self.live if order.side == side)

    def fill(self, strategy, order, quantity) -> None:
        self.done[order.side] += quantity
        super().fill(strategy, order, quantity)


def settle(strategy: Strategy, gateway: Watched) -> None:
    """Let the end come, with every cancel answered."""
    while gateway.wake_ns is not None:
        gateway.now_ns, gateway.wake_ns = gateway.wake_ns, None
        strategy.on_time(gateway)
        for order in gateway.live:
            if order.cancel_asked:
                gateway.answer(strategy, order, codes.CANCELLED)
            elif order.time_in_force == codes.IOC:
                gateway.answer(strategy, order, codes.EXPIRED)


@EACH
@given(data=st.data())
@settings(max_examples=60)
def test_a_strategy_keeps_its_word_whatever_the_venue_answers(name, data):
    """Fills in pieces, fills after a cancel was sent, refusals, refused cancels, moved pegs, quotes that jump."""
    lot = data.draw(st.sampled_from([1, 10]))
    limit = data.draw(st.sampled_from([None, None, 98, 101, 103]))
    parent = parent_of(data.draw(SIDES), lot * data.draw(st.integers(1, 80)), START, END, limit)
    strategy = made(ALGORITHMS[name], parent, lot)
    both = {codes.BUY, codes.SELL}
    gateway = Watched(parent, lot, both if name in TWO_SIDED else {parent.side})
    gateway.now_ns = START
    strategy.on_start(gateway)
    acts = st.sampled_from(["time"] * 4 + ["quote", "fill", "fill", "end", "refuse cancel", "acknowledge", "reprice"])
    for _ in range(data.draw(st.integers(1, 60))):
        act = data.draw(acts)
        if act == "time" and gateway.wake_ns is not None:
            gateway.now_ns, gateway.wake_ns = gateway.wake_ns, None
            gateway.market_volume += data.draw(st.integers(0, 400))
            strategy.on_time(gateway)
        elif act == "quote":
            bid = data.draw(st.integers(95, 105))
            gateway.best_bid_tick = data.draw(st.sampled_from([bid, bid, bid, None]))
            gateway.best_ask_tick = data.draw(st.sampled_from([bid + 1, bid + 1, bid + 3, None]))
            sizes = st.integers(0, 60)
            gateway.sizes = {(side, tick): data.draw(sizes) for side in both for tick in (bid, bid + 1, bid + 3)}
        elif gateway.live:
            order = data.draw(st.sampled_from(gateway.live))
            if act == "fill":
                gateway.fill(strategy, order, data.draw(st.integers(1, order.leaves)))
            elif act == "acknowledge":
                gateway.answer(strategy, order, codes.ACKNOWLEDGED)
            elif act == "reprice":
                gateway.answer(strategy, order, codes.REPLACED)
            elif act == "end":
                ended = st.sampled_from([codes.REJECTED, codes.EXPIRED])
                gateway.answer(strategy, order, codes.CANCELLED if order.cancel_asked else data.draw(ended))
            elif act == "refuse cancel" and order.cancel_asked:
                order.cancel_asked = False
                gateway.answer(strategy, order, codes.CANCEL_REJECTED)
        if name == "market-maker":
            held, most = gateway.done[codes.BUY] - gateway.done[codes.SELL], max(lot, 200)
            assert -most <= held - gateway.open_of(codes.SELL)
            assert held + gateway.open_of(codes.BUY) <= most
    settle(strategy, gateway)
    assert gateway.live == []


# --- in a replayed day ------------------------------------------------------------------------------------

LATENCY = ConstantLatency(feed_ns=2_000_000, entry_ns=1_000_000, response_ns=3_000_000)


@cache
def day() -> Feed:
    whole = made_day("ALFA", "2026-03-04", 11, 20_000, "brvo")
    tick = whole.instrument.tick_size
    shown = displayed_sizes(whole.kind, whole.side, whole.price // tick, whole.size, whole.order_id)
    book = {name: getattr(whole, name) for name in ("ts_ns", "kind", "side", "price", "size", "level_size")}
    return feed_from_columns(whole.instrument, feed_columns(whole.instrument, book, None, shown.queued_row))


def replayed(algo: str, parent: ParentOrder) -> ReplayResult:
    strategy = made(algo, parent, day().instrument.lot_size)
    participant = Participant(strategy, parent.start_ns, parent.end_ns)
    return Replay(day(), [participant], ReplaySettings(LATENCY, queue_rule=codes.FIFO)).run()


def window(side: int, limit: int | None = None, quantity: int = 3_000) -> ParentOrder:
    start = int(day().ns[0]) + 40 * 60 * SECOND
    return parent_of(side, quantity, start, start + 900 * SECOND, limit)


def mid_tick(parent: ParentOrder) -> int:
    row = int(np.searchsorted(day().ns, parent.start_ns)) - 1
    return day().base_tick + int(day().best_bid[row] + day().best_ask[row]) // 2


def done(result: ReplayResult, side: int) -> int:
    mine = result.orders[result.orders[:, lk.SIDE] == (0 if side == codes.BUY else 1)]
    return int((mine[:, lk.QUANTITY] - mine[:, lk.LEAVES]).sum())


@EACH
@pytest.mark.parametrize("side", [codes.BUY, codes.SELL])
def test_in_a_replay_all_is_done_and_nothing_is_left_open(name, side):
    parent = window(side)
    result = replayed(ALGORITHMS[name], parent)
    sent, log = result.orders, result.log
    assert len(sent) > 0
    assert np.all(sent[:, lk.SUBMITTED_NS] >= parent.start_ns)
    assert np.all(sent[:, lk.SUBMITTED_NS] < parent.end_ns)
    # Nobody had to end an order for it: its own cancel arrived within the answer's way.
    assert codes.END_OF_DATA not in log[:, lk.LOG_REASON]
    assert log[:, lk.LOG_NS].max() <= parent.end_ns + LATENCY.entry_ns
    if name in TWO_SIDED:
        assert done(result, side) == done(result, -side) > 0
        assert done(result, side) <= parent.quantity
    else:
        assert done(result, -side) == 0
        assert done(result, side) <= parent.quantity
        if name != "pov":
            assert done(result, side) == parent.quantity


@EACH
@pytest.mark.parametrize("side", [codes.BUY, codes.SELL])
def test_in_a_replay_no_price_is_beyond_the_limit(name, side):
    limit = mid_tick(window(side)) - side
    parent = window(side, limit)
    result = replayed(ALGORITHMS[name], parent)
    mine = result.orders[result.log[:, lk.LOG_ORDER], lk.SIDE] == (0 if side == codes.BUY else 1)
    fills = np.isin(result.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)) & mine
    ticks = result.log[fills, lk.LOG_TICK] + day().base_tick
    assert np.all((limit - ticks) * side >= 0)
    assert codes.END_OF_DATA not in result.log[:, lk.LOG_REASON]


@EACH
def test_a_second_run_is_the_first(name):
    first, second = (replayed(ALGORITHMS[name], window(codes.BUY)) for _ in range(2))
    assert np.array_equal(first.log, second.log)
    assert np.array_equal(first.local_events, second.local_events)


COOKBOOK = (Path(__file__).resolve().parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^```python file=(\w+)\.py\n(.*?)^```", COOKBOOK, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("side", [codes.BUY, codes.SELL])
@pytest.mark.parametrize("name", RECIPES)
def test_the_cookbooks_strategies_do_what_they_say(name, side, tmp_path, monkeypatch):
    (tmp_path / f"cookbook_{name}.py").write_text(RECIPES[name])
    monkeypatch.chdir(tmp_path)
    parent = window(side, quantity=600)
    first, second = (replayed(f"cookbook_{name}:{name.title()}", parent) for _ in range(2))
    assert np.array_equal(first.log, second.log)
    assert codes.END_OF_DATA not in first.log[:, lk.LOG_REASON]
    assert np.all(first.orders[:, lk.SUBMITTED_NS] < parent.end_ns)
    if name == "quoter":
        assert 0 < done(first, side) == done(first, -side) <= parent.quantity
    else:
        assert (done(first, side), done(first, -side)) == (parent.quantity, 0)


def test_every_ready_algorithm_is_held_to_it():
    assert set(ALGORITHMS) == set(NAMES)


def test_a_strategy_is_handed_nothing_but_the_gateway() -> None:
    """What a replay offers beside it could tell of what is to come."""
    offered, promised = ({name for name in vars(kind) if not name.startswith("_")} for kind in (OwnGateway, Gateway))
    assert offered == promised
