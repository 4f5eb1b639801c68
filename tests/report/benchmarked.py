"""The made-up run, measured with child orders and facts of its symbols, so that every further benchmark is there."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import example
import numpy as np
import polars as pl

from tcakit.report.data import ReportData
from tcakit.tca import BenchmarkContext, measure
from tcakit.tca.benchmark_context import SymbolIndex
from tcakit.tca.symbol_columns import with_facts


@cache
def benchmarked_data() -> ReportData:
    """The eight parents of `example`, one of them of a contract that is worth fifty times its price."""
    parents = example.eight_parents()
    parents[2]["decision_price"] = 23.4
    parents[3]["multiplier"] = 50.0
    return benchmarked(parents)


def benchmarked(parents: list[dict[str, Any]], **more: Any) -> ReportData:
    """Those parents as `measure` measures real ones, with an index beside them."""
    made = example.report_data(parents, **more)
    facts = pl.DataFrame(
        [
            {"parent_id": row["parent_id"], "adv_shares": 400_000.0, "volatility_daily": 0.02, "half_spread_bps": 2.0,
             "previous_close": 84.5 if row["symbol"] == "ACME" else 23.1, "previous_close_date": "2024-03-13"}
            for row in parents
            if row["matched"] and row["symbol"] != "CALDER"
        ]
    )  # fmt: skip
    index = example.market_day("INDEX", 500.0, 9)
    context = BenchmarkContext(
        orders=made.orders,
        facts=facts,
        own_prints=True,
        closes={
            (row["parent_id"], example.DATE): 84.5 if row["symbol"] == "ACME" else 23.1
            for row in parents
            if row["symbol"] in ("ACME", "BORA")
        },
        indices={
            (symbol, example.DATE): SymbolIndex("INDEX", beta, index) for symbol, beta in (("ACME", 1.2), ("BORA", 1.0))
        },
    )
    found = measure(
        made.parents.filter(pl.col("matched")), made.fills, made.markets, run_id=example.RUN, context=context
    )
    benchmarks = with_facts(found.benchmarks, found.parents, facts, made.markets)
    return replace(
        made,
        tca_parents=found.parents,
        tca_fills=found.fills,
        markouts=found.markouts,
        benchmarks=benchmarks,
        known_before=facts,
    )


def stored_numbers(data: ReportData, order: str) -> dict[str, float]:
    """The known numbers of an order in `tca_benchmarks`."""
    row = data.benchmarks.filter(pl.col("parent_id") == order).row(0, named=True)
    return {name: value for name, value in row.items() if isinstance(value, int | float) and np.isfinite(value)}
