"""Made CSV files of crypto venues, as Tardis and Binance write them: an hour and more of one liquid contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

_START_US = 1_740_960_000_000_000  # 2025-03-03
_DAY_US = 86_400_000_000
_TICK = 10  # of prices in cents
_DECIMALS = pl.String


def _decimal(values: np.ndarray, decimals: int) -> pl.Series:
    """Integers as decimal text without zeros at the end, as venues write them."""
    whole = pl.Series(values // 10**decimals).cast(_DECIMALS)
    part = pl.Series(values % 10**decimals).cast(_DECIMALS).str.zfill(decimals)
    return (whole + "." + part).str.strip_chars_end("0").str.strip_chars_end(".")


def _walk(random: np.random.Generator, rows: int) -> np.ndarray:
    """A middle price in cents that wanders by ticks."""
    steps = random.choice(np.array([-1, 0, 0, 0, 0, 0, 0, 0, 0, 1]), rows)
    return 9_000_000 + _TICK * np.maximum(np.cumsum(steps), -800_000)


def _amounts(random: np.random.Generator, rows: int) -> np.ndarray:
    """Sizes in thousandths, many small ones."""
    return np.maximum(np.int64(1), np.exp(random.normal(4.0, 2.0, rows)).astype(np.int64))


def _tardis_head(random: np.random.Generator, rows: int) -> dict[str, pl.Expr | pl.Series]:
    stamped = np.sort(random.integers(0, _DAY_US // 1000, rows)) * 1000 + _START_US
    received = stamped + 1_000 + random.integers(0, 4_000, rows)
    return {
        "exchange": pl.lit("binance-futures"),
        "symbol": pl.lit("BTCUSDT"),
        "timestamp": pl.Series(stamped),
        "local_timestamp": pl.Series(np.maximum.accumulate(received)),
    }


def _write(path: Path, columns: dict[str, pl.Expr | pl.Series], *, header: bool = True) -> Path:
    pl.select(**columns).write_csv(path, include_header=header)
    return path


def tardis_book(folder: Path, rows: int) -> Path:
    """incremental_book_L2: a snapshot of 1000 rows, then changes of levels near the middle."""
    random = np.random.default_rng(3)
    side = random.choice(np.array([1, -1]), rows)
    away = 1 + random.geometric(0.05, rows)
    amount = np.where(random.random(rows) < 0.25, 0, _amounts(random, rows))
    return _write(
        folder / "binance-futures_incremental_book_L2_2025-03-03_BTCUSDT.csv",
        {
            **_tardis_head(random, rows),
            "is_snapshot": pl.Series(np.arange(rows) < min(1000, rows // 2)),
            "side": pl.Series(np.where(side > 0, "bid", "ask")),
            "price": _decimal(_walk(random, rows) - side * away * _TICK, 2),
            "amount": _decimal(amount, 3),
        },
    )


def tardis_trades(folder: Path, rows: int) -> Path:
    """trades: id, side of the taker, price, amount."""
    random = np.random.default_rng(4)
    return _write(
        folder / "binance-futures_trades_2025-03-03_BTCUSDT.csv",
        {
            **_tardis_head(random, rows),
            "id": pl.Series(np.arange(rows) + 5_900_000_000),
            "side": pl.Series(random.choice(np.array(["buy", "sell"]), rows)),
            "price": _decimal(_walk(random, rows), 2),
            "amount": _decimal(_amounts(random, rows), 3),
        },
    )


def tardis_quotes(folder: Path, rows: int) -> Path:
    """quotes: amounts and prices of both best levels."""
    random = np.random.default_rng(5)
    middle = _walk(random, rows)
    return _write(
        folder / "binance-futures_quotes_2025-03-03_BTCUSDT.csv",
        {
            **_tardis_head(random, rows),
            "ask_amount": _decimal(_amounts(random, rows), 3),
            "ask_price": _decimal(middle + _TICK, 2),
            "bid_price": _decimal(middle, 2),
            "bid_amount": _decimal(_amounts(random, rows), 3),
        },
    )


def binance_trades(folder: Path, rows: int) -> Path:
    """aggTrades of futures, with a header row."""
    random = np.random.default_rng(6)
    parts = random.integers(1, 4, rows)
    last = 5_900_000_000 + np.cumsum(parts)
    return _write(
        folder / "BTCUSDT-aggTrades-2025-03-03.csv",
        {
            "agg_trade_id": pl.Series(np.arange(rows) + 2_600_000_000),
            "price": _decimal(_walk(random, rows), 2),
            "quantity": _decimal(_amounts(random, rows), 3),
            "first_trade_id": pl.Series(last - parts + 1),
            "last_trade_id": pl.Series(last),
            "transact_time": pl.Series(np.sort(random.integers(0, _DAY_US // 1000, rows)) + _START_US // 1000),
            "is_buyer_maker": pl.Series(random.random(rows) < 0.5),
        },
    )


def binance_quotes(folder: Path, rows: int) -> Path:
    """bookTicker of futures, with a header row."""
    random = np.random.default_rng(7)
    middle = _walk(random, rows)
    time_ms = np.sort(random.integers(0, _DAY_US // 1000, rows)) + _START_US // 1000
    return _write(
        folder / "BTCUSDT-bookTicker-2025-03-03.csv",
        {
            "update_id": pl.Series(np.cumsum(random.integers(1, 40, rows)) + 7_000_000_000_000),
            "best_bid_price": _decimal(middle, 2),
            "best_bid_qty": _decimal(_amounts(random, rows), 3),
            "best_ask_price": _decimal(middle + _TICK, 2),
            "best_ask_qty": _decimal(_amounts(random, rows), 3),
            "transaction_time": pl.Series(time_ms),
            "event_time": pl.Series(time_ms + random.integers(0, 5, rows)),
        },
    )
