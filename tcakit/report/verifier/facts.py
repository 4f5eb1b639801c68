"""What an order can be grouped by: its own words, buckets with fixed edges, the time of day, the desk's own columns."""

import math

from .sums import times

HALF_HOUR_S = 1_800
MOSTLY = 2.0 / 3.0
# By bucket: the edges, each of which belongs to the bucket above it, and the unit of their labels.
EDGES = {
    "size_bucket": ((1e4, 1e5, 1e6, 1e7), ""),
    "adv_bucket": ((1.0, 5.0, 10.0, 25.0), " %"),
    "spread_bucket": ((2.0, 5.0, 10.0, 25.0), " bps"),
    "volatility_bucket": ((1.0, 2.0, 4.0), " %"),
    "participation_bucket": ((2.0, 5.0, 10.0, 20.0), " %"),
}


def with_facts(parent):
    """An order with all that it can be grouped by: its own words, buckets with fixed edges, the desk's own columns."""
    adv, shares = parent["adv_shares"], parent["quantity"] / parent["size_scale"] if parent["size_scale"] else None
    cut = {
        "size_bucket": parent["paper_notional"],
        "adv_bucket": None if shares is None or adv is None else shares / adv * 100.0 if adv else math.inf,
        "spread_bucket": times(parent["half_spread_bps"], 2.0),
        "volatility_bucket": times(parent["volatility_daily"], 100.0),
        "participation_bucket": times(parent["participation"], 100.0),
    }
    facts = dict(parent["tags"])
    facts.update({name: parent[name] for name in ("broker", "algo", "trader", "account", "date", "currency")})
    facts["side"] = "buy" if parent["side"] > 0 else "sell"
    known = parent["known"]
    facts["liquidity"] = _mostly(parent["maker_fraction"]) if known else None
    facts["symbol"] = parent["symbol"] if known else None
    facts["month"] = parent["date"][:7] if known else None
    facts["half_hour"] = half_hour(parent) if known else None
    facts.update({name: _bucket(name, value) if known else None for name, value in cut.items()})
    return facts


def _mostly(passive):
    """Whether an order was filled as maker or taker, by two thirds and more."""
    if passive is None:
        return None
    return "maker" if passive >= MOSTLY else "taker" if passive <= 1.0 - MOSTLY else "both"


def half_hour(row):
    """The half hour of an order's arrival at its exchange, as words."""
    if row["arrival_ns"] is None:
        return None
    return clock_words((row["arrival_ns"] // 1_000_000_000 + row["utc_offset_s"]) % 86_400 // HALF_HOUR_S)


def clock_words(place):
    """When a half hour begins, that number of them after midnight."""
    return f"{place // 2:02}:{place % 2 * 30:02}"


def labels_of(name):
    """The buckets of a column in their order, in words."""
    edges, unit = EDGES[name]
    texts = [_edge_text(edge) for edge in edges]
    between = [f"{low} to {high}{unit}" for low, high in zip(texts[:-1], texts[1:])]
    return [f"below {texts[0]}{unit}", *between, f"{texts[-1]}{unit} and more"]


def _edge_text(value):
    for factor, letter in ((1e6, "m"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"


def _bucket(name, value):
    """The bucket of a value, None where it is unknown."""
    if value is None or math.isnan(value):
        return None
    return labels_of(name)[sum(edge <= value for edge in EDGES[name][0])]


def rank_of(name, value):
    """What values of a dimension are ordered by: buckets by size, others by name, the unknown last."""
    if value is None:
        return True, ""
    return False, labels_of(name).index(value) if name in EDGES else value
