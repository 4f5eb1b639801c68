"""Fits that rest on the market's own data, made for the command line and kept in the store."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.impact.fitted import TAPE_PROXY, FittedModel
from tcakit.impact.own_level import drawn_to_own, own_level
from tcakit.jobs.backtest_run import versions
from tcakit.jobs.fit_impact import check_page, finite
from tcakit.jobs.fit_profiles import fit_spread, fit_volatility, fit_volume
from tcakit.jobs.fit_sample import own_sample
from tcakit.jobs.fit_tape import VIEWS, fit_tape, fitted_of
from tcakit.jobs.report import write_whole
from tcakit.jobs.tape import chosen_days
from tcakit.store.database import Store
from tcakit.store.fits import put_fit

PROFILES = {"volume": fit_volume, "spread": fit_spread, "volatility": fit_volatility}
FROM_TAPE = "tape"


@dataclass(frozen=True, slots=True)
class TapeFitRequest:
    """Which symbols (none: all) and days; `bin_s` is the width of a profile's bins, `dry_run` stores nothing, `out` is
    a page, FILE.html, or the numbers, FILE.json."""

    symbols: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None
    bin_s: float = 300.0
    dry_run: bool = False
    out: Path | None = None


def fit_tape_impact(folder: Path, request: TapeFitRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """Fit impact to each symbol's tape and keep it: `fits` has one JSON-able entry a symbol (see `fit_tape`), each with
    `model`, `params` (the level as a range) and `fit_id`, None where the tape gave no model."""
    check_page(request.out)
    store = Store(folder, wait_s=wait_s)
    result = fit_tape(store, request.symbols or None, _dates(store, request))
    fits = [_tape_fit(store, request, entry) for entry in result.pop("symbols")]
    told: dict[str, Any] = finite({"fits": fits, "stored": not request.dry_run, **result})
    if request.out is not None:
        _write(request.out, told)
        told["out"] = str(request.out)
    return told


def fit_profile(folder: Path, kind: str, request: TapeFitRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """Fit how volume, spread or volatility (`PROFILES`) goes through the day, for each symbol, and keep it."""
    begun = time.perf_counter()
    store = Store(folder, wait_s=wait_s)
    dates = _dates(store, request)
    symbols = request.symbols or tuple(dict.fromkeys(day.instrument.symbol for day in chosen_days(store, None, dates)))
    fits = []
    for symbol in symbols:
        found = finite(PROFILES[kind](store, symbol, dates, bin_s=request.bin_s))
        params = {name: {"value": value, "se": None, "ci": None} for name, value in found["params"].items()}
        kept = {"model": found["model"], "params": found["params"], "profile": found["profile"], "unit": found["unit"]}
        fit_id = _keep(store, request, kind, symbol, FROM_TAPE, found["model"], found["dates"], kept, found)
        fits.append(found | {"params": params, "fit_id": fit_id, "source": FROM_TAPE})
    seconds = round(time.perf_counter() - begun, 3)
    return {"kind": kind, "fits": fits, "stored": not request.dry_run, "seconds": seconds}


def _dates(store: Store, request: TapeFitRequest) -> Sequence[str] | None:
    if request.date_from is None and request.date_to is None:
        return None
    first, last = request.date_from or "", request.date_to or "9999"
    return [date for date in store.dates() if first <= date <= last]


def _tape_fit(store: Store, request: TapeFitRequest, entry: dict[str, Any]) -> dict[str, Any]:
    """One symbol's entry for the command line: its model, and all views as diagnostics."""
    told = entry["model"]
    diagnostics = {name: entry[name] for name in VIEWS}
    out = {
        **{name: entry[name] for name in ("symbol", "source", "dates", "caveats")},
        "model": None,
        "params": {},
        "fit_id": None,
        "rests_on": None,
        "own_orders": None,
        "diagnostics": diagnostics,
    }
    if told is None:
        return out
    level = told["level"]
    fitted, out["own_orders"] = _with_own(store, entry, fitted_of(entry), level)
    params: dict[str, dict[str, Any]] = {
        name: {"value": value, "se": fitted.standard_error(name), "ci": list(fitted.interval(name))}
        for name, value in zip(fitted.names, fitted.values, strict=True)
    }
    if "level" not in out["own_orders"]:
        params[level]["range"] = told["level_range"]
    fit_id = _keep(
        store, request, "impact", entry["symbol"], TAPE_PROXY, fitted.model, entry["dates"], fitted.as_dict(), out
    )
    return out | {"model": fitted.model, "params": params, "rests_on": fitted.resting_on, "fit_id": fit_id}


def _with_own(
    store: Store, entry: Mapping[str, Any], tape: FittedModel, level: str
) -> tuple[FittedModel, dict[str, Any]]:
    """The tape's model, its level drawn to that of own orders of the symbol; and what these said, or why nothing."""
    try:
        # No order of a later day than the tape's last: the fit is asked as if it were known then.
        orders = own_sample(store, symbol=entry["symbol"], date_to=max(entry["dates"]))
        own = own_level(tape, level, orders.sample)
        fitted, weight = drawn_to_own(tape, level, own)
    except (DataError, UsageError) as error:
        return tape, {"weight": 0.0, "reason": error.message}
    told = {"weight": weight, "level": own.level, "error": own.error, "orders": own.orders, "days": own.days}
    resting_on = f"{tape.resting_on}; the level also on {own.orders} own orders of {own.days} days"
    return replace(fitted, resting_on=resting_on), told


def _keep(
    store: Store,
    request: TapeFitRequest,
    kind: str,
    symbol: str,
    source: str,
    model: str,
    dates: Sequence[str],
    fitted: Mapping[str, Any],
    diagnostics: Mapping[str, Any],
) -> str:
    """Store one fit unless it is a dry run; gives its id: of what it rests on and how it was made."""
    keys = sorted({key for day in chosen_days(store, [symbol], dates) for key in day.data_keys})
    # Own orders are part of what a tape's level rests on.
    facts = [kind, symbol, source, keys, list(dates), request.bin_s, diagnostics.get("own_orders"), versions()]
    fit_id = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    if request.dry_run:
        return fit_id
    row = {
        "fit_id": fit_id,
        "kind": kind,
        "model": model,
        "source": source,
        "symbol": symbol,
        "date_from": min(dates),
        "date_to": max(dates),
        "created_ns": time.time_ns(),
        "fitted": finite(fitted),
        "diagnostics": finite(diagnostics),
        "data_keys": keys,
        "versions": versions(),
    }
    with store.writer("fit"):
        put_fit(store, row)
    return fit_id


def _write(out: Path, told: dict[str, Any]) -> None:
    if out.suffix.lower() == ".json":
        write_whole(out, json.dumps(told, indent=1, default=str))
        return
    from tcakit.report.tape_page import render_tape

    write_whole(out, render_tape(told))
