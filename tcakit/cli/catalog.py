"""tcakit catalog"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption


def catalog(
    store: StoreOption = DEFAULT_STORE,
    files: Annotated[bool, typer.Option("--files", help="List the files too.")] = False,
    faults: Annotated[bool, typer.Option("--faults", help="List the refused rows too.")] = False,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what the store holds.

    Example: tcakit catalog --files
    """
    from tcakit.jobs.catalog import catalog as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), files=files, faults=faults, wait_s=wait)

    def show(console: object) -> None:
        from rich.table import Table

        days = Table(title=f"market data in {store}")
        for name in ("date", "symbol", "venue", "content"):
            days.add_column(name)
        for name in ("events", "trades", "quotes"):
            days.add_column(name, justify="right")
        for name in ("first", "last"):
            days.add_column(name)
        for row in result["days"]:
            depth = f" ({row['depth']} levels)" if row["depth"] else ""
            days.add_row(
                row["date"], row["symbol"], row["venue"], ", ".join(row["content"]) + depth, f"{row['events']:,}",
                f"{row['trades']:,}", f"{row['quotes']:,}", row["first_ts"][11:23], row["last_ts"][11:23],
            )  # fmt: skip
        console.print(days)  # type: ignore[attr-defined]
        if files:
            table = Table(title="files")
            for name in ("path", "format", "rows", "faults", "days", "ingest key"):
                table.add_column(name, justify="right" if name in ("rows", "faults") else "left")
            for row in result["files"]:
                span = ", ".join(row["days"][:3])
                table.add_row(
                    row["path"], row["format"], f"{row['rows']:,}", f"{row['faults']:,}", span, row["ingest_key"]
                )
            console.print(table)  # type: ignore[attr-defined]
        if faults:
            for row in result["faults"]:
                console.print(f"{row['path']}:{row['line']}: {row['reason']}", markup=False)  # type: ignore[attr-defined]

    out.result(result, show)
