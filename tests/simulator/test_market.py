"""A simulated market: one clock, sources that know nothing of each other, strategies through the usual gateway."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.parent import ParentOrder
from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator import own_tables
from tcakit.simulator.market import TradingRules
from tcakit.simulator.participants import Participants
from tcakit.simulator.session import Trader, trade
from tcakit.simulator.tape import day_of
from tcakit.simulator.twin import middles, twin
from tcakit.simulator.world import Halt, News, World
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.fees import FeeSchedule
from tcakit.venue.latency import ConstantLatency
from tests.simulator.markets import DATE, SECOND, WORLD, edges, market, whole_day

TRADES = (codes.EXECUTE, codes.EXECUTE_UNPRINTED, codes.PRINT_HIDDEN)


def tape(made) -> np.ndarray:
    engine = made.market.engine
    return engine.tape[: engine.counters[ek.TAPE_ROWS]]


@pytest.fixture(scope="module")
def day():
    return whole_day(market())


def buy(start_s: float, end_s: float, quantity: int = 3_000, algo: str = "twap", **rules):
    made = market(rules=TradingRules(**rules))
    opened = edges(made)[0]
    start, end = opened + int(start_s * SECOND), opened + int(end_s * SECOND)
    spec = parse_algorithm(algo)
    parent = ParentOrder("P", "ZERO", DATE, codes.BUY, quantity, start, end, spec.label, spec.params)
    strategy = make_strategy(parent, spec, lot=1, curve=None, size_scale=1)
    trade(made, [Trader(strategy, start, end)])
    return made, parent


def test_a_seed_is_a_day(day):
    again, other = whole_day(market()), whole_day(market(seed=8))
    assert tape(again).tobytes() == tape(day).tobytes()
    assert tape(other).tobytes() != tape(day).tobytes()
    assert len(tape(day)) > 2_000


def test_threads_change_nothing(day):
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda seed: tape(whole_day(market(seed=seed))).tobytes(), (7, 8, 7)))
    assert made[0] == made[2] == tape(day).tobytes()
    assert made[1] == tape(whole_day(market(seed=8))).tobytes()


def test_a_day_in_pieces_is_the_day(day):
    made = market()
    for ns in range(made.now, edges(made)[1] + SECOND, 7 * SECOND + 13):
        made.advance(ns)
    assert tape(whole_day(made)).tobytes() == tape(day).tobytes()


def test_twins_without_orders_of_ours_are_the_same(day):
    class Watches:
        def on_start(self, gateway):
            gateway.wake_at(gateway.now_ns + SECOND)

        def on_time(self, gateway):
            if gateway.now_ns < opened + 30 * SECOND:
                gateway.wake_at(gateway.now_ns + SECOND)

        def on_fill(self, gateway, fill):
            raise AssertionError

    made = market()
    opened, closes = edges(made)
    trade(made, [Trader(Watches(), opened, opened + 30 * SECOND)])
    assert tape(whole_day(made)).tobytes() == tape(day).tobytes()
    ns = np.arange(opened, closes, SECOND)
    np.testing.assert_array_equal(twin(market, made, ns).impact_ticks(codes.BUY), 0.0)


def test_who_wants_to_be_asked_for_ever_is_asked_until_the_close():
    class Insists:
        asked = 0

        def on_start(self, gateway):
            self.on_time(gateway)

        def on_time(self, gateway):
            self.asked += 1
            gateway.wake_at(gateway.now_ns + 10 * SECOND)

        def on_fill(self, gateway, fill):
            raise AssertionError

    made, strategy = market(), Insists()
    opened, closes = edges(made)
    trade(made, [Trader(strategy, opened, opened + SECOND)])
    assert strategy.asked == (closes - opened) // (10 * SECOND) + 1
    assert made.phase == ek.CLOSED


def test_a_purchase_moves_the_market_up_while_it_lasts():
    made, parent = buy(30, 300, quantity=60_000)
    found = twin(market, made, np.array([parent.start_ns - 1, parent.end_ns]))
    before, at_end = found.impact_ticks(codes.BUY)
    assert before == 0.0
    assert at_end > 0.0


def test_what_was_bought_is_in_the_log_on_the_tape_and_in_the_tables():
    made, _ = buy(30, 200)
    log = own_tables.log_of(made)
    orders = own_tables.orders(made, log, "run", "P.", ["P"])
    fills = own_tables.fills(made, log, "run", "P.", ["P"], DATE, FeeSchedule())
    events = own_tables.order_events(made, log, "run", "P.")
    assert fills["quantity"].sum() == orders["filled"].sum() == 3_000
    rows = tape(made)[own_tables.own_tape_rows(made)]
    assert rows[np.isin(rows[:, ek.TAPE_KIND], TRADES), ek.TAPE_SIZE].sum() == 3_000
    assert set(events["order_id"]) == set(orders["order_id"])
    assert (events["ts_ns"].diff().drop_nulls() >= 0).all()
    # Never better than the quote that stood before it for who takes, never worse than its limit.
    took = fills.filter(fills["liquidity"] == "taker")
    assert (took["price"] >= took["ask"]).all()
    assert orders["state"].is_in(list(codes.STATE_NAMES.values())).all()


def test_what_is_seen_comes_as_late_as_the_feed():
    class Looks:
        seen: list

        def __init__(self):
            self.seen = []

        def on_start(self, gateway):
            self.on_time(gateway)

        def on_time(self, gateway):
            bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
            sizes = gateway.size_at(codes.BUY, bid), gateway.size_at(codes.SELL, ask)
            self.seen.append((gateway.now_ns, bid, ask, *sizes, gateway.market_volume))
            if len(self.seen) < 30:
                gateway.wake_at(gateway.now_ns + SECOND)

        def on_fill(self, gateway, fill):
            raise AssertionError

    def looks(feed_ns, later_ns):
        made, strategy = market(rules=TradingRules(ConstantLatency(feed_ns=feed_ns))), Looks()
        start = edges(made)[0] + 60 * SECOND
        trade(made, [Trader(strategy, start + later_ns, start + 90 * SECOND + later_ns)])
        return strategy.seen

    late = looks(3 * SECOND, 3 * SECOND)
    assert [(ns - 3 * SECOND, *rest) for ns, *rest in late] == [tuple(row) for row in looks(0, 0)]


def test_participants_hold_what_the_tape_says_they_traded(day):
    rows = tape(day)
    rows = rows[np.isin(rows[:, ek.TAPE_KIND], TRADES)]
    for person in range(len(day.market.people)):
        owner = person + 1
        rested = rows[rows[:, ek.TAPE_OWNER] == owner]
        took = rows[rows[:, ek.TAPE_TAKER_OWNER] == owner]
        held = (rested[:, ek.TAPE_SIDE] * rested[:, ek.TAPE_SIZE]).sum()
        held -= (took[:, ek.TAPE_SIDE] * took[:, ek.TAPE_SIZE]).sum()
        assert day.market.people[person, ml.INVENTORY] == held
        traded = rested[:, ek.TAPE_SIZE].sum() + took[:, ek.TAPE_SIZE].sum()
        assert day.market.people[person, ml.TRADED] == traded
    kinds = day.market.people[day.market.people[:, ml.TRADED] > 0, ml.KIND]
    assert {ml.METAORDER_TRADER, ml.MARKET_MAKER}.issubset(kinds.tolist())


def test_a_market_maker_holds_no_more_than_it_may(day):
    makers = day.market.people[:, ml.KIND] == ml.MARKET_MAKER
    held, limit = day.market.people[makers, ml.INVENTORY], day.market.rates[makers, ml.LIMIT]
    assert (np.abs(held) <= limit + day.market.rates[makers, ml.SIZE]).all()


def test_each_source_has_its_switch():
    quiet = World(background=False, are_participants_on=False, opening_call_seconds=0.0, closing_call_seconds=0.0)
    alone = whole_day(market(world=quiet))
    stood = (tape(alone)[:, ek.TAPE_KIND] == codes.ADD) & (tape(alone)[:, ek.TAPE_TS] == tape(alone)[0, ek.TAPE_TS])
    # A day without trades: the book that stood at the open, and what the close ends.
    assert not np.isin(tape(alone)[:, ek.TAPE_KIND], codes.PRINT_KINDS).any()
    assert stood.sum() > 10
    people = whole_day(market(world=replace(WORLD, background=False)))
    assert np.isin(tape(people)[:, ek.TAPE_TAKER_OWNER], range(1, 20)).any()


def test_auctions_open_and_close_the_day(day):
    opened, closes = edges(day)
    crosses = tape(day)[tape(day)[:, ek.TAPE_KIND] == codes.PRINT_CROSS]
    assert crosses[:, ek.TAPE_TS].tolist() == [opened, closes]
    assert (crosses[:, ek.TAPE_SIZE] > 0).all()
    assert not np.isin(tape(day)[tape(day)[:, ek.TAPE_TS] < opened, ek.TAPE_KIND], codes.PRINT_KINDS).any()
    assert day.phase == ek.CLOSED


def test_a_halt_stops_trading_and_an_auction_ends_it():
    made = whole_day(market(world=replace(WORLD, halts=(Halt("10:03", 60.0, 30.0),))))
    begins = edges(made)[0] + 180 * SECOND
    rows = tape(made)
    printed = rows[np.isin(rows[:, ek.TAPE_KIND], codes.PRINT_KINDS)]
    during = (printed[:, ek.TAPE_TS] >= begins) & (printed[:, ek.TAPE_TS] < begins + 90 * SECOND)
    assert not during.any()
    at_end = printed[printed[:, ek.TAPE_TS] == begins + 90 * SECOND]
    assert at_end[0, ek.TAPE_KIND] == codes.PRINT_CROSS
    assert codes.HALT in rows[:, ek.TAPE_KIND]


def test_the_auction_after_a_halt_lasts_as_long_as_the_halt_says():
    halt = Halt("10:01", seconds=10.0, call_seconds=60.0)
    made = whole_day(market(world=replace(WORLD, halts=(halt,), volatility_call_seconds=5.0)))
    ended = edges(made)[0] + (60 + 10 + 60) * SECOND
    crosses = tape(made)[tape(made)[:, ek.TAPE_KIND] == codes.PRINT_CROSS, ek.TAPE_TS]
    assert ended in crosses
    assert not ((crosses > edges(made)[0]) & (crosses < ended)).any()
    assert made.market.at[ml.VOLATILITY_CALLS] == 0


def test_a_halt_in_a_volatility_auction_does_not_last_till_the_close():
    world = replace(WORLD, band_ticks=1, volatility_call_seconds=200.0, halts=(Halt("10:03", 10.0, 0.0),))
    made = whole_day(market(world=world))
    resumed = edges(made)[0] + 190 * SECOND
    printed = tape(made)[np.isin(tape(made)[:, ek.TAPE_KIND], codes.PRINT_KINDS), ek.TAPE_TS]
    assert ((printed > resumed) & (printed < edges(made)[1])).any()


def test_what_lies_below_the_ladder_is_refused_and_not_taken_for_nothing():
    class Far:
        told = ()

        def on_start(self, gateway):
            gateway.submit(codes.SELL, 100, stop_tick=made.base_tick - 1)

        def on_time(self, gateway):
            raise AssertionError

        def on_fill(self, gateway, fill):
            raise AssertionError

        def on_order(self, gateway, order_id, event, reason):
            self.told = (*self.told, event)

    far, made = Far(), market()
    opened = edges(made)[0]
    trade(made, [Trader(far, opened + SECOND, opened + 5 * SECOND)])
    assert far.told == (codes.REJECTED,)


def test_news_move_the_value_and_those_who_believe_in_it_move_the_price():
    believers = Participants("fundamental-trader", 5, interval_s=1.0, size=300, limit=500_000)
    world = replace(WORLD, participants=(believers,))
    calm, struck = market(world=world), market(world=replace(world, news=(News("10:04", 30.0),)))
    opened, closes = edges(calm)
    whole_day(calm), whole_day(struck)
    ns = np.array([opened + 239 * SECOND, closes - 21 * SECOND])
    before, after = middles(struck, ns) - middles(calm, ns)
    assert before == 0.0
    assert 10.0 < after < 45.0


def test_a_narrow_band_starts_volatility_auctions():
    made = whole_day(market(world=replace(WORLD, band_ticks=2, volatility_call_seconds=15.0)))
    assert made.market.at[ml.VOLATILITY_CALLS] > 0
    crosses = tape(made)[tape(made)[:, ek.TAPE_KIND] == codes.PRINT_CROSS]
    assert len(crosses) > 2


def test_the_day_is_recorded_as_a_venue_would(day):
    recorded = day_of(day, DATE)
    quotes = recorded.quotes()
    continuous = quotes.filter(quotes["ts_ns"].is_between(edges(day)[0] + 1, edges(day)[1] - 21 * SECOND))
    assert (continuous["bid"] < continuous["ask"]).all()
    assert recorded.opening_rows > 10


def test_what_cannot_be_is_said():
    with pytest.raises(UsageError, match="outside the session"):
        market(world=replace(WORLD, news=(News("17:00", 1.0),)))
    with pytest.raises(UsageError, match="lasts into the close"):
        market(world=replace(WORLD, halts=(Halt("10:09"),)))
    with pytest.raises(UsageError, match="seed"):
        market(seed=-1)


def test_a_changed_order_is_told_as_the_change_left_it():
    class Changes:
        def on_start(self, gateway):
            self.order = gateway.submit(codes.BUY, 500, gateway.best_bid_tick - 30)
            gateway.wake_at(gateway.now_ns + SECOND)

        def on_time(self, gateway):
            gateway.modify(self.order, 300, gateway.best_bid_tick - 20)

        def on_fill(self, gateway, fill):
            raise AssertionError

    made = market()
    opened = edges(made)[0]
    trade(made, [Trader(Changes(), opened + SECOND, opened + 3 * SECOND)])
    log = own_tables.log_of(made)
    told = own_tables.orders(made, log, "run", "P.", ["P"]).row(0, named=True)
    changed = log[log[:, ml.LOG_EVENT] == codes.REPLACED]
    assert len(changed) == 1
    assert told["quantity"] == 300
    assert told["price"] == (changed[0, ml.LOG_LEVEL] + made.base_tick) * made.instrument.tick_size
    assert told["price"] > made.orders[0].tick * made.instrument.tick_size


def test_a_late_cancel_of_an_order_that_has_gone_takes_no_fill_from_another():
    class Late:
        def __init__(self):
            self.filled = []

        def on_start(self, gateway):
            self.first = gateway.submit(codes.BUY, 100, gateway.best_bid_tick - 50, codes.IOC)
            self.second = gateway.submit(codes.BUY, 777, gateway.best_ask_tick + 5, codes.POST_ONLY)
            self.third = gateway.submit(codes.BUY, 777, gateway.best_bid_tick + 1)
            gateway.cancel(self.first)

        def on_time(self, gateway):
            raise AssertionError

        def on_fill(self, gateway, fill):
            self.filled.append(fill.order_id)

    late = Late()
    made = market(rules=TradingRules(ConstantLatency(response_ns=SECOND)))
    opened = edges(made)[0]
    trade(made, [Trader(late, opened + SECOND, opened + 120 * SECOND)])
    assert late.filled
    assert set(late.filled) == {late.third}
