"""tcakit batch"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
    was_given,
)


def batch(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE.toml|status|why", help="The job's file; or status, or why: what failed last.")
    ],
    job: Annotated[
        Path | None, typer.Argument(metavar="FILE.toml", help="With status and why: the job, all jobs if left out.")
    ] = None,
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
    """Run the steps of a nightly job: ingest, backtest, report. What is done and unchanged is skipped.

    Prints nothing on success when not on a terminal, so that cron mails only trouble. The store is the one the job's
    file names, else --store, else tcakit-store beside the job's file.

    \b
    Example: tcakit batch nightly.toml --date last-business-day --catch-up 5
    """
    given = Path(store) if was_given(context, "store") else None
    if file in ("status", "why"):
        _log(Out(json, quiet, verbose), file, job, given, wait)
        return
    if job is not None:
        from tcakit.errors import UsageError

        raise UsageError("two files", place=str(job), remedy="give one job, or status or why before it")
    from tcakit.jobs.batch import run_batch

    silent = not (json or verbose or sys.stdout.isatty())
    out = Out(json, quiet or silent, verbose)
    with out.kernels():
        result = run_batch(Path(file), given, date=date, catch_up=catch_up, again=again, say=out.say, wait_s=wait)
    out.result(result)


def _log(out: Out, what: str, job: Path | None, given: Path | None, wait: float) -> None:
    from tcakit.jobs.batch_log import batch_log

    name, folder = None, given or DEFAULT_STORE
    if job is not None:
        from tcakit.jobs.batch import job_store
        from tcakit.jobs.batch_config import load_batch

        config = load_batch(job)
        name, folder = config.name, job_store(config, given)
    result = batch_log(folder, job=name, only_failed=what == "why", wait_s=wait)
    nothing = "nothing failed" if what == "why" else "no job has run"
    out.result(result, lambda console: _show(result, console, nothing))


def _show(result: dict[str, Any], console: Any, nothing: str) -> None:
    from tcakit.cli.tables import Column, show_table

    if not result["steps"]:
        console.print(nothing)
        return
    names = ("at", "job", "date", "step", "status", "detail")
    rows = [[f"{row['at'][:19]}Z", *(row[name] for name in names[1:])] for row in result["steps"]]
    show_table(console, [Column(name) for name in names], rows)
