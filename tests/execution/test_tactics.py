"""What each ready tactic does in a market that a test moves by hand."""

from __future__ import annotations

import pytest
from fake_venue import FakeGateway

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.parent import ParentOrder
from tcakit.market import codes
from tcakit.market.codes import BUY, SELL

SECOND = 1_000_000_000
END = 600 * SECOND


def begun(algo: str, quantity: int = 1_000, side: int = BUY, limit: int | None = None, scale: int = 1, lot: int = 1):
    """A strategy that has started at time 0 in a market of 100 to 101, and its gateway."""
    parent = ParentOrder("p", "ACME", "2026-03-04", side, quantity, 0, END, algo, limit_tick=limit)
    strategy = make_strategy(parent, parse_algorithm(algo), lot=lot, curve=None, size_scale=scale)
    gateway = Market()
    gateway.sizes = {(BUY, 100): 50, (SELL, 101): 50}
    strategy.on_start(gateway)
    return strategy, gateway


class Market(FakeGateway):
    """Remembers what was special of every order."""

    def __init__(self) -> None:
        super().__init__()
        self.special: list[dict[str, int | None]] = []

    def submit(self, side, quantity, tick=None, time_in_force=codes.GTC, **special) -> int:
        self.special.append({name: value for name, value in special.items() if value})
        return super().submit(side, quantity, tick, time_in_force, **special)

    def at(self, strategy, seconds: float) -> None:
        """Ask the strategy at a time, whether it wanted to be or not."""
        self.now_ns = round(seconds * SECOND)
        strategy.on_time(self)

    def quote(self, bid: int, ask: int, bid_size: int = 50, ask_size: int = 50) -> None:
        self.best_bid_tick, self.best_ask_tick = bid, ask
        self.sizes = {(BUY, bid): bid_size, (SELL, ask): ask_size}

    @property
    def open(self) -> list[tuple[int, int, int | None, int]]:
        """Side, what is left, tick and time in force of the orders at work that nobody asked back."""
        live = [order for order in self.live if not order.cancel_asked]
        return [(order.side, order.leaves, order.tick, order.time_in_force) for order in live]

    def answer_cancels(self, strategy) -> None:
        for order in [order for order in self.live if order.cancel_asked]:
            self.answer(strategy, order, codes.CANCELLED)


# --- passive-aggressive -----------------------------------------------------------------------------------


def test_a_clip_rests_until_its_patience_is_over_and_then_crosses_for_what_is_left():
    strategy, market = begun("passive-aggressive:30s,clip=200")
    assert market.open == [(BUY, 200, 100, codes.GTC)]
    market.fill(strategy, market.orders[0], 80)
    market.at(strategy, 29)
    assert market.open == [(BUY, 120, 100, codes.GTC)]
    market.at(strategy, 30)
    market.answer_cancels(strategy)
    assert market.open == [(BUY, 120, 101, codes.IOC)]
    market.fill(strategy, market.orders[1], 50)
    market.answer(strategy, market.orders[1], codes.EXPIRED)
    # What was not had rests again, with new patience; then the next clip.
    market.at(strategy, 31)
    assert market.open == [(BUY, 70, 100, codes.GTC)]
    market.fill(strategy, market.orders[2], 70)
    market.at(strategy, 32)
    assert market.open == [(BUY, 200, 100, codes.GTC)]


def test_it_crosses_at_once_when_its_own_side_is_the_heavier_one():
    strategy, market = begun("passive-aggressive:30s,clip=200,imbalance=0.8", side=SELL)
    market.quote(100, 101, bid_size=10, ask_size=39)
    market.at(strategy, 1)
    assert market.open == [(SELL, 200, 101, codes.GTC)]
    market.quote(100, 101, bid_size=10, ask_size=40)
    market.at(strategy, 2)
    market.answer_cancels(strategy)
    assert market.open == [(SELL, 200, 100, codes.IOC)]


def test_it_follows_the_touch_without_new_patience():
    strategy, market = begun("passive-aggressive:30s,clip=200")
    market.quote(102, 103)
    market.at(strategy, 20)
    market.answer_cancels(strategy)
    assert market.open == [(BUY, 200, 102, codes.GTC)]
    market.at(strategy, 30)
    market.answer_cancels(strategy)
    assert market.open == [(BUY, 200, 103, codes.IOC)]


def test_a_tenth_of_the_order_is_a_clip_and_its_last_one_is_what_is_left():
    _, market = begun("passive-aggressive:30s", quantity=25, lot=2)
    assert market.open == [(BUY, 2, 100, codes.GTC)]
    _, market = begun("passive-aggressive:30s,clip=200", quantity=150)
    assert market.open == [(BUY, 150, 100, codes.GTC)]


# --- sniper -----------------------------------------------------------------------------------------------


def test_a_sniper_takes_what_the_touch_shows_when_its_side_is_heavy_and_never_rests():
    strategy, market = begun("sniper:0.75")
    market.quote(100, 101, bid_size=149, ask_size=50)
    market.at(strategy, 1)
    assert market.orders == []
    market.quote(100, 101, bid_size=150, ask_size=50)
    market.at(strategy, 2)
    assert market.open == [(BUY, 50, 101, codes.IOC)]
    # Nothing more until it knows what it had.
    market.at(strategy, 2.1)
    assert len(market.orders) == 1
    market.fill(strategy, market.orders[0], 50)
    market.at(strategy, 2.2)
    assert market.open == [(BUY, 50, 101, codes.IOC)]


def test_a_clip_bounds_what_a_sniper_takes_and_the_finish_takes_the_rest():
    strategy, market = begun("sniper:0.5,clip=20", quantity=60, side=SELL)
    assert market.open == [(SELL, 20, 100, codes.IOC)]
    market.fill(strategy, market.orders[0], 20)
    market.at(strategy, 571)
    assert market.open == [(SELL, 40, None, codes.IOC)]


# --- iceberg and pegged -----------------------------------------------------------------------------------


def test_an_iceberg_is_one_order_that_shows_its_tip_and_follows_the_touch():
    strategy, market = begun("iceberg:100")
    assert market.open == [(BUY, 1_000, 100, codes.GTC)]
    assert market.special == [{"display_quantity": 100}]
    market.quote(99, 100)
    market.at(strategy, 1)
    assert len(market.orders) == 1
    market.fill(strategy, market.orders[0], 950)
    market.quote(101, 102)
    market.at(strategy, 2)
    market.answer_cancels(strategy)
    assert market.open == [(BUY, 50, 101, codes.GTC)]
    # A tip is never larger than the order.
    assert market.special[1] == {"display_quantity": 50}


def test_a_pegged_order_is_the_venues_to_move_until_the_finish():
    strategy, market = begun("pegged:midpoint,offset=-1", limit=104, side=BUY)
    assert market.open == [(BUY, 1_000, 104, codes.GTC)]
    assert market.special == [{"peg": codes.MIDPOINT_PEG, "peg_offset_ticks": -1}]
    market.answer(strategy, market.orders[0], codes.REPLACED)
    market.quote(102, 103)
    market.at(strategy, 300)
    assert len(market.orders) == 1
    market.at(strategy, 570)
    market.answer_cancels(strategy)
    assert market.open == [(BUY, 1_000, 104, codes.IOC)]


# --- market maker -----------------------------------------------------------------------------------------


def test_a_market_maker_quotes_both_touches_and_leans_against_what_it_holds():
    maker, market = begun("market-maker:200,size=100,skew=2")
    assert market.open == [(BUY, 100, 100, codes.POST_ONLY), (SELL, 100, 101, codes.POST_ONLY)]
    market.quote(100, 104)
    market.fill(maker, market.orders[0], 100)
    market.at(maker, 1)
    market.answer_cancels(maker)
    # Half of its position is one tick of the two: bid 99, offer 103.
    assert sorted(market.open) == [(SELL, 100, 103, codes.POST_ONLY), (BUY, 100, 99, codes.POST_ONLY)]
    market.fill(maker, next(order for order in market.live if order.side == BUY), 100)
    market.at(maker, 2)
    market.answer_cancels(maker)
    # It holds all that it may: no bid, and an offer two ticks below the touch.
    assert market.open == [(SELL, 100, 102, codes.POST_ONLY)]


def test_a_leaning_quote_never_takes_and_an_edge_keeps_both_off_the_touch():
    maker, market = begun("market-maker:200,size=200,skew=9")
    market.fill(maker, market.orders[0], 200)
    market.at(maker, 1)
    market.answer_cancels(maker)
    assert market.open == [(SELL, 200, 101, codes.POST_ONLY)]
    _, market = begun("market-maker:200,edge=3")
    assert market.open == [(BUY, 50, 97, codes.POST_ONLY), (SELL, 50, 104, codes.POST_ONLY)]


@pytest.mark.parametrize(("first", "then"), [(0, (SELL, 30, None, codes.IOC)), (1, (BUY, 30, None, codes.IOC))])
def test_before_its_end_it_trades_away_what_it_holds(first, then):
    maker, market = begun("market-maker:200,size=100,skew=0")
    market.fill(maker, market.orders[first], 30)
    market.at(maker, 571)
    assert market.open == []
    market.answer_cancels(maker)
    assert market.open == [then]
    market.fill(maker, market.orders[-1], 30)
    market.at(maker, 580)
    assert market.open == []
    assert maker.held == 0


def test_the_parents_quantity_bounds_each_side_and_its_limit_the_parents_side():
    maker, market = begun("market-maker:200,size=100", quantity=120, limit=98)
    assert market.open == [(BUY, 100, 98, codes.POST_ONLY), (SELL, 100, 101, codes.POST_ONLY)]
    market.fill(maker, market.orders[1], 100)
    market.at(maker, 1)
    market.answer_cancels(maker)
    assert (SELL, 20, 101, codes.POST_ONLY) in market.open
    assert maker.sells.free() == 0


# --- how they are named -----------------------------------------------------------------------------------


def test_sizes_are_shares_whatever_the_stored_units():
    _, market = begun("iceberg:0.5", quantity=10_000, scale=1_000)
    assert market.special == [{"display_quantity": 500}]
    _, market = begun("market-maker:2,size=0.25", quantity=10_000, scale=1_000)
    assert [order.quantity for order in market.orders] == [250, 250]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("passive-aggressive:30s,clip=200", "passive-aggressive:30s"),
        ("sniper:0.70", "sniper:0.7"),
        ("iceberg:200", "iceberg:200"),
        ("pegged", "pegged"),
        ("pegged:midpoint", "pegged:midpoint"),
        ("market-maker:500,skew=1.5", "market-maker:500"),
        ("maker:MarketMaker", "MarketMaker"),
        ("desk.snipers:Patient,imbalance=0.7", "Patient"),
    ],
)
def test_an_algorithm_is_called_by_its_name_and_its_one_value(text, label):
    assert parse_algorithm(text).label == label


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("passive-aggressive", "passive-aggressive:30s"),
        ("sniper", "sniper:0.7"),
        ("sniper:70", "0.5 to 1"),
        ("sniper:0.3", "0.5 to 1"),
        ("sniper:nan", "0.5 to 1"),
        ("iceberg", "iceberg:200"),
        ("iceberg:0", "above zero"),
        ("iceberg:inf", "above zero"),
        ("pegged:far", "pegged:midpoint"),
        ("pegged,offset=0.5", "ticks"),
        ("market-maker", "market-maker:500"),
        ("market-maker:500,skew=-1", "ticks"),
        ("market-maker:500,edge=-1", "ticks"),
        ("market-maker:500,shown=5", "market-maker has no parameter"),
        ("passive-aggressive:0s", "above zero"),
        ("passiv-aggressive:30s", "did you mean 'passive-aggressive'?"),
        ("icebergs:200", "did you mean 'iceberg'?"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(text, told):
    with pytest.raises(UsageError) as error:
        parse_algorithm(text)
    assert told in f"{error.value.message} {error.value.remedy}"
