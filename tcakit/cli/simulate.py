"""tcakit simulate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

app = typer.Typer(help="Make synthetic markets.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Make synthetic markets."""


@app.command("run")
def run(
    symbol: Annotated[str, typer.Option("--symbol", help="Name of the synthetic symbol.")] = "SIM",
    date: Annotated[str, typer.Option("--date", help="Trade date, YYYY-MM-DD.")] = "2026-03-02",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 1,
    events: Annotated[int, typer.Option("--events", min=1, help="Book events the day should have, about.")] = 100_000,
    price: Annotated[float, typer.Option("--price", help="Price at the open, in currency.")] = 50.0,
    tick_size: Annotated[float, typer.Option("--tick-size", help="Tick size in currency.")] = 0.01,
    spread_ticks: Annotated[float, typer.Option("--spread-ticks", help="Spread the flow tends to, in ticks.")] = 2.0,
    volatility: Annotated[
        float, typer.Option("--volatility", help="Of the day, as a fraction: 0.015 is 1.5 %.")
    ] = 0.015,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Write files here instead of storing.")] = None,
    format: Annotated[str, typer.Option("--format", help="With --out: lobster, csv or both with a comma.")] = "lobster",
    levels: Annotated[
        int, typer.Option("--levels", min=1, max=50, help="With --out: levels a side of LOBSTER files.")
    ] = 5,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make one day of order flow to order: level-3 data into the store, or files.

    \b
    Example: tcakit simulate run --symbol SIM --seed 7 --events 20000
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.simulate import simulate_run
    from tcakit.simulator.order_flow import FlowParameters

    if not symbol.strip() or "/" in symbol or not symbol.isprintable():
        raise UsageError(f"{symbol!r} is no name for a symbol", place="--symbol", remedy="give letters and digits")
    out = Out(json, quiet, verbose)
    parameters = FlowParameters(
        events_per_day=events,
        start_price=price,
        tick_size=tick_size,
        spread_ticks=spread_ticks,
        daily_volatility=volatility,
    )
    formats = tuple(name.strip() for name in format.split(","))
    with out.kernels():
        result = simulate_run(
            Path(store), symbol, date, seed, parameters, out=out_folder, formats=formats, levels=levels, wait_s=wait
        )
    where = f"in {store}" if out_folder is None else f"as {len(result['files'])} files in {out_folder}"
    out.result(
        result,
        lambda console: console.print(
            f"{symbol} {date}: {result['events']:,} events, {result['trades']:,} prints, seed {seed}, {where}"
        ),
    )


@app.command("fit")
def fit(
    symbol: Annotated[str, typer.Argument(help="Symbol of a stored day.")],
    date: Annotated[str | None, typer.Option("--date", help="Trade date, YYYY-MM-DD; may be left out for one.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue, where the symbol is stored for several.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the parameters to this .toml file.")] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback/--no-feedback", help="Fit the market's answer to trades, or leave it out.")
    ] = True,
    starts: Annotated[
        int, typer.Option("--starts", min=20, help="Simulated metaorders by which the answer is fitted and checked.")
    ] = 1_000,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit a simulated market to a stored day: what happens in its book, and how its price answers to orders.

    \b
    Example: tcakit simulate fit ALFA --date 2026-03-03 --out alfa.toml
    """
    from tcakit.cli.simulate_shown import show_fit
    from tcakit.jobs.simulate_fit import simulate_fit

    out = Out(json, quiet, verbose)
    with out.kernels():
        result = simulate_fit(
            Path(store), symbol, date, venue=venue, out=out_file, feedback=feedback, starts=starts, wait_s=wait
        )
    out.result(result, lambda console: show_fit(console, result))
