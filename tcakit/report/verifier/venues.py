"""What each venue gave: sums over fills in the report's currency."""

import math

from .blocks import curve_numbers, unit_of
from .orders import markout_at, price_of, realised_at, shares_of
from .sums import BPS, by

MARKOUT_S = 60.0
UNSTATED_VENUE = "not stated"
VENUES_SHOWN = 8


def venue_numbers(path, rows, fills, header, draws):
    """A row a venue of those orders' fills, the largest first, and markout curves of the largest."""
    horizons, later = header["horizons_s"], header["realised_horizons_s"]
    worth = {row["parent_id"]: (unit_of(row), row["exchange_rate"]) for row in rows}
    mine = [fill for fill in fills if worth.get(fill.parent_id, (None, None))[0] is not None]
    notionals = {}
    held = by(mine, lambda fill: UNSTATED_VENUE if fill.venue is None else fill.venue)
    for venue, of_venue in held.items():
        notionals[venue] = [price_of(fill) * shares_of(fill) * worth[fill.parent_id][0] for fill in of_venue]
    sums = {venue: math.fsum(values) for venue, values in notionals.items()}
    everything = math.fsum(sums.values())
    out = {}
    ordered = sorted(held, key=lambda name: (-sums[name], name))
    for place, venue in enumerate(ordered):
        told = _score(held[venue], notionals[venue], worth, horizons)
        told["venue"], told["notional"] = venue, sums[venue]
        told["share_of_executed"] = sums[venue] / everything if everything else None
        out.update({(*path, "venues", place, name): value for name, value in told.items()})
        out.update(_spread_numbers((*path, "venues", place), held[venue], later))
    units = {row["parent_id"]: unit_of(row) for row in rows}
    weighed = [fill for fill in fills if units.get(fill.parent_id) is not None]
    of_venue = by(weighed, lambda fill: UNSTATED_VENUE if fill.venue is None else fill.venue)
    for place, venue in enumerate(ordered[:VENUES_SHOWN]):
        out[(*path, "venue_markouts", place, "venue")] = venue
        points = (*path, "venue_markouts", place, "points")
        out.update(curve_numbers(points, of_venue[venue], units, horizons, draws))
    return out


def _spread_numbers(path, fills, later):
    """Spreads of Rule 605 over mid, and on how many fills each rests."""
    shares = [shares_of(fill) for fill in fills]
    mids = [fill.mid_at_fill for fill in fills]
    at_receipt = [fill.mid_at_receipt for fill in fills]
    spreads = {
        "quoted": ([fill.quoted_spread for fill in fills], mids),
        "effective_at_receipt": ([fill.effective_spread_at_receipt for fill in fills], at_receipt),
        "improvement": ([fill.price_improvement for fill in fills], at_receipt),
    }
    out = {}
    for name, (values, base) in spreads.items():
        out[(*path, f"{name}_bps")], out[(*path, f"{name}_fills")] = _spread_over_mid(values, base, shares)
    for place, seconds in enumerate(later):
        own = (*path, "spreads", place)
        realised = [realised_at(fill, place) for fill in fills]
        impact = [_less(fill.effective_spread, spread) for fill, spread in zip(fills, realised)]
        out[(*own, "horizon_s")] = seconds
        out[(*own, "realised_bps")], out[(*own, "fills")] = _spread_over_mid(realised, mids, shares)
        out[(*own, "impact_bps")] = _spread_over_mid(impact, mids, shares)[0]
    return out


def _less(one, two):
    return None if one is None or two is None else one - two


def _spread_over_mid(spreads, mids, shares):
    top, base, count = 0.0, 0.0, 0
    for spread, mid, size in zip(spreads, mids, shares):
        if spread is not None and mid is not None:
            top += spread * size
            base += mid * size
            count += 1
    return (top / base * BPS if base > 0 else None), count


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
