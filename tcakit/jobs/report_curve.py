"""What the model that a report's orders were estimated by expects of an order like them that takes more or less."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.pre_trade import asked_by_hand, pre_trade
from tcakit.jobs.estimate import asked_of_fit
from tcakit.market.numbers import known
from tcakit.report.wording import NO_CURRENCY
from tcakit.store.database import Store
from tcakit.store.fits import fits

_PARTICIPATION = np.concatenate([np.arange(0.0025, 0.02, 0.0025), np.arange(0.02, 0.6, 0.01)])
_FACTS = ("duration", "volatility_daily", "half_spread_bps")


def impact_curves(
    store: Store, estimates: pl.DataFrame, tca_parents: pl.DataFrame, before: pl.DataFrame, currency: str | None
) -> list[dict[str, Any]]:
    """A curve a currency (one for all where `currency` is the report's): cost against participation by the first model
    that estimated any of its orders.

    A curve has currency, model, source, fit_id, the medians it is drawn at (`duration` in days' volumes,
    volatility_daily, half_spread_bps) over `orders`, `fitted_on` in words, and `points` with participation, mean_bps,
    low_bps, high_bps (None where nothing is known of the error) and `outside`: whether such an order lies outside those
    the model was fitted on. An order that takes more in the same time is larger. `estimates`, `tca_parents` and
    `before` (adv_shares, volatility_daily, half_spread_bps by parent_id) are the report's own.
    """
    names = [name for name in ("adv_shares", *_FACTS[1:]) if name in before.columns]
    orders = tca_parents.join(before.select("parent_id", *names), on="parent_id", how="left", maintain_order="left")
    if "adv_shares" not in names:
        return []
    orders = orders.with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in _FACTS[1:] if name not in names
    ).with_columns(duration=pl.col("filled_shares") / pl.col("adv_shares") / pl.col("participation"))
    found = []
    for own in orders["currency"].unique(maintain_order=True).to_list() if currency is None else [currency]:
        mine = orders if currency is not None else orders.filter(pl.col("currency").eq_missing(pl.lit(own, pl.String)))
        mine = mine.filter(pl.col("duration").is_finite() & (pl.col("duration") > 0))
        asked = estimates.filter(
            pl.col("mean_bps").is_not_null(), pl.col("parent_id").is_in(mine["parent_id"].to_list())
        )
        if not asked.height:
            continue
        model, fit_id, source = asked.row(0, named=True), asked["fit_id"][0], asked["source"][0]
        fitted = _fitted(store, model["model"], fit_id)
        if fitted is None:
            continue
        middle = {name: known(mine[name].cast(pl.Float64).fill_nan(None).median()) for name in _FACTS}  # type: ignore[arg-type]
        curve = _points(fitted, middle)
        if curve:
            found.append(
                {"currency": own or NO_CURRENCY, "model": model["model"], "source": source, "fit_id": fit_id, **middle,
                 "orders": mine.height, "fitted_on": str(fitted.range), "points": curve}
            )  # fmt: skip
    return found


def _fitted(store: Store, model: str, fit_id: str | None) -> FittedModel | None:
    if fit_id is None:
        return asked_by_hand(model).fitted
    return next((asked_of_fit(row).fitted for row in fits(store, "impact") if row["fit_id"] == fit_id), None)


def _points(fitted: FittedModel, middle: dict[str, float | None]) -> list[dict[str, Any]]:
    """What the model says along participation, of an order that lasts and meets what the median one does."""
    duration, volatility, spread = (
        np.nan if number is None else number for number in (middle[name] for name in _FACTS)
    )
    facts = OrderFacts.of(
        quantity_adv=_PARTICIPATION * duration,
        participation=_PARTICIPATION,
        volatility_daily=volatility,
        half_spread_bps=spread,
    )
    told = pre_trade(fitted, facts)
    columns = (told.mean_bps, told.mean_low, told.mean_high)
    return [
        {
            "participation": float(share),
            **{
                name: known(float(values[place]))
                for name, values in zip(("mean_bps", "low_bps", "high_bps"), columns, strict=True)
            },
            "outside": bool(told.outside[place]),
        }
        for place, share in enumerate(_PARTICIPATION)
        if np.isfinite(told.mean_bps[place])
    ]
