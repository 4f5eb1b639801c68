"""One order: every number of it that its fills, quotes and rates give, after the formulas of docs/tca.md."""

import math

from .sums import BPS, bps

AMOUNTS = (
    *("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees", "trading_cost", "total_cost"),
    *("paper_notional", "executed_notional"),
)
INPUTS = ("multiplier", "arrival_ns", "end_ns")


def mid(quote):
    """The middle of a quote (time, bid, offer)."""
    return None if quote is None else (quote[1] + quote[2]) / 2.0


def shares_of(fill):
    """Size of a fill in shares."""
    return fill.quantity / fill.size_scale


def price_of(fill):
    """Price of a fill in its currency."""
    return fill.price / fill.price_scale


def usable(fill):
    """Whether a fill has a size and a price that a sum can take."""
    return (fill.quantity or 0) > 0 and fill.price is not None and fill.size_scale > 0 and fill.price_scale > 0


def order_numbers(parent, market, fills, rates, asked_currency):
    """Every number of an order, by the name of its column; what the evidence has no ground for is left out."""
    found = {name: parent[name] for name in INPUTS}
    found["exchange_rate"] = exchange_rate(parent, rates, asked_currency)
    if parent["stored_limit"] is not None:
        found["limit_price"] = parent["stored_limit"] / parent["price_scale"]
    if not parent["measured"]:
        return found | _unmeasured(parent, fills)
    found |= _fill_numbers(parent, [fill for fill in fills if usable(fill)])
    if parent["contradicts"]:
        return found | {"decision_price": parent["given_decision_price"]}
    if market is not None:
        found |= _market_numbers(market, found["filled_shares"])
    average = found["average_price"]
    for name, price in (("vwap", "interval_vwap"), ("twap", "twap"), ("close", "close_price")):
        if found.get(price) is not None and average is not None:
            found[f"{name}_bps_of_executed"] = bps(parent["side"] * (average - found[price]), found[price])
    found |= _cost_numbers(parent, market, found, [fill for fill in fills if usable(fill)])
    for name in AMOUNTS:
        if found.get(name) is not None:
            found[name] = None if found["exchange_rate"] is None else found[name] * found["exchange_rate"]
    return found


def exchange_rate(parent, rates, asked):
    """What a unit of the order's own currency is worth in that of the report, None where no rate says so."""
    own = parent["trade_currency"]
    return 1.0 if asked is None or own == asked else rates.get((parent["date"], own))


def _unmeasured(parent, fills):
    ordered = parent["quantity"] / parent["size_scale"]
    filled = math.fsum(shares_of(fill) for fill in fills if fill.quantity is not None)
    found = {"ordered_shares": ordered, "filled_shares": filled, "fills": 0}
    found["fill_rate"] = filled / ordered if ordered else None
    return found | {"decision_price": parent["given_decision_price"]}


def _fill_numbers(parent, fills):
    ordered = parent["quantity"] / parent["size_scale"] if parent["size_scale"] > 0 else 0.0
    filled, paid = paid_for(fills)
    found = {"ordered_shares": ordered, "fills": len(fills), "filled_shares": filled}
    found["average_price"] = paid / filled if filled else None
    found["fill_rate"] = filled / ordered if ordered > 0 else 0.0
    if fills:
        found |= {"first_fill_ns": min(f.ts_ns for f in fills), "last_fill_ns": max(f.ts_ns for f in fills)}
    known = [fee for fee in (parent["given_fees"], *(fill.fee for fill in fills)) if fee is not None]
    found["fees"] = math.fsum(known) if known else None
    unknown = any(fill.liquidity is None for fill in fills)
    passive = math.fsum(shares_of(fill) for fill in fills if fill.liquidity == "maker")
    found["maker_fraction"] = passive / filled if filled and not unknown else None
    return found


def paid_for(fills):
    """Shares filled and currency paid, exact where the fills share their units."""
    if len({(fill.price_scale, fill.size_scale) for fill in fills}) == 1:
        units = fills[0].size_scale
        filled = sum(fill.quantity for fill in fills) / units
        return filled, sum(fill.price * fill.quantity for fill in fills) / (units * fills[0].price_scale)
    return math.fsum(map(shares_of, fills)), math.fsum(price_of(fill) * shares_of(fill) for fill in fills)


def _market_numbers(market, filled):
    found = {}
    for name in ("arrival", "end", "close"):
        if market[name] is not None:
            found[f"{name}_price"] = mid(market[name])
    for name in ("interval", "window"):
        if market[name] is not None:
            found[f"{name}_vwap"] = market[name][4] / market[name][3] / market["price_scale"]
    if market["interval"] is not None:
        found["market_shares"] = market["interval"][3] / market["size_scale"]
        found["participation"] = filled / found["market_shares"]
    if market["twap"] is not None:
        found["twap"] = market["twap"][3] + market["twap"][4] / market["twap"][2]
    return found


def _cost_numbers(parent, market, found, fills):
    """Implementation shortfall (Perold 1988) and its parts, in the currency of the order."""
    arrival, end = found.get("arrival_price"), found.get("end_price")
    decision = parent["given_decision_price"]
    if decision is None and market is not None:
        decision = mid(market["decision"])
    if decision is None:
        decision = arrival
    if decision is None:
        return {}
    contract, side = parent["multiplier"] or 1.0, parent["side"]
    ordered, fees = found["ordered_shares"] * contract, found["fees"] or 0.0
    filled, paid = (amount * contract for amount in paid_for(fills))
    intended = filled if filled >= ordered * (1 - 1e-12) else ordered
    out = {"decision_price": decision, "paper_notional": ordered * decision}
    missed = intended - filled
    opportunity = 0.0 if not missed else None if end is None else side * missed * (end - decision)
    if opportunity is not None:
        total = side * (paid - filled * decision) + opportunity + fees
        out |= {"opportunity_cost": opportunity, "total_cost": total}
        out["shortfall_bps_of_paper"] = bps(total, out["paper_notional"])
    if arrival is not None:
        trading, notional = side * (paid - filled * arrival), filled * arrival
        out |= {"delay_cost": side * filled * (arrival - decision), "trading_cost": trading}
        out |= {"executed_notional": notional, "arrival_bps_of_executed": bps(trading, notional)}
        if fills and all(fill.mid_at_fill is not None for fill in fills):
            at_mid = contract * math.fsum(fill.mid_at_fill * shares_of(fill) for fill in fills)
            out |= {"spread_cost": side * (paid - at_mid), "drift_cost": side * (at_mid - filled * arrival)}
    elif not filled:
        out |= {"delay_cost": 0.0, "trading_cost": 0.0}
    return out


def markouts_of(fill, horizons):
    """(horizon, bps of the fill's price) where a mid stood."""
    for place, horizon in enumerate(horizons):
        value = markout_at(fill, place)
        if value is not None:
            yield horizon, value


def markout_at(fill, place):
    """The markout at one of the horizons: from its mid, else as measured; None where there is none."""
    mid = fill.mids[place]
    if mid is None:
        return None if fill.markouts is None else fill.markouts[place]
    price = fill.price / fill.price_scale
    return fill.side * (mid - price) / price * BPS if price > 0 else None


def realised_at(fill, place):
    """The realised spread at one of Rule 605's horizons: from its mid, else as measured."""
    mid = fill.after[place]
    if mid is None:
        return None if fill.realised is None else fill.realised[place]
    return 2.0 * fill.side * (fill.price / fill.price_scale - mid)
