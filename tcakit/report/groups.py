"""Costs of a group of parents: ratios of sums with intervals, and components that add up to the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.report.rows import Rows, rates_of, values_of
from tcakit.report.wording import COMPONENT_MEANINGS, COMPONENT_NAMES
from tcakit.tca import inference
from tcakit.tca.inference import COST_MEASURES
from tcakit.tca.shortfall import BPS

Row = dict[str, Any]
Statistic = dict[str, Any]
_GIVEN_COMPONENTS = ("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees")
_OF_SPLIT = ("spread_cost", "drift_cost")
"""Components that count where both are known."""
_SUMMED = ("paper_notional", "executed_notional", "trading_cost", *_GIVEN_COMPONENTS, "total_cost")
_MEASURED = {
    name: pl.Float64()
    for name in dict.fromkeys(
        column
        for cost, notional in COST_MEASURES.values()
        for column in [*cost.meta.root_names(), *notional.meta.root_names()]
    )
}
_SHOWN_WHEN_OTHER_THAN_ZERO = ("trading_cost_not_split", "not_attributed")


def costed(rows: Sequence[Row]) -> Sequence[Row]:
    """The parents that have a total cost and a paper notional: the ones every cost table speaks of."""
    kept = [row for row in rows if row["total_cost"] is not None and row["paper_notional"]]
    return kept if len(kept) < len(rows) else rows


def measures(rows: Sequence[Row]) -> dict[str, Statistic]:
    """Cost in basis points against each benchmark, the denominator in the key, with its interval over orders.

    Each has value, low and high (None where there is nothing to say) and n, the number of orders it rests on.
    """
    frame = measured_frame(rows)
    tops, bottoms = (
        np.column_stack([_known(frame.select(pair[place]).to_series()) for pair in COST_MEASURES.values()])
        for place in (0, 1)
    )
    usable = np.isfinite(tops) & (bottoms > 0)
    tops, bottoms = np.where(usable, tops, 0.0), np.where(usable, bottoms, 0.0)
    # One draw of orders serves all measures: an order without one of them adds nothing to it.
    low, high = inference.bootstrap_ratio(tops, bottoms)
    out = {}
    for place, measure in enumerate(COST_MEASURES):
        orders, base = int(usable[:, place].sum()), float(bottoms[:, place].sum())
        sure = orders >= 2 and bool(np.isfinite(low[place]))
        out[measure] = {
            "value": float(tops[:, place].sum()) / base * BPS if orders else None,
            "low": float(low[place]) * BPS if sure else None,
            "high": float(high[place]) * BPS if sure else None,
            "n": orders,
        }
    return out


def measured_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """The columns that `COST_MEASURES` rest on, a row an order; prices as what a contract at them is worth in the
    currency of the costs."""
    *columns, multipliers = values_of(rows, (*_MEASURED, "multiplier"))
    frame = pl.DataFrame(dict(zip(_MEASURED, columns, strict=True)), schema=_MEASURED)
    rates = pl.Series(rates_of(rows), dtype=pl.Float64)
    units = rates * pl.Series(multipliers, dtype=pl.Float64)
    return frame.with_columns(pl.col("interval_vwap", "twap", "close_price") * pl.lit(units))


def _known(values: pl.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def shares(rows: Sequence[Row]) -> dict[str, float | None]:
    """Fill rate, participation and maker fraction of a group, weighted by notional to add up over symbols."""
    return {
        "fill_rate_of_paper": _weighted(
            [(row["fill_rate"] * row["paper_notional"], row["paper_notional"]) for row in costed(rows)]
        ),
        "participation_of_market_notional": _weighted(
            [
                (row["filled_shares"] * row["interval_vwap"], row["market_shares"] * row["interval_vwap"])
                for row in rows
                if row["participation"] is not None and row["interval_vwap"] and row["market_shares"]
            ]
        ),
        "maker_fraction_of_executed": _weighted(
            [
                (row["maker_fraction"] * row["executed_notional"], row["executed_notional"])
                for row in rows
                if row["maker_fraction"] is not None and row["executed_notional"]
            ]
        ),
    }


def totals(rows: Sequence[Row]) -> dict[str, float | int | None]:
    """Sums in currency over the costed parents of one currency; None where no parent is costed.

    The components (delay, spread, drift, trading that could not be split, opportunity, fees, and what is not
    attributed) add up to `total_cost`.
    """
    with_total = costed(rows)
    sums: dict[str, float | int | None] = {
        "parents": len(rows),
        "parents_priced": sum(row["priced"] for row in rows),
        "parents_costed": len(with_total),
        "fills": sum(row["fills"] for row in rows),
    }
    held = {
        name: np.array(values, np.float64)  # NaN for None
        for name, values in zip(_SUMMED, values_of(with_total, _SUMMED), strict=True)
    }
    split = ~np.isnan(held["spread_cost"]) & ~np.isnan(held["drift_cost"])
    for column, values in held.items():
        sums[column] = _total(values[split] if column in _OF_SPLIT else values)
    sums["trading_cost_not_split"] = _total(held["trading_cost"][~split])
    sums["not_attributed"] = None
    if with_total:
        counts = np.column_stack([split if name in _OF_SPLIT else np.ones_like(split) for name in _GIVEN_COMPONENTS])
        given = np.nan_to_num(np.column_stack([held[name] for name in _GIVEN_COMPONENTS])[counts])
        whole = held["total_cost"]
        rest = float(np.sum(whole)) - float(np.sum(given)) - (sums["trading_cost_not_split"] or 0.0)
        scale = max(float(np.sum(np.abs(whole))), float(np.sum(np.abs(given))), 1.0)
        sums["not_attributed"] = rest if abs(rest) > 1e-9 * scale else 0.0
    return sums


def waterfall(sums: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps from nothing to the total: name, cost in currency, and bps of paper notional."""
    if sums["total_cost"] is None:
        return []
    steps = []
    for key, name in COMPONENT_NAMES.items():
        cost = sums[key] or 0.0
        if key in _SHOWN_WHEN_OTHER_THAN_ZERO and cost == 0.0:
            continue
        steps.append(
            {
                "key": key,
                "name": name,
                "meaning": COMPONENT_MEANINGS[key],
                "cost": cost,
                "bps_of_paper": cost / sums["paper_notional"] * BPS,
            }
        )
    return steps


def by(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, Rows]:
    """Rows by a word, in the order of the words."""
    found: dict[str, Rows] = {}
    for row in rows:
        word = key(row)
        if word not in found:
            found[word] = Rows()
        found[word].append(row)
    return dict(sorted(found.items()))


def _total(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.sum(known)) if known.size else None


def _weighted(pairs: Sequence[tuple[float, float]]) -> float | None:
    whole = sum(weight for _, weight in pairs)
    return sum(part for part, _ in pairs) / whole if whole else None
