"""What the best levels show after each message, against a book of dictionaries; executions named by their prints."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.market import codes
from tcakit.simulator.scores import book_pass_kernel as bp

TICKS = 400
# Bids below 200, asks from there on; few and far ticks, so that whole blocks show nothing.
BID_TICKS = st.sampled_from([0, 3, 63, 64, 100, 190, 191, 198, 199])
ASK_TICKS = st.sampled_from([200, 201, 205, 255, 256, 320, 398, 399])
ROWS = st.lists(
    st.tuples(
        st.booleans(), BID_TICKS, ASK_TICKS, st.sampled_from([0, 0, 1, 5, 70]),
        st.sampled_from([codes.ADD, codes.DELETE, codes.EXECUTE, codes.ENTER, codes.LEAVE, codes.SET, codes.CLEAR]),
    ),
    max_size=40,
)  # fmt: skip


def passed(rows, levels):
    """The kernel's level numbers and states of (side, tick, size, kind)."""
    kind = np.array([row[3] for row in rows], np.uint8)
    side = np.array([row[0] for row in rows], np.int8)
    tick = np.array([row[1] for row in rows], np.int64)
    size = np.array([row[2] for row in rows], np.int64)
    message = np.isin(kind, (codes.ADD, codes.DELETE, codes.EXECUTE))
    count = int(message.sum())
    number, state = np.zeros((count, 2), np.int64), np.zeros((count, bp.STATES), np.int64)
    sizes, shown = np.zeros((2, TICKS), np.int64), np.zeros((2, TICKS // bp.BLOCK + 1), np.int64)
    assert bp.book_pass(kind, side, tick, size, message, levels, sizes, shown, number, state) == count
    return number.tolist(), state.tolist()


def witness(rows, levels):
    """The same with dictionaries: everything is looked up anew after each row."""
    books = {1: {}, -1: {}}

    def ordered(side):
        return sorted(books[side], reverse=side > 0)

    def number(side, tick):
        better = [price for price in ordered(side) if (price - tick) * side > 0]
        return min(len(better), levels) + 1

    def state():
        found = []
        for side in (1, -1):
            prices = ordered(side)
            found += [prices[0] if prices else -1, books[side][prices[0]] if prices else 0]
            found.append(sum(books[side][price] for price in prices[:levels]))
        return found

    numbers, states = [], []
    for side, tick, size, kind in rows:
        message = kind in (codes.ADD, codes.DELETE, codes.EXECUTE)
        before = number(side, tick)
        if kind == codes.CLEAR:
            books = {1: {}, -1: {}}
        elif size > 0 and kind != codes.LEAVE:
            books[side][tick] = size
        elif size >= 0 or kind == codes.LEAVE:
            books[side].pop(tick, None)
        if message:
            numbers.append([before, number(side, tick)])
            states.append(state())
        elif states:
            states[-1] = state()
    return numbers, states


@settings(max_examples=60)
@given(ROWS, st.integers(1, 4))
def test_states_and_levels_are_those_of_a_book_of_dictionaries(drawn, levels):
    rows = [
        (1 if is_bid else -1, bid if is_bid else ask, -1 if kind == codes.LEAVE else size, kind)
        for is_bid, bid, ask, size, kind in drawn
    ]
    assert passed(rows, levels) == witness(rows, levels)


def test_rows_between_messages_belong_to_the_message_before():
    rows = [(1, 100, 5, codes.ADD), (1, 100, 0, codes.EXECUTE), (1, 64, 7, codes.ENTER), (-1, 300, 2, codes.ADD)]
    numbers, states = passed(rows, 2)
    assert numbers == [[1, 1], [1, 1], [1, 1]]
    assert [state[:3] for state in states] == [[100, 5, 5], [64, 7, 7], [64, 7, 7]]


def test_prices_off_the_ladder_and_unknown_sizes_change_nothing():
    rows = [(1, 100, 5, codes.ADD), (1, -1, 9, codes.ADD), (1, 100, -1, codes.EXECUTE)]
    numbers, states = passed(rows, 2)
    assert numbers == [[1, 1], [0, 0], [1, 1]]
    assert all(state == [100, 5, 5, -1, 0, 0] for state in states)


def test_the_side_that_was_shown_last_is_believed():
    rows = [(-1, 200, 5, codes.ADD), (-1, 201, 6, codes.ADD), (1, 200, 3, codes.ADD)]
    _, states = passed(rows, 3)
    assert states[-1] == [200, 3, 3, 201, 6, 6]


def named(rows):
    """Kinds after prints were given their executions: of (ns, kind, side, price, size)."""
    ns, price, size = (np.array([row[place] for row in rows], np.int64) for place in (0, 3, 4))
    kind, side = np.array([row[1] for row in rows], np.uint8), np.array([row[2] for row in rows], np.int8)
    out = kind.copy()
    bp.name_executions(ns, kind, side, price, size, out)
    return out.tolist()


def test_orders_that_go_with_a_print_traded():
    rows = [
        (1, codes.DELETE, -1, 10, 2),  # before the print
        (1, codes.PRINT, -1, 10, 3),
        (1, codes.ADD, 1, 10, 1),
        (1, codes.DELETE, -1, 10, 1),
        (1, codes.DELETE, -1, 11, 2),  # another price
        (1, codes.DELETE, 1, 10, 2),  # the other side
        (1, codes.REDUCE, -1, 10, 2),
        (1, codes.DELETE, -1, 10, 1),  # nothing of the print is left
        (2, codes.PRINT, 0, 10, 5),  # of no known side
        (2, codes.DELETE, -1, 10, 1),
        (3, codes.PRINT, 1, 9, 4),
        (4, codes.DELETE, 1, 9, 4),  # later
    ]
    found = named(rows)
    assert [place for place, kind in enumerate(found) if kind == codes.EXECUTE] == [3, 6]
    assert [kind for place, kind in enumerate(found) if place not in (3, 6)] == [
        row[1] for place, row in enumerate(rows) if place not in (3, 6)
    ]
