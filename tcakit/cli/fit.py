"""tcakit fit impact"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

app = typer.Typer(help="Estimate models from the firm's own orders.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def fit() -> None:
    """Estimate models from the firm's own orders, and keep them for `tcakit estimate`."""


@app.command("impact")
def impact(
    symbol: Annotated[str | None, typer.Option("--symbol", help="Orders of this symbol only.")] = None,
    date_from: Annotated[str | None, typer.Option("--from", help="First trade date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Last trade date.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="Only orders with column=value[,value], e.g. algo=VWAP.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="half-spread, linear, square-root, power-law, logarithm, almgren-2005 or i-star; or ladder: the best "
            "of them on held-out days.",
        ),
    ] = "power-law",
    exponent: Annotated[
        float | None, typer.Option("--exponent", help="Hold the power law's exponent, e.g. at 0.5.")
    ] = None,
    half_spreads: Annotated[
        float | None,
        typer.Option("--half-spreads", help="Hold how many of them a share pays, e.g. at 1, in place of fitting it."),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=100, max=20_000, help="How often the days are drawn anew for the errors.")
    ] = 1_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 0,
    lookback: Annotated[
        int, typer.Option("--lookback", min=1, help="Stored days before an order that its facts are taken from.")
    ] = 20,
    nonparametric: Annotated[
        bool, typer.Option("--nonparametric", help="Try models without a law on what the model leaves (extra learn).")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fit and tell, but store nothing.")] = False,
    page: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the charts too: FILE.html, or the numbers: FILE.json.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit what the firm's own orders do to the price, say how sure that is, and keep it.

    Each stored parent's cost against arrival is set against its size, duration and participation, and against its
    symbol's volume, volatility and spread of earlier days.

    \b
    Example: tcakit fit impact --model square-root --out impact.html
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.backtest_orders import parse_where
    from tcakit.jobs.fit_impact import FitImpactRequest, fit_own_impact
    from tcakit.market.clock import parse_date

    first = None if date_from is None else parse_date(date_from, "--from")
    last = None if date_to is None else parse_date(date_to, "--to")
    if first and last and first > last:
        raise UsageError(f"{date_from} is after {date_to}", place="--from", remedy="turn them round")
    out = Out(json, quiet, verbose)
    request = FitImpactRequest(
        symbol,
        first,
        last,
        parse_where(where or []),
        model,
        draws,
        seed,
        exponent,
        half_spreads,
        lookback,
        dry_run,
        nonparametric,
        page,
    )
    with out.kernels():
        result = fit_own_impact(Path(store), request, wait_s=wait)
    out.result(result, lambda console: _show(result, console))


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.fit_tables import show_impact

    show_impact(result, console)
