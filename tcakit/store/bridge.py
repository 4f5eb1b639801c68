"""Frames into DuckDB and out again, without pyarrow: in through a Parquet file, out through numpy columns."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.market.schema import Table
from tcakit.store.disk import no_room_told

if TYPE_CHECKING:
    import duckdb
    import polars as pl


def insert(connection: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> int:
    """Append a frame to a table after bringing it to the table's columns and types; gives the rows added."""
    conformed = table.conform(frame)
    if not conformed.height:
        return 0
    with tempfile.TemporaryDirectory(prefix="tcakit-") as folder:
        path = Path(folder) / "rows.parquet"
        with no_room_told(path):
            conformed.write_parquet(path, compression="uncompressed", statistics=False)
        connection.execute(f'INSERT INTO "{table.name}" SELECT * FROM read_parquet(?)', [str(path)])
    return conformed.height


def columns(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()
) -> dict[str, np.ndarray[Any, Any]]:
    """The answer of a query as numpy columns (masked where null)."""
    return connection.execute(sql, list(parameters)).fetchnumpy()


def frame(
    connection: duckdb.DuckDBPyConnection, table: Table, where: str = "", parameters: Sequence[Any] = ()
) -> pl.DataFrame:
    """Rows of a table as a frame with the table's own types. `where` is our text; values go in as parameters."""
    import polars as pl

    names = ", ".join(f'"{name}"' for name in table.names)
    found = columns(connection, f'SELECT {names} FROM "{table.name}" {where}', parameters)
    schema = table.polars_schema()
    series = []
    for name, dtype in schema.items():
        values = found[name]
        mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
        plain = values.data if isinstance(values, np.ma.MaskedArray) else values
        if dtype == pl.String:
            items = plain.tolist()
            if mask is not None:
                items = [None if hidden else item for item, hidden in zip(items, mask, strict=True)]
            series.append(pl.Series(name, items, dtype=pl.String))
            continue
        column = pl.Series(name, plain).cast(dtype)
        if mask is not None and mask.any():
            column = column.to_frame().select(pl.when(pl.Series(~mask)).then(pl.col(name)).otherwise(None).alias(name))[
                name
            ]
        series.append(column)
    return pl.DataFrame(series)
