"""Markouts by horizon over many fills, weighted by notional, with intervals that draw whole parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.tca.fill_places import markout_matrix
from tcakit.tca.inference import CONFIDENCE, bootstrap_ratio, known

CURVE_DRAWS = 400  # of a picture's band, many numbers wide
_POINT: dict[str, pl.DataType] = {
    "horizon_s": pl.Float64(),
    "n": pl.Int64(),
    "n_fills": pl.Int64(),
    "markout_bps_of_price": pl.Float64(),
    "low_bps": pl.Float64(),
    "high_bps": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class MarkedFills:
    """Fills with the markouts of each.

    `fills` is the frame they came from; `horizons_s` ascends; `markouts` (fills, horizons) in bps of the price, NaN
    where there is none; `notional` (fills), NaN where it is unknown; `order` (fills) numbers the parent of each, fills
    without one standing for themselves.
    """

    fills: pl.DataFrame
    horizons_s: NDArray[np.float64]
    markouts: NDArray[np.float64]
    notional: NDArray[np.float64]
    order: NDArray[np.int64]


def marked_fills(markouts: pl.DataFrame, fills: pl.DataFrame) -> MarkedFills:
    """Rows of `fills` with those of `tca_markouts` that are theirs.

    A column `unit` of the fills, if there, says what a share at a price of one is worth (the contract's multiplier
    times the rate of its currency), and the notional of a fill without it is unknown.
    """
    worth = (pl.col("price") / pl.col("price_scale")) * (pl.col("quantity") / pl.col("size_scale"))
    own = fills.select(
        notional=worth * pl.col("unit") if "unit" in fills.columns else worth,
        order=pl.coalesce(pl.lit("parent ") + pl.col("parent_id"), pl.lit("fill ") + pl.col("fill_id")).rank("dense"),
    )
    horizons, matrix = markout_matrix(markouts, fills["fill_id"])
    notional = own["notional"].fill_null(np.nan).to_numpy()
    return MarkedFills(fills, horizons, matrix, notional, own["order"].to_numpy().astype(np.int64))


def curve_points(
    marked: MarkedFills,
    chosen: NDArray[np.bool_] | None = None,
    *,
    draws: int = CURVE_DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """A point a horizon over the chosen fills (None: all), none where none is chosen; see `markout_curve`."""
    if chosen is not None and not chosen.any():
        return []
    weighed = marked.notional > 0
    rows = np.flatnonzero(weighed if chosen is None else weighed & chosen)
    marks = marked.markouts[rows]
    there = ~np.isnan(marks)
    kept = there.any(axis=1)
    rows, marks, there = rows[kept], marks[kept], there[kept]
    # Orders in the order of their fills, so that the same draws take the same orders.
    _, first, order = np.unique(marked.order[rows], return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))[order]
    weights = np.where(there, marked.notional[rows, None], 0.0)
    tops, bottoms, counts = (np.zeros((len(first), len(marked.horizons_s))) for _ in range(3))
    for place in range(len(marked.horizons_s)):
        worth = np.where(there[:, place], marks[:, place], 0.0) * weights[:, place]
        for sums, values in ((tops, worth), (bottoms, weights[:, place]), (counts, there[:, place])):
            sums[:, place] = np.bincount(order, weights=values, minlength=len(first))
    low, high = bootstrap_ratio(tops, bottoms, draws=draws, confidence=confidence, seed=seed)
    out = []
    for place, horizon in enumerate(marked.horizons_s.tolist()):
        parents, base = int((counts[:, place] > 0).sum()), float(bottoms[:, place].sum())
        out.append(
            {
                "horizon_s": horizon,
                "n": parents,
                "n_fills": int(counts[:, place].sum()),
                "markout_bps_of_price": float(tops[:, place].sum()) / base if base > 0 else None,
                "low_bps": known(low[place]) if parents >= 2 else None,
                "high_bps": known(high[place]) if parents >= 2 else None,
            }
        )
    return out


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

    `markouts` is a `tca_markouts` frame and `fills` a `fills` frame (with the columns of `by`, and `unit` as
    `marked_fills` takes it), of one run. Returns `by` plus horizon_s, n (parents), n_fills, markout_bps_of_price,
    low_bps, high_bps; favourable-positive; n counts what stood at that horizon, and the interval is null when fewer
    than two parents did. Fills without a parent stand for themselves.
    """
    marked = marked_fills(markouts, fills)
    names = fills.select(by).unique(maintain_order=True).rows() if by else [()]
    out: list[dict[str, Any]] = []
    for key in names:
        own = [pl.col(name).eq_missing(pl.lit(value, fills.schema[name])) for name, value in zip(by, key, strict=True)]
        chosen = fills.select(pl.all_horizontal(own)).to_series().to_numpy() if own else None
        points = curve_points(marked, chosen, draws=draws, confidence=confidence, seed=seed)
        out += [{**dict(zip(by, key, strict=True)), **point} for point in points]
    schema = {name: fills.schema[name] for name in by} | _POINT
    return pl.DataFrame(out, schema=schema).sort([*by, "horizon_s"], nulls_last=True)
