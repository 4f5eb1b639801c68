"""Fit an impact model to the firm's own parents and fills, judge it, and keep it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.impact.clustered import clustered_regression
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fit_diagnostics import diagnose
from tcakit.impact.fit_forms import LADDER
from tcakit.impact.fit_impact import DRAWS, HALF_SPREADS, ImpactFit, fit_impact, prepared
from tcakit.impact.fit_ladder import best_of, fit_ladder
from tcakit.impact.fitted import OWN_FILLS
from tcakit.impact.nonparametric import nonparametric_rows, require_learners
from tcakit.impact.sample import FittingSample
from tcakit.impact.sufficiency import knows_half_spreads
from tcakit.jobs.backtest_run import versions
from tcakit.jobs.fit_sample import OwnSample, own_sample
from tcakit.jobs.report import write_whole
from tcakit.jobs.symbol_facts import LOOKBACK_DAYS
from tcakit.store.database import Store
from tcakit.store.fits import put_fit

WHOLE_LADDER = "ladder"
_FORMATS = (".html", ".json")
_BINS = 10


@dataclass(frozen=True, slots=True)
class FitImpactRequest:
    """Which parents, which model (`fit_forms.LADDER`, or "ladder" for the best of them on held-out days), and how sure.

    `where` is as of `backtest_orders.parse_where`; `exponent` holds that of the power law, `half_spreads` how many of
    them are paid; `dry_run` stores nothing; `nonparametric` tries models without a law on what the model leaves; `out`
    is the page, FILE.html, or the numbers, FILE.json.
    """

    symbol: str | None = None
    date_from: str | None = None
    date_to: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: str = "power-law"
    draws: int = DRAWS
    seed: int = 0
    exponent: float | None = None
    half_spreads: float | None = None
    lookback_days: int = LOOKBACK_DAYS
    dry_run: bool = False
    nonparametric: bool = False
    out: Path | None = None


def fit_own_impact(folder: Path, request: FitImpactRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """Fit, judge and store; gives the numbers of the page. DataError says what is missing and how much is needed."""
    begun = time.perf_counter()
    known = (*LADDER, WHOLE_LADDER)
    if request.model not in known:
        raise UsageError(f"{request.model!r} cannot be fitted", place="--model", remedy=f"known are {', '.join(known)}")
    if request.exponent is not None and request.model != "power-law":
        raise UsageError(
            f"--exponent with --model {request.model}", place="--exponent", remedy="it holds that of power-law only"
        )
    check_page(request.out)
    if request.nonparametric:
        require_learners()
    store = Store(folder, wait_s=wait_s)
    own = own_sample(
        store,
        symbol=request.symbol,
        date_from=request.date_from,
        date_to=request.date_to,
        where=request.where,
        lookback_days=request.lookback_days,
    )
    fit, ladder = _fitted(own.sample, request)
    held: tuple[str, ...] = ()
    if request.half_spreads is None and not knows_half_spreads(fit):
        low, high = fit.interval(HALF_SPREADS)
        fit, ladder = _fitted(own.sample, replace(request, half_spreads=1.0))
        held = (
            f"these orders do not tell how many half spreads are paid ({low:.1f} to {high:.1f}): held at 1, as orders "
            "that take pay it; --half-spreads holds another number",
        )
    result: dict[str, Any] = finite(_result(request, own, fit, ladder, held))
    if not request.dry_run:
        _keep(store, own, fit, result)
    if request.out is not None:
        _write(request.out, fit, result)
        result["out"] = str(request.out)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def check_page(out: Path | None) -> None:
    """Refuse a page of a kind that there is not, before anything is fitted for it."""
    if out is not None and out.suffix.lower() not in _FORMATS:
        raise UsageError(
            f"{out.suffix or 'no suffix'} is no kind of page",
            place="--out",
            remedy=f"give a file that ends in {' or '.join(_FORMATS)}",
        )


def _fitted(sample: FittingSample, request: FitImpactRequest) -> tuple[ImpactFit, list[dict[str, Any]]]:
    """The model that is asked for, and the ladder of all models on the same orders."""
    kept, half_spread = prepared(sample, request.half_spreads)
    ladder = fit_ladder(kept, half_spread, request.draws, request.seed, request.half_spreads or 0.0)
    fit = fit_impact(
        sample,
        best_of(ladder) if request.model == WHOLE_LADDER else request.model,
        draws=request.draws,
        seed=request.seed,
        exponent=request.exponent,
        half_spreads=request.half_spreads,
    )
    return fit, ladder


def _result(
    request: FitImpactRequest,
    own: OwnSample,
    fit: ImpactFit,
    ladder: list[dict[str, Any]],
    held: tuple[str, ...],
) -> dict[str, Any]:
    """Everything that is printed and stored, JSON-able."""
    sample = fit.sample
    days = np.unique(sample.day)
    symbols = sorted({sample.symbols[place] for place in sample.symbol})
    facts: list[Any] = [own.run_id, request.symbol, request.date_from, request.date_to, sorted(request.where.items())]
    facts += [request.model, request.draws, request.seed, request.exponent, request.half_spreads]
    facts += [request.lookback_days, request.nonparametric, versions()]
    notes = [*own.notes, *held, *fit.notes]
    if request.model == WHOLE_LADDER:
        notes.append(f"the best of {len(ladder)} models on held-out days: the best of several looks better than it is")
    diagnostics = diagnose(fit, ladder, request.draws, request.seed)
    if request.nonparametric:
        diagnostics |= judged_without_law(fit, diagnostics["warnings"], request.draws, request.seed)
    return {
        "fit_id": hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16],
        "model": fit.form.model,
        "source": OWN_FILLS,
        "symbol": symbols[0] if len(symbols) == 1 else None,
        "symbols": symbols,
        "where": {name: list(values) for name, values in request.where.items()},
        "date_from": sample.days[days[0]],
        "date_to": sample.days[days[-1]],
        "orders": len(sample),
        "days": len(days),
        "excluded": dict(sorted(sample.excluded.items(), key=lambda item: -item[1])),
        "params": fit.parameters(),
        "fixed": dict(fit.form.fixed) | ({} if fit.problem.half_spread else {"half_spreads": fit.problem.held}),
        "draws": request.draws,
        "seed": request.seed,
        "diagnostics": diagnostics,
        "notes": notes,
        "stored": not request.dry_run,
    }


def judged_without_law(fit: ImpactFit, warnings: list[str], draws: int, seed: int) -> dict[str, Any]:
    """Whether a model without a law says held-out days better; the warnings so far with one for each that does."""
    rows = nonparametric_rows(fit, draws, seed)
    won = [
        f"{row['model']} says held-out days better than {fit.form.model} (error {row['skill']['skill']:.1%} lower): "
        "the law misses something that the tables of residuals should show"
        for row in rows
        if row["wins"]
    ]
    return {"nonparametric": rows, "warnings": [*warnings, *won]}


def _keep(store: Store, own: OwnSample, fit: ImpactFit, result: Mapping[str, Any]) -> None:
    named = ("params", "orders", "days", "symbols", "where", "excluded", "diagnostics", "notes")
    told = {name: result[name] for name in named}
    row = {
        "fit_id": result["fit_id"],
        "kind": "impact",
        "model": result["model"],
        "source": result["source"],
        "symbol": result["symbol"],
        "date_from": result["date_from"],
        "date_to": result["date_to"],
        "created_ns": time.time_ns(),
        "fitted": fit.fitted.as_dict(),
        "diagnostics": told,
        "data_keys": list(own.data_keys),
        "versions": versions(),
    }
    with store.writer("fit"):
        put_fit(store, row)


def finite(value: Any) -> Any:
    """The value with None in place of numbers that JSON does not know.

    >>> finite({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _write(out: Path, fit: ImpactFit, result: Mapping[str, Any]) -> None:
    if out.suffix.lower() == ".json":
        write_whole(out, json.dumps(result, indent=1, default=str))
        return
    from tcakit.report.fit_page import render_fit

    write_whole(out, render_fit(dict(result), curve_of(fit)))


def curve_of(fit: ImpactFit) -> dict[str, Any]:
    """What a typical order costs by size, in daily volatilities, for a chart: half spreads apart.

    `curve_size`, `curve`, `curve_low` and `curve_high` are the model's with its 95 % band, for an order of the median
    participation, volatility and price; `bins` are means of the orders themselves, weighted as in the fit, with
    intervals over days.
    """
    sample = fit.sample
    facts = sample.facts
    sizes = np.geomspace(facts.quantity_adv.min(), facts.quantity_adv.max(), 60)
    median = {item.name: np.full(60, np.median(getattr(facts, item.name))) for item in fields(OrderFacts)}
    rate = float(np.median(facts.participation))
    median |= {"quantity_adv": sizes, "participation": np.full(60, rate), "duration": sizes / rate}
    typical = OrderFacts(**median | {"half_spread_bps": np.zeros(60)})
    low, high = fit.fitted.mean_band(typical)
    scale = 1e4 * float(np.median(facts.volatility_daily))
    return {
        "curve_size": sizes.tolist(),
        "curve": (fit.fitted.cost_bps(typical) / scale).tolist(),
        "curve_low": finite((low / scale).tolist()),
        "curve_high": finite((high / scale).tolist()),
        "bins": finite(_bins(fit)),
    }


def _bins(fit: ImpactFit) -> list[dict[str, Any]]:
    sample = fit.sample
    paid = fit.fitted.half_spreads * sample.facts.half_spread_bps if fit.fitted.half_spreads else 0.0
    size, risk = sample.facts.quantity_adv, 1e4 * sample.facts.volatility_daily
    place = np.argsort(np.argsort(size, kind="stable")) * _BINS // len(sample)
    rows = []
    for number in range(_BINS):
        mine = place == number
        scale = (risk / sample.noise_bps)[mine]
        cost = ((sample.cost_bps - paid) / risk)[mine]
        found = clustered_regression(scale[:, None], cost * scale, sample.day[mine])
        mean, error = float(found.coefficients[0]), float(found.errors[0])
        middle = float(np.exp(np.mean(np.log(size[mine]))))
        rows.append({"size": middle, "mean": mean, "reach": 1.96 * error, "orders": int(mine.sum())})
    return rows
