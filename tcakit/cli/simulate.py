"""tcakit simulate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    DateOption,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
    flags_given,
)

_OF_PACKAGED = ("like", "events", "price")

app = typer.Typer(
    help="Make synthetic markets, and say how like real ones they are.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def root() -> None:
    """Make synthetic markets, and say how like real ones they are."""


@app.command("run")
def run(
    context: typer.Context,
    symbol: Annotated[str, typer.Option("--symbol", help="Name of the synthetic symbol.")] = "SIM",
    date: Annotated[str, typer.Option("--date", help="Trade date, YYYY-MM-DD.")] = "2026-03-02",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 1,
    like: Annotated[
        str, typer.Option("--like", help="A market that comes along: alfa (wide spread) or brvo (one tick).")
    ] = "alfa",
    events: Annotated[
        int | None, typer.Option("--events", min=1, help="Book events the day should have, about: the same, paced.")
    ] = None,
    price: Annotated[float | None, typer.Option("--price", help="Price at the open, in currency.")] = None,
    parameters: Annotated[
        Path | None,
        typer.Option("--params", metavar="FILE.toml", help="A market of your own, as `simulate fit` writes it."),
    ] = None,
    dark: Annotated[
        bool | None,
        typer.Option("--dark/--no-dark", help="With or without a dark venue, whatever the parameters say."),
    ] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Write files here instead of storing.")] = None,
    format: Annotated[
        str, typer.Option("--format", help="With --out: lobster, itch, csv, or several with commas.")
    ] = "lobster",
    levels: Annotated[
        int, typer.Option("--levels", min=1, max=50, help="With --out: levels a side of LOBSTER files.")
    ] = 5,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make one day of a simulated market: stored, or as files.

    Parents can be traded in a stored day that was made so: tcakit backtest --market simulated.

    \b
    Example: tcakit simulate run --symbol SIM --seed 7 --events 20000
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.simulate import simulate_run
    from tcakit.simulator.market_parameters import read_parameters
    from tcakit.simulator.sample_market import sample_market

    if not symbol.strip() or "/" in symbol or not symbol.isprintable():
        raise UsageError(f"{symbol!r} is no name for a symbol", place="--symbol", remedy="give letters and digits")
    out = Out(json, quiet, verbose)
    formats = tuple(name.strip() for name in format.split(","))
    if parameters is not None:
        others = flags_given(context, _OF_PACKAGED)
        if others:
            raise UsageError(f"{others} with --params", place="--params", remedy="change the file instead")
        market = read_parameters(parameters)
    else:
        market = sample_market(like, events=events, price=price)
    with out.kernels():
        result = simulate_run(
            Path(store), symbol, date, seed, market, dark=dark, out=out_folder, formats=formats, levels=levels,
            wait_s=wait,
        )  # fmt: skip
    where = f"in {store}" if out_folder is None else f"as {len(result['files'])} files in {out_folder}"
    beside = f" and {result['dark_trades']:,} at {result['dark_venue']}" if "dark_venue" in result else ""
    out.result(
        result,
        lambda console: console.print(
            f"{symbol} {date}: {result['events']:,} events, {result['trades']:,} prints{beside}, seed {seed}, {where}"
        ),
    )


@app.command("score")
def score(
    symbol: Annotated[str, typer.Argument(help="The store's symbol of the day that is scored.")],
    date: DateOption = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Symbol of the real day it is compared with; else the same one.")
    ] = None,
    against_date: Annotated[
        str | None, typer.Option("--against-date", help="Date of the real day, where its symbol has several.")
    ] = None,
    floor: Annotated[
        str | None,
        typer.Option("--floor", help="Another date of the real symbol; left out: the real day's halves."),
    ] = None,
    levels: Annotated[int, typer.Option("--levels", min=1, max=50, help="Levels of the book to look at.")] = 10,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue, where the symbol has several.")] = None,
    against_venue: Annotated[str | None, typer.Option("--against-venue", help="The same of the real symbol.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws that intervals are made of.")] = 0,
    page: Annotated[Path | None, typer.Option("--out", help="Write the curves too: FILE.html.")] = None,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say how like a real day another day is: LOB-Bench's scores, response curves and facts of markets.

    Each score stands beside the floor, the same score of two real days or of the halves of one: real markets are not
    alike either. Of a day without a day to compare it with, the floor is all that is said.

    \b
    Example: tcakit simulate score ALFA --date 2026-03-03 --levels 5
    """
    from tcakit.cli.score_shown import show_score
    from tcakit.jobs.simulate_score import ScoreRequest, simulate_score
    from tcakit.market.clock import parse_date

    out = Out(json, quiet, verbose)
    dates = {
        name: None if given is None else parse_date(given, name)
        for name, given in (("--date", date), ("--against-date", against_date), ("--floor", floor))
    }
    request = ScoreRequest(
        symbol, dates["--date"], against, dates["--against-date"], venue, against_venue, dates["--floor"], levels,
        seed, page,
    )  # fmt: skip
    with out.kernels():
        result = simulate_score(Path(store), request)
    out.result(result, lambda console: show_score(result, console))


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
    ] = 3_000,
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


@app.command("impact")
def impact(
    parameters: Annotated[
        Path | None, typer.Option("--params", metavar="FILE.toml", help="A market, as `simulate fit` writes it.")
    ] = None,
    like: Annotated[
        str, typer.Option("--like", help="Without --params: a market that comes along, alfa or brvo.")
    ] = "alfa",
    starts: Annotated[int, typer.Option("--starts", min=20, help="Pairs of a buying and a selling metaorder.")] = 400,
    participants: Annotated[
        bool | None, typer.Option("--participants/--no-participants", help="Switch them; else as the file has them.")
    ] = None,
    feedback: Annotated[
        bool | None, typer.Option("--feedback/--no-feedback", help="Switch it; else as the file has it.")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what metaorders do to the price of a simulated market, how much of it stays, and whether round trips earn.

    \b
    Example: tcakit simulate impact --like alfa --starts 20
    """
    from tcakit.cli.simulate_shown import show_impact
    from tcakit.jobs.simulate_impact import simulate_impact
    from tcakit.simulator.market_parameters import read_parameters
    from tcakit.simulator.sample_market import sample_market

    out = Out(json, quiet, verbose)
    market = sample_market(like) if parameters is None else read_parameters(parameters)
    with out.kernels():
        result = simulate_impact(market, starts=starts, participants=participants, feedback=feedback)
    out.result(result, lambda console: show_impact(console, result))
