"""What an order will cost, before it trades: every model that can be asked, side by side, with what each rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import TcakitError, UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import OWN_FILLS, PUBLISHED, TAPE_PROXY, FittedModel
from tcakit.impact.pre_trade import (
    GIVEN,
    Asked,
    asked_by_hand,
    facts_outside,
    missing_facts,
    pre_trade,
    published_models,
)
from tcakit.jobs.order_setting import Setting, SettingRequest, open_store, order_setting, require_volume
from tcakit.market.clock import parse_time
from tcakit.store.database import Store
from tcakit.store.fits import find_fit, fits, preference

SIDES = ("buy", "sell")
RESTS_ON = {
    OWN_FILLS: "own fills",
    TAPE_PROXY: "tape proxy: everybody's flow, its level a range",
    PUBLISHED: "published: other people's orders",
    GIVEN: "parameters given by hand",
}
# How a missing fact is called, and the flag that gives it.
_MISSING = {
    "volatility_daily": ("daily volatility", "--volatility"),
    "duration": ("how long it trades", "--duration or --participation"),
    "participation": ("our share of volume", "--participation or --duration"),
    "half_spread_bps": ("half the spread", "--half-spread"),
    "shares_outstanding_adv": ("shares outstanding", "--shares-outstanding"),
    "price": ("the price", "--price"),
}


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """An order of `quantity` shares and the models to ask: by name, by fit, or all there are if neither is given.

    One of these says how long it trades: `duration_ns` of open hours, from `start` (a clock time) if given;
    `duration_days` in whole sessions; `participation` as our share of all volume.
    """

    side: str
    quantity: float
    setting: SettingRequest = field(default_factory=SettingRequest)
    start: str | None = None
    duration_ns: int | None = None
    duration_days: float | None = None
    participation: float | None = None
    models: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()
    coverage: float = 0.95


def estimate(folder: Path, request: EstimateRequest) -> dict[str, Any]:
    """Ask the models; costs in bps of arrival and in currency, above zero bad for us, the half spread in them.

    Raises UsageError for an order that cannot be, and where average daily volume is unknown: no model speaks without.
    """
    _check(request)
    store = open_store(folder)
    setting = order_setting(store, request.setting)
    notes = list(setting.notes)
    if store is None:
        notes.append(f"there is no store at {folder}: only what was given is known, and no fit")
    elif request.setting.symbol is None:
        notes.append("no symbol was given: only what was given is known, and fits of several symbols")
    facts, duration_note = _order_facts(request, setting)
    notes += duration_note
    asked, asked_notes = _asked(store, request, setting)
    rows = [_row(one, facts, setting, request) for one in asked]
    return {
        "symbol": setting.symbol,
        "date": setting.date,
        "side": request.side,
        "quantity": request.quantity,
        "quantity_adv": float(facts.quantity_adv[0]),
        "duration_adv": _number(facts.duration[0]),
        "participation": _number(facts.participation[0]),
        "currency": setting.facts.currency,
        "coverage": request.coverage,
        "facts": facts_told(setting),
        "models": rows,
        "notes": [*notes, *asked_notes, *_general_notes(rows)],
    }


def facts_told(setting: Setting) -> dict[str, Any]:
    """The facts by name, each with where it comes from."""
    known = setting.facts
    days = {"adv_shares": known.adv_days, "volatility_daily": known.volatility_days}
    return {
        name: {"value": _number(getattr(known, name)), "from": origin}
        | ({"days": days[name]} if name in days and origin == "stored days" else {})
        for name, origin in setting.origins.items()
    }


def _check(request: EstimateRequest) -> None:
    if request.side not in SIDES:
        raise UsageError(f"{request.side!r} is no side", place="--side", remedy="write buy or sell")
    if not (math.isfinite(request.quantity) and request.quantity > 0.0):
        raise UsageError(f"{request.quantity:g} shares", place="--quantity", remedy="write a number above 0")
    timed = request.duration_ns is not None or request.duration_days is not None
    if timed and request.participation is not None:
        raise UsageError(
            "a duration and a participation: one follows from the other",
            place="--duration, --participation",
            remedy="leave one of them out",
        )
    if not 0.0 < request.coverage < 1.0:
        raise UsageError(f"a coverage of {request.coverage:g}", place="--coverage", remedy="write 0.95")


def _order_facts(request: EstimateRequest, setting: Setting) -> tuple[OrderFacts, list[str]]:
    """The order as the models are told of it."""
    known = setting.facts
    require_volume(setting, "and no model says anything of an order without it")
    size = request.quantity / known.adv_shares
    duration = math.nan
    notes: list[str] = []
    if (time_ns := _clock_time(request, setting)) is not None:
        duration, notes = _volume_time(request, setting, time_ns)
        if size > duration:
            raise UsageError(
                f"{size:.3g} of a day's volume in a time in which {duration:.3g} of it trades",
                place="--duration",
                remedy="give a longer --duration, or a smaller --quantity",
            )
    elif request.participation is None:
        notes = ["without --duration or --participation models of the rate say nothing, and timing risk is unknown"]
    elif size / request.participation > 1.0:
        notes = [f"at that participation it takes {size / request.participation:.1f} days of volume"]
    facts = OrderFacts.of(
        quantity_adv=size,
        volatility_daily=known.volatility_daily,
        duration=duration,
        participation=math.nan if request.participation is None else request.participation,
        half_spread_bps=known.half_spread_bps,
        shares_outstanding_adv=known.shares_outstanding / known.adv_shares,
        price=known.price,
    )
    return facts, notes


def _clock_time(request: EstimateRequest, setting: Setting) -> int | None:
    """How long the order trades, while the market is open."""
    if request.duration_days is None:
        return request.duration_ns
    return round(request.duration_days * (setting.close_ns - setting.open_ns))


def _volume_time(request: EstimateRequest, setting: Setting, time_ns: int) -> tuple[float, list[str]]:
    """A duration by the clock as a share of a day's volume."""
    length = setting.close_ns - setting.open_ns
    if request.start is None:
        if time_ns > length:
            return time_ns / length, [f"{time_ns / length:.3g} sessions: the volume of as many days"]
        return time_ns / length, ["without --start every hour of the session counts for the same volume"]
    start = parse_time(request.start, date=setting.date, timezone=setting.timezone, place="--start")
    end = start + time_ns
    if start < setting.open_ns or end > setting.close_ns:
        raise UsageError(
            "the order does not lie within the session", place="--start, --duration", remedy="check the times"
        )
    return setting.volume_share(start, end), [f"volume over the day: {setting.curve.name}"]


def _asked(store: Store | None, request: EstimateRequest, setting: Setting) -> tuple[list[Asked], list[str]]:
    """The models to ask, stored fits first."""
    named = [asked_by_hand(text) for text in request.models]
    notes = []
    found = []
    for name in request.fits:
        if store is None:
            raise UsageError(f"no store, so no fit {name!r}", place="--fit", remedy="give --store DIR")
        row = find_fit(store, name)
        if row["kind"] != "impact":
            raise UsageError(f"fit {row['fit_id']} is of {row['kind']}", place="--fit", remedy="name a fit of impact")
        found.append(asked_of_fit(row, setting.symbol))
        if row["date_to"] >= setting.date:
            notes.append(
                f"fit {row['fit_id']} rests on days up to {row['date_to']}, which nobody knew before {setting.date}"
            )
    if named or found:
        return [*found, *named], notes
    held = [] if store is None else fits_known_of(fits(store, "impact"), setting.symbol, setting.date)
    if store is not None and not held:
        notes.append(f"no fit of impact that rests on days before {setting.date} alone is stored: see `tcakit fit`")
    return [*(asked_of_fit(row, setting.symbol) for row in held), *published_models()], notes


def fits_known_of(held: Sequence[dict[str, Any]], symbol: str | None, date: str) -> list[dict[str, Any]]:
    """Of stored fits of impact, the latest first, those that hold for a symbol and rest on earlier days alone.

    One of each model and source: a symbol's own before one of several symbols, then the one of the latest days. Fits of
    chosen orders (`--where`) say nothing of others: they must be asked by name.
    """
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in held:
        if row["date_to"] >= date or row["symbol"] not in (None, symbol) or row["diagnostics"].get("where"):
            continue
        key = row["model"], row["source"]
        if key not in latest or preference(row) > preference(latest[key]):
            latest[key] = row
    return sorted(latest.values(), key=lambda row: (row["source"] != OWN_FILLS, row["model"]))


def asked_of_fit(row: dict[str, Any], symbol: str | None = None) -> Asked:
    """A stored fit as a model to be asked, with what its own fit warned of; `symbol` is the one that is asked about."""
    name = f"{row['model']} fit {row['fit_id'][:8]}"
    told = row["diagnostics"]
    notes = [f"the fit warned: {words}" for words in (told.get("diagnostics") or {}).get("warnings", [])]
    if symbol is not None and row["symbol"] not in (None, symbol):
        notes.append(f"it is a fit of {row['symbol']}, not of {symbol}")
    elif symbol is not None and told.get("symbols") and symbol not in told["symbols"]:
        notes.append(f"no order of {symbol} is among those it was fitted on, of {len(told['symbols'])} symbols")
    if told.get("where"):
        notes.append(f"fitted on chosen orders alone: {told['where']}")
    try:
        return Asked(name, FittedModel.of_dict(row["fitted"]), row["fit_id"], notes=tuple(notes))
    except (KeyError, TypeError, ValueError, TcakitError) as error:
        return Asked(name, None, row["fit_id"], f"what is stored of it cannot be read ({type(error).__name__})")


def _row(asked: Asked, facts: OrderFacts, setting: Setting, request: EstimateRequest) -> dict[str, Any]:
    """One model's answers, or why it has none."""
    names = ("mean_bps", "impact_bps", "spread_bps", "peak_bps", "permanent_bps", "timing_risk_bps")
    row: dict[str, Any] = {
        "name": asked.name,
        "fit_id": asked.fit_id,
        **dict.fromkeys((*names, "mean_ci", "order_ci", "cost", "cost_ci", "range", "rests_on")),
        "source": None,
        "outside": [],
        "notes": [],
        "reason": asked.reason,
    }
    if asked.fitted is None:
        return row
    fitted = asked.fitted
    row |= {
        "source": fitted.source,
        "rests_on": RESTS_ON.get(fitted.source, fitted.source) + (f"; {fitted.resting_on}" if asked.fit_id else ""),
        "range": {"source": fitted.range.source, "facts": {k: list(v) for k, v in fitted.range.facts.items()}},
        "params": dict(fitted.point().parameters),
    }
    if missing := missing_facts(fitted.point(), facts):
        row["reason"] = reason_of(missing)
        return row
    answer = pre_trade(fitted, facts, request.coverage)
    row |= {name: _number(getattr(answer, name)[0]) for name in names}
    row["mean_ci"] = _interval(answer.mean_low[0], answer.mean_high[0])
    row["order_ci"] = _interval(answer.order_low[0], answer.order_high[0])
    notional = setting.facts.price * request.quantity * setting.multiplier
    if not math.isnan(notional):
        row["cost"] = row["mean_bps"] * notional / 1e4
        row["cost_ci"] = None if row["mean_ci"] is None else [end * notional / 1e4 for end in row["mean_ci"]]
    row["outside"] = facts_outside(fitted, facts)
    row["notes"] = [*_row_notes(fitted, row), *asked.notes]
    return row


def reason_of(missing: Sequence[str]) -> str:
    """What is missing, and by which flags it is given.

    >>> reason_of(["volatility_daily"])
    'says nothing without daily volatility: give --volatility'
    """
    wanted = [_MISSING.get(name, (name, f"--{name}")) for name in missing]
    said, flags = " and ".join(what for what, _ in wanted), ", ".join(dict.fromkeys(flag for _, flag in wanted))
    return f"says nothing without {said}: give {flags}"


def _row_notes(fitted: FittedModel, row: dict[str, Any]) -> list[str]:
    """What must be known of one model's number."""
    notes = []
    if row["outside"]:
        notes.append(f"outside the orders it was fitted on: {', '.join(row['outside'])}")
    if fitted.source == TAPE_PROXY:
        notes.append("of everybody's flow the level of an order's impact is known as a range only: see the band")
    if row["mean_ci"] is None and fitted.source in (OWN_FILLS, TAPE_PROXY):
        notes.append("the fit kept no draws: how sure its mean is, is unknown")
    return notes


def _general_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What holds for all of them."""
    notes = []
    asked = [row for row in rows if row["mean_bps"] is not None]
    if any(row["source"] == PUBLISHED for row in asked):
        notes.append(
            "published parameters are other people's orders of another time: how far they are off for yours nobody "
            "knows, so they have no band of the mean; fit your own fills"
        )
    if any(row["order_ci"] is not None for row in asked):
        notes.append("the band of a single order is wide because the price moves anyway while it trades")
    if any(row["spread_bps"] is None for row in asked):
        notes.append("half the spread is unknown and in no mean: give --half-spread")
    elif any(row["source"] != OWN_FILLS for row in asked):
        notes.append("half a spread a share is in the mean, as taking pays; an order that rests pays less of it")
    return notes


def _number(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number


def _interval(low: Any, high: Any) -> list[float] | None:
    ends = [float(low), float(high)]
    return None if np.isnan(ends).any() else ends
