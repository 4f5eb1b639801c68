"""tcakit batch"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption


def batch(
    file: Annotated[
        str, typer.Argument(metavar="FILE.toml|status|why", help="The job's file; or status, or why: what failed last.")
    ],
    date: Annotated[str | None, typer.Option("--date", help="Trade date, or last-business-day (the default).")] = None,
    catch_up: Annotated[
        int, typer.Option("--catch-up", help="Business days before it that are done too, if they are not yet.")
    ] = 0,
    again: Annotated[bool, typer.Option("--again", help="Do the steps even if they are done.")] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run the steps of a nightly job: ingest, backtest, report. Steps done before are skipped.

    Prints nothing on success when not on a terminal, so that cron mails only trouble.

    Example: tcakit batch nightly.toml --date last-business-day --catch-up 5
    """
    from tcakit.jobs.batch import batch_log, run_batch

    silent = not (json or verbose or sys.stdout.isatty())
    out = Out(json, quiet or silent, verbose)
    if file in ("status", "why"):
        out = Out(json, quiet, verbose)
        result = batch_log(Path(store), only_failed=file == "why")
        out.result(
            result,
            lambda console: _show(result, console, nothing="nothing failed" if file == "why" else "no job has run"),
        )
        return
    with out.kernels():
        result = run_batch(Path(file), Path(store), date=date, catch_up=catch_up, again=again, say=out.say, wait_s=wait)
    out.result(result)


def _show(result: dict[str, list[dict[str, object]]], console: object, nothing: str) -> None:
    from rich.table import Table

    from tcakit.market.clock import format_time

    if not result["steps"]:
        console.print(nothing)  # type: ignore[attr-defined]
        return
    table = Table()
    for name in ("at (UTC)", "job", "date", "step", "status", "detail"):
        table.add_column(name, overflow="fold")
    for row in result["steps"]:
        at = format_time(int(str(row["at_ns"])))[:19]
        table.add_row(at, *(str(row[name] or "") for name in ("job", "date", "step", "status", "detail")))
    console.print(table)  # type: ignore[attr-defined]
