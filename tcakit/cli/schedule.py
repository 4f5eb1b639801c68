"""tcakit schedule"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from tcakit.jobs.schedule_problem import Auction

_OF_A_FORMULA = (
    "days", "volatility_currency", "permanent", "temporary", "fixed", "drift", "cap", "time", "depth", "transient",
    "resilience", "decay_exponent", "lag_scale",
)  # fmt: skip
_OF_A_TIME = ("obizhaeva-wang", "power-kernel")
_OF_A_DESK = (
    "symbol", "date", "venue", "start", "end", "interval", "participation", "lot", "no_trade", "auction",
    "price_of_risk", "model", "fit", "adv", "volatility", "half_spread", "shares_outstanding", "price", "session",
    "timezone", "currency", "lookback", "of_day",
)  # fmt: skip


def schedule(
    context: typer.Context,
    symbol: SymbolFlag = None,
    side: Annotated[str, typer.Option("--side", help="buy or sell; the plan is the same.")] = "buy",
    quantity: Annotated[float | None, typer.Option("--quantity", help="Shares.")] = None,
    algo: Annotated[
        str,
        typer.Option(
            "--algo",
            help="twap, vwap, pov:10, is:30m (half-life; also called optimal), target-close:30m, obizhaeva-wang, "
            "power-kernel; almgren-chriss by numbers alone.",
        ),
    ] = "vwap",
    date: DateFlag = None,
    venue: VenueFlag = None,
    start: Annotated[str | None, typer.Option("--start", help="Clock time; the open if left out.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Clock time; the close if left out.")] = None,
    slices: Annotated[
        int | None, typer.Option("--slices", min=1, help="Equal parts of the time, 13 if left out.")
    ] = None,
    interval: Annotated[str | None, typer.Option("--interval", help="In place of --slices: their length, 5m.")] = None,
    participation: Annotated[
        str | None, typer.Option("--participation", help="The most that we may be of expected volume, 10%.")
    ] = None,
    lot: Annotated[float | None, typer.Option("--lot", help="Shares; the instrument's if left out.")] = None,
    no_trade: Annotated[
        list[str] | None,
        typer.Option("--no-trade", help="Times without trading, 11:00-11:30; may be given several times."),
    ] = None,
    auction: Annotated[
        list[str] | None,
        typer.Option(
            "--auction", help="open or close with its share of a day's volume, close:8%, and our cap: close:8%,20%."
        ),
    ] = None,
    risk_aversion: Annotated[
        float | None, typer.Option("--risk-aversion", help="bps of cost per bps² of variance; per currency by numbers.")
    ] = None,
    half_life: Annotated[
        str | None, typer.Option("--half-life", help="In place of --risk-aversion: the time to do half, 30m.")
    ] = None,
    price_of_risk: Annotated[
        float | None, typer.Option("--price-of-risk", help="In place of --risk-aversion: bps of cost for a bp of risk.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME[,param=1]", help="What trading fast costs (almgren-2005).")
    ] = None,
    fit: Annotated[str | None, typer.Option("--fit", metavar="ID", help="A stored fit in place of --model.")] = None,
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
    days: Annotated[float | None, typer.Option("--days", help="By numbers: trading days there are.")] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="By numbers: the time there is, in any unit, or 60m (then minutes).")
    ] = None,
    volatility_currency: Annotated[
        float | None, typer.Option("--volatility-currency", help="By numbers: currency a share per √day.")
    ] = None,
    permanent: Annotated[
        float | None, typer.Option("--permanent", help="By numbers: lasting impact, currency a share per share.")
    ] = None,
    temporary: Annotated[
        float | None,
        typer.Option("--temporary", help="By numbers: temporary impact, currency a share per share a day."),
    ] = None,
    fixed: Annotated[
        float | None, typer.Option("--fixed", help="By numbers: half the spread and fees, currency a share.")
    ] = None,
    drift: Annotated[
        float | None, typer.Option("--drift", help="By numbers: currency a share per day, towards a better price.")
    ] = None,
    cap: Annotated[float | None, typer.Option("--cap", help="By numbers: the most shares of a slice.")] = None,
    depth: Annotated[
        float | None, typer.Option("--depth", help="By numbers: shares per unit of price; or --transient.")
    ] = None,
    transient: Annotated[
        float | None, typer.Option("--transient", help="By numbers: impact that fades, currency a share per share.")
    ] = None,
    resilience: Annotated[
        float | None, typer.Option("--resilience", help="By numbers: rate of refill per unit of time; or --half-life.")
    ] = None,
    decay_exponent: Annotated[
        float | None, typer.Option("--decay-exponent", help="By numbers: γ of the decay t^-γ, between 0 and 1.")
    ] = None,
    lag_scale: Annotated[
        float | None, typer.Option("--lag-scale", help="By numbers: t0 of the decay (1 + t/t0)^-γ.")
    ] = None,
    frontier: Annotated[bool, typer.Option("--frontier", help="Tell the efficient frontier too.")] = False,
    regret: Annotated[
        bool, typer.Option("--regret", help="On a stored day: what solving the plan again during it was worth.")
    ] = False,
    page: Annotated[Path | None, typer.Option("--out", help="Write the charts too: FILE.html.")] = None,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Plan an order over its day: what to trade when, what it is expected to cost, and how much that may vary.

    Volume, volatility and spread are those of strictly earlier stored days, or given by hand; without a store, flags
    are enough. Caps, pauses, lots and auctions are kept to. "By numbers" are schedules of papers in their own units,
    which need no market: almgren-chriss with --days, obizhaeva-wang and power-kernel with --time.

    \b
    Example: tcakit schedule --symbol ALFA --quantity 20000 --algo is:30m --participation 20% --date 2026-03-04
    """
    given = {name: value for name, value in locals().items() if value not in (None, [], ())}
    from tcakit.errors import UsageError

    out = Out(json, quiet, verbose)
    if quantity is None:
        raise UsageError("--quantity is missing", place="schedule", remedy="add --quantity SHARES")
    if time is not None and algo not in _OF_A_TIME:
        raise UsageError(f"--time with --algo {algo}", place="--time", remedy=f"it is of {' and '.join(_OF_A_TIME)}")
    by_numbers = algo == "almgren-chriss" or time is not None
    if by_numbers and regret:
        raise UsageError("--regret without a day", place="--regret", remedy="leave it out: formulas know no market")
    foreign = flags_given(context, _OF_A_DESK if by_numbers else _OF_A_FORMULA)
    if foreign:
        needed = "--algo almgren-chriss with --days, or --time with obizhaeva-wang or power-kernel"
        remedy = "leave it out: formulas know no market" if by_numbers else f"it is of a schedule by numbers: {needed}"
        raise UsageError(f"{foreign} with --algo {algo}", place="schedule", remedy=remedy)
    if by_numbers:
        result = _by_numbers(given, algo, quantity)
        from tcakit.cli.schedule_shown import show_formula as show
    else:
        setting = setting_of(
            symbol, venue, date, adv, volatility, half_spread, shares_outstanding, price, currency, lookback, session,
            timezone, of_day,
        )  # fmt: skip
        result = _of_a_day(given, Path(store), algo, side, quantity, setting)
        from tcakit.cli.schedule_shown import show_day as show
    out.result(result, lambda console: show(result, console))


def _of_a_day(
    given: dict[str, Any], store: Path, algo: str, side: str, quantity: float, setting: Any
) -> dict[str, Any]:
    from tcakit.jobs.schedule import ScheduleRequest
    from tcakit.jobs.schedule import schedule as run
    from tcakit.jobs.schedule_problem import Order
    from tcakit.jobs.schedule_urgency import Urgency
    from tcakit.market.clock import parse_duration
    from tcakit.market.fraction import parse_fraction

    cap, interval, half_life = (given.get(name) for name in ("participation", "interval", "half_life"))
    order = Order(
        side=side,
        quantity=quantity,
        setting=setting,
        start=given.get("start"),
        end=given.get("end"),
        slices=given.get("slices"),
        interval_ns=None if interval is None else parse_duration(interval, "--interval"),
        participation=None if cap is None else parse_fraction(cap, "--participation"),
        lot=given.get("lot"),
        no_trade=tuple(_pause(text) for text in given.get("no_trade", ())),
        auctions=_auctions(given.get("auction", ())),
    )
    urgency = Urgency(
        given.get("risk_aversion"),
        None if half_life is None else parse_duration(half_life, "--half-life"),
        given.get("price_of_risk"),
    )
    request = ScheduleRequest(
        order,
        algo,
        urgency,
        model=given.get("model"),
        fit=given.get("fit"),
        frontier=given["frontier"],
        regret=given["regret"],
        out=given.get("page"),
    )
    return run(store, request)


def _pause(text: str) -> tuple[str, str]:
    from tcakit.errors import UsageError

    begin, dash, finish = text.partition("-")
    if not dash:
        raise UsageError(f"{text!r} is no span of time", place="--no-trade", remedy="write 11:00-11:30")
    return begin.strip(), finish.strip()


def _auctions(texts: Any) -> tuple[Auction, ...]:
    """`close:8%` or `close:8%,20%`, each auction once."""
    from tcakit.errors import UsageError
    from tcakit.jobs.schedule_problem import Auction
    from tcakit.market.fraction import parse_fraction

    found: dict[str, Auction] = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        share, comma, cap = rest.partition(",")
        if name not in ("open", "close") or not colon or name in found:
            raise UsageError(
                f"{text!r} is no auction", place="--auction", remedy="write open:3% or close:8%, once each"
            )
        found[name] = Auction(
            name, parse_fraction(share, "--auction"), parse_fraction(cap, "--auction") if comma else None
        )
    if sum(auction.share for auction in found.values()) >= 1.0:
        raise UsageError("auctions of a whole day's volume", place="--auction", remedy="write their share, close:8%")
    return tuple(found.values())


def _by_numbers(given: dict[str, Any], algo: str, quantity: float) -> dict[str, Any]:
    from tcakit.jobs.schedule_formulas import ALMGREN_CHRISS, FormulaRequest, formula_schedule
    from tcakit.jobs.schedule_told import write_page

    numbers = {name: given[name] for name in (*_OF_A_FORMULA, "slices", "risk_aversion") if name in given}
    numbers |= _times(algo, given)
    frontier = given["frontier"] or ("page" in given and algo == ALMGREN_CHRISS)
    result = formula_schedule(FormulaRequest(algo, quantity, frontier=frontier, **numbers))
    return write_page(result, given["page"]) if "page" in given else result


def _times(algo: str, given: dict[str, Any]) -> dict[str, float]:
    """The time there is and the half-life as numbers of one unit: days, what the user has in mind, or minutes."""
    from tcakit.errors import UsageError
    from tcakit.market.clock import NS_PER_SECOND, parse_duration

    found: dict[str, float] = {}
    with_units = []
    for name, place in (("time", "--time"), ("half_life", "--half-life")):
        if name not in given:
            continue
        text = given[name].strip()
        bare = text.removesuffix("d") if algo == "almgren-chriss" else text
        try:
            found[name] = float(bare)
        except ValueError:
            if algo == "almgren-chriss":
                raise UsageError(f"{text!r} are no days", place=place, remedy="write 1.5, in trading days") from None
            found[name] = parse_duration(text, place) / NS_PER_SECOND / 60.0
            with_units.append(name)
    if len(with_units) == 1 and len(found) == 2:
        raise UsageError(
            "one with a unit and one without", place="--time, --half-life", remedy="write 60m and 5m, or 60 and 5"
        )
    return found
