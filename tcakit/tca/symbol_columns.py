"""Size and risk of orders against what was known of their symbols before the day began."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tcakit.market.day import MarketDay
from tcakit.market.schema import TCA_BENCHMARKS
from tcakit.tca.benchmark_context import FACTS
from tcakit.tca.shortfall import BPS


def timing_risk_bps(volatility_daily: ArrayLike, sessions: ArrayLike) -> NDArray[np.float64]:
    """One standard deviation of an order's cost by the market's moves alone, in bps of arrival.

    sigma x root(T / 3) x 1e4 for an order worked off evenly over T `sessions` (Almgren and Chriss 2000, a straight
    line); NaN unless T >= 0.

    >>> round(float(timing_risk_bps(0.02, 1 / 3)), 9)
    66.666666667
    """
    lasts = np.asarray(sessions, dtype=np.float64)
    return np.asarray(volatility_daily, dtype=np.float64) * np.sqrt(np.where(lasts >= 0, lasts, np.nan) / 3.0) * BPS


def with_facts(
    benchmarks: pl.DataFrame,
    parents: pl.DataFrame,
    facts: pl.DataFrame,
    markets: Mapping[tuple[str, str], MarketDay],
) -> pl.DataFrame:
    """`tca_benchmarks` with the columns that come from facts of the symbols; null where a parent has none.

    `parents` is the `tca_parents` frame of the same parents, `facts` has the columns `FACTS`. How long an order lasts
    is the part of the session from its arrival to its end.
    """
    mine = parents.unique("parent_id", keep="first").select("parent_id", "ordered_shares")
    lasts = pl.DataFrame(
        {"parent_id": parents["parent_id"], "_sessions": _sessions(parents, markets)},
        schema={"parent_id": pl.String, "_sessions": pl.Float64},
    ).unique("parent_id", keep="first")
    told = facts.select(list(FACTS)).unique("parent_id", keep="first")
    joined = benchmarks.select("parent_id")
    for other in (mine, lasts, told):
        joined = joined.join(other, on="parent_id", how="left", maintain_order="left")
    with np.errstate(invalid="ignore"):
        risk = timing_risk_bps(
            joined["volatility_daily"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            joined["_sessions"].fill_null(np.nan).to_numpy(),
        )
    columns = joined.with_columns(
        pl.when(pl.col("adv_shares") > 0).then(pl.col("ordered_shares") / pl.col("adv_shares")).alias("quantity_adv"),
        pl.Series("timing_risk_bps", risk, dtype=pl.Float64),
    ).with_columns(pl.selectors.float().fill_nan(None))
    names = [*(name for name in FACTS if name != "parent_id"), "quantity_adv", "timing_risk_bps"]
    return TCA_BENCHMARKS.conform(benchmarks.with_columns(columns.select(names)))


def _sessions(parents: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> list[float | None]:
    """How many sessions each order lasts, null where its end or its session is unknown."""
    found: list[float | None] = []
    for symbol, date, arrival, end in parents.select("symbol", "date", "arrival_ns", "end_ns").iter_rows():
        day = markets.get((symbol, date))
        opens = None if day is None else day.instrument.session_open_ns
        closes = None if day is None else day.instrument.session_close_ns
        if opens is None or closes is None or end is None or closes <= opens:
            found.append(None)
            continue
        within = min(end, closes) - max(arrival, opens)
        found.append(within / (closes - opens) if within >= 0 else None)
    return found
