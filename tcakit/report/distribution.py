"""How the costs of single orders spread: a mean hides whether one order or all of them were dear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.report.groups import Row

MEASURE = "arrival_bps_of_executed"
TAIL = 0.01
EXTREMES = 10
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_BINS = 60


def distribution(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Cost against arrival of the orders (bps of executed), raw and winsorised at 1 % and 99 %; None without a cost.

    `raw` and `winsorised` have n, mean, median, deviation and a histogram (`edges`, one more than `counts`); here each
    order counts the same, so that these means differ from the report's ratios of sums. `quantiles` are of the raw
    costs; `worst` and `best` name up to ten orders each, dearest and cheapest first. Of one currency.
    """
    costed = [row for row in rows if row[MEASURE] is not None]
    if not costed:
        return None
    values = np.array([row[MEASURE] for row in costed], np.float64)
    low, high = np.quantile(values, [TAIL, 1.0 - TAIL])
    ranked = sorted(costed, key=lambda row: (-row[MEASURE], row["parent_id"]))
    return {
        "measure": MEASURE,
        "raw": _described(values),
        "winsorised": _described(np.clip(values, low, high)),
        "winsorised_at": [float(low), float(high)],
        "quantiles": [
            {"share": share, "value": float(value)}
            for share, value in zip(_QUANTILES, np.quantile(values, _QUANTILES), strict=True)
        ],
        "worst": [_named(row) for row in ranked[:EXTREMES]],
        "best": [_named(row) for row in ranked[::-1][:EXTREMES]],
    }


def _described(values: NDArray[np.float64]) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=min(_MOST_BINS, max(5, math.ceil(math.sqrt(values.size)))))
    return {
        "n": int(values.size),
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "deviation": float(values.std(ddof=1)) if values.size > 1 else None,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }


def _named(row: Row) -> dict[str, Any]:
    return {
        "parent_id": row["parent_id"],
        "symbol": row["symbol"],
        "side": row["side"],
        "algo": row["algo"],
        "broker": row["broker"],
        "value": row[MEASURE],
        "cost": row["trading_cost"],
    }
