"""tcakit report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
        Path | None,
        typer.Option("--out", help="Write FILE.html (a page that opens offline), .xlsx, .pdf, .md, .json or .csv."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the page.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="The blotter as it stood then: ISO 8601, UTC unless it has an offset."),
    ] = None,
    redact: Annotated[
        str | None, typer.Option("--redact", help="Mask the values of these columns everywhere: trader,account,broker.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="Best-execution policy (TOML) to hold the orders against; a breach gives exit 6."
        ),
    ] = None,
    explain: Annotated[
        str | None, typer.Option("--explain", help="Show the formulas of this order with the numbers in them.")
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="With --explain: this number alone.")] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what a run, or the firm's own orders, cost: on the terminal and as one page.

    \b
    Example: tcakit report --orders --out tca.html
    """
    from tcakit.errors import PolicyBreachError, UsageError
    from tcakit.jobs.report import ReportRequest
    from tcakit.jobs.report import report as make
    from tcakit.market.clock import parse_date, parse_time

    if run and orders:
        raise UsageError("--run and --orders together", remedy="use one of the two")
    if as_of and not orders:
        raise UsageError("--as-of without --orders", remedy="add --orders: a replay stands as it was run")
    if metric and not explain:
        raise UsageError("--metric without --explain", remedy="name the order with --explain")
    if date_from and date_to and parse_date(date_from, "--from") > parse_date(date_to, "--to"):
        raise UsageError(f"{date_from} is after {date_to}", place="--from", remedy="turn them round")
    if out_file is not None:
        _check_writable(out_file)
    out = Out(json, quiet, verbose)
    as_of_ns = parse_time(as_of, place="--as-of") if as_of else None
    request = ReportRequest(
        run, orders, date_from, date_to, out_file, title, as_of_ns,
        redact=tuple(name.strip() for name in redact.split(",") if name.strip()) if redact else (),
        policy=policy, explain=explain, metric=metric,
    )  # fmt: skip
    with out.kernels():
        summary = make(Path(store), request, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.report.explain import print_explained
        from tcakit.report.terminal import print_summary
        from tcakit.report.terminal_monitoring import print_monitoring

        if explain is not None:
            print_explained(summary["explained"], console)
        else:
            print_summary(summary, console)
        if policy is not None:
            print_monitoring(summary["monitoring"], console)
        if out_file is not None:
            console.print(f"written to {out_file}", markup=False)

    out.result(summary, show)
    if policy is not None and summary["monitoring"]["open_breaches"]:
        raise typer.Exit(PolicyBreachError.exit_code)


def _check_writable(file: Path) -> None:
    """Refuse a page that cannot be written before anything is measured for it."""
    import os

    from tcakit.errors import UsageError

    folder = file.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK) or file.is_dir():
        raise UsageError("cannot be written", place=str(file), remedy="give another --out")
