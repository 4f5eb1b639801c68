"""Read-only SQL of the user's over all days and results of the store."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb

from tcakit.errors import DataError, UsageError
from tcakit.market.clock import parse_date
from tcakit.market.schema import tables_of
from tcakit.store.database import Store
from tcakit.store.engine import quoted, spilling
from tcakit.store.market_files import FOLDER as ROWS_FOLDER
from tcakit.store.market_files import MARKET_TABLES, lot_paths, lots_of, relation, without_patterns
from tcakit.store.rows import unread_parts

# EXPLAIN and its options; what they stand before is explained, or with ANALYZE done.
_EXPLAIN = re.compile(r"\s*explain\s*(analy[sz]e\b|\((\s*(analy[sz]e|format\s+\w+)\s*,?)+\))?", re.IGNORECASE)
# These find tables that the text does not name.
_OF_ALL_TABLES = re.compile(
    r"\bshow\b|_schema\b|\b(duckdb|pg|sqlite|query)_|\bquery\b|^\s*describe\s*;?\s*$", re.IGNORECASE
)


def _only_reads(connection: duckdb.DuckDBPyConnection, text: str, kind: str) -> bool:
    """Whether one statement is a SELECT, or explains one: to explain a COPY may write a file."""
    if kind != "EXPLAIN":
        return kind == "SELECT"
    explained = _EXPLAIN.match(text)
    if explained is None:
        return False
    inner = connection.extract_statements(text[explained.end() :])
    return len(inner) == 1 and inner[0].type.name == "SELECT"


def _does_not_run(error: duckdb.Error) -> UsageError:
    return UsageError(str(error).splitlines()[0], place="query", remedy="tables and columns are in docs/tables.md")


def query(
    folder: Path, text: str, *, date: str | None = None, limit: int = 10_000, wait_s: float = 30.0
) -> dict[str, Any]:
    """Run a query; market tables have a `date` column and hold all days (or the one given).

    The databases are attached read-only and files outside the store are out of reach. Raises UsageError for SQL
    that does not run.
    """
    store = Store(folder, wait_s=wait_s)
    date = date and parse_date(date, "--date")
    dates = [date] if date else store.dates()
    if date and date not in store.dates():
        raise UsageError(f"no market data of {date} is stored", place="--date", remedy="see `tcakit catalog`")
    with store.read_results():
        pass
    held = ExitStack()
    connection = held.enter_context(duckdb.connect(config=spilling()))
    try:
        plain = held.enter_context(without_patterns(store.folder))
        store.attach(connection, store.results_path, "results")
        for number, day in enumerate(dates):
            store.attach(connection, store.day_path(day), f"day{number}")
        for table in tables_of("results"):
            connection.execute(f'CREATE VIEW "{table.name}" AS SELECT * FROM results."{table.name}"')
        for table in tables_of("day"):
            parts = [f"SELECT '{day}' AS date, * FROM day{number}.\"{table.name}\"" for number, day in enumerate(dates)]
            empty = ", ".join(f'NULL AS "{name}"' for name in table.names)
            connection.execute(
                f'CREATE VIEW "{table.name}" AS '
                + (" UNION ALL ".join(parts) or f"SELECT NULL AS date, {empty} WHERE false")
            )
        for name in MARKET_TABLES:
            # What a query does not speak of need not be looked at.
            if name in text.lower() or _OF_ALL_TABLES.search(text):
                parts = []
                for number, day in enumerate(dates):
                    lots = lots_of(connection, "market_table = ?", [name], of=f"day{number}.sources")
                    files = [path for lot in lots for path in lot_paths(plain, day, lot)]
                    if files:
                        parts.append(relation(name, files, sources=f"day{number}.sources", date=day))
                empty = relation(name, [], date="")
                connection.execute(f'CREATE VIEW "{name}" AS {" UNION ALL ".join(parts) or empty}')
        connection.execute(f"SET allowed_directories = [{quoted(str(plain / ROWS_FOLDER))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        statements = connection.extract_statements(text)
        if len(statements) != 1 or not _only_reads(connection, text, statements[0].type.name):
            raise UsageError(
                f"{len(statements)} statements" if len(statements) != 1 else "only reading is allowed",
                place="query",
                remedy="give one SELECT",
            )
        cursor = connection.execute(statements[0])
        names = [column[0] for column in cursor.description or []]
        found = cursor.fetchmany(limit + 1)
    except duckdb.PermissionException:
        raise UsageError(
            "files, networks and extensions are out of reach of a query",
            place="query",
            remedy="read the store's tables; `tcakit ingest` brings files in",
        ) from None
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        if f"/{ROWS_FOLDER}/" in str(error):
            raise unread_parts(folder, error) from None
        if not isinstance(error, duckdb.IOException):
            raise _does_not_run(error) from None
        raise DataError(str(error).splitlines()[0], place=str(folder), remedy="try again when no one writes") from None
    except duckdb.Error as error:
        raise _does_not_run(error) from None
    finally:
        held.close()
    return {"columns": names, "rows": [list(row) for row in found[:limit]], "truncated": len(found) > limit}
