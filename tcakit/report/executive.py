"""The executive summary: costs in bps and money, against the estimate and the period before, and what drove them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.report.wording import NOT_STATED
from tcakit.tca.group_sums import group_sums
from tcakit.tca.inference import COST_MEASURES, bootstrap_ratio
from tcakit.tca.order_facts import EDGES
from tcakit.tca.resampling import drawn_sums
from tcakit.tca.shortfall import BPS

MEASURES = tuple(COST_MEASURES)
DRIVERS_SHOWN = 5
_DIMENSIONS = (
    "symbol", "broker", "algo", "trader", "account", "side", "date", "half_hour", *EDGES, "liquidity",
)  # fmt: skip
_TAIL = 0.025
Floats = NDArray[np.float64]
Estimated = tuple[str, str, pl.DataFrame]


def executive(
    orders: pl.DataFrame,
    before: pl.DataFrame | None,
    estimated: Estimated | None,
    currency: str,
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """What a head of trading asks first, of the orders of one currency.

    `orders` and `before` (those of the period before, None where there are none) have the columns that `COST_MEASURES`
    rest on, parent_id, date and the dimensions; `estimated` is a model, its source and parent_id, mean_bps. Gives
    `measures` (key, cost in currency, bps, low, high, n, and of the period before `previous_bps`, `previous_n`,
    `difference_bps` with `difference_low`, `difference_high`), `estimate` and `drivers` (`groups`, `orders`).
    """
    return {
        "currency": currency,
        "measures": [_measure(key, orders, before) for key in MEASURES],
        "estimate": _against_estimate(orders, estimated),
        "drivers": {"groups": _groups(orders, tags), "orders": _orders(orders)},
    }


def _measure(key: str, orders: pl.DataFrame, before: pl.DataFrame | None) -> dict[str, Any]:
    """One cost, and what it was before.

    Intervals draw orders; that of a difference draws days, then orders of each, in both periods.
    """
    tops, bottoms, days = _sums(orders, key)
    told: dict[str, Any] = {"key": key, "cost": float(tops.sum()) if tops.size else None, **_ratio(tops, bottoms)}
    names = ("previous_bps", "previous_n", "difference_bps", "difference_low", "difference_high")
    told |= dict.fromkeys(names)
    if before is None:
        return told
    old_tops, old_bottoms, old_days = _sums(before, key)
    old = _ratio(old_tops, old_bottoms)
    told |= {"previous_bps": old["bps"], "previous_n": old["n"]}
    if told["bps"] is None or old["bps"] is None:
        return told
    told["difference_bps"] = told["bps"] - old["bps"]
    if min(told["n"], old["n"]) >= 2:
        ratios = []
        for seed, (top, bottom, of) in enumerate(((tops, bottoms, days), (old_tops, old_bottoms, old_days))):
            sums = drawn_sums(np.column_stack([top, bottom]), of, seed=seed)
            ratios.append(sums[:, 0] / sums[:, 1])
        low, high = np.quantile(ratios[0] - ratios[1], [_TAIL, 1.0 - _TAIL])
        told |= {"difference_low": float(low) * BPS, "difference_high": float(high) * BPS}
    return told


def _sums(orders: pl.DataFrame, key: str) -> tuple[Floats, Floats, list[str]]:
    """Cost and notional of each order that has both, and its date."""
    cost, notional = COST_MEASURES[key]
    pairs = orders.select("date", top=cost.fill_nan(None), bottom=notional.fill_nan(None))
    known = pairs.filter(pl.col("top").is_not_null() & (pl.col("bottom") > 0).fill_null(False))
    return known["top"].to_numpy(), known["bottom"].to_numpy(), known["date"].to_list()


def _ratio(tops: Floats, bottoms: Floats) -> dict[str, Any]:
    if not tops.size:
        return {"bps": None, "low": None, "high": None, "n": 0}
    low, high = bootstrap_ratio(tops, bottoms)
    sure = tops.size >= 2 and bool(np.isfinite(low[0]))
    return {
        "bps": float(tops.sum() / bottoms.sum()) * BPS,
        "low": float(low[0]) * BPS if sure else None,
        "high": float(high[0]) * BPS if sure else None,
        "n": int(tops.size),
    }


def _against_estimate(orders: pl.DataFrame, estimated: Estimated | None) -> dict[str, Any] | None:
    """What the orders were expected to cost against arrival before their day, and what they did; None without a model.

    Over the orders that have both, weighted by executed notional; the difference is paid less estimated.
    """
    if estimated is None:
        return None
    model, source, rows = estimated
    joined = orders.join(rows.select("parent_id", "mean_bps"), on="parent_id", how="left", maintain_order="left")
    cost, notional = COST_MEASURES["arrival_bps_of_executed"]
    pairs = joined.select(paid=cost.fill_nan(None), notional=notional.fill_nan(None), mean_bps="mean_bps")
    known = pairs.filter(
        pl.col("paid").is_not_null(), pl.col("mean_bps").is_not_null(), (pl.col("notional") > 0).fill_null(False)
    )
    told: dict[str, Any] = {
        "model": model,
        "source": source,
        "n": known.height,
        "left_out": orders.height - known.height,
    }
    if not known.height:
        return told | dict.fromkeys(
            (
                "estimated_cost",
                "paid_cost",
                "difference_cost",
                "estimated_bps",
                "paid_bps",
                "difference_bps",
                "low",
                "high",
            )
        )
    expected = (known["mean_bps"] * known["notional"] / BPS).to_numpy()
    paid, weight = known["paid"].to_numpy(), known["notional"].to_numpy()
    difference = _ratio(paid - expected, weight)
    return told | {
        "estimated_cost": float(expected.sum()),
        "paid_cost": float(paid.sum()),
        "difference_cost": float(paid.sum() - expected.sum()),
        "estimated_bps": float(expected.sum() / weight.sum()) * BPS,
        "paid_bps": float(paid.sum() / weight.sum()) * BPS,
        "difference_bps": difference["bps"],
        "low": difference["low"],
        "high": difference["high"],
    }


def _costed(orders: pl.DataFrame) -> pl.DataFrame:
    cost, paper = pl.col("total_cost").fill_nan(None), pl.col("paper_notional").fill_nan(None)
    known = orders.with_columns(_cost=cost, _paper=paper)
    return known.filter(pl.col("_cost").is_not_null() & (pl.col("_paper") > 0).fill_null(False))


def _driver(n: int, cost: float, paper: float, whole_cost: float, whole_paper: float) -> dict[str, Any]:
    """What a part of the orders cost, and by how much it moves the total from what the rest of it would give.

    `adds_bps` is the cost beyond the average rate of all orders, in bps of all paper notional: parts that do not
    overlap add up to zero.
    """
    return {
        "n": n,
        "cost": cost,
        "share_of_cost": cost / whole_cost if whole_cost else None,
        "bps_of_paper": cost / paper * BPS,
        "adds_bps": (cost - paper * whole_cost / whole_paper) / whole_paper * BPS,
    }


def _groups(orders: pl.DataFrame, tags: Sequence[str]) -> list[dict[str, Any]]:
    """The groups of any one dimension that raise the total most; of groups with the same orders the first."""
    known = _costed(orders)
    if not known.height:
        return []
    whole = float(known["_cost"].sum()), float(known["_paper"].sum())
    found: list[tuple[float, dict[str, Any], frozenset[str]]] = []
    for name in (*_DIMENSIONS, *tags):
        if name not in known.columns or known[name].n_unique() < 2:
            continue
        sums = group_sums(known, [name], pl.col("_cost"), pl.col("_paper"))
        members = known.group_by(name, maintain_order=True).agg("parent_id")
        rows = sums.join(members, on=name, nulls_equal=True, maintain_order="left").sort(name, nulls_last=True)
        for value, cost, paper, ids in rows.iter_rows():
            told = _driver(len(ids), cost, paper, *whole)
            named = {"by": name, "group": NOT_STATED if value is None else str(value)}
            found.append((told["adds_bps"], named | told, frozenset(ids)))
    # To ten digits: two programs that add in another order differ beyond.
    found.sort(key=lambda item: -float(f"{item[0]:.10g}"))
    out: list[dict[str, Any]] = []
    seen: set[frozenset[str]] = set()
    for adds, line, orders_of in found:
        if orders_of not in seen and adds > 0.0 and len(out) < DRIVERS_SHOWN:
            out.append(line)
            seen.add(orders_of)
    return out


def _orders(orders: pl.DataFrame) -> list[dict[str, Any]]:
    """The orders that cost most."""
    known = _costed(orders)
    if not known.height:
        return []
    whole = float(known["_cost"].sum()), float(known["_paper"].sum())
    top = known.sort(["_cost", "parent_id"], descending=[True, False]).head(DRIVERS_SHOWN)
    return [
        {name: row[name] for name in ("parent_id", "symbol", "side", "broker", "algo")}
        | _driver(1, row["_cost"], row["_paper"], *whole)
        for row in top.iter_rows(named=True)
    ]
