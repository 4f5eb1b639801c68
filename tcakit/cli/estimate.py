"""tcakit estimate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, flags_given
from tcakit.cli.pre_trade_options import (
    AdvFlag,
    CurrencyFlag,
    DateFlag,
    HalfSpreadFlag,
    LookbackFlag,
    OfDayFlag,
    PriceFlag,
    SessionFlag,
    SharesOutstandingFlag,
    SymbolFlag,
    VenueFlag,
    VolatilityFlag,
    ZoneFlag,
    setting_of,
)


def estimate(
    context: typer.Context,
    symbol: SymbolFlag = None,
    side: Annotated[str, typer.Option("--side", help="buy or sell; costs are the same.")] = "buy",
    quantity: Annotated[float | None, typer.Option("--quantity", help="Shares.")] = None,
    date: DateFlag = None,
    venue: VenueFlag = None,
    duration: Annotated[
        str | None, typer.Option("--duration", help="How long it trades: 2h, 30m, or 1.5d for sessions.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="With --duration: when it begins, so that hours differ in volume.")
    ] = None,
    participation: Annotated[
        str | None, typer.Option("--participation", help="In place of --duration: our share of all volume, 10%.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME[,param=1]", help="Ask this model; may be given several times."),
    ] = None,
    fit: Annotated[
        list[str] | None, typer.Option("--fit", metavar="ID", help="Ask this stored fit; may be given several times.")
    ] = None,
    adv: AdvFlag = None,
    volatility: VolatilityFlag = None,
    half_spread: HalfSpreadFlag = None,
    shares_outstanding: SharesOutstandingFlag = None,
    price: PriceFlag = None,
    currency: CurrencyFlag = None,
    lookback: LookbackFlag = 20,
    session: SessionFlag = None,
    timezone: ZoneFlag = None,
    of_day: OfDayFlag = False,
    orders: Annotated[
        bool, typer.Option("--orders", help="Estimate the ingested parents instead, each as of before its own day.")
    ] = False,
    coverage: Annotated[float, typer.Option("--coverage", help="Of the bands.")] = 0.95,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say what an order will cost, by every model that can be asked, with the band of its mean and of a single order.

    What is not given is taken from strictly earlier stored days of the symbol; without a store, flags are enough. If no
    --model and no --fit is given, all stored fits that were known before the date and all published models are asked.

    \b
    Example: tcakit estimate --symbol ALFA --quantity 20000 --participation 10% --date 2026-03-04
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.estimate import EstimateRequest
    from tcakit.jobs.estimate import estimate as run
    from tcakit.market.fraction import parse_fraction

    out = Out(json, quiet, verbose)
    if orders:
        _orders(context, Path(store), model, coverage, out)
        return
    if quantity is None:
        raise UsageError("--quantity is missing", place="estimate", remedy="add --quantity SHARES")
    time_ns, days = _duration(duration)
    request = EstimateRequest(
        side=side,
        quantity=quantity,
        setting=setting_of(
            symbol, venue, date, adv, volatility, half_spread, shares_outstanding, price, currency, lookback, session,
            timezone, of_day,
        ),
        start=start,
        duration_ns=time_ns,
        duration_days=days,
        participation=None if participation is None else parse_fraction(participation, "--participation"),
        models=tuple(model or ()),
        fits=tuple(fit or ()),
        coverage=coverage,
    )  # fmt: skip
    result = run(Path(store), request)
    out.result(result, lambda console: _show(result, console))


_WITH_ORDERS = ("orders", "model", "coverage", "store", "json", "quiet", "verbose")


def _orders(context: typer.Context, store: Path, models: list[str] | None, coverage: float, out: Out) -> None:
    """`estimate --orders`; UsageError for flags that the orders answer themselves."""
    from tcakit.errors import UsageError
    from tcakit.jobs.estimate_parents import estimate_orders

    names = [parameter.name or "" for parameter in context.command.params]
    if named := flags_given(context, [name for name in names if name not in _WITH_ORDERS]):
        raise UsageError(f"--orders, and {named} too", place="estimate", remedy="orders answer these themselves")
    result = estimate_orders(store, tuple(models or ()), coverage)
    out.result(result, lambda console: _show_orders(result, console))


def _show_orders(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import Column, number, printable, show_table

    columns = [Column("model"), *(Column(name, True) for name in ("orders", "answered", "mean\nbps", "median\nbps"))]
    cells = [
        [
            row["model"],
            row["orders"],
            row["answered"],
            number(row["mean_bps"], 2),
            number(row["median_bps"], 2),
            row["outside"],
        ]
        for row in result["models"]
    ]
    show_table(console, [*columns, Column("outside\nfitted", True, rank=1)], cells, "what the orders should have cost")
    console.print()
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)


def _duration(text: str | None) -> tuple[int | None, float | None]:
    """A duration in ns, or in sessions where it is written in days."""
    from tcakit.errors import UsageError
    from tcakit.market.clock import parse_duration

    if text is None:
        return None, None
    time_ns = parse_duration(text, "--duration")
    if time_ns <= 0:
        raise UsageError("the order takes no time", place="--duration", remedy="write 2h")
    return (None, float(text.strip()[:-1])) if text.strip().endswith("d") else (time_ns, None)


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import Column, number, printable, show_table

    def band(ends: list[float] | None, decimals: int = 1) -> str:
        return "" if ends is None else f"{number(ends[0], decimals)} to {number(ends[1], decimals)}"

    console.print(f"{printable(_order_told(result))}", markup=False)
    facts_shown(result, console)
    console.print()
    currency = result["currency"] or ""
    covered = f"{result['coverage'] * 100:g}%"
    columns = [
        Column("model"),
        Column("mean\nbps", True),
        Column(f"band of the mean\n{covered}, bps", True, rank=1),
        Column(f"a single order\n{covered}, bps", True, rank=1),
        Column(f"cost\n{currency}".rstrip(), True, rank=2),
        Column("impact\nbps", True, rank=4),
        Column("peak\nbps", True, rank=3),
        Column("stays\nbps", True, rank=4),
        Column("fitted on\n% of ADV", True, rank=3),
        Column("rests on", rank=2),
    ]
    answered = [row for row in result["models"] if row["reason"] is None]
    cells = [
        [
            row["name"] + (" *" if row["outside"] else ""),
            number(row["mean_bps"], 2),
            band(row["mean_ci"]),
            band(row["order_ci"]),
            number(row["cost"], 0),
            number(row["impact_bps"], 2),
            number(row["peak_bps"], 2),
            number(row["permanent_bps"], 2),
            band([100.0 * end for end in row["range"]["facts"]["quantity_adv"]], 2) if _has_range(row) else "",
            row["rests_on"].partition(";")[0].partition(":")[0],
        ]
        for row in answered
    ]
    show_table(console, columns, cells, "what it will cost, against arrival", caption="above zero is bad for us")
    for row in answered:
        for note in row["notes"]:
            mark = "* " if row["outside"] else ""
            console.print(f"{mark}{printable(row['name'])}: {printable(note)}", markup=False)
    console.print()
    silent = [row for row in result["models"] if row["reason"] is not None]
    if silent:
        show_table(console, [Column("not asked"), Column("why")], [[row["name"], row["reason"]] for row in silent])
        console.print()
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)


def _has_range(row: dict[str, Any]) -> bool:
    """Whether sizes are known that the model was fitted on."""
    return "quantity_adv" in row["range"]["facts"]


def _order_told(result: dict[str, Any]) -> str:
    """The order in a line."""
    whose = f" {result['symbol']}" if result["symbol"] else ""
    told = f"{result['side']} {result['quantity']:,.10g}{whose} on {result['date']}: "
    told += f"{result['quantity_adv']:.3%} of average daily volume"
    if result["participation"] is not None:
        told += f", {result['participation']:.1%} of volume over {result['duration_adv']:.3g} days of it"
    return told


_NAMES = {
    "adv_shares": ("average daily volume", 1.0, "", 0),
    "volatility_daily": ("daily volatility", 100.0, " %", 3),
    "half_spread_bps": ("half spread", 1.0, " bps", 3),
    "shares_outstanding": ("shares outstanding", 1.0, "", 0),
    "price": ("price", 1.0, "", 4),
}


def facts_shown(result: dict[str, Any], console: Any) -> None:
    """The facts in a line, with where each comes from."""
    from tcakit.cli.tables import number, printable

    told = []
    for name, (words, factor, unit, decimals) in _NAMES.items():
        fact = result["facts"][name]
        if fact["value"] is not None:
            days = fact.get("days")
            source = (
                "given" if fact["from"] == "given" else f"{days} day{'s' if days != 1 else ''}" if days else "stored"
            )
            told.append(f"{words} {number(fact['value'], decimals, factor)}{unit} ({source})")
    console.print(f"{printable('; '.join(told))}", markup=False)
