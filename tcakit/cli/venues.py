"""tcakit venues: reports of SEC Rule 605 checked and set side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

_MOST_FAULTS = 40


def venues(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Summaries or detailed reports, folders or archives.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check the files and list what is wrong; no more.")] = False,
    by_size: Annotated[bool, typer.Option("--by-size", help="A row for each class of order size.")] = False,
    orders: Annotated[bool, typer.Option("--orders", help="Set the blotter's own child orders beside them.")] = False,
    run: Annotated[
        str | None, typer.Option("--run", help="Set a run's child orders beside them: its id, or latest.")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Write our own summary to this file.")] = None,
    participant: Annotated[
        str | None, typer.Option("--participant", help="Our own summary: code of the designated participant.")
    ] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Our own summary: code of the reporter.")] = None,
    sp500: Annotated[
        Path | None, typer.Option("--sp500", help="Our own summary: file of the S&P 500's symbols, one a line.")
    ] = None,
    ioc: Annotated[
        bool, typer.Option("--ioc", help="Our own summary: count immediate-or-cancel orders, which the rule does not.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Set venues side by side by their Rule 605 reports: E/Q, effective spread, price improvement, speed, fill rates.

    Reads summaries (18 columns) and detailed reports (55 fields, or the 26 of until 2025) and checks them by the rules
    of their form; with a fault in a file the exit code is 3, and the faulty rows are not used.

    With --orders or --run our own executions are measured in the same form, and --write writes them as a summary.

    \b
    Example: tcakit venues acme.csv --by-size
    """
    from tcakit.errors import TcakitError, UsageError
    from tcakit.jobs.rule605 import OwnRequest
    from tcakit.jobs.venues import VenuesRequest
    from tcakit.jobs.venues import venues as compare

    if orders and run is not None:
        raise UsageError("--orders and --run too", place="venues", remedy="give one of them")
    own = None
    if orders or run is not None:
        own = OwnRequest(run, participant, entity, sp500, ioc)
    elif participant or entity or sp500 or ioc:
        raise UsageError(
            "whose executions?", place="--participant, --entity, --sp500, --ioc", remedy="give --orders or --run"
        )
    out = Out(json, quiet, verbose)
    request = VenuesRequest(files or [], check, by_size, own, write)
    try:
        result = compare(Path(store), request, wait_s=wait)
    except TcakitError as error:
        done = error.done
        if done and not json:
            out.result(done, lambda console: _show(done, check, console))
        raise
    out.result(result, lambda console: _show(result, check, console))


def _show(result: dict[str, Any], check: bool, console: Any) -> None:
    from tcakit.cli.tables import printable

    if check or any(file["refused"] for file in result["files"]):
        _show_files(result["files"], console)
    for file in result["files"]:
        _show_faults(file, check, console)
    if result["rows"]:
        _show_rows(result["rows"], console)
    if "own" in result:
        _show_own(result, console)
    for note in dict.fromkeys(result["notes"]):
        console.print(f"note: {printable(note)}", markup=False)


def _show_files(files: list[dict[str, Any]], console: Any) -> None:
    from tcakit.cli.tables import Column, show_table

    columns = [
        Column("file"), Column("form", rank=1), Column("rows", True), Column("good rows", True), Column("faults", True),
        Column("remarks", True),
    ]  # fmt: skip
    cells = [
        [file["path"], file["form"], *(f"{file[name]:,}" for name in ("rows", "good_rows", "refused", "remarks"))]
        for file in files
    ]
    show_table(console, columns, cells)


def _show_faults(file: dict[str, Any], check: bool, console: Any) -> None:
    """Faults always, remarks under --check; the first of many."""
    from tcakit.cli.tables import printable

    shown = [fault for fault in file["faults"] if check or not fault["kept"]]
    for fault in shown[:_MOST_FAULTS]:
        word = "remark" if fault["kept"] else "fault"
        console.print(f"{word}: {printable(fault['text'])}", markup=False, soft_wrap=True)
    more = file["refused"] + (file["remarks"] if check else 0) - len(shown[:_MOST_FAULTS])
    if more > 0:
        console.print(f"and {more:,} more in {printable(file['path'])} (--json)", markup=False)


def _show_rows(rows: list[dict[str, Any]], console: Any) -> None:
    from tcakit.cli.tables import Column, number, show_table

    columns = [
        Column("type"), Column("size"), Column("venue"), Column("month", rank=1), Column("S&P\n500"),
        Column("orders", True, rank=3), Column("shares\nexecuted", True), Column("fill\nrate %", True, rank=2),
        Column("E/Q", True), Column("effective\nbps of mid", True), Column("effective\n$ a share", True, rank=4),
        Column("at quote or\nbetter %", True, rank=5), Column("improved\n%", True),
        Column("net improvement\n$ a share", True, rank=6), Column("realised 15 s\nbps", True, rank=7),
        Column("time\nms", True),
    ]  # fmt: skip
    cells = [
        [
            row["order_type"], row["size"], _venue(row), row["month"], row["sp500"], number(row["orders"], 0),
            number(row["executed_shares"], 0), number(row["fill_rate"], 1, 100),
            number(row["effective_over_quoted"], 3), number(row["effective_bps"], 2),
            number(row["effective_per_share"], 4),
            number(row["at_quote_or_better"], 1, 100), number(row["improved_share"], 1, 100),
            number(row["improvement_per_share"], 4), number(row["realised_15s_bps"], 2), number(row["execution_ms"], 2),
        ]
        for row in rows
    ]  # fmt: skip
    caption = "weighted by shares; an empty cell: the report does not tell it"
    told = [place for place in range(len(columns)) if any(row[place] for row in cells)]
    shown = [[row[place] for place in told] for row in cells]
    show_table(console, [columns[place] for place in told], shown, caption=caption)


def _venue(row: dict[str, Any]) -> str:
    name = " ".join(part for part in (row["participant"], row["entity"]) if part)
    return f"{name} (own)".strip() if row["source"] == "own" else name


def _show_own(result: dict[str, Any], console: Any) -> None:
    """What of our own orders is left out, what columns lack, and what was written."""
    from tcakit.cli.tables import printable

    for reason, count in result["own"]["left_out"].items():
        console.print(f"left out, {count:,}: {printable(reason)}", markup=False)
    for name, needs in result["own"]["missing"].items():
        console.print(f"not known: {name} needs {needs}", markup=False)
    written = result.get("written")
    if written is None:
        return
    state = "as the schema asks" if written["complete"] else "not yet as the schema asks"
    console.print(f"wrote {written['written']:,} rows to {printable(written['out'])}: {state}", markup=False)
    if written["not_executed"]:
        count = len(written["not_executed"])
        console.print(f"{count:,} rows without an execution are left out: the form cannot say so", markup=False)
    for fault in written["faults"][:_MOST_FAULTS]:
        word = "odd" if fault["kept"] else "to be filled"
        column = fault["column"] or "the row"
        console.print(
            f"line {fault['line']} {column}: {word}: {printable(fault['found'])!r}, {printable(fault['allowed'])}",
            markup=False,
            soft_wrap=True,
        )
