"""Who the records of a DBN file speak of: symbols by date, venues, and the instruments that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.feeds.dbn_stream import Header, Records
from tcakit.feeds.dbn_survey import Facts, Survey
from tcakit.feeds.dbn_times import calendar_of, day_number
from tcakit.feeds.delimited import NO_CURRENCY, NO_VENUE
from tcakit.market.instrument import Instrument

# Datasets of venues in the United States, where shares and options are priced in dollars.
_DOLLARS = (
    "XNAS", "XBOS", "XPSX", "XNYS", "ARCX", "XASE", "XCHI", "XCIS", "IEXG", "MEMX", "EPRL", "BATS", "BATY", "EDGA",
    "EDGX", "OPRA", "EQUS", "DBEQ",
)  # fmt: skip
_NO_PUBLISHER = -1


class Names:
    """Gives every record a local id: an instrument id under one symbol, and, where those differ, one publisher."""

    def __init__(self, header: Header, found: Survey, options: ReaderOptions, place: str) -> None:
        self._facts = found.facts
        self._survey = found
        self._options = options
        self._venue = options.venue or header.dataset.partition(".")[0] or NO_VENUE
        self._calendar = calendar_of(header.dataset, options.timezone)
        self._dollars = header.dataset.partition(".")[0] in _DOLLARS
        self._steps = _steps(header, found.facts)
        # Where a trade date begins on the evening before, it reaches over two days of the mapping.
        self._shared = _shared(self._steps, 1 if self._calendar.early_hours else 0)
        spoken_of = {key for key, own in found.facts.items() if own.types}
        known = {self._steps[key][-1][2] if key in self._steps else str(key) for key in spoken_of}
        if options.symbol is not None and len(known) > 1:
            raise UsageError(
                f"{len(known)} instruments in the file, but --symbol names one",
                place=place,
                remedy="leave --symbol out",
            )
        self._ids: dict[tuple[int, str, int], int] = {}
        self._symbols: dict[tuple[int, int], str] = {}
        self.instruments: list[Instrument] = []
        self.divisors = np.ones(0, np.int64)

    def local_ids(self, records: Records, utc_day: NDArray[np.int64]) -> NDArray[np.int32]:
        """The local id of each record; `utc_day` in days since 1970, as symbols are mapped by UTC dates."""
        ids = records.fields["instrument_id"].astype(np.int64)
        publisher = np.full(len(ids), _NO_PUBLISHER, np.int64)
        several = self._survey.splits(records.rtype)
        if several:
            split = np.isin(ids, several)
            publisher[split] = records.fields["publisher_id"][split]
        key = np.stack([ids, publisher, utc_day])
        if (key == key[:, :1]).all():
            return np.full(len(ids), self._local(*key[:, 0].tolist()), np.int32)
        distinct, inverse = np.unique(key, axis=1, return_inverse=True)
        local = np.array([self._local(*column) for column in distinct.T.tolist()], np.int32)
        return local[inverse.reshape(-1)]

    def _local(self, key: int, publisher: int, day: int) -> int:
        symbol = self._symbols.setdefault((key, day), self._symbol(key, day))
        known = self._ids.get((key, symbol, publisher))
        if known is not None:
            return known
        instrument = self._instrument(key, symbol, publisher)
        self._ids[key, symbol, publisher] = len(self.instruments)
        self.instruments.append(instrument)
        self.divisors = np.append(self.divisors, 1_000_000_000 // instrument.price_scale)
        return len(self.instruments) - 1

    def _symbol(self, key: int, day: int) -> str:
        if self._options.symbol is not None:
            return self._options.symbol
        steps = self._steps.get(key, [])
        found = [name for begin, end, name in steps if begin <= day < end]
        if not found and len({name for _, _, name in steps}) == 1:
            found = [steps[0][2]]
        name = found[-1] if found else self._facts[key].raw_symbol or str(key)
        # A name that stands for several contracts at once: their books must not run together.
        return f"{name}:{key}" if name in self._shared else name

    def _instrument(self, key: int, symbol: str, publisher: int) -> Instrument:
        facts = self._facts[key]
        venue = self._venue if publisher == _NO_PUBLISHER else f"{self._venue}-{publisher}"
        return Instrument(
            symbol=symbol,
            venue=venue,
            currency=self._options.currency or facts.currency or ("USD" if self._dollars else NO_CURRENCY),
            timezone=self._calendar.timezone,
            price_scale=facts.price_scale,
            size_scale=1,
            tick_size=facts.tick_size(self._options),
            lot_size=facts.lot_size(self._options),
            tick_from=facts.tick_from(self._options),
        )

    def stored(self, prices: NDArray[Any], local: NDArray[np.int32]) -> NDArray[np.int64]:
        """Prices in 1e-9 in the units of their instruments, exactly; undefined ones come out as anything."""
        divisors = self.divisors[local]
        return prices // (divisors if prices.ndim == 1 else divisors.reshape(-1, *([1] * (prices.ndim - 1))))

    def mapping(self, local: NDArray[np.int32]) -> dict[int, Instrument]:
        """Local id -> instrument, of those that occur."""
        return {key: self.instruments[key] for key in np.unique(local).tolist()}


def _steps(header: Header, facts: Mapping[int, Facts]) -> dict[int, list[tuple[int, int, str]]]:
    """Instrument id -> (first day, day after the last, name), days since 1970."""
    found: dict[int, list[tuple[int, int, str]]] = {}
    for source, begin, end, target in header.mappings:
        key, name = (source, target) if header.by_id else (target, source)
        if key.isdecimal() and name:
            found.setdefault(int(key), []).append((day_number(begin), day_number(end), name))
    for identity, own in facts.items():
        for begin, end, name in own.mapped:
            found.setdefault(identity, []).append((day_number(begin), day_number(end), name))
    return found


def _shared(steps: Mapping[int, list[tuple[int, int, str]]], reach: int) -> set[str]:
    """Names that two instrument ids bear on one trade date; an id may well be another every day."""
    spans: dict[str, list[tuple[int, int, int]]] = {}
    for key, own in steps.items():
        for begin, end, name in own:
            spans.setdefault(name, []).append((begin, end, key))
    found = set()
    for name, held in spans.items():
        held.sort()
        until: dict[int, int] = {}
        for begin, end, key in held:
            if any(begin < other_end + reach for other, other_end in until.items() if other != key):
                found.add(name)
                break
            until[key] = max(end, until.get(key, end))
    return found
