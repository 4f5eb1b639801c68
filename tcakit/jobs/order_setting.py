"""What a pre-trade question is asked in: facts of the symbol, given ones before stored ones, and the day's hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date
from pathlib import Path

from tcakit.errors import UsageError
from tcakit.execution.volume_curve import VolumeCurve, default_curve
from tcakit.feeds.sessions import session_of
from tcakit.jobs.stored_days import StoredDays
from tcakit.jobs.symbol_facts import LOOKBACK_DAYS, FactsOfSymbols, SymbolFacts
from tcakit.jobs.variance_curve import variance_curve
from tcakit.market.clock import midnight_ns, parse_time
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

DEFAULT_SESSION = ("09:30", "16:00")
_SHORT = 0.9
_WHOLE_DAY = ("00:00", "24:00")
DEFAULT_TIMEZONE = "America/New_York"
_GIVEN, _STORED, _UNKNOWN = "given", "stored days", "unknown"
_FACTS = ("adv_shares", "volatility_daily", "half_spread_bps", "shares_outstanding", "price")


@dataclass(frozen=True, slots=True)
class GivenFacts:
    """What the user says of a symbol, in the units of `SymbolFacts`; None where the store should."""

    adv_shares: float | None = None
    volatility_daily: float | None = None
    half_spread_bps: float | None = None
    shares_outstanding: float | None = None
    price: float | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        for name, flag in (
            ("adv_shares", "--adv"),
            ("volatility_daily", "--volatility"),
            ("shares_outstanding", "--shares-outstanding"),
            ("price", "--price"),
        ):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{value:g} is not above zero", place=flag, remedy="write a number above 0")
        half = self.half_spread_bps
        if half is not None and not (math.isfinite(half) and half >= 0.0):
            raise UsageError(f"{half:g} bps is no half spread", place="--half-spread", remedy="write 0 or more")


@dataclass(frozen=True, slots=True)
class SettingRequest:
    """Whose facts, on which day: `session` is open and close as clock times, `date` today if None."""

    symbol: str | None = None
    date: str | None = None
    venue: str | None = None
    given: GivenFacts = field(default_factory=GivenFacts)
    lookback_days: int = LOOKBACK_DAYS
    of_day: bool = False
    session: tuple[str, str] | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Facts of the symbol and where each comes from, the session in ns since 1970 UTC, and its volume curve.

    `lot_shares` is the instrument's, 1 where unknown; `multiplier` that of a contract.
    """

    symbol: str | None
    date: str
    facts: SymbolFacts
    origins: dict[str, str]
    timezone: str
    open_ns: int
    close_ns: int
    curve: VolumeCurve
    lot_shares: float = 1.0
    multiplier: float = 1.0
    notes: tuple[str, ...] = ()

    def volume_share(self, start_ns: int, end_ns: int) -> float:
        """Share of a day's volume that the curve expects between two instants."""
        return self.curve.fraction(end_ns) - self.curve.fraction(start_ns)


def require_volume(setting: Setting, what: str) -> None:
    """UsageError with ways out where average daily volume is unknown; `what` says what cannot be done without it."""
    if math.isnan(setting.facts.adv_shares):
        whose = setting.symbol or "the symbol"
        remedy = f"give --adv SHARES, ingest days of {whose} before {setting.date}, or take the day's own by --of-day"
        raise UsageError(f"average daily volume is unknown, {what}", place="--adv", remedy=remedy)


def open_store(folder: Path) -> Store | None:
    """The store, None where there is none: what is given by hand may be enough."""
    return Store(folder) if (folder / "store.json").exists() else None


def order_setting(store: Store | None, request: SettingRequest) -> Setting:
    """Everything that is known before the day begins; what is given comes before what is stored."""
    return OrderSettings(store).of(request)


class OrderSettings:
    """Settings of many symbols and days: each stored day is looked at once."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._lookup = None if store is None else FactsOfSymbols(store)
        self._stored_days = None if store is None else StoredDays(store)

    def of(self, request: SettingRequest) -> Setting:
        """As `order_setting`."""
        date = request.date or Date.today().isoformat()
        stored, day, multiplier = SymbolFacts(), None, 1.0
        told: tuple[str, ...] = ()
        if self._lookup is not None and request.symbol is not None:
            stored = self._lookup.of(request.symbol, date, request.venue, request.lookback_days, request.of_day)
            day, told = _day_of(self._lookup, request.symbol, date, request.venue)
            venue = request.venue if day is None else day.instrument.venue
            multiplier = self._lookup.multiplier(request.symbol, venue, date)
        facts, origins = _overridden(stored, request.given)
        timezone = request.timezone or (DEFAULT_TIMEZONE if day is None else day.instrument.timezone)
        open_ns, close_ns, said = _session(request, date, day, timezone)
        curve, lot = default_curve(open_ns, close_ns), 1.0
        if self._stored_days is not None and day is not None:
            curve = self._stored_days.curve(day, open_ns, close_ns)
            lot = day.instrument.shares(day.instrument.lot_size)
        notes = (*facts.notes, *told, *said)
        return Setting(request.symbol, date, facts, origins, timezone, open_ns, close_ns, curve, lot, multiplier, notes)

    def variance_curve(self, request: SettingRequest, setting: Setting) -> VolumeCurve | None:
        """How variance is spread over the session, None where too few earlier days are stored."""
        if self._store is None or self._lookup is None or request.symbol is None:
            return None
        earlier = self._lookup.days(request.symbol, setting.date, request.venue, request.lookback_days)
        span = setting.open_ns, setting.close_ns
        return variance_curve(self._store, earlier, setting.date, setting.timezone, *span)


def _day_of(
    lookup: FactsOfSymbols, symbol: str, date: str, venue: str | None
) -> tuple[SymbolDay | None, tuple[str, ...]]:
    """The symbol on that day as it is stored, or as its latest earlier day has it, and what is odd in its hours."""
    own, earlier = (lookup.days(symbol, date, venue, 1, of_day) for of_day in (True, False))
    if own:
        return own[0], _short_day(own[0], earlier)
    if not earlier:
        return None, ()
    # Only its names and units hold for another day.
    latest = earlier[0].instrument
    opens, closes, note = _hours_of(earlier[0], date)
    day = replace(earlier[0], date=date, instrument=replace(latest, session_open_ns=opens, session_close_ns=closes))
    return day, (*note, *_short_day(day, earlier))


def _hours_of(earlier: SymbolDay, date: str) -> tuple[int | None, int | None, tuple[str, ...]]:
    """The hours of an earlier day on another one: the calendar's, else those of that day on the wall clock."""
    instrument = earlier.instrument
    if (told := session_of(instrument.venue, date)) is not None:
        return *told, ()
    if instrument.session_open_ns is None or instrument.session_close_ns is None:
        return None, None, ()
    # A venue with a calendar that tells no hours of a day is closed on it.
    closed = session_of(instrument.venue, earlier.date) is not None
    note = f"{instrument.venue} does not trade on {date} by its calendar: the hours of {earlier.date} are taken"
    shift = midnight_ns(date, instrument.timezone) - midnight_ns(earlier.date, instrument.timezone)
    return instrument.session_open_ns + shift, instrument.session_close_ns + shift, (note,) if closed else ()


def _short_day(day: SymbolDay, earlier: Sequence[SymbolDay]) -> tuple[str, ...]:
    """A warning where the session is shorter than that of the day before it."""
    lengths = []
    for one in (day, *earlier[:1]):
        opens, closes = one.instrument.session_open_ns, one.instrument.session_close_ns
        if opens is None or closes is None:
            return ()
        lengths.append(closes - opens)
    if len(lengths) < 2 or lengths[0] > _SHORT * lengths[1]:
        return ()
    hours = " and ".join(f"{length / 3.6e12:.3g}" for length in lengths)
    return (f"the session is short ({hours} hours, today and before): it will hardly bring the volume of other days",)


def _session(
    request: SettingRequest, date: str, day: SymbolDay | None, timezone: str
) -> tuple[int, int, tuple[str, ...]]:
    """Open and close, and what must be said of them."""

    def at(clock: str) -> int:
        return parse_time(clock, date=date, timezone=timezone, place="--session")

    if request.session is not None:
        open_ns, close_ns = at(request.session[0]), at(request.session[1])
        if close_ns <= open_ns:
            raise UsageError("the session ends before it begins", place="--session", remedy="write 09:30-16:00")
        return open_ns, close_ns, ()
    if day is not None and day.instrument.session_open_ns is not None and day.instrument.session_close_ns is not None:
        return day.instrument.session_open_ns, day.instrument.session_close_ns, ()
    # A stored market whose hours nobody knows is most often one that never closes.
    opens, closes = DEFAULT_SESSION if day is None else _WHOLE_DAY
    note = f"the session's hours are not known: {opens} to {closes} {timezone} is taken, or give --session"
    return at(opens), at(closes), (note,)


def _overridden(stored: SymbolFacts, given: GivenFacts) -> tuple[SymbolFacts, dict[str, str]]:
    """Given facts in place of stored ones, and the origin of each; notes on what was not given alone."""
    values, origins = {}, {}
    for name in _FACTS:
        told = getattr(given, name)
        if told is not None:
            values[name], origins[name] = told, _GIVEN
        else:
            origins[name] = _UNKNOWN if math.isnan(getattr(stored, name)) else _STORED
    currency = given.currency or stored.currency
    notes = stored.notes if any(origin != _GIVEN for origin in origins.values()) else ()
    return replace(stored, **values, currency=currency, notes=notes), origins
