"""Exchange rates from files: a row a rate, or the ECB's table of a column a currency."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from tcakit.errors import ConfigError, UsageError
from tcakit.feeds.decimals import to_floats
from tcakit.feeds.raw_table import RawTable
from tcakit.feeds.reference import Mistakes, tables_of
from tcakit.market.clock import parse_date
from tcakit.market.schema import RATES

COLUMNS = ("date", "base", "quote", "rate", "source")
ECB = "ECB euro reference rates"
_CODE = re.compile(r"^[A-Z]{3,5}$")


def read_rates_file(path: Path | str) -> pl.DataFrame:
    """Read rates (schema RATES) from a table of date, base, quote, rate, source, or from eurofxref-hist.csv.

    ConfigError with all mistakes at once, each with its line.
    """
    mistakes: Mistakes = []
    parts: list[pl.DataFrame] = []
    for table in tables_of(path, mistakes):
        header = [name.strip() for name in table.frame.columns]
        small = [name.lower() for name in header]
        if set(COLUMNS) <= set(small):
            parts.append(_long(table, small))
        elif small[0] == "date" and len(header) > 1 and all(_CODE.match(name) for name in header[1:] if name):
            parts.append(_wide(table, header))
        else:
            lacking = [name for name in COLUMNS if name not in small]
            remedy = f"write {','.join(COLUMNS)}, or Date and a column a currency per euro"
            mistakes.append((f"{table.place}:1", f"no columns {', '.join(lacking)}", remedy))
    rows = pl.concat(parts) if parts else pl.DataFrame(schema={**RATES.polars_schema(), "place": pl.String})
    mistakes += [(place, reason, "correct that line") for place, reason in _wrong(rows)]
    if mistakes:
        raise ConfigError(mistakes)
    return RATES.conform(rows.select(RATES.names))


def _long(table: RawTable, names: list[str]) -> pl.DataFrame:
    frame = table.frame.rename(dict(zip(table.frame.columns, names, strict=True))).select(
        pl.col(*COLUMNS).str.strip_chars()
    )
    rate, bad = to_floats(frame["rate"])
    places = [f"{table.place}:{line}" for line in table.lines.tolist()]
    return frame.with_columns(
        date=_dates(frame["date"]),
        base=pl.col("base").str.to_uppercase(),
        quote=pl.col("quote").str.to_uppercase(),
        rate=rate.set(bad, None),
        place=pl.Series(places, dtype=pl.String),
    )


def _wide(table: RawTable, header: list[str]) -> pl.DataFrame:
    """A column a currency, per euro; N/A and empty cells say nothing."""
    frame = table.frame.rename(dict(zip(table.frame.columns, header, strict=True)))
    date = _dates(frame[header[0]])
    places = pl.Series([f"{table.place}:{line}" for line in table.lines.tolist()], dtype=pl.String)
    parts = []
    for name in header[1:]:
        if not name:
            continue
        text = frame[name].str.strip_chars()
        rate, bad = to_floats(text)
        said = bad | rate.is_not_null()
        part = pl.DataFrame({"date": date, "rate": rate.set(bad, None), "place": places}).filter(said)
        parts.append(
            part.select("date", base=pl.lit("EUR"), quote=pl.lit(name), rate="rate", source=pl.lit(ECB), place="place")
        )
    return pl.concat(parts)


def _dates(text: pl.Series) -> pl.Series:
    """Dates as YYYY-MM-DD, null where they are none."""

    def one(word: str | None) -> str | None:
        try:
            return parse_date((word or "").strip().removesuffix(" 00:00:00").removesuffix("T00:00:00.000000000"))
        except UsageError:
            return None

    return pl.Series([one(word) for word in text], dtype=pl.String)


def _wrong(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """(place, reason) of rows that are no rates, or that stand twice with different numbers."""
    code = r"^[A-Z]{3,5}$"
    told = rows.with_columns(
        reason=pl.when(pl.col("date").is_null())
        .then(pl.lit("date is not YYYY-MM-DD"))
        .when(~pl.col("base").str.contains(code).fill_null(False))
        .then(pl.lit("base is no currency code"))
        .when(~pl.col("quote").str.contains(code).fill_null(False))
        .then(pl.lit("quote is no currency code"))
        .when(pl.col("base") == pl.col("quote"))
        .then(pl.lit("base and quote are the same"))
        .when(pl.col("rate").is_null() | ~(pl.col("rate") > 0) | ~pl.col("rate").is_finite())
        .then(pl.lit("rate is no number above zero"))
        .when(pl.col("source").fill_null("") == "")
        .then(pl.lit("source is empty"))
        .when(pl.struct("date", "base", "quote", "source").is_duplicated())
        .then(pl.lit("this date, pair and source stand twice"))
    )
    return list(told.filter(pl.col("reason").is_not_null()).select("place", "reason").iter_rows())
