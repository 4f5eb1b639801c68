"""tcakit report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption


def report(
    run: Annotated[
        str | None, typer.Option("--run", help="Run id or the beginning of it; the latest if left out.")
    ] = None,
    orders: Annotated[bool, typer.Option("--orders", help="The ingested blotter instead of a run.")] = False,
    date_from: Annotated[str | None, typer.Option("--from", help="First trade date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Last trade date.")] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write FILE.html (a page that opens offline), .json or .csv.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the page.")] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what a run, or the firm's own orders, cost: on the terminal and as one page.

    Example: tcakit report --orders --out tca.html
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.report import ReportRequest
    from tcakit.jobs.report import report as make

    if run and orders:
        raise UsageError("--run and --orders together", remedy="use one of the two")
    out = Out(json, quiet, verbose)
    request = ReportRequest(run, orders, date_from, date_to, out_file, title)
    with out.kernels():
        summary = make(Path(store), request, wait_s=wait)

    def show(console: object) -> None:
        from tcakit.report.terminal import print_summary

        print_summary(summary, console)  # type: ignore[arg-type]
        if out_file is not None:
            console.print(f"written to {out_file}", markup=False)  # type: ignore[attr-defined]

    out.result(summary, show)
