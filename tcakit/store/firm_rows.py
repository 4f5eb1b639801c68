"""Rows of files beside the market's that came before: blotters, and lists of headlines, are exported again and again
with yesterday's rows in them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tcakit.errors import DataError
from tcakit.market.schema import FILLS, NEWS, ORDERS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store

if TYPE_CHECKING:
    import duckdb

FIRM_TABLES = {table.name: table for table in (PARENTS, ORDERS, FILLS, NEWS)}
# The column of each that says which file a row came from.
KEY_COLUMNS = {name: table.names[0] for name, table in FIRM_TABLES.items()}
_IDENTITY = {
    "parents": ("parent_id", "date"),
    "orders": ("order_id", "symbol"),
    "fills": ("fill_id", "date"),
    "news": ("headline", "ts_ns", "symbol", "source"),
}
# What two files may tell otherwise of the same row: the first told stays.
_SECONDARY = {"news": ("url", "sentiment", "sentiment_by")}
_SHOWN = 3
_ELSEWHERE = "{key} IN (SELECT ingest_key FROM files) AND NOT list_contains(?, {key})"


def held_elsewhere(connection: duckdb.DuckDBPyConnection, own_keys: Sequence[str]) -> set[str]:
    """The tables that hold rows of other stored files than these: only those need `unseen`."""
    return {
        name
        for name, key in KEY_COLUMNS.items()
        if connection.execute(
            f'SELECT 1 FROM "{name}" WHERE {_ELSEWHERE.format(key=key)} LIMIT 1', [list(own_keys)]
        ).fetchone()
    }


def unseen(store: Store, name: str, rows: pl.DataFrame, own_keys: Sequence[str], path: str) -> pl.DataFrame:
    """The rows that no other stored file gave; those that one gave already, value by value, are left out.

    Raises DataError when another file gave a row of the same id and date with other values: which of the two holds
    is not ours to choose.
    """
    table, identity, key = FIRM_TABLES[name], list(_IDENTITY[name]), KEY_COLUMNS[name]
    rows = table.conform(rows)
    elsewhere = f"WHERE {_ELSEWHERE.format(key=key)}"
    with store.read_results() as connection, tempfile.TemporaryDirectory(prefix="tcakit-") as folder:
        # Hundreds of thousands of ids are joined; a list of them would be searched once for every row that is held.
        ids = Path(folder) / "ids.parquet"
        rows.select(identity[0]).unique().write_parquet(ids, compression="uncompressed", statistics=False)
        wanted = f'{elsewhere} AND "{identity[0]}" IN (SELECT "{identity[0]}" FROM read_parquet(?))'
        held = frame(connection, table, wanted, [list(own_keys), str(ids)])
    if not held.height:
        return rows
    values = [column for column in table.names if column != key and column not in _SECONDARY.get(name, ())]
    same = rows.join(held.select(values).unique(), on=values, how="semi", nulls_equal=True)
    left = rows.join(same.select(identity).unique(), on=identity, how="anti", nulls_equal=True)
    changed = left.join(held.select(identity).unique(), on=identity, how="semi", nulls_equal=True)
    if changed.height:
        shown = ", ".join(str(value) for value in changed[identity[0]].unique(maintain_order=True).to_list()[:_SHOWN])
        others = held.join(changed.select(identity), on=identity, how="semi", nulls_equal=True)[key].unique()
        with store.read_results() as connection:
            paths = connection.execute(
                "SELECT DISTINCT path FROM files WHERE list_contains(?, ingest_key) ORDER BY path", [others.to_list()]
            ).fetchall()
        raise DataError(
            f"{changed.height} {name} are stored already with other values ({shown}) "
            f"from {', '.join(row[0] for row in paths)}",
            place=path,
            remedy="`tcakit drop` that file first if this one corrects it",
        )
    return left
