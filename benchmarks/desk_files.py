"""Made files of a desk: quotes and trades of some symbols over some days, and a blotter of parent orders and fills."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

DATES = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06")
SYMBOLS = 20
BROKERS = ("NORTHGATE", "QUAYSIDE", "HANSE", "ALDER", "FENWICK")
ALGORITHMS = ("TWAP", "VWAP", "POV", "IS", "CLOSE")
_SESSION_NS = 23_400_000_000_000
_ZONE = "America/New_York"
_FEE = 0.002


def desk_files(folder: Path, parents: int, fills_each: int, quotes: int, prints: int) -> Path:
    """Write `quotes` and `prints` rows of market in all, and as many parents with as many fills each; the folder.

    Fills stand at the touch of the quote of their time, so that no look-up can be wrong unseen.
    """
    random = np.random.default_rng(17)
    books = []
    cells = SYMBOLS * len(DATES)
    for date in DATES:
        opened = _open_ns(date)
        for number in range(SYMBOLS):
            books.append(
                _market(folder, random, date, opened, number, max(20, quotes // cells), max(4, prints // cells))
            )
    _blotter(folder, random, books, parents, fills_each)
    return folder


def _open_ns(date: str) -> int:
    at = pl.Series([f"{date} 09:30:00"]).str.to_datetime(time_zone=_ZONE)
    return int(at.dt.epoch("ns")[0])


def _times(ns: np.ndarray) -> pl.Series:
    local = pl.Series(ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(_ZONE)
    return local.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f%:z")


def _market(folder, random, date, opened, number, quotes, prints):
    symbol = f"S{number:02d}"
    ns = np.sort(random.integers(0, _SESSION_NS, quotes)) + opened
    ns[0], ns[-1] = opened, opened + _SESSION_NS - 1
    mid = 10_000 + 500 * number + np.cumsum(random.integers(-1, 2, quotes))
    half = random.integers(1, 4, quotes)
    bid, ask = (mid - half) / 100.0, (mid + half) / 100.0
    sizes = random.integers(1, 30, (2, quotes)) * 100
    name = pl.repeat(symbol, quotes, eager=True)
    columns = {"timestamp": _times(ns), "symbol": name, "bid": bid, "bid_size": sizes[0], "ask": ask}
    pl.DataFrame({**columns, "ask_size": sizes[1]}).write_csv(folder / f"{symbol}_{date}_quotes.csv")
    at = np.sort(random.integers(0, quotes, prints))
    bought = random.random(prints) < 0.5
    trades = {
        "timestamp": _times(ns[at]),
        "symbol": pl.repeat(symbol, prints, eager=True),
        "price": np.where(bought, ask[at], bid[at]),
        "size": random.integers(1, 30, prints) * 100,
        "side": np.where(bought, "buy", "sell"),
    }
    pl.DataFrame(trades).write_csv(folder / f"{symbol}_{date}_trades.csv")
    return symbol, opened, ns, bid, ask


def _blotter(folder, random, books, parents, fills_each):
    of_book = random.integers(0, len(books), parents)
    symbol = np.array([book[0] for book in books])[of_book]
    opened = np.array([book[1] for book in books])[of_book]
    arrival = opened + random.integers(60 * 10**9, int(_SESSION_NS * 0.85), parents)
    end = np.minimum(arrival + random.exponential(1200e9, parents).astype(np.int64) + 10**10, opened + _SESSION_NS - 1)
    buys = random.random(parents) < 0.5
    shares = random.integers(1, 10, (parents, fills_each)) * 100
    ids = np.array([f"P{number:06d}" for number in range(parents)])
    ordered = shares.sum(axis=1) + np.where(random.random(parents) < 0.1, 500, 0)
    side = np.where(buys, "buy", "sell")
    pl.DataFrame(
        {
            "parent_id": ids,
            "symbol": symbol,
            "side": side,
            "quantity": ordered,
            "arrival_time": _times(arrival),
            "end_time": _times(end),
            "algo": random.choice(ALGORITHMS, parents),
            "broker": random.choice(BROKERS, parents),
            "trader": random.choice(["s.lindqvist", "j.okafor", "m.brandt"], parents),
            "account": random.choice(["INDEX", "GROWTH"], parents),
            "currency": pl.repeat("USD", parents, eager=True),
        }
    ).write_csv(folder / "parents.csv")
    ns = np.sort(arrival[:, None] + (random.random((parents, fills_each)) * (end - arrival)[:, None]).astype(np.int64))
    maker = random.random((parents, fills_each)) < 0.4
    price = np.empty((parents, fills_each))
    for number, (_, _, quote_ns, bid, ask) in enumerate(books):
        mine = np.flatnonzero(of_book == number)
        row = np.searchsorted(quote_ns, ns[mine], side="right") - 1
        price[mine] = np.where(buys[mine, None] != maker[mine], ask[row], bid[row])
    count = parents * fills_each
    pl.DataFrame(
        {
            "fill_id": pl.Series("F", np.arange(count)).cast(pl.String).str.zfill(8),
            "parent_id": np.repeat(ids, fills_each),
            "symbol": np.repeat(symbol, fills_each),
            "side": np.repeat(side, fills_each),
            "time": _times(ns.ravel()),
            "price": price.ravel(),
            "quantity": shares.ravel(),
            "liquidity": np.where(maker.ravel(), "maker", "taker"),
            "fee": np.round(shares.ravel() * np.where(maker.ravel(), -_FEE, _FEE), 4),
            "venue": random.choice(["XNAS", "XNYS", "BATS", "EDGX"], count),
        }
    ).write_csv(folder / "fills.csv")
