"""tcakit report"""

from __future__ import annotations

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
    flags_given,
)

_NOT_OF_A_TREND = (
    "run", "orders", "date_from", "date_to", "title", "as_of", "section", "order", "where", "by", "currency", "redact",
    "policy", "explain", "metric", "index",
)  # fmt: skip


def report(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Option("--run", help="Run id or the beginning of it, or latest, which it is if left out.")
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
    template: Annotated[
        str,
        typer.Option(
            "--template", help="What the page shows: tca, best-execution, trend (all runs), or package.module:NAME."
        ),
    ] = "tca",
    section: Annotated[
        list[str] | None, typer.Option("--section", help="One more section of the page: package.module:Name.")
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", help="An order to open on the page, besides dearest and cheapest.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Only orders that meet it: adv_pct > 1 and broker in (NORTHGATE, KITE)."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="A table by these dimensions, with commas: broker,algo or adv,side.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Tell all sums in it, at the stored rate of each order's day.")
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
    index: Annotated[
        str | None,
        typer.Option("--index", help="Stored symbol of the index that orders are set against, as SPY; beta 1."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what a run, or the firm's own orders, cost: on the terminal and as one page.

    \b
    Example: tcakit report --orders --by broker,algo --out tca.html
    """
    from tcakit.errors import PolicyBreachError, UsageError
    from tcakit.jobs.report import ReportRequest
    from tcakit.jobs.report import report as make
    from tcakit.market.clock import parse_date, parse_time

    if run and orders:
        raise UsageError("--run and --orders together", remedy="use one of the two")
    if as_of and not orders:
        raise UsageError("--as-of without --orders", remedy="add --orders: a replay stands as it was run")
    if index and not orders:
        raise UsageError("--index without --orders", remedy="add --orders: replays are set against no index")
    if metric and not explain:
        raise UsageError("--metric without --explain", remedy="name the order with --explain")
    if date_from and date_to and parse_date(date_from, "--from") > parse_date(date_to, "--to"):
        raise UsageError(f"{date_from} is after {date_to}", place="--from", remedy="turn them round")
    if out_file is not None:
        _check_writable(out_file)
    out = Out(json, quiet, verbose)
    as_of_ns = parse_time(as_of, place="--as-of") if as_of else None
    if template == "trend":
        if foreign := flags_given(context, _NOT_OF_A_TREND):
            raise UsageError(
                f"{foreign} with --template trend", place="report", remedy="it is of all runs: leave it out"
            )
        _trend(out, Path(store), out_file, wait)
        return
    request = ReportRequest(
        run, orders, date_from, date_to, out_file, title, as_of_ns,
        where=" and ".join(f"({text})" for text in where) if where and len(where) > 1 else where[0] if where else None,
        by=tuple(name.strip() for name in by.split(",") if name.strip()) if by else (),
        currency=currency, template=template, sections=tuple(section or ()), open_orders=tuple(order or ()),
        redact=tuple(name.strip() for name in redact.split(",") if name.strip()) if redact else (),
        policy=policy, explain=explain, metric=metric, index=index,
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


def _trend(out: Out, store: Path, out_file: Path | None, wait: float) -> None:
    from tcakit.jobs.trend import trend_of_runs

    told = trend_of_runs(store, out_file, wait)

    def show(console: Any) -> None:
        console.print(f"{len({row['run_id'] for row in told['runs']})} runs, {len(told['reports'])} reports beside it")
        if out_file is not None:
            console.print(f"written to {out_file}", markup=False)
        else:
            console.print("--out FILE.html writes the page, --json prints its numbers")

    out.result(told, show)
