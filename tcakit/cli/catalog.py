"""tcakit catalog"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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

    Times are those of the exchange.

    \b
    Example: tcakit catalog --files
    """
    from tcakit.jobs.catalog import catalog as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), files=files, faults=faults, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, printable, show_table

        if result["days"]:
            columns = [
                Column("date"), Column("symbol"), Column("venue"), Column("content", rank=3),
                *(Column(name, True) for name in ("events", "trades", "quotes")),
                Column("first", rank=1), Column("last", rank=1),
            ]  # fmt: skip
            rows = []
            for row in result["days"]:
                depth = f" ({row['depth']} levels)" if row["depth"] else ""
                first, last = (
                    "" if row[name] is None else row[name][11:19] + row[name][-6:] for name in ("first_ts", "last_ts")
                )
                rows.append(
                    [
                        row["date"], row["symbol"], row["venue"], ", ".join(row["content"]) + depth,
                        f"{row['events']:,}", f"{row['trades']:,}", f"{row['quotes']:,}", first, last,
                    ]
                )  # fmt: skip
            show_table(console, columns, rows, f"market data in {store}")
        else:
            console.print(printable(f"no market data in {store}"), markup=False)
        told = result["news"]
        if told["headlines"]:
            span = f"{told['first_ts'][:10]} to {told['last_ts'][:10]}"
            whose = f" of {told['symbols']:,} symbols" if told["symbols"] else ""
            console.print(f"news: {told['headlines']:,} headlines{whose}, {span}", markup=False)
        if files:
            columns = [
                Column("path"), Column("format"), Column("rows", True), Column("faults", True), Column("days", rank=2),
                Column("ingest key", rank=1),
            ]  # fmt: skip
            listed = [
                [row["path"], row["format"], f"{row['rows']:,}", f"{row['faults']:,}", _span(row["days"]),
                 row["ingest_key"][:12]]
                for row in result["files"]
            ]  # fmt: skip
            console.print()
            show_table(console, columns, listed, "files")
        if faults:
            console.print()
            for row in result["faults"]:
                console.print(printable(f"{row['path']}:{row['line']}: {row['reason']}"), markup=False)
            if not result["faults"]:
                console.print("no row was refused")

    out.result(result, show)


def _span(days: list[str]) -> str:
    return "" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _clock(time: str | None) -> str:
    """Seconds and zone of a stored time; the date stands beside it."""
    return "" if time is None else time[11:19] + time[-6:]
