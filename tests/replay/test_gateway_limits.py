"""Orders that the gateway does not send: each is told, with the limit that it broke, and none reaches the venue."""

from __future__ import annotations

import pytest
from replay_cases import HIGH, LOW, feed_of
from replay_witness import Row

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.schema import ORDER_EVENTS, ORDERS
from tcakit.replay import layout_kernel as lk
from tcakit.replay.replay import Participant, Replay, ReplayResult, ReplaySettings
from tcakit.replay.result import order_events, orders
from tcakit.venue.latency import ConstantLatency
from tcakit.venue.limits import PreTradeLimits

ROWS = [
    Row(0, codes.SET, codes.BUY, LOW, 10, 10),
    Row(0, codes.SET, codes.SELL, LOW + 2, 10, 10),
    Row(500, codes.PRINT, codes.SELL, LOW + 1, 1),
]
Call = tuple[int, str, dict[str, object]]


class Caller:
    """Calls the gateway as it is told to, and keeps what it is told."""

    def __init__(self, *calls: Call) -> None:
        self.calls = list(calls)
        self.heard: list[tuple[int, int, int, int]] = []

    def on_start(self, gateway):
        self.on_time(gateway)

    def on_time(self, gateway):
        while self.calls and self.calls[0][0] <= gateway.now_ns:
            _, name, given = self.calls.pop(0)
            getattr(gateway, name)(**given)
        if self.calls:
            gateway.wake_at(self.calls[0][0])

    def on_fill(self, gateway, fill): ...

    def on_order(self, gateway, order_id, event, reason):
        self.heard.append((gateway.now_ns, order_id, event, reason))


def run(caller: Caller, limits: PreTradeLimits | None = None, **settings: object) -> ReplayResult:
    latency = ConstantLatency(0, 10, 10)
    return Replay(
        feed_of(ROWS), [Participant(caller, 1, 1_000)], ReplaySettings(latency, limits=limits, **settings)
    ).run()


def buy(at: int, quantity: int, tick: int | None, **more: object) -> Call:
    return at, "submit", {"side": codes.BUY, "quantity": quantity, "tick": tick, **more}


REFUSED = [
    (PreTradeLimits(max_order_size=5), buy(1, 6, LOW), codes.LIMIT_SIZE),
    # A tick is two hundredths: 6 at 20.00 are 120.
    (PreTradeLimits(max_order_notional=119.9), buy(1, 6, LOW), codes.LIMIT_NOTIONAL),
    (PreTradeLimits(max_order_notional=120.1), buy(1, 6, None), codes.LIMIT_NOTIONAL),
    (PreTradeLimits(max_order_notional=120.1), buy(1, 6, None, stop_tick=HIGH), codes.LIMIT_NOTIONAL),
    (PreTradeLimits(max_position=5), buy(1, 6, LOW), codes.LIMIT_POSITION),
    (PreTradeLimits(price_collar_ticks=1), buy(1, 6, LOW + 4), codes.LIMIT_COLLAR),
    (PreTradeLimits(price_collar_bps=9.0), buy(1, 6, LOW + 3), codes.LIMIT_COLLAR),
]


@pytest.mark.parametrize(("limits", "call", "reason"), REFUSED)
def test_an_order_beyond_a_limit_is_refused_at_once_and_told_why(limits, call, reason):
    caller = Caller(call)
    result = run(caller, limits)
    assert caller.heard == [(1, 0, codes.REJECTED, reason)]
    assert result.log[:, [lk.LOG_EVENT, lk.LOG_REASON]].tolist() == [[codes.REJECTED, reason]]
    events = ORDER_EVENTS.conform(order_events(result, "run", "o"))
    assert events["event"].to_list() == ["new", "rejected"]
    assert events["reason"].to_list()[1].startswith("pre-trade limit: ")
    assert codes.PRE_TRADE_LIMITS.count(reason) == 1


KEPT = [
    (PreTradeLimits(max_order_size=6), buy(1, 6, LOW)),
    (PreTradeLimits(max_order_notional=120.0), buy(1, 6, LOW)),
    (PreTradeLimits(max_position=6), buy(1, 6, LOW)),
    (PreTradeLimits(price_collar_ticks=2), buy(1, 6, LOW + 4)),
    (PreTradeLimits(price_collar_ticks=1), buy(1, 6, LOW + 8, stop_tick=LOW + 7)),
    (PreTradeLimits(price_collar_ticks=1), buy(1, 6, None)),
]


@pytest.mark.parametrize(("limits", "call"), KEPT)
def test_an_order_at_a_limit_is_sent(limits, call):
    caller = Caller(call)
    run(caller, limits)
    assert (11 + 10, 0, codes.ACKNOWLEDGED, codes.NO_REASON) in caller.heard


def test_the_position_counts_what_is_open_and_what_has_filled():
    """5 rest and 4 were had: 1 more is within 10, 2 are not; selling is, and so is more once an order is gone."""
    caller = Caller(
        buy(1, 5, LOW),
        buy(2, 4, LOW + 2),
        buy(100, 2, LOW),
        buy(100, 1, LOW),
        (100, "submit", {"side": codes.SELL, "quantity": 14, "tick": LOW + 5}),
        (100, "submit", {"side": codes.SELL, "quantity": 1, "tick": LOW + 5}),
        (100, "cancel", {"order_id": 0}),
        buy(101, 2, LOW),
        buy(200, 2, LOW),
    )
    run(caller, PreTradeLimits(max_position=10))
    refused = [(now, order) for now, order, event, _ in caller.heard if event == codes.REJECTED]
    assert refused == [(100, 2), (100, 5), (101, 6)]


def test_a_modification_beyond_a_limit_leaves_the_order_as_it_is():
    caller = Caller(
        buy(1, 5, LOW),
        (100, "modify", {"order_id": 0, "quantity": 7, "tick": LOW}),
        (200, "modify", {"order_id": 0, "quantity": 6, "tick": LOW + 1}),
        (300, "modify", {"order_id": 0, "quantity": 6, "tick": LOW}),
        (400, "submit", {"side": codes.BUY, "quantity": 1, "tick": LOW}),
    )
    result = run(caller, PreTradeLimits(max_position=6))
    changes = [(now, event, reason) for now, order, event, reason in caller.heard if order == 0 and now > 50]
    assert changes == [
        (100, codes.MODIFY_REJECTED, codes.LIMIT_POSITION),
        (220, codes.REPLACED, codes.BY_STRATEGY),
        (320, codes.REPLACED, codes.BY_STRATEGY),
    ]
    assert [entry for entry in caller.heard if entry[1] == 1] == [(400, 1, codes.REJECTED, codes.LIMIT_POSITION)]
    assert result.orders[0, lk.QUANTITY] == 6


def test_open_orders_and_messages_are_counted():
    caller = Caller(buy(1, 1, LOW), buy(1, 1, LOW), buy(1, 1, LOW), (50, "cancel", {"order_id": 0}), buy(100, 1, LOW))
    run(caller, PreTradeLimits(max_open_orders=2))
    assert [entry for entry in caller.heard if entry[2] == codes.REJECTED] == [
        (1, 2, codes.REJECTED, codes.LIMIT_OPEN_ORDERS)
    ]
    # Cancels count and are sent all the same; a second later there is room again.
    second = 1_000_000_000
    caller = Caller(
        buy(1, 1, LOW),
        (2, "cancel", {"order_id": 0}),
        (3, "cancel", {"order_id": 0}),
        buy(second, 1, LOW),
        buy(second + 2, 1, LOW),
    )
    latency = ConstantLatency(0, 10, 10)
    limits = PreTradeLimits(max_messages_a_second=2)
    participant = Participant(caller, 1, second + 10)
    Replay(feed_of(ROWS), [participant], ReplaySettings(latency, limits=limits)).run()
    assert [entry for entry in caller.heard if entry[2] == codes.REJECTED] == [
        (second, 1, codes.REJECTED, codes.LIMIT_MESSAGES)
    ]
    assert (second + 22, 2, codes.ACKNOWLEDGED, codes.NO_REASON) in caller.heard


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_is_above_zero(value):
    with pytest.raises(UsageError, match="max_order_notional"):
        PreTradeLimits(max_order_notional=value)


# --- what the gateway takes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": 0}, "quantity 0"),
        ({"display_quantity": 0}, "display_quantity 0"),
        ({"display_quantity": 9}, "display_quantity 9"),
        ({"display_quantity": 2, "tick": None}, "may rest"),
        ({"display_quantity": 2, "time_in_force": codes.IOC}, "may rest"),
        ({"peg": 7}, "peg 7"),
        ({"peg": codes.PRIMARY_PEG, "stop_tick": LOW}, "it is no stop"),
        ({"peg": codes.PRIMARY_PEG, "time_in_force": codes.FOK}, "a pegged order rests"),
        ({"peg_offset_ticks": 1}, "without a peg"),
        ({"time_in_force": codes.AT_OPEN, "stop_tick": LOW}, "auction"),
    ],
)
def test_what_makes_no_order_is_refused_and_changes_nothing(given, said):
    class Sends(Caller):
        def on_start(self, gateway):
            with pytest.raises(ValueError, match=said):
                gateway.submit(**{"side": codes.BUY, "quantity": 5, "tick": LOW, **given})
            super().on_start(gateway)

    calls = [buy(1, 5, LOW + 2), buy(3, 5, LOW)]
    with_it, without = (run(caller, session_ns=(0, 900)) for caller in (Sends(*calls), Caller(*calls)))
    assert with_it.log.tolist() == without.log.tolist()
    assert with_it.orders.tolist() == without.orders.tolist()
    assert with_it.local_events.tolist() == without.local_events.tolist()


@pytest.mark.parametrize("force", [codes.DAY, codes.AT_OPEN, codes.AT_CLOSE])
def test_an_order_of_the_session_needs_its_times(force):
    with pytest.raises(UsageError, match="session's times"):
        run(Caller(buy(1, 5, LOW, time_in_force=force)))


def test_the_tables_tell_of_stops_icebergs_and_pegs():
    caller = Caller(
        buy(1, 5, None, stop_tick=LOW + 3),
        buy(1, 5, LOW, display_quantity=2),
        buy(1, 5, None, peg=codes.MIDPOINT_PEG, peg_offset_ticks=-1),
        buy(1, 5, LOW + 1, peg=codes.PRIMARY_PEG, time_in_force=codes.DAY),
    )
    result = run(caller, session_ns=(0, 900))
    table = ORDERS.conform(orders(result, "run", "o", ["p"]))
    shown = table.select(
        "type", "time_in_force", "price", "stop_price", "display_quantity", "peg", "peg_offset", "reason"
    )
    assert shown.rows() == [
        ("market", "gtc", None, 2 * (LOW + 3), None, None, None, "end of data"),
        ("limit", "gtc", 2 * LOW, None, 2, None, None, "end of data"),
        ("limit", "gtc", None, None, None, "midpoint", -2, "end of data"),
        ("limit", "day", 2 * (LOW + 1), None, None, "primary", 0, "session over"),
    ]
    events = order_events(result, "run", "o")
    assert events.filter(events["order_id"] == "o2")["price"].to_list()[:2] == [None, 2 * LOW]
