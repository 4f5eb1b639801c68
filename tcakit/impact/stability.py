"""Whether impact was the same all along, and when it changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fit_impact import ImpactFit
from tcakit.impact.impact_level import LevelColumns

_MOST_WINDOWS, _LEAST_DAYS = 12, 5


def level_by_window(fit: ImpactFit) -> list[dict[str, Any]]:
    """Impact in stretches of days as a multiple of the fitted one, with its error over days.

    Up to twelve stretches of at least five days each; exponents and half spreads stay the fit's.
    """
    columns, sample = LevelColumns.of(fit), fit.sample
    held, place = np.unique(sample.day, return_inverse=True)
    many = int(np.clip(len(held) // _LEAST_DAYS, 1, _MOST_WINDOWS))
    window = np.minimum(place * many // len(held), many - 1)
    rows = []
    for number in range(many):
        mine = window == number
        found = clustered_regression(columns.impact[mine][:, None], columns.cost[mine], sample.day[mine])
        level, error = float(found.coefficients[0]), float(found.errors[0])
        days = sample.day[mine]
        rows.append(
            {
                "date_from": sample.days[days.min()],
                "date_to": sample.days[days.max()],
                "orders": int(mine.sum()),
                "level": level,
                "se": error,
                "ci": [level - 1.96 * error, level + 1.96 * error],
            }
        )
    return rows


def drift_of_level(fit: ImpactFit) -> dict[str, Any]:
    """Whether the level wandered: the largest sum of scores up to a day, against a Brownian bridge's.

    `p_value` small says that impact changed, most likely at `date`: before it, impact was above the fitted level where
    `before` is "higher", else below. Brown, Durbin and Evans (1975), days being the steps. `path` has the sums by day.
    """
    from scipy.stats import kstwobign

    columns, sample = LevelColumns.of(fit), fit.sample
    _, place = np.unique(sample.day, return_inverse=True)
    level = columns.level
    if not np.isfinite(level):
        return {"p_value": None, "date": None, "before": None, "path": []}
    scores = np.bincount(place, weights=columns.impact * (columns.cost - level * columns.impact))
    scale = float(np.sqrt(scores @ scores))
    path = np.cumsum(scores) / scale if scale > 0.0 else np.zeros(len(scores))
    at = int(np.argmax(np.abs(path)))
    held = np.unique(sample.day)
    return {
        "p_value": float(kstwobign.sf(abs(path[at]))),
        "date": sample.days[held[at]],
        "before": "higher" if path[at] > 0.0 else "lower",
        "path": [[sample.days[day], float(value)] for day, value in zip(held, path, strict=True)],
    }
