"""tcakit fit impact, volume, spread, volatility"""

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
    was_given,
)

_OF_OWN_ORDERS = ("where", "model", "exponent", "half_spreads", "draws", "seed", "lookback", "nonparametric")

SymbolOption = Annotated[str | None, typer.Option("--symbol", help="This symbol; all that are stored if left out.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First trade date.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last trade date.")]
IntervalOption = Annotated[str, typer.Option("--interval", help="Length of the parts of the day, e.g. 30m.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Fit and tell, but store nothing.")]

app = typer.Typer(
    help="Estimate models from the firm's own orders and from the tape.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def fit() -> None:
    """Estimate models from the firm's own orders, or from the tape, and keep them for `tcakit estimate`."""


@app.command("impact")
def impact(
    context: typer.Context,
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
    tape: Annotated[
        bool,
        typer.Option("--tape", help="From the market's own trades and quotes: a proxy, its level a range."),
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

    With --tape no order of the firm's is needed: what everybody's flow does to the price is fitted, for each stored
    symbol or that of --symbol.

    \b
    Example: tcakit fit impact --model square-root --out impact.html
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.backtest_orders import parse_where
    from tcakit.jobs.fit_impact import FitImpactRequest, fit_own_impact

    first, last = _days(date_from, date_to)
    out = Out(json, quiet, verbose)
    if tape:
        from tcakit.cli.fit_tape_tables import show_tape
        from tcakit.jobs.keep_tape_fits import TapeFitRequest, fit_tape_impact

        if given := [name for name in _OF_OWN_ORDERS if was_given(context, name)]:
            flags = ", ".join("--" + name.replace("_", "-") for name in given)
            raise UsageError(f"--tape with {flags}", place="fit impact", remedy="it is of the firm's own orders")
        asked = TapeFitRequest((symbol,) if symbol else (), first, last, dry_run=dry_run, out=page)
        with out.kernels():
            told = fit_tape_impact(Path(store), asked, wait_s=wait)
        out.result(told, lambda console: show_tape(told, console))
        return
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


@app.command("volume")
def volume(
    symbol: SymbolOption = None,
    date_from: FromOption = None,
    date_to: ToOption = None,
    interval: IntervalOption = "5m",
    dry_run: DryRunOption = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit how a day's volume is spread over it: the mean share of each interval, every day counting the same.

    And how deviations from that last within a day, with what a forecast that knows them is worth in following VWAP.

    \b
    Example: tcakit fit volume --symbol ALFA --interval 15m
    """
    _profile("volume", symbol, date_from, date_to, interval, dry_run, store, wait, Out(json, quiet, verbose))


@app.command("spread")
def spread(
    symbol: SymbolOption = None,
    date_from: FromOption = None,
    date_to: ToOption = None,
    interval: IntervalOption = "5m",
    dry_run: DryRunOption = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit the quoted spread by time of day: weighted by time, in bps, as the mean over days.

    \b
    Example: tcakit fit spread --symbol ALFA --interval 30m
    """
    _profile("spread", symbol, date_from, date_to, interval, dry_run, store, wait, Out(json, quiet, verbose))


@app.command("volatility")
def volatility(
    symbol: SymbolOption = None,
    date_from: FromOption = None,
    date_to: ToOption = None,
    interval: IntervalOption = "5m",
    dry_run: DryRunOption = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit volatility by time of day, from returns of a minute, and the day's, without the night.

    \b
    Example: tcakit fit volatility --symbol ALFA --interval 30m
    """
    _profile("volatility", symbol, date_from, date_to, interval, dry_run, store, wait, Out(json, quiet, verbose))


def _profile(
    kind: str,
    symbol: str | None,
    date_from: str | None,
    date_to: str | None,
    interval: str,
    dry_run: bool,
    store: Path,
    wait: float,
    out: Out,
) -> None:
    from tcakit.cli.fit_tape_tables import show_profiles
    from tcakit.jobs.keep_tape_fits import TapeFitRequest, fit_profile
    from tcakit.market.clock import NS_PER_SECOND, parse_duration

    first, last = _days(date_from, date_to)
    width = parse_duration(interval, "--interval") / NS_PER_SECOND
    request = TapeFitRequest((symbol,) if symbol else (), first, last, width, dry_run)
    with out.kernels():
        result = fit_profile(Path(store), kind, request, wait_s=wait)
    out.result(result, lambda console: show_profiles(result, console))


def _days(date_from: str | None, date_to: str | None) -> tuple[str | None, str | None]:
    from tcakit.errors import UsageError
    from tcakit.market.clock import parse_date

    first = None if date_from is None else parse_date(date_from, "--from")
    last = None if date_to is None else parse_date(date_to, "--to")
    if first and last and first > last:
        raise UsageError(f"{date_from} is after {date_to}", place="--from", remedy="turn them round")
    return first, last
