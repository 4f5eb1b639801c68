"""The made market of the benchmarks of cost analysis in a store, and out of it again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.bench_tca import Market
from tcakit.jobs.market import market_days
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.store import ingest
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days
from tcakit.store.staging import MarketRows, Staging


def stored(made: Market, folder: Path) -> Store:
    """A store that holds the market, one source a symbol."""
    store = Store(folder, create=True)
    with store.writer("benchmark"):
        for day in made.days:
            of = day.instrument
            instrument = Instrument(
                of.symbol, venue="XTST", price_scale=of.price_scale, tick_size=of.price_scale // 100
            )
            with Staging(lambda: store, of.symbol) as staged:
                for name, frame in (("quotes", _quotes(day)), ("trades", _prints(day))):
                    staged.add(MarketRows(name, frame, instrument, day.date, name, None))
                record = ingest.FileRecord(of.symbol, of.symbol, f"{of.symbol}.csv", "csv", 1, "{}")
                ingest.put(store, record, staged, [], FAULTS.empty())
    return store


def days_of(store: Store, date: str) -> list[MarketDay]:
    """The markets of all symbols of a date, by name."""
    return market_days(store, symbol_days(store, date))


def _quotes(day: MarketDay) -> pl.DataFrame:
    count, scale = day.quote_ns.size, day.instrument.price_scale
    prices = {name: np.rint(getattr(day, name) * scale).astype(np.int64) for name in ("bid", "ask")}
    sizes = {name: np.full(count, 100) for name in ("bid_size", "ask_size")}
    return pl.DataFrame({"seq": np.arange(count), "ts_ns": day.quote_ns, **prices, **sizes})


def _prints(day: MarketDay) -> pl.DataFrame:
    columns = {"ts_ns": day.print_ns, "price": day.print_price, "size": day.print_size}
    return pl.DataFrame({"seq": np.arange(day.print_ns.size), **columns, "aggressor": day.print_aggressor})
