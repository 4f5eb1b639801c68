"""A store of an earlier version: tables and columns that are younger than it come when it is next opened."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tcakit.market.schema import TCA_BENCHMARKS, TCA_FILLS
from tcakit.store import results
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

YOUNG = ("spread_capture", "price_improvement")


@pytest.fixture
def older(tmp_path: Path) -> Store:
    """A store with one measured fill, as a version made it that had neither the table nor the columns."""
    store = Store(tmp_path / "store", create=True)
    row = pl.DataFrame({"run_id": ["R1"], "fill_id": ["F1"], "effective_spread": [0.04], "spread_capture": [0.5]})
    with store.write_results() as connection:
        insert(connection, TCA_FILLS, row)
    with store.write_results() as connection:
        connection.execute(f'DROP TABLE "{TCA_BENCHMARKS.name}"')
        for name in YOUNG:
            connection.execute(f'ALTER TABLE "{TCA_FILLS.name}" DROP COLUMN "{name}"')
    return store


def test_rows_of_before_know_nothing_of_a_new_column(older: Store) -> None:
    found = results.table(older, "tca_fills", "R1").row(0, named=True)
    assert found["effective_spread"] == 0.04
    assert [found[name] for name in YOUNG] == [None, None]
    assert results.table(older, "tca_benchmarks", "R1").height == 0


def test_rows_come_in_by_name_whatever_the_order_of_the_columns(older: Store) -> None:
    row = pl.DataFrame({"run_id": ["R2"], "fill_id": ["F2"], "inside_quote": [True]}).with_columns(
        spread_capture=pl.lit(0.25), price_improvement=pl.lit(-0.01)
    )
    with older.write_results() as connection:
        insert(connection, TCA_FILLS, row)
        found = frame(connection, TCA_FILLS, "WHERE run_id = ?", ["R2"]).row(0, named=True)
    assert (found["spread_capture"], found["price_improvement"], found["inside_quote"]) == (0.25, -0.01, True)
    assert found["effective_spread"] is None


def test_a_store_of_today_is_left_as_it_is(older: Store) -> None:
    with older.read_results():
        pass
    before = older.results_path.stat().st_mtime_ns
    with older.read_results():
        pass
    assert older.results_path.stat().st_mtime_ns == before
