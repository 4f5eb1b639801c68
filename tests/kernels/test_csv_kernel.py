"""The reading of plain CSV bytes against Python's own splitting and decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcakit.feeds import csv_kernel
from tcakit.feeds.csv_kernel import DECIMAL, ODD, PASSED_OVER, WHOLE, WORD

KINDS = np.array([WHOLE, DECIMAL, WORD, PASSED_OVER, DECIMAL])
WORDS = {b"bid": 1, b"ask": -1}
numbers = st.decimals(0, 10**9, places=4).map(lambda number: format(number.normalize(), "f"))
lines = st.tuples(
    st.integers(0, 10**18 - 1).map(str), numbers, st.sampled_from(["bid", "ask"]), st.text("ab-1 ", max_size=4), numbers
)


def packed():
    words, codes = np.zeros((2, len(KINDS), len(WORDS)), np.int64)
    for k, (word, code) in enumerate(WORDS.items()):
        words[2, k], codes[2, k] = int.from_bytes(word, "big"), code
    return words, codes


def parsed(text, room=50):
    values, decimals = np.zeros((len(KINDS), room), np.int64), np.zeros((len(KINDS), room), np.uint8)
    data, prefix = np.frombuffer(text, np.uint8), np.frombuffer(b"p,", np.uint8)
    with np.errstate(over="ignore"):
        rows = csv_kernel.read_rows(data, prefix, KINDS, *packed(), values, decimals)
    return rows, values, decimals


@given(st.lists(lines, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_field_is_what_it_says(rows, end, closed):
    text = end.join("p," + ",".join(row) for row in rows) + (end if closed else "")
    found, values, decimals = parsed(text.encode())
    assert found == len(rows)
    for k, row in enumerate(rows):
        assert values[0, k] == int(row[0])
        assert values[2, k] == WORDS[row[2].encode()]
        for column in (1, 4):
            assert Decimal(int(values[column, k])).scaleb(-int(decimals[column, k])) == Decimal(row[column])
            assert decimals[column, k] == len(row[column].partition(".")[2])


def test_what_needs_thought_is_left_alone():
    good = b"p,1,2.5,bid,x,3"
    assert parsed(good)[0] == 1
    for old, new in (
        (b"p,", b"q,"), (b",1,", b",,"), (b",1,", b",01,"), (b",1,", b",-1,"), (b",1,", b",1.0,"), (b",1,", b", 1,"),
        (b"2.5", b"2."), (b"2.5", b".5"), (b"2.5", b"2.5.1"), (b"2.5", b"2e5"), (b"2.5", b"1" * 17), (b"2.5", b"02.5"),
        (b"bid", b"Bid"), (b"bid", b""), (b"bid", b"bids"), (b"bid", b"bid" * 4), (b"x", b'"x"'), (b"x", b"\xc3"),
        (b",3", b",3,4"), (b",3", b""), (b",3", b",3\n\n"), (b",3", b",3\rp"), (b",1,", b"," + b"9" * 19 + b","),
    ):  # fmt: skip
        assert parsed(good.replace(old, new, 1))[0] == ODD, new
    assert parsed(b"\n".join([good] * 3), room=2)[0] == ODD


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 4)), min_size=1, max_size=8), st.integers(0, 5))
def test_decimals_come_to_one_scale_or_not_at_all(rows, places):
    values = np.array([row[0] for row in rows], np.int64)
    decimals = np.array([row[1] for row in rows], np.uint8)
    exact = [Decimal(value).scaleb(places - scale) for value, scale in rows]
    out = np.zeros(len(rows), np.int64)
    held = csv_kernel.bring_to_places(values, decimals, places, out)
    assert held == all(value == int(value) for value in exact)
    if held:
        assert out.tolist() == [int(value) for value in exact]
    most, finest, largest = csv_kernel.measure_decimals(values, decimals)
    plain = [Decimal(value).scaleb(-scale).normalize() for value, scale in rows]
    needed = [max(-number.as_tuple().exponent, 0) for number in plain]
    assert most == max(needed) == needed[finest]
    assert float(plain[largest]) >= float(max(plain)) * (1 - 1e-12)


def test_what_is_too_large_for_a_scale_is_told():
    out = np.zeros(1, np.int64)
    assert not csv_kernel.bring_to_places(np.array([10**15]), np.zeros(1, np.uint8), 8, out)
