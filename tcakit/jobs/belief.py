"""What a run's numbers are worth: intervals of its costs, and reasons not to believe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.codes import BUY
from tcakit.market.day import MarketDay
from tcakit.store import results
from tcakit.store.database import Store

LARGE_PARTICIPATION = 0.2
LARGE_OF_DAY = 0.1
LARGE_OF_TOUCH = 0.5
FEW_PARENTS = 20
FEW_DAYS = 6
FEW_FILLS = 30
_MEASURES = {"cost": "arrival_bps_of_executed", "shortfall": "shortfall_bps_of_paper"}


def by_algorithm(parents: pl.DataFrame) -> list[dict[str, Any]]:
    """The costs of a run's parents (a `tca_parents` frame) by algorithm and currency, with 95 % intervals.

    Each row: algo, currency, parents, days, cost_bps (trading cost / executed notional at the arrival mid), cost_ci,
    shortfall_bps (total cost / paper notional), shortfall_ci; intervals draw days, then parents within days, and are
    None with fewer than two parents.
    """
    out = []
    for (algo, currency), rows in parents.group_by("algo", "currency", maintain_order=True):
        told: dict[str, Any] = {
            "algo": algo,
            "currency": currency,
            "parents": rows.height,
            "days": rows["date"].n_unique(),
        }
        for name, measure in _MEASURES.items():
            told[f"{name}_bps"], told[f"{name}_ci"] = figure(rows, measure)
        out.append(told)
    return out


def told_of_run(store: Store, run_id: str) -> dict[str, Any]:
    """The numbers of a stored run that a command prints, with `algorithms`: its costs with their intervals."""
    return results.brief(store, run_id) | {"algorithms": by_algorithm(results.table(store, "tca_parents", run_id))}


def figure(rows: pl.DataFrame, measure: str) -> tuple[float | None, list[float] | None]:
    """One of `tca.COST_MEASURES` over some parents in bps, and its interval."""
    from tcakit.tca import COST_MEASURES
    from tcakit.tca.resampling import ratio_interval

    cost, notional = COST_MEASURES[measure]
    sums = rows.select("date", cost.alias("cost"), notional.alias("notional"))
    sums = sums.filter(pl.col("cost").is_finite() & (pl.col("notional") > 0))
    if not sums.height:
        return None, None
    tops, bottoms = sums["cost"].to_numpy(), sums["notional"].to_numpy()
    low, high = ratio_interval(tops, bottoms, sums["date"].to_list())
    interval = None if low is None or high is None else [low * 1e4, high * 1e4]
    return float(tops.sum() / bottoms.sum() * 1e4), interval


# --- reasons not to believe it -------------------------------------------------------------------------------------


def doubts(parents: pl.DataFrame, fills: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> list[str]:
    """Sentences on what makes a replay's costs hard to believe: too large for the market, or too few to tell.

    `parents` is a `tca_parents` frame, `fills` a `fills` frame of the same run, `markets` by (symbol, date).
    """
    return [*market_doubts(parents, fills, markets), *sample_doubts(parents)]


def market_doubts(
    parents: pl.DataFrame, fills: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]
) -> list[str]:
    """Of these, what the market says: parents that were too large for it."""
    found = participation_doubts(parents)
    shares = {key: float(day.print_size.sum()) / day.instrument.size_scale for key, day in markets.items()}
    of_day = [
        ordered / shares[symbol, date]
        for symbol, date, ordered in parents.select("symbol", "date", "ordered_shares").iter_rows()
        if shares.get((symbol, date), 0.0) > 0
    ]
    large = sum(part > LARGE_OF_DAY for part in of_day)
    if large:
        found.append(
            f"{_orders(large)} for more than {LARGE_OF_DAY:.0%} of the day's volume (the largest {max(of_day):.0%}): "
            "no market would have stood still"
        )
    return found + _depth_doubts(fills, markets)


def participation_doubts(parents: pl.DataFrame) -> list[str]:
    """Parents that were a large part of the volume while they traded."""
    large = parents.filter(pl.col("participation") > LARGE_PARTICIPATION).height
    if not large:
        return []
    return [f"{_orders(large)} traded more than {LARGE_PARTICIPATION:.0%} of the market's volume: "
            "costs are understated"]  # fmt: skip


def sample_doubts(parents: pl.DataFrame) -> list[str]:
    """Algorithms whose interval rests on little: few parents, few days, few fills."""
    found = []
    for (algo,), rows in parents.group_by("algo", maintain_order=True):
        few = []
        if rows.height < FEW_PARENTS:
            few.append(f"{rows.height} order{'s' if rows.height != 1 else ''}")
        if (days := rows["date"].n_unique()) < FEW_DAYS:
            few.append(f"{days} day{'s' if days != 1 else ''}")
        if (fills := int(rows["fills"].sum())) < FEW_FILLS:
            few.append(f"{fills} fill{'s' if fills != 1 else ''}")
        if few:
            found.append(f"{algo}: {', '.join(few)}: too few to tell its cost from chance")
    return found


def _orders(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"


def _depth_doubts(fills: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> list[str]:
    """Parents whose takings were, on average, a large part of what the touch showed."""
    taken = fills.filter(pl.col("liquidity") == "taker", pl.col("parent_id").is_not_null())
    if not taken.height:
        return []
    # One order's fills at one instant are one taking, at however many prices.
    sweeps = taken.group_by("parent_id", "symbol", "date", "order_id", "ts_ns", maintain_order=True).agg(
        pl.col("side").first(), (pl.col("quantity") / pl.col("size_scale")).sum().alias("shares")
    )
    parts = []
    for (symbol, date), rows in sweeps.group_by("symbol", "date", maintain_order=True):
        market = markets.get((symbol, date))
        if market is None or not market.quote_ns.size:
            continue
        at = np.searchsorted(market.quote_ns, rows["ts_ns"].to_numpy(), "left") - 1
        buys = (rows["side"] == BUY).to_numpy()
        shown = np.where(buys, market.ask_size[at], market.bid_size[at])
        shown = np.where(at >= 0, shown, np.nan)
        parts.append(rows.select("parent_id", "shares").with_columns(pl.Series("shown", shown, pl.Float64)))
    if not parts:
        return []
    known = pl.concat(parts).filter(pl.col("shown").is_finite() & (pl.col("shown") > 0))
    by_parent = known.group_by("parent_id").agg((pl.col("shares").sum() / pl.col("shown").sum()).alias("part"))
    large = by_parent.filter(pl.col("part") > LARGE_OF_TOUCH)
    if not large.height:
        return []
    return [
        f"{_orders(large.height)} took more than {LARGE_OF_TOUCH:.0%} of what the touch showed, taking by taking: "
        "others would have moved away"
    ]
