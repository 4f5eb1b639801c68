"""The shortfall of many orders taken apart: delay, spread, drift, opportunity, fees, and the total they
add up to.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tcakit.errors import UsageError
from tcakit.tca.shortfall import BPS

PARTS = ("delay", "spread", "drift", "opportunity", "fees")


def waterfall(tca_parents: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Sums of the parts of the shortfall per group, in currency and in bps of paper notional; they add up.

    Rests on the orders whose every part is known: `n` of them, `left_out` of the others. Unknown fees
    count as zero, as in the total. Returns `by`, n, left_out, paper_notional, then `<part>_cost` and
    `<part>_bps_of_paper` for delay, spread, drift, opportunity, fees and total, sorted by `by`. Raises
    UsageError for a column not there.
    """
    missing = [name for name in by if name not in tca_parents.columns]
    if missing:
        raise UsageError(f"no columns {missing}", place="waterfall", remedy=f"known are {tca_parents.columns}")
    traded = pl.col("filled_shares") > 0
    rows = tca_parents.with_columns(
        # An order that never traded paid no spread and saw no drift: nothing is missing there.
        spread_cost=pl.when(traded).then("spread_cost").otherwise(pl.col("trading_cost")),
        drift_cost=pl.when(traded).then("drift_cost").otherwise(pl.col("trading_cost")),
        fees_cost=pl.col("fees").fill_null(0.0),
    )
    known = pl.all_horizontal(
        pl.col("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "total_cost").is_not_null(),
        (pl.col("paper_notional") > 0).fill_null(False),
    )
    sums = [
        known.sum().cast(pl.Int64).alias("n"),
        (~known).sum().cast(pl.Int64).alias("left_out"),
        *[
            pl.col(name).filter(known).sum()
            for name in ("paper_notional", *(f"{part}_cost" for part in (*PARTS, "total")))
        ],
    ]
    found = rows.group_by(by, maintain_order=True).agg(sums) if by else rows.select(sums)
    base = pl.when(pl.col("paper_notional") > 0).then("paper_notional")
    found = found.with_columns(
        (pl.col(f"{part}_cost") / base * BPS).alias(f"{part}_bps_of_paper") for part in (*PARTS, "total")
    )
    return found.sort(by, nulls_last=True) if by else found
