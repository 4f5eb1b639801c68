"""Frames into DuckDB and out again, without pyarrow: in by Arrow's C interface, out through numpy columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.market.schema import Table

if TYPE_CHECKING:
    import duckdb
    import polars as pl


@dataclass(frozen=True, slots=True)
class Rows:
    """A frame that DuckDB reads where it lies; it would ask for pyarrow if it knew the frame for what it is."""

    frame: pl.DataFrame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


@contextmanager
def lent(connection: duckdb.DuckDBPyConnection, **tables: Any) -> Iterator[None]:
    """Have a connection know `Rows`, or columns in a dict, by the given names while the block runs."""
    # An answer that is not fetched to its end would stand in the way.
    connection.execute("SELECT 0").fetchall()
    for name, rows in tables.items():
        connection.register(name, rows)
    yield
    for name in tables:
        connection.unregister(name)


def insert(connection: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> int:
    """Append a frame to a table after bringing it to the table's columns and types; gives the rows added."""
    conformed = table.conform(frame)
    if not conformed.height:
        return 0
    with lent(connection, frame_rows=Rows(conformed)):
        connection.execute(f'INSERT INTO "{table.name}" BY NAME SELECT * FROM frame_rows')
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
