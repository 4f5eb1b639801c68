"""Frames into DuckDB and out again by Arrow's C interface, without pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer of a query that polars reads where it lies, knowing no more of it than its Arrow stream."""

    relation: duckdb.DuckDBPyRelation

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.relation.__arrow_c_stream__(requested_schema)


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


def frame(
    connection: duckdb.DuckDBPyConnection, table: Table, where: str = "", parameters: Sequence[Any] = ()
) -> pl.DataFrame:
    """Rows of a table as a frame with the table's own types. `where` is our text; values go in as parameters."""
    import polars as pl

    names = ", ".join(f'"{name}"' for name in table.names)
    found = connection.sql(f'SELECT {names} FROM "{table.name}" {where}', params=list(parameters))
    return pl.DataFrame(_Answer(found)).cast(table.polars_schema())  # type: ignore[arg-type]
