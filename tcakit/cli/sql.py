"""tcakit sql"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    DateOption,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
)


def sql(
    query: Annotated[str, typer.Argument(help="A DuckDB query; tables are in docs/tables.md.")],
    date: DateOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000_000, help="Rows to give at most.")] = 10_000,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Ask the store in SQL, read-only; market tables have a `date` column.

    \b
    Example: tcakit sql "SELECT symbol, count(*) FROM fills GROUP BY symbol"
    """
    from tcakit.jobs.sql import query as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), query, date=date, limit=limit, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, show_table

        columns = [
            Column(
                name,
                rank=place,
                right=all(isinstance(row[place], int | float) or row[place] is None for row in result["rows"]),
            )
            for place, name in enumerate(result["columns"])
        ]
        show_table(console, columns, result["rows"])
        if result["truncated"]:
            console.print(f"only the first {limit:,} rows are shown: raise --limit")

    out.result(result, show)
