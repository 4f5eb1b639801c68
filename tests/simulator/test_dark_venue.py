"""The dark venue of a simulated market: who meets there at what price, and what it leaves as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.book import fifo_kernel as fifo
from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator import own_tables
from tcakit.simulator.session import Trader, trade
from tcakit.simulator.world import DarkVenue, Halt
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_layout_kernel as mp
from tcakit.venue.fees import FeeSchedule
from tcakit.venue.gateway import dark_market
from tests.simulator.markets import DATE, SECOND, WORLD, edges, market, whole_day

DARK = replace(WORLD, is_dark_on=True, dark=DarkVenue(interval_s=1.0, size=200))


def tape(made):
    engine = made.market.engine
    return engine.tape[: engine.counters[ek.TAPE_ROWS]]


def prints(made):
    dark = made.market.dark
    return dark.prints[: dark.counters[mp.PRINT_ROWS]]


@pytest.fixture(scope="module")
def day():
    return whole_day(market(world=DARK))


def test_the_displayed_venue_does_not_know_of_the_dark_one(day):
    assert tape(day).tobytes() == tape(whole_day(market())).tobytes()
    assert len(prints(day)) > 50


def test_a_seed_is_a_day_in_the_dark_too_in_one_piece_or_in_many(day):
    made = market(world=DARK)
    for ns in range(made.now, edges(made)[1] + SECOND, 7 * SECOND + 13):
        made.advance(ns)
    assert prints(whole_day(made)).tobytes() == prints(day).tobytes()


def test_every_print_is_at_the_middle_of_what_was_displayed(day):
    rows = prints(day)
    half = rows[:, mp.PRINT_HALF]
    assert (half == rows[:, mp.PRINT_BID] + rows[:, mp.PRINT_ASK]).all()
    assert (half % 2 == 1).any()
    # By the tape: each displayed row says what its level shows from then on.
    shown, at = {codes.BUY: {}, codes.SELL: {}}, 0
    events = tape(day)
    for row in rows[:200]:
        while at < len(events) and events[at, ek.TAPE_TS] <= row[mp.PRINT_TS]:
            if events[at, ek.TAPE_LEVEL_SIZE] >= 0:
                shown[events[at, ek.TAPE_SIDE]][int(events[at, ek.TAPE_LEVEL])] = events[at, ek.TAPE_LEVEL_SIZE]
            at += 1
        bid = max(level for level, size in shown[codes.BUY].items() if size > 0)
        ask = min(level for level, size in shown[codes.SELL].items() if size > 0)
        assert (bid, ask) == (row[mp.PRINT_BID], row[mp.PRINT_ASK])


def test_those_in_the_dark_lean_with_what_is_displayed():
    # Patience is short, so that what came last stands alone.
    made = market(world=replace(DARK, dark=DarkVenue(interval_s=0.3, size=200, patience_s=1e-3, lean=1.0)))
    opened, dark, shares, last = edges(made)[0], made.market.dark, {codes.BUY: [], codes.SELL: []}, 0
    for ns in range(opened, opened + 300 * SECOND, SECOND // 10):
        made.advance(ns)
        if dark.counters[mp.SEQUENCE] > last:
            last = dark.counters[mp.SEQUENCE]
            side = int(dark.orders[np.argmax(dark.orders[:, mp.PLACE]), fifo.SIDE])
            bids, offers = made.size_at(codes.BUY, made.best_tick(0)), made.size_at(codes.SELL, made.best_tick(1))
            if side:
                shares[side].append(bids / (bids + offers))
    assert len(shares[codes.BUY]) + len(shares[codes.SELL]) > 200
    assert np.mean(shares[codes.BUY]) > np.mean(shares[codes.SELL]) + 0.1


def test_nothing_meets_in_calls_and_halts_and_nothing_is_left_at_the_close():
    made = whole_day(market(world=replace(DARK, halts=(Halt("10:03", 60.0, 30.0),))))
    opened, closes = edges(made)
    times = prints(made)[:, mp.PRINT_TS]
    assert ((times >= opened) & (times < closes - 20 * SECOND)).all()
    begins = opened + 180 * SECOND
    assert not ((times >= begins) & (times < begins + 90 * SECOND)).any()
    assert (times > begins + 90 * SECOND).any()
    assert made.market.dark.counters[mp.RESTING] == 0


class Puts:
    """Puts one order into the dark and takes back what is left of it after a while."""

    def __init__(self, quantity=3_000, seconds=60, **parts):
        self.quantity, self.seconds, self.parts = quantity, seconds, parts
        self.fills, self.events = [], []

    def on_start(self, gateway):
        self.dark = dark_market(gateway)
        assert self.dark.best_bid_tick is None
        self.order = self.dark.submit(codes.BUY, self.quantity, **self.parts)
        gateway.wake_at(gateway.now_ns + self.seconds * SECOND)

    def on_time(self, gateway):
        gateway.cancel(self.order)

    def on_fill(self, gateway, fill):
        self.fills.append(fill)

    def on_order(self, gateway, order_id, event, reason):
        self.events.append((event, reason))


def put(strategy, world=DARK, start_s=30, end_s=120):
    made = market(world=world)
    opened = edges(made)[0]
    trade(made, [Trader(strategy, opened + start_s * SECOND, opened + end_s * SECOND)])
    return made


def tables(made):
    log = own_tables.log_of(made)
    of = (made, log, "run", "P.")
    return own_tables.orders(*of, ["P"]), own_tables.fills(*of, ["P"], DATE, FeeSchedule()), log


def test_an_order_of_ours_is_filled_at_the_middle_and_saves_half_a_spread():
    strategy = Puts(quantity=40_000)
    made = put(strategy)
    orders, fills, _ = tables(made)
    assert fills.height > 3
    assert (2 * fills["price"] == fills["bid"] + fills["ask"]).all()
    assert set(fills["venue"]) == {"XDRK"}
    assert set(fills["reason"]) == {"midpoint"}
    half = made.instrument.tick_size // 2
    assert (fills["price"] % made.instrument.tick_size).is_in([0, half]).all()
    told = orders.row(0, named=True)
    assert (told["peg"], told["display_quantity"], told["price"]) == ("midpoint", 0, None)
    assert told["filled"] == fills["quantity"].sum() == sum(fill.quantity for fill in strategy.fills)
    assert {fill.part for fill in strategy.fills} <= {0, 50}
    own = prints(made)[prints(made)[:, mp.PRINT_BUY_OWNER] >= made.market.at[ml.FIRST_OWN]]
    assert own[:, mp.PRINT_SIZE].sum() == told["filled"]
    assert strategy.events[0][0] == codes.ACKNOWLEDGED
    assert strategy.events[-1] == (codes.CANCELLED, codes.BY_STRATEGY)
    # Nothing of it was seen: the displayed market is the one without us.
    assert tape(whole_day(made)).tobytes() == tape(whole_day(market())).tobytes()


def test_a_limit_and_a_least_size_are_kept():
    alone = market(world=DARK)
    opened = edges(alone)[0]
    alone.advance(opened + 30 * SECOND)
    limit = alone.best_tick(0)
    strategy = Puts(tick=limit, minimum_quantity=300)
    made = put(strategy, end_s=400)
    _, fills, _ = tables(made)
    assert (fills["price"] <= limit * made.instrument.tick_size).all()
    assert (fills["quantity"] >= 300).all()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [({"tick": 1}, codes.OFF_GRID), ({"quantity": 1 << 40}, codes.SIZE_REFUSED)],
)
def test_what_the_venue_refuses_is_told(parts, reason):
    strategy = Puts(**parts)
    made = put(strategy)
    assert strategy.events == [(codes.REJECTED, reason)]
    assert not tables(made)[1].height


def test_what_cannot_be_sent_is_said():
    class Tries(Puts):
        def on_start(self, gateway):
            dark = dark_market(gateway)
            with pytest.raises(ValueError, match="minimum_quantity"):
                dark.submit(codes.BUY, 100, minimum_quantity=200)
            with pytest.raises(ValueError, match="in the dark"):
                dark.submit(codes.BUY, 100, time_in_force=codes.FOK)
            with pytest.raises(ValueError, match="no iceberg"):
                dark.submit(codes.BUY, 100, display_quantity=50)
            assert gateway.markets == (gateway.name, dark.name)
            assert dark.market(gateway.name) is gateway

    put(Tries())


def test_an_order_is_made_smaller_and_larger_and_goes_at_once_or_never():
    class Changes(Puts):
        def on_start(self, gateway):
            dark = dark_market(gateway)
            self.order = dark.submit(codes.BUY, 1_000, gateway.best_bid_tick - 50)
            self.other = dark.submit(codes.BUY, 1_000, gateway.best_bid_tick - 50, codes.IOC)
            gateway.wake_at(gateway.now_ns + SECOND)

        def on_time(self, gateway):
            dark_market(gateway).modify(self.order, 400, None)

    strategy = Changes()
    made = market(world=replace(DARK, dark=replace(DARK.dark, interval_s=1e6)))
    opened = edges(made)[0]
    trade(made, [Trader(strategy, opened + 30 * SECOND, opened + 40 * SECOND)])
    told = [event for event, _ in strategy.events]
    assert told == [codes.ACKNOWLEDGED, codes.ACKNOWLEDGED, codes.CANCELLED, codes.REPLACED]
    orders, _, _ = tables(made)
    assert orders["quantity"].to_list() == [400, 1_000]
    assert orders["reason"].to_list() == ["end of data", "no liquidity"]


def test_without_a_dark_venue_there_is_no_door():
    class Asks(Puts):
        def on_start(self, gateway):
            self.dark = dark_market(gateway)

    strategy = Asks()
    put(strategy, world=WORLD)
    assert strategy.dark is None


def test_a_crowd_in_the_dark_finds_room():
    crowd = replace(DARK, dark=DarkVenue(interval_s=0.02, size=200, patience_s=1e5, limit_share=1.0))
    made = market(world=crowd)
    made.advance(edges(made)[0] + 60 * SECOND)
    assert made.market.dark.orders.shape[0] > 64
    assert len(prints(made)) > 256
