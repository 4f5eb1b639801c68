"""What must hold of impact in a replay, whatever the market: nothing from nothing, no money from a round trip, no
knowledge of what is to come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from replay_cases import (
    FOREVER,
    L2_RULES,
    engine_of,
    feed_of,
    level_three_days,
    level_two_days,
    messages,
    run_to,
    special_messages,
)
from replay_witness import Message, Row

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.compiled import compiled_replay
from tcakit.execution.parent import ParentOrder
from tcakit.impact.decay import SumOfExponentials
from tcakit.impact.replay_impact import ReplayImpact
from tcakit.impact.trades import schedule_cost
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import replay_feed
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.impact_result import fill_prices, impact_costs
from tcakit.replay.lookahead import check_lookahead
from tcakit.replay.recorded_market import RecordedMarket
from tcakit.replay.replay import Participant, Replay, ReplayResult, ReplaySettings, ReplayTogether
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day
from tcakit.venue.latency import ConstantLatency

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
TICK = 0.02  # currency a tick of `replay_cases.instrument`
BID, ASK = 1000, 1001
SESSION = (0, 50)
MINUTE = 60 * NS_PER_SECOND
DEEP = [Row(0, codes.SET, codes.BUY, BID, 10**9, 10**9), Row(0, codes.SET, codes.SELL, ASK, 10**9, 10**9)]

JUMPS = st.integers(0, 60).map(lambda part: part * 0.00371)
IMPACTS = st.builds(
    lambda pairs, permanent, passive: ReplayImpact(
        tuple(weight * TICK for weight, _ in pairs),
        tuple(math.log(2.0) / half for _, half in pairs),
        permanent * TICK,
        passive,
    ),
    st.lists(st.tuples(JUMPS, st.sampled_from([3.0, 40.0, 700.0])), max_size=3),
    JUMPS,
    st.sampled_from([0.0, 0.5, 1.0]),
)


def ran(rows: Sequence[Row], sent: Sequence[Message], impact: ReplayImpact | None, **rules: Any) -> RecordedMarket:
    engine = engine_of(
        feed_of(rows), sent, rules.pop("rule", codes.RISK_AVERSE), impact=impact, **{"session_ns": SESSION} | rules
    )
    run_to(engine, FOREVER)
    return engine


def takes(times: Sequence[int], sizes: Sequence[int]) -> list[Message]:
    """Market orders, of sizes below zero where they sell."""
    return [
        Message(ns, at, False, codes.BUY if size > 0 else codes.SELL, None, abs(size), codes.IOC)
        for at, (ns, size) in enumerate((ns, size) for ns, size in zip(times, sizes, strict=True) if size)
    ]


def fills_of(engine: RecordedMarket) -> tuple[np.ndarray, np.ndarray]:
    """Signed sizes of all fills, and their prices in ticks, parts of ticks included."""
    log = engine.state.log[: engine.at[lk.N_LOG]]
    rows = np.flatnonzero(np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
    signs = 1 - 2 * engine.state.orders[log[rows, lk.LOG_ORDER], lk.SIDE]
    charge = engine.state.log_impact[rows, lk.MET_CHARGE] if len(rows) else 0.0
    return signs * log[rows, lk.LOG_SIZE], log[rows, lk.LOG_TICK] + engine.feed.base_tick + charge


def cost_ticks(engine: RecordedMarket) -> float:
    """What all fills cost against the best price of their side when the day began, in ticks times stored units."""
    signed, price = fills_of(engine)
    return float(signed @ (price - np.where(signed > 0, ASK, BID)))


# --- nothing from nothing -------------------------------------------------------------------------------------------


def same(one: RecordedMarket, other: RecordedMarket) -> None:
    assert one.at[lk.N_LOG] == other.at[lk.N_LOG]
    for name in ("log", "log_ahead", "orders", "sizes", "taken", "mine", "told", "bus"):
        np.testing.assert_array_equal(getattr(one.state, name), getattr(other.state, name), err_msg=name)


NOTHING = [
    ReplayImpact(),
    ReplayImpact((0.0, 0.0), (1e-9, 0.0), own_fills=((3, 100.0),)),
    ReplayImpact((0.01,), (1e-3,), permanent=0.01).times(0.0),
]


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES), st.sampled_from(NOTHING))
def test_no_impact_is_bit_identical(data, rows, rule, impact):
    sent = data.draw(special_messages(1))
    same(*(ran(rows, sent, each, rule=rule) for each in (None, impact)))


@given(st.data(), level_three_days(), st.sampled_from(NOTHING))
def test_no_impact_is_bit_identical_in_exact_queues(data, rows, impact):
    sent = data.draw(special_messages(1))
    same(*(ran(rows, sent, each, rule=codes.FIFO) for each in (None, impact)))


@given(st.data(), level_two_days(), IMPACTS)
def test_no_fill_no_impact(data, rows, impact):
    sent = [message for message in data.draw(messages(1)) if not message.is_change]
    for message in sent:
        # Far from all that is displayed or printed.
        message.tick, message.tif = (900 if message.side == codes.BUY else 1100), codes.GTC
    one, other = (ran(rows, sent, each) for each in (None, impact))
    same(one, other)
    assert other.at[lk.N_SHIFTS] == 0
    assert not other.state.log_impact.any()


# --- the sum of what each trade does ----------------------------------------------------------------------------------

TIMES = st.lists(st.integers(1, 4_000), min_size=1, max_size=12).map(sorted)


@given(st.data(), TIMES, IMPACTS)
def test_the_cost_is_the_sum_over_all_pairs_of_trades(data, times, impact):
    sizes = data.draw(st.lists(st.integers(-40, 40), min_size=len(times), max_size=len(times)))
    engine = ran(DEEP, takes(times, sizes), impact)
    trades = [(ns, size) for ns, size in zip(times, sizes, strict=True) if size]
    assume(trades)
    decay = SumOfExponentials((*impact.weights, 0.0), (*impact.rates, 0.0))
    goal = schedule_cost(*zip(*trades, strict=True), decay, impact.permanent) / TICK
    assert cost_ticks(engine) == pytest.approx(goal, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("slices", "cost"), [(1, 10_000.0), (10, 2_268.64), (100, 2_117.04), (1_000, 2_115.50)])
def test_slicing_does_not_make_an_order_free(slices, cost):
    """100,000 shares in an hour, a book of 500,000 a unit that refills by half in 5 minutes (Obizhaeva and Wang 2013).

    A book that were full again at once would ask 1,000, 100 and 10 of the sliced ones.
    """
    impact = ReplayImpact((TICK / 500_000,), (math.log(2.0) / (5 * MINUTE),))
    times = [60 * MINUTE * at // slices + 1 for at in range(slices)]
    engine = ran(DEEP, takes(times, [100_000 // slices] * slices), impact)
    assert cost_ticks(engine) == pytest.approx(cost, abs=0.01)


# --- no money from nothing --------------------------------------------------------------------------------------------


@st.composite
def static_books(draw: st.DrawFn) -> list[Row]:
    """Levels of any size, with gaps, that nothing happens to."""
    rows = []
    for side, best in ((codes.BUY, BID), (codes.SELL, ASK)):
        tick = best
        for _ in range(draw(st.integers(1, 6))):
            size = draw(st.sampled_from([1, 5, 30, 400]))
            rows.append(Row(0, codes.SET, side, tick, size, size))
            tick -= side * draw(st.sampled_from([1, 1, 2, 30]))
        rows.append(Row(0, codes.SET, side, tick, 10**6, 10**6))
    return rows


@st.composite
def round_trips(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    times = draw(TIMES)
    sizes = draw(st.lists(st.integers(-60, 60), min_size=len(times), max_size=len(times)))
    return [*times, 5_000], [*sizes, -sum(sizes)]


@given(static_books(), round_trips(), IMPACTS)
def test_a_round_trip_never_earns(rows, trip, impact):
    """Not even if crossing the spread were free."""
    engine = ran(rows, takes(*trip), impact)
    signed, _ = fills_of(engine)
    assert signed.sum() == 0
    assert cost_ticks(engine) >= -1e-6


TAKES, STEPS_IN, RESTS, CANCELS = "takes", "takes to a limit", "rests", "cancels"
DEEDS = st.lists(
    st.tuples(
        st.integers(1, 4_000),
        st.sampled_from([TAKES, STEPS_IN, RESTS, RESTS, CANCELS]),
        st.sampled_from([codes.BUY, codes.SELL]),
        st.sampled_from([1, 7, 40, 300]),
        st.integers(0, 12),
        st.sampled_from([codes.GTC, codes.GTC, codes.POST_ONLY]),
    ),
    min_size=1,
    max_size=12,
).map(sorted)


class Trader:
    """Does what it is given to do: takes with no limit or some ticks beyond the touch, rests some ticks behind the
    other side's touch, cancels all that rests. At last it cancels, and takes what it must to hold nothing."""

    def __init__(self, deeds: Sequence[tuple[int, str, int, int, int, int]]) -> None:
        self.left, self.held, self.resting = list(deeds), 0, []

    def on_start(self, gateway: Any) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Any) -> None:
        while self.left and self.left[0][0] <= gateway.now_ns:
            self.do(gateway, *self.left.pop(0)[1:])
        if self.left:
            gateway.wake_at(self.left[0][0])
        elif gateway.now_ns < 5_000:
            gateway.wake_at(5_000)
        else:
            self.cancel(gateway)
            if self.held:
                gateway.submit(codes.SELL if self.held > 0 else codes.BUY, abs(self.held), None, codes.IOC)

    def do(self, gateway: Any, what: str, side: int, size: int, ticks: int, force: int) -> None:
        touch = gateway.best_ask_tick if side == codes.BUY else gateway.best_bid_tick
        if what == CANCELS:
            self.cancel(gateway)
        elif what == TAKES:
            gateway.submit(side, size, None, codes.IOC)
        elif touch is not None and what == STEPS_IN:
            gateway.submit(side, size, touch + side * ticks, codes.IOC)
        elif touch is not None:
            self.resting.append(gateway.submit(side, size, touch - side * (1 + ticks), force))

    def cancel(self, gateway: Any) -> None:
        while self.resting:
            gateway.cancel(self.resting.pop())

    def on_fill(self, gateway: Any, fill: Any) -> None:
        self.held += fill.side * fill.quantity


def traded(rows: Sequence[Row], deeds: Sequence[Any], impact: ReplayImpact, **rules: Any) -> RecordedMarket:
    settings = ReplaySettings(ConstantLatency(0, 0, 0), impact=impact, **rules)
    replay = Replay(feed_of(rows), [Participant(Trader(deeds), 1, 6_000)], settings)
    replay.run()
    return replay.market


@given(static_books(), DEEDS, IMPACTS, st.sampled_from([codes.MATCH_OFF, codes.CANCEL_OLDEST]))
def test_no_round_trip_earns_with_limits_and_resting_orders(rows, deeds, impact, self_match):
    """Half a tick at most of each fill is not charged where a limit does not allow it: less than the spread."""
    market = traded(rows, deeds, impact, self_match=self_match)
    signed, price = fills_of(market)
    assert signed.sum() == 0
    assert float(signed @ price) >= -1e-6


@pytest.mark.parametrize("ticks", [1, 2, 5, 10])
@pytest.mark.parametrize("passive_weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("fades", [True, False])
def test_our_own_push_does_not_fill_our_own_offer_at_a_profit(ticks, passive_weight, fades):
    """An offer rests where our buying is to carry the bid: what the bid then pays is what a taker gets."""
    size = 1_000
    jump = (ticks - 0.45) / size * TICK
    impact = ReplayImpact(
        (jump,) if fades else (), (math.log(2.0) / 1e6,) if fades else (), 0.0 if fades else jump, passive_weight
    )
    sent = [
        Message(1, 0, False, codes.SELL, ASK + ticks - 1, size, codes.GTC),
        Message(3, 1, False, codes.BUY, None, size, codes.IOC),
    ]
    engine = ran(DEEP, sent, impact)
    signed, price = fills_of(engine)
    # What the bid takes of the offer pushes it back below the offer: the rest goes on resting.
    assert 0 < -signed[signed < 0].sum() < size
    held = signed.sum()
    left = float(engine.state.impact[lk.TRANSIENT] + engine.state.impact[lk.PERMANENT])
    # What is held is sold at the true bid, pushed as it is by that.
    worth = held * (BID + left) - impact.jump / TICK * held * held / 2.0
    assert float(signed @ price) - worth > 0.0


def test_an_order_beyond_the_ladder_stands_at_no_tick_of_it_until_the_shift_brings_it_back():
    """Pushed far down, the market leaves our offer above all prices that the ladder has: no print reaches it there."""
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 1_000,), passive_weight=0.0)
    sent = [Message(1, 0, False, codes.SELL, ASK + 3, 7), Message(9, 1, False, codes.SELL, None, 1_400, codes.IOC)]
    engine = engine_of(feed_of(DEEP), sent, codes.RISK_AVERSE, impact=impact)
    run_to(engine, 9)
    assert engine.at[lk.SHIFT] == -140
    assert engine.state.live[0, lk.L_TICK] + engine.feed.base_tick == ASK + 3 + 140
    assert engine.state.live[0, lk.L_TICK] >= engine.feed.ticks
    assert not engine.state.mine.any()
    assert engine.at[lk.OWN_ASK] == engine.feed.ticks
    run_to(engine, 100_000)
    assert engine.at[lk.SHIFT] == 0
    assert engine.state.live[0, lk.L_TICK] + engine.feed.base_tick == ASK + 3
    assert engine.state.mine[1, ASK + 3 - engine.feed.base_tick] == 1
    assert engine.at[lk.OWN_ASK] + engine.feed.base_tick == ASK + 3


@given(static_books(), TIMES, st.sampled_from([1, -1]), IMPACTS, st.integers(1, 30), st.integers(0, 30))
def test_cost_does_not_fall_as_size_grows(rows, times, side, impact, size, more):
    small, large = (ran(rows, takes(times, [side * each] * len(times)), impact) for each in (size, size + more))
    assert cost_ticks(large) >= cost_ticks(small) - 1e-6
    assert cost_ticks(large) / (size + more) >= cost_ticks(small) / size - 1e-6


# --- buys and sells ---------------------------------------------------------------------------------------------------


@given(st.data(), level_two_days(), IMPACTS, st.sampled_from(L2_RULES))
def test_buys_and_sells_mirror_each_other(data, rows, impact, rule):
    middle = 2 * BID + 9
    sent = data.draw(special_messages(1))
    assume(all(message.tick not in (0, 9999) and message.stop != 9999 for message in sent))
    turned = [Row(**{**vars(row), "side": -row.side, "tick": middle - row.tick}) for row in rows]

    def turn(tick: int | None) -> int | None:
        return None if tick is None else middle - tick

    replies = [Message(**{**vars(m), "side": -m.side, "tick": turn(m.tick), "stop": turn(m.stop)}) for m in sent]
    for reply, message in zip(replies, sent, strict=True):
        reply.tick = message.tick if message.is_cancel else reply.tick
    one = ran(rows, sent, impact, rule=rule, self_match=codes.MATCH_OFF)
    other = ran(turned, replies, impact, rule=rule, self_match=codes.MATCH_OFF)
    count = one.at[lk.N_LOG]
    # Prints that tell no side, and two orders of ours that meet, are the venue's to order: buys come first.
    assume(all(row.side for row in rows if row.kind in codes.PRINT_KINDS))
    assert other.at[lk.N_LOG] == count
    assert other.at[lk.SHIFT] == -one.at[lk.SHIFT]
    for column in (lk.LOG_NS, lk.LOG_ORDER, lk.LOG_EVENT, lk.LOG_REASON, lk.LOG_SIZE, lk.LOG_LEAVES):
        np.testing.assert_array_equal(one.state.log[:count, column], other.state.log[:count, column])
    met, turned_met = one.state.log_impact[:count].copy(), other.state.log_impact[:count].copy()
    turned_met[:, : lk.MET_WITHHELD] *= -1.0
    np.testing.assert_array_equal(met, turned_met)


# --- time -------------------------------------------------------------------------------------------------------------


@given(st.data(), level_two_days(), IMPACTS, st.sampled_from([None, 3, 50]))
def test_small_steps_and_tiny_arrays_change_nothing(data, rows, impact, half_life):
    impact = ReplayImpact(impact.weights, impact.rates, impact.permanent, impact.passive_weight, half_life)
    sent = data.draw(special_messages(1))
    whole = ran(rows, sent, impact)
    pieces = engine_of(feed_of(rows), sent, codes.RISK_AVERSE, tiny=True, impact=impact, session_ns=SESSION)
    small = {name: getattr(pieces.state, name)[:1].copy() for name in ("shifts", "log_impact")}
    pieces.state = pieces.state._replace(**small)
    pieces.renew()
    for until in sorted(data.draw(st.lists(st.integers(0, 400), max_size=40))):
        run_to(pieces, until)
    run_to(pieces, FOREVER)
    count = whole.at[lk.N_LOG]
    assert pieces.at[lk.N_LOG] == count
    for name in ("log", "log_ahead", "log_impact"):
        np.testing.assert_array_equal(getattr(pieces.state, name)[:count], getattr(whole.state, name)[:count])
    np.testing.assert_array_equal(pieces.state.taken, whole.state.taken)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    folder = tmp_path_factory.mktemp("impact") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")]))
    store = Store(folder)
    return replay_feed(store, find_symbol_day(store, "ALFA", "2026-03-03"))


def strong(feed: Feed, **more: Any) -> ReplayImpact:
    """A tick for 50 shares, half of which fades in ten seconds."""
    tick = feed.instrument.tick_size / feed.instrument.price_scale
    return ReplayImpact((tick / 50, tick / 200), (math.log(2.0) / 1e10, math.log(2.0) / 3e11), tick / 500, **more)


def parent_of(feed: Feed, side: int = codes.BUY, quantity: int = 1_200, seconds: int = 600) -> ParentOrder:
    start = int(feed.ns[len(feed.ns) // 3])
    return ParentOrder("p", "ALFA", "2026-03-03", side, quantity, start, start + seconds * NS_PER_SECOND, "x", {})


def replayed(feed: Feed, algorithm: str, impact: ReplayImpact | None, **parent: Any) -> ReplayResult:
    order = parent_of(feed, **parent)
    strategy = make_strategy(order, parse_algorithm(algorithm), lot=1, curve=None, size_scale=1)
    rules = ReplaySettings(ConstantLatency(0, 1_000_000, 1_000_000), impact=impact)
    return Replay(feed, [Participant(strategy, order.start_ns, order.end_ns)], rules).run()


@pytest.mark.parametrize("algorithm", ["pov:10", "passive-aggressive:10s", "market-maker:200", "pegged", "is:2m"])
@pytest.mark.parametrize("delay_ns", [0, 50_000_000])
def test_no_look_ahead_with_impact(feed, algorithm, delay_ns):
    order = parent_of(feed, quantity=600)

    def make() -> list[Participant]:
        strategy = make_strategy(order, parse_algorithm(algorithm), lot=1, curve=None, size_scale=1)
        return [Participant(strategy, order.start_ns, order.end_ns)]

    impact = strong(feed, refill_half_life_ns=20 * NS_PER_SECOND, own_fills=((order.start_ns + 10**10, 300.0),))
    checked = check_lookahead(feed, make, ReplaySettings(ConstantLatency(delay_ns, 10**6, 10**6), impact=impact), 4)
    assert checked.difference is None
    assert checked.calls > 10


def test_impact_makes_an_order_dearer_and_says_by_what(feed):
    plain, moved = (replayed(feed, "pov:10", impact) for impact in (None, strong(feed)))

    def average(result: ReplayResult) -> float:
        rows = np.flatnonzero(np.isin(result.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
        sizes = result.log[rows, lk.LOG_SIZE]
        return float(fill_prices(result, rows) @ sizes / sizes.sum())

    assert average(moved) > average(plain)
    costs = impact_costs(moved, 0)
    assert min(costs.transient, costs.permanent, costs.own) > 0.0
    rows = np.flatnonzero(np.isin(moved.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
    recorded = moved.log[rows, lk.LOG_TICK] - moved.log[rows, lk.LOG_SHIFT] + feed.base_tick
    paid = (fill_prices(moved, rows) - recorded * feed.instrument.tick_size) @ moved.log[rows, lk.LOG_SIZE]
    # To the stored unit that the last fill could not be charged.
    assert costs.total == pytest.approx(paid / feed.instrument.price_scale, abs=1e-2)
    assert impact_costs(plain, 0).total == 0.0


# --- the parts --------------------------------------------------------------------------------------------------------


def test_what_the_recording_holds_of_us_is_taken_out_before_ours_is_added():
    """We do now what we did then: the market is as it was recorded."""
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), own_fills=((50, 40.0),))
    done, undone = (ran(DEEP, takes([50], [size]), impact) for size in (40, 0))
    assert done.at[lk.SHIFT] == 0
    assert abs(float(done.state.impact[lk.TRANSIENT])) < 1e-12
    assert undone.state.shifts[: undone.at[lk.N_SHIFTS], 1].tolist() == [-4, -3, -2, -1, 0]


def test_the_shift_fades_at_its_times_though_nothing_happens():
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 1_000_000,))
    engine = ran(DEEP, takes([7], [40]), impact)
    shifts = engine.state.shifts[: engine.at[lk.N_SHIFTS]]
    assert shifts[:, 1].tolist() == [4, 3, 2, 1, 0]
    times = [7] + [7 + math.floor(1e6 * math.log2(4 / left)) + 1 for left in (3.5, 2.5, 1.5, 0.5)]
    assert shifts[:, 0].tolist() == times


def test_our_orders_keep_their_price_while_the_book_moves():
    """Pushed up, the market leaves our bid a tick behind; faded, it comes back, and we are at the end of the queue."""
    shown = [Row(0, codes.SET, codes.BUY, BID, 50, 50), Row(0, codes.SET, codes.BUY, BID - 1, 80, 80)]
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), passive_weight=0.0)
    sent = [
        Message(1, 0, False, codes.BUY, BID, 5),
        Message(9, 1, False, codes.BUY, None, 12, codes.IOC),
    ]
    rows = [*DEEP[1:], *shown, Row(2, codes.SET, codes.BUY, BID, 20, 20)]
    engine = engine_of(feed_of(rows), sent, codes.RISK_AVERSE, impact=impact)
    seen = []
    for until in (1, 5, 9, 10_000):
        run_to(engine, until)
        live = engine.state.live[0, lk.L_TICK] + engine.feed.base_tick
        seen.append((int(live), float(engine.state.queue[0, lk.AHEAD]), engine.best_tick(0)))
    assert seen == [(BID, 50.0, BID), (BID, 20.0, BID), (BID - 1, 80.0, BID + 1), (BID, 20.0, BID)]


def test_an_order_that_the_fading_book_reaches_takes_like_a_new_one():
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), passive_weight=0.0)
    sent = [Message(1, 0, False, codes.BUY, None, 40, codes.IOC), Message(2, 1, False, codes.BUY, ASK + 2, 7)]
    engine = ran(DEEP, sent, impact)
    log = engine.state.log[: engine.at[lk.N_LOG]]
    ours = log[log[:, lk.LOG_ORDER] == 1]
    reached_ns = 1 + math.floor(100 * math.log2(4 / 2.5)) + 1
    events = [codes.ACKNOWLEDGED, codes.REPLACED, codes.PARTIAL]
    assert ours[:3, lk.LOG_EVENT].tolist() == events
    assert ours[1:3, lk.LOG_NS].tolist() == [reached_ns, reached_ns]
    assert ours[1, lk.LOG_REASON] == codes.REPRICED
    assert ours[2, [lk.LOG_REASON, lk.LOG_LIQUIDITY]].tolist() == [codes.TOOK, codes.TAKER]
    assert ours[2, lk.LOG_TICK] + engine.feed.base_tick == ASK + 2
    # Five of seven push the book half a tick beyond the limit; the others take when it has faded back.
    assert ours[2, lk.LOG_SIZE] == 5
    assert ours[-1, lk.LOG_EVENT] == codes.FILLED
    assert ours[-1, lk.LOG_NS] > reached_ns


def test_a_post_only_order_that_the_fading_book_reaches_expires():
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), passive_weight=0.0)
    sent = [
        Message(1, 0, False, codes.BUY, None, 40, codes.IOC),
        Message(2, 1, False, codes.BUY, ASK + 2, 7, codes.POST_ONLY),
    ]
    engine = ran(DEEP, sent, impact)
    last = engine.state.log[engine.at[lk.N_LOG] - 1]
    assert (last[lk.LOG_ORDER], last[lk.LOG_EVENT], last[lk.LOG_REASON]) == (1, codes.EXPIRED, codes.WOULD_CROSS)


def test_a_pegged_order_follows_the_book_that_moves():
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), passive_weight=0.0)
    sent = [
        Message(1, 0, False, codes.BUY, None, 5, peg=codes.PRIMARY_PEG),
        Message(9, 1, False, codes.BUY, None, 40, codes.IOC),
    ]
    engine = ran(DEEP, sent, impact)
    log = engine.state.log[: engine.at[lk.N_LOG]]
    moves = log[(log[:, lk.LOG_ORDER] == 0) & (log[:, lk.LOG_EVENT] == codes.REPLACED)]
    assert (moves[:, lk.LOG_TICK] + engine.feed.base_tick).tolist() == [BID + up for up in (4, 3, 2, 1, 0)]
    assert moves[:, lk.LOG_NS].tolist() == engine.state.shifts[: engine.at[lk.N_SHIFTS], 0].tolist()
    assert engine.state.live[0, lk.L_TICK] + engine.feed.base_tick == BID


@pytest.mark.parametrize(("impact", "goes"), [(None, False), (ReplayImpact((TICK / 10,), (0.0,)), True)])
def test_prints_move_with_the_book_and_set_off_stops(impact, goes):
    rows = [*DEEP, Row(20, codes.PRINT, codes.SELL, ASK, 3)]
    sent = [
        Message(1, 0, False, codes.BUY, None, 5, stop=ASK + 3),
        Message(9, 1, False, codes.BUY, None, 40, codes.IOC),
    ]
    engine = ran(rows, sent, impact, session_ns=(0, 10_000))
    log = engine.state.log[: engine.at[lk.N_LOG]]
    assert (codes.TRIGGERED in log[:, lk.LOG_EVENT]) is goes


def test_a_fill_by_fading_in_one_market_is_known_before_the_next_thing_elsewhere():
    """Market A moves through our bid where nothing else happens; its answer sends an order to B at that very time."""
    impact = ReplayImpact((TICK / 10,), (math.log(2.0) / 100,), passive_weight=0.0)

    class Hedges:
        sent_ns = 0

        def on_start(self, gateway: Any) -> None:
            gateway.submit(codes.BUY, 40, None, codes.IOC)
            self.bid = gateway.submit(codes.BUY, 4, ASK + 2)

        def on_time(self, gateway: Any) -> None: ...

        def on_fill(self, gateway: Any, fill: Any) -> None:
            if fill.order_id == self.bid:
                self.sent_ns = gateway.now_ns
                gateway.market("B").submit(codes.SELL, 7, None, codes.IOC)

    def market(name: str, rows: list[Row], moved: ReplayImpact | None) -> tuple[Feed, ReplaySettings]:
        feed = feed_of(rows)
        named = replace(feed, instrument=replace(feed.instrument, symbol=name))
        return named, ReplaySettings(ConstantLatency(0, 0, 0), impact=moved)

    busy = [*DEEP, *(Row(ns, codes.SET, codes.BUY, BID, 10**9 - ns, 10**9 - ns) for ns in range(1, 400))]
    hedges = Hedges()
    moved, other = ReplayTogether(
        [market("A", DEEP, impact), market("B", busy, None)], [Participant(hedges, 1, 1_000)]
    ).run()
    fades_ns = 1 + math.floor(100 * math.log2(4 / 2.5)) + 1
    assert hedges.sent_ns == fades_ns
    assert other.log[-1, [lk.LOG_NS, lk.LOG_EVENT]].tolist() == [fades_ns, codes.FILLED]
    assert len(moved.shifts) > 0


@pytest.mark.parametrize("delay_ns", [0, 30])
def test_strategies_see_the_book_moved_when_the_feed_would_tell_them(delay_ns):
    impact = ReplayImpact((TICK,), (0.0,))
    rows = [*DEEP, Row(10_000, codes.SET, codes.BUY, BID - 5, 1, 1)]
    seen: list[tuple[int, int, int]] = []

    class Looks:
        def on_start(self, gateway: Any) -> None:
            gateway.submit(codes.BUY, 3, None, codes.IOC)
            for ns in (101, 129, 130, 200):
                gateway.wake_at(ns)

        def on_time(self, gateway: Any) -> None:
            seen.append((gateway.now_ns, gateway.best_bid_tick, gateway.size_at(codes.BUY, BID + 3)))

        def on_fill(self, gateway: Any, fill: Any) -> None: ...

    rules = ReplaySettings(ConstantLatency(delay_ns, 0, 0), impact=impact)
    Replay(feed_of(rows), [Participant(Looks(), 100, 300)], rules).run()
    moved = 100 + delay_ns
    assert [entry for entry in seen if entry[0] < moved] == [(ns, BID, 0) for ns in (101, 129) if ns < moved]
    assert {entry[1:] for entry in seen if entry[0] >= moved} == {(BID + 3, 10**9)}


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 40)), min_size=1, max_size=8), st.sampled_from([5, 40]))
def test_what_was_taken_comes_back_by_half_in_its_half_life(takings, half_life):
    """A level of 1,000 that nothing happens to, against the sum of all that was taken."""
    rows = [Row(0, codes.SET, codes.SELL, ASK, 1_000, 1_000), DEEP[0]]
    takings = sorted(takings)
    sent = takes([ns for ns, _ in takings], [size for _, size in takings])
    engine = engine_of(feed_of(rows), sent, codes.RISK_AVERSE, impact=ReplayImpact(refill_half_life_ns=half_life))
    tick = ASK - engine.feed.base_tick
    for until in (20, 100, 301, 350, 5_000):
        run_to(engine, until)
        owed = 0.0
        last = 0
        for ns, size in takings:
            if ns <= until:
                faded = owed * 0.5 ** ((ns - last) / half_life)
                owed, last = (faded if faded >= 0.5 else 0.0) + size, ns
        owed *= 0.5 ** ((until - last) / half_life)
        assert abs(int(engine.state.taken[1, tick]) - owed) <= 0.5 + 1e-9
    assert engine.state.taken[1, tick] == 0
    assert engine.at[lk.N_LENT] == 0


def test_the_ledger_says_what_it_withheld():
    rows = [Row(0, codes.SET, codes.SELL, ASK, 100, 100), Row(0, codes.SET, codes.SELL, ASK + 1, 100, 100), DEEP[0]]
    engine = ran(rows, takes([1, 2, 3], [60, 90, 90]), ReplayImpact())
    withheld = engine.state.log_impact[: engine.at[lk.N_LOG], lk.MET_WITHHELD]
    # The second order finds 40 of 100; the third wants 90 and finds nothing of 100, then 50 of 100.
    assert withheld[withheld > 0].tolist() == [50.0, 130.0]


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"partial_fills": False, "depletes_book": False, "impact": ReplayImpact()}, "walk no book"),
        ({"depletes_book": False, "impact": ReplayImpact(refill_half_life_ns=5)}, "does not stay taken"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(rules, said):
    with pytest.raises(UsageError, match=said):
        ReplaySettings(**rules)


def test_a_compiled_strategy_refuses_impact(feed, tmp_path):
    file = tmp_path / "idle.py"
    file.write_text("def on_start(market, me):\n    pass\n\n\ndef on_time(market, me):\n    pass\n")
    with pytest.raises(UsageError, match="does not see what its impact does"):
        compiled_replay(feed, parent_of(feed), str(file), {}, ReplaySettings(impact=ReplayImpact()))


class TakesPart:
    """Buys 100 up to tick 1004, of which 50 are shown, and asks for what is left at 995 later if told to."""

    def __init__(self, modifies: bool) -> None:
        self.modifies = modifies
        self.bought = 0

    def on_start(self, gateway: Any) -> None:
        self.order = gateway.submit(codes.BUY, 100, 1004, codes.GTC)
        gateway.wake_at(200)

    def on_time(self, gateway: Any) -> None:
        if self.modifies:
            gateway.modify(self.order, 50, 995)

    def on_fill(self, gateway: Any, fill: Any) -> None:
        self.bought += fill.quantity


THIN = [
    Row(0, codes.SET, codes.BUY, 1000, 10**6, 10**6),
    Row(0, codes.SET, codes.SELL, 1001, 50, 50),
    Row(1000, codes.SET, codes.BUY, 990, 1, 1),
]


def on_a_thin_book(strategy: Any, impact: ReplayImpact) -> ReplayResult:
    settings = ReplaySettings(ConstantLatency(0, 0, 0), impact=impact)
    return Replay(feed_of(THIN), [Participant(strategy, 100, 900)], settings).run()


def test_a_fill_is_priced_by_the_limit_of_its_time_not_by_a_later_one():
    prices = []
    for modifies in (False, True):
        result = on_a_thin_book(TakesPart(modifies), ReplayImpact((TICK / 10,), (1e-3,)))
        rows = np.flatnonzero(np.isin(result.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
        assert (result.log_impact[rows, lk.MET_CHARGE] > 0.0).any()
        prices.append(fill_prices(result, rows).tolist())
    assert prices[0][: len(prices[1])] == prices[1]
    assert min(prices[1]) >= 1001 * feed_of(THIN).instrument.tick_size


def test_without_the_ledger_what_we_took_is_there_again():
    class TakesTwice(TakesPart):
        def on_start(self, gateway: Any) -> None:
            gateway.submit(codes.BUY, 50, 1004, codes.IOC)
            gateway.wake_at(200)

        def on_time(self, gateway: Any) -> None:
            gateway.submit(codes.BUY, 50, 1004, codes.IOC)

    impact = ReplayImpact((1e-12,), (1e-3,))
    bought = []
    for layers in (["ledger", "transient"], ["transient"]):
        strategy = TakesTwice(False)
        on_a_thin_book(strategy, impact.with_layers(layers))
        bought.append(strategy.bought)
    assert bought == [50, 100]
