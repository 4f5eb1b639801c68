"""Orders that filled on several days: each day's fills against the close before that day."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_COLUMNS = ("close_before_fills", "realised_cost", "delay_to_close_cost")


def realised_columns(
    parents: pl.DataFrame,
    fills: pl.DataFrame,
    decision_price: Floats,
    closes: Mapping[tuple[str, str], float],
    restated: Mapping[tuple[str, str], float] | None = None,
) -> tuple[dict[str, Floats], list[str | None]]:
    """The columns `close_before_fills`, `realised_cost` and `delay_to_close_cost` of `tca_benchmarks`, row by row, and
    why they are NaN.

    With C_d the close before fill day d (`closes` by parent_id and date, currency) the costs are the sums over fill
    days of s Q_d (P_d - C_d) and of s Q_d (C_d - decision): "realised profit and loss" and delay of the CFA Institute.
    Their sum is delay + trading on the executed basis. `restated` has by (fill_id, date) what a fill's price was
    multiplied by after a split, and its day's close is too. NaN where an order has no fill or a close is unknown; only
    where some days' closes are known a reason is given.
    """
    if not closes:
        unknown = np.full(parents.height, np.nan)
        return dict.fromkeys(_COLUMNS, unknown), [None] * parents.height
    usable = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
    mine = fills.filter(usable & pl.col("parent_id").is_in(parents["parent_id"].unique().implode()))
    known = pl.DataFrame(
        [(*key, close) for key, close in closes.items()],
        schema={"parent_id": pl.String, "date": pl.String, "_close": pl.Float64},
        orient="row",
    )
    mine = mine.join(known, on=["parent_id", "date"], how="left", maintain_order="left")
    if restated:
        factors = pl.DataFrame(
            [(*key, factor) for key, factor in restated.items()],
            schema={"fill_id": pl.String, "date": pl.String, "_factor": pl.Float64},
            orient="row",
        )
        mine = mine.join(factors, on=["fill_id", "date"], how="left", maintain_order="left")
        mine = mine.with_columns(pl.col("_close") * pl.col("_factor").fill_null(1.0))
    shares, price = pl.col("quantity") / pl.col("size_scale"), pl.col("price") / pl.col("price_scale")
    days = mine.group_by("parent_id", maintain_order=True).agg(
        gained=(shares * (price - pl.col("_close"))).sum(),
        closes=(shares * pl.col("_close")).sum(),
        shares=shares.sum(),
        lacking=pl.col("date").filter(pl.col("_close").is_null()).min(),
        known=pl.col("_close").is_not_null().any(),
    )
    joined = parents.select("parent_id", "side", "multiplier").join(
        days, on="parent_id", how="left", maintain_order="left"
    )
    whole = joined["lacking"].is_null().to_numpy() & joined["known"].fill_null(False).to_numpy()
    signed = joined["side"].cast(pl.Float64).to_numpy() * joined["multiplier"].fill_null(1.0).to_numpy()
    gained, held, filled = (
        joined[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("gained", "closes", "shares")
    )
    reasons = [
        f"no close is stored of the days before {date}: realised cost is unknown" if date and known else None
        for date, known in joined.select("lacking", "known").iter_rows()
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        average = held / filled
    return {
        "close_before_fills": np.where(whole, average, np.nan),
        "realised_cost": np.where(whole, signed * gained, np.nan),
        "delay_to_close_cost": np.where(whole, signed * (held - filled * decision_price), np.nan),
    }, reasons
