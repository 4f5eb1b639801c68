"""What `estimate` and `schedule` share: the flags that say what is known of a symbol before the day begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tcakit.jobs.order_setting import SettingRequest

SymbolFlag = Annotated[
    str | None, typer.Option("--symbol", help="The store's symbol, whose earlier days are looked at.")
]
VenueFlag = Annotated[str | None, typer.Option("--venue", help="Venue, where the symbol has several.")]
DateFlag = Annotated[str | None, typer.Option("--date", help="Trade date, YYYY-MM-DD; today if left out.")]
AdvFlag = Annotated[float | None, typer.Option("--adv", help="Average daily volume, shares.")]
VolatilityFlag = Annotated[str | None, typer.Option("--volatility", help="Volatility of a day: 1.5%, or 0.015.")]
HalfSpreadFlag = Annotated[float | None, typer.Option("--half-spread", help="Half the quoted spread, bps.")]
SharesOutstandingFlag = Annotated[float | None, typer.Option("--shares-outstanding", help="Shares outstanding.")]
PriceFlag = Annotated[float | None, typer.Option("--price", help="Price, in currency a share.")]
CurrencyFlag = Annotated[str | None, typer.Option("--currency", help="Currency of the price, e.g. EUR.")]
LookbackFlag = Annotated[int, typer.Option("--lookback", min=1, help="Earlier stored days to look at, at most.")]
SessionFlag = Annotated[str | None, typer.Option("--session", help="Open and close: 09:30-16:00.")]
ZoneFlag = Annotated[str | None, typer.Option("--tz", help="Time zone of clock times, e.g. Europe/London.")]
OfDayFlag = Annotated[
    bool, typer.Option("--of-day", help="Take facts from the day itself, which nobody knew while it lasted.")
]


def setting_of(
    symbol: str | None,
    venue: str | None,
    date: str | None,
    adv: float | None,
    volatility: str | None,
    half_spread: float | None,
    shares_outstanding: float | None,
    price: float | None,
    currency: str | None,
    lookback: int,
    session: str | None,
    timezone: str | None,
    of_day: bool,
) -> SettingRequest:
    """The flags as the jobs take them; UsageError names the flag that is wrong."""
    from tcakit.errors import UsageError
    from tcakit.jobs.order_setting import GivenFacts, SettingRequest
    from tcakit.market.clock import parse_date, zone
    from tcakit.market.fraction import parse_fraction

    hours = None
    if session is not None:
        opens, dash, closes = session.partition("-")
        if not dash:
            raise UsageError(f"{session!r} is no session", place="--session", remedy="write 09:30-16:00")
        hours = opens.strip(), closes.strip()
    if timezone is not None:
        zone(timezone)
    given = GivenFacts(
        adv_shares=adv,
        volatility_daily=None if volatility is None else parse_fraction(volatility, "--volatility"),
        half_spread_bps=half_spread,
        shares_outstanding=shares_outstanding,
        price=price,
        currency=currency,
    )
    day = None if date is None else parse_date(date, "--date")
    return SettingRequest(symbol, day, venue, given, lookback, of_day, hours, timezone)
