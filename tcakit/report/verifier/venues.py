"""What each venue gave: sums over fills in the report's currency."""

import math

from .orders import markout_at, price_of, shares_of
from .sums import BPS, by

MARKOUT_S = 60.0
MISSING = "\u2013"


def worth_of(row):
    """What one share of an order at a price of one was worth, from what the order's fills were."""
    if row["executed_notional"] and row["filled_shares"] and row["arrival_price"]:
        return row["executed_notional"] / (row["filled_shares"] * row["arrival_price"])
    return None


def venue_numbers(path, rows, fills, horizons):
    """A row a venue of those orders' fills, the largest first; ratios are ratios of sums where both are known."""
    worth = {row["parent_id"]: (worth_of(row), row["exchange_rate"]) for row in rows}
    mine = [fill for fill in fills if worth.get(fill.parent_id, (None, None))[0] is not None]
    notionals = {}
    held = by(mine, lambda fill: MISSING if fill.venue is None else fill.venue)
    for venue, of_venue in held.items():
        notionals[venue] = [price_of(fill) * shares_of(fill) * worth[fill.parent_id][0] for fill in of_venue]
    sums = {venue: math.fsum(values) for venue, values in notionals.items()}
    everything = math.fsum(sums.values())
    out = {}
    for place, venue in enumerate(sorted(held, key=lambda name: (-sums[name], name))):
        told = _score(held[venue], notionals[venue], worth, horizons)
        told["notional"] = sums[venue]
        told["share_of_executed"] = sums[venue] / everything if everything else None
        out.update({(*path, place, name): value for name, value in told.items()})
    return out


def _score(fills, notionals, worth, horizons):
    both = [f for f in fills if f.effective_spread is not None and f.quoted_spread is not None]
    known = [f for f in fills if f.effective_spread is not None and f.mid_at_fill is not None]
    judged = [f.inside_quote for f in fills if f.inside_quote is not None]
    place = horizons.index(MARKOUT_S)
    marks = [markout_at(fill, place) for fill in fills]
    marked = [(mark, notional) for mark, notional in zip(marks, notionals) if mark is not None]
    paid = [(f.fee * worth[f.parent_id][1], n) for f, n in zip(fills, notionals) if f.fee is not None]
    told = {
        "fills": len(fills),
        "orders": len({fill.parent_id for fill in fills}),
        "effective_over_quoted": _over(
            [f.effective_spread * shares_of(f) for f in both], [f.quoted_spread * shares_of(f) for f in both]
        ),
        "effective_bps": _over(
            [f.effective_spread * shares_of(f) * BPS for f in known], [f.mid_at_fill * shares_of(f) for f in known]
        ),
        "inside_quote": sum(judged) / len(judged) if judged else None,
        "passive": _over(
            [n for f, n in zip(fills, notionals) if f.liquidity == "maker"],
            [n for f, n in zip(fills, notionals) if f.liquidity is not None],
        ),
        "markout_60s_bps": _over([mark * n for mark, n in marked], [n for _, n in marked]),
        "fills_with_markout": len(marked),
        "fee_bps": _over([fee * BPS for fee, _ in paid], [n for _, n in paid]),
    }
    return told


def _over(tops, bottoms):
    base = math.fsum(bottoms)
    return math.fsum(tops) / base if base > 0 else None
