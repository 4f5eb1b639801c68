"""tcakit coverage, align, data-request: the firm's side of joining a blotter to a tape."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

OrdersOption = Annotated[bool, typer.Option("--orders", help="Of the ingested blotter, as is so without it too.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="The blotter as it stood then: ISO 8601, UTC unless it has an offset."),
]


def coverage(
    orders: OrdersOption = False,
    as_of: AsOfOption = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say which of the firm's orders and fills have no market data, and why.

    Example: tcakit coverage --orders
    """
    from tcakit.jobs.coverage import coverage as run
    from tcakit.market.clock import parse_time

    out = Out(json, quiet, verbose)
    as_of_ns = parse_time(as_of, place="--as-of") if as_of else None
    result = run(Path(store), as_of_ns=as_of_ns, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, printable, show_table

        console.print(f"{result['parents_covered']} of {result['parents']} orders have market data")
        console.print(f"{result['fills_covered']} of {result['fills']} fills have market data")
        if result["by_reason"]:
            columns = [Column("reason"), Column("orders", True), Column("fills", True)]
            rows = [[row["reason"], f"{row['parents']:,}", f"{row['fills']:,}"] for row in result["by_reason"]]
            show_table(console, columns, rows)
        for name in result["unmatched"]:
            may_be = f"; may be {', '.join(name['candidates'])}" if name["candidates"] else ""
            console.print(printable(f"no symbol for {name['name']} ({name['orders']} orders){may_be}"), markup=False)
        for note in result["notes"]:
            console.print(printable(note), markup=False)

    out.result(result, show)


def align(
    orders: OrdersOption = False,
    within: Annotated[str, typer.Option("--within", help="Largest offset to look for.")] = "10s",
    step: Annotated[str, typer.Option("--step", help="Finest step.")] = "50ms",
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Estimate each broker's clock offset against the tape: the shift that puts most fills inside the quote.

    Nothing is shifted by this; an interval that holds zero says that the clocks agree. Where one does not, the option
    of `ingest` that shifts that broker's times is told.

    Example: tcakit align --orders --within 5s
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.align import align as run
    from tcakit.market.clock import parse_duration

    out = Out(json, quiet, verbose)
    within_s, step_s = parse_duration(within, "--within") / 1e9, parse_duration(step, "--step") / 1e9
    if not 0 < step_s <= within_s or within_s / step_s > 5000:
        raise UsageError(f"{within} in steps of {step}", place="--step", remedy="give at most 5000 steps a side")
    result = run(Path(store), within_s=within_s, step_s=step_s, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, printable, show_table

        columns = [
            Column("broker"), Column("offset, s", True), Column("95 % interval"), Column("inside before", True),
            Column("inside after", True), Column("fills", True, rank=1),
        ]  # fmt: skip
        rows = [
            [
                row["broker"], f"{row['offset_s']:+.3f}", f"{row['low_s']:+.3f} to {row['high_s']:+.3f}",
                f"{row['inside_before']:.1%}", f"{row['inside_after']:.1%}", f"{row['fills']:,}",
            ]
            for row in result["offsets"]
        ]  # fmt: skip
        show_table(console, columns, rows)
        for row in result["offsets"]:
            if row["low_s"] <= 0.0 <= row["high_s"]:
                continue
            how = f"tcakit ingest FILE... {row['apply']}" if row["apply"] else "its files are shifted differently"
            console.print(printable(f"to apply, {row['broker']}: {how}"), markup=False, soft_wrap=True)
        for row in result["left_out"]:
            console.print(f"{row['broker']}: {row['fills']} fills with market data are too few", markup=False)

    out.result(result, show)


def data_request(
    orders: OrdersOption = False,
    everything: Annotated[bool, typer.Option("--all", help="For all orders, not only those without data.")] = False,
    vendor: Annotated[
        str | None,
        typer.Option("--format", help="databento, tardis or csv: rows for that vendor's batch request, as CSV."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List the symbols and windows of market data that the firm's orders still need.

    Example: tcakit data-request --orders --format databento
    """
    from tcakit.jobs.coverage import data_request as run
    from tcakit.jobs.vendor_request import as_csv

    out = Out(json, quiet, verbose)
    result = run(Path(store), everything=everything, vendor=vendor, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, show_table

        if not result["windows"]:
            console.print("nothing is missing")
            return
        if vendor is not None:
            # As it is: a table cut to the terminal could not be pasted.
            print(as_csv(result["requests"]), end="")
            return
        columns = [Column("symbol"), Column("date"), Column("start (UTC)"), Column("end (UTC)")]
        rows = [[row["symbol"], row["date"], row["start"][:19], row["end"][:19]] for row in result["windows"]]
        show_table(console, columns, rows)

    out.result(result, show)
