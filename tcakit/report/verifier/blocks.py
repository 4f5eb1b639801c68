"""A currency's figures: totals, ratios of sums with their intervals, waterfall, algorithms, markout curves."""

import math

from .draws import ask_ratios
from .orders import markouts_of, price_of, shares_of
from .sums import BPS, bps, by, total

GIVEN = ("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees")
MEASURES = {
    "shortfall_bps_of_paper": None,
    "arrival_bps_of_executed": None,
    "vwap_bps_of_executed": "interval_vwap",
    "twap_bps_of_executed": "twap",
    "close_bps_of_executed": "close_price",
}
BLOCK_DRAWS = 1_000
CURVE_DRAWS = 400


def block_numbers(path, rows, fills, horizons, draws):
    """Totals, measures, shares, waterfall, algorithms and markouts of the orders `rows` and their fills."""
    out = group_numbers(path, rows, draws)
    for step, (name, value) in enumerate(_waterfall(out, path)):
        out[(*path, "waterfall", step, "key")] = name
        out[(*path, "waterfall", step, "cost")] = value
        out[(*path, "waterfall", step, "bps_of_paper")] = value / out[(*path, "totals", "paper_notional")] * BPS
    for place, (algo, held) in enumerate(sorted(by(rows, lambda row: row["algo"]).items())):
        out[(*path, "algos", place, "algo")] = algo
        out.update(group_numbers((*path, "algos", place), held, draws))
    units = {row["parent_id"]: unit_of(row) for row in rows}
    mine = [fill for fill in fills if units.get(fill.parent_id) is not None]
    for kind in ("all", "maker", "taker"):
        chosen = [fill for fill in mine if kind in ("all", fill.liquidity)]
        out.update(curve_numbers((*path, "markouts", kind), chosen, units, horizons, draws))
    return out


def unit_of(row):
    """What one share at a price of one is worth in the report's currency: the contract's multiplier and the rate."""
    rate = row["exchange_rate"]
    return None if rate is None else (row["multiplier"] or 1.0) * rate


def is_costed(row):
    """Whether a cost table speaks of an order."""
    return row["total_cost"] is not None and bool(row["paper_notional"])


def is_split(row):
    """Whether the trading cost of an order is known by its parts."""
    return row["spread_cost"] is not None and row["drift_cost"] is not None


def cost_and_notional(row, name):
    """Cost and notional of one of MEASURES, None where either is unknown or the notional is not above zero."""
    price = MEASURES[name]
    if name == "shortfall_bps_of_paper":
        pair = row["total_cost"], row["paper_notional"]
    elif name == "arrival_bps_of_executed":
        pair = row["trading_cost"], row["executed_notional"]
    elif row[name] is None or row[price] is None or unit_of(row) is None:
        return None
    else:
        notional = row["filled_shares"] * (row[price] * unit_of(row))
        pair = row[name] * notional / BPS, notional
    return pair if pair[0] is not None and pair[1] is not None and pair[1] > 0 else None


def group_numbers(path, rows, draws):
    """Totals, measures and shares of some orders."""
    costed = [row for row in rows if is_costed(row)]
    totals = {"parents": len(rows), "parents_costed": len(costed)}
    totals["parents_priced"] = sum(row["priced"] for row in rows)
    totals["fills"] = sum(row["fills"] for row in rows)
    for name in ("paper_notional", "executed_notional", "trading_cost", *GIVEN, "total_cost"):
        split_only = name in ("spread_cost", "drift_cost")
        totals[name] = total(row[name] for row in costed if not split_only or is_split(row))
    totals["trading_cost_not_split"] = total(row["trading_cost"] for row in costed if not is_split(row))
    totals["not_attributed"] = None
    if costed:
        parts = math.fsum(totals[name] or 0.0 for name in (*GIVEN, "trading_cost_not_split"))
        size = math.fsum(abs(row["total_cost"]) for row in costed)
        left = totals["total_cost"] - parts
        totals["not_attributed"] = left if abs(left) > 1e-9 * max(size, 1.0) else 0.0
    out = {(*path, "totals", name): value for name, value in totals.items()}
    out.update(_measures((*path, "measures"), rows, draws))
    shares = {
        "fill_rate_of_paper": [(r["fill_rate"] * r["paper_notional"], r["paper_notional"]) for r in costed],
        "participation_of_market_notional": [
            (r["filled_shares"] * r["interval_vwap"], r["market_shares"] * r["interval_vwap"])
            for r in rows
            if r["participation"] is not None and r["interval_vwap"] and r["market_shares"]
        ],
        "maker_fraction_of_executed": [
            (r["maker_fraction"] * r["executed_notional"], r["executed_notional"])
            for r in rows
            if r["maker_fraction"] is not None and r["executed_notional"]
        ],
    }
    for name, pairs in shares.items():
        whole = math.fsum(weight for _, weight in pairs)
        out[(*path, "shares", name)] = math.fsum(part for part, _ in pairs) / whole if whole else None
    return out


def _measures(path, rows, draws):
    pairs = {name: [cost_and_notional(row, name) for row in rows] for name in MEASURES}
    out, known = {}, []
    for name, found in pairs.items():
        told = [pair for pair in found if pair is not None]
        known.append(len(told))
        out[(*path, name, "n")] = len(told)
        out[(*path, name, "value")] = bps(total(cost for cost, _ in told), total(base for _, base in told))
    tops, bottoms = ([[pair[side] if pair else 0.0 for pair in found] for found in pairs.values()] for side in (0, 1))
    paths = [(*path, name, end) for name in MEASURES for end in ("low", "high")]
    ask_ratios(draws, paths, tops, bottoms, known, BLOCK_DRAWS, factor=BPS)
    return out


def _waterfall(out, path):
    if out[(*path, "totals", "total_cost")] is None:
        return
    for name in (*GIVEN[:3], "trading_cost_not_split", *GIVEN[3:], "not_attributed", "total_cost"):
        cost = out[(*path, "totals", name)] or 0.0
        if cost or name not in ("trading_cost_not_split", "not_attributed"):
            yield name, cost


def curve_numbers(path, fills, units, horizons, draws):
    """Markouts of some fills by horizon, weighted by notional; intervals draw whole orders."""
    horizons = sorted(horizons) if fills else []
    place_of = {horizon: place for place, horizon in enumerate(horizons)}
    orders = {}
    for fill in fills:
        if fill.price is None or fill.quantity is None:
            continue
        notional = price_of(fill) * shares_of(fill) * units[fill.parent_id]
        marks = list(markouts_of(fill, horizons)) if notional > 0 else ()
        if marks and fill.parent_id not in orders:
            orders[fill.parent_id] = [[0.0, 0.0, 0] for _ in horizons]
        for horizon, value in marks:
            cell = orders[fill.parent_id][place_of[horizon]]
            cell[0] += value * notional
            cell[1] += notional
            cell[2] += 1
    columns = [[[cells[place][part] for cells in orders.values()] for place in place_of.values()] for part in range(3)]
    out = {}
    known = [sum(count > 0 for count in counts) for counts in columns[2]]
    for place, horizon in enumerate(horizons):
        base = math.fsum(columns[1][place])
        out[(*path, place, "horizon_s")] = horizon
        out[(*path, place, "n")] = known[place]
        out[(*path, place, "fills")] = sum(columns[2][place])
        out[(*path, place, "value")] = math.fsum(columns[0][place]) / base if base > 0 else None
    paths = [(*path, place, end) for place in place_of.values() for end in ("low", "high")]
    if horizons:
        ask_ratios(draws, paths, columns[0], columns[1], known, CURVE_DRAWS)
    return out
