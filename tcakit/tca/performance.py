"""What a cost is due to: the spread, our own impact, the market's move, the choice of brokers, waiting, fees."""

from __future__ import annotations

from typing import Any

import polars as pl

from tcakit.tca.group_sums import group_sums
from tcakit.tca.shortfall import BPS

PARTS = (
    "delay", "spread", "impact", "timing", "selection", "drift_not_split", "trading_not_split", "opportunity", "fees",
)  # fmt: skip
"""Parts of a shortfall, in the order of the trade."""


def performance(orders: pl.DataFrame) -> dict[str, Any]:
    """The parts of the cost of orders of one currency, which add up to its total.

    `orders` are rows with the columns of `tca_parents` (costs in currency), `broker`, and `impact_bps`: what a model
    that was known before the day expects of impact alone, null where none does. Impact is that on the executed
    notional; with drift (the mid's move from arrival to the fills) it leaves drift - impact, which is split in two:

        selection = sum over brokers of (share of notional - 1 / brokers) x its rate of (drift - impact)
        timing    = the rest: the market's own move, and skill or luck

    Selection is what the mix of brokers cost beyond an even mix, unknown with fewer than two. Drift without an
    estimate is not split, nor is trading without a quote at a fill. Gives n, left_out, paper_notional,
    `<part>_cost` and `<part>_bps_of_paper` of `PARTS` and total, None where nothing is known of a part, and
    `not_attributed_cost`, what is missing to the total.
    """
    known = orders.filter(pl.col("total_cost").is_not_null() & (pl.col("paper_notional") > 0).fill_null(False))
    has_split = pl.col("spread_cost").is_not_null() & pl.col("drift_cost").is_not_null()
    split = known.filter(has_split)
    model = split.filter(pl.col("impact_bps").is_not_null() & pl.col("executed_notional").is_not_null())
    costs: dict[str, float | None] = dict.fromkeys(PARTS)
    for part in ("delay", "opportunity"):
        costs[part] = _sum(known[f"{part}_cost"])
    costs["fees"] = _sum(known["fees"])
    costs["spread"] = _sum(split["spread_cost"])
    costs["trading_not_split"] = _sum(known.filter(~has_split)["trading_cost"])
    costs["drift_not_split"] = _sum(split.join(model, on="parent_id", how="anti")["drift_cost"])
    if model.height:
        rest = model.with_columns(
            impact=pl.col("impact_bps") / BPS * pl.col("executed_notional"), broker=pl.col("broker").fill_null("")
        ).with_columns(rest=pl.col("drift_cost") - pl.col("impact"))
        costs["impact"] = _sum(rest["impact"])
        costs["selection"] = _selection(rest)
        costs["timing"] = float(rest["rest"].sum()) - (costs["selection"] or 0.0)
    total = _sum(known["total_cost"])
    paper = float(known["paper_notional"].sum())
    named = {**costs, "total": total}
    told = [cost for cost in costs.values() if cost is not None]
    rest_cost = None if total is None else total - sum(told)
    if rest_cost is not None and abs(rest_cost) <= 1e-9 * max(1.0, *(abs(cost) for cost in [*told, total or 0.0])):
        rest_cost = 0.0  # rounding
    return {
        "n": known.height,
        "n_with_model": model.height,
        "left_out": orders.height - known.height,
        "paper_notional": paper or None,
        "not_attributed_cost": rest_cost,
        **{f"{part}_cost": cost for part, cost in named.items()},
        **{f"{part}_bps_of_paper": None if cost is None or not paper else cost / paper * BPS
           for part, cost in named.items()},
    }  # fmt: skip


def _selection(rest: pl.DataFrame) -> float | None:
    brokers = group_sums(rest, ["broker"], pl.col("rest"), pl.col("executed_notional")).sort("broker")
    brokers = brokers.filter(pl.col("executed_notional") > 0)
    if brokers.height < 2:
        return None
    rate = brokers["rest"] / brokers["executed_notional"]
    even = float(brokers["executed_notional"].sum()) / brokers.height
    return float(((brokers["executed_notional"] - even) * rate).sum())


def _sum(values: pl.Series) -> float | None:
    return float(values.sum()) if values.count() else None
