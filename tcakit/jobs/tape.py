"""Join store and impact: stored days as tapes, every event of the book kept where the recording has events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.book.ladder_kernel import best_quotes
from tcakit.errors import DataError
from tcakit.impact.tape import Tape
from tcakit.jobs.market import has_book, market_day, replay_feed
from tcakit.market.day import MarketDay
from tcakit.registry import nearest
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, by_weight, plain, symbol_days
from tcakit.tca.quotes import recorded_span
from tcakit.tca.trade_sign import lee_ready

Columns = dict[str, NDArray[Any]]
# Books whose rows are single events of the venue; of others, rows of one instant are one picture.
_EVENT_BOOKS = ("book-l3", "book-l2-window")


@dataclass(frozen=True, slots=True)
class Tapes:
    """The tapes of one symbol, earliest day first, and in sentences what was passed over or assumed."""

    tapes: tuple[Tape, ...]
    notes: tuple[str, ...]


def chosen_days(
    store: Store, symbols: Sequence[str] | None = None, dates: Sequence[str] | None = None
) -> list[SymbolDay]:
    """The stored days of these symbols and dates (None: all), by symbol and date, one venue each.

    DataError where a symbol asked for is not stored on any of the dates, or nothing is.
    """
    wanted = store.dates() if dates is None else sorted(set(dates))
    found: dict[tuple[str, str], SymbolDay] = {}
    known: set[str] = set()
    for date in wanted:
        for day in reversed(by_weight(symbol_days(store, date))):
            known.add(day.instrument.symbol)
            if symbols is None or day.instrument.symbol in symbols:
                found[day.instrument.symbol, date] = day
    for symbol in symbols or ():
        if not any(symbol == held for held, _ in found):
            guess = nearest(symbol, sorted(known))
            raise DataError(
                f"no market data of {symbol!r} is stored" + (" on these dates" if dates else ""),
                remedy=f"did you mean {guess}?" if guess else "see `tcakit catalog`",
            )
    if not found:
        raise DataError("no market data is stored", remedy="ingest files of quotes and trades, or of a book")
    return [found[key] for key in sorted(found)]


def read_tapes(store: Store, days: Sequence[SymbolDay]) -> Tapes:
    """Some days of one symbol, as far as they can be fitted on."""
    tapes: list[Tape] = []
    left_out: list[str] = []
    guessed: dict[str, float] = {}
    without_hours: list[str] = []
    for day in days:
        try:
            tape, share = read_tape(store, day)
        except DataError as error:
            left_out.append(f"left out: {error}")
            continue
        tapes.append(tape)
        if share > 0.0:
            guessed[day.date] = share
        if not _has_hours(day):
            without_hours.append(day.date)
    symbol = days[0].instrument.symbol if days else ""
    if without_hours:
        left_out.append(
            f"{symbol} on {_dates(without_hours)}: the hours of the session are not known, "
            "all that was recorded is taken for it"
        )
    if guessed:
        least, most = f"{min(guessed.values()):.0%}", f"{max(guessed.values()):.0%}"
        left_out.append(
            f"{symbol} on {_dates(list(guessed))}: of {most if least == most else f'{least} to {most}'} of the prints "
            "the side that took is not recorded, Lee and Ready's rule gave it"
        )
    return Tapes(tuple(tapes), tuple(left_out))


def read_tape(store: Store, day: SymbolDay) -> tuple[Tape, float]:
    """A stored day's session as a tape, and the share of its prints whose side had to be guessed.

    Where the hours of the session are not known, as of markets that never close, it is the whole recording. DataError
    where the day has no quotes.
    """
    instrument = day.instrument
    where = f"{instrument.symbol} on {day.date}"
    if not any(content.startswith("book") or content == "quotes" for content in day.contents):
        raise DataError(f"{where}: no quotes are stored", remedy="ingest quotes or a book")
    market = market_day(store, day)
    if any(content in _EVENT_BOOKS for content in day.contents):
        quotes = _event_quotes(store, day)
    else:
        quotes = _book_quotes(market) if has_book(day) else _recorded_quotes(store, day)
    span = recorded_span(market) or (0, 0)
    sign, share = _signs(market)
    tape = Tape.of(
        symbol=instrument.symbol,
        date=day.date,
        open_ns=span[0] if instrument.session_open_ns is None else instrument.session_open_ns,
        close_ns=span[1] if instrument.session_close_ns is None else instrument.session_close_ns,
        tick=instrument.tick_size / instrument.price_scale,
        **quotes,
        trade_ns=market.print_ns,
        trade_sign=sign,
        trade_shares=market.print_size / instrument.size_scale,
        timezone=instrument.timezone,
    )
    return tape, share


def _has_hours(day: SymbolDay) -> bool:
    return day.instrument.session_open_ns is not None and day.instrument.session_close_ns is not None


def _dates(dates: Sequence[str]) -> str:
    """A date, or how many days from when to when."""
    return dates[0] if len(dates) == 1 else f"{len(dates)} days, {dates[0]} to {dates[-1]}"


def _recorded_quotes(store: Store, day: SymbolDay) -> Columns:
    """Every quote of a file of quotes, those of one instant too."""
    raw = market_data.quotes(store, day)
    instrument = day.instrument

    def ticks(name: str) -> NDArray[np.float64]:
        price = plain(raw[name], -1)
        return np.where(price < 0, np.nan, price / instrument.tick_size)

    def shares(name: str) -> NDArray[np.float64]:
        return np.asarray(plain(raw[name], 0) / instrument.size_scale)

    sizes = {"bid_size": shares("bid_size"), "ask_size": shares("ask_size")}
    return {"quote_ns": plain(raw["ts_ns"]), "bid": ticks("bid"), "ask": ticks("ask")} | sizes


def _book_quotes(market: MarketDay) -> Columns:
    """Best prices of a book that is published in pictures: what holds after each instant."""
    ticks_each = market.instrument.price_scale / market.instrument.tick_size
    bid, ask = np.rint(market.bid * ticks_each), np.rint(market.ask * ticks_each)
    return {
        "quote_ns": market.quote_ns, "bid": bid, "bid_size": market.bid_size, "ask": ask, "ask_size": market.ask_size,
    }  # fmt: skip


def _event_quotes(store: Store, day: SymbolDay) -> Columns:
    """Best prices of a book after each of its rows."""
    feed = replay_feed(store, day)
    bid, bid_size, ask, ask_size = (np.empty(len(feed.ns), np.int64) for _ in range(4))
    sizes = np.zeros((2, feed.ticks), np.int64)
    best = np.array([-1, feed.ticks], np.int64)
    best_quotes(feed.action, feed.side, feed.tick2, feed.level, sizes, best, bid, bid_size, ask, ask_size)
    scale = feed.instrument.size_scale
    return {
        "quote_ns": feed.ns,
        "bid": np.where(bid < 0, np.nan, bid + float(feed.base_tick)),
        "bid_size": bid_size / scale,
        "ask": np.where(ask < 0, np.nan, ask + float(feed.base_tick)),
        "ask_size": ask_size / scale,
    }


def _signs(market: MarketDay) -> tuple[NDArray[np.float64], float]:
    """Which side took in each print, as recorded or else by the quote before it and the tick test; and how many so."""
    recorded = market.print_aggressor
    unknown = recorded == 0
    if not unknown.any():
        return recorded.astype(np.float64), 0.0
    row = np.searchsorted(market.quote_ns, market.print_ns, "left") - 1
    mid = np.where(row >= 0, market.mid[np.maximum(row, 0)] if len(market.mid) else np.nan, np.nan)
    guessed = lee_ready(market.print_price / market.instrument.price_scale, mid)
    return np.where(unknown, guessed, recorded).astype(np.float64), float(unknown.mean())
