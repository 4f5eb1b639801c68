"""Orders far from all others, the cost over time within the limits of chance, and what a cost is due to."""

import math

from .blocks import cost_and_notional, is_costed, is_split
from .draws import Rows
from .groups import TESTED
from .sums import BPS, by, deviation, median, ratio_bps, total

MOST_MADS = 3.5
NORMAL_MAD = 0.6744897501960817  # the median absolute deviation of a standard normal
LEAST_JUDGED = 5
OUTLIERS_SHOWN = 50
MOST_DAYS, LEAST_PERIODS, SIGMAS, CONTROL_DRAWS = 62, 3, 3.0, 1_000
PARTS = (
    "delay",
    "spread",
    "impact",
    "timing",
    "selection",
    "drift_not_split",
    "trading_not_split",
    "opportunity",
    "fees",
)


def _costs(rows):
    """The orders with a cost against arrival, each with its cost and notional."""
    pairs = [(row, cost_and_notional(row, TESTED)) for row in rows]
    return [(row, *pair) for row, pair in pairs if pair]


def outlier_numbers(path, rows):
    """Modified z-scores (Iglewicz and Hoaglin, 1993), and the cost with outliers drawn in."""
    costed = _costs(rows)
    if not costed:
        return {}
    paid = [cost / notional * BPS for _, cost, notional in costed]
    held = [notional for _, _, notional in costed]
    middle = median(paid)
    spread = median([abs(value - middle) for value in paid])
    told = {"n": len(paid), "most_mads": MOST_MADS, "median_bps": middle, "outliers": 0}
    told["raw_bps"] = _weighted(paid, held)
    far = []
    if len(paid) >= LEAST_JUDGED and spread > 0:
        reach = MOST_MADS * spread / NORMAL_MAD
        low, high = middle - reach, middle + reach
        scores = [NORMAL_MAD * (value - middle) / spread for value in paid]
        far = sorted((at for at, z in enumerate(scores) if abs(z) > MOST_MADS), key=lambda at: -abs(scores[at]))
        told.update({"low_bps": low, "high_bps": high, "outliers": len(far)})
        told["winsorised_bps"] = _weighted([min(max(value, low), high) for value in paid], held)
    out = {(*path, name): value for name, value in told.items()}
    for place, at in enumerate(far[:OUTLIERS_SHOWN]):
        named = ("parent_id", costed[at][0]["parent_id"])
        for name, value in (named, ("bps", paid[at]), ("z", scores[at]), ("notional", held[at])):
            out[(*path, "orders", place, name)] = value
    return out


def _weighted(values, weights):
    return math.fsum(value * weight for value, weight in zip(values, weights)) / math.fsum(weights)


def control_numbers(path, rows, draws):
    """Cost by day, or month with more than 62 days; limits are three deviations of as many orders drawn from all."""
    costed = [(row["date"], cost, notional) for row, cost, notional in _costs(rows)]
    days = {date for date, _, _ in costed}
    length = 10 if len(days) <= MOST_DAYS else 7
    periods = sorted(by(costed, lambda item: item[0][:length]).items())
    pairs = [(cost, notional) for _, cost, notional in costed]
    centre = ratio_bps(pairs)
    out = {(*path[:-1], "period"): "day" if length == 10 else "month"} if periods else {}
    for place, (period, held) in enumerate(periods):
        told = {"period": period, "n": len(held), "centre_bps": centre}
        told["bps"] = ratio_bps([(cost, notional) for _, cost, notional in held])
        out.update({(*path, place, name): value for name, value in told.items()})
        if len(periods) >= LEAST_PERIODS:

            def limits(sums):
                width = SIGMAS * deviation([row[0] / row[1] for row in sums]) * BPS
                return [centre - width, centre + width]

            paths = [(*path, place, end) for end in ("low_bps", "high_bps")]
            draws.ask(Rows(list(zip(*pairs)), len(held)), CONTROL_DRAWS, 0, paths, limits)
    return out


def attribution_numbers(path, rows, estimated):
    """The parts of the cost of some orders, which add up to its total; `estimated` is (mean, risk, impact) by order."""
    known = [row for row in rows if is_costed(row) and row["paper_notional"] > 0]
    if not known:
        return {}
    impacts = {name: impact for name, (_, _, impact) in (estimated or {}).items()}
    split = [row for row in known if is_split(row)]
    model = [row for row in split if impacts.get(row["parent_id"]) is not None and row["executed_notional"] is not None]
    with_model = {row["parent_id"] for row in model}
    costs = dict.fromkeys(PARTS)
    for part in ("delay", "opportunity"):
        costs[part] = total(row[f"{part}_cost"] for row in known)
    costs["fees"] = total(row["fees"] for row in known)
    costs["spread"] = total(row["spread_cost"] for row in split)
    costs["trading_not_split"] = total(row["trading_cost"] for row in known if not is_split(row))
    costs["drift_not_split"] = total(row["drift_cost"] for row in split if row["parent_id"] not in with_model)
    if model:
        impact = [impacts[row["parent_id"]] / BPS * row["executed_notional"] for row in model]
        rest = [(row["broker"] or "", row["drift_cost"] - own, row) for row, own in zip(model, impact)]
        costs["impact"] = math.fsum(impact)
        costs["selection"] = _selection(rest)
        costs["timing"] = math.fsum(left for _, left, _ in rest) - (costs["selection"] or 0.0)
    whole, paper = total(row["total_cost"] for row in known), total(row["paper_notional"] for row in known)
    told = [cost for cost in costs.values() if cost is not None]
    left = whole - math.fsum(told)
    if abs(left) <= 1e-9 * max(1.0, abs(whole), *map(abs, told)):
        left = 0.0
    out = {"n": len(known), "n_with_model": len(model), "left_out": len(rows) - len(known), "paper_notional": paper}
    out["not_attributed_cost"] = left
    for part, cost in {**costs, "total": whole}.items():
        out[f"{part}_cost"] = cost
        out[f"{part}_bps_of_paper"] = None if cost is None else cost / paper * BPS
    return {(*path, name): value for name, value in out.items()}


def _selection(rest):
    """What the mix of brokers cost beyond an even mix; None with fewer than two."""
    brokers = []
    for _, held in sorted(by(rest, lambda item: item[0]).items()):
        notional = math.fsum(row["executed_notional"] for _, _, row in held)
        if notional > 0:
            brokers.append((math.fsum(left for _, left, _ in held), notional))
    if len(brokers) < 2:
        return None
    even = math.fsum(notional for _, notional in brokers) / len(brokers)
    return math.fsum((notional - even) * left / notional for left, notional in brokers)
