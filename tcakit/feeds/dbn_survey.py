"""A first pass over a DBN file: what its instruments' prices, sizes and definitions say of their units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds import dbn_stream as dbn
from tcakit.feeds import grid
from tcakit.feeds.contract import ReaderOptions
from tcakit.feeds.dbn_stream import Records, Stream

UNDEFINED_PRICE = (1 << 63) - 1
LOWEST_PRICE = -(1 << 63)
_NANO = 1_000_000_000
_MINIMUM_SCALE = 10_000
_UNDEFINED_SIZE = (1 << 31) - 1

# What a file may tell twice, the best telling first: a stream of several schemas is stored once.
BOOKS = (dbn.MBO, dbn.MBP_10)
QUOTES = (
    dbn.CMBP_1, dbn.MBP_1, dbn.TCBBO, dbn.TBBO, dbn.CBBO_1S, dbn.BBO_1S, dbn.CBBO_1M, dbn.BBO_1M
)  # fmt: skip
PRINTS = (dbn.TRADES, dbn.CMBP_1, dbn.MBP_1, dbn.TCBBO, dbn.TBBO)
BARS = (dbn.OHLCV_DEPRECATED, dbn.OHLCV_1S, dbn.OHLCV_1M, dbn.OHLCV_1H, dbn.OHLCV_1D, dbn.OHLCV_EOD)
# Each publisher has a book, best quotes and bars of its own; consolidated quotes have many publishers behind one quote.
_BY_PUBLISHER = {*BOOKS, *BARS, dbn.MBP_1, dbn.TBBO, dbn.BBO_1S, dbn.BBO_1M}
_LEVELS = [f"{side}_px_{level:02d}" for side in ("bid", "ask") for level in range(10)]
_SIZES = ("size", "bid_sz_00", "ask_sz_00")


@dataclass(slots=True)
class Facts:
    """What the file says of one instrument id; prices in 1e-9."""

    types: set[int] = field(default_factory=set)
    publishers: set[int] = field(default_factory=set)
    displayed: set[int] = field(default_factory=set)
    printed: Counter[int] = field(default_factory=Counter)
    divisor: int = 0  # greatest common divisor of all prices
    size_divisor: int = 0
    tick: int = 0  # of definitions
    lot: int = 0
    currency: str = ""
    raw_symbol: str = ""
    mapped: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def has_lowest(self) -> bool:
        """Whether a price of it is the lowest number that 64 bits hold."""
        return LOWEST_PRICE in self.displayed or LOWEST_PRICE in self.printed

    @property
    def price_scale(self) -> int:
        """The smallest power of ten, from 10,000 on, that holds every price."""
        scale = _NANO
        common = gcd(self.divisor, self.tick)
        while scale > _MINIMUM_SCALE and common % (_NANO // (scale // 10)) == 0:
            scale //= 10
        return scale

    def tick_size(self, options: ReaderOptions) -> int:
        """In stored units: as the user says, as the definition says where prices keep to it, else as prices show."""
        scale = self.price_scale
        if options.tick_size is not None:
            return grid.stated(options.tick_size, scale, "tick_size")
        unit = _NANO // scale
        if self.tick:
            return gcd(self.tick, *self.displayed) // unit
        decimals = 0
        while self.divisor % (_NANO // 10**decimals):
            decimals += 1
        if self.displayed:
            shown = pl.Series(sorted(price // unit for price in self.displayed), dtype=pl.Int64)
            return grid.inferred_tick(shown, scale, decimals, displayed=True)
        prices, counts = list(self.printed), list(self.printed.values())
        shown = pl.Series(np.repeat(np.array(prices, np.int64) // unit, counts))
        return grid.inferred_tick(shown, scale, decimals, displayed=False)

    def tick_from(self, options: ReaderOptions) -> str:
        """Who says the tick: the definition only where prices keep to it."""
        if options.tick_size is not None:
            return "flag"
        kept = self.tick and gcd(self.tick, *self.displayed) == self.tick
        return "definition" if kept else "inferred"

    def lot_size(self, options: ReaderOptions) -> int:
        """As the user says, else as the definition says where sizes keep to it, else 1."""
        if options.lot_size is not None:
            return grid.stated(options.lot_size, 1, "lot_size")
        return gcd(self.lot, self.size_divisor) if self.lot and self.size_divisor else 1


@dataclass(slots=True)
class Survey:
    """Facts by instrument id; `several` says whether the file holds records of more than one schema."""

    facts: dict[int, Facts]
    several: bool

    def chosen(self, records: Records, ranking: Sequence[int]) -> NDArray[np.bool_]:
        """Which records tell what no better type of record of the same instrument tells."""
        if not self.several:
            return np.ones(len(records.fields), np.bool_)
        ids = records.fields["instrument_id"]
        wanted = [
            key
            for key, found in self.facts.items()
            if next(rtype for rtype in ranking if rtype in found.types or rtype == records.rtype) == records.rtype
        ]
        return np.isin(ids, np.array(wanted, np.uint32))

    def splits(self, rtype: int) -> list[int]:
        """Ids whose records of that type come from several publishers, each with a market of its own."""
        if rtype not in _BY_PUBLISHER:
            return []
        return [key for key, found in self.facts.items() if len(found.publishers) > 1]


def survey(stream: Stream) -> Survey:
    """Read the whole file once."""
    found: dict[int, Facts] = {}
    types: set[int] = set()
    for chunk in stream.chunks():
        for records in chunk:
            if records.rtype in (dbn.ERROR, dbn.SYSTEM):
                continue
            if records.rtype == dbn.SYMBOL_MAPPING:
                _mappings(records, found)
                continue
            types.add(records.rtype)
            for key, own in _by_instrument(records.fields):
                _look_at(found.setdefault(key, Facts()), records.rtype, own)
    return Survey(found, stream.header.schema is None and len(types) > 1)


def _by_instrument(fields: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    ids = fields["instrument_id"]
    if len(ids) and (ids == ids[0]).all():
        yield int(ids[0]), fields
        return
    order = np.argsort(ids, kind="stable")
    keys, begins = np.unique(ids[order], return_index=True)
    for key, rows in zip(keys.tolist(), np.split(order, begins[1:]), strict=True):
        yield key, fields[rows]


def _look_at(facts: Facts, rtype: int, fields: NDArray[Any]) -> None:
    facts.types.add(rtype)
    if rtype == dbn.DEFINITION:
        _definition(facts, fields)
        return
    if rtype in _BY_PUBLISHER:
        facts.publishers.update(np.unique(fields["publisher_id"]).tolist())
    names = fields.dtype.names or ()
    displayed = [fields[name] for name in _LEVELS if name in names]
    printed: list[NDArray[Any]] = []
    if rtype == dbn.MBO:
        prints = np.isin(fields["action"], (b"T", b"F", b"N"))
        displayed = [fields["price"][~prints]]
        printed = [fields["price"][prints]]
    elif rtype in PRINTS or rtype == dbn.MBP_10:
        printed = [fields["price"][fields["action"] == b"T"]]
    elif rtype in BARS:
        printed = [fields[name] for name in ("open", "high", "low", "close")]
    for column in displayed:
        prices = np.unique(column)
        prices = prices[prices != UNDEFINED_PRICE]
        facts.displayed.update(prices.tolist())
        facts.divisor = gcd(facts.divisor, int(np.gcd.reduce(prices, initial=0)))
    for column in printed:
        prices, counts = np.unique(column[column != UNDEFINED_PRICE], return_counts=True)
        facts.divisor = gcd(facts.divisor, int(np.gcd.reduce(prices, initial=0)))
        # A bar's prices are prints, but say nothing of how many there were.
        facts.printed.update(dict(zip(prices.tolist(), counts.tolist(), strict=True)))
    for name in _SIZES:
        if name in names:
            facts.size_divisor = gcd(facts.size_divisor, int(np.gcd.reduce(fields[name].astype(np.int64), initial=0)))


def _definition(facts: Facts, fields: NDArray[Any]) -> None:
    for increment, lot in zip(fields["min_price_increment"].tolist(), fields["min_lot_size"].tolist(), strict=True):
        if 0 < increment < UNDEFINED_PRICE:
            facts.tick = gcd(facts.tick, increment)
        if 0 < lot < _UNDEFINED_SIZE:
            facts.lot = gcd(facts.lot, lot)
    facts.currency = text_of(fields["currency"][-1]) or facts.currency
    facts.raw_symbol = text_of(fields["raw_symbol"][-1]) or facts.raw_symbol


def _mappings(records: Records, found: dict[int, Facts]) -> None:
    """A live stream names its instruments as it goes; the name asked for stands before the venue's own."""
    for row in records.fields:
        name = text_of(row["stype_out_symbol"]) or text_of(row["stype_in_symbol"])
        if name:
            found.setdefault(int(row["instrument_id"]), Facts()).mapped.append(("0001-01-01", "9999-12-31", name))


def text_of(raw: bytes) -> str:
    """The text of a field of fixed length; what is no UTF-8 is shown as such."""
    return bytes(raw).split(b"\0", 1)[0].decode("utf-8", "replace").strip()
