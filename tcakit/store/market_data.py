"""Read market data of a symbol's day out of the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.market.instrument import Instrument
from tcakit.registry import nearest
from tcakit.store.database import Store
from tcakit.store.market_files import MARKET_TABLES
from tcakit.store.rows import Standing, instrument_rows


@dataclass(frozen=True, slots=True)
class SymbolDay:
    """A symbol's day in the store: what it is made of, not the rows themselves.

    `contents` are the kinds of data it has (book-l2, book-l2-window, book-l3, trades, quotes); `data_keys` the
    ingest keys of its files.
    """

    date: str
    instrument_id: int
    instrument: Instrument
    contents: tuple[str, ...]
    depth: int | None
    data_keys: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """By which it is known whether the store still holds what this says."""
        of = self.instrument
        return Standing(of.symbol, of.venue, of.price_scale, of.size_scale, self.data_keys)


def symbol_days(store: Store, date: str) -> list[SymbolDay]:
    """Every symbol of a trade date."""
    if not store.day_path(date).exists():
        return []
    with store.read_day(date) as connection:
        instruments = connection.execute("SELECT * FROM instruments ORDER BY symbol, venue")
        names = [column[0] for column in instruments.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in instruments.fetchall()]
        sources = connection.execute(
            "SELECT instrument_id, content, depth, ingest_key, path FROM sources ORDER BY source_id"
        ).fetchall()
    out = []
    for row in rows:
        instrument_id = row.pop("instrument_id")
        own = [source for source in sources if source[0] == instrument_id]
        out.append(
            SymbolDay(
                date=date,
                instrument_id=instrument_id,
                instrument=Instrument(**row),
                contents=tuple(dict.fromkeys(source[1] for source in own)),
                depth=next((source[2] for source in own if source[2] is not None), None),
                data_keys=tuple(sorted({source[3] for source in own})),
                paths=tuple(dict.fromkeys(source[4] for source in own)),
            )
        )
    return out


def find_symbol_day(
    store: Store,
    symbol: str,
    date: str | None = None,
    venue: str | None = None,
    listed: Callable[[Store, str], list[SymbolDay]] = symbol_days,
) -> SymbolDay:
    """The stored day of a symbol; `date` may be left out when only one day has it. `listed` gives a date's symbols.

    Raises UsageError naming what is stored, or the nearest symbol, when there is none or more than one.
    """
    dates = [date] if date else store.dates()
    found: list[SymbolDay] = []
    known: set[str] = set()
    for day in dates:
        for candidate in listed(store, day):
            known.add(candidate.instrument.symbol)
            if candidate.instrument.symbol == symbol and venue in (None, candidate.instrument.venue):
                found.append(candidate)
    if not found and venue is not None and symbol in known:
        raise UsageError(f"{symbol} is not stored for venue {venue!r}", place="--venue", remedy="see `tcakit catalog`")
    if not found:
        guess = nearest(symbol, sorted(known))
        hint = f"did you mean {guess}?" if guess else "see `tcakit catalog`"
        when = f" on {date}" if date else ""
        raise UsageError(f"no market data of {symbol!r}{when} is stored", place="symbol", remedy=hint)
    days = sorted({candidate.date for candidate in found})
    if len(days) > 1:
        raise UsageError(
            f"{symbol} is stored for {len(days)} days, {days[0]} to {days[-1]}", place="--date", remedy="say which day"
        )
    return by_weight(found)[0]


def by_weight(days: list[SymbolDay]) -> list[SymbolDay]:
    """Several venues of one symbol and day: the one with a book says most, then the first by name."""
    return sorted(
        days,
        key=lambda day: (not any(content.startswith("book") for content in day.contents), day.instrument.venue),
    )


_BOOK = ("ts_ns", "recv_ns", "kind", "side", "price", "size", "level_size", "order_id", "trade_id", "print_price")
_TRADES = ("ts_ns", "recv_ns", "price", "size", "aggressor")
_QUOTES = ("ts_ns", "recv_ns", "bid", "bid_size", "ask", "ask_size")
_BARS = ("ts_ns", "interval_ns", "open", "high", "low", "close", "volume")


def _read(store: Store, day: SymbolDay, table: str, names: Sequence[str], until_ns: int | None) -> dict[str, Any]:
    rows = instrument_rows(store, day.date, table, day.instrument_id, names, until_ns, day.standing)
    return {name: _column(rows[name]) for name in names}


def _column(values: pl.Series) -> Any:
    """A numpy column, masked where null; always one that may be written to: kernels are compiled for one kind."""
    if not values.null_count():
        return values.to_numpy(writable=True)
    return np.ma.MaskedArray(values.fill_null(0).to_numpy(writable=True), values.is_null().to_numpy())


def book_events(store: Store, day: SymbolDay, until_ns: int | None = None) -> dict[str, Any]:
    """The day's book events in order, as numpy columns (masked where null)."""
    return _read(store, day, "book_events", _BOOK, until_ns)


def trades(store: Store, day: SymbolDay, until_ns: int | None = None) -> dict[str, Any]:
    """The day's separately published prints in order, as numpy columns."""
    return _read(store, day, "trades", _TRADES, until_ns)


def quotes(store: Store, day: SymbolDay, until_ns: int | None = None) -> dict[str, Any]:
    """The day's quotes in order, as numpy columns."""
    return _read(store, day, "quotes", _QUOTES, until_ns)


def bars(store: Store, day: SymbolDay) -> pl.DataFrame:
    """The day's bars of all lengths as vendors made them, by time; prices and volume in stored units, null if missing.

    Columns: ts_ns (start of the interval), interval_ns, open, high, low, close, volume.
    """
    return instrument_rows(store, day.date, "bars", day.instrument_id, _BARS, None, day.standing)


def trade_conditions(store: Store, day: SymbolDay) -> list[tuple[str, int]]:
    """Condition codes of the day's prints and how often each stands, most frequent first."""
    rows = instrument_rows(store, day.date, "trades", day.instrument_id, ["condition"], None, day.standing).drop_nulls()
    counts = rows.group_by("condition").len().sort(["len", "condition"], descending=[True, False])
    return list(counts.iter_rows())


def status_notices(store: Store, day: SymbolDay) -> pl.DataFrame:
    """What the venue said of the state of trading, by time: ts_ns and detail (JSON)."""
    if "notices" not in day.contents:
        return MARKET_TABLES["notices"].empty().select("ts_ns", "detail")
    rows = instrument_rows(
        store, day.date, "notices", day.instrument_id, ("ts_ns", "kind", "detail"), None, day.standing
    )
    return rows.filter(pl.col("kind") == "status").select("ts_ns", "detail")


def plain(values: Any, missing: int = 0) -> np.ndarray[Any, Any]:
    """A masked column as a plain one, with `missing` where it is null."""
    return values.filled(missing) if isinstance(values, np.ma.MaskedArray) else values


def require_book(day: SymbolDay) -> None:
    """Raise DataError unless the day has a recorded book."""
    if not any(content.startswith("book") for content in day.contents):
        raise DataError(
            f"{day.instrument.symbol} on {day.date} has {', '.join(day.contents)} but no order book",
            remedy="ingest a book recording (LOBSTER, or book deltas as CSV)",
        )
