"""The dark venue against its plain witness, message by message, and what must hold after every one of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midpoint_witness import NO_LIMIT, DarkWitness

from tcakit.book import fifo_kernel as fifo
from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk
from tcakit.venue import midpoint_kernel as dark
from tcakit.venue import midpoint_layout_kernel as ml

LADDER, SLOTS, ROWS = 16, 120, 4_000
SELF_MATCHES = (codes.MATCH_OFF, codes.CANCEL_NEWEST, codes.CANCEL_OLDEST, codes.CANCEL_BOTH, codes.DECREMENT)
PHASES = (lk.CONTINUOUS,) * 12 + (lk.PRE_OPEN, lk.CLOSING_CALL, lk.VOLATILITY, lk.HALTED)
REPORT = [
    lk.REPORT_TS, lk.REPORT_ORDER_ID, lk.REPORT_OWNER, lk.REPORT_EVENT, lk.REPORT_REASON, lk.REPORT_LEVEL,
    lk.REPORT_PART, lk.REPORT_SIZE, lk.REPORT_LEAVES, lk.REPORT_LIQUIDITY, lk.REPORT_COUNTERPARTY, lk.REPORT_BID,
    lk.REPORT_ASK, lk.REPORT_TAPE_ROW, ml.REPORT_REFERENCE,
]  # fmt: skip
PRINT = [
    ml.PRINT_TS, ml.PRINT_HALF, ml.PRINT_SIZE, ml.PRINT_SIDE, ml.PRINT_BID, ml.PRINT_ASK, ml.PRINT_BUY_OWNER,
    ml.PRINT_SELL_OWNER, ml.PRINT_BUY_ID, ml.PRINT_SELL_ID,
]  # fmt: skip


def rows(table, columns, ids, count):
    found = table[:count, columns].copy()
    for column in ids:
        found[:, columns.index(column)] >>= lk.SLOT_BITS
    return [tuple(row) for row in found.tolist()]


class Both:
    """The venue and its witness, which are told the same."""

    def __init__(self, self_match=codes.MATCH_OFF, lot=1):
        self.venue = ml.new_midpoint(SLOTS, LADDER, ROWS, ROWS)
        self.venue.counters[[ml.SELF_MATCH, ml.LOT]] = self_match, lot
        self.witness = DarkWitness(LADDER, lot, self_match)
        self.ids = [(1 << 40) | 3]
        self.owners = {}

    def look(self, clock, phase, bid, ask):
        self.venue.counters[[ml.CLOCK, ml.PHASE, ml.BID, ml.ASK]] = clock, phase, bid, ask
        self.witness.look(clock, phase, bid, ask)

    def submit(self, owner, side, limit, size, least=0, at_once=0, until=ml.NEVER, reference=-1):
        assert dark.room(self.venue) == fifo.OK
        _, made = dark.submit(self.venue, owner, side, limit, size, least, at_once, until, reference)
        assert made >> lk.SLOT_BITS == self.witness.submit(owner, side, limit, size, least, at_once, until, reference)
        if made:
            self.ids.append(int(made))
            self.owners[int(made)] = owner
        return int(made)

    def cancel(self, owner, order_id):
        dark.cancel(self.venue, owner, order_id, 7)
        self.witness.cancel(owner, order_id >> lk.SLOT_BITS, 7)

    def modify(self, owner, order_id, limit, size):
        dark.modify(self.venue, owner, order_id, limit, size, 8)
        self.witness.modify(owner, order_id >> lk.SLOT_BITS, limit, size, 8)

    def cross(self):
        dark.cross(self.venue)
        self.witness.cross()

    def prints(self):
        ids = ml.PRINT_BUY_ID, ml.PRINT_SELL_ID
        return rows(self.venue.prints, PRINT, ids, self.venue.counters[ml.PRINT_ROWS])

    def reports(self):
        return rows(self.venue.reports, REPORT, (lk.REPORT_ORDER_ID,), self.venue.counters[ml.REPORT_ROWS])

    def check(self):
        """Both have written the same, and what must hold does."""
        venue, witness = self.venue, self.witness
        assert self.prints() == witness.prints
        assert self.reports() == witness.reports
        traded = sum(row[2] for row in witness.prints)
        assert venue.counters[ml.VOLUME] == traded
        assert witness.entered == witness.ended + 2 * traded + sum(order.size for order in witness.queue)
        assert venue.counters[ml.RESTING] == len(witness.queue)
        for row, side in ((0, codes.BUY), (1, codes.SELL)):
            assert venue.queues[row, 0, fifo.LEVEL_SIZE] == sum(order.size for order in witness.of_side(side))
            standing, slot = [], venue.queues[row, 0, fifo.HEAD]
            while slot >= 0:
                standing.append(int(venue.orders[slot, ml.ORDER_ID]) >> lk.SLOT_BITS)
                slot = venue.orders[slot, fifo.NEXT]
            assert standing == [order.number for order in witness.of_side(side)]
        free = venue.spare[: SLOTS - len(witness.queue)]
        assert len(set(free.tolist())) == len(free)
        assert (venue.orders[free, ml.ORDER_ID] == 0).all()


def limits_of(witness):
    return {order.number: order.limit for order in witness.queue}


def run_stream(seed, length):
    draw = random.Random(seed)
    both = Both(draw.choice(SELF_MATCHES), draw.choice([1, 1, 5]))
    bid = 7
    for clock in range(length):
        if draw.random() < 0.5:
            bid = min(max(bid + draw.choice([-1, 0, 0, 1]), 2), LADDER - 5)
        quotes = bid, bid + draw.choice([0, 1, 1, 2, 3]) if draw.random() < 0.9 else draw.choice([bid - 1, LADDER])
        phase = draw.choice(PHASES) if draw.random() < 0.97 else lk.CLOSED
        both.look(clock, phase, *quotes)
        owner = draw.choice([0, 0, 1, 2])
        limit = NO_LIMIT if draw.random() < 0.4 else 2 * bid + draw.randint(-3, 6)
        size = both.witness.lot * draw.choice([1, 2, 3, 5, 8, 20])
        what, before = draw.random(), dict(limits_of(both.witness))
        if what < 0.55:
            least = draw.choice([0, 0, 0, both.witness.lot, size, size // both.witness.lot // 2 * both.witness.lot])
            if draw.random() < 0.05:
                size, least = draw.choice([(0, 0), (-5, 0), (1 << 40, 0), (size, size + 5), (size + 1, 0), (size, -5)])
            side = draw.choice([codes.BUY, codes.SELL, codes.BUY, codes.SELL, codes.BUY, codes.SELL, 0])
            until = clock + draw.randint(1, 15) if draw.random() < 0.3 else ml.NEVER
            both.submit(owner, side, limit, size, least, draw.choice([0, 0, 0, 1]), until, clock)
        elif what < 0.8:
            both.cross()
        else:
            known = draw.choice(both.ids[-12:])
            owner = both.owners.get(known, owner) if draw.random() < 0.9 else owner
            if what < 0.88:
                both.cancel(owner, known)
            else:
                same = before.get(known >> lk.SLOT_BITS, limit)
                limit = (NO_LIMIT if same is None else same) if draw.random() < 0.5 else limit
                both.modify(owner, known, limit, size)
        both.check()
        if draw.random() < 0.5:
            both.cross()
            both.check()
            assert next(both.witness.pairs(), None) is None
    return both


# 10,000 streams where many examples are asked for (`make fuzz`), few otherwise.
EXAMPLES = {100: 40, 25: 12}.get(settings().max_examples, 2 * settings().max_examples)


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32), st.integers(1, 120))
def test_the_venue_does_what_the_witness_does(seed, length):
    both = run_stream(seed, length)
    for ts, half, size, _, bid, ask, *owners, _, _ in both.prints():
        assert half == bid + ask
        assert 2 * bid < half < 2 * ask
        assert size > 0
        assert ts >= 0
        assert both.witness.self_match == codes.MATCH_OFF or owners[0] != owners[1] or owners[0] == 0


def test_streams_trade():
    """What the witness is held against is not nothing."""
    prints = [row for seed in range(8) for row in run_stream(seed, 120).prints()]
    assert len(prints) > 60
    assert {row[3] for row in prints} == {0, 1, -1}
    assert any(row[1] % 2 for row in prints)


@pytest.fixture
def both():
    made = Both()
    made.look(0, lk.CONTINUOUS, 7, 8)
    return made


def traded(both):
    return [(row[1], row[2], row[8], row[9]) for row in both.prints()]


def test_orders_meet_at_the_middle_in_the_order_of_time(both):
    both.submit(0, codes.BUY, NO_LIMIT, 50)
    both.submit(0, codes.BUY, NO_LIMIT, 50)
    both.submit(0, codes.SELL, NO_LIMIT, 70)
    assert traded(both) == [(15, 50, 1, 3), (15, 20, 2, 3)]
    assert [row[3] for row in both.prints()] == [codes.SELL, codes.SELL]


def test_a_limit_waits_until_the_middle_comes(both):
    both.submit(0, codes.BUY, 14, 50)  # half levels: 7, one half below the middle
    both.submit(0, codes.SELL, NO_LIMIT, 50)
    assert traded(both) == []
    both.look(1, lk.CONTINUOUS, 6, 8)
    both.cross()
    assert traded(both) == [(14, 50, 1, 2)]
    assert both.prints()[0][3] == 0


def test_what_is_too_small_is_left_to_others(both):
    both.submit(0, codes.BUY, NO_LIMIT, 100, least=60)
    both.submit(0, codes.BUY, NO_LIMIT, 100)
    both.submit(0, codes.SELL, NO_LIMIT, 50)
    both.submit(0, codes.SELL, NO_LIMIT, 60)
    # The second of 60 is enough for the first; what is left of it, 40, is then traded whole or not at all.
    assert traded(both) == [(15, 50, 2, 3), (15, 60, 1, 4)]
    both.submit(0, codes.SELL, NO_LIMIT, 45)
    assert traded(both)[2:] == [(15, 40, 1, 5), (15, 5, 2, 5)]


@pytest.mark.parametrize(
    "quotes",
    [(lk.CONTINUOUS, 7, 7), (lk.CONTINUOUS, 8, 7), (lk.CONTINUOUS, -1, 8), (lk.CONTINUOUS, 7, LADDER),
     (lk.PRE_OPEN, 7, 8), (lk.VOLATILITY, 7, 8)],
)  # fmt: skip
def test_without_a_middle_nobody_meets(both, quotes):
    both.look(1, *quotes)
    both.submit(1, codes.BUY, NO_LIMIT, 50)
    both.submit(2, codes.SELL, NO_LIMIT, 50)
    both.cross()
    assert traded(both) == []
    both.look(2, lk.CONTINUOUS, 7, 8)
    both.cross()
    assert traded(both) == [(15, 50, 1, 2)]


def test_a_message_without_room_is_told_before_it_is_sent():
    venue = ml.new_midpoint(1, LADDER, 2, 8)
    assert dark.room(venue) == fifo.OK
    venue.counters[[ml.PHASE, ml.BID, ml.ASK]] = lk.CONTINUOUS, 7, 8
    dark.submit(venue, 1, codes.BUY, NO_LIMIT, 5, 0, 0, ml.NEVER, -1)
    assert dark.room(venue) == lk.BOOK_FULL
    tight = ml.new_midpoint(4, LADDER, 0, 8)
    assert dark.room(tight) == lk.TAPE_FULL
    tight = ml.new_midpoint(4, LADDER, 4, 5)
    assert dark.room(tight) == lk.REPORTS_FULL
