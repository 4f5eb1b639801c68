"""The matching engine against its plain witness, event by event, and what must hold after every message."""

from __future__ import annotations

import random

import numpy as np
from engine_witness import Witness
from engine_witness_phases import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.book import fifo_kernel as fifo
from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk
from tcakit.venue import engine_messages_kernel as mk

TYPE, TIME_IN_FORCE, HIDDEN, DISPLAY, STOP, PEG, PEG_OFFSET = range(mk.MESSAGE_COLUMNS, mk.MESSAGE_COLUMNS + 7)
ROW = mk.MESSAGE_COLUMNS + mk.PART_COLUMNS
LADDER = 16
SLOTS = 200
ROWS = 6_000
SELF_MATCHES = (codes.MATCH_OFF, codes.CANCEL_NEWEST, codes.CANCEL_OLDEST, codes.CANCEL_BOTH, codes.DECREMENT)
WRONG = (("size", 0), ("size", -5), ("size", 1 << 40), ("level", -1), ("level", LADDER), ("side", 0))
TAPE = [
    lk.TAPE_TS, lk.TAPE_KIND, lk.TAPE_SIDE, lk.TAPE_LEVEL, lk.TAPE_SIZE, lk.TAPE_LEVEL_SIZE, lk.TAPE_ORDER_ID,
    lk.TAPE_OWNER, lk.TAPE_TAKER_OWNER, lk.TAPE_TAKER_ID, lk.TAPE_RESTING_ID,
]  # fmt: skip
REPORTS = [
    lk.REPORT_TS, lk.REPORT_ORDER_ID, lk.REPORT_OWNER, lk.REPORT_EVENT, lk.REPORT_REASON, lk.REPORT_LEVEL,
    lk.REPORT_SIZE, lk.REPORT_LEAVES, lk.REPORT_LIQUIDITY, lk.REPORT_COUNTERPARTY, lk.REPORT_BID, lk.REPORT_ASK,
    lk.REPORT_TAPE_ROW,
]  # fmt: skip


def message(ts, kind, owner=0, side=0, level=0, size=0, order=0, **parts):
    """A row of a table of messages, and its parts behind it."""
    row = [ts, kind, owner, side, level, size, order, 0] + [0] * mk.PART_COLUMNS
    row[STOP] = -1
    for name, value in parts.items():
        row[mk.MESSAGE_COLUMNS + getattr(mk, f"PART_{name.upper()}")] = value
    return row


class Streams:
    """Draws messages of every kind; mostly sensible ones, so that most of them do something."""

    def __init__(self, seed, specials):
        self.random = random.Random(seed)
        self.specials = specials  # how much of the stream is other than plain orders, 0 to 1
        self.orders = [(0, 0), ((1 << 50) | 5, 1)]  # ids and owners
        self.middle = LADDER // 2

    def size(self):
        return self.random.choice([1, 2, 3, 5, 8, 10, 10, 20, 40])

    def level(self, side):
        away = int(self.random.expovariate(0.6)) - 1
        return min(max(self.middle - side * away, 0), LADDER - 1)

    def next(self, ts):
        draw = self.random
        if draw.random() < 0.04:
            self.middle = min(max(self.middle + draw.choice([-1, 1]), 3), LADDER - 4)
        owner = draw.choice([0, 0, 0, 1, 2, 3])
        side = draw.choice([codes.BUY, codes.SELL])
        if draw.random() >= self.specials:
            kind = draw.choices([mk.NEW_LIMIT, mk.NEW_MARKET, mk.CANCEL_ORDER, mk.REDUCE_ORDER], [5, 1, 2, 1])[0]
            order_id, of = draw.choice(self.orders)
            if kind >= mk.CANCEL_ORDER and draw.random() < 0.8:
                owner = of
            return message(ts, kind, owner, side, self.level(side), self.size(), order_id)
        what = draw.random()
        if what < 0.62:
            return self.order(ts, owner, side)
        if what < 0.82:
            kind = draw.choices([mk.CANCEL_ORDER, mk.REDUCE_ORDER, mk.MODIFY_ORDER], [2, 1, 5])[0]
            order_id, of = draw.choice(self.orders[-15:])
            owner = of if draw.random() < 0.9 else owner
            return message(ts, kind, owner, side, self.level(side), self.size(), order_id)
        if what < 0.86:
            wrong = draw.choice(
                [("size", 0), ("size", -5), ("size", 1 << 40), ("level", -1), ("level", LADDER), ("side", 0)]
            )
            return message(ts, mk.NEW_LIMIT, owner, **{"side": side, "level": 5, "size": 5, wrong[0]: wrong[1]})
        kind = draw.choices(
            [mk.START_CALL, mk.UNCROSS, mk.STOP_TRADING, mk.RESUME_TRADING, mk.CLOSE_DAY], [4, 8, 1, 4, 0.4]
        )[0]
        level = draw.choice([lk.PRE_OPEN, lk.CLOSING_CALL, lk.VOLATILITY]) if kind == mk.START_CALL else -1
        if kind == mk.UNCROSS:
            level = draw.choice([-1, self.middle, 0])
        return message(ts, kind, level=level, size=draw.choice([0, 1]))

    def order(self, ts, owner, side):
        draw = self.random
        order = message(ts, mk.NEW_ORDER, owner, side, self.level(side), self.size())
        order[TYPE] = draw.choices([codes.LIMIT, codes.MARKET], [4, 1])[0]
        order[TIME_IN_FORCE] = draw.choice([codes.GTC, codes.GTC, codes.DAY, *range(7)])
        dress = draw.random()
        if dress < 0.2:
            order[DISPLAY] = draw.choice([1, 2, 5])
        elif dress < 0.4:
            order[HIDDEN] = 1
        elif dress < 0.6:
            order[STOP] = min(max(self.middle + side * draw.randint(-1, 3), 0), LADDER - 1)
        elif dress < 0.8:
            order[PEG] = draw.choice([codes.PRIMARY_PEG, codes.MARKET_PEG, codes.MIDPOINT_PEG])
            order[PEG_OFFSET] = draw.choice([0, 0, 1, -1])
            if draw.random() < 0.7:
                order[mk.MESSAGE_LEVEL] = draw.choice([-1, self.level(side)])
        if 0.2 < dress < 0.8 and draw.random() < 0.8 and not 0.4 < dress < 0.6:
            order[TYPE] = codes.LIMIT
            order[TIME_IN_FORCE] = draw.choice([codes.GTC, codes.DAY])
        return order


def process(engine, rows, results, first, last):
    """Send rows with their parts behind them."""
    rows = np.array(rows, np.int64)
    rows[:, mk.MESSAGE_PARTS] = np.arange(len(rows))
    messages, parts = rows[:, : mk.MESSAGE_COLUMNS].copy(), rows[:, mk.MESSAGE_COLUMNS :].copy()
    return mk.process(engine, messages, parts, results, first, last)


def engine_and_witness(choice):
    """Both of them with the same settings."""
    engine = lk.new_engine(SLOTS, LADDER, ROWS, ROWS)
    counters = engine.counters
    witness = Witness(LADDER, static=(0, LADDER - 1), band=(0, LADDER - 1))
    witness.self_match = choice.choice(SELF_MATCHES)
    if choice.random() < 0.3:
        witness.static = (2, LADDER - 3)
    if choice.random() < 0.4:
        witness.band = (LADDER // 2 - choice.randint(1, 3), LADDER // 2 + choice.randint(1, 3))
    witness.lot = choice.choice([1, 1, 1, 5])
    counters[lk.SELF_MATCH], counters[lk.LOT] = witness.self_match, witness.lot
    counters[lk.STATIC_LOW], counters[lk.STATIC_HIGH] = witness.static
    counters[lk.BAND_LOW], counters[lk.BAND_HIGH] = witness.band
    return engine, witness


def rows_of(table, columns, ids, count):
    """Rows as tuples, ids as sequence numbers."""
    rows = table[:count, columns].copy()
    for column in ids:
        rows[:, columns.index(column)] >>= lk.SLOT_BITS
    return [tuple(row) for row in rows.tolist()]


def tape_of(engine):
    ids = (lk.TAPE_ORDER_ID, lk.TAPE_TAKER_ID, lk.TAPE_RESTING_ID)
    return rows_of(engine.tape, TAPE, ids, engine.counters[lk.TAPE_ROWS])


def reports_of(engine):
    return rows_of(engine.reports, REPORTS, (lk.REPORT_ORDER_ID,), engine.counters[lk.REPORT_ROWS])


def check_structure(engine, witness):
    """The engine's own accounts agree with one another and with what stands in the witness."""
    orders, counters, pool = engine.orders, engine.counters, engine.pool
    live, unseen = int(counters[lk.LIVE]), int(counters[lk.UNSEEN])
    assert sorted(pool.tolist()) == list(range(SLOTS))
    standing = pool[: live + unseen].tolist()
    assert orders[standing, lk.POOL_PLACE].tolist() == list(range(live + unseen))
    assert {int(orders[slot, lk.ORDER_ID]) >> lk.SLOT_BITS for slot in standing} == set(witness.live)
    assert all(orders[slot, lk.BOOK] == lk.DISPLAYED for slot in standing[:live])
    assert all(orders[slot, lk.BOOK] != lk.DISPLAYED for slot in standing[live:])
    assert (orders[standing, fifo.SIZE] > 0).all()
    assert (orders[standing, lk.RESERVE] >= 0).all()
    assert (engine.levels[:, :, :, fifo.LEVEL_SIZE] >= 0).all()
    assert counters[lk.BIDS] + counters[lk.ASKS] == live
    assert counters[lk.DRESSED] == (orders[standing, lk.PUBLIC_ID] != lk.PLAIN_NAME).sum()
    free = orders[pool[live + unseen :]]
    assert (
        free[:, [lk.ORDER_ID, lk.OWNER, lk.RESERVE, lk.DISPLAY, lk.BOOK, lk.TYPE, lk.TIME_IN_FORCE, lk.PEG]] == 0
    ).all()
    assert (free[:, [lk.PUBLIC_ID, lk.LIMIT]] == -1).all()
    assert counters[lk.OWNED] == sum(order.owner > 0 for order in witness.live.values())
    assert counters[lk.PEGS] == len(witness.pegs)
    assert counters[lk.STOP_ORDERS] == len(witness.books[lk.STOPS])
    assert counters[lk.TOUCHED_STOPS] == sum(order.touched for order in witness.books[lk.STOPS])
    assert counters[lk.ICEBERGS] == sum(order.reserve > 0 for order in witness.books[lk.DISPLAYED])
    slices = sum(-(-order.reserve // order.display) for order in witness.live.values() if order.reserve)
    unseen_rows = {lk.STOPS: 3, lk.HIDDEN: 1, lk.OPENING: 1, lk.CLOSING: 1}
    extra = sum(rows * len(witness.books[book]) for book, rows in unseen_rows.items())
    extra += sum(1 if order in witness.books[lk.HIDDEN] else 2 for order in witness.pegs)
    assert counters[lk.EXTRA_ROWS] == extra + 2 * slices
    for book in range(lk.BOOKS):
        for side, row in ((codes.BUY, 0), (codes.SELL, 1)):
            shown_side = -side if book == lk.STOPS else side
            queue = [o for o in witness.books[book] if o.side == shown_side]
            best = [o.level for o in queue]
            edge = max(best, default=-1) if row == 0 else min(best, default=LADDER)
            assert engine.best[book, row] == edge
            assert engine.levels[book, row, :, fifo.COUNT].sum() == len(queue)


def check_book(engine, witness, before):
    """No crossed book where orders meet, nobody's own trade, no rows past `before` against priority."""
    phase = engine.counters[lk.PHASE]
    assert phase == witness.phase
    if phase == lk.CONTINUOUS:
        assert engine.best[lk.DISPLAYED, 0] < engine.best[lk.DISPLAYED, 1]
        assert max(engine.best[:2, 0]) < min(engine.best[:2, 1])
    if witness.self_match != codes.MATCH_OFF:
        rows = engine.tape[before : engine.counters[lk.TAPE_ROWS]]
        traded = np.isin(rows[:, lk.TAPE_KIND], (codes.EXECUTE, codes.PRINT_HIDDEN)) & (rows[:, lk.TAPE_OWNER] > 0)
        assert (rows[traded, lk.TAPE_OWNER] != rows[traded, lk.TAPE_TAKER_OWNER]).all()
    assert witness.entered == witness.filled + witness.ended + witness.resting()


def bounds(engine, sent):
    """Rows of tape and reports that a message must find room for, as `room` says: one less, and it is full."""
    counters = engine.counters
    slices = sent[mk.MESSAGE_SIZE] // max(sent[DISPLAY], 1) if sent[DISPLAY] > 0 else 0
    if sent[mk.MESSAGE_KIND] == mk.MODIFY_ORDER:
        display = engine.orders[sent[mk.MESSAGE_ORDER] & 127, lk.DISPLAY]
        slices = sent[mk.MESSAGE_SIZE] // display if display > 0 else 0
    rows = int(counters[lk.LIVE] + counters[lk.EXTRA_ROWS]) + 2 * slices
    told = 3 * (rows + int(counters[lk.UNSEEN])) + int(counters[lk.PEGS] * (counters[lk.STOP_ORDERS] + 2))
    return rows + 8, told + 16


def run_stream(seed, length, specials):
    """Send one stream to both; gives the engine and what happened to how many messages."""
    choice = random.Random(seed)
    engine, witness = engine_and_witness(choice)
    streams = Streams(seed + 1, specials)
    table, results = (
        np.zeros((1, mk.MESSAGE_COLUMNS + mk.PART_COLUMNS), np.int64),
        np.zeros((1, mk.RESULT_COLUMNS), np.int64),
    )
    tape_rows = report_rows = 0
    everything, row_of = np.zeros((length, ROW), np.int64), {}
    for ts in range(length):
        sent = streams.next(ts)
        if witness.phase in CALLS and choice.random() < 0.1:
            sent = message(ts, mk.UNCROSS, level=-1)
        elif witness.phase in (lk.HALTED, lk.CLOSED) and choice.random() < 0.4:
            sent = message(ts, choice.choice([mk.RESUME_TRADING, mk.START_CALL]), level=lk.PRE_OPEN)
        table[0] = everything[ts] = sent
        may_write, may_tell = bounds(engine, sent)
        done = process(engine, table, results, 0, 1)
        assert done == (fifo.OK, 1)
        if sent[mk.MESSAGE_KIND] in (mk.CANCEL_ORDER, mk.REDUCE_ORDER, mk.MODIFY_ORDER):
            sent[mk.MESSAGE_ORDER] >>= lk.SLOT_BITS
        status, value = (int(each) for each in results[0])
        if sent[mk.MESSAGE_KIND] in (mk.NEW_LIMIT, mk.NEW_ORDER):
            if value:
                streams.orders.append((value, sent[mk.MESSAGE_OWNER]))
                row_of[value] = ts
            value >>= lk.SLOT_BITS
        expected = witness.handle(sent)
        tape, reports = tape_of(engine), reports_of(engine)
        assert tape[tape_rows:] == witness.tape[tape_rows:], (ts, sent)
        assert reports[report_rows:] == witness.reports[report_rows:], (ts, sent)
        assert (status, value) == expected, (ts, sent)
        assert len(tape) - tape_rows <= may_write, (ts, sent)
        assert len(reports) - report_rows <= may_tell, (ts, sent)
        check_structure(engine, witness)
        check_book(engine, witness, tape_rows)
        tape_rows, report_rows = len(tape), len(reports)
    check_table(seed, everything, row_of, witness)
    return engine, witness


def check_table(seed, everything, row_of, witness):
    """The same messages in one table, where an order is named by the row that sent it, do the same."""
    engine, _ = engine_and_witness(random.Random(seed))
    named = everything[:, mk.MESSAGE_ORDER]
    named[:] = [-1 - row_of[order] if order in row_of else order for order in named.tolist()]
    results = np.zeros((len(everything), mk.RESULT_COLUMNS), np.int64)
    assert process(engine, everything, results, 0, len(everything)) == (fifo.OK, len(everything))
    assert tape_of(engine) == witness.tape
    assert reports_of(engine) == witness.reports


# 10,000 streams where many examples are asked for (`make fuzz`), few otherwise.
EXAMPLES = {100: 40, 25: 12}.get(settings().max_examples, 2 * settings().max_examples)


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.integers(1, 120))
def test_the_engine_does_what_the_witness_does(seed, specials, length):
    run_stream(seed, length, specials)


def test_a_message_without_room_does_nothing_and_can_be_sent_again():
    table, results = (
        np.zeros((4, mk.MESSAGE_COLUMNS + mk.PART_COLUMNS), np.int64),
        np.zeros((4, mk.RESULT_COLUMNS), np.int64),
    )
    for row, level in enumerate((5, 6, 7, 8)):
        table[row] = message(row, mk.NEW_LIMIT, 1, codes.BUY, level, 10)
    engine = lk.new_engine(2, LADDER, 100, 100)
    assert process(engine, table, results, 0, 4) == (lk.BOOK_FULL, 2)
    assert results[:, mk.RESULT_STATUS].tolist() == [fifo.OK] * 4
    assert engine.counters[lk.TAPE_ROWS] == 2
    # A cancel needs no slot, nor does a change.
    order_id = int(results[0, mk.RESULT_VALUE])
    change = np.array(
        [message(4, mk.MODIFY_ORDER, 1, 0, 9, 20, order_id), message(5, mk.CANCEL_ORDER, 1, order=order_id)]
    )
    assert process(engine, change, results[:2].copy(), 0, 2) == (fifo.OK, 2)
    assert engine.best[lk.DISPLAYED].tolist() == [6, LADDER]
    engine = lk.new_engine(8, LADDER, 10, 100)
    assert process(engine, table, results, 0, 4) == (lk.TAPE_FULL, 2)
    engine = lk.new_engine(8, LADDER, 100, 27)
    assert process(engine, table, results, 0, 4) == (lk.REPORTS_FULL, 3)
    assert engine.best[lk.DISPLAYED].tolist() == [7, LADDER]
    assert process(engine, table, results, 3, 3) == (fifo.OK, 3)
    iceberg = message(9, mk.NEW_ORDER, 1, codes.BUY, 5, 1_000, type=codes.LIMIT, display=1)
    table[0] = iceberg
    engine = lk.new_engine(8, LADDER, 100, 10_000)
    assert process(engine, table, results, 0, 1) == (lk.TAPE_FULL, 0)


def test_ids_are_never_used_twice_and_stale_ones_are_nobody():
    engine = lk.new_engine(2, LADDER, 1_000, 1_000)
    table, results = (
        np.zeros((3, mk.MESSAGE_COLUMNS + mk.PART_COLUMNS), np.int64),
        np.zeros((3, mk.RESULT_COLUMNS), np.int64),
    )
    seen = set()
    for turn in range(20):
        table[0] = message(turn, mk.NEW_LIMIT, 0, codes.BUY, 5, 10)
        table[1] = message(turn, mk.CANCEL_ORDER, 0, order=-1)
        table[2] = message(turn, mk.CANCEL_ORDER, 0, order=-1)
        assert process(engine, table, results, 0, 3) == (fifo.OK, 3)
        assert results[:, mk.RESULT_STATUS].tolist() == [fifo.OK, fifo.OK, fifo.NO_ORDER]
        seen.add(int(results[0, mk.RESULT_VALUE]))
    assert len(seen) == 20
    assert sorted(seen)[-1] >> lk.SLOT_BITS == 20
