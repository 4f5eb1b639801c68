"""The replay kernel against a slow witness of docs/replay.md, on random feeds and messages."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import (
    FOREVER,
    HIGH,
    L2_RULES,
    LATENCIES,
    LOW,
    engine_of,
    feed_of,
    joiners,
    level_three_days,
    level_two_days,
    logged,
    messages,
    one_level_days,
    run_to,
)
from replay_witness import Message, Row, Witness, replay, seen_by

from tcakit.book.plain_book import PlainBook
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import ConstantLatency
from tcakit.venue.order_state import OrderLife

AHEAD = 7  # of a log row
SLACK = 1e-9


def agree(engine, witness):
    """The same log, the sizes ahead but for the last digits of a float."""
    mine, theirs = logged(engine), witness.log
    assert [row[:AHEAD] + row[AHEAD + 1 :] for row in mine] == [row[:AHEAD] + row[AHEAD + 1 :] for row in theirs]
    assert [row[AHEAD] for row in mine] == pytest.approx([row[AHEAD] for row in theirs], abs=SLACK)


def witness_of(feed, rule, power=3.0, lot=1, unit=1, **fills):
    return Witness(rule, power, lot, feed.base_tick, feed.base_tick + feed.ticks - 1, unit, **fills)


def both(rows, sent, rule, power, lot, latency, tiny=False, unit=1, **fills):
    feed = feed_of(rows, lot, unit)
    engine = engine_of(feed, sent, rule, power, latency, tiny, **fills)
    run_to(engine, FOREVER)
    witness = witness_of(feed, rule, power, lot, unit, **fills)
    replay(witness, rows, sent, latency.entry_ns, FOREVER)
    return engine, witness


@given(
    st.data(),
    level_two_days(),
    st.sampled_from(L2_RULES),
    st.sampled_from([1.0, 2.0, 3.0, 2.5]),
    st.sampled_from([1, 2, 5]),
    LATENCIES,
    LATENCIES,
)
def test_level_two_days_fill_as_the_page_says(data, rows, rule, power, lot, entry, response):
    sent = data.draw(messages(lot))
    agree(*both(rows, sent, rule, power, lot, ConstantLatency(0, entry, response)))


@given(st.data(), level_three_days(), st.sampled_from(list(codes.QUEUE_RULE_NAMES)), LATENCIES)
def test_level_three_days_fill_as_the_page_says(data, rows, rule, entry):
    sent = data.draw(messages(1))
    agree(*both(rows, sent, rule, 2.0, 1, ConstantLatency(0, entry, 0)))


OTHER_FILLS = st.sampled_from(
    [{"partial_fills": True, "depletes_book": False}, {"partial_fills": False, "depletes_book": False}]
)


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES), st.sampled_from([1, 2, 5]), LATENCIES, OTHER_FILLS)
def test_other_exchanges_fill_as_the_page_says(data, rows, rule, lot, entry, fills):
    sent = data.draw(messages(lot))
    agree(*both(rows, sent, rule, 2.0, lot, ConstantLatency(0, entry, 0), unit=10, **fills))


@given(st.data(), level_three_days(), OTHER_FILLS)
def test_other_exchanges_keep_exact_queues_as_the_page_says(data, rows, fills):
    agree(*both(rows, data.draw(messages(1)), codes.FIFO, 2.0, 1, ConstantLatency(), **fills))


@given(
    st.data(), one_level_days(), st.sampled_from(L2_RULES), st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([1, 2, 5])
)
def test_the_queue_of_one_level_moves_as_the_page_says(data, rows, rule, power, lot):
    agree(*both(rows, data.draw(joiners(lot)), rule, power, lot, ConstantLatency()))


@given(st.data(), level_three_days(LOW, LOW + 1))
def test_the_exact_queue_of_one_level_moves_as_the_page_says(data, rows):
    agree(*both(rows, data.draw(joiners(1)), codes.FIFO, 1.0, 1, ConstantLatency()))


@given(st.data(), level_two_days(), LATENCIES, LATENCIES)
def test_small_steps_and_tiny_arrays_change_nothing(data, rows, entry, response):
    sent = data.draw(messages(1))
    latency = ConstantLatency(0, entry, response)
    feed = feed_of(rows)
    whole = engine_of(feed, sent, codes.LOG_PROB, latency=latency)
    run_to(whole, FOREVER)
    pieces = engine_of(feed, sent, codes.LOG_PROB, latency=latency, tiny=True)
    for until in sorted(data.draw(st.lists(st.integers(0, 400), max_size=40))):
        run_to(pieces, until)
    run_to(pieces, FOREVER)
    count = int(whole.cursor[lk.N_LOG])
    assert pieces.cursor[lk.N_LOG] == count
    assert np.array_equal(pieces.state.log[:count], whole.state.log[:count])
    assert np.array_equal(pieces.state.log_ahead[:count], whole.state.log_ahead[:count])
    assert np.array_equal(pieces.state.taken, whole.state.taken)
    assert np.array_equal(pieces.state.sizes, whole.state.sizes)


def test_under_fifo_only_orders_before_ours_move_it():
    rows = [
        Row(0, codes.ADD, codes.BUY, LOW, 5, 5, 0),
        Row(1, codes.ADD, codes.BUY, LOW, 3, 8, 1),
        Row(3, codes.ADD, codes.BUY, LOW, 4, 12, 2),  # the first to stand behind ours
        Row(4, codes.REDUCE, codes.BUY, LOW, 1, 11, 2),
        Row(5, codes.DELETE, codes.BUY, LOW, 3, 8, 2),
        Row(6, codes.REDUCE, codes.BUY, LOW, 2, 6, 0),
        Row(7, codes.EXECUTE, codes.BUY, LOW, 3, 3, 0),
        Row(9, codes.DELETE, codes.BUY, LOW, 3, 0, 1),
    ]
    ahead = {}
    for until in range(2, 10):
        sent = [Message(2, 0, False, codes.BUY, LOW, 5), Message(until, 0, is_cancel=True)]
        engine = engine_of(feed_of(rows), sent, codes.FIFO)
        run_to(engine, FOREVER)
        ahead[until] = logged(engine)[-1][AHEAD]
    assert ahead == {2: 8, 3: 8, 4: 8, 5: 8, 6: 6, 7: 3, 8: 3, 9: 0}


def test_a_log_that_fills_up_while_an_order_takes_leaves_the_quote_as_it_was():
    rows = [Row(0, codes.SET, codes.SELL, LOW + at, 1, 1) for at in range(60)]
    engine = engine_of(feed_of(rows), [Message(1, 0, False, codes.BUY, None, 60, codes.IOC)], 0, tiny=True)
    run_to(engine, FOREVER)
    assert len(engine.state.log) == 128
    assert [row[-1] for row in logged(engine)] == [LOW] * 61


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES), LATENCIES)
def test_what_was_filled_adds_up_and_was_there(data, rows, rule, entry):
    sent = data.draw(messages(1))
    feed = feed_of(rows)
    engine = engine_of(feed, sent, rule, latency=ConstantLatency(0, entry, 0))
    by_row, left, lives = defaultdict(int), {}, defaultdict(OrderLife)
    for until in (*sorted({row.ns for row in rows}), FOREVER):
        run_to(engine, until)
        assert (engine.state.taken >= 0).all()
        in_sight = engine.state.sizes > 0
        assert (engine.state.taken <= engine.state.sizes)[in_sight].all()
    for at in range(int(engine.cursor[lk.N_LOG])):
        row = engine.state.log[at]
        order = int(row[lk.LOG_ORDER])
        lives[order].apply(int(row[lk.LOG_EVENT]))
        if order in left and row[lk.LOG_EVENT] != codes.REPLACED:
            assert left[order] - int(row[lk.LOG_SIZE]) == row[lk.LOG_LEAVES] >= 0
        left[order] = int(row[lk.LOG_LEAVES])
        if row[lk.LOG_REASON] in (codes.QUEUE_REACHED, codes.TRADED_THROUGH):
            by_row[int(row[lk.LOG_ROW])] += int(row[lk.LOG_SIZE])
    for at, size in by_row.items():
        assert rows[at].kind in codes.PRINT_KINDS
        assert size <= rows[at].size


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30),
    st.lists(st.integers(1, 8), min_size=30, max_size=30),
)
def test_no_displayed_share_is_taken_twice(changes, asked):
    """What is taken of one level is at most what it showed at first and every rise of it since."""
    rows = [Row(10 * at, codes.SET, codes.SELL, LOW + 1, 0, size) for at, (size, _) in enumerate(changes)]
    sent = [Message(10 * at + 5, at, False, codes.BUY, LOW + 1, asked[at], codes.IOC) for at in range(len(rows))]
    engine = engine_of(feed_of(rows), sent, codes.RISK_AVERSE)
    risen, before, took = 0, 0, 0
    for row in rows:
        run_to(engine, row.ns + 5)
        risen += max(0, row.level_size - before)
        before = row.level_size
        took = int(engine.state.orders[:, lk.QUANTITY].sum() - engine.state.orders[:, lk.LEAVES].sum())
        assert took <= risen


@given(level_three_days(), st.integers(0, 400))
def test_without_orders_the_book_is_the_recorded_one(rows, until):
    engine = engine_of(feed_of(rows), [], codes.FIFO)
    run_to(engine, until)
    plain = PlainBook()
    for row in rows:
        if row.ns <= until and row.level_size is not None:
            plain.set_level(row.side, int(row.tick), row.level_size)
    for number, side in enumerate((codes.BUY, codes.SELL)):
        shown = {int(at) + engine.feed.base_tick: int(engine.state.sizes[number, at])
                 for at in np.flatnonzero(engine.state.sizes[number])}  # fmt: skip
        assert shown == {tick: plain.size_at(side, tick) for tick in plain.levels[side]}
    bids, asks = plain.top(1)
    assert (engine.best_tick(0), engine.best_tick(1)) == (bids[0][0] if bids else None, asks[0][0] if asks else None)
    assert engine.cursor[lk.N_LOG] == 0


class Watcher:
    """Looks at given times, sends a bid at each, and keeps what it saw."""

    def __init__(self, times):
        self.times = sorted(set(times))
        self.seen = []

    def on_start(self, gateway):
        self.on_time(gateway)

    def on_time(self, gateway):
        sizes = {(side, tick): gateway.size_at(side, tick) for side in (1, -1) for tick in range(LOW - 1, HIGH + 2)}
        self.seen.append((gateway.now_ns, gateway.best_bid_tick, gateway.best_ask_tick, gateway.market_volume, sizes))
        gateway.submit(codes.BUY, 3, LOW + 2)
        later = [ns for ns in self.times if ns > gateway.now_ns]
        if later:
            gateway.wake_at(later[0])

    def on_fill(self, gateway, fill): ...


@given(level_two_days(), st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 30), st.booleans())
def test_a_strategy_sees_what_has_reached_it(rows, times, feed_ns, with_receive_times):
    if with_receive_times:
        for row in rows:
            row.received_ns = row.ns + 4
    watcher = Watcher(times)
    latency = ConstantLatency(feed_ns, 2, 2)
    Replay(feed_of(rows), [Participant(watcher, min(times), 200)], ReplaySettings(latency)).run()
    assert [seen[0] for seen in watcher.seen] == watcher.times
    for now, bid, ask, volume, sizes in watcher.seen:
        book, printed = seen_by(rows, now, feed_ns)
        assert (bid, ask) == book.quote(untaken=False)
        assert volume == printed
        assert sizes == {key: book.level(*key).shown for key in sizes}


@given(level_two_days(), st.lists(st.integers(1, 200), min_size=1, max_size=6), LATENCIES, LATENCIES)
def test_answers_arrive_in_order_and_never_before_their_time(rows, times, entry, response):
    watcher = Watcher(times)
    settings = ReplaySettings(ConstantLatency(0, entry, response))
    result = Replay(feed_of(rows), [Participant(watcher, min(times), 200)], settings).run()
    known = result.log[result.log[:, lk.LOG_REASON] != codes.END_OF_DATA]
    assert (np.diff(known[:, lk.LOG_LOCAL_NS]) >= 0).all()
    assert (known[:, lk.LOG_LOCAL_NS] == known[:, lk.LOG_NS] + response).all()
    first = known[known[:, lk.LOG_EVENT] == codes.ACKNOWLEDGED]
    assert (first[:, lk.LOG_NS] == np.array(watcher.times) + entry).all()
