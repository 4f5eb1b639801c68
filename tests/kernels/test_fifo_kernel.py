"""The FIFO kernel against the plain book, on random streams."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.book import fifo_kernel as fifo
from tcakit.book.order_index import displayed_sizes, order_slots
from tcakit.book.plain_book import PlainBook
from tcakit.market import codes

LADDER = 12
SLOTS = 8
MOVE = -1  # an order goes to the back of another level

steps = st.tuples(
    st.sampled_from([codes.ADD, codes.ADD, codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.PRINT, MOVE]),
    st.sampled_from([codes.BUY, codes.SELL]),
    st.integers(0, LADDER - 1),
    st.integers(1, 9),
    st.integers(0, SLOTS - 1),
    st.integers(0, LADDER - 1),
)


def queues(orders, levels, side):
    """The kernel's queues of a side as price -> [(slot, size)], walked forwards and checked backwards."""
    found = {}
    row = fifo.side_row(side)
    for level in range(LADDER):
        queue, slot, before = [], int(fifo.front(levels, side, level)), -1
        while slot >= 0:
            assert orders[slot, fifo.PREVIOUS] == before
            queue.append((slot, int(orders[slot, fifo.SIZE])))
            before, slot = slot, int(orders[slot, fifo.NEXT])
        assert levels[row, level, fifo.TAIL] == before
        assert levels[row, level, fifo.LEVEL_SIZE] == sum(size for _, size in queue)
        assert levels[row, level, fifo.COUNT] == len(queue)
        if queue:
            found[level] = queue
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=60))
def test_every_step_gives_the_queues_of_the_plain_book(stream):
    orders, levels, best = fifo.new_book(SLOTS, LADDER, fifo.ORDER_COLUMNS)
    plain = PlainBook()
    for kind, side, level, size, slot, new_level in stream:
        live = slot in plain.where
        if kind == codes.ADD:
            status = fifo.add(orders, levels, best, slot, side, level, size)
            assert status == (fifo.SLOT_TAKEN if live else fifo.OK)
            if live:
                continue
        elif kind == codes.DELETE:
            assert fifo.remove(orders, levels, best, slot) == (fifo.OK if live else fifo.NO_ORDER)
        elif kind == MOVE:
            status = fifo.modify(orders, levels, best, slot, new_level, size)
            assert status == (fifo.OK if live else fifo.NO_ORDER)
        elif kind != codes.PRINT:
            status = fifo.reduce(orders, levels, best, slot, size)
            assert status == (fifo.OK if live else fifo.NO_ORDER)
        if kind == MOVE and live:
            plain.modify(slot, new_level, size)
        plain.apply(kind, side, level, size, slot)
        for book_side in (codes.BUY, codes.SELL):
            assert queues(orders, levels, book_side) == plain.levels[book_side]
        assert best[0] == max(plain.levels[codes.BUY], default=-1)
        assert best[1] == min(plain.levels[codes.SELL], default=LADDER)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(steps, st.just((codes.CLEAR, 0, 0, 1, 0, 0))), min_size=1, max_size=60))
def test_whole_columns_give_the_sizes_and_places_of_the_plain_book(stream):
    rows, plain, sizes, places, joined = [], PlainBook(), [], [], {}
    for kind, side, level, size, order_id, _ in stream:
        if kind == MOVE:
            continue
        if order_id in plain.where and kind not in (codes.ADD, codes.CLEAR):
            side, level = plain.where[order_id]  # a venue names the order's own price
        known = order_id in plain.where
        rows.append((kind, side, level + 500, size, order_id * 10**12))
        plain.apply(kind, side, level, size, order_id)
        if kind in (codes.PRINT, codes.CLEAR):
            sizes.append(-1)
            places.append(-1)
            continue
        if kind == codes.ADD:
            joined[order_id] = len(sizes)
        places.append(joined[order_id] if known or kind == codes.ADD else -1)
        sizes.append(plain.size_at(side, level))
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    kind, side, tick, size, order_id = columns
    got = displayed_sizes(kind.astype(np.uint8), side.astype(np.int8), tick, size, order_id)
    assert got.level_size.tolist() == sizes
    assert got.queued_row.tolist() == places
    assert got.slots <= SLOTS


def test_statuses_tell_what_does_not_fit():
    orders, levels, best = fifo.new_book(2, 3, fifo.ORDER_COLUMNS)
    assert fifo.add(orders, levels, best, 2, codes.BUY, 0, 1) == fifo.NO_SLOT
    assert fifo.add(orders, levels, best, 0, codes.BUY, 3, 1) == fifo.OFF_LADDER
    assert fifo.add(orders, levels, best, 0, codes.BUY, -1, 1) == fifo.OFF_LADDER
    assert fifo.add(orders, levels, best, 0, codes.BUY, 0, 0) == fifo.BAD_SIZE
    assert fifo.add(orders, levels, best, 0, codes.BUY, 1, 4) == fifo.OK
    assert fifo.modify(orders, levels, best, 0, 9, 1) == fifo.OFF_LADDER
    assert fifo.reduce(orders, levels, best, 0, 0) == fifo.BAD_SIZE
    assert fifo.reduce(orders, levels, best, 5, 1) == fifo.NO_SLOT
    assert fifo.remove(orders, levels, best, -1) == fifo.NO_SLOT
    assert best.tolist() == [1, 3]
    assert levels[0, 1, fifo.LEVEL_SIZE] == 4


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-(2**63), 2**63 - 1)), max_size=80))
def test_slots_are_recycled_and_never_shared_by_two_live_orders(stream):
    kind = np.array([codes.ADD if adds else codes.DELETE for adds, _ in stream], np.uint8)
    order_id = np.array([name for _, name in stream], np.int64)
    index, slots = order_slots(kind, order_id, np.ones(len(kind), np.int64))
    live: dict[int, int] = {}
    most = 0
    for what, name, slot in zip(kind, order_id, index, strict=True):
        if what == codes.ADD:
            assert live.get(int(name), slot) == slot
            live[int(name)] = int(slot)
            assert len(set(live.values())) == len(live)
            most = max(most, len(live))
        else:
            assert slot == live.pop(int(name), -1)
    assert slots == most


def test_a_table_with_more_live_orders_than_expected_grows():
    count = 5_000
    ids = np.arange(count) * 4096  # collide on purpose in the low digits
    kind = np.concatenate([np.full(count, codes.ADD), np.full(count, codes.DELETE)]).astype(np.uint8)
    index, slots = order_slots(kind, np.concatenate([ids, ids]), np.ones(2 * count, np.int64))
    assert slots == count
    assert np.array_equal(index[:count], index[count:])
