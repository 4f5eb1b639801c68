"""What orders cost and what the model says they do, by what orders differ in: where it is wrong, it shows here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fit_impact import ImpactFit

MOST_BUCKETS, LEAST_ORDERS = 10, 25
_MOST_LABELS = 12
_SIDES = {1: "buy", -1: "sell"}


def residual_tables(fit: ImpactFit) -> dict[str, list[dict[str, Any]]]:
    """By size, participation, volatility, half spread, duration, further measures, side and labels: a list of buckets.

    Each has `bucket` or its ends `at_least` and `at_most`, `orders`, the means `realised_bps` and `predicted_bps`
    weighted as in the fit, their difference `residual_bps` with `se_bps` over days, and `z`, which is within 2 of zero
    in most buckets of a true model. Numbers are cut into tenths, fewer where a part would have under 25 orders.
    """
    sample = fit.sample
    columns = {
        "size": sample.facts.quantity_adv,
        "participation": sample.facts.participation,
        "volatility": sample.facts.volatility_daily,
        "half_spread": sample.facts.half_spread_bps,
        "duration": sample.facts.duration,
        **sample.measures,
    }
    out = {name: by_number(fit, values) for name, values in columns.items()}
    out["side"] = by_name(fit, np.array([_SIDES[int(side)] for side in sample.side], object))
    for name, labels in sample.labels.items():
        if name != "parent_id":
            out[name] = by_name(fit, labels)
    return {name: rows for name, rows in out.items() if len(rows) > 1}


def by_number(fit: ImpactFit, values: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Buckets of equal count of a column of numbers; unknown ones in a bucket of their own."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known) or values[known].min() == values[known].max():
        return []
    many = int(np.clip(len(known) // LEAST_ORDERS, 2, MOST_BUCKETS))
    cuts = np.unique(np.quantile(values[known], np.linspace(0.0, 1.0, many + 1)))
    place = np.clip(np.searchsorted(cuts, values[known], side="right") - 1, 0, len(cuts) - 2)
    rows = []
    for number in range(len(cuts) - 1):
        mine = known[place == number]
        if len(mine):
            ends = {"at_least": float(values[mine].min()), "at_most": float(values[mine].max())}
            rows.append({**ends, **_bucket(fit, mine)})
    unknown = np.flatnonzero(np.isnan(values))
    return rows + ([{"bucket": "unknown", **_bucket(fit, unknown)}] if len(unknown) else [])


def by_name(fit: ImpactFit, labels: NDArray[Any]) -> list[dict[str, Any]]:
    """A bucket a label, the most frequent first; beyond twelve they are told together."""
    names = np.array(["unknown" if label is None else str(label) for label in labels])
    held, counts = np.unique(names, return_counts=True)
    held = held[np.argsort(-counts, kind="stable")]
    rows = [{"bucket": str(name), **_bucket(fit, np.flatnonzero(names == name))} for name in held[:_MOST_LABELS]]
    rest = np.flatnonzero(~np.isin(names, held[:_MOST_LABELS]))
    return rows + ([{"bucket": "all others", **_bucket(fit, rest)}] if len(rest) else [])


def _bucket(fit: ImpactFit, rows: NDArray[np.int64]) -> dict[str, Any]:
    sample = fit.sample
    weights = 1.0 / sample.noise_bps[rows] ** 2
    realised = float(np.average(sample.cost_bps[rows], weights=weights))
    predicted = float(np.average(fit.predicted_bps[rows], weights=weights))
    scale = 1.0 / sample.noise_bps[rows]
    found = clustered_regression(scale[:, None], fit.surprises[rows], sample.day[rows])
    error = float(found.errors[0])
    return {
        "orders": len(rows),
        "realised_bps": realised,
        "predicted_bps": predicted,
        "residual_bps": realised - predicted,
        "se_bps": error,
        "z": (realised - predicted) / error if error > 0.0 else float("nan"),
    }
