"""What orders cost against the further benchmarks of `tca_benchmarks`, and how its other columns add up over orders.

Every figure is a ratio of sums over orders, so that groups add up: a cost against a price is the sum of costs over the
sum of what was filled at that price; other columns are averages with the weight that their denominator asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tcakit.market.schema import TCA_BENCHMARKS
from tcakit.tca.shortfall import BPS

PRICES: dict[str, str] = {
    "open_price": "Open",
    "previous_close": "Previous close",
    "day_vwap": "Day VWAP",
    "interval_vwap_without_own": "Interval VWAP without own prints",
    **{
        f"pwp_{rate}_of_{basis}": f"PWP {rate} % of {basis}"
        for basis in ("ordered", "filled")
        for rate in (5, 10, 20)
    },
    "best_price": "Best print",
    "worst_price": "Worst print",
    "limit_vwap": "Interval VWAP within the limit",
    "limit_pwp_10_of_ordered": "PWP 10 % of ordered, within the limit",
    "limit_pwp_10_of_filled": "PWP 10 % of filled, within the limit",
    "broker_start_price": "Mid when the broker began",
}  # fmt: skip
"""Columns of `tca_benchmarks` that are prices to set the fills against, and what they are called."""
_EXECUTED, _PAPER, _ORDER = "executed notional", "paper notional", "each order the same"
_WEIGHTS = {
    _EXECUTED: pl.col("executed_notional"),
    _PAPER: pl.col("paper_notional"),
    _ORDER: pl.lit(1.0),
    "passive executed notional": pl.col("executed_notional") * pl.col("maker_fraction"),
    "child orders": pl.col("child_orders").cast(pl.Float64),
}
_AVERAGED: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "index": (
        ("market_adjusted_bps_of_executed", "Arrival cost less the index's move", "bps", _EXECUTED),
        ("index_cost_bps", "The index's own move", "bps", _EXECUTED),
    ),
    "impact": (
        ("permanent_impact_300s_bps", "Stayed after 5 min", "bps", _EXECUTED),
        ("temporary_impact_300s_bps", "Went within 5 min", "bps", _EXECUTED),
        ("permanent_impact_1800s_bps", "Stayed after 30 min", "bps", _EXECUTED),
        ("temporary_impact_1800s_bps", "Went within 30 min", "bps", _EXECUTED),
        ("reversion_60s_bps", "Reversion in 60 s", "bps", _EXECUTED),
        ("reversion_300s_bps", "Reversion in 5 min", "bps", _EXECUTED),
        ("leakage_60s_bps", "Run-up in the 60 s before arrival", "bps", _EXECUTED),
        ("adverse_selection_60s_bps", "Adverse selection of passive fills, 60 s", "bps", "passive executed notional"),
    ),
    "beaten": (
        ("rpm_volume", "Volume beaten (Kissell)", "fraction", _EXECUTED),
        ("rpm_trades_and_volume", "Trades and volume beaten (EDHEC)", "fraction", _EXECUTED),
    ),
    "circumstances": (
        ("quantity_adv", "Size in average daily volume", "fraction", _PAPER),
        ("volatility_daily", "Daily volatility", "fraction", _PAPER),
        ("half_spread_bps", "Half the quoted spread before the day", "bps", _PAPER),
        ("timing_risk_bps", "Timing risk, one deviation of an order", "bps", _PAPER),
    ),
    "times": (
        ("first_fill_s", "To the first fill", "s", _ORDER),
        ("weighted_fill_s", "To the fills, by shares", "s", _EXECUTED),
        ("last_fill_s", "To the last fill", "s", _ORDER),
        ("child_orders", "Child orders an order", "", _ORDER),
        ("child_fill_rate", "Child orders that filled", "fraction", "child orders"),
        ("fill_days", "Days with a fill", "", _ORDER),
    ),
}
_MEANINGS = {column.name: column.meaning for column in TCA_BENCHMARKS.columns} | {
    "permanent_impact_1800s_bps": "side x (mid 30 min after last fill - arrival) / arrival",
    "temporary_impact_1800s_bps": "side x (average - that mid) / arrival",
    "reversion_300s_bps": "side x (mid at the last fill - mid 300 s later) / the former",
    "broker_start_price": "mid when the first child order was sent",
}


@dataclass(frozen=True, slots=True)
class BenchmarkMeasure:
    """One figure over orders: sum of `top` over sum of `bottom`, times `scale`, in `unit`, weighted by what `of` says.

    `key` is its column of `tca_benchmarks`, `group` one of prices, index, impact, beaten, circumstances and times.
    """

    key: str
    group: str
    name: str
    meaning: str
    unit: str
    of: str
    top: pl.Expr
    bottom: pl.Expr
    scale: float = 1.0


def against(column: str) -> pl.Expr:
    """Cost of an order against a price of `tca_benchmarks`: s (P - B) / B in bps of what was filled at B.

    >>> frame = pl.DataFrame({"side_code": [-1.0], "average_price": [99.0], "open_price": [100.0]})
    >>> frame.select(against("open_price")).item()
    100.0
    """
    price = pl.when(pl.col(column) > 0).then(pl.col(column))
    return pl.col("side_code") * (pl.col("average_price") - price) / price * BPS


def _against_price(column: str) -> BenchmarkMeasure:
    # What one share is worth at a price of one: the contract's multiplier and the rate of the report's currency.
    filled = pl.when(pl.col("filled_shares") > 0).then(pl.col("filled_shares") * pl.col("unit"))
    bottom = filled * pl.when(pl.col(column) > 0).then(pl.col(column))
    return BenchmarkMeasure(
        column, "prices", PRICES[column], _MEANINGS[column], "bps", "filled quantity at the benchmark",
        pl.col("side_code") * filled * (pl.col("average_price") - pl.col(column)), bottom, BPS,
    )  # fmt: skip


def _averaged(group: str, key: str, name: str, unit: str, of: str) -> BenchmarkMeasure:
    weight = _WEIGHTS[of]
    return BenchmarkMeasure(key, group, name, _MEANINGS[key], unit, of, pl.col(key) * weight, weight)


MEASURES: tuple[BenchmarkMeasure, ...] = (
    *(_against_price(column) for column in PRICES),
    *(_averaged(group, *told) for group, held in _AVERAGED.items() for told in held),
)
"""Every figure, in the order a reader expects them.

They rest on the columns of `tca_benchmarks`, and on side_code (+1, -1), average_price, filled_shares, maker_fraction,
executed_notional, paper_notional (currency of the report) and `unit`.
"""
