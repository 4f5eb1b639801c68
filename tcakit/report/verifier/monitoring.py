"""Measures by class and group against the thresholds of a policy."""

import math

from .blocks import MEASURES, cost_and_notional
from .orders import shares_of
from .sums import BPS, median

NO_CLASS, NO_GROUP = "other", "not stated"
JUDGED_OF_FILLS = ("effective_over_quoted", "inside_quote", "passive_share")
WORDS = ("broker", "algo", "trader", "symbol", "side", "currency", "date")


class Part:
    """What is judged: an order's row or a fill, the symbol of its class and its words."""

    def __init__(self, row, symbol, words):
        self.row, self.symbol, self.words = row, symbol, words


def monitoring_numbers(out, policy, parents, fills, last):
    """Every threshold on every class and group; `last` is the last trade date of the report."""
    orders = [Part(row, row["symbol"], _words(row)) for row in parents]
    words = {part.row["parent_id"]: part.words for part in orders}
    nobody = dict.fromkeys(WORDS)
    of_fills = []
    for fill in fills:
        own = {"symbol": fill.symbol, "date": fill.date, **words.get(fill.parent_id, {}), "venue": fill.venue}
        of_fills.append(Part(fill, own["symbol"], {**nobody, **own}))
    place = breaches = still_open = 0
    for threshold in policy.thresholds:
        measure = threshold["measure"]
        groups = {}
        for part in of_fills if measure in JUDGED_OF_FILLS else orders:
            named = next((name for name, symbols in policy.classes.items() if part.symbol in symbols), NO_CLASS)
            if threshold["class_name"] in (None, named):
                groups.setdefault((named, str(part.words[threshold["by"]] or NO_GROUP)), []).append(part.row)
        for (named, group), held in sorted(groups.items()):
            value, count = _measure(measure, held)
            told = {"value": value, "n": count, "at_least": threshold["at_least"], "at_most": threshold["at_most"]}
            state = _state_of(threshold, value, count)
            told.update({"threshold": threshold["name"], "class": named, "group": group, "state": state})
            out.update({("monitoring", "checks", place, name): item for name, item in told.items()})
            place += 1
            if state == "breached":
                breaches += 1
                still_open += _is_open(policy.decisions, (threshold["name"], named, group), last)
    out[("monitoring", "breaches")], out[("monitoring", "open_breaches")] = breaches, still_open
    for place, threshold in enumerate(policy.thresholds):
        for name in ("at_most", "at_least", "least_orders"):
            out[("monitoring", "thresholds", place, name)] = threshold[name]


def _words(row):
    return {name: row[name] for name in WORDS if name != "side"} | {"side": "buy" if row["side"] > 0 else "sell"}


def _state_of(threshold, value, count):
    if value is None:
        return "not measured"
    if count < threshold["least_orders"]:
        return "too few"
    over = threshold["at_most"] is not None and value > threshold["at_most"]
    under = threshold["at_least"] is not None and value < threshold["at_least"]
    return "breached" if over or under else "within"


def _is_open(decisions, key, last):
    """Whether nobody has decided on a breach, or the latest decision has run out."""
    found = [row for row in decisions if (row["threshold"], row["class_name"], row["group"]) == key]
    latest = max(found, key=lambda row: row["decided"], default=None)
    return latest is None or (latest["until"] is not None and latest["until"] < last)


def _measure(name, rows):
    if name in MEASURES:
        pairs = [cost_and_notional(row, name) for row in rows]
        return _judged_ratio([pair for pair in pairs if pair], BPS)
    if name in ("first_fill_s", "last_fill_s"):
        column = name.replace("_s", "_ns")
        known = [(row[column] - row["arrival_ns"]) / 1e9 for row in rows if row[column] is not None]
        return (median(known) if known else None), len(known)
    factor = BPS if name == "fees_bps_of_executed" else 1.0
    return _judged_ratio([pair for pair in map(_PAIRS[name], rows) if None not in pair and pair[1] > 0], factor)


def _judged_ratio(pairs, factor):
    base = math.fsum(base for _, base in pairs)
    return (math.fsum(top for top, _ in pairs) / base * factor if base > 0 else None), len(pairs)


def _spreads(fill):
    known = fill.effective_spread is not None and fill.quoted_spread is not None
    return (fill.effective_spread * shares_of(fill), fill.quoted_spread * shares_of(fill)) if known else (None, None)


_PAIRS = {
    "effective_over_quoted": _spreads,
    "inside_quote": lambda fill: (None if fill.inside_quote is None else float(fill.inside_quote), 1.0),
    "passive_share": lambda fill: (
        None if fill.liquidity is None else shares_of(fill) * (fill.liquidity == "maker"), shares_of(fill)
    ),
    "fees_bps_of_executed": lambda row: (row["fees"], row["executed_notional"]),
    "fill_rate_of_paper": lambda row: (
        None if row["paper_notional"] is None else row["fill_rate"] * row["paper_notional"], row["paper_notional"]
    ),
    "filled_in_full": lambda row: (None if row["fill_rate"] is None else float(row["fill_rate"] >= 1 - 1e-12), 1.0),
}  # fmt: skip
