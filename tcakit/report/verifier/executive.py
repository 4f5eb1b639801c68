"""What a head of trading asks first: costs, what they were before and what was expected, and what drove them."""

import math

from .blocks import BLOCK_DRAWS, MEASURES, cost_and_notional, is_costed
from .draws import Days, Rows, ask_ratios, bounds
from .facts import EDGES
from .groups import TESTED
from .sums import BPS, by, total

EXECUTIVE = tuple(MEASURES)
DRIVERS_SHOWN = 5
PERIOD_DRAWS = 2_000
DRIVING = (
    *("symbol", "broker", "algo", "trader", "account", "side", "date", "half_hour", *EDGES),
    "liquidity",
)


def executive_numbers(out, path, rows, before, estimated, tags, draws):
    """The executive summary of a currency; `before` are the orders of the period before, `tags` the desk's columns."""
    for place, name in enumerate(EXECUTIVE):
        out[(*path, "measures", place, "key")] = name
        _executive_measure(out, (*path, "measures", place), name, rows, before, draws)
    if estimated is not None:
        _against_estimate(out, (*path, "estimate"), rows, estimated, draws)
    costed = [row for row in rows if is_costed(row) and row["paper_notional"] > 0]
    if costed:
        whole = total(row["total_cost"] for row in costed), total(row["paper_notional"] for row in costed)
        _driving_groups(out, (*path, "drivers", "groups"), costed, whole, tags)
        ranked = sorted(costed, key=lambda row: (-row["total_cost"], row["parent_id"]))
        for place, row in enumerate(ranked[:DRIVERS_SHOWN]):
            told = {"parent_id": row["parent_id"], **_driver([row], whole)}
            out.update({(*path, "drivers", "orders", place, key): value for key, value in told.items()})


def _known_pairs(rows, name):
    pairs = [(cost_and_notional(row, name), str(row["date"])) for row in rows]
    return [(*pair, day) for pair, day in pairs if pair]


def _ask_ratio(out, path, pairs, draws):
    """A ratio of sums with its interval and how many orders it rests on."""
    tops, bottoms = ([pair[side] for pair in pairs] for side in (0, 1))
    out[(*path, "n")] = len(pairs)
    out[(*path, "bps")] = math.fsum(tops) / math.fsum(bottoms) * BPS if pairs else None
    paths = [(*path, "low"), (*path, "high")]
    ask_ratios(draws, paths, [tops], [bottoms], [len(pairs)], BLOCK_DRAWS, factor=BPS)


def _executive_measure(out, path, name, rows, before, draws):
    now, old = _known_pairs(rows, name), _known_pairs(before, name)
    out[(*path, "cost")] = total(cost for cost, _, _ in now)
    _ask_ratio(out, path, now, draws)
    if not before:
        return
    out[(*path, "previous_n")] = len(old)
    if not old:
        return
    out[(*path, "previous_bps")] = math.fsum(c for c, _, _ in old) / math.fsum(n for _, n, _ in old) * BPS
    if not now:
        return
    out[(*path, "difference_bps")] = out[(*path, "bps")] - out[(*path, "previous_bps")]
    if min(len(now), len(old)) < 2:
        return
    ratios = []
    for seed, pairs in enumerate((now, old)):
        tops, bottoms, days = zip(*pairs)

        def kept(sums):
            ratios.append([row[0] / row[1] for row in sums])
            return []

        draws.ask(Days([tops, bottoms], days), PERIOD_DRAWS, seed, [], kept)
    paths = [(*path, f"difference_{end}") for end in ("low", "high")]
    draws.ask(Rows([[0.0]]), 0, 0, paths, lambda _: [bound * BPS for bound in bounds([a - b for a, b in zip(*ratios)])])


def _against_estimate(out, path, rows, estimated, draws):
    """What orders were expected to cost against arrival before their day, and what they did."""
    known = []
    for row in rows:
        pair, mean = cost_and_notional(row, TESTED), estimated.get(row["parent_id"], (None,))[0]
        if pair and mean is not None:
            known.append((*pair, mean * pair[1] / BPS))
    out[(*path, "n")], out[(*path, "left_out")] = len(known), len(rows) - len(known)
    if not known:
        return
    paid, expected, weight = (
        math.fsum(column) for column in (*zip(*((p, e) for p, _, e in known)), (n for _, n, _ in known))
    )
    told = {"paid": paid, "estimated": expected, "difference": paid - expected}
    for name, cost in told.items():
        out[(*path, f"{name}_cost")], out[(*path, f"{name}_bps")] = cost, cost / weight * BPS
    off = [cost - own for cost, _, own in known]
    paths = [(*path, "low"), (*path, "high")]
    ask_ratios(draws, paths, [off], [[n for _, n, _ in known]], [len(known)], BLOCK_DRAWS, factor=BPS)


def _driver(rows, whole):
    """What some orders cost, and by how much they move the total from what the rest of it would give."""
    cost, paper = total(row["total_cost"] for row in rows), total(row["paper_notional"] for row in rows)
    return {
        "n": len(rows),
        "cost": cost,
        "share_of_cost": cost / whole[0] if whole[0] else None,
        "bps_of_paper": cost / paper * BPS,
        "adds_bps": (cost - paper * whole[0] / whole[1]) / whole[1] * BPS,
    }


def _driving_groups(out, path, costed, whole, tags):
    """The groups of any one dimension that raise the total most; of groups with the same orders the first."""
    found = []
    for name in (*DRIVING, *tags):
        groups = by(costed, lambda row, name=name: row["facts"].get(name))
        for value in sorted(groups, key=lambda value: (value is None, value or "")) if len(groups) > 1 else ():
            told = _driver(groups[value], whole)
            told.update({"by": name, "group": "not stated" if value is None else value})
            found.append((told["adds_bps"], told, frozenset(row["parent_id"] for row in groups[value])))
    # What differs by rounding alone is equal: of equals the first dimension names the group.
    found.sort(key=lambda item: -float(f"{item[0]:.10g}"))
    seen = set()
    for adds, told, orders in found:
        if orders not in seen and adds > 0.0 and len(seen) < DRIVERS_SHOWN:
            out.update({(*path, len(seen), key): value for key, value in told.items()})
            seen.add(orders)
