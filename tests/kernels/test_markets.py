"""Several markets in one clock: against a witness that plays them row by row, and against each of them alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import HIGH, LOW, SIDES, feed_of, level_two_days
from replay_witness import Row, Witness
from witness_markets import PlainMarket, PlainRun

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay.columns import Feed
from tcakit.replay.markets import ORDERS_A_MARKET
from tcakit.replay.recorded_market import ReplayResult
from tcakit.replay.replay import Participant, Replay, ReplaySettings, ReplayTogether
from tcakit.venue.latency import ConstantLatency, Latency, RandomLatency

START, END = 3, 90
NAMES = ("A", "B", "C")
# Where to do something, side, tick, lots, time in force; or the number of an order to be taken back.
Action = tuple[int, int, int | None, int, int] | int
TICKS = st.none() | st.integers(LOW - 1, HIGH + 1)
FORCES = st.sampled_from([codes.GTC, codes.GTC, codes.GTC, codes.IOC, codes.POST_ONLY])
ORDERS = st.tuples(st.integers(0, 2), SIDES, TICKS, st.integers(1, 12), FORCES)
ACTIONS = ORDERS | ORDERS | ORDERS | st.integers(0, 8)


@dataclass
class Reacts:
    """A strategy that does what is next on its list whenever it is asked anything, and notes all that it is told."""

    actions: list[Action]
    sent: list[tuple[Any, int]] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)

    def on_start(self, gateway: Any) -> None:
        self.act(gateway, "start")

    def on_time(self, gateway: Any) -> None:
        self.act(gateway, "time")

    def on_fill(self, gateway: Any, fill: Any) -> None:
        # The witness gives the order's number, tick and size.
        known = fill if len(fill) == 3 else (fill.order_id, fill.tick, fill.quantity)
        self.act(gateway, "fill", *known)

    def on_order(self, gateway: Any, order_id: int, event: int, reason: int) -> None:
        self.act(gateway, "order", order_id, event, reason)

    def act(self, gateway: Any, *what: Any) -> None:
        seen = [gateway.market(name).market_volume for name in gateway.markets]
        self.told.append((gateway.now_ns, gateway.name, *what, *seen))
        if not self.actions:
            return
        action = self.actions.pop(0)
        if isinstance(action, int):
            gateway.wake_at(gateway.now_ns + 3 * action)
            if action < len(self.sent):
                at, order = self.sent[action]
                at.cancel(order)
            return
        where, side, tick, size, force = action
        at = gateway.market(gateway.markets[where % len(gateway.markets)])
        self.sent.append((at, at.submit(side, size, tick, codes.IOC if tick is None else force)))
        gateway.wake_at(gateway.now_ns + size)


def named(rows: list[Row], name: str) -> Feed:
    feed = feed_of(rows)
    return replace(feed, instrument=replace(feed.instrument, symbol=name))


def events_of(result: ReplayResult) -> list[tuple[int, ...]]:
    """Time, order, event, reason, size and what was left, but for what the end of the recording said."""
    return [tuple(row[[0, 2, 3, 4, 6, 7]].tolist()) for row in result.log if row[4] != codes.END_OF_DATA]


@st.composite
def busy_days(draw: st.DrawFn) -> list[Row]:
    """Prints and levels, a row at nearly every time, near the middle: whoever rests there is filled soon."""
    middle = LOW + 4
    rows = [Row(0, codes.SET, codes.BUY, middle, 9, 9), Row(0, codes.SET, codes.SELL, middle + 1, 9, 9)]
    for ns in range(1, 60):
        what = draw(st.integers(0, 7))
        side = codes.BUY if what % 2 else codes.SELL
        if what < 4:
            away = draw(st.integers(-2, 1))
            rows.append(Row(ns, codes.PRINT, side, middle + (away if what % 2 else 1 - away), draw(st.integers(1, 12))))
        elif what < 7:
            tick = middle - draw(st.integers(0, 2)) if what % 2 else middle + 1 + draw(st.integers(0, 2))
            rows.append(Row(ns, codes.SET, side, tick, 0, draw(st.integers(0, 9))))
    return rows


DAYS = st.lists(busy_days() | busy_days() | level_two_days(), min_size=2, max_size=3)
WAYS = st.lists(
    st.tuples(st.sampled_from([0, 0, 5]), st.sampled_from([0, 0, 1, 3, 20]), st.sampled_from([0, 0, 1, 3, 20])),
    min_size=3,
    max_size=3,
)


@given(DAYS, WAYS, st.lists(ACTIONS, min_size=2, max_size=40))
def test_markets_come_to_every_time_together(
    days: list[list[Row]], ways: list[tuple[int, int, int]], actions: list[Action]
) -> None:
    ours, plain = Reacts(list(actions)), Reacts(list(actions))
    feeds = [named(rows, name) for rows, name in zip(days, NAMES, strict=False)]
    settings = [ReplaySettings(ConstantLatency(*way)) for way in ways]
    run = ReplayTogether(list(zip(feeds, settings, strict=False)), [Participant(ours, START, END)])
    results = run.run()
    markets = [
        PlainMarket(
            NAMES[at],
            rows,
            Witness(codes.RISK_AVERSE, low=feed.base_tick, high=feed.base_tick + feed.ticks - 1),
            ways[at],
            at * ORDERS_A_MARKET,
        )
        for at, (rows, feed) in enumerate(zip(days, feeds, strict=True))
    ]
    PlainRun(markets, plain, START, END).run()
    assert ours.told == plain.told
    for market, result in zip(markets, results, strict=True):
        assert events_of(result) == [
            (ns, order, event, reason, size, leaves)
            for ns, order, event, reason, _, size, leaves, *_ in market.venue.log
        ]


MODELS = st.sampled_from(
    [ConstantLatency(0, 0, 0), ConstantLatency(3, 1, 2), RandomLatency(2, 4, 6, sigma=1.0, seed=5)]
)


@given(level_two_days(), level_two_days(), st.booleans(), MODELS, st.lists(ACTIONS, max_size=12))
def test_a_market_that_nobody_trades_in_changes_nothing(
    one: list[Row], other: list[Row], is_second: bool, latency: Latency, actions: list[Action]
) -> None:
    settings = ReplaySettings(latency)

    class Home(Reacts):
        """Looks at its own market alone."""

        def act(self, gateway: Any, *what: Any) -> None:
            first = gateway.market("A")
            self.told.append((gateway.now_ns, *what, first.best_bid_tick, first.best_ask_tick, first.market_volume))
            if self.actions:
                action = self.actions.pop(0)
                if isinstance(action, int):
                    gateway.wake_at(gateway.now_ns + 3 * action)
                    for _, order in self.sent[action : action + 1]:
                        first.cancel(order)
                else:
                    _, side, tick, size, force = action
                    self.sent.append((first, first.submit(side, size, tick, force)))

    alone, beside = Home(list(actions)), Home(list(actions))
    expected = Replay(named(one, "A"), [Participant(alone, START, END, "A")], settings).run()
    markets = [(named(one, "A"), settings), (named(other, "B"), settings)]
    run = ReplayTogether(markets[::-1] if is_second else markets, [Participant(beside, START, END, "A")])
    found, idle = run.run()[:: -1 if is_second else 1]
    first_order = ORDERS_A_MARKET if is_second else 0
    fills_and_orders = [
        (now, what, *((rest[0] - first_order, *rest[1:]) if what in ("fill", "order") else rest))
        for now, what, *rest in beside.told
    ]
    assert fills_and_orders == alone.told
    for name in ("orders", "log", "log_ahead", "local_events"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()
    assert (found.rows, found.first_order_ns) == (expected.rows, expected.first_order_ns)
    assert not len(idle.log)
    assert not len(idle.orders)


def quiet_day(middle: int) -> list[Row]:
    return [Row(0, codes.SET, codes.BUY, middle, 9, 9), Row(0, codes.SET, codes.SELL, middle + 1, 9, 9)]


def test_what_is_sent_on_a_fill_elsewhere_comes_before_the_next_row() -> None:
    # A print at 10 fills a bid at A; its answer sends a taker to B, where the offer is gone at 10 as well, or at 11.
    printed = Row(10, codes.PRINT, codes.BUY, LOW + 1, 20)
    gone = Row(11, codes.SET, codes.SELL, LOW + 6, 0, 0)

    class Hedges:
        fills: list[Any]

        def on_start(self, gateway: Any) -> None:
            self.fills = []
            gateway.submit(codes.BUY, 5, LOW + 1)

        def on_time(self, gateway: Any) -> None: ...

        def on_fill(self, gateway: Any, fill: Any) -> None:
            self.fills.append((gateway.name, fill.venue_ns))
            if gateway.name == "A":
                gateway.market("B").submit(codes.BUY, fill.quantity, None, codes.IOC)

    for gone_ns, expected in ((11, [("A", 10), ("B", 10)]), (10, [("A", 10)])):
        strategy = Hedges()
        days = [[*quiet_day(LOW + 1), printed], [*quiet_day(LOW + 5), replace(gone, ns=gone_ns)]]
        markets = [(named(rows, name), ReplaySettings()) for rows, name in zip(days, NAMES, strict=False)]
        for order in (markets, markets[::-1]):
            ReplayTogether(order, [Participant(strategy, 5, 50, "A")]).run()
            assert strategy.fills == expected


def test_arrays_that_are_too_small_change_nothing() -> None:
    actions: list[Action] = [(at % 2, codes.BUY, LOW + 1 + at % 4, 3, codes.GTC) for at in range(40)]
    rows = [*quiet_day(LOW + 5), *(Row(ns, codes.PRINT, codes.BUY, LOW + 1, 7) for ns in range(10, 80))]
    logs = []
    for is_small in (False, True):
        run = ReplayTogether(
            [(named(rows, name), ReplaySettings()) for name in "AB"], [Participant(Reacts(list(actions)), START, END)]
        )
        for market in run.markets if is_small else []:
            names = ("log", "log_ahead", "live", "queue", "watched", "orders", "bus", "told")
            market.state = market.state._replace(**{name: getattr(market.state, name)[:1].copy() for name in names})
            market.renew()
        logs.append([result.log.tolist() for result in run.run()])
    assert logs[0] == logs[1]
    assert all(len(log) > 40 for log in logs[0])


def test_markets_have_names() -> None:
    class Looks:
        def on_start(self, gateway: Any) -> None:
            assert gateway.markets == ("A@X", "A@Y", "B")
            assert gateway.name == "B"
            assert gateway.market("B@X") is gateway
            assert gateway.market("A@Y").market("B") is gateway
            with pytest.raises(UsageError, match="no market A in this run"):
                gateway.market("A")
            self.has_looked = True

        def on_time(self, gateway: Any) -> None: ...

        def on_fill(self, gateway: Any, fill: Any) -> None: ...

    def at(name: str, venue: str) -> tuple[Feed, ReplaySettings]:
        feed = named(quiet_day(LOW + 1), name)
        return replace(feed, instrument=replace(feed.instrument, venue=venue)), ReplaySettings()

    looks = Looks()
    ReplayTogether([at("A", "X"), at("A", "Y"), at("B", "X")], [Participant(looks, 1, 2, "B")]).run()
    assert looks.has_looked
    with pytest.raises(UsageError, match="A@X twice"):
        ReplayTogether([at("A", "X"), at("A", "X")], [Participant(looks, 1, 2)]).run()
    with pytest.raises(UsageError, match="no market C"):
        ReplayTogether([at("A", "X"), at("B", "X")], [Participant(looks, 1, 2, "C")]).run()
