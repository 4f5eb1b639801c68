"""What stored parent orders should have cost, by models that were known before their days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.pre_trade import Asked, asked_by_hand, missing_facts, pre_trade, published_models
from tcakit.jobs.estimate import asked_of_fit, fits_known_of, reason_of
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.order_setting import OrderSettings, Setting, SettingRequest
from tcakit.market.schema import ESTIMATES
from tcakit.store.database import Store
from tcakit.store.fits import fits

_FACTS = ("quantity_adv", "volatility_daily", "duration", "half_spread_bps", "shares_outstanding_adv", "price")
_SCHEMA = {name: kind for name, kind in ESTIMATES.polars_schema().items() if name not in ("run_id", "made_from")}
_NO_VOLUME = "average daily volume is unknown: no whole day of the symbol with its volume is stored before its own"


def estimate_parents(
    store: Store, parents: pl.DataFrame, models: Sequence[str] | None = None, coverage: float = 0.95
) -> pl.DataFrame:
    """A row for each parent and model: the columns of the table `estimates` but the run.

    Costs are bps of arrival, null with a `reason` where a model cannot be asked. `parents` are rows of the table of
    that name. Models are those named, else all published ones and, for each parent, the stored fits that rest on days
    before its own. How long a parent trades is the share of the day's volume that the curve of earlier days expects
    from its arrival to its end.
    """
    told, facts = facts_of_parents(store, parents)
    named = published_models() if models is None else [asked_by_hand(text) for text in models]
    questions = [(asked, np.arange(parents.height)) for asked in named]
    if models is None:
        questions = [*_fits_to_ask(store, parents), *questions]
    frames = [
        _answers(asked.name, asked.fit_id, asked.fitted, rows, parents, told, facts, coverage)
        for asked, rows in questions
        if asked.fitted is not None
    ]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *frames])


def estimate_orders(folder: Path, models: Sequence[str] = (), coverage: float = 0.95) -> dict[str, Any]:
    """The firm's stored parents estimated: `orders`, a row for each parent and model, and `models`, a summary of each.

    Raises UsageError where no blotter is stored.
    """
    store = Store(folder)
    blotter = load_blotter(store)
    rows = estimate_parents(store, blotter.parents, models or None, coverage)
    summary = rows.group_by("model", "fit_id", "source", maintain_order=True).agg(
        pl.len().alias("orders"),
        pl.col("mean_bps").count().alias("answered"),
        pl.col("mean_bps").mean(),
        pl.col("mean_bps").median().alias("median_bps"),
        pl.col("outside").sum(),
    )
    notes = list(blotter.notes)
    unknown = rows.filter(pl.col("reason") == _NO_VOLUME)["parent_id"].n_unique()
    if unknown:
        notes.append(f"average daily volume is not known for {unknown} of {blotter.parents.height} parents")
    notes.append("means are over orders, each counting the same; half a spread a share is in them where it is known")
    return {"orders": rows.to_dicts(), "models": summary.to_dicts(), "coverage": coverage, "notes": notes}


def facts_of_parents(store: Store, parents: pl.DataFrame) -> tuple[NDArray[np.int64], OrderFacts]:
    """The rows of parents whose volume is known, int64, and the facts of these, from days before each; NaN where
    unknown."""
    settings = OrderSettings(store)
    held: dict[tuple[str, str, str | None], Setting] = {}
    told: list[int] = []
    facts: list[dict[str, float]] = []
    for at, row in enumerate(parents.iter_rows(named=True)):
        key = row["symbol"], row["date"], row["venue"]
        if key not in held:
            held[key] = settings.of(SettingRequest(*key))
        if not math.isnan(held[key].facts.adv_shares):
            told.append(at)
            facts.append(_facts_of(row, held[key]))
    columns = {name: np.array([fact[name] for fact in facts], np.float64) for name in _FACTS}
    return np.array(told, np.int64), OrderFacts.of(**columns)


def _facts_of(row: dict[str, Any], setting: Setting) -> dict[str, float]:
    known = setting.facts
    size = row["quantity"] / row["size_scale"] / known.adv_shares
    duration = math.nan
    if row["end_ns"] is not None:
        duration = setting.volume_share(row["arrival_ns"], row["end_ns"])
    return {
        "quantity_adv": size,
        "volatility_daily": known.volatility_daily,
        # An order of more than all that is expected to trade has no participation.
        "duration": duration if duration >= size and duration > 0.0 else math.nan,
        "half_spread_bps": known.half_spread_bps,
        "shares_outstanding_adv": known.shares_outstanding / known.adv_shares,
        "price": known.price,
    }


def _fits_to_ask(store: Store, parents: pl.DataFrame) -> list[tuple[Asked, NDArray[np.int64]]]:
    """Each stored fit with the rows of the parents before whose day it was known."""
    held = fits(store, "impact")
    fit_rows: dict[str, dict[str, Any]] = {}
    parents_of: dict[str, list[int]] = {}
    for at, (symbol, date) in enumerate(parents.select("symbol", "date").iter_rows()):
        for row in fits_known_of(held, symbol, date):
            fit_rows[row["fit_id"]] = row
            parents_of.setdefault(row["fit_id"], []).append(at)
    return [(asked_of_fit(fit_rows[fit_id]), np.array(rows, np.int64)) for fit_id, rows in parents_of.items()]


def _answers(
    name: str,
    fit_id: str | None,
    fitted: FittedModel,
    rows: NDArray[np.int64],
    parents: pl.DataFrame,
    told: NDArray[np.int64],
    facts: OrderFacts,
    coverage: float,
) -> pl.DataFrame:
    """A model's answers for some rows of parents; null for those whose facts are not told."""
    places = np.flatnonzero(np.isin(told, rows))
    answer = pre_trade(fitted, facts.take(places), coverage)
    at = np.searchsorted(rows, told[places])

    def each(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.full(rows.size, np.nan)
        out[at] = values
        return out

    outside = np.zeros(rows.size, np.bool_)
    outside[at] = answer.outside
    reasons: list[str | None] = [_NO_VOLUME] * rows.size
    model = fitted.point()
    for known, place, row in zip(answer.known.tolist(), places.tolist(), at.tolist(), strict=True):
        reasons[row] = None if known else reason_of(missing_facts(model, facts, place))
    return pl.DataFrame(
        {
            "parent_id": parents["parent_id"].gather(rows),
            "model": [name] * rows.size,
            "fit_id": [fit_id] * rows.size,
            "source": [fitted.source] * rows.size,
            "mean_bps": each(answer.mean_bps),
            "mean_low_bps": each(answer.mean_low),
            "mean_high_bps": each(answer.mean_high),
            "order_low_bps": each(answer.order_low),
            "order_high_bps": each(answer.order_high),
            "outside": outside,
            "reason": reasons,
        },
        schema=_SCHEMA,
    ).with_columns(pl.selectors.float().fill_nan(None))
