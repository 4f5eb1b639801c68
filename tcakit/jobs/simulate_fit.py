"""A stored day -> the parameters of a simulated market that behaves like it, as a file."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.simulator.calibration import fit_background
from tcakit.simulator.calibration_day import CalibrationDay, quotes_and_prints, recorded_day
from tcakit.simulator.calibration_feedback import SideLikelihood, side_likelihood, side_trades
from tcakit.simulator.calibration_impact import ImpactFit, fit_feedback
from tcakit.simulator.calibration_mood import fit_mood
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.market_parameters import MarketParameters, parameters_text, usual_world
from tcakit.simulator.metaorder_experiment import MetaorderImpact
from tcakit.store import market_data
from tcakit.store.database import Store

_QUOTES_LAG_NS = 50_000_000  # quotes may follow a print so much later and still show what it took
_SHOWN = (1, 4, 8, 16, 32, 64)


def simulate_fit(
    folder: Path,
    symbol: str,
    date: str | None = None,
    *,
    venue: str | None = None,
    out: Path | None = None,
    feedback: bool = True,
    starts: int = 3_000,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Fit the background flow of a stored day by counting, then the feedback; write the parameters to `out`.

    Without `feedback` the background alone. UsageError if the day is not stored, `out` is no .toml or cannot be
    written, or `starts` (simulated metaorders, the more the surer) are too few; DataError if the day has no order book,
    or too few events.
    """
    begun = time.perf_counter()
    if out is not None and out.suffix != ".toml":
        raise UsageError(f"{out} is no .toml", place="--out", remedy="give a file name that ends in .toml")
    if starts < 20:
        raise UsageError(f"{starts} simulated metaorders", place="--starts", remedy="give 20 or more")
    store = Store(folder, wait_s=wait_s)
    day = market_data.find_symbol_day(store, symbol, date, venue)
    recorded = _recorded(store, day)
    model, counted = fit_background(recorded)
    trades = side_trades(recorded, counted, model)
    sides = side_likelihood(trades)
    model = replace(model, mood=fit_mood(trades, counted.total_seconds))
    result: dict[str, Any] = {
        "symbol": symbol,
        "venue": day.instrument.venue,
        "date": day.date,
        "events": len(counted.found),
        "trades": sides.trades,
        "mean_spread_ticks": float((counted.spread_share * range(len(counted.spread_share))).sum()),
        "sides": _sides(sides),
    }
    if feedback:
        fitted = fit_feedback(model, sides, starts=starts, search_starts=max(10, starts // 8))
        model = replace(fitted.model, notes=(*model.notes, *_notes(fitted, sides)))
        result |= _impact(fitted)
    result["feedback"] = asdict(model.feedback)
    result["mood"] = asdict(model.mood)
    result["notes"] = list(model.notes)
    if out is not None:
        write_flow(model, out)
        result["file"] = str(out)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def _recorded(store: Store, day: market_data.SymbolDay) -> CalibrationDay:
    if any(content.startswith("book") for content in day.contents):
        return recorded_day(day.instrument, day.date, day.depth, market_data.book_events(store, day))
    if not {"quotes", "trades"} <= set(day.contents):
        raise DataError(
            f"{day.instrument.symbol} on {day.date} has only {', '.join(day.contents)}",
            remedy="a flow is fitted to an order book, or to quotes and trades: ingest them",
        )
    book = quotes_and_prints(market_data.quotes(store, day), market_data.trades(store, day))
    return recorded_day(day.instrument, day.date, 1, book, print_ns_apart=_QUOTES_LAG_NS)


def write_flow(model: FlowModel, path: Path) -> None:
    """Write the parameters, the folder made if need be. UsageError if that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(parameters_text(MarketParameters(model, usual_world(model))), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the parameters: {error}", place=str(path), remedy="choose another") from None


def _sides(sides: SideLikelihood) -> dict[str, Any]:
    if not sides.table:
        return {"best": None, "turns_against": False}
    names = ("tau_s", "beta", "strength", "log_likelihood_gain")
    return {
        "best": dict(zip(names, sides.best, strict=True)),
        "turns_against": sides.best_against is not None,
    }


def _impact(fitted: ImpactFit) -> dict[str, Any]:
    return {
        "impact": measured(fitted.reacting),
        "impact_of_background_alone": measured(fitted.alone),
        "tried": [
            {"strength": strength, "share_left": share, "exponent": exponent}
            for strength, share, exponent in fitted.tried
        ],
        "off_mean_field": fitted.off_mean_field,
        "round_trips": [asdict(trip) | {"loses": trip.loses} for trip in fitted.trips],
        "children_every_s": fitted.setting.every_s,
        "halved": fitted.halved,
    }


def measured(impact: MetaorderImpact) -> dict[str, Any]:
    """An experiment's outcome in plain numbers, rounded."""
    shown = [number for number in _SHOWN if number <= len(impact.children)]
    return {
        "exponent": round(impact.exponent, 3),
        "exponent_interval": [round(edge, 3) for edge in impact.exponent_interval],
        "decay": {str(number): [round(part, 3) for part in parts] for number, parts in impact.decay.items()},
        "ticks": {str(number): round(float(impact.impact[number - 1]), 4) for number in shown},
        "standard_error": {str(number): round(float(impact.standard_error[number - 1]), 4) for number in shown},
        "variance_cut": round(impact.variance_cut, 3),
        "metaorders": impact.starts,
    }


def _notes(fitted: ImpactFit, sides: SideLikelihood) -> list[str]:
    low, high = fitted.reacting.exponent_interval
    left = ", ".join(
        f"{ratio:.2f} ({least:.2f} to {most:.2f}) of {number}"
        for number, (ratio, least, most) in fitted.reacting.decay.items()
    )
    notes = [
        f"simulated metaorders move the price as their number of children to the power {fitted.reacting.exponent:.2f} "
        f"({low:.2f} to {high:.2f}), without the feedback {fitted.alone.exponent:.2f}; "
        f"at twice the duration is left {left}"
    ]
    if sides.best_against is None:
        notes.append(
            "trades of the day follow those before them, as children of metaorders do: their sides say nothing of the "
            "feedback, whose strength is chosen by the metaorder curve alone"
        )
    if not all(trip.loses for trip in fitted.trips):
        notes.append("some round trip does not surely lose: train nothing on this market")
    return notes
