"""Messages under way, against Python's own heap."""

from __future__ import annotations

import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.bus_kernel import post, take_next

ROWS = 16


def empty_bus():
    return (
        np.zeros(ml.AT, np.int64),
        np.zeros((ROWS, ml.BUS_COLUMNS), np.int64),
        np.zeros((ROWS, 3), np.int64),
        np.arange(ROWS),
    )


@given(st.lists(st.one_of(st.integers(0, 5), st.none()), max_size=60))
def test_messages_arrive_by_time_then_in_the_order_in_which_they_were_sent(asked):
    bus, plain, sent = empty_bus(), [], 0
    for arrival in asked:
        if arrival is not None and len(plain) < ROWS:
            post(*bus, arrival, ml.SEND_NEW, 1, sent, 0, 1, 50, 10, 0, 0, 0)
            heapq.heappush(plain, (arrival, sent))
            sent += 1
        elif plain:
            due, number = heapq.heappop(plain)
            assert bus[2][0, 0] == due
            row = take_next(*bus)
            assert bus[1][row, ml.CLIENT] == number
    assert bus[0][ml.BUS_COUNT] == len(plain)
