"""Conditions on orders: what they keep, what they refuse and where, against a plain witness in Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.tca.order_filter import order_filter

ORDERS = pl.DataFrame(
    {
        "parent_id": ["a", "b", "c", "d"],
        "broker": ["NORTHGATE", "KITE & CO", None, "Kite's"],
        "adv_pct": [0.5, 1.5, None, 12.0],
        "arrival_bps": [1.0, -2.0, 3.0, None],
        "vwap_bps": [0.5, 0.0, 4.0, 1.0],
        "duration_s": [60.0, 1_800.0, 7_200.0, 30.0],
        "notional": [5e5, 1e6, 2.5e6, 3e9],
        "time": [34_200.0, 36_000.0, 50_000.0, 57_599.0],
        "date": ["2026-03-02", "2026-03-03", "2026-03-03", "2026-04-01"],
        "priced": [True, True, False, True],
        "Desk": ["x", "y", "x", "z"],
    }
)


def kept(text: str) -> str:
    chosen = ORDERS.filter(order_filter(text, ORDERS.schema, {"portfolio": "broker"}))
    return "".join(chosen["parent_id"])


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("adv_pct > 1", "bd"),
        ("adv_pct > 1%", "bd"),
        ("ADV_PCT>1", "bd"),
        ("not adv_pct > 1", "a"),
        ("adv_pct is null", "c"),
        ("adv_pct is not null and adv_pct<=1.5", "ab"),
        ("notional >= 1e6", "bcd"),
        ("notional >= 1_000_000 and notional < 1bn", "bc"),
        ("notional = 500k or notional = 2.5m", "ac"),
        ("broker in (NORTHGATE, 'KITE & CO')", "ab"),
        ("broker not in (NORTHGATE, 'KITE & CO')", "d"),
        ("broker = 'Kite''s'", "d"),
        ('broker = "Kite\'s"', "d"),
        ("portfolio != NORTHGATE", "bd"),
        ("time >= 10:00", "bcd"),
        ("time < 9:30:01", "a"),
        ("date = 2026-03-03", "bc"),
        ("date >= 2026-03-03 and date < 2026-04", "bc"),
        ("duration_s > 30min", "c"),
        ("duration_s <= 0.5h", "abd"),
        ("arrival_bps > vwap_bps", "a"),
        ("arrival_bps < -1bps", "b"),
        ("priced", "abd"),
        ("not priced", "c"),
        ("priced = false", "c"),
        ("Desk = x", "ac"),
        ("adv_pct > 1 or priced and broker = NORTHGATE", "abd"),
        ("(adv_pct > 1 or priced) and broker = NORTHGATE", "a"),
    ],
)
def test_what_a_condition_keeps(text: str, orders: str) -> None:
    assert kept(text) == orders


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing is asked"),
        ("adv_pcf > 1", r"column 1: no column 'adv_pcf'; did you mean adv_pct"),
        ("priced and brokr = A", r"column 12: no column 'brokr'; did you mean broker"),
        ("adv_pct >", "column 10, at the end: a value for 'adv_pct' was expected"),
        ("adv_pct", "a comparison of 'adv_pct' was expected"),
        ("adv_pct > 1 broker = A", "column 13, at 'broker': and, or, or the end"),
        ("adv_pct > one", "no column 'one'"),
        ("adv_pct > broker", "column 11, at 'broker': 'broker' is no number"),
        ("adv_pct > 1bps", "'adv_pct' is not in bps"),
        ("adv_pct > 1x", "column 11: 1x: no unit 'x'"),
        ("(adv_pct > 1", r"column 13, at the end: '\)' was expected"),
        ("broker in NORTHGATE", r"column 11, at 'NORTHGATE': '\(' was expected"),
        ("broker in ()", "a value for 'broker' was expected"),
        ("broker not = A", "in was expected after not"),
        ("time > 25:00", "25:00 is no time of day"),
        ("time > 10", "'time' is a time of day"),
        ("priced = 1", "'priced' is true or false"),
        ("broker = 'A", r"column 10: \"'A\" cannot be read here"),
        ("broker = A; DROP TABLE runs", "column 11: '; DROP TABLE runs' cannot be read here"),
        ("(" * 60 + "priced" + ")" * 60, "more than 50"),
        ("not " * 3_000 + "priced", "more than 50"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        kept(text)
    assert caught.value.place == "--where"


Truth = bool | None
Condition = tuple[str, Callable[[dict[str, Any]], Truth]]


def _test(column: str, sign: str, value: float) -> Condition:
    signs: dict[str, Callable[[float, float], bool]] = {
        "<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__, "=": float.__eq__,
        "!=": float.__ne__,
    }  # fmt: skip
    return f"{column} {sign} {value!r}", lambda row: None if row[column] is None else signs[sign](row[column], value)


def _not(inner: Condition) -> Condition:
    def said(row: dict[str, Any]) -> Truth:
        truth = inner[1](row)
        return None if truth is None else not truth

    return f"not ({inner[0]})", said


def _joined(word: str, one: Condition, two: Condition) -> Condition:
    """Three-valued: `and` is false where either is, `or` is true where either is, else unknown where either is."""
    decides = word == "or"

    def said(row: dict[str, Any]) -> Truth:
        truths = one[1](row), two[1](row)
        return decides if decides in truths else None if None in truths else not decides

    return f"({one[0]}) {word} ({two[0]})", said


NUMBERS = st.sampled_from(["adv_pct", "arrival_bps", "vwap_bps"])
TESTS = st.builds(_test, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.sampled_from([-2.0, 1.0, 1.5]))
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.builds(_not, inner) | st.builds(_joined, st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)


@given(CONDITIONS)
def test_a_condition_says_what_plain_three_valued_logic_says(condition: Condition) -> None:
    text, truth = condition
    assert kept(text) == "".join(row["parent_id"] for row in ORDERS.iter_rows(named=True) if truth(row) is True)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(UsageError):
        kept(text)
