"""Stops, icebergs, pegs, orders for the day and for auctions, and orders that meet, against the slow witness."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import (
    L2_RULES,
    LATENCIES,
    LOW,
    SELF_MATCHES,
    SESSIONS,
    feed_of,
    icebergs,
    level_three_days,
    level_two_days,
    logged,
    one_level_days,
    special_messages,
)
from replay_witness import Message, Row
from test_replay_kernel import OTHER_FILLS, agree, both

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import ConstantLatency
from tcakit.venue.order_state import OrderLife


@given(
    st.data(),
    level_two_days(),
    st.sampled_from(L2_RULES),
    st.sampled_from([1, 2, 5]),
    LATENCIES,
    SESSIONS,
    SELF_MATCHES,
    st.booleans(),
)
def test_level_two_days_fill_special_orders_as_the_page_says(
    data, rows, rule, lot, entry, session_ns, self_match, tiny
):
    sent = data.draw(special_messages(lot))
    latency = ConstantLatency(0, entry, 0)
    agree(*both(rows, sent, rule, 2.0, lot, latency, tiny, session_ns=session_ns, self_match=self_match))


@given(st.data(), level_three_days(), st.sampled_from(list(codes.QUEUE_RULE_NAMES)), SESSIONS, SELF_MATCHES)
def test_level_three_days_fill_special_orders_as_the_page_says(data, rows, rule, session_ns, self_match):
    sent = data.draw(special_messages(1))
    agree(*both(rows, sent, rule, 2.0, 1, ConstantLatency(), session_ns=session_ns, self_match=self_match))


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES), OTHER_FILLS, SESSIONS, SELF_MATCHES, st.booleans())
def test_other_exchanges_fill_special_orders_as_the_page_says(data, rows, rule, fills, session_ns, self_match, tiny):
    sent = data.draw(special_messages(1))
    rules = {"session_ns": session_ns, "self_match": self_match, **fills}
    agree(*both(rows, sent, rule, 2.0, 1, ConstantLatency(), tiny, **rules))


@given(st.data(), level_two_days(), SESSIONS, SELF_MATCHES)
def test_special_orders_live_and_end_as_orders_do(data, rows, session_ns, self_match):
    sent = data.draw(special_messages(1))
    rules = {"session_ns": session_ns, "self_match": self_match}
    engine, _ = both(rows, sent, codes.RISK_AVERSE, 3.0, 1, ConstantLatency(), **rules)
    lives = defaultdict(OrderLife)
    for row in engine.state.log[: int(engine.cursor[lk.N_LOG])]:
        lives[int(row[lk.LOG_ORDER])].apply(int(row[lk.LOG_EVENT]))
        assert row[lk.LOG_SIZE] >= 0
        assert row[lk.LOG_LEAVES] >= 0
    watched = engine.state.watched[: int(engine.cursor[lk.N_WATCHED])].tolist()
    resting = engine.state.live[: int(engine.cursor[lk.N_LIVE]), lk.L_ORDER].tolist()
    # What the venue still holds is what has not ended.
    assert set(watched) | set(resting) == {order for order, life in lives.items() if not life.is_over}
    assert len(set(watched)) == len(watched)


@given(st.data(), one_level_days(), st.sampled_from(L2_RULES), st.sampled_from([1, 2, 5]))
def test_icebergs_in_the_queue_of_one_level_fill_as_the_page_says(data, rows, rule, lot):
    sent = data.draw(icebergs(lot))
    agree(*both(rows, sent, rule, 2.0, lot, ConstantLatency()))


# --- one by one ----------------------------------------------------------------------------------------------

BOTH = [Row(0, codes.SET, codes.BUY, LOW, 10, 10), Row(0, codes.SET, codes.SELL, LOW + 3, 8, 8)]


def told(rows, sent, rule=codes.RISK_AVERSE, **rules):
    """(ns, order, event, reason, tick, size) of all that happened; the witness says the same."""
    engine, witness = both(rows, sent, rule, 2.0, 1, ConstantLatency(), **rules)
    agree(engine, witness)
    return [row[:6] for row in logged(engine)]


def happened(rows, sent, **rules):
    """The same without the acknowledgements, times and sizes of nothing."""
    return [row[1:] for row in told(rows, sent, **rules) if row[2] != codes.ACKNOWLEDGED]


@pytest.mark.parametrize("kind", [codes.PRINT, codes.EXECUTE, codes.PRINT_HIDDEN])
@pytest.mark.parametrize("tick", [None, LOW + 3])
def test_a_stop_waits_for_a_trade_and_takes_what_that_left(kind, tick):
    """The print of 5 is of the same instant as the row that shows 3 after it: no more than 3 are taken."""
    left = Row(6, codes.SET, codes.SELL, LOW + 3, 0, 3)
    rows = [*BOTH, Row(5, kind, codes.SELL, LOW + 2, 1), Row(6, kind, codes.SELL, LOW + 3, 5), left]
    what = happened(rows, [Message(1, 0, tick=tick, quantity=4, stop=LOW + 3)])
    assert what[:2] == [
        (0, codes.TRIGGERED, codes.NO_REASON, tick, 0),
        (0, codes.PARTIAL, codes.TOOK, LOW + 3, 3),
    ]
    # A stop-limit rests with the rest; a market order has no more to take.
    assert what[2:] == ([(0, codes.EXPIRED, codes.NO_LIQUIDITY, None, 0)] if tick is None else [])


def test_an_auction_and_what_was_printed_before_set_no_stop_off():
    rows = [*BOTH, Row(1, codes.PRINT, codes.SELL, LOW + 5, 1), Row(9, codes.PRINT_CROSS, 0, LOW + 5, 100)]
    assert happened(rows, [Message(2, 0, stop=LOW + 4)]) == []


def test_an_iceberg_fills_by_its_tip_and_goes_to_the_end_of_the_queue():
    rows = [
        *BOTH,
        Row(5, codes.PRINT, codes.BUY, LOW, 13),  # 10 stood before it, the tip is 2, 1 met whoever came behind
        Row(5, codes.SET, codes.BUY, LOW, 20, 20),
        Row(6, codes.PRINT, codes.BUY, LOW, 9),  # the 20 that came since stand behind the second tip
    ]
    sent = [Message(1, 0, tick=LOW, quantity=10, display=2), Message(7, 0, is_cancel=True)]
    engine, witness = both(rows, sent, codes.RISK_AVERSE, 1.0, 1, ConstantLatency())
    agree(engine, witness)
    # All of the 13 beyond the tip and the 10 that were shown meets what it hides: 1. It shows 2 again, at the end.
    assert [row[3:8] for row in logged(engine)] == [
        (codes.NO_REASON, LOW, 0, 10, 10.0),
        (codes.QUEUE_REACHED, LOW, 2, 8, 0.0),
        (codes.QUEUE_REACHED, LOW, 1, 7, 0.0),
        (codes.QUEUE_REACHED, LOW, 2, 5, 0.0),
        (codes.BY_STRATEGY, LOW, 0, 5, 11.0),
    ]


def test_an_iceberg_takes_with_its_whole_size():
    assert happened(BOTH, [Message(1, 0, tick=LOW + 3, quantity=7, display=1)]) == [
        (0, codes.FILLED, codes.TOOK, LOW + 3, 7)
    ]


@pytest.mark.parametrize(
    ("side", "peg", "offset", "limit", "ticks"),
    [
        (codes.BUY, codes.PRIMARY_PEG, 0, None, [LOW, LOW + 1]),
        (codes.BUY, codes.PRIMARY_PEG, 1, LOW + 1, [LOW + 1]),
        (codes.SELL, codes.PRIMARY_PEG, -2, None, [LOW + 5]),
        (codes.BUY, codes.MARKET_PEG, -1, None, [LOW + 2]),
        (codes.SELL, codes.MARKET_PEG, -2, None, [LOW + 2, LOW + 3]),
        (codes.BUY, codes.MIDPOINT_PEG, 0, None, [LOW + 1, LOW + 2]),
        (codes.SELL, codes.MIDPOINT_PEG, 0, None, [LOW + 2]),
    ],
)
def test_a_peg_follows_the_recorded_book(side, peg, offset, limit, ticks):
    """The bid rises by a tick at 5: the middle goes from 1.5 to 2."""
    rows = [*BOTH, Row(5, codes.SET, codes.BUY, LOW + 1, 4, 4)]
    what = told(rows, [Message(1, 0, False, side, limit, 5, peg=peg, offset=offset)])
    assert [(row[0], row[3], row[4]) for row in what] == [
        (ns, reason, tick) for ns, reason, tick in zip((1, 5), (codes.NO_REASON, codes.REPRICED), ticks, strict=False)
    ]


def test_a_peg_waits_for_something_to_be_pegged_to():
    rows = [BOTH[0], Row(5, codes.SET, codes.SELL, LOW + 3, 8, 8)]
    sent = [Message(1, 0, False, codes.SELL, None, 5, peg=codes.PRIMARY_PEG)]
    assert told(rows, sent) == [
        (1, 0, codes.ACKNOWLEDGED, codes.NO_REASON, None, 0),
        (5, 0, codes.REPLACED, codes.REPRICED, LOW + 3, 0),
    ]


CROSS = Row(40, codes.PRINT_CROSS, 0, LOW + 2, 10)


def test_orders_for_an_auction_fill_at_its_price_as_far_as_it_printed():
    rows = [*BOTH, Row(9, codes.PRINT_CROSS, 0, LOW, 10), Row(20, codes.PRINT_CROSS, 0, LOW + 1, 10), CROSS]
    sent = [
        Message(1, 0, False, codes.BUY, LOW + 2, 7, codes.AT_CLOSE),
        Message(1, 1, False, codes.BUY, LOW + 1, 7, codes.AT_CLOSE),
        Message(1, 2, False, codes.BUY, None, 7, codes.AT_CLOSE),
        Message(1, 3, False, codes.SELL, LOW, 3, codes.AT_OPEN),
    ]
    assert happened(rows, sent, session_ns=(10, 40)) == [
        (3, codes.FILLED, codes.AUCTION, LOW + 1, 3),
        (2, codes.FILLED, codes.AUCTION, LOW + 2, 7),
        (0, codes.PARTIAL, codes.AUCTION, LOW + 2, 3),
        (0, codes.EXPIRED, codes.NO_LIQUIDITY, LOW + 2, 0),
        (1, codes.EXPIRED, codes.NO_LIQUIDITY, LOW + 1, 0),
    ]


def test_what_waits_for_an_auction_that_never_comes_is_told_so():
    class Sends:
        def on_start(self, gateway):
            gateway.submit(codes.BUY, 5, None, codes.AT_OPEN)
            gateway.submit(codes.BUY, 5, LOW, codes.AT_CLOSE)
            gateway.submit(codes.BUY, 5, LOW, codes.DAY)

        def on_time(self, gateway): ...

        def on_fill(self, gateway, fill): ...

    settings = ReplaySettings(session_ns=(10, 40))
    result = Replay(feed_of(BOTH), [Participant(Sends(), 20, 60)], settings).run()
    ended = result.log[result.log[:, lk.LOG_EVENT] == codes.EXPIRED]
    assert ended[:, [lk.LOG_NS, lk.LOG_ORDER, lk.LOG_REASON]].tolist() == [
        [40, 0, codes.NO_AUCTION],
        [40, 2, codes.SESSION_OVER],
        [60, 1, codes.NO_AUCTION],
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (codes.MATCH_OFF, [(1, codes.PARTIAL, codes.TOOK, LOW + 3, 8)]),
        (codes.CANCEL_NEWEST, [(1, codes.CANCELLED, codes.SELF_MATCH, LOW + 3, 0)]),
        (
            codes.CANCEL_OLDEST,
            [(0, codes.CANCELLED, codes.SELF_MATCH, LOW + 2, 0), (1, codes.PARTIAL, codes.TOOK, LOW + 3, 8)],
        ),
        (
            codes.CANCEL_BOTH,
            [(0, codes.CANCELLED, codes.SELF_MATCH, LOW + 2, 0), (1, codes.CANCELLED, codes.SELF_MATCH, LOW + 3, 0)],
        ),
    ],
)
def test_orders_of_ours_meet_as_the_setting_says(rule, said):
    sent = [Message(1, 0, False, codes.SELL, LOW + 2, 5), Message(2, 1, False, codes.BUY, LOW + 3, 9)]
    assert happened(BOTH, sent, self_match=rule) == said
