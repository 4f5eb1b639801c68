"""Join store and replay: a stored day as feed for the kernel and as quotes and prints for the measuring rooms."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.day import MarketDay
from tcakit.replay.columns import RECIPE, Feed, feed_columns, feed_from_columns, quote_book, quotes_of
from tcakit.store import market_data
from tcakit.store.column_cache import cached_columns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, plain

Columns = dict[str, np.ndarray[Any, Any]]


def _has_book(day: SymbolDay) -> bool:
    return any(content.startswith("book") for content in day.contents)


def _prints(raw: dict[str, Any], *, from_book: bool) -> Columns:
    if from_book:
        kind = plain(raw["kind"])
        keep = np.flatnonzero(np.isin(kind, codes.PRINT_KINDS))
        displayed = np.isin(kind[keep], (codes.EXECUTE, codes.PRINT))
        side = plain(raw["side"])[keep]
        aggressor = np.where(displayed, -side, 0)
    else:
        keep = np.arange(len(raw["ts_ns"]))
        displayed = np.ones(len(keep), np.bool_)
        aggressor = plain(raw["aggressor"])
    return {
        "print_ns": plain(raw["ts_ns"])[keep].astype(np.int64),
        "print_price": plain(raw["price"])[keep].astype(np.int64),
        "print_size": plain(raw["size"])[keep].astype(np.int64),
        "print_displayed": displayed,
        "print_aggressor": aggressor.astype(np.int8),
    }


def _make(store: Store, day: SymbolDay) -> Columns:
    """Everything that replay and measuring need of a day."""
    instrument = day.instrument
    separate = market_data.trades(store, day) if "trades" in day.contents else None
    if _has_book(day):
        book = market_data.book_events(store, day)
        own_prints = bool(np.isin(plain(book["kind"]), codes.PRINT_KINDS).any())
        queued_row = None
        if "book-l3" in day.contents:
            from tcakit.book.order_index import displayed_sizes

            queued_row = displayed_sizes(
                plain(book["kind"]),
                plain(book["side"]),
                plain(book["price"]) // instrument.tick_size,
                plain(book["size"]),
                plain(book["order_id"], -1),
            ).queued_row
        columns = feed_columns(instrument, book, None if own_prints else separate, queued_row)
        prints = _prints(book, from_book=True) if own_prints or separate is None else _prints(separate, from_book=False)
    elif "quotes" in day.contents:
        columns = feed_columns(instrument, quote_book(market_data.quotes(store, day)), separate)
        prints = _prints(separate or _no_trades(), from_book=False)
    elif separate is not None:
        empty = np.zeros(0, np.int64)
        quotes = {f"quote_{name}": empty for name in ("ns", "bid", "bid_size", "ask", "ask_size")}
        return quotes | _prints(separate, from_book=False)
    else:
        raise DataError("the day has no market data", place=f"{instrument.symbol} {day.date}")
    found = quotes_of(feed_from_columns(instrument, columns))
    return {
        **{f"feed_{name}": values for name, values in columns.items()},
        **{f"quote_{name}": values for name, values in found.items()},
        **prints,
    }


def _no_trades() -> dict[str, Any]:
    return {name: np.zeros(0, np.int64) for name in ("ts_ns", "price", "size", "aggressor")}


def _columns(store: Store, day: SymbolDay) -> Columns:
    origin = {
        "recipe": RECIPE,
        "date": day.date,
        "instrument": [getattr(day.instrument, name) for name in day.instrument.__slots__],
        "contents": list(day.contents),
        "keys": list(day.data_keys),
    }
    return cached_columns(store, origin, lambda: _make(store, day))


def replay_feed(store: Store, day: SymbolDay) -> Feed:
    """The day for the replay kernel; DataError if it has neither a book nor quotes."""
    columns = _columns(store, day)
    feed = {name[5:]: values for name, values in columns.items() if name.startswith("feed_")}
    if not feed:
        raise DataError(
            f"{day.instrument.symbol} on {day.date} has only {', '.join(day.contents)}",
            remedy="a replay needs an order book or quotes: ingest one",
        )
    return feed_from_columns(day.instrument, feed)


def market_day(store: Store, day: SymbolDay) -> MarketDay:
    """The day's quotes and prints."""
    columns = _columns(store, day)
    instrument = day.instrument

    def price(name: str) -> np.ndarray[Any, Any]:
        stored = columns[name]
        return np.where(stored < 0, np.nan, stored / instrument.price_scale)

    return MarketDay(
        instrument=instrument,
        date=day.date,
        quote_ns=columns["quote_ns"],
        bid=price("quote_bid"),
        ask=price("quote_ask"),
        bid_size=columns["quote_bid_size"] / instrument.size_scale,
        ask_size=columns["quote_ask_size"] / instrument.size_scale,
        print_ns=columns["print_ns"],
        print_price=columns["print_price"],
        print_size=columns["print_size"],
        print_displayed=columns["print_displayed"],
        print_aggressor=columns["print_aggressor"],
        data_keys=day.data_keys,
    )


def replay_data(contents: tuple[str, ...]) -> str:
    """In words, what the replay of such a day rests on."""
    if "book-l3" in contents:
        return "level-3 book: exact place in the queue"
    if "book-l2-window" in contents:
        return "level-2 window: the place in the queue is inferred; nothing is known outside the window"
    if "book-l2" in contents:
        return "level-2 book: the place in the queue is inferred"
    return "quotes and prints only: one level a side is known, the weakest ground for fills"
