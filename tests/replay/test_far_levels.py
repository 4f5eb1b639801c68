"""Orders at a cent and at a billion: what lies too far from the market is left out of the ladder, and said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tcakit.book.order_index import displayed_sizes
from tcakit.errors import DataError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.replay.columns import feed_columns, feed_from_columns
from tcakit.store import ingest as stored
from tcakit.store.database import Store
from tcakit.store.staging import MarketRows, Staging

ACME = Instrument("ACME", venue="XTST", currency="USD", price_scale=100, tick_size=1)
DATE = "2026-03-02"
T0 = 1_772_463_600_000_000_000


def test_queues_are_the_same_on_a_ladder_of_the_prices_that_occur() -> None:
    kind = np.array([codes.ADD, codes.ADD, codes.ADD, codes.PRINT, codes.EXECUTE, codes.DELETE, codes.ADD], np.uint8)
    side = np.array([1, -1, 1, 1, 1, -1, 1], np.int8)
    size = np.array([5, 6, 7, 3, 2, 6, 1])
    ids = np.array([1, 2, 3, -1, 1, 2, 9])
    near = displayed_sizes(kind, side, np.array([10, 12, 10, 10, 10, 12, 9]), size, ids)
    far = displayed_sizes(kind, side, np.array([10, 10**17, 10, 10, 10, 10**17, 1]), size, ids)
    assert far.level_size.tolist() == near.level_size.tolist() == [5, 6, 12, -1, 10, 0, 1]
    assert far.queued_row.tolist() == near.queued_row.tolist()


def day_rows() -> pl.DataFrame:
    rows = [(codes.SET, -1, 10**15, 5), (codes.SET, -1, 10_001, 50), (codes.SET, 1, 10_000, 50), (codes.SET, 1, 1, 9)]
    rows += [(codes.PRINT, 1, 10_000, 1), (codes.SET, 1, 10_000, 49), (codes.PRINT, -1, 10_001, 1)] * 40
    return pl.DataFrame(
        {
            "seq": range(len(rows)),
            "ts_ns": [T0 + at * 1_000_000_000 for at in range(len(rows))],
            "kind": [row[0] for row in rows],
            "side": [row[1] for row in rows],
            "price": [row[2] for row in rows],
            "size": [row[3] for row in rows],
            "level_size": [None if row[0] == codes.PRINT else row[3] for row in rows],
        }
    )


def book_of(rows: pl.DataFrame) -> dict[str, np.ndarray]:
    rows = rows.drop("seq").fill_null(-1)
    return {name: rows[name].to_numpy() for name in rows.columns}


def test_far_levels_are_counted_and_the_near_ones_quoted() -> None:
    feed = feed_from_columns(ACME, feed_columns(ACME, book_of(day_rows())))
    assert feed.rows_beyond == 1
    assert feed.ticks < 1 << 20
    assert (int(feed.best_bid[-1]) + feed.base_tick, int(feed.best_ask[-1]) + feed.base_tick) == (10_000, 10_001)


def test_a_market_that_itself_moves_too_far_is_refused() -> None:
    printed = pl.col("kind") == codes.PRINT
    wide = day_rows().with_columns(
        pl.when(printed & (pl.col("seq") > 50)).then(5_000_000).otherwise("price").alias("price")
    )
    with pytest.raises(DataError, match="prints 4,990,001"):
        feed_columns(ACME, book_of(wide))
    with pytest.raises(DataError, match="nothing prints"):
        feed_columns(ACME, book_of(day_rows().filter(~printed)))


def test_a_backtest_on_such_a_day_says_what_was_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", create=True)
    with store.writer("test"), Staging(lambda: store, "far") as staged:
        staged.add(MarketRows("book_events", day_rows(), ACME, DATE, "book-l2", None))
        stored.put(store, stored.FileRecord("far", "hash", "far.csv", "csv", 1, "{}"), staged, [], FAULTS.empty())
    parents = expand(["ACME"], ["buy"], [3.0], [parse_algorithm("twap")], [DATE], start=None, end=None, limit=None)
    result = backtest(store.folder, BacktestConfig(parents=tuple(parents)))
    assert result["parents"][0]["filled_shares"] == 3
    assert [note for note in result["notes"] if "1 rows at prices too far from the market" in note]
