"""Venues side by side: sums over detailed rows against a plain witness, and what a summary cannot say."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

from tcakit.market.rule605 import SUMMARY_NUMBERS
from tcakit.tca.venues import COLUMNS, of_detailed, of_own, of_summary, side_by_side

KEY = {"participant": "Q", "entity": "ACME", "month": "202608", "order_type": "market", "size": "$1k to $5k"}
SUMMARY = {"participant": "Q", "entity": "ACME", "month": "202608", "sp500": "Y", "size": "199999", "order_type": "M"}


def detailed_row(**changes: Any) -> dict[str, Any]:
    """100 shares executed of 200, all numbers told."""
    row: dict[str, Any] = {
        "orders": 2.0, "shares": 200.0, "executed_shares": 80.0, "away_shares": 20.0, "average_mid": 20.0,
        "quoted_spread": 0.04, "effective_spread": 0.02, "realised_15s": 0.01, "realised_60s": 0.0,
        "realised_300s": -0.01, "improved_shares": 60.0, "improvement_per_share": 0.01, "improved_time": 1.0,
        "at_quote_shares": 30.0, "at_quote_time": 2.0, "outside_shares": 10.0, "outside_per_share": 0.02,
        "outside_time": 10.0, "execution_time": 7.0,
    }  # fmt: skip
    return KEY | row | changes


def one(rows: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    told = of_detailed(pl.DataFrame(rows, infer_schema_length=None), "detailed", **options)
    assert told.schema == pl.Schema(COLUMNS)
    return told.row(0, named=True)


def test_one_row_by_hand() -> None:
    row = one([detailed_row()])
    want = {
        "orders": 2.0, "shares": 200.0, "executed_shares": 100.0, "fill_rate": 0.5, "effective_over_quoted": 0.5,
        "effective_over_quoted_shares": 100.0, "effective_per_share": 0.02, "effective_bps": 10.0, "quoted_bps": 20.0,
        "realised_15s_bps": 5.0, "realised_60s_bps": 0.0, "realised_300s_per_share": -0.01, "at_quote_or_better": 0.9,
        "improved_share": 0.6, "improvement_per_share": 0.004, "improvement_bps": 2.0, "execution_ms": 2.2,
        "execution_shares": 100.0, "improvement_shares": 100.0, "size": "all", "source": "detailed",
    }  # fmt: skip
    for name, value in want.items():
        assert row[name] == (pytest.approx(value) if isinstance(value, float) else value), name
    assert one([detailed_row()], seconds=True)["execution_ms"] == pytest.approx(2200.0)


def test_orders_that_rest_have_one_time_and_no_improvement() -> None:
    empty = dict.fromkeys(("improved_shares", "at_quote_shares", "outside_shares", "effective_spread"))
    row = one([detailed_row(**empty)])
    assert (row["execution_ms"], row["execution_shares"]) == (7.0, 100.0)
    assert (row["improved_share"], row["improvement_shares"], row["effective_over_quoted"]) == (None, 0.0, None)


def test_a_class_without_shares_needs_no_time() -> None:
    row = one([detailed_row(outside_shares=0.0, outside_time=None, outside_per_share=None, at_quote_shares=40.0)])
    assert row["execution_ms"] == pytest.approx((60 + 80) / 100)
    assert row["improvement_per_share"] == pytest.approx(0.006)


def witness(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """The same numbers with one row after the other."""

    def weight(row: dict[str, Any]) -> float:
        return row["executed_shares"] + row["away_shares"]

    def ratio(top: str, bottom: str | None) -> tuple[float | None, float]:
        above = below = shares = 0.0
        for row in rows:
            if row[top] is not None and (bottom is None or row[bottom] is not None):
                above += row[top] * weight(row)
                below += (1.0 if bottom is None else row[bottom]) * weight(row)
                shares += weight(row)
        return (above / below if below > 0 else None), shares

    gain = improved = judged = 0.0
    for row in rows:
        if row["improved_shares"] is None:
            continue
        judged += row["improved_shares"] + row["at_quote_shares"] + row["outside_shares"]
        improved += row["improved_shares"]
        gain += row["improved_shares"] * row["improvement_per_share"] - row["outside_shares"] * row["outside_per_share"]
    eq, eq_shares = ratio("effective_spread", "quoted_spread")
    return {
        "executed_shares": sum(map(weight, rows)),
        "fill_rate": sum(map(weight, rows)) / sum(row["shares"] for row in rows),
        "effective_over_quoted": eq,
        "effective_over_quoted_shares": eq_shares,
        "effective_per_share": ratio("effective_spread", None)[0],
        "realised_300s_per_share": ratio("realised_300s", None)[0],
        "improved_share": improved / judged if judged else None,
        "improvement_per_share": gain / judged if judged else None,
        "improvement_shares": judged,
    }


@pytest.mark.parametrize("seed", range(10))
def test_sums_are_those_of_the_witness(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.choice((1, 2, 40))):
        shares = [float(rng.choice((0, 1, 100, 12_345))) for _ in range(3)]
        spread = rng.choice((None, 0.0, 0.01, 0.5))
        resting = rng.random() < 0.3
        classes = dict.fromkeys(("improved_shares", "at_quote_shares", "outside_shares")) if resting else {
            "improved_shares": shares[0], "at_quote_shares": shares[1], "outside_shares": shares[2],
        }  # fmt: skip
        rows.append(
            detailed_row(
                executed_shares=sum(shares), away_shares=float(rng.choice((0, 7))), shares=sum(shares) + 100.0,
                quoted_spread=spread, effective_spread=rng.choice((None, -0.01, 0.02)),
                realised_300s=rng.uniform(-1, 1), improvement_per_share=rng.random(), outside_per_share=rng.random(),
                **classes,
            )
        )  # fmt: skip
    told = one(rows)
    for name, value in witness(rows).items():
        assert told[name] == (None if value is None else pytest.approx(value)), name


def test_rows_of_a_summary_are_shown_as_filed_and_not_averaged() -> None:
    numbers = dict.fromkeys(SUMMARY_NUMBERS, 0.25) | {"effective_of_mid": 0.0009, "quoted_of_mid": 0.001}
    rows = [
        SUMMARY | numbers | {"effective_over_quoted": 0.9},
        SUMMARY | numbers | {"size": "250", "effective_over_quoted": None},
        SUMMARY | numbers | {"size": "200000", "effective_over_quoted": 90.0},
    ]
    told = of_summary(pl.DataFrame(rows))
    assert told["size"].to_list() == ["all below $200k", "$200k and more"]
    # The second was filed in percent.
    assert told["effective_over_quoted"].to_list() == [0.9, 0.9]
    assert told["effective_bps"].to_list() == [pytest.approx(9.0)] * 2
    assert told.select(pl.col("orders", "executed_shares", "effective_shares").null_count()).row(0) == (2, 2, 2)
    assert of_summary(pl.DataFrame(rows), by_size=True).height == 3


def test_our_own_rows_bring_their_counts() -> None:
    numbers = dict.fromkeys(SUMMARY_NUMBERS, 0.25)
    counts = {"orders": 4, "shares": 400.0, "executed_shares": 100.0, "improvement_per_share": 0.01}
    row = of_own(pl.DataFrame([SUMMARY | numbers | counts])).row(0, named=True)
    assert (row["source"], row["orders"], row["fill_rate"], row["effective_shares"]) == ("own", 4.0, 0.25, 100.0)
    assert row["improvement_per_share"] == 0.01


def test_rows_of_one_type_and_size_stand_together() -> None:
    parts = [
        of_detailed(pl.DataFrame([detailed_row(entity=name), detailed_row(entity=name, order_type="other")]), name)
        for name in ("B", "A")
    ]
    told = side_by_side(parts, ["market"], ["all"])
    assert told.select("order_type", "entity").rows() == [
        ("market", "A"), ("market", "B"), ("other", "A"), ("other", "B"),
    ]  # fmt: skip
    assert side_by_side([], [], []).height == 0
