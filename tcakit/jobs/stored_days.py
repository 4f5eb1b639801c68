"""Stored days and the volume curves they give, each looked up once however many parents ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.execution.volume_curve import VolumeCurve, default_curve, mean_curve, shares_of_day
from tcakit.jobs.market import market_day
from tcakit.market.clock import midnight_ns
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, symbol_days

_CURVE_DAYS = 20


class StoredDays:
    """The days of a store during one job, which reads them while nobody writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dates = store.dates()
        self._days: dict[str, list[SymbolDay]] = {}
        self._shares: dict[tuple[str, int, int, int], NDArray[np.float64] | None] = {}
        self._volumes: dict[tuple[str, int, int, int], int] = {}

    def of(self, store: Store, date: str) -> list[SymbolDay]:
        """Every symbol of a trade date."""
        if date not in self._days:
            self._days[date] = symbol_days(store, date)
        return self._days[date]

    def curve(self, day: SymbolDay, open_ns: int, close_ns: int) -> VolumeCurve:
        """The volume curve of strictly earlier stored days, or the named default."""
        zone = day.instrument.timezone
        earlier, volumes = [], []
        for date in [date for date in self._dates if date < day.date][-_CURVE_DAYS:]:
            # The same time of day, by the exchange's clock, whenever that day's recording began.
            other_open = open_ns - midnight_ns(day.date, zone) + midnight_ns(date, zone)
            for other in self.of(self._store, date):
                if (other.instrument.symbol, other.instrument.venue) == (day.instrument.symbol, day.instrument.venue):
                    shares, volume = self._of_day(other, other_open, close_ns - open_ns)
                    earlier.append(shares)
                    # Days may be stored in other units of size.
                    volumes.append(volume * day.instrument.size_scale / other.instrument.size_scale)
        found = mean_curve(open_ns, close_ns, earlier)
        if found is None:
            return default_curve(open_ns, close_ns)
        return replace(found, day_volume=float(np.mean([volume for volume in volumes if volume])))

    def _of_day(self, day: SymbolDay, open_ns: int, length_ns: int) -> tuple[NDArray[np.float64] | None, int]:
        """The shares of a day's volume at the edges of its session's parts, and the volume, in its stored units."""
        key = (day.date, day.instrument_id, open_ns, length_ns)
        if key not in self._shares:
            ns, size = _traded(self._store, day)
            self._shares[key] = shares_of_day(open_ns, length_ns, ns, size)
            self._volumes[key] = int(size[(ns >= open_ns) & (ns <= open_ns + length_ns)].sum())
        return self._shares[key], self._volumes[key]


def _traded(store: Store, day: SymbolDay) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When how much was traded: the prints, or the volumes of the shortest stored bars where there are none."""
    market = market_day(store, day)
    if market.print_ns.size or "bars" not in day.contents:
        return np.asarray(market.print_ns), np.asarray(market.print_size)
    bars = market_data.bars(store, day)
    bars = bars.filter(pl.col("interval_ns") == pl.col("interval_ns").min(), pl.col("volume").is_not_null())
    return bars["ts_ns"].to_numpy(), bars["volume"].to_numpy()
