"""Orders against the further benchmarks: figures over the orders of a currency, and every order's own line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.numbers import known
from tcakit.market.schema import TCA_BENCHMARKS
from tcakit.report.data import ReportData
from tcakit.report.dimensions import side_code
from tcakit.report.rows import Rows, rates_of, values_of
from tcakit.tca.benchmark_costs import MEASURES, PRICES, against
from tcakit.tca.inference import bootstrap_ratio
from tcakit.tca.shortfall import BPS

Row = dict[str, Any]
DRAWS = 400
_OF_ROWS = (
    *("filled_shares", "average_price", "maker_fraction", "executed_notional", "paper_notional"),
    *("delay_cost", "trading_cost", "opportunity_cost", "fees", "total_cost"),
)
_SPLITS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "executed": (
        ("delay_cost", "Delay", "decision to arrival, on what was filled"),
        ("trading_cost", "Trading", "arrival to the fills"),
        ("opportunity_cost", "Opportunity", "decision to the end, on what was not filled"),
    ),
    "order": (
        ("order_delay_cost", "Delay", "decision to arrival, on what was ordered"),
        ("order_trading_cost", "Trading", "arrival to the fills"),
        ("order_opportunity_cost", "Opportunity", "arrival to the end, on what was not filled"),
    ),
    "timestamps": (
        ("delay_cost", "Operational delay", "decision to arrival"),
        ("market_timing_cost", "Market timing", "arrival to the broker's first child order"),
        ("broker_execution_cost", "Execution", "the broker's first child order to the fills"),
        ("opportunity_cost", "Missed trade", "decision to the end, on what was not filled"),
    ),
    "days": (
        ("delay_to_close_cost", "Delay", "decision to the close before each day with a fill"),
        ("realised_cost", "Realised", "that close to the day's fills"),
        ("opportunity_cost", "Opportunity", "decision to the end, on what was not filled"),
    ),
}
"""The same shortfall taken apart in four ways: executed basis and days (CFA Institute), order basis (Wagner), four
timestamps (EDHEC)."""


def benchmark_costs(data: ReportData, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Figures of `tca.benchmark_costs.MEASURES` over orders of one currency, and four ways to split the shortfall.

    `measures` is a list with key, group, name, meaning, unit, of (the weight), value, low, high (None where unknown)
    and n. `splits` has executed, order, timestamps and days, each with n, left_out and steps (key, name, meaning, cost,
    bps_of_paper) that add up to the total of the orders whose every step is known. None where the run was measured
    without further benchmarks.
    """
    if not data.benchmarks.height or not rows:
        return None
    frame = benchmark_frame(data, rows)
    tops, bottoms = (
        frame.select(
            expression.cast(pl.Float64).fill_null(np.nan).alias(str(place)) for place, expression in enumerate(column)
        ).to_numpy()
        for column in ([measure.top for measure in MEASURES], [measure.bottom for measure in MEASURES])
    )
    usable = np.isfinite(tops) & (bottoms > 0)
    tops, bottoms = np.where(usable, tops, 0.0), np.where(usable, bottoms, 0.0)
    low, high = bootstrap_ratio(tops, bottoms, draws=DRAWS)
    found = []
    for place, measure in enumerate(MEASURES):
        orders = int(usable[:, place].sum())
        value = float(tops[:, place].sum() / bottoms[:, place].sum()) * measure.scale if orders else None
        ends = (low[place] * measure.scale, high[place] * measure.scale) if orders > 1 else (None, None)
        told = {name: getattr(measure, name) for name in ("key", "group", "name", "meaning", "unit", "of")}
        found.append(told | {"value": value, "low": known(ends[0]), "high": known(ends[1]), "n": orders})
    return {"measures": found, "splits": {name: _split(frame, name) for name in _SPLITS}}


def order_benchmarks(data: ReportData, rows: Sequence[Row]) -> Rows:
    """A line an order of the further benchmarks: the columns of `tca_benchmarks` but the run, and `against_...` each
    price of them, bps of what was filled; None where unknown.

    Prices stand in the currency that was traded, sums of money in the report's.
    """
    if not data.benchmarks.height:
        return Rows()
    names = [column.name for column in TCA_BENCHMARKS.columns if column.name not in ("run_id", "notes")]
    told = benchmark_frame(data, rows)
    lines = told.filter("_measured").select(
        *names, *(against(column).alias(f"against_{column}_bps") for column in PRICES), "notes"
    )
    return Rows.of(lines.with_columns(pl.selectors.float().fill_nan(None)))


def benchmark_frame(data: ReportData, rows: Sequence[Row]) -> pl.DataFrame:
    """A row an order of the summary with its `tca_benchmarks`: sums of money of those, too, in the report's currency.

    `unit` is what a share is worth at a price of one.
    """
    schema: dict[str, Any] = {name: pl.Float64() for name in _OF_ROWS}
    names = ("parent_id", "side", *_OF_ROWS)
    told = pl.DataFrame(
        dict(zip(names, values_of(rows, names), strict=True)) | {"exchange_rate": rates_of(rows)},
        schema={"parent_id": pl.String(), "side": pl.String(), **schema, "exchange_rate": pl.Float64()},
    )
    multipliers = data.parents.unique("parent_id", keep="first").select("parent_id", "multiplier")
    own = data.benchmarks.unique("parent_id", keep="first").drop("run_id").with_columns(_measured=pl.lit(True))
    joined = told.join(multipliers, on="parent_id", how="left", maintain_order="left").join(
        own, on="parent_id", how="left", maintain_order="left"
    )
    joined = joined.with_columns(
        side_code(),
        pl.col("_measured").fill_null(False),
        unit=pl.col("multiplier").fill_null(1.0) * pl.col("exchange_rate"),
    )
    money = [name for name in own.columns if name.endswith("_cost")]
    return joined.with_columns(pl.col(money) * pl.col("exchange_rate")).with_columns(
        pl.selectors.float().fill_nan(None)
    )


def _split(frame: pl.DataFrame, name: str) -> dict[str, Any]:
    """One way to take the shortfall apart, over the orders of which every step is known."""
    steps = _SPLITS[name]
    told = frame.filter(
        pl.all_horizontal(pl.col(column).is_not_null() for column in (*(key for key, *_ in steps), "total_cost")),
        (pl.col("paper_notional") > 0).fill_null(False),
    )
    paper = float(told["paper_notional"].sum())
    named = (*steps, ("fees", "Fees", "commissions, taxes, fees less rebates"), ("total_cost", "Total", "shortfall"))
    return {
        "n": told.height,
        "left_out": frame.height - told.height,
        "steps": [
            {
                "key": key,
                "name": title,
                "meaning": meaning,
                "cost": float(told[key].sum()) if told[key].count() else None,
                "bps_of_paper": float(told[key].sum()) / paper * BPS if told[key].count() else None,
            }
            for key, title, meaning in named
        ]
        if told.height
        else [],
    }
