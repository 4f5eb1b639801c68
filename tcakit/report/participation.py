"""Cost against participation: do orders that took more of the market's volume pay more, and as the model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tcakit.market.numbers import known
from tcakit.report.groups import Row
from tcakit.tca.inference import bootstrap_ratio

BINS = 10
_FEWEST_A_BIN = 5
_BEYOND = 1.1  # how far beyond the orders the curve is drawn


def cost_by_participation(
    rows: Sequence[Row], estimates: Sequence[Mapping[str, Any]], curves: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Groups of equal number of orders by participation, and what was estimated for the same orders before trading.

    `bins` have low, high and mean of participation (fractions), cost against arrival in bps of executed as a ratio of
    sums with its 95 % interval, n, and `estimated_bps` over the `estimated_n` orders that have one, weighted alike.
    `model` names whose estimates these are: the first of the summary's `estimates` with points, None where there is
    none. `curve` is what that model expects of an order of median length along participation (one of `curves`), its
    points as far as orders went, with `outside` where such an order is none the model was fitted on. `orders` are
    those that have both figures, `left_out` the others. Of one currency.
    """
    # Money is unknown where there is no rate for it, though its basis points are not.
    usable = [row for row in rows if row["participation"] is not None and row["trading_cost"] is not None]
    usable = [row for row in usable if row["executed_notional"] and row["arrival_bps_of_executed"] is not None]
    usable.sort(key=lambda row: (row["participation"], row["parent_id"]))
    own = {row["parent_id"] for row in usable}
    model, estimated = None, {}
    for held in estimates:
        points = {point["parent_id"]: point["mean_bps"] for point in held["points"] if point["parent_id"] in own}
        if points:
            model, estimated = f"{held['model']} ({held['source']})", points
            break
    count = min(BINS, len(usable) // _FEWEST_A_BIN)
    parts = np.array_split(np.arange(len(usable)), count) if count else []
    return {
        "model": model,
        "orders": len(usable),
        "left_out": len(rows) - len(usable),
        "curve": _curve(curves, model, usable),
        "bins": [_bin([usable[place] for place in part], estimated) for part in parts],
    }


def _curve(curves: Sequence[Mapping[str, Any]], model: str | None, rows: Sequence[Row]) -> dict[str, Any] | None:
    """The curve of that model, up to the orders that took most; None where there is none."""
    for held in curves:
        if model == f"{held['model']} ({held['source']})" and rows:
            most = rows[-1]["participation"] * _BEYOND
            points = [point for point in held["points"] if point["participation"] <= most]
            return {**held, "points": points} if len(points) > 1 else None
    return None


def _bin(rows: list[Row], estimated: Mapping[str, float]) -> dict[str, Any]:
    tops = np.array([row["trading_cost"] for row in rows])
    bottoms = np.array([row["executed_notional"] for row in rows])
    low, high = bootstrap_ratio(tops, bottoms)
    asked = [(estimated[row["parent_id"]], row["executed_notional"]) for row in rows if row["parent_id"] in estimated]
    weight = sum(notional for _, notional in asked)
    return {
        "participation_low": rows[0]["participation"],
        "participation_high": rows[-1]["participation"],
        "participation_mean": float(np.mean([row["participation"] for row in rows])),
        "value": float(tops.sum() / bottoms.sum() * 1e4),
        "low": known(low[0] * 1e4),
        "high": known(high[0] * 1e4),
        "n": len(rows),
        "estimated_bps": sum(bps * notional for bps, notional in asked) / weight if weight else None,
        "estimated_n": len(asked),
    }
