"""Venues side by side by what they filed: E/Q, effective spread, price improvement, speed and fill rates.

A detailed report has counts, so that its rows add up to any class, share-weighted: a ratio is the ratio of two sums. A
summary has averages alone: its rows are shown as filed, and never averaged.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tcakit.market.rule605 import ALL_BELOW_200K, IN_PERCENT, SIZE_WORDS, SUMMARY_TYPE_WORDS

BPS = 1e4
COLUMNS: dict[str, type[pl.DataType]] = {
    "source": pl.String,  # detailed, detailed until 2025, summary, or own
    "participant": pl.String,
    "entity": pl.String,
    "month": pl.String,
    "sp500": pl.String,
    "order_type": pl.String,
    "size": pl.String,
    "orders": pl.Float64,
    "shares": pl.Float64,
    "executed_shares": pl.Float64,
    "fill_rate": pl.Float64,
    "effective_over_quoted": pl.Float64,
    "effective_over_quoted_shares": pl.Float64,
    "effective_per_share": pl.Float64,
    "effective_bps": pl.Float64,
    "effective_shares": pl.Float64,
    "quoted_bps": pl.Float64,
    "realised_15s_bps": pl.Float64,
    "realised_60s_bps": pl.Float64,
    "realised_300s_per_share": pl.Float64,
    "at_quote_or_better": pl.Float64,
    "improved_share": pl.Float64,
    "improvement_per_share": pl.Float64,
    "improvement_bps": pl.Float64,
    "improvement_shares": pl.Float64,
    "execution_ms": pl.Float64,
    "execution_shares": pl.Float64,
}
"""A row of the comparison: what it is of, then numbers, null where the report has none.

Spreads in bps are of the average mid, `_per_share` is US dollars a share, rates are fractions; improvement is net of
what was executed outside the quote. `..._shares` is how many executed shares the number before it rests on.
"""


def of_summary(rows: pl.DataFrame, by_size: bool = False) -> pl.DataFrame:
    """Rows of a summary (SUMMARY_KEY, SUMMARY_NUMBERS) as COLUMNS: all below $200k and the rest, or each size class.

    The form tells no counts of orders or shares. An E/Q that was filed in percent is brought to a fraction.
    """
    wanted = pl.lit(True) if by_size else pl.col("size").is_in([ALL_BELOW_200K, "200000"])
    ratio = pl.col("effective_over_quoted")
    percent = in_percent(ratio, pl.col("effective_of_mid"), pl.col("quoted_of_mid"))
    return _columns(
        rows.filter(wanted).with_columns(
            source=pl.lit("summary"),
            order_type=pl.col("order_type").replace(SUMMARY_TYPE_WORDS),
            size=pl.col("size").replace(SIZE_WORDS),
            effective_over_quoted=pl.when(percent).then(ratio / 100).otherwise(ratio),
            effective_bps=pl.col("effective_of_mid") * BPS,
            quoted_bps=pl.col("quoted_of_mid") * BPS,
            realised_15s_bps=pl.col("realised_15s_of_mid") * BPS,
            realised_60s_bps=pl.col("realised_60s_of_mid") * BPS,
            improvement_bps=pl.col("improvement_of_mid") * BPS,
        )
    )


def of_own(rows: pl.DataFrame, by_size: bool = False) -> pl.DataFrame:
    """Rows of `execution_summary.summary_rows` as COLUMNS, with the counts that stand behind them."""
    shown = of_summary(rows, by_size)
    return _columns(
        shown.with_columns(
            source=pl.lit("own"),
            fill_rate=pl.col("executed_shares") / pl.col("shares"),
            **{
                f"{name}_shares": pl.col("executed_shares")
                for name in ("effective_over_quoted", "effective", "improvement", "execution")
            },
        ),
    )


def of_detailed(rows: pl.DataFrame, source: str, by_size: bool = False, *, seconds: bool = False) -> pl.DataFrame:
    """Rows of a detailed report (our names, types and sizes in words) added up by venue, month and type, or size too.

    `seconds` says that the report counts times in seconds. Numbers are of executed shares, here and elsewhere; rows
    that lack a number are left out of it, and `..._shares` says what is left.
    """
    lacking = [name for name in _USED if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None).alias(name) for name in lacking).cast(dict.fromkeys(_USED, pl.Float64))
    unit = 1000.0 if seconds else 1.0
    # Of marketable orders the three classes of price have times of their own; of others one time is told.
    by_class = _dot(("improved_time", "at_quote_time", "outside_time"), _CLASSES)
    judged = _plus(_CLASSES)
    rows = rows.with_columns(
        weight=pl.col("executed_shares") + pl.col("away_shares"),
        judged=judged,
        gain=_dot(("improvement_per_share",), ("improved_shares",)) - _dot(("outside_per_share",), ("outside_shares",)),
    )
    timed = by_class.is_not_null() & judged.is_not_null()
    rows = rows.with_columns(
        waited=unit * pl.when(timed).then(by_class).otherwise(pl.col("execution_time") * pl.col("weight")),
        timed=pl.when(timed).then(judged).otherwise("weight"),
    )
    groups = ["participant", "entity", "month", "order_type", *(["size"] if by_size else [])]
    told = rows.group_by(groups, maintain_order=True).agg(_sums())
    size = pl.col("size") if by_size else pl.lit("all")
    return _columns(
        told.with_columns(source=pl.lit(source), size=size, fill_rate=pl.col("executed_shares") / pl.col("shares"))
    )


def side_by_side(parts: Iterable[pl.DataFrame], types: Iterable[str], sizes: Iterable[str]) -> pl.DataFrame:
    """Rows of several reports, those of one type and size next to each other; `types` and `sizes` give the order."""
    rows = pl.concat([pl.DataFrame(schema=COLUMNS), *parts])
    order = [
        pl.col(name).replace_strict(list(words), list(range(len(words))), default=len(words), return_dtype=pl.Int32)
        for name, words in (("order_type", list(dict.fromkeys(types))), ("size", list(dict.fromkeys(sizes))))
    ]
    flag = pl.col("sp500") == "N"
    return rows.sort(*order, flag, "entity", "participant", "month", nulls_last=True, maintain_order=True)


def in_percent(ratio: pl.Expr, effective: pl.Expr, quoted: pl.Expr) -> pl.Expr:
    """Whether an E/Q was filed a hundred times too large, by the two spreads beside it; False where they are not told.

    >>> frame = pl.DataFrame({"r": [82.4, 0.824, 82.4], "e": [0.012, 0.012, None], "q": [0.01456] * 3})
    >>> frame.select(in_percent(pl.col("r"), pl.col("e"), pl.col("q"))).to_series().to_list()
    [True, False, False]
    """
    return ((quoted > 0) & (ratio / (effective / quoted)).is_between(*IN_PERCENT)).fill_null(False)


_CLASSES = ("improved_shares", "at_quote_shares", "outside_shares")
_USED = (
    "average_mid", "quoted_spread", "effective_spread", "realised_15s", "realised_60s", "realised_300s",
    "improvement_per_share", "outside_per_share", "improved_time", "at_quote_time", "outside_time", "execution_time",
    *_CLASSES,
)  # fmt: skip


def _plus(names: tuple[str, ...]) -> pl.Expr:
    """A sum that is null where one of its parts is."""
    total = pl.col(names[0])
    for name in names[1:]:
        total = total + pl.col(name)
    return total


def _dot(values: tuple[str, ...], weights: tuple[str, ...]) -> pl.Expr:
    """Sum of value x shares; where there are no shares the value need not be told."""
    products = [
        pl.when(pl.col(weight) == 0).then(0.0).otherwise(pl.col(value) * pl.col(weight))
        for value, weight in zip(values, weights, strict=True)
    ]
    total = products[0]
    for product in products[1:]:
        total = total + product
    return total


def _sums() -> list[pl.Expr]:
    weight, mid, paid, shown = (pl.col(n) for n in ("weight", "average_mid", "effective_spread", "quoted_spread"))

    def over(top: pl.Expr, bottom: pl.Expr, factor: float = 1.0) -> pl.Expr:
        """Share-weighted top by share-weighted bottom, of the rows that have both; null where there are none."""
        both = top.is_not_null() & bottom.is_not_null()
        sum_below = (bottom * weight).filter(both).sum()
        return pl.when(sum_below > 0).then(factor * (top * weight).filter(both).sum() / sum_below)

    def shares_of(*needed: pl.Expr) -> pl.Expr:
        return weight.filter(pl.all_horizontal(*(number.is_not_null() for number in needed))).sum()

    one, judged = pl.lit(1.0), pl.col("judged").is_not_null() & pl.col("gain").is_not_null()
    n_judged = pl.col("judged").filter(judged).sum()
    timed = pl.col("timed").filter(pl.col("waited").is_not_null()).sum()

    def per_judged(top: pl.Expr) -> pl.Expr:
        return pl.when(n_judged > 0).then(top.filter(judged).sum() / n_judged)

    has_mid = judged & mid.is_not_null()
    value = (mid * pl.col("judged")).filter(has_mid).sum()
    return [
        pl.col("orders").sum(),
        pl.col("shares").sum(),
        weight.sum().alias("executed_shares"),
        over(paid, shown).alias("effective_over_quoted"),
        shares_of(paid, shown).alias("effective_over_quoted_shares"),
        over(paid, one).alias("effective_per_share"),
        over(paid, mid, BPS).alias("effective_bps"),
        shares_of(paid).alias("effective_shares"),
        over(shown, mid, BPS).alias("quoted_bps"),
        over(pl.col("realised_15s"), mid, BPS).alias("realised_15s_bps"),
        over(pl.col("realised_60s"), mid, BPS).alias("realised_60s_bps"),
        over(pl.col("realised_300s"), one).alias("realised_300s_per_share"),
        per_judged(pl.col("improved_shares") + pl.col("at_quote_shares")).alias("at_quote_or_better"),
        per_judged(pl.col("improved_shares")).alias("improved_share"),
        per_judged(pl.col("gain")).alias("improvement_per_share"),
        pl.when(value > 0).then(BPS * pl.col("gain").filter(has_mid).sum() / value).alias("improvement_bps"),
        n_judged.alias("improvement_shares"),
        pl.when(timed > 0).then(pl.col("waited").sum() / timed).alias("execution_ms"),
        timed.alias("execution_shares"),
    ]


def _columns(rows: pl.DataFrame) -> pl.DataFrame:
    """COLUMNS of the frame, null where it has none."""
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in COLUMNS.items() if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())
