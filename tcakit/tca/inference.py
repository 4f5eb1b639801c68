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
CURVE_DRAWS = 400  # of a picture's band, many numbers wide
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


def markout_curve(
    markouts: pl.DataFrame,
    fills: pl.DataFrame,
    by: Sequence[str] = (),
    *,
    draws: int = CURVE_DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pl.DataFrame:
    """Markout by horizon, weighted by notional, with an interval that draws whole parents.

    `markouts` is a `tca_markouts` frame and `fills` a `fills` frame (with the columns of `by`), of one
    run; a column `unit` of them, if there, says what a share at a price of one is worth (the contract's
    multiplier times the rate of its currency), and a fill without it is left out. Returns `by` plus
    horizon_s, n (parents), n_fills, markout_bps_of_price, low_bps, high_bps; favourable-positive; n counts
    what stood at that horizon, and the interval is null when fewer than two parents did. Fills without a
    parent stand for themselves.
    """
    worth = (pl.col("price") / pl.col("price_scale")) * (pl.col("quantity") / pl.col("size_scale"))
    weights = fills.with_row_index("_row").select(
        *by,
        "_row",
        "fill_id",
        pl.coalesce(pl.lit("parent ") + pl.col("parent_id"), pl.lit("fill ") + pl.col("fill_id")).alias("_order"),
        (worth * pl.col("unit") if "unit" in fills.columns else worth).alias("_notional"),
    )
    joined = markouts.select("fill_id", "horizon_s", "markout_bps_of_price").join(
        weights, on="fill_id", how="inner", maintain_order="left"
    )
    horizons = joined["horizon_s"].unique().sort().to_list()
    out = []
    groups = joined.group_by(by, maintain_order=True) if by else [((), joined)]
    for key, group in groups:
        held = group.filter(pl.col("markout_bps_of_price").is_not_null() & (pl.col("_notional") > 0))
        cells = group_sums(
            held,
            ["_order", "horizon_s"],
            (pl.col("markout_bps_of_price") * pl.col("_notional")).alias("top"),
            pl.col("_notional").alias("bottom"),
            pl.col("_notional").is_not_null().alias("count"),
        )
        # In the order of their fills, so that the same draws take the same orders.
        orders = held.group_by("_order").agg(pl.col("_row").min()).sort("_row")["_order"].to_list()
        row = (
            cells["_order"]
            .replace_strict(orders, range(len(orders)), return_dtype=pl.Int64)
            .to_numpy()
            .astype(np.int64)
        )
        column = np.searchsorted(np.array(horizons, dtype=np.float64), cells["horizon_s"].to_numpy())
        tops, bottoms = np.zeros((len(orders), len(horizons))), np.zeros((len(orders), len(horizons)))
        counts = np.zeros((len(orders), len(horizons)), dtype=np.int64)
        tops[row, column], bottoms[row, column] = cells["top"].to_numpy(), cells["bottom"].to_numpy()
        counts[row, column] = cells["count"].to_numpy()
        low, high = bootstrap_ratio(tops, bottoms, draws=draws, confidence=confidence, seed=seed)
        for place, horizon in enumerate(horizons):
            parents, base = int((counts[:, place] > 0).sum()), float(bottoms[:, place].sum())
            sure = parents >= 2
            out.append(
                {
                    **dict(zip(by, key, strict=True)),
                    "horizon_s": horizon,
                    "n": parents,
                    "n_fills": int(counts[:, place].sum()),
                    "markout_bps_of_price": float(tops[:, place].sum()) / base if base > 0 else None,
                    "low_bps": known(low[place]) if sure else None,
                    "high_bps": known(high[place]) if sure else None,
                }
            )
    schema = {name: weights.schema[name] for name in by} | _CURVE
    return pl.DataFrame(out, schema=schema).sort([*by, "horizon_s"], nulls_last=True)


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
_CURVE: dict[str, pl.DataType] = {
    "horizon_s": pl.Float64(),
    "n": pl.Int64(),
    "n_fills": pl.Int64(),
    "markout_bps_of_price": pl.Float64(),
    "low_bps": pl.Float64(),
    "high_bps": pl.Float64(),
}
