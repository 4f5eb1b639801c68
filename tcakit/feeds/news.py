"""Headlines with their times, as CSV, Parquet, Excel or JSON tables: one row of `news` for each symbol named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.decimals import tidy
from tcakit.feeds.headers import compact, names_listed
from tcakit.feeds.json_table import is_json
from tcakit.feeds.raw_table import RawTable, header_of, parquet_names, read_table
from tcakit.feeds.sentiment import scores
from tcakit.feeds.timestamps import Times, parse_times
from tcakit.market import schema

# Each field's names, best first, in lower case without punctuation; times may also end in "utc".
_NAMES: dict[str, str] = {
    "time": (
        "timestamp ts tsevent publishedat publisheddate publishedtime publishtime timepublished published pubdate "
        "datetime time createdat date"
    ),
    "headline": "headline title",
    "symbol": "symbol symbols ticker tickers relatedsymbols relatedtickers related stocks",
    "source": "source sourcename publisher publishername provider",
    "url": "url link articleurl newsurl",
}
_SYNONYMS = {field: names.split() for field, names in _NAMES.items()}
# As feeds write it: "Mon, 11 Aug 2025 19:03:26 GMT" (RFC 2822).
_MAIL_TIME = r"^(?:[A-Za-z]{3},\s*)?\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} (?:Z|GMT|UTC|UT|[+-]\d{4})$"
_MAIL_FORMAT = "%d %b %Y %H:%M:%S %z"
_NO_SYMBOL = ("", "none", "null", "nan", "n/a")
_LONGEST_SYMBOL = 64


class NewsReader:
    """Tables with a column of times and one of headlines; symbols, source and address where they have columns too."""

    name = "news"
    version = 1
    scores_sentiment = True

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the columns, or the names of the first JSON object, are those of headlines."""
        if head[:4] == b"PAR1":
            names = parquet_names(path) if path.is_file() else None
        elif is_json(head):
            names = _first_names(head)
        else:
            names = header_of(head)
        found = _columns(names or [])
        return "headline" in found and "time" in found

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield the headlines of each file; DataError if it has no column of headlines or of times."""
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            frame = _rows(read_table(place, content, faults), options, faults)
            if frame.height:
                yield Batch("news", frame, content="news")


def _first_names(head: bytes) -> list[str] | None:
    """Names of the first object of a JSON text, inner ones as `outer.inner`; None where it is not whole."""
    text = head.decode("utf-8", "ignore")
    try:
        first, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    except (ValueError, RecursionError):
        return None
    names = []
    for name, value in first.items():
        names += [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]
    return names


def _columns(names: Sequence[str]) -> dict[str, str]:
    """Field -> the file's column for it."""
    by_key: dict[str, str] = {}
    for name in names:
        key = compact(name)
        # A time that says it is in UTC is better than the same one without.
        if key.endswith("utc") and key != "utc":
            by_key[key[:-3]] = name
        else:
            by_key.setdefault(key, name)
    return {
        field: by_key[next(key for key in known if key in by_key)]
        for field, known in _SYNONYMS.items()
        if any(key in by_key for key in known)
    }


def _rows(table: RawTable, options: ReaderOptions, faults: Faults) -> pl.DataFrame:
    columns = _columns(table.frame.columns)
    for field in ("headline", "time"):
        if field not in columns:
            raise DataError(
                f"no column of {field}s among {names_listed(table.frame.columns)}",
                place=f"{table.place}:1",
                remedy=f"rename one to {_SYNONYMS[field][0]}",
            )
    rows = table.frame.height
    faults.rows += rows
    times = _times(tidy(table.frame[columns["time"]]), columns["time"], options, table.place)
    headline = table.frame[columns["headline"]].str.replace_all(r"\s+", " ").str.strip_chars()
    headline = headline.set((headline == "").fill_null(False), None)
    missing = pl.Series([None], dtype=pl.String).new_from_index(0, rows)
    texts = {field: tidy(table.frame[columns[field]]) if field in columns else missing for field in ("source", "url")}
    listed = [_symbols(text) for text in table.frame[columns["symbol"]]] if "symbol" in columns else [[]] * rows
    lost = pl.Series([symbols is None for symbols in listed], dtype=pl.Boolean)
    reason = pl.select(
        pl.when(times.reason.is_not_null())
        .then(times.reason)
        .when(headline.is_null())
        .then(pl.lit("headline is missing"))
        .when(lost)
        .then(pl.lit("symbols cannot be read"))
    ).to_series()
    for row in np.flatnonzero(reason.is_not_null().to_numpy()).tolist():
        faults.add(table.place, int(table.lines[row]), str(reason[row]), table.text(row))
    frame = pl.DataFrame(
        {
            "ts_ns": times.ts_ns,
            # One row for the whole market where no symbol is named.
            "symbol": pl.Series([symbols or [options.symbol] for symbols in listed], dtype=pl.List(pl.String)),
            "headline": headline,
            **texts,
        }
    ).filter(reason.is_null())
    kept = frame.explode("symbol").unique(maintain_order=True)
    faults.count("repeated headlines", sum(len(symbols) for symbols in frame["symbol"]) - kept.height)
    by = options.sentiment
    score = scores(kept["headline"].to_list()) if by else [None] * kept.height
    scored = pl.Series("sentiment", score, dtype=pl.Float64)
    told = pl.when(pl.col("sentiment").is_not_null()).then(pl.lit(by, dtype=pl.String))
    return kept.with_columns(scored).with_columns(sentiment_by=told).select(schema.NEWS.names[1:])


def _times(text: pl.Series, name: str, options: ReaderOptions, place: str) -> Times:
    zone = "UTC" if compact(name).endswith("utc") else options.timezone
    sample = text.drop_nulls().head(100)
    if sample.str.contains(_MAIL_TIME).sum() > sample.len() // 2:
        plain = text.str.replace(r"^[A-Za-z]{3},\s*", "").str.replace(r" (?:Z|GMT|UTC|UT)$", " +0000")
        return parse_times(plain, time_format=_MAIL_FORMAT, place=f"{place}, column {name}")
    return parse_times(text, timezone=zone, date=options.date, place=f"{place}, column {name}")


def _symbols(text: str | None) -> list[str] | None:
    """The symbols of a cell, each once: `AAPL`, `AAPL;MSFT`, or a list as JSON or Python writes it; None if unreadable.

    >>> _symbols("['AAPL', 'BRK B']"), _symbols('[{"ticker": "MSFT"}]'), _symbols("")
    (['AAPL', 'BRK B'], ['MSFT'], [])
    """
    stripped = (text or "").strip()
    found: list[Any] = re.split(r"[,;|]", stripped)
    if stripped.startswith("["):
        try:
            found = [_named(entry) for entry in json.loads(stripped)]
        except (ValueError, RecursionError):
            found = re.split(r"[,;|]", stripped.strip("[]"))
    if not all(isinstance(name, str) for name in found):
        return None
    names = [name.strip().strip("'\"").removeprefix("$").strip() for name in found]
    if any(len(name) > _LONGEST_SYMBOL or not name.isprintable() for name in names):
        return None
    return list(dict.fromkeys(name for name in names if name.lower() not in _NO_SYMBOL))


def _named(entry: Any) -> Any:
    """The symbol of an entry that is an object."""
    if not isinstance(entry, dict):
        return "" if entry is None else entry
    return next((entry[key] for key in ("symbol", "ticker") if isinstance(entry.get(key), str)), entry)
