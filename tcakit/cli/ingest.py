"""tcakit ingest"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption
from tcakit.feeds.files import READERS
from tcakit.feeds.mapping import ready_names

_FORMATS = f"{', '.join(READERS)}; detected if left out."
_MAPPINGS = f"TOML file that says which column of a blotter is what, or a ready one: {', '.join(ready_names())}."


def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders or globs; .zip and .gz are read as they are.")
    ],
    store: StoreOption = DEFAULT_STORE,
    format: Annotated[str | None, typer.Option("--format", help=_FORMATS)] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Symbol, where the file does not say.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue, where the file does not say.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Trade date, where the file has clock times only.")] = None,
    tz: Annotated[
        str | None, typer.Option("--tz", help="Time zone of times without one, e.g. America/New_York.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Currency, where the file does not say.")] = None,
    tick_size: Annotated[str | None, typer.Option("--tick-size", help="Tick size in currency, e.g. 0.01.")] = None,
    lot_size: Annotated[str | None, typer.Option("--lot-size", help="Lot size in shares, e.g. 1.")] = None,
    content: Annotated[
        str | None, typer.Option("--content", help="trades, quotes or book-l2, where the header leaves it open.")
    ] = None,
    mapping: Annotated[str | None, typer.Option("--mapping", help=_MAPPINGS)] = None,
    suggest_mapping: Annotated[
        bool, typer.Option("--suggest-mapping", help="Draft a mapping from the file; store nothing.")
    ] = False,
    symbol_map: Annotated[
        str | None, typer.Option("--symbol-map", help="CSV of alias,kind,symbol,valid_from,valid_to.")
    ] = None,
    sentiment: Annotated[
        bool, typer.Option("--sentiment", help="Score headlines of news; needs the extra `news`.")
    ] = False,
    clock_offset: Annotated[
        list[str] | None,
        typer.Option(
            "--clock-offset",
            metavar="[BROKER=]OFFSET",
            help="Added to the times of orders and fills, e.g. 1.25s or BROKER=-300ms; may be given again. `align` "
            "estimates it.",
        ),
    ] = None,
    max_faults: Annotated[
        float | None,
        typer.Option(
            "--max-faults",
            min=0.0,
            max=1.0,
            help="Share of bad rows over which a file is refused whole: 0.001, of parent orders 10 rows, if left out.",
        ),
    ] = None,
    symbols_from: Annotated[
        str | None,
        typer.Option("--symbols-from", help="orders: keep only the symbols and dates that the stored orders need."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check; store nothing.")] = False,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Store market files and blotters: good rows in, bad rows in a table of faults.

    A file read twice is stored once; the same file under other options replaces what it gave before.

    \b
    Example: tcakit ingest sample_data/lobster
    """
    from tcakit.errors import TcakitError
    from tcakit.feeds.contract import ReaderOptions
    from tcakit.jobs.clock_shift import parse_offsets
    from tcakit.jobs.ingest import IngestRequest
    from tcakit.jobs.ingest import ingest as run

    out = Out(json, quiet, verbose)
    if suggest_mapping:
        from tcakit.jobs.suggest_mapping import suggest_mapping as draft

        text = draft(paths)
        out.result({"mapping": text}, lambda console: print(text))
        return
    lexicon = None
    if sentiment:
        from tcakit.feeds.sentiment import lexicon as installed_lexicon

        lexicon = installed_lexicon()
    options = ReaderOptions(
        symbol=symbol, venue=venue, date=date, timezone=tz, currency=currency, tick_size=tick_size, lot_size=lot_size,
        content=content, sentiment=lexicon, clock_offsets=parse_offsets(clock_offset or []),
    )  # fmt: skip
    request = IngestRequest(paths, options, format, mapping, symbol_map, max_faults, dry_run, symbols_from=symbols_from)

    def show(console: Any) -> None:
        _show(console, result, "would be stored" if dry_run else "")

    result: dict[str, Any] = {}
    try:
        with out.kernels(), out.progress("ingest") as progress:
            result = run(Path(store), request, progress, wait_s=wait)
    except TcakitError as error:
        # The good files are stored all the same: say so before what is wrong with the others.
        result = error.done
        if result.get("files") and not json:
            out.result(result, show)
        raise
    out.result(result, show)


def _show(console: Any, result: dict[str, Any], title: str) -> None:
    """A table of the files, then what stands out."""
    from tcakit.cli.tables import Column, printable, show_table

    columns = [
        Column("file"), Column("format", rank=2), Column("days"), Column("symbols", rank=1), Column("rows", True),
        Column("faults", True), Column("seconds", True, rank=3),
    ]  # fmt: skip
    rows = []
    for file in result["files"]:
        days = file.get("days") or []
        span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else ""
        count = "stored before" if file["skipped"] else f"{file['rows']:,}"
        rows.append(
            [
                file["path"], file["format"], span, _some(file.get("symbols", [])), count, f"{file['faults']:,}",
                f"{file['seconds']:.2f}",
            ]
        )  # fmt: skip
    show_table(console, columns, rows, title)
    lines = [
        f"{path} was left half stored by a process that died and was taken out: ingest it again"
        for path in result["recovered"]
    ]
    lines += [
        f"first fault: {file['first_fault']} (all: tcakit catalog --faults)"
        for file in result["files"]
        if file.get("first_fault")
    ]
    for line in lines:
        console.print(printable(line), markup=False)


def _some(names: list[str], most: int = 3) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
