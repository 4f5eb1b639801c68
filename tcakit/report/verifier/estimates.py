"""What orders were estimated to cost before they were traded: one model for all of them, and how estimates held."""

import math
import re

from .draws import Days, bounds
from .sums import by

NORMAL_95 = 1.959963984540054
LEAST_CALIBRATED = 3
CALIBRATION_DRAWS = 2_000
NOMINAL = 0.95
NUMBERS = ("mean_bps", "order_low_bps", "order_high_bps")


def one_model(estimates, parents, half_spreads):
    """(mean, risk, impact) in bps by order, of the fitted model that answers for most, else of the published one.

    None where no model answers. `half_spreads` says by fit how many half spreads are in an estimate.
    """
    answered = [row for row in estimates if row.mean_bps is not None and row.model != "half-spread"]
    # A fit has its id in its name; fits of one model and source are one model that learned more.
    models = by(answered, lambda row: (re.sub(r" fit [0-9a-f]+$", "", row.model), row.source))
    fitted = {key: held for key, held in models.items() if key[1] != "published"} or models
    if not fitted:
        return None
    most = max(len({row.parent_id for row in held}) for held in fitted.values())
    chosen = next(held for held in fitted.values() if len({row.parent_id for row in held}) == most)
    out = {}
    for row in chosen:
        parent = parents.get(row.parent_id)
        if parent is None:
            continue
        band = None
        if row.order_low_bps is not None and row.order_high_bps is not None:
            band = (row.order_high_bps - row.order_low_bps) / (2.0 * NORMAL_95)
        risk = band if parent["timing_risk_bps"] is None else parent["timing_risk_bps"]
        halves = half_spreads.get(row.fit_id or "", 1.0 if row.fit_id is None else None)
        # An unknown spread is in no estimate.
        impact = None if halves is None else row.mean_bps - halves * (parent["half_spread_bps"] or 0.0)
        out[row.parent_id] = row.mean_bps, risk, impact
    return out


def estimate_numbers(out, estimates, parents, draws):
    """How the estimates of each model and fit held; gives the name and the (parent_id, estimate) points of each."""
    kept = [row for row in estimates if row.parent_id in parents]
    shown = []
    for number, held in enumerate(by(kept, lambda row: (row.model, row.fit_id, row.source)).values()):
        path = ("estimates", number)
        points = [(row, parents[row.parent_id]["arrival_bps_of_executed"]) for row in held]
        told = [(row, paid) for row, paid in points if paid is not None and row.mean_bps is not None]
        out.update({(*path, name): getattr(held[0], name) for name in ("model", "source")})
        for place, (row, paid) in enumerate(told):
            out[(*path, "points", place, "parent_id")] = row.parent_id
            out[(*path, "points", place, "realised_bps")] = paid
            out.update({(*path, "points", place, name): getattr(row, name) for name in NUMBERS})
        out[(*path, "outside")] = sum(row.outside for row, _ in told)
        reasons = by([row for row in held if row.reason is not None], lambda row: row.reason)
        counted = sorted((-len(rows), reason) for reason, rows in reasons.items())
        for place, (count, reason) in enumerate(counted):
            out.update({(*path, "reasons", place, "reason"): reason, (*path, "reasons", place, "orders"): -count})
        _calibration(out, path, points, parents, draws)
        model = f"{held[0].model} ({held[0].source})"
        shown.append((model, [(row.parent_id, row.mean_bps) for row, _ in told]))
    return shown


def _calibration(out, path, points, parents, draws):
    """Slope, bias and coverage; an order weighs 1 / width squared of its band."""
    usable = []
    for row, paid in points:
        values = (row.mean_bps, paid, row.order_low_bps, row.order_high_bps)
        if None not in values and all(map(math.isfinite, values)) and values[3] - values[2] > 0:
            usable.append((*values, str(parents[row.parent_id]["date"])))
    days = [item[4] for item in usable]
    told = {"orders": len(usable), "days": len(set(days)), "left_out": len(points) - len(usable)}
    told["nominal_coverage"] = NOMINAL
    out.update({(*path, name): value for name, value in told.items()})
    figures = {"slope": _slope, "bias_bps": _bias, "coverage": _share}
    for name in figures:
        out[(*path, name, "n")] = len(usable)
    if len(usable) < LEAST_CALIBRATED:
        return
    weights = [(high - low) ** -2.0 for _, _, low, high, _ in usable]
    centre = math.fsum(w * item[0] for w, item in zip(weights, usable)) / math.fsum(weights)
    columns = [[] for _ in range(7)]
    for weight, (estimated, paid, low, high, _) in zip(weights, usable):
        centred, off = estimated - centre, paid - estimated
        inside = 1.0 if low <= paid <= high else 0.0
        sums = (weight, weight * centred, weight * centred**2, weight * off, weight * centred * off, inside, 1.0)
        for column, value in zip(columns, sums):
            column.append(value)
    whole = [math.fsum(column) for column in columns]
    for name, figure in figures.items():
        out[(*path, name, "value")] = figure(whole)

    def intervals(drawn):
        for figure in figures.values():
            known = [value for value in map(figure, drawn) if value is not None]
            yield from bounds(known) if len(known) >= len(drawn) / 2 else (None, None)

    paths = [(*path, name, end) for name in figures for end in ("low", "high")]
    draws.ask(Days(columns, days), CALIBRATION_DRAWS, 0, paths, intervals)


def _slope(sums):
    weight, first, second, off, both = sums[:5]
    spread = second - first**2 / weight
    return 1.0 + (both - first * off / weight) / spread if spread > 1e-12 * max(second, 1e-300) else None


def _bias(sums):
    return sums[3] / sums[0]


def _share(sums):
    return sums[5] / sums[6]
