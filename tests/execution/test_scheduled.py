"""The strategy behind the built-in algorithms, against venues that do what they like."""

from __future__ import annotations

import pytest
from fake_venue import DeepMarket, FakeGateway
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.execution.parent import ParentOrder
from tcakit.execution.scheduled import JoinThenCross, Scheduled
from tcakit.execution.schedules import ImplementationShortfall, ParticipationOfVolume, Twap
from tcakit.market import codes

START, END = 1_000, 61_000
LIMITS = st.sampled_from([None, None, 97, 100, 101, 104])
SIDES = st.sampled_from([codes.BUY, codes.SELL])


def parent(side, quantity, limit=None):
    return ParentOrder("p", "ACME", "2026-03-04", side, quantity, START, END, "twap", limit_tick=limit)


def schedules(quantity, lot):
    return st.sampled_from(
        [
            Twap(quantity, START, END, 3_000),
            ImplementationShortfall(quantity, START, END, 3_000, 9_000),
            ParticipationOfVolume(quantity, START, END, 0.2, 2 * lot),
        ]
    )


@st.composite
def strategies(draw):
    lot = draw(st.sampled_from([1, 5]))
    quantity = lot * draw(st.integers(1, 60))
    tactic = JoinThenCross(draw(st.sampled_from([400, 2_500, 20_000])), draw(st.sampled_from([3_000, 9_000])), 3_000)
    order = parent(draw(SIDES), quantity, draw(LIMITS))
    return Scheduled(order, draw(schedules(quantity, lot)), tactic, lot)


def check(strategy, gateway):
    order = strategy.parent
    assert gateway.filled + gateway.at_work <= order.quantity
    assert strategy.filled == gateway.filled
    assert sum(strategy.leaves.values()) == gateway.at_work
    for sent in gateway.orders:
        assert sent.side == order.side
        assert sent.quantity > 0
        assert sent.quantity % strategy.lot == 0
        if sent.tick is None:
            # At the market only to finish, and only without a limit.
            assert order.limit_tick is None
            assert strategy.schedule.must_complete
            assert sent.time_in_force == codes.IOC
        elif order.limit_tick is not None:
            assert (order.limit_tick - sent.tick) * order.side >= 0
    if not strategy.schedule.must_complete:
        others = gateway.market_volume - strategy.volume_at_start
        slice_size = max(strategy.lot, strategy.schedule.slice_size())
        assert gateway.filled + gateway.at_work <= strategy.schedule.target(gateway.now_ns, others) + slice_size


@given(strategies(), st.data())
@settings(max_examples=300)
def test_never_more_than_ordered_whatever_the_venue_answers(strategy, data):
    """Fills in pieces, fills after a cancel was sent, refusals, refused cancels, quotes that jump or vanish."""
    gateway = FakeGateway()
    gateway.now_ns, gateway.market_volume = START, 500
    strategy.on_start(gateway)
    check(strategy, gateway)
    choices = st.sampled_from(["time", "time", "quote", "fill", "fill", "end", "refuse cancel", "acknowledge"])
    for _ in range(data.draw(st.integers(1, 60))):
        act = data.draw(choices)
        if act == "time" and gateway.wake_ns is not None:
            gateway.now_ns, gateway.wake_ns = gateway.wake_ns, None
            gateway.market_volume += data.draw(st.integers(0, 400))
            strategy.on_time(gateway)
        elif act == "quote":
            bid = data.draw(st.integers(95, 105))
            gateway.best_bid_tick = data.draw(st.sampled_from([bid, bid, bid, None]))
            gateway.best_ask_tick = data.draw(st.sampled_from([bid + 1, bid + 1, bid + 3, None]))
        elif gateway.live:
            order = data.draw(st.sampled_from(gateway.live))
            if act == "fill":
                gateway.fill(strategy, order, data.draw(st.integers(1, order.leaves)))
            elif act == "acknowledge":
                gateway.answer(strategy, order, codes.ACKNOWLEDGED)
            elif act == "end":
                over = (
                    codes.CANCELLED
                    if order.cancel_asked
                    else data.draw(st.sampled_from([codes.REJECTED, codes.EXPIRED]))
                )
                gateway.answer(strategy, order, over)
            elif act == "refuse cancel" and order.cancel_asked:
                order.cancel_asked = False
                gateway.answer(strategy, order, codes.CANCEL_REJECTED)
        check(strategy, gateway)


@given(
    SIDES,
    st.sampled_from([1, 5]),
    st.integers(1, 60),
    st.sampled_from([300, 2_500, 20_000]),
    st.integers(0, 150),
    st.sampled_from([1_000, 3_000]),
    st.data(),
)
def test_all_is_done_by_the_end_where_there_is_somebody_to_trade_with(side, lot, lots, interval, latency, finish, data):
    quantity = lot * lots
    schedule = data.draw(schedules(quantity, lot).filter(lambda one: one.must_complete))
    strategy = Scheduled(parent(side, quantity), schedule, JoinThenCross(interval, 3_000, finish), lot)
    market = DeepMarket(latency)
    market.run(strategy, START, END + 1_000)
    check(strategy, market)
    assert market.filled == quantity


@given(SIDES, st.integers(20, 600), st.sampled_from([400, 2_500]), st.integers(0, 3_000))
def test_twap_keeps_up_with_its_schedule(side, quantity, interval, latency):
    """Behind by no more than a slice and what falls due while a look and two answers are awaited."""
    strategy = Scheduled(
        parent(side, quantity), Twap(quantity, START, END, 3_000), JoinThenCross(interval, 3_000, 3_000)
    )
    slack = quantity * (3_000 + 2 * interval + 3 * latency) / (END - START) + 2
    for ns, filled in DeepMarket(latency).run(strategy, START, END):
        assert filled >= quantity * (ns - START) / (END - START) - slack
        assert filled <= quantity * min(1.0, (ns - START + 3_000) / (END - START)) + 1 or ns >= END - 3_000


@given(SIDES, st.integers(1, 20), st.floats(0.0, 0.5), st.sampled_from([0, 50, 4_000]), st.sampled_from([400, 2_500]))
def test_pov_never_passes_its_rate_by_more_than_a_clip(side, clip, volume_per_ns, latency, interval):
    schedule = ParticipationOfVolume(100_000, START, END, 0.1, clip)
    strategy = Scheduled(parent(side, 100_000), schedule, JoinThenCross(interval, 3_000, 3_000))
    market = DeepMarket(latency, volume_per_ns)
    first = int(volume_per_ns * START)
    market.market_volume = first
    for ns, filled in market.run(strategy, START, END):
        assert filled <= 0.1 / 0.9 * (int(volume_per_ns * ns) - first) + clip


@pytest.mark.parametrize(("side", "limit"), [(codes.BUY, 100), (codes.SELL, 101)])
def test_beyond_its_limit_an_order_rests_and_crosses_once_it_may(side, limit):
    strategy = Scheduled(parent(side, 600, limit), Twap(600, START, END, 3_000), JoinThenCross(500, 3_000, 3_000))
    market = DeepMarket(0)
    market.now_ns = START
    strategy.on_start(market)
    for ns in range(START + 500, START + 20_000, 500):
        market.now_ns = ns
        strategy.on_time(market)
    assert market.filled == 0
    assert [(order.tick, order.time_in_force) for order in market.live] == [(limit, codes.GTC)]
    market.best_bid_tick, market.best_ask_tick = (99, 100) if side == codes.BUY else (101, 102)
    market.run(strategy, START + 20_000, START + 22_000)
    assert market.filled >= 150
    assert all((limit - order.tick) * side >= 0 for order in market.orders)


def test_a_refused_order_is_not_sent_again_at_once():
    strategy = Scheduled(parent(codes.BUY, 600), Twap(600, START, END, 3_000), JoinThenCross(500, 3_000, 3_000))
    gateway = FakeGateway()
    gateway.now_ns = START
    strategy.on_start(gateway)
    gateway.answer(strategy, gateway.orders[0], codes.REJECTED)
    assert len(gateway.orders) == 1
    gateway.now_ns += 500
    strategy.on_time(gateway)
    assert len(gateway.orders) == 2


def test_after_the_end_nothing_is_at_work():
    strategy = Scheduled(parent(codes.BUY, 600, 99), Twap(600, START, END, 3_000), JoinThenCross(500, 3_000, 3_000))
    market = DeepMarket(20)
    market.run(strategy, START, END + 1_000)
    assert market.orders
    assert market.live == []
    assert strategy.leaves == {}
