"""The matching kernel against a plain matcher, and the conservation of shares."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.book import fifo_kernel as fifo
from tcakit.book.plain_book import PlainBook
from tcakit.market import codes
from tcakit.venue import matching_kernel as matching

LADDER = 10
SLOTS = 40

requests = st.lists(
    st.tuples(
        st.sampled_from(["limit", "limit", "limit", "market", "cancel", "part"]),
        st.sampled_from([codes.BUY, codes.SELL]),
        st.integers(0, LADDER - 1),
        st.integers(1, 12),
    ),
    max_size=SLOTS,
)


def plain_take(book, side, limit, size, tape):
    """Trade against a plain book, oldest order of the best price first; returns what is left."""
    while size:
        other = book.asks() if side == codes.BUY else book.bids()
        if not other or (limit is not None and side * (other[0][0] - limit) > 0):
            break
        price = other[0][0]
        order_id, shown = book.levels[-side][price][0]
        traded = min(size, shown)
        book.reduce(order_id, traded)
        tape.append((codes.EXECUTE, -side, price, traded, book.size_at(-side, price), order_id))
        size -= traded
    return size


@settings(max_examples=60, deadline=None)
@given(requests)
def test_the_tape_is_that_of_a_plain_matcher(stream):
    engine = matching.new_engine(SLOTS, LADDER, 400, 1)
    orders, levels, best, pool, counters, tape = engine
    book, expected, next_id = PlainBook(), [], 1
    sent = traded_by_takers = 0
    for number, (what, side, level, size) in enumerate(stream):
        counters[matching.CLOCK] = number
        if what == "limit":
            before = len(expected)
            left = plain_take(book, side, level, size, expected)
            sent += left
            traded_by_takers += sum(row[3] for row in expected[before:])
            status, slot = matching.submit_limit(*engine, side, level, size)
            assert status == matching.OK
            assert (slot >= 0) == (left > 0)
            if left:
                book.add(next_id, side, level, left)
                expected.append((codes.ADD, side, level, left, book.size_at(side, level), next_id))
                next_id += 1
        elif what == "market":
            left = plain_take(book, side, None, size, expected)
            traded_by_takers += size - left
            assert matching.submit_market(*engine, side, size) == (matching.OK, left)
        elif counters[matching.LIVE]:
            slot = pool[level % counters[matching.LIVE]]
            order_id = int(orders[slot, matching.ORDER_ID])
            at, price = book.where[order_id]
            shown = dict(book.levels[at][price])[order_id]
            whole = what == "cancel" or size >= shown
            amount = shown if whole else size
            book.reduce(order_id, amount)
            kind = codes.DELETE if whole else codes.REDUCE
            expected.append((kind, at, price, amount, book.size_at(at, price), order_id))
            if what == "cancel":
                assert matching.cancel(*engine, slot) == matching.OK
            else:
                assert matching.cancel_part(*engine, slot, size) == matching.OK
        live = pool[: counters[matching.LIVE]]
        assert sorted(pool.tolist()) == list(range(SLOTS))
        assert {int(orders[slot, matching.ORDER_ID]) for slot in live} == set(book.where)
        assert counters[matching.BIDS] == sum(side == codes.BUY for side, _ in book.where.values())
        assert best[0] < best[1]
    rows = tape[: counters[matching.TAPE_ROWS]]
    wanted = [
        matching.TAPE_KIND,
        matching.TAPE_SIDE,
        matching.TAPE_LEVEL,
        matching.TAPE_SIZE,
        matching.TAPE_LEVEL_SIZE,
        matching.TAPE_ORDER_ID,
    ]
    assert [tuple(row) for row in rows[:, wanted].tolist()] == expected
    resting = int(levels[:, :, fifo.LEVEL_SIZE].sum())
    kinds, sizes = rows[:, matching.TAPE_KIND], rows[:, matching.TAPE_SIZE]
    gone = int(sizes[(kinds == codes.DELETE) | (kinds == codes.REDUCE)].sum())
    assert sent == resting + gone + int(sizes[kinds == codes.EXECUTE].sum())
    assert traded_by_takers == int(sizes[kinds == codes.EXECUTE].sum())


def test_a_full_book_and_a_full_tape_are_told():
    engine = matching.new_engine(1, LADDER, 2, 1)
    assert matching.submit_limit(*engine, codes.BUY, 3, 5)[0] == matching.OK
    assert matching.submit_limit(*engine, codes.BUY, 3, 5)[0] == matching.BOOK_FULL
    assert matching.submit_limit(*engine, codes.SELL, 3, 2)[0] == matching.OK
    assert matching.submit_limit(*engine, codes.SELL, 3, 2)[0] == matching.TAPE_FULL


def test_a_hidden_print_leaves_the_book_alone():
    engine = matching.new_engine(4, LADDER, 4, 1)
    matching.submit_limit(*engine, codes.BUY, 3, 5)
    counters, tape = engine[4], engine[5]
    assert matching.print_hidden(counters, tape, codes.SELL, 4, 50, 7) == matching.OK
    assert tape[1, matching.TAPE_PART] == 50
    assert tape[1, matching.TAPE_LEVEL_SIZE] == -1
    assert engine[2].tolist() == [3, LADDER]
    assert np.array_equal(tape[:2, matching.TAPE_KIND], [codes.ADD, codes.PRINT_HIDDEN])
