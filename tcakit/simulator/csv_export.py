"""A simulated day as plain CSV: trades, quotes and book deltas, with ISO timestamps."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tcakit.market import codes
from tcakit.simulator.recorded_day import RecordedDay

if TYPE_CHECKING:
    import polars as pl


def iso_times(ts_ns: pl.Series, timezone: str) -> pl.Series:
    """Instants as ISO 8601 with nine decimals and offset, e.g. 2026-03-03T09:30:00.000000001-05:00."""
    import polars as pl

    moments = pl.Series("timestamp", ts_ns).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    return moments.dt.convert_time_zone(timezone).dt.strftime("%Y-%m-%dT%H:%M:%S%.9f%:z")


def _priced(day: RecordedDay, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    import polars as pl

    # numpy divides; polars multiplies by the reciprocal of a literal, which gives 187.35000000000002 for
    # 187.35.
    scale = float(day.instrument.price_scale)
    return frame.with_columns(pl.Series(name, frame[name].to_numpy() / scale) for name in columns)


def trades_frame(day: RecordedDay) -> pl.DataFrame:
    """timestamp, symbol, price, size, taker's side, condition ("H": hidden order, "X": auction), trade_id."""
    import polars as pl

    trades = _priced(day, day.trades(), "price")
    return trades.select(
        iso_times(trades["ts_ns"], day.instrument.timezone).alias("timestamp"),
        pl.lit(day.symbol).alias("symbol"),
        "price",
        "size",
        pl.when(pl.col("aggressor") == codes.BUY)
        .then(pl.lit("buy"))
        .when(pl.col("aggressor") == codes.SELL)
        .then(pl.lit("sell"))
        .alias("side"),
        pl.when(pl.col("aggressor") == 0)
        .then(pl.lit("X"))
        .when(~pl.col("displayed"))
        .then(pl.lit("H"))
        .alias("condition"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("trade_id"),
    )


def quotes_frame(day: RecordedDay) -> pl.DataFrame:
    """timestamp, symbol, bid, bid_size, ask, ask_size: a row a change of the best bid or offer."""
    import polars as pl

    quotes = _priced(day, day.quotes(), "bid", "ask")
    return quotes.select(
        iso_times(quotes["ts_ns"], day.instrument.timezone).alias("timestamp"),
        pl.lit(day.symbol).alias("symbol"),
        "bid",
        "bid_size",
        "ask",
        "ask_size",
    )


def deltas_frame(day: RecordedDay) -> pl.DataFrame:
    """timestamp, symbol, side, price, size: what the level shows from then on, 0 once it is gone."""
    import polars as pl

    touching = np.flatnonzero(day.level_size >= 0)
    frame = pl.DataFrame(
        {
            "ts_ns": day.ts_ns[touching],
            "side": day.side[touching],
            "price": day.price[touching],
            "size": day.level_size[touching],
        }
    )
    frame = _priced(day, frame, "price")
    return frame.select(
        iso_times(frame["ts_ns"], day.instrument.timezone).alias("timestamp"),
        pl.lit(day.symbol).alias("symbol"),
        pl.when(pl.col("side") == codes.BUY).then(pl.lit("bid")).otherwise(pl.lit("ask")).alias("side"),
        "price",
        "size",
    )


def write_csv(frame: pl.DataFrame, path: Path) -> Path:
    """Write a frame as CSV, compressed where the name ends in .gz, the same bytes every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = frame.write_csv().encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        # No name and no time inside, so that bytes depend on content alone.
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as archive:
            archive.write(content)
        content = packed.getvalue()
    path.write_bytes(content)
    return path


def write_day(day: RecordedDay, folder: Path, *, deltas: bool = False, compressed: bool = True) -> list[Path]:
    """Write SYMBOL_DATE_trades.csv and SYMBOL_DATE_quotes.csv, with `deltas` SYMBOL_DATE_book.csv too."""
    ending = ".csv.gz" if compressed else ".csv"
    parts = {"trades": trades_frame, "quotes": quotes_frame}
    if deltas:
        parts["book"] = deltas_frame
    return [write_csv(make(day), folder / f"{day.symbol}_{day.date}_{name}{ending}") for name, make in parts.items()]
