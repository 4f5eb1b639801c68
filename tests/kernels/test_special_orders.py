"""Stops, icebergs, pegs, orders for the day and for auctions, and orders that meet, against the slow witness."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from replay_cases import (
    L2_RULES,
    LATENCIES,
    SELF_MATCHES,
    SESSIONS,
    icebergs,
    level_three_days,
    level_two_days,
    one_level_days,
    special_messages,
)
from test_replay_kernel import OTHER_FILLS, agree, both

from tcakit.market import codes
from tcakit.venue.latency import ConstantLatency


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


@given(st.data(), one_level_days(), st.sampled_from(L2_RULES), st.sampled_from([1, 2, 5]))
def test_icebergs_in_the_queue_of_one_level_fill_as_the_page_says(data, rows, rule, lot):
    sent = data.draw(icebergs(lot))
    agree(*both(rows, sent, rule, 2.0, lot, ConstantLatency()))
