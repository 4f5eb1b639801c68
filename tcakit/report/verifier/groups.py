"""Tables of costs by dimension: what each order and fill belongs to, the cells, and whether a cell differs."""

import math

from .blocks import MEASURES, cost_and_notional
from .draws import ask_ratios
from .facts import rank_of
from .orders import price_of, shares_of
from .ranks import Ranked, benjamini_hochberg
from .sums import BPS, bps, times, total

TESTED = "arrival_bps_of_executed"
OF_FILLS = ("venue", "liquidity", "order_type", "time_in_force")
FILL_MEASURES = ("arrival_bps_of_executed", "spread_bps_of_executed", "fees_bps_of_executed")
DEFAULT = (
    *(("algo",), ("broker",), ("broker", "algo"), ("trader",), ("account",), ("side",), ("venue",), ("liquidity",)),
    *(("size_bucket",), ("adv_bucket",), ("spread_bucket",), ("volatility_bucket",), ("half_hour",)),
    ("size_bucket", "half_hour"),
)
DRAWS_ASKED, DRAWS_DEFAULT = 1_000, 400


class Line:
    """An order, or its fills that are alike in all that they can be grouped by.

    `facts` are those; `sums` is [cost, notional, whether known] by measure, `money` amounts, `count` how many they are.
    """

    __slots__ = ("count", "facts", "money", "order", "sums")

    def __init__(self, order, facts, sums, money, count=1):
        self.order, self.facts, self.sums, self.money, self.count = order, facts, sums, money, count


def worth_of(row):
    """What one share of an order at a price of one was worth, from what the order's fills were."""
    if row["executed_notional"] and row["filled_shares"] and row["arrival_price"]:
        return row["executed_notional"] / (row["filled_shares"] * row["arrival_price"])
    return None


def order_lines(rows):
    """A line an order."""
    amounts = ("paper_notional", "executed_notional", "fees")
    out = []
    for row in rows:
        pairs = {name: cost_and_notional(row, name) for name in MEASURES}
        sums = {name: [*pair, 1] if pair else [0.0, 0.0, 0] for name, pair in pairs.items()}
        money = {"cost": row["total_cost"], **{name: row[name] for name in amounts}}
        out.append(Line(row["parent_id"], row["facts"], sums, money))
    return out


def fill_lines(rows, fills):
    """Lines of fills, each with its part of its order's cost: costs against arrival add up to the order's."""
    orders = {row["parent_id"]: (row, worth_of(row)) for row in rows}
    lines = {}
    for fill in fills:
        row, unit = orders.get(fill.parent_id, (None, None))
        if row is None:
            continue
        key = (fill.parent_id, fill.venue, fill.liquidity, fill.order_type, fill.time_in_force)
        line = lines.get(key)
        if line is None:
            sums = {name: [0.0, 0.0, 0] for name in FILL_MEASURES}
            facts = {**row["facts"], **dict(zip(OF_FILLS, key[1:]))}
            line = lines[key] = Line(fill.parent_id, facts, sums, {"cost": None, "executed_notional": None}, 0)
        line.count += 1
        if unit is not None and fill.quantity is not None and fill.price is not None:
            _add_fill(line, row, unit, fill)
    return list(lines.values())


def _add_fill(line, row, unit, fill):
    arrival, mid, price = row["arrival_price"], fill.mid_at_fill, price_of(fill)
    shares = shares_of(fill) * unit
    signed = row["side"] * shares
    cost, notional = signed * (price - arrival), shares * arrival
    line.money["cost"] = (line.money["cost"] or 0.0) + cost
    line.money["executed_notional"] = (line.money["executed_notional"] or 0.0) + notional
    _add_pair(line, "arrival_bps_of_executed", cost, notional)
    _add_pair(line, "fees_bps_of_executed", times(fill.fee, row["exchange_rate"]), notional)
    if mid is not None:
        _add_pair(line, "spread_bps_of_executed", signed * (price - mid), shares * mid)


def _add_pair(line, name, cost, notional):
    if cost is not None and notional > 0:
        held = line.sums[name]
        held[0] += cost
        held[1] += notional
        held[2] = 1


def table_numbers(out, number, rows, fills, asked, draws):
    """All tables of a currency, from `groups.number` on; gives how many there are."""
    of_fills = fill_lines(rows, fills)
    of_orders = order_lines(rows)
    begun = number
    for by in [*([asked] if asked else []), *(by for by in DEFAULT if by != asked)]:
        fill_level = any(name in OF_FILLS for name in by)
        lines = of_fills if fill_level else of_orders
        if by != asked and not all(any(line.facts.get(name) is not None for line in lines) for name in by):
            continue
        count = DRAWS_ASKED if by in (asked, ("broker", "algo")) else DRAWS_DEFAULT
        measures = FILL_MEASURES if fill_level else tuple(MEASURES)
        out[("groups", number, "draws")] = count
        out.update({("groups", number, "by", place): name for place, name in enumerate(by)})
        _table(out, ("groups", number), lines, by, measures, count, draws)
        number += 1
    return number - begun


def _table(out, path, lines, by, measures, count, draws):
    cells = {}
    for line in lines:
        key = tuple(line.facts.get(name) for name in by)
        cells.setdefault(key, []).append(line)
    ordered = sorted(cells, key=lambda key: [rank_of(name, value) for name, value in zip(by, key)])
    held = [_clusters(cells[key], measures) for key in ordered]
    for place, (key, clusters) in enumerate(zip(ordered, held)):
        out.update({(*path, "cells", place, "key", name): value for name, value in zip(by, key)})
        _table_cell(out, (*path, "cells", place), cells[key], clusters, measures, count, draws)
    _table_cell(out, (*path, "total"), lines, _clusters(lines, measures), measures, count, draws)
    paid = [_cost_of(cluster[TESTED]) for clusters in held for cluster in clusters]
    ranked, start, p_values = Ranked(paid), 0, []
    for clusters in held:
        p_values.append(ranked.p_of(range(start, start + len(clusters))))
        start += len(clusters)
    for place, (p_value, q_value) in enumerate(zip(p_values, benjamini_hochberg(p_values))):
        out[(*path, "cells", place, "p_value")] = p_value
        out[(*path, "cells", place, "q_value")] = q_value


def _clusters(lines, measures):
    """The orders of some lines, each as [cost, notional, known] by measure; what is unknown counts as nothing."""
    orders = {}
    for line in lines:
        sums = orders.get(line.order)
        if sums is None:
            orders[line.order] = line.sums
            continue
        added = {}
        for name in measures:
            one, two = sums[name], line.sums[name]
            added[name] = [one[0] + two[0], one[1] + two[1], one[2] or two[2]]
        orders[line.order] = added
    return list(orders.values())


def _cost_of(sums):
    return sums[0] / sums[1] if sums[1] > 0 else None


def _table_cell(out, path, lines, clusters, measures, count, draws):
    out[(*path, "n")] = len(clusters)
    out[(*path, "lines")] = sum(line.count for line in lines)
    for name in lines[0].money if lines else ():
        out[(*path, name)] = total(line.money[name] for line in lines)
    known = []
    for name in measures:
        known.append(sum(cluster[name][2] for cluster in clusters))
        cost, notional = (math.fsum(cluster[name][side] for cluster in clusters) for side in (0, 1))
        out[(*path, "measures", name, "n")] = known[-1]
        out[(*path, "measures", name, "value")] = bps(cost, notional)
    tops, bottoms = ([[cluster[name][side] for cluster in clusters] for name in measures] for side in (0, 1))
    paths = [(*path, "measures", name, end) for name in measures for end in ("low", "high")]
    ask_ratios(draws, paths, tops, bottoms, known, count, factor=BPS)
