"""tcakit sweep"""

from __future__ import annotations

import json as js
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    plain,
)

_MOST_ROWS = 20


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Parents, rules and [[sets]] of parameters.")],
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes; if left out, one for each core where that pays.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--out", help="Write the charts too: FILE.html.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print one JSON line for each result as it comes, the whole last.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Run even what is stored.")] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Replay many parameter sets over many days on all cores, and say what each cost.

    Each set is stored as a run, the same as `backtest` would store. A sweep that is ended, however hard, goes on where
    it was when it is started again.

    \b
    Example: tcakit sweep sweep.toml --out sweep.html
    """
    from tcakit.jobs.sweep import sweep as run
    from tcakit.jobs.sweep_config import sweep_from_toml

    out = Out(json or stream, quiet, verbose)
    config = sweep_from_toml(file)
    with _watched(out, stream) as told:
        result = run(Path(store), config, jobs=jobs, again=again, page=page, told=told, wait_s=wait)
    out.note(f"{result['units']:,} symbol-days of sets, {result['units_kept']:,} of them kept from before")
    out.result(({"kind": "sweep"} if stream else {}) | result, lambda console: _show(result, console))


@contextmanager
def _watched(out: Out, stream: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """What comes of a sweep as it comes: lines on stdout, or a bar and a table on stderr where it is a terminal."""
    if stream:

        def line(event: dict[str, Any]) -> None:
            sys.stdout.write(js.dumps(plain(event), allow_nan=False, default=str) + "\n")
            sys.stdout.flush()

        yield line
        return
    if out.as_json or out.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    task = bar.add_task("sweep", total=None)
    so_far: dict[str, dict[str, Any]] = {}
    with Live(bar, console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def event(event: dict[str, Any]) -> None:
            if event["kind"] == "unit":
                so_far[event["run_id"]] = event
                where = escape(f"{event['symbol']} {event['date']}")
                bar.update(task, description=where, completed=event["done"], total=event["units"])
                live.update(Group(_table_so_far(so_far), bar))

        yield event


def _table_so_far(so_far: dict[str, dict[str, Any]]) -> Any:
    """The cheapest sets of what is done."""
    from rich.markup import escape
    from rich.table import Table

    from tcakit.cli.tables import number, printable

    table = Table("set", "bps so far", "to do", title="cheapest so far")
    known = sorted(
        (event for event in so_far.values() if event["so_far_bps"] is not None), key=lambda event: event["so_far_bps"]
    )
    for event in known[:_MOST_ROWS]:
        table.add_row(escape(printable(event["set"])), number(event["so_far_bps"], 2), f"{event['left']:,}")
    return table


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import Column, number, printable, show_table

    rows = sorted(result["runs"], key=lambda run: (run["cost_bps"] is None, run["cost_bps"]))
    columns = [
        Column("set"),
        Column("cost\nbps", True),
        Column("95 % interval", True, rank=1),
        Column("orders", True, rank=3),
        Column("days", True, rank=4),
        Column("fills", True, rank=5),
        Column("run", rank=2),
    ]
    cells = [
        [
            run["set"],
            number(run["cost_bps"], 2),
            "" if run["ci"] is None else f"{number(run['ci'][0], 2)} to {number(run['ci'][1], 2)}",
            f"{run['parents']:,}",
            f"{run['days']:,}",
            f"{run['fills']:,}",
            run["run_id"][:8],
        ]
        for run in rows
    ]
    dates = result["dates"]
    title = f"{', '.join(result['symbols'][:6])}  {dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "")
    show_table(console, columns, cells, printable(title), caption=f"{result['measure']}, cost-positive")
    console.print()
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    before = sum(run["stored_before"] for run in rows)
    if before == len(rows):
        console.print("these runs were stored before and are shown as they are; --again runs them anew")
    else:
        console.print(
            f"{len(rows) - before:,} sets, {result['units']:,} symbol-days in {result['seconds']:.2f} s "
            f"by {result['jobs']} process{'es' if result['jobs'] != 1 else ''}"
        )
    if "out" in result:
        console.print(f"page: {printable(result['out'])}", markup=False)
