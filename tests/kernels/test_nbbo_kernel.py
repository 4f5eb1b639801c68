"""The national best against a witness that asks every exchange anew after every row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcakit.feeds.nbbo import KEEP, NationalBest

EXCHANGES = 4
sides = st.tuples(st.sampled_from([KEEP, 0, 100, 101, 102]), st.sampled_from([0, 1, 5]))
quotes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, EXCHANGES - 1), sides, sides), max_size=40)


def witness(rows):
    """Best bid, its size, best offer, its size after each row, of that row's instrument."""
    held = {}
    for who, exchange, bid, ask in rows:
        for side, (price, size) in enumerate((bid, ask)):
            if price != KEEP:
                held[who, side, exchange] = (price, size)
        told = []
        for side, better in enumerate((max, min)):
            there = [
                quote for (w, s, _), quote in held.items() if (w, s) == (who, side) and quote[0] > 0 and quote[1] > 0
            ]
            best = better((price for price, _ in there), default=None)
            told += [best, sum(size for price, size in there if price == best) if there else None]
        yield who, tuple(told)


@given(quotes, st.integers(1, 7))
def test_the_best_of_all_exchanges_however_the_rows_are_cut(rows, block):
    best, found = NationalBest(), []
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        who, exchange = (np.array([row[k] for row in part], np.int64) for k in (0, 1))
        columns = [np.array([row[k][j] for row in part], np.int64) for k in (2, 3) for j in (0, 1)]
        at, frame = best.follow(who, exchange, *columns)
        found += zip((at + first).tolist(), frame.rows(), strict=True)
    expected, last = [], {}
    for number, (who, told) in enumerate(witness(rows)):
        if last.get(who, (None,) * 4) != told:
            expected.append((number, told))
        last[who] = told
    assert found == expected
