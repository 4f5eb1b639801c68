"""Two engines, one answer: the measuring of orders against polars expressions, on days that hypothesis makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from acme_market import DATE, OPEN, at, build_day, fill, frame_of, parent
from hypothesis import given, settings
from hypothesis import strategies as st
from polars_engine import Market, fills_by_polars, parent_by_polars

from tcakit.market.schema import FILLS, MARKOUT_HORIZONS_S, PARENTS
from tcakit.tca import BenchmarkContext, Measured, measure

LAST_S = 3_000
PRICES = st.integers(9_900, 10_100)
SECONDS = st.integers(0, LAST_S)
QUOTES = st.lists(st.tuples(SECONDS, PRICES, st.integers(-1, 6), st.sampled_from("baxxxxx")), max_size=30)
PRINTS = st.lists(st.tuples(SECONDS, PRICES, st.integers(1, 400)), max_size=40)
FILLS_MADE = st.lists(
    st.tuples(SECONDS, PRICES, st.integers(1, 300), st.sampled_from([None, 0, 1, 40, -5]), st.booleans()),
    max_size=8,
)
HALTS = st.none() | st.tuples(SECONDS, st.integers(1, 400))
Given = tuple[Any, ...]


def quotes_of(made: list[tuple[int, int, int, str]]) -> list[tuple[float, float, float]]:
    """Quotes in order of time; a few have an empty side, some are crossed or locked."""
    nan = float("nan")
    rows = [
        (
            float(seconds),
            nan if empty == "b" else bid / 100,
            nan if empty == "a" else (bid + width) / 100,
        )
        for seconds, bid, width, empty in sorted(made, key=lambda row: row[0])
    ]
    return [(0.0, 99.98, 100.02), *rows, (float(LAST_S), 100.0, 100.05)]


def run(order: dict[str, Any], fills: list[dict[str, Any]], market: Any) -> Measured:
    return measure(
        frame_of([order], PARENTS),
        frame_of(fills, FILLS),
        {("ACME", DATE): market},
        run_id="R1",
        context=BenchmarkContext(),
    )


@given(QUOTES, PRINTS, FILLS_MADE, HALTS, st.sampled_from([1, -1]), SECONDS, st.integers(0, 500), PRICES)
@settings(max_examples=40, deadline=None)
def test_kernels_and_polars_agree(
    quotes: Any, prints: Any, made: Any, halt: Any, side: int, arrival_s: int, unfilled: int, limit: int
) -> None:
    shown = quotes_of(quotes)
    printed = sorted(((float(s), price / 100, float(size)) for s, price, size in prints), key=lambda row: row[0])
    halts = () if halt is None else ((at(halt[0]), at(halt[0] + halt[1])),)
    market = replace(build_day(shown, printed), halts=halts)
    rows = [
        fill(
            f"F{number}", max(seconds, arrival_s), price / 100, shares, side=side,
            received_ns=None if ago is None else at(max(seconds, arrival_s) - ago),
            liquidity="maker" if passive else "taker",
        )
        for number, (seconds, price, shares, ago, passive) in enumerate(made)
    ]  # fmt: skip
    quantity = sum(row["quantity"] for row in rows) + unfilled or 1
    order = parent(
        side=side, quantity=quantity, arrival_ns=at(arrival_s), end_ns=at(LAST_S), limit_price=limit * 100, fees=None
    )
    out = run(order, rows, market)

    plain = Market(
        quotes=pl.DataFrame(
            {"ts": [at(s) for s, _, _ in shown], "bid": [b for _, b, _ in shown], "ask": [a for _, _, a in shown]}
        ).with_columns(pl.col("bid", "ask").fill_nan(None)),
        prints=pl.DataFrame(
            {
                "ts": pl.Series([at(s) for s, _, _ in printed], dtype=pl.Int64),
                "price": pl.Series([price for _, price, _ in printed], dtype=pl.Float64),
                "size": pl.Series([size for _, _, size in printed], dtype=pl.Float64),
            }
        ),
        first=OPEN,
        last=at(LAST_S),
        halts=halts,
    )
    executed = pl.DataFrame(
        {
            "ts": pl.Series([row["ts_ns"] for row in rows], dtype=pl.Int64),
            "received": pl.Series([row["received_ns"] for row in rows], dtype=pl.Int64),
            "side": pl.Series([float(side)] * len(rows), dtype=pl.Float64),
            "price": pl.Series([row["price"] / 10_000 for row in rows], dtype=pl.Float64),
            "shares": pl.Series([float(row["quantity"]) for row in rows], dtype=pl.Float64),
        }
    )
    expected = fills_by_polars(executed, plain)
    marks = out.markouts["markout_bps_of_price"].to_numpy().reshape(len(rows), len(MARKOUT_HORIZONS_S))
    for name in expected.columns:
        if name.startswith("markout "):
            found = [None if np.isnan(x) else x for x in marks[:, MARKOUT_HORIZONS_S.index(float(name[8:]))].tolist()]
        else:
            found = out.fills[name].to_list()
        assert found == [near(value) for value in expected[name].to_list()], name
    told = parent_by_polars(
        {
            "side": side, "quantity": quantity, "arrival": at(arrival_s), "end": at(LAST_S), "decision": 99.90,
            "limit": limit / 100,
        },
        executed.with_columns(mid=expected["mid_at_fill"]),
        plain,
    )  # fmt: skip
    measured = out.parents.row(0, named=True) | out.benchmarks.drop("notes").row(0, named=True)
    for name, value in told.items():
        assert measured[name] == near(value), name


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-8) if isinstance(value, float) else value
