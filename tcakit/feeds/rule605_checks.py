"""Rows of a detailed report that contradict themselves: counts that do not add up, spreads and notionals nobody means.

All of it stays, with a remark: what was filed is what was filed.
"""

from __future__ import annotations

import polars as pl

from tcakit.feeds.cell_faults import CellFaults
from tcakit.feeds.oes_remarks import PRICE_RATIO
from tcakit.feeds.rule605_forms import Form, Identity
from tcakit.market.rule605 import IN_PERCENT

_ROUNDING = 1e-6  # of the sum; counts may be fractions of shares
_SENTINELS_USD = (0.0005, 900_000.0)


def remark_rows(form: Form, rows: pl.DataFrame, faults: CellFaults, most: int) -> None:
    """Remark on rows (our names, with `line`) that break an identity of their form or cannot be; `most` of each kind
    are listed, the others counted.
    """
    for identity in form.identities:
        _remark_identity(form, identity, rows, faults, most)
    for field, odd, expected in _oddities(form):
        found = rows.filter(odd.fill_null(False)).with_columns(expected.alias("expected"))
        for line, value, words in found.select("line", field, "expected").head(most).iter_rows():
            faults.remark(line, form.called(field), f"{value:.12g}", words)
        faults.unlisted_remarks += max(0, found.height - most)


def _remark_identity(form: Form, identity: Identity, rows: pl.DataFrame, faults: CellFaults, most: int) -> None:
    # A sum with an empty field says nothing: + gives null, sum_horizontal would not.
    whole, parts = (_sum(names) for names in (identity.whole, identity.parts))
    broken = rows.with_columns(whole.alias("whole"), parts.alias("sum")).filter(
        ((pl.col("whole") - pl.col("sum")).abs() > _ROUNDING * pl.max_horizontal(1.0, "whole")).fill_null(False)
    )
    named = " + ".join(form.called(name) for name in identity.parts)
    column = " + ".join(form.called(name) for name in identity.whole)
    for line, total, added in broken.select("line", "whole", "sum").head(most).iter_rows():
        faults.remark(line, column, f"{total:.12g}", f"{added:.12g}, the sum of {named}")
    faults.unlisted_remarks += max(0, broken.height - most)


def _sum(names: tuple[str, ...]) -> pl.Expr:
    total = pl.col(names[0])
    for name in names[1:]:
        total = total + pl.col(name)
    return total


def _oddities(form: Form) -> list[tuple[str, pl.Expr, pl.Expr]]:
    """Our name of the field, where it is odd, and what was to be expected, in words."""
    if not form.header:
        return []
    mid, quoted, paid = pl.col("average_mid"), pl.col("quoted_spread"), pl.col("effective_spread")
    price = pl.col("notional") / pl.col("shares")
    far = (price < mid / PRICE_RATIO) | (price > mid * PRICE_RATIO)
    sentinel = (price < _SENTINELS_USD[0]) | (price > _SENTINELS_USD[1])
    ratio = paid / quoted
    times = pl.col("effective_over_quoted") / ratio
    percent = (quoted > 0) & times.is_between(*IN_PERCENT)
    return [
        (
            "notional",
            (pl.col("shares") > 0) & (mid > 0) & far,
            pl.format("about {}: this is {} a share at a mid of {}", _rounded(pl.col("shares") * mid, 2),
                      _rounded(price, 6), _rounded(mid, 4)),
        ),
        (
            "notional",
            (pl.col("shares") > 0) & ~(mid > 0).fill_null(False) & sentinel,
            pl.format("shares times a price: this is {} a share", _rounded(price, 6)),
        ),
        ("effective_of_mid", pl.col("effective_of_mid").abs() > 1, pl.lit("a fraction of the mid between -1 and 1")),
        ("quoted_spread", (mid > 0) & (quoted > mid), pl.format("at most the mid of {}", _rounded(mid, 4))),
        (
            "effective_over_quoted",
            percent,
            pl.format("{}, a fraction: percent was written", _rounded(ratio, 6)),
        ),
    ]  # fmt: skip


def _rounded(value: pl.Expr, decimals: int) -> pl.Expr:
    return value.round(decimals).cast(pl.String)
