"""Tables of rows beside the market's. A blotter's rows are kept whole, file by file, and which of them stand is worked
out on reading; a headline that several files give is kept once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tcakit.market.schema import FILLS, NEWS, ORDERS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store

FIRM_TABLES = {table.name: table for table in (PARENTS, ORDERS, FILLS, NEWS)}
FIRM_FORMATS = ("blotter", "fix")
# The column of each that says which file a row came from.
KEY_COLUMNS = {name: table.names[0] for name, table in FIRM_TABLES.items()}
_HEADLINE = ["headline", "ts_ns", "symbol", "source"]


def unseen(store: Store, rows: pl.DataFrame, own_keys: Sequence[str]) -> pl.DataFrame:
    """The headlines that no other stored file gave: lists of them are exported again and again."""
    rows = NEWS.conform(rows)
    elsewhere = "WHERE NOT list_contains(?, ingest_key)"
    with store.read_results() as connection, tempfile.TemporaryDirectory(prefix="tcakit-") as folder:
        # Hundreds of thousands of headlines are joined; a list of them would be searched once for every row held.
        told = Path(folder) / "headlines.parquet"
        rows.select("headline").unique().write_parquet(told, compression="uncompressed", statistics=False)
        wanted = f"{elsewhere} AND headline IN (SELECT headline FROM read_parquet(?))"
        held = frame(connection, NEWS, wanted, [list(own_keys), str(told)])
    return rows.join(held.select(_HEADLINE).unique(), on=_HEADLINE, how="anti", nulls_equal=True)
