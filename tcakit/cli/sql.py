"""tcakit sql"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, DateOption, JsonOption, Out, QuietOption, StoreOption, VerboseOption


def sql(
    query: Annotated[str, typer.Argument(help="A DuckDB query; tables are in docs/tables.md.")],
    date: DateOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to give at most.")] = 10_000,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Ask the store in SQL, read-only; market tables have a `date` column.

    Example: tcakit sql "SELECT symbol, count(*) FROM fills GROUP BY symbol"
    """
    from tcakit.jobs.sql import query as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), query, date=date, limit=limit)

    def show(console: object) -> None:
        from rich.table import Table

        table = Table()
        for name in result["columns"]:
            table.add_column(name)
        for row in result["rows"]:
            table.add_row(*("" if value is None else str(value) for value in row))
        console.print(table, markup=False)  # type: ignore[attr-defined]
        if result["truncated"]:
            console.print(f"only the first {limit:,} rows are shown: raise --limit")  # type: ignore[attr-defined]

    out.result(result, show)
