"""What is known of an instrument beside its file: ticks and lots of the security master, hours of the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import polars as pl

from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.feeds.delimited import NO_CURRENCY
from tcakit.feeds.sessions import session_of
from tcakit.market.codes import BOOK_KINDS
from tcakit.market.instrument import Instrument
from tcakit.store.market_files import PRICES
from tcakit.store.reference import References
from tcakit.store.staging import Lot, Staging

_DISPLAYED = ("book_events", "quotes")
_MOST_OFF_GRID = 0.1  # of prints: midpoints lie off the grid of displayed prices
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Grid:
    """How many prices there are, how many of them lie off a tick, and one that does, in stored units."""

    prices: int
    off: int
    example: int | None


def settle(staged: Staging, options: ReaderOptions, facts: References, faults: Faults, place: str) -> None:
    """Say for every staged instrument and date where its tick is from, and fill in what its file leaves open.

    Tick and lot are the user's, else those of definitions in the file, else the security master's of that date, else
    what the reader inferred. A tick of the security master that the prices contradict is not taken: `faults` says so.
    """
    staged.finish()
    keys = sorted({(staged_id, lot.date) for lot in staged.lots.values() for staged_id in lot.spans})
    ticks: dict[Key, int] = {}
    for key in keys:
        instrument = staged.instruments[key[0]]
        found = _settled(instrument, key[1], options, facts)
        if found != instrument:
            staged.settled[key] = found
        if found.tick_from == "inferred":
            text = facts.fact("tick_size", found.symbol, found.venue, key[1])
            tick = None if text is None else _stored(text, found.price_scale)
            if tick is not None:
                ticks[key] = tick
            elif text is not None:
                said = f"the reference tick {text} of {found.symbol} is finer than the file's prices: not applied"
                faults.add(place, 1, said, kept=True)
    grids = _grids(staged, ticks)
    for key, tick in ticks.items():
        found, grid = staged.instrument_on(*key), grids.get(key, Grid(0, 0, None))
        if grid.off:
            text = facts.fact("tick_size", found.symbol, found.venue, key[1])
            example = "" if grid.example is None else f", {found.price(grid.example):g} for one"
            said = f"{grid.off} of {grid.prices} prices of {found.symbol} lie off its reference tick {text}{example}"
            faults.add(place, 1, f"{said}: not applied", kept=True)
        else:
            staged.settled[key] = replace(found, tick_size=tick, tick_from="reference")


def _settled(found: Instrument, date: str, options: ReaderOptions, facts: References) -> Instrument:
    """All but the tick of the security master, which prices may contradict."""
    if options.tick_size is not None:
        found = replace(found, tick_from="flag")
    if options.lot_size is None and found.tick_from != "definition":
        text = facts.fact("lot_size", found.symbol, found.venue, date)
        lot = None if text is None else _stored(text, found.size_scale)
        found = found if lot is None else replace(found, lot_size=lot)
    if found.currency == NO_CURRENCY:
        found = replace(found, currency=facts.fact("currency", found.symbol, found.venue, date) or NO_CURRENCY)
    if found.session_open_ns is None and found.session_close_ns is None:
        hours = session_of(found.venue, date)
        if hours is not None:
            found = replace(found, session_open_ns=hours[0], session_close_ns=hours[1])
    return found


def _stored(text: str, scale: int) -> int | None:
    """An exact decimal in stored units, None where these are too coarse for it."""
    value = Fraction(text) * scale
    return value.numerator if value.denominator == 1 else None


def _grids(staged: Staging, ticks: Mapping[Key, int]) -> dict[Key, Grid]:
    """For each instrument and date, its displayed prices against a tick; its prints where it displays none."""
    found: dict[Key, Grid] = {}
    for displayed in (True, False):
        part: dict[Key, Grid] = {}
        for lot in staged.lots.values():
            if (lot.table in _DISPLAYED) != displayed or not PRICES[lot.table]:
                continue
            wanted = {
                staged_id: ticks[staged_id, lot.date]
                for staged_id in lot.spans
                if (staged_id, lot.date) in ticks and (staged_id, lot.date) not in found
            }
            for staged_id, grid in _grids_of(lot, wanted).items():
                key = (staged_id, lot.date)
                other = part.get(key, Grid(0, 0, None))
                example = other.example if other.example is not None else grid.example
                part[key] = Grid(grid.prices + other.prices, grid.off + other.off, example)
        for key, grid in part.items():
            few = not displayed and grid.off <= _MOST_OFF_GRID * grid.prices
            found[key] = Grid(grid.prices, 0, None) if few else grid
    return found


def _grids_of(lot: Lot, ticks: Mapping[int, int]) -> dict[int, Grid]:
    """One pass over a lot's rows for all its instruments with a tick to be proven; none for those without prices."""
    if not ticks:
        return {}
    table = pl.LazyFrame({"instrument_id": list(ticks), "tick": list(ticks.values())}, schema=_TICKS)
    rows = lot.scan().with_columns(lot.staged_id().alias("instrument_id")).join(table, on="instrument_id")
    names = list(PRICES[lot.table])
    if lot.table == "book_events":
        rows, names = rows.filter(pl.col("kind").is_in(list(BOOK_KINDS))), ["price"]
    prices = (
        rows.select("instrument_id", "tick", *names).unpivot(on=names, index=["instrument_id", "tick"]).drop_nulls()
    )
    off = pl.col("value") % pl.col("tick") != 0
    told = prices.group_by("instrument_id").agg(
        pl.len(), off.sum().alias("off"), pl.col("value").filter(off).first().alias("example")
    )
    return {row[0]: Grid(*row[1:]) for row in told.collect().iter_rows()}


_TICKS = {"instrument_id": pl.Int64(), "tick": pl.Int64()}
