"""A share in the dark: taken back when the schedule wants it, never more at work than was ordered."""

from __future__ import annotations

import pytest
from fake_venue import DeepMarket, FakeGateway
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.dark_share import ScheduledInTheDark
from tcakit.execution.parent import ParentOrder
from tcakit.execution.scheduled import JoinThenCross
from tcakit.execution.schedules import Twap
from tcakit.market import codes

START, END = 1_000, 61_000


class Door:
    """The dark venue of a fake gateway: its orders stand among the gateway's."""

    is_dark, name = True, "ACME@D"

    def __init__(self, home):
        self.home, self.orders = home, []

    def submit(self, side, quantity, tick=None):
        # What rests in the dark never meets the deep market.
        order = FakeGateway.submit(self.home, side, quantity, tick)
        self.orders.append(order)
        return order

    def cancel(self, order_id):
        self.home.cancel(order_id)


class TwoVenues:
    """Mixed into a fake gateway: it has a dark venue beside it."""

    name, markets = "ACME@X", ("ACME@X", "ACME@D")

    def market(self, name):
        if name == self.name:
            return self
        if not hasattr(self, "dark"):
            self.dark = Door(self)
        return self.dark


class Fake(TwoVenues, FakeGateway):
    pass


class Deep(TwoVenues, DeepMarket):
    pass


def strategy(side=codes.BUY, quantity=600, lot=1, share=0.5, interval=2_500, limit=None):
    order = ParentOrder("p", "ACME", "2026-03-04", side, quantity, START, END, "twap", limit_tick=limit)
    tactic = JoinThenCross(interval, 3_000, 3_000)
    return ScheduledInTheDark(order, Twap(quantity, START, END, 3_000), tactic, lot, share=share)


@given(
    st.sampled_from([codes.BUY, codes.SELL]), st.sampled_from([1, 5]), st.integers(1, 60),
    st.sampled_from([0.1, 0.5, 1.0]), st.sampled_from([None, 100]), st.data(),
)  # fmt: skip
@settings(max_examples=150)
def test_never_more_than_ordered_whatever_the_venues_answer(side, lot, lots, share, limit, data):
    made, gateway = strategy(side, lot * lots, lot, share, limit=limit), Fake()
    gateway.now_ns = START
    made.on_start(gateway)
    choices = st.sampled_from(["time", "time", "fill", "fill", "end", "refuse cancel"])
    for _ in range(data.draw(st.integers(1, 50))):
        act = data.draw(choices)
        if act == "time" and gateway.wake_ns is not None:
            gateway.now_ns, gateway.wake_ns = gateway.wake_ns, None
            made.on_time(gateway)
        elif gateway.live and act != "time":
            order = data.draw(st.sampled_from(gateway.live))
            if act == "fill":
                gateway.fill(made, order, data.draw(st.integers(1, order.leaves)))
            elif act == "end":
                ended = codes.CANCELLED if order.cancel_asked else codes.REJECTED
                gateway.answer(made, order, ended)
            elif order.cancel_asked:
                order.cancel_asked = False
                gateway.answer(made, order, codes.CANCEL_REJECTED)
        assert gateway.filled + gateway.at_work <= lot * lots
        assert made.filled == gateway.filled
        assert sum(made.leaves.values()) == gateway.at_work
        assert (made.dark is None) or made.dark in made.leaves
        assert all(sent.tick == limit for sent in gateway.orders if sent.order_id in gateway.dark.orders)


@given(
    st.integers(1, 400), st.sampled_from([0.2, 0.5, 0.9, 1.0]), st.sampled_from([300, 2_500, 20_000]),
    st.integers(0, 150),
)  # fmt: skip
def test_all_is_done_by_the_end_though_nobody_comes_to_the_dark(quantity, share, interval, latency):
    made, market = strategy(quantity=quantity, share=share, interval=interval), Deep(latency)
    market.run(made, START, END + 1_000)
    assert market.filled == quantity
    assert market.at_work == 0


def test_a_share_rests_until_the_schedule_wants_it_and_less_of_it_after_that():
    made, market = strategy(share=0.5), Deep(10)
    market.run(made, START, END + 1_000)
    sizes = [market.orders[order].quantity for order in market.dark.orders]
    assert sizes[0] == 300
    assert sizes == sorted(sizes, reverse=True)
    assert 3 <= len(sizes) < 12
    assert all(market.orders[order].is_over for order in market.dark.orders)


def test_what_trades_in_the_dark_is_not_worked_elsewhere():
    made, gateway = strategy(share=0.5), Fake()
    gateway.now_ns = START
    made.on_start(gateway)
    gateway.fill(made, gateway.orders[gateway.dark.orders[0]], 300)
    for now in range(START + 2_500, START + 30_000, 2_500):
        gateway.now_ns = now
        made.on_time(gateway)
    assert not any(sent.time_in_force == codes.IOC for sent in gateway.orders)


def test_it_is_said_where_there_is_no_dark_venue():
    class Alone(Fake):
        markets = ("ACME@X",)

    with pytest.raises(UsageError, match="no dark venue"):
        strategy().on_start(Alone())


def test_the_option_makes_it():
    spec = parse_algorithm("twap,dark=0.25")
    assert spec.label == "twap,dark=0.25"
    assert parse_algorithm(spec.label) == spec
    order = ParentOrder("p", "ACME", "2026-03-04", codes.BUY, 100, START, END, spec.label)
    made = make_strategy(order, spec, lot=1, curve=None)
    assert isinstance(made, ScheduledInTheDark)
    assert made.share == 0.25
