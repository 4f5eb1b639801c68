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

from tcakit.market.schema import FILLS, MARKOUT_HORIZONS_S, ORDERS, PARENTS, TCA_BENCHMARKS
from tcakit.tca import BenchmarkContext, measure
from tcakit.tca.benchmark_context import FACTS, SymbolIndex

LAST_S = 3_000
PRICES = st.integers(9_900, 10_100)
# Instants that come again: ties at the ends of windows, of halts, of horizons, and quotes that are just stale.
KNOTS = (0, 60, 61, 120, 121, 300, 360, 600, 1_200, 1_800, 2_940, LAST_S)
SECONDS = st.integers(0, LAST_S) | st.sampled_from(KNOTS)
QUOTES = st.lists(st.tuples(SECONDS, PRICES, st.integers(-1, 6), st.sampled_from("baxxxxx")), max_size=30)
PRINTS = st.lists(st.tuples(SECONDS, PRICES, st.integers(1, 400)), max_size=40)
FILLS_MADE = st.lists(
    st.tuples(SECONDS, PRICES, st.integers(1, 300), st.sampled_from([None, 0, 1, 40, -5]), st.booleans()),
    max_size=8,
)
HALTS = st.none() | st.tuples(SECONDS, st.integers(1, 400) | st.sampled_from((60, 300)))
SENT = st.integers(-60, 600) | st.sampled_from((0, 60))
BETA, CLOSE_BEFORE, ADV_SHARES, VOLATILITY = 0.7, 99.5, 5_000.0, 0.02
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


def plain_market(
    shown: list[tuple[float, float, float]], printed: list[tuple[float, float, float]], halts: Any = ()
) -> Market:
    """The same market as frames."""
    return Market(
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


def prints_of(made: list[tuple[int, int, int]]) -> list[tuple[float, float, float]]:
    return sorted(((float(s), price / 100, float(size)) for s, price, size in made), key=lambda row: row[0])


def child(sent_ns: int) -> pl.DataFrame:
    row = {
        "run_id": "R1", "order_id": "O1", "parent_id": "P1", "symbol": "ACME", "side": 1, "type": "limit",
        "time_in_force": "day", "price_scale": 10_000, "quantity": 100, "filled": 0, "size_scale": 1, "state": "done",
        "submitted_ns": sent_ns,
    }  # fmt: skip
    return ORDERS.conform(pl.DataFrame([row]))


@given(
    QUOTES, PRINTS, FILLS_MADE, HALTS, st.sampled_from([1, -1]), SECONDS, SECONDS, st.integers(0, 500), PRICES, SENT,
    st.tuples(QUOTES, PRINTS),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_kernels_and_polars_agree(
    quotes: Any, prints: Any, made: Any, halt: Any, side: int, arrival_s: int, end_s: int, unfilled: int, limit: int,
    sent_s: int, of_index: Any,
) -> None:  # fmt: skip
    arrival_s, end_s = min(arrival_s, end_s), max(arrival_s, end_s)
    shown, printed = quotes_of(quotes), prints_of(prints)
    halts = () if halt is None else ((at(halt[0]), at(halt[0] + halt[1])),)
    market = replace(build_day(shown, printed), halts=halts)
    index = quotes_of(of_index[0]), prints_of(of_index[1])
    rows = [
        fill(
            f"F{number}", max(seconds, arrival_s), price / 100, shares, side=side, fee=None,
            received_ns=None if ago is None else at(max(seconds, arrival_s) - ago),
            liquidity="maker" if passive else "taker",
        )
        for number, (seconds, price, shares, ago, passive) in enumerate(made)
    ]  # fmt: skip
    quantity = sum(row["quantity"] for row in rows) + unfilled or 1
    order = parent(
        side=side, quantity=quantity, arrival_ns=at(arrival_s), end_ns=at(end_s), limit_price=limit * 100, fees=None
    )
    context = BenchmarkContext(
        orders=child(at(arrival_s + sent_s)),
        facts=pl.DataFrame([("P1", ADV_SHARES, VOLATILITY, 1.0, 99.5, "2020-01-01")], schema=FACTS, orient="row"),
        indices={("ACME", DATE): SymbolIndex("INDX", BETA, build_day(*index))},
        closes={("P1", DATE): CLOSE_BEFORE},
    )
    out = measure(
        frame_of([order], PARENTS), frame_of(rows, FILLS), {("ACME", DATE): market}, run_id="R1", context=context
    )

    plain = plain_market(shown, printed, halts)
    executed = pl.DataFrame(
        {
            "ts": pl.Series([row["ts_ns"] for row in rows], dtype=pl.Int64),
            "received": pl.Series([row["received_ns"] for row in rows], dtype=pl.Int64),
            "side": pl.Series([float(side)] * len(rows), dtype=pl.Float64),
            "price": pl.Series([row["price"] / 10_000 for row in rows], dtype=pl.Float64),
            "shares": pl.Series([float(row["quantity"]) for row in rows], dtype=pl.Float64),
            "passive": pl.Series([row["liquidity"] == "maker" for row in rows], dtype=pl.Boolean),
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
            "side": side, "quantity": quantity, "arrival": at(arrival_s), "end": at(end_s), "decision": 99.90,
            "limit": limit / 100, "sent": at(arrival_s + sent_s), "close": CLOSE_BEFORE, "beta": BETA,
            "facts": (ADV_SHARES, VOLATILITY),
        },
        executed.with_columns(mid=expected["mid_at_fill"], markout=expected["markout 60.0"]),
        plain,
        plain_market(*index),
    )  # fmt: skip
    measured = out.parents.row(0, named=True) | out.benchmarks.drop("notes").row(0, named=True)
    for name, value in told.items():
        assert measured[name] == near(value), name
    assert COLUMNS - set(told) == set(), COLUMNS - set(told)


# Numbers of the symbol's facts come as they are; child orders and their rate are counts of one.
GIVEN = {"previous_close", "adv_shares", "volatility_daily", "half_spread_bps", "child_fill_rate"}
COLUMNS = {column.name for column in TCA_BENCHMARKS.columns if column.type == "f64"} - GIVEN


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-8) if isinstance(value, float) else value
