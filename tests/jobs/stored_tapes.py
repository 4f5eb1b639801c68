"""Days of quotes and trades put into a store as they would come from files, with what moves their price known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tcakit.market.clock import wall_ns
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.store import ingest as stored
from tcakit.store.database import Store
from tcakit.store.staging import MarketRows, Staging

ZONE = "America/New_York"
SECOND = 1_000_000_000
OPEN_S = 34_200


def put_days(
    folder: Path,
    dates: list[str],
    symbols: tuple[str, ...] = ("ALFA",),
    *,
    session_s: int = 23_400,
    signed: bool = True,
    contents: tuple[str, ...] = ("quotes", "trades"),
    hours: bool = True,
    seed: int = 0,
) -> Store:
    """A store with a session of trades, about one in two seconds, each moving the mid by half a tick and some noise."""
    store = Store(folder / "store", create=True)
    random = np.random.default_rng(seed)
    for date in dates:
        for symbol in symbols:
            opened = wall_ns(date, OPEN_S * SECOND, ZONE)
            instrument = Instrument(
                symbol, venue="XTST", currency="USD", timezone=ZONE, price_scale=100, tick_size=1,
                session_open_ns=opened if hours else None,
                session_close_ns=opened + session_s * SECOND if hours else None,
            )  # fmt: skip
            quotes, trades = _day(random, opened, session_s, signed)
            with store.writer("test"), Staging(lambda: store, f"{symbol} {date}") as staged:
                for name, frame in (("quotes", quotes), ("trades", trades)):
                    if name in contents:
                        staged.add(MarketRows(name, frame, instrument, date, name, None))
                key = f"{symbol} {date}"
                record = stored.FileRecord(key, key, f"{key}.csv", "csv", 1, "{}")
                stored.put(store, record, staged, [], FAULTS.empty())
    return store


def _day(random: np.random.Generator, opened: int, session_s: int, signed: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    count = session_s // 2
    ns = opened + np.sort(random.integers(1, session_s * SECOND, count))
    sign = random.choice([-1, 1], count)
    shares = random.integers(1, 6, count) * 100
    middle = 10_000 + np.cumsum(0.5 * sign * shares / 300.0 + random.normal(0.0, 0.3, count))
    bid = np.floor(middle).astype(np.int64)
    sizes = random.integers(3, 9, (2, count)) * 100
    # The quote that follows a trade comes a little later; the first stands before any trade.
    quotes = pl.DataFrame(
        {
            "seq": np.arange(count + 1),
            "ts_ns": np.concatenate([[opened], ns + 1_000]),
            "bid": np.concatenate([[9_999], bid]),
            "bid_size": np.concatenate([[500], sizes[0]]),
            "ask": np.concatenate([[10_001], bid + 2]),
            "ask_size": np.concatenate([[500], sizes[1]]),
        }
    )
    before = np.concatenate([[9_999], bid[:-1]])
    trades = pl.DataFrame(
        {
            "seq": np.arange(count),
            "ts_ns": ns,
            "price": np.where(sign > 0, before + 2, before),
            "size": shares,
            "aggressor": (sign if signed else 0 * sign).astype(np.int8),
        }
    )
    return quotes, trades
