"""Costs of many orders in one figure, and how sure that figure is.

A figure is a ratio of sums, sum of cost / sum of notional, never a mean of basis points: only so do the
parts of a cost still add up. Intervals are percentile bootstraps over whole orders, because the fills of
one order share its fate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market.numbers import known
from tcakit.tca.draws import sums_of_rows
from tcakit.tca.group_sums import group_sums
from tcakit.tca.shortfall import BPS

DRAWS = 1_000
CONFIDENCE = 0.95

COST_MEASURES: dict[str, tuple[pl.Expr, pl.Expr]] = {
    "shortfall_bps_of_paper": (pl.col("total_cost"), pl.col("paper_notional")),
    "arrival_bps_of_executed": (pl.col("trading_cost"), pl.col("executed_notional")),
    "vwap_bps_of_executed": (
        pl.col("vwap_bps_of_executed") * pl.col("filled_shares") * pl.col("interval_vwap") / BPS,
        pl.col("filled_shares") * pl.col("interval_vwap"),
    ),
    "twap_bps_of_executed": (
        pl.col("twap_bps_of_executed") * pl.col("filled_shares") * pl.col("twap") / BPS,
        pl.col("filled_shares") * pl.col("twap"),
    ),
    "close_bps_of_executed": (
        pl.col("close_bps_of_executed") * pl.col("filled_shares") * pl.col("close_price") / BPS,
        pl.col("filled_shares") * pl.col("close_price"),
    ),
}
"""Figures of `tca_parents` that can be aggregated: name -> (cost, notional), in currency."""


def bootstrap_ratio(
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    *,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of sum(top)/sum(bottom) when whole clusters (rows) are drawn with replacement.

    `tops` and `bottoms` are (clusters, k): k ratios drawn together. Returns low and high, shape (k,), NaN
    with fewer than two clusters. The same seed and rows, in their order, give the same interval anywhere (`draws`).
    Method: Efron and Tibshirani (1993), ch. 13.
    """
    tops, bottoms = np.atleast_2d(tops.T).T, np.atleast_2d(bottoms.T).T
    clusters, width = tops.shape
    if clusters < 2 or draws < 1:
        return np.full(width, np.nan), np.full(width, np.nan)
    sums = sums_of_rows(np.hstack([tops, bottoms]), draws=draws, seed=seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(sums[:, width:] > 0, sums[:, :width] / sums[:, width:], np.nan)
    low, high = np.full(width, np.nan), np.full(width, np.nan)
    some = np.isfinite(ratios).any(axis=0)
    tail = (1.0 - confidence) / 2.0
    if some.any():
        low[some], high[some] = np.nanquantile(ratios[:, some], [tail, 1.0 - tail], axis=0)
    return low, high


def bootstrap_ratio_draws(
    tops: NDArray[np.float64], bottoms: NDArray[np.float64], *, size: int, draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """Ratios of sums of `size` rows drawn with replacement, shape (draws,): how far chance moves so few orders.

    `bottoms` are above zero. The same seed and rows give the same draws.

    >>> bootstrap_ratio_draws(np.array([1.0, 1.0]), np.array([2.0, 2.0]), size=5, draws=2).tolist()
    [0.5, 0.5]
    """
    sums = sums_of_rows(np.column_stack([tops, bottoms]), draws=draws, size=size, seed=seed)
    drawn: NDArray[np.float64] = sums[:, 0] / sums[:, 1]
    return drawn


def aggregate(
    frame: pl.DataFrame,
    by: Sequence[str],
    cost: str | pl.Expr,
    notional: str | pl.Expr,
    *,
    cluster: str | None = None,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pl.DataFrame:
    """Cost in bps of notional per group, with its interval and how many orders it rests on.

    `cost` and `notional` (currency) are columns or expressions. Each row is an order, unless `cluster`
    names the column that says which order a row belongs to (for fills); a row without one stands for
    itself. Rows without cost or notional are left out and counted. Returns `by` plus n (orders), rows,
    left_out, cost, notional, bps, low_bps, high_bps, sorted by `by`; the interval is null when n < 2.
    Raises UsageError for a column that is not there.

    >>> orders = pl.DataFrame({"broker": ["A", "A"], "cost": [10.0, 50.0], "notional": [1e4, 1e5]})
    >>> aggregate(orders, ["broker"], "cost", "notional").select("n", "cost").row(0)
    (2, 60.0)
    """
    missing = [name for name in [*by, *([cluster] if cluster else [])] if name not in frame.columns]
    if missing:
        raise UsageError(f"no columns {missing}", place="aggregate", remedy=f"known are {', '.join(frame.columns)}")
    as_column = [pl.col(item) if isinstance(item, str) else item for item in (cost, notional)]
    # A row without an order stands for itself: its own number, kept apart from the orders' names by
    # the prefix.
    own = pl.concat_str(pl.lit("row "), pl.int_range(pl.len()).cast(pl.String))
    order = own if cluster is None else pl.coalesce(pl.lit("order ") + pl.col(cluster).cast(pl.String), own)
    rows = frame.select(
        *by,
        as_column[0].cast(pl.Float64).fill_nan(None).alias("_cost"),
        as_column[1].cast(pl.Float64).fill_nan(None).alias("_notional"),
        order.alias("_order"),
    )
    usable = pl.col("_cost").is_not_null() & (pl.col("_notional") > 0).fill_null(False)
    out = []
    groups = rows.group_by(by, maintain_order=True) if by else [((), rows)]
    for key, group in groups:
        kept = group.filter(usable)
        orders = group_sums(kept, ["_order"], pl.col("_cost"), pl.col("_notional"))
        tops, bottoms = orders["_cost"].to_numpy(), orders["_notional"].to_numpy()
        low, high = bootstrap_ratio(tops, bottoms, draws=draws, confidence=confidence, seed=seed)
        total, base = (float(tops.sum()), float(bottoms.sum())) if orders.height else (None, None)
        out.append(
            {
                **dict(zip(by, key, strict=True)),
                "n": orders.height,
                "rows": kept.height,
                "left_out": group.height - kept.height,
                "cost": total,
                "notional": base,
                "bps": None if total is None or base is None else total / base * BPS,
                "low_bps": known(low[0] * BPS),
                "high_bps": known(high[0] * BPS),
            }
        )
    schema = {name: frame.schema[name] for name in by} | _FIGURES
    found = pl.DataFrame(out, schema=schema)
    return found.sort(by, nulls_last=True) if by else found


def summarise(
    tca_parents: pl.DataFrame,
    by: Sequence[str] = (),
    measure: str = "arrival_bps_of_executed",
    **options: float,
) -> pl.DataFrame:
    """`aggregate` of one of `COST_MEASURES` over a `tca_parents` frame; UsageError for a measure that is
    not one.
    """
    if measure not in COST_MEASURES:
        raise UsageError(f"no measure {measure!r}", place="summarise", remedy=f"known are {', '.join(COST_MEASURES)}")
    cost, notional = COST_MEASURES[measure]
    return aggregate(tca_parents, by, cost, notional, **options)  # type: ignore[arg-type]


_FIGURES: dict[str, pl.DataType] = {
    "n": pl.Int64(),
    "rows": pl.Int64(),
    "left_out": pl.Int64(),
    "cost": pl.Float64(),
    "notional": pl.Float64(),
    "bps": pl.Float64(),
    "low_bps": pl.Float64(),
    "high_bps": pl.Float64(),
}
