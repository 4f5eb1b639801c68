"""The matching engine as an object, and orders of each kind in a market small enough to follow."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.errors import DataError, UsageError
from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as layout
from tcakit.venue import engine_messages_kernel as message
from tcakit.venue.engine import MatchingEngine

OK = 0


@pytest.fixture
def market():
    return MatchingEngine(100, slots=16, rows=400)


def limit(market, side, level, size, owner=1, **parts):
    status, order_id = market.send(message.NEW_ORDER, owner=owner, side=side, level=level, size=size, **parts)
    assert status == OK
    return order_id


def prints(market):
    """(kind, level, size) of all that traded."""
    kinds = (codes.EXECUTE, codes.PRINT_HIDDEN, codes.PRINT_CROSS)
    return [
        (codes.EVENT_NAMES[kind], level, size)
        for kind, level, size in market.tape()[:, [layout.TAPE_KIND, layout.TAPE_LEVEL, layout.TAPE_SIZE]].tolist()
        if kind in kinds
    ]


def events(market, owner):
    """(event, reason, level, size) of an owner's reports."""
    reports = market.reports()
    mine = reports[reports[:, layout.REPORT_OWNER] == owner]
    wanted = [layout.REPORT_EVENT, layout.REPORT_REASON, layout.REPORT_LEVEL, layout.REPORT_SIZE]
    return [
        (codes.STATE_NAMES[event], codes.REASON_NAMES[reason], level, size)
        for event, reason, level, size in mine[:, wanted].tolist()
    ]


def test_it_grows_as_far_as_it_may_and_then_says_so():
    market = MatchingEngine(50, slots=2, rows=16, most_bytes=900_000)
    rows = np.zeros((400, message.MESSAGE_COLUMNS), np.int64)
    rows[:, message.MESSAGE_KIND] = message.NEW_LIMIT
    rows[:, message.MESSAGE_SIDE] = codes.BUY
    rows[:, message.MESSAGE_LEVEL] = np.arange(400) % 50
    rows[:, message.MESSAGE_SIZE] = 7
    assert (market.send_all(rows)[:, message.RESULT_STATUS] == OK).all()
    assert market.engine.counters[layout.LIVE] == 400
    assert len(market.tape()) == 400
    with pytest.raises(DataError, match="are not enough for the"):
        market.send_all(np.tile(rows, (10, 1)))
    # What did not fit has not been done, and the book is whole.
    assert market.engine.counters[layout.LIVE] == len(market.tape())
    assert sum(array.nbytes for array in market.engine) <= 900_000


def test_a_ladder_that_nobody_can_hold_is_refused():
    with pytest.raises(UsageError, match="a ladder of 1,000,000,000 prices"):
        MatchingEngine(1_000_000_000)
    with pytest.raises(UsageError, match="a ladder of 0 prices"):
        MatchingEngine(0)


def test_stops_go_off_one_after_the_other_oldest_first(market):
    for level in (50, 51, 52, 53):
        limit(market, codes.SELL, level, 10)
    limit(market, codes.BUY, -1, 10, owner=2, type=codes.MARKET, stop=51)
    limit(market, codes.BUY, 52, 15, owner=3, stop=50)
    market.send(message.NEW_MARKET, owner=4, side=codes.BUY, size=10)
    # The limit stop at 50 goes first, trades at 51 and 52, and thereby touches off the other, which is the older one.
    assert prints(market) == [
        ("execute", 50, 10),
        ("execute", 51, 10),
        ("execute", 52, 5),
        ("execute", 52, 5),
        ("execute", 53, 5),
    ]
    assert events(market, 2)[1] == ("triggered", "", 51, 10)
    assert events(market, 3)[-1] == ("filled", "took", 52, 5)


def test_pegged_orders_follow_the_displayed_book_and_meet_in_the_middle(market):
    limit(market, codes.BUY, 40, 10)
    limit(market, codes.SELL, 50, 10)
    limit(market, codes.BUY, -1, 100, owner=2, peg=codes.MIDPOINT_PEG)
    limit(market, codes.BUY, 44, 10)
    assert events(market, 2)[-1] == ("replaced", "repriced", 47, 100)
    limit(market, codes.SELL, -1, 30, owner=3, peg=codes.MIDPOINT_PEG)
    assert prints(market) == [("print hidden", 47, 30)]
    assert market.engine.best[layout.DISPLAYED].tolist() == [44, 50]


def test_a_match_beyond_the_band_begins_a_call(market):
    market.engine.counters[layout.BAND_HIGH] = 51
    for level in (50, 51, 52):
        limit(market, codes.SELL, level, 10)
    status, _ = market.send(message.NEW_ORDER, owner=2, side=codes.BUY, level=60, size=30)
    assert status == layout.INTERRUPTED
    assert market.engine.counters[layout.PHASE] == layout.VOLATILITY
    assert market.engine.best[layout.DISPLAYED].tolist() == [60, 52]
    assert market.send(message.NEW_MARKET, owner=3, side=codes.SELL, size=5) == (OK, 0)
    market.engine.counters[layout.BAND_HIGH] = 99
    assert market.send(message.UNCROSS, level=55) == (OK, 55)
    assert prints(market)[-1] == ("print cross", 55, 10)
    kinds = market.tape()[:, layout.TAPE_KIND].tolist()
    assert [kind for kind in kinds if kind >= codes.HALT and kind <= codes.TRADE_RESUME] == [
        codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "left", "traded"),
    [
        (codes.MATCH_OFF, [0, 0], [20]),
        (codes.CANCEL_NEWEST, [20, 0], []),
        (codes.CANCEL_OLDEST, [0, 30], []),
        (codes.CANCEL_BOTH, [0, 0], []),
        (codes.DECREMENT, [0, 10], []),
    ],
)
def test_nobody_meets_himself_unless_he_may(market, rule, left, traded):
    market.engine.counters[layout.SELF_MATCH] = rule
    limit(market, codes.SELL, 50, 20)
    market.send(message.NEW_ORDER, owner=1, side=codes.BUY, level=50, size=30)
    sizes = market.engine.levels[layout.DISPLAYED, :, 50, 2].tolist()
    assert sizes == ([10, 0] if rule == codes.MATCH_OFF else left[::-1])
    assert [size for _, _, size in prints(market)] == traded


def test_what_is_absurd_is_refused_with_its_reason(market):
    cases = [
        ({"size": -5}, "size refused"),
        ({"size": 0}, "size refused"),
        ({"size": 1 << 60}, "size refused"),
        ({"level": -1}, "outside the price grid"),
        ({"level": 10**12}, "outside the price grid"),
        ({"side": 0}, "terms that do not go together"),
        ({"display": 1, "size": 20_000}, "size refused"),
        ({"display": 1, "hidden": 1}, "terms that do not go together"),
        ({"peg": 1, "peg_offset": 1 << 50}, "terms that do not go together"),
        ({"time_in_force": 99}, "terms that do not go together"),
        ({"time_in_force": codes.AT_OPEN}, "session over"),
        ({"stop": 100}, "outside the price grid"),
    ]
    for parts, reason in cases:
        fields = {"owner": 1, "side": codes.BUY, "level": 50, "size": 10, **parts}
        assert market.send(message.NEW_ORDER, **fields) == (layout.REFUSED, 0), parts
        assert events(market, 1)[-1][:2] == ("rejected", reason), parts
    assert len(market.tape()) == 0


def test_a_million_orders_rest(market):
    count = 1_000_000
    rows = np.zeros((count, message.MESSAGE_COLUMNS), np.int64)
    rows[:, message.MESSAGE_KIND] = message.NEW_LIMIT
    rows[:, message.MESSAGE_SIDE] = np.where(np.arange(count) % 2, codes.BUY, codes.SELL)
    rows[:, message.MESSAGE_LEVEL] = np.where(np.arange(count) % 2, np.arange(count) % 50, 50 + np.arange(count) % 50)
    rows[:, message.MESSAGE_SIZE] = 100
    market.send_all(rows)
    assert market.engine.counters[layout.LIVE] == count
    assert market.engine.best[layout.DISPLAYED].tolist() == [49, 50]
    assert market.send(message.NEW_MARKET, side=codes.BUY, size=100 * count)[0] == OK
    assert market.engine.counters[layout.ASKS] == 0
