"""Rows of the firm's own that came before: blotters are exported again and again, with yesterday's fills in them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tcakit.errors import DataError
from tcakit.market.schema import FILLS, ORDERS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store

FIRM_TABLES = {table.name: table for table in (PARENTS, ORDERS, FILLS)}
_IDENTITY = {"parents": ("parent_id", "date"), "orders": ("order_id", "symbol"), "fills": ("fill_id", "date")}
_SHOWN = 3


def unseen(store: Store, name: str, rows: pl.DataFrame, own_keys: Sequence[str], path: str) -> pl.DataFrame:
    """The rows that no other stored file gave; those that one gave already, value by value, are left out.

    Raises DataError when another file gave a row of the same id and date with other values: which of the two holds
    is not ours to choose.
    """
    table, identity = FIRM_TABLES[name], list(_IDENTITY[name])
    rows = table.conform(rows)
    with store.read_results() as connection:
        held = frame(
            connection,
            table,
            f"WHERE run_id IN (SELECT ingest_key FROM files) AND NOT list_contains(?, run_id) "
            f'AND list_contains(?, "{identity[0]}")',
            [list(own_keys), rows[identity[0]].unique().to_list()],
        )
    if not held.height:
        return rows
    values = [column for column in table.names if column != "run_id"]
    same = rows.join(held.select(values).unique(), on=values, how="semi", nulls_equal=True)
    left = rows.join(same.select(identity).unique(), on=identity, how="anti")
    changed = left.join(held.select(identity).unique(), on=identity, how="semi")
    if changed.height:
        ids = ", ".join(str(value) for value in changed[identity[0]].unique(maintain_order=True).to_list()[:_SHOWN])
        with store.read_results() as connection:
            others = connection.execute(
                "SELECT DISTINCT path FROM files WHERE list_contains(?, ingest_key) ORDER BY path",
                [held.join(changed.select(identity), on=identity, how="semi")["run_id"].unique().to_list()],
            ).fetchall()
        raise DataError(
            f"{changed.height} {name} are stored already with other values ({ids}) "
            f"from {', '.join(row[0] for row in others)}",
            place=path,
            remedy="`tcakit drop` that file first if this one corrects it",
        )
    return left
