"""What a dark venue printed: rows of the store, a file, and prints among those of the displayed venue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.simulator.csv_export import iso_times, write_csv
from tcakit.simulator.market import SimulatedMarket
from tcakit.venue import midpoint_layout_kernel as mp

if TYPE_CHECKING:
    import polars as pl

CONDITION = "M"
"""Of a print at the middle."""


def dark_instrument(market: SimulatedMarket) -> Instrument:
    """The symbol as it trades in the dark: the units are those of the displayed venue."""
    assert market.dark_venue is not None
    return replace(market.instrument, venue=market.dark_venue)


def dark_trades(market: SimulatedMarket) -> pl.DataFrame:
    """The prints of the dark venue up to now, as rows of `trades` less the ids of day and file.

    Nobody says who came and who stood: no print has an aggressor.
    """
    import polars as pl

    dark, of = market.market.dark, market.instrument
    rows = dark.prints[: dark.counters[mp.PRINT_ROWS]]
    half = rows[:, mp.PRINT_HALF] + 2 * market.base_tick
    return pl.DataFrame(
        {
            "seq": np.arange(len(rows), dtype=np.int64),
            "ts_ns": rows[:, mp.PRINT_TS].copy(),
            "price": half * of.tick_size // 2,
            "size": rows[:, mp.PRINT_SIZE].copy(),
            "aggressor": np.zeros(len(rows), np.int8),
            "condition": pl.Series([CONDITION] * len(rows), dtype=pl.String),
        }
    )


def with_dark_prints(day: MarketDay, market: SimulatedMarket) -> MarketDay:
    """A day of the displayed venue with the prints of the dark one among its own, as on a consolidated tape."""
    if market.dark_venue is None:
        return day
    trades = dark_trades(market)
    added = {
        "print_ns": trades["ts_ns"].to_numpy(),
        "print_price": trades["price"].to_numpy(),
        "print_size": trades["size"].to_numpy(),
        "print_displayed": np.zeros(trades.height, np.bool_),
        "print_aggressor": trades["aggressor"].to_numpy(),
    }
    # Of one instant the displayed ones come first: a middle follows the prices that it is of.
    order = np.argsort(np.concatenate([day.print_ns, added["print_ns"]]), kind="stable")
    held = {name: np.concatenate([getattr(day, name), values])[order] for name, values in added.items()}
    changed: Any = held
    return replace(day, **changed)


def write_dark_csv(market: SimulatedMarket, date: str, folder: Path) -> Path:
    """Write SYMBOL_DATE_VENUE_trades.csv.gz: timestamp, symbol, price, size, condition."""
    import polars as pl

    trades, of = dark_trades(market), market.instrument
    frame = trades.select(
        iso_times(trades["ts_ns"], of.timezone).alias("timestamp"),
        pl.lit(of.symbol).alias("symbol"),
        pl.Series("price", trades["price"].to_numpy() / float(of.price_scale)),
        "size",
        "condition",
    )
    return write_csv(frame, folder / f"{of.symbol}_{date}_{market.dark_venue}_trades.csv.gz")
