"""Join store and replay: a stored day as feed for the kernel and as quotes and prints for the measuring rooms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.book.order_index import displayed_sizes
from tcakit.errors import DataError
from tcakit.jobs.halts import book_halts, halt_columns
from tcakit.jobs.sources import package_hash
from tcakit.market import codes
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns, quote_book, quotes_of
from tcakit.store import market_data
from tcakit.store.column_cache import cached_columns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, plain

Columns = dict[str, np.ndarray[Any, Any]]
_QUOTE_NAMES = ("ns", "bid", "bid_size", "ask", "ask_size")
_PRINT_NAMES = ("ns", "price", "size", "displayed", "aggressor")


def has_book(day: SymbolDay) -> bool:
    """Whether an order book was recorded, not quotes or prints alone."""
    return any(content.startswith("book") for content in day.contents)


def day_columns(store: Store, day: SymbolDay, what: str, make: Callable[[], Columns]) -> Columns:
    """Columns derived from a stored day, `what` says which, kept until the day or the code changes."""
    origin = {
        "what": what,
        "code": package_hash(),
        "date": day.date,
        "instrument": [getattr(day.instrument, name) for name in day.instrument.__slots__],
        "contents": list(day.contents),
        "keys": list(day.data_keys),
    }
    return cached_columns(store, origin, make)


def replay_feed(store: Store, day: SymbolDay) -> Feed:
    """The day for the replay kernel; DataError if it has neither a book nor quotes."""
    return feed_from_columns(day.instrument, day_columns(store, day, "feed", lambda: _feed_columns(store, day)))


def _feed_columns(store: Store, day: SymbolDay) -> Columns:
    instrument = day.instrument
    separate = market_data.trades(store, day) if "trades" in day.contents else None
    if not has_book(day):
        if "quotes" not in day.contents:
            raise DataError(
                f"{instrument.symbol} on {day.date} has only {', '.join(day.contents)}",
                remedy="a replay needs an order book or quotes: ingest one",
            )
        return feed_columns(instrument, quote_book(market_data.quotes(store, day)), separate)
    book = market_data.book_events(store, day)
    queued_row = None
    if "book-l3" in day.contents:
        queued_row = displayed_sizes(
            plain(book["kind"]),
            plain(book["side"]),
            plain(book["price"]) // instrument.tick_size,
            plain(book["size"]),
            plain(book["order_id"], -1),
        ).queued_row
    return feed_columns(instrument, book, None if _prints_itself(book) else separate, queued_row)


def _prints_itself(book: dict[str, Any]) -> bool:
    return bool(np.isin(plain(book["kind"]), codes.PRINT_KINDS).any())


def market_day(store: Store, day: SymbolDay) -> MarketDay:
    """The day's quotes and prints."""
    columns = day_columns(store, day, "market", lambda: _market_columns(store, day))
    halts = tuple(zip(columns.pop("halt_from").tolist(), columns.pop("halt_to").tolist(), strict=True))
    return MarketDay(instrument=day.instrument, date=day.date, data_keys=day.data_keys, halts=halts, **columns)


def market_day_of(book: pl.DataFrame, instrument: Instrument, date: str, keys: tuple[str, ...]) -> MarketDay:
    """The quotes and prints of level-3 book events that are not stored (columns of `book_events`)."""
    raw = {name: book[name].to_numpy() for name in book.columns if not book[name].null_count()}
    raw |= {
        name: np.ma.MaskedArray(book[name].fill_null(0).to_numpy(), book[name].is_null().to_numpy())
        for name in book.columns
        if book[name].null_count()
    }
    for name in ("recv_ns", "trade_id", "print_price"):
        raw.setdefault(name, np.ma.MaskedArray(np.zeros(book.height, np.int64), True))
    feed = feed_from_columns(instrument, feed_columns(instrument, raw, None))
    stops = book_halts(raw)
    columns = _columns_of(instrument, quotes_of(feed), _book_prints(raw))
    return MarketDay(instrument=instrument, date=date, data_keys=keys, halts=stops, **columns)


def market_days(store: Store, days: Sequence[SymbolDay]) -> list[MarketDay]:
    """The quotes and prints of several days, in their order; each date's file is opened once."""
    found: dict[int, MarketDay] = {}
    for date in sorted({day.date for day in days}):
        with store.read_day(date):
            found |= {place: market_day(store, day) for place, day in enumerate(days) if day.date == date}
    return [found[place] for place in range(len(days))]


def _market_columns(store: Store, day: SymbolDay) -> Columns:
    separate = market_data.trades(store, day) if "trades" in day.contents else None
    book = market_data.book_events(store, day) if has_book(day) else None
    if book is not None:
        feed = feed_from_columns(day.instrument, day_columns(store, day, "feed", lambda: _feed_columns(store, day)))
        quotes = quotes_of(feed)
        prints = _book_prints(book) if _prints_itself(book) or separate is None else _separate_prints(separate)
    else:
        # Quotes are quotes: no ladder stands between a file of them and what is measured.
        raw = market_data.quotes(store, day) if "quotes" in day.contents else None
        quotes = _no_rows(_QUOTE_NAMES) if raw is None else _quote_rows(raw)
        prints = _no_rows(_PRINT_NAMES) if separate is None else _separate_prints(separate)
    return {**_columns_of(day.instrument, quotes, prints), **halt_columns(store, day, book)}


def _columns_of(of: Instrument, quotes: Columns, prints: Columns) -> Columns:
    """Quotes and prints as a `MarketDay` has them."""
    return {
        "quote_ns": quotes["ns"],
        # In currency and shares, as they are asked for: so they are mapped, not worked out every time.
        **{name: _quantities(quotes[name], of.price_scale) for name in ("bid", "ask")},
        **{name: _quantities(quotes[name], of.size_scale) for name in ("bid_size", "ask_size")},
        **{f"print_{name}": prints[name] for name in _PRINT_NAMES},
    }


def _quantities(stored: np.ndarray[Any, Any], scale: int) -> np.ndarray[Any, Any]:
    """Stored units as doubles, NaN where a side of the book is empty."""
    found = stored / scale
    missing = stored < 0
    if missing.any():
        found[missing] = np.nan
    return found


def _whole(stored: np.ndarray[Any, Any], missing: int = 0) -> np.ndarray[Any, Any]:
    return plain(stored, missing).astype(np.int64, copy=False)


def _no_rows(names: tuple[str, ...]) -> Columns:
    kinds = {"displayed": np.bool_, "aggressor": np.int8}
    return {name: np.zeros(0, kinds.get(name, np.int64)) for name in names}


def _quote_rows(raw: dict[str, Any]) -> Columns:
    """Quotes as stored; where several stand at one instant, what holds after the last of them."""
    ns = _whole(raw["ts_ns"])
    columns = {"ns": ns, **{name: _whole(raw[name], -1) for name in _QUOTE_NAMES if name != "ns"}}
    last = np.ones(len(ns), np.bool_)
    last[:-1] = ns[1:] != ns[:-1]
    return columns if last.all() else {name: values[last] for name, values in columns.items()}


def _book_prints(book: dict[str, Any]) -> Columns:
    kind, trade_id = plain(book["kind"]), plain(book["trade_id"], -1)
    busted = trade_id[kind == codes.BUST]
    keep = np.flatnonzero(np.isin(kind, codes.PRINT_KINDS) & ~(np.isin(trade_id, busted) & (trade_id >= 0)))
    price, printed_at = plain(book["price"]), plain(book["print_price"], -1)
    displayed = np.isin(kind[keep], (codes.EXECUTE, codes.PRINT))
    return {
        "ns": plain(book["ts_ns"])[keep].astype(np.int64),
        "price": np.where(printed_at >= 0, printed_at, price)[keep].astype(np.int64),
        "size": plain(book["size"])[keep].astype(np.int64),
        "displayed": displayed,
        # The side that took is the other than the one that rested; of hidden prints files do not tell it reliably.
        "aggressor": np.where(displayed, -plain(book["side"])[keep], 0).astype(np.int8),
    }


def _separate_prints(trades: dict[str, Any]) -> Columns:
    return {
        "ns": _whole(trades["ts_ns"]),
        "price": _whole(trades["price"]),
        "size": _whole(trades["size"]),
        "displayed": np.ones(len(trades["ts_ns"]), np.bool_),
        "aggressor": plain(trades["aggressor"]).astype(np.int8),
    }


def replay_data(contents: tuple[str, ...]) -> str:
    """In words, what the replay of such a day rests on."""
    if "book-l3" in contents:
        return "level-3 book: exact place in the queue"
    if "book-l2-window" in contents:
        return "level-2 window: the place in the queue is inferred; nothing is known outside the window"
    if "book-l2" in contents:
        separate = "; prints come from a file of their own, so a level may shrink before its print is seen"
        return "level-2 book: the place in the queue is inferred" + (separate if "trades" in contents else "")
    known = "quotes and prints" if "trades" in contents else "quotes"
    return (
        f"level 1, {known} only, the weakest ground for fills: an order at the touch waits for what the quote showed, "
        "behind the touch nothing is known, and takers get no more than it shows"
    )


def data_notes(store: Store, day: SymbolDay) -> list[str]:
    """What a reader must know of a day's data before he believes its benchmarks."""
    if "trades" not in day.contents:
        return []
    conditions = market_data.trade_conditions(store, day)
    if not conditions:
        return []
    told = ", ".join(f"{code!r} {count}" for code, count in conditions[:6])
    where = f"{day.instrument.symbol} {day.date}"
    return [f"{where}: prints with condition codes are in VWAP and volume as they are ({told})"]
