"""Scales and ticks of the symbols of a big file: a first pass finds them, a second writes exact integers with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from tcakit.feeds import grid
from tcakit.feeds.contract import ReaderOptions
from tcakit.feeds.decimals import ScaledColumns, displayed_decimals, plain_numbers, scale_of, to_integers, without_noise
from tcakit.feeds.delimited import MINIMUM_PRICE_SCALE, NO_CURRENCY
from tcakit.market import clock
from tcakit.market.instrument import Instrument

_DOLLARS = re.compile(r"(?:USDT|USDC|FDUSD|BUSD|TUSD)(?=$|_\d{6}$)")
_COIN_MARGINED = re.compile(r"USD_(?:PERP|\d{6})$")
_LETTERS = re.compile(r"^[A-Z]{3,5}$")


@dataclass(slots=True)
class _Seen:
    shown: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    printed: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    size_scale: int = 1


class Units:
    """What a file shows of each (venue, symbol): its distinct prices and the decimals of its sizes.

    >>> units = Units(ReaderOptions(tick_size="0.5"))
    >>> units.see(("DERIBIT", "BTC-PERPETUAL"), [pl.Series(["6421.5", "6422"])], [pl.Series(["18640"])], True)
    >>> made = units.instrument(("DERIBIT", "BTC-PERPETUAL"))
    >>> made.price_scale, made.size_scale, made.tick_size
    (10000, 1, 5000)
    """

    def __init__(self, options: ReaderOptions) -> None:
        self._options = options
        self._seen: dict[tuple[str, str], _Seen] = {}
        clock.zone(self.timezone)

    @property
    def timezone(self) -> str:
        """Zone of the trade dates: the user's, else UTC, as these venues never close."""
        return self._options.timezone or "UTC"

    def keys(self) -> list[tuple[str, str]]:
        """Every (venue, symbol) seen, in the order of the file."""
        return list(self._seen)

    def see(
        self, key: tuple[str, str], prices: Sequence[pl.Series], sizes: Sequence[pl.Series], displayed: bool
    ) -> None:
        """Take note of texts of prices (of quotes and books if `displayed`, else of prints) and sizes."""
        seen = self._seen.setdefault(key, _Seen())
        if prices:
            plain = plain_numbers(pl.concat([text.cast(pl.String) for text in prices]).unique())[0].drop_nulls()
            plain = without_noise(plain)
            if displayed:
                seen.shown = pl.concat([seen.shown, plain]).unique()
            else:
                seen.printed = pl.concat([seen.printed, plain]).unique()
        if sizes:
            distinct = pl.concat([text.cast(pl.String) for text in sizes]).unique()
            seen.size_scale = max(seen.size_scale, to_integers([distinct]).scale)

    def instrument(self, key: tuple[str, str], named: tuple[str, str] | None = None) -> Instrument:
        """The instrument of a (venue, symbol), its tick as told by the user or inferred from displayed prices.

        `named` is its (venue, symbol) where that came to light only after its prices were seen.
        """
        venue, symbol = named or key
        seen, options = self._seen[key], self._options
        scale = scale_of([seen.shown, seen.printed], MINIMUM_PRICE_SCALE)
        displayed = len(seen.shown) > 0
        texts = seen.shown if displayed else seen.printed
        if options.tick_size is None:
            prices = exact([texts], scale).values[0]
            tick = grid.inferred_tick(prices, scale, displayed_decimals(texts), displayed)
        else:
            tick = grid.stated(options.tick_size, scale, "tick_size")
        return Instrument(
            options.symbol or symbol,
            venue=options.venue or venue,
            currency=options.currency or quote_currency(venue, symbol),
            timezone=self.timezone,
            price_scale=scale,
            size_scale=seen.size_scale,
            tick_size=tick,
            lot_size=1 if options.lot_size is None else grid.stated(options.lot_size, seen.size_scale, "lot_size"),
        )


def exact(texts: Sequence[pl.Series], scale: int) -> ScaledColumns:
    """Columns of decimal text as int64 at that very scale; what it cannot hold is bad.

    >>> columns = exact([pl.Series(["1.5", "1.25"])], 10)
    >>> columns.values[0].to_list(), columns.bad[0].to_list()
    ([15, None], [False, True])
    """
    found = to_integers(texts, scale)
    if found.scale == scale:
        return found
    factor = found.scale // scale
    values, bads = [], []
    for value, bad in zip(found.values, found.bad, strict=True):
        holds = (value % factor == 0).fill_null(True)
        values.append((value // factor).set(~holds, None))
        bads.append(bad | ~holds)
    return ScaledColumns(values, bads, scale)


def quote_currency(venue: str, symbol: str) -> str:
    """The currency that a venue's symbol says its prices are in; ISO 4217's "no currency" where it does not.

    >>> quote_currency("KRAKEN", "XBT/EUR"), quote_currency("BINANCE", "BTCUSDT")
    ('EUR', 'USDT')
    >>> quote_currency("DERIBIT", "BTC-PERPETUAL") == NO_CURRENCY
    True
    """
    if venue.startswith(("BINANCE", "BYBIT")):
        found = _DOLLARS.search(symbol)
        if found:
            return found.group()
        return "USD" if _COIN_MARGINED.search(symbol) else NO_CURRENCY
    pair = symbol.split("/") if "/" in symbol else symbol.split("-") if venue == "COINBASE" else []
    return pair[1] if len(pair) == 2 and _LETTERS.match(pair[1]) else NO_CURRENCY
