"""Our own executions as rows of a Rule 605(a)(2) summary, with how many orders and shares stand behind each number.

Averages are share-weighted; percentages are ratios of sums, never means of ratios; the midpoint is that at receipt.
Sources: 17 CFR 242.605(a)(2); the descriptions in the SEC's schema of the summary.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tcakit.market.rule605 import ALL_BELOW_200K, SIZE_WORDS, SUMMARY_KEY, SUMMARY_NUMBERS
from tcakit.market.schema import REALISED_HORIZONS_S
from tcakit.tca.covered_orders import CoveredOrders
from tcakit.tca.spreads import price_improvement

BEYOND = ("realised_50ms_of_mid", "realised_1s_of_mid", "realised_300s_of_mid", "improvement_per_share")
"""Numbers of the rule's detailed report that the summary has no column for: fractions of the mid; currency a share."""
COUNTS = ("orders", "shares", "executed_shares", "realised_15s_shares", "realised_60s_shares")
"""What stands behind a row: covered orders and their shares, shares executed, and those with a mid 15 s and 60 s on."""


def summary_rows(
    covered: CoveredOrders, participant: str | None, entity: str | None, sp500: Collection[str] | None
) -> pl.DataFrame:
    """A row a month, S&P flag, size class and type, then all orders below $200k: SUMMARY_KEY, SUMMARY_NUMBERS, BEYOND
    and COUNTS.

    `sp500` are the symbols that were in the index on the month's first day; where they are not given the flag is null,
    as are participant and entity. Numbers are null where nothing was executed, or no quote stood.
    """
    flag = pl.lit(None, dtype=pl.String)
    if sp500 is not None:
        flag = pl.when(pl.col("symbol").is_in(list(sp500))).then(pl.lit("Y")).otherwise(pl.lit("N"))
    orders = covered.orders.with_columns(sp500=flag)
    below = orders.filter(pl.col("size") != "200000").with_columns(size=pl.lit(ALL_BELOW_200K))
    orders = pl.concat([orders, below])
    groups = ["month", "sp500", "size", "order_type"]
    sent = orders.group_by(groups).agg(
        pl.len().cast(pl.Int64).alias("orders"),
        pl.col("shares").sum(),
        average_order_shares=pl.col("shares").mean(),
        average_order_notional=pl.col("notional").mean(),
    )
    executed = _facts(covered.executions).join(orders.select("order_row", *groups), on="order_row", how="inner")
    done = executed.group_by(groups).agg(_numbers())
    rows = sent.join(done, on=groups, how="left", nulls_equal=True)
    rows = rows.with_columns(
        pl.col("executed_shares", "realised_15s_shares", "realised_60s_shares").fill_null(0.0),
        participant=pl.lit(participant, dtype=pl.String),
        entity=pl.lit(entity, dtype=pl.String),
    )
    place = pl.col("size").replace_strict(list(SIZE_WORDS), list(range(len(SIZE_WORDS))), return_dtype=pl.Int8)
    # The order of the SEC's sample: flag Y first, then type, then size.
    rows = rows.sort("month", pl.col("sp500") == "N", "order_type", place, nulls_last=True)
    return rows.select(*SUMMARY_KEY, *SUMMARY_NUMBERS, *BEYOND, *COUNTS)


def _facts(executions: pl.DataFrame) -> pl.DataFrame:
    """Per execution: spreads and improvement in currency a share."""
    side = pl.col("side")
    rows = executions.with_columns(
        effective=2 * side * (pl.col("price") - pl.col("mid")),
        quoted=pl.col("ask") - pl.col("bid"),
        **{f"realised_{name}": 2 * side * (pl.col("price") - pl.col(f"mid_{name}")) for name in REALISED_HORIZONS_S},
    )
    better = price_improvement(rows["side"], rows["price"], rows["bid"], rows["ask"])
    # A price a hair off the quote by the arithmetic of doubles is a price at the quote.
    noise = 1e-9 * rows["mid"].abs()
    gained = pl.Series("improvement", better)
    return rows.with_columns(gained).with_columns(
        improvement=pl.when(pl.col("improvement").abs() <= noise).then(0.0).otherwise("improvement")
    )


def _numbers() -> list[pl.Expr]:
    """Sums over executions, made into the numbers of a row."""
    shares, mid = pl.col("shares"), pl.col("mid")
    done, value = shares.sum(), (mid * shares).sum()
    gain = pl.col("improvement")

    def of_mid(name: str) -> pl.Expr:
        """Average spread by average mid, over the shares that have that spread."""
        known = pl.col(name).is_not_null()
        # A sum over nothing is zero, and zero by zero is no number.
        return ((pl.col(name) * shares).sum() / (mid * shares).filter(known).sum()).fill_nan(None)

    paid, shown = (pl.col("effective") * shares).sum(), (pl.col("quoted") * shares).sum()
    return [
        done.alias("executed_shares"),
        (value / done).alias("average_mid"),
        (shares.filter(gain >= 0).sum() / done).alias("at_quote_or_better"),
        (shares.filter(gain > 0).sum() / done).alias("improved_share"),
        ((gain * shares).sum() / value).alias("improvement_of_mid"),
        of_mid("effective").alias("effective_of_mid"),
        of_mid("quoted").alias("quoted_of_mid"),
        pl.when(shown > 0).then(paid / shown).alias("effective_over_quoted"),
        *(of_mid(f"realised_{name}").alias(f"realised_{name}_of_mid") for name in REALISED_HORIZONS_S),
        *(
            shares.filter(pl.col(f"realised_{name}").is_not_null()).sum().alias(f"realised_{name}_shares")
            for name in ("15s", "60s")
        ),
        ((gain * shares).sum() / done).alias("improvement_per_share"),
        ((pl.col("time_ms") * shares).sum() / done).alias("execution_ms"),
    ]
