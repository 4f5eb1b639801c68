"""One order: every number of it that its fills, quotes and rates give, after the formulas of docs/tca.md."""

import math

from .given import GIVEN_OF_ORDERS
from .sums import BPS, bps

AMOUNTS = (
    *("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees", "trading_cost", "total_cost"),
    *("paper_notional", "executed_notional"),
)
SPREADS_OF_FILLS = (
    *("mid_at_fill", "effective_spread", "quoted_spread", "inside_quote"),
    *("mid_at_receipt", "effective_spread_at_receipt", "price_improvement"),
)


PRICES_OF_ORDERS = ("arrival_price", "end_price", "close_price", "interval_vwap", "window_vwap", "twap")


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


def fill_numbers(fill):
    """What a fill's quotes say of it, by the name of its column; what they do not say is left out."""
    told = {}
    if not usable(fill):
        return told
    price, side = price_of(fill), fill.side if fill.side in (1, -1) else None
    if fill.bid is not None and fill.ask is not None:
        told["mid_at_fill"], told["quoted_spread"] = (fill.bid + fill.ask) / 2.0, fill.ask - fill.bid
        told["inside_quote"] = fill.bid <= price <= fill.ask
        if side:
            told["effective_spread"] = 2.0 * side * (price - told["mid_at_fill"])
    if fill.receipt_bid is not None and fill.receipt_ask is not None:
        told["mid_at_receipt"] = (fill.receipt_bid + fill.receipt_ask) / 2.0
        if side:
            told["effective_spread_at_receipt"] = 2.0 * side * (price - told["mid_at_receipt"])
    touch = fill.receipt_ask if fill.side == 1 else fill.receipt_bid
    if side and touch is not None:
        told["price_improvement"] = side * (touch - price)
    return told


def order_numbers(parent, market, fills, rates, asked_currency):
    """Every number of an order, by the name of its column; what the evidence has no ground for is left out."""
    found = {name: parent[name] for name in GIVEN_OF_ORDERS}
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
    # A price without ground is as it is stated; what follows from it is worked out all the same.
    prices = {name: parent[name] for name in PRICES_OF_ORDERS} | found
    for name, price in (("vwap", "interval_vwap"), ("twap", "twap"), ("close", "close_price")):
        against = prices[price]
        known = against is not None and average is not None
        found[f"{name}_bps_of_executed"] = bps(parent["side"] * (average - against), against) if known else None
    if "participation" not in found:
        shares = parent["market_shares"]
        found["participation"] = found["filled_shares"] / shares if shares else None
    found |= _cost_numbers(parent, market, found, prices, [fill for fill in fills if usable(fill)])
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
            traded, volume = market[name][4], market[name][3]
            found[f"{name}_vwap"] = traded / volume / market["price_scale"] if volume else None
    if market["interval"] is not None:
        found["market_shares"] = market["interval"][3] / market["size_scale"]
        found["participation"] = filled / found["market_shares"] if found["market_shares"] else None
    if market["twap"] is not None:
        found["twap"] = market["twap"][3] + market["twap"][4] / market["twap"][2]
    return found


def _cost_numbers(parent, market, found, prices, fills):
    """Implementation shortfall (Perold 1988) and its parts, in the currency of the order."""
    arrival, end = prices["arrival_price"], prices["end_price"]
    decision, founded = parent["given_decision_price"], True
    if decision is None and market is not None:
        decision = mid(market["decision"])
    if decision is None and found.get("arrival_price") is not None:
        decision = arrival
    if decision is None:
        decision, founded = parent["decision_price"], False
    if decision is None:
        return {}
    contract, side = parent["multiplier"] or 1.0, parent["side"]
    ordered, fees = found["ordered_shares"] * contract, found["fees"] or 0.0
    filled, paid = (amount * contract for amount in paid_for(fills))
    intended = filled if filled >= ordered * (1 - 1e-12) else ordered
    out = {"decision_price": decision} if founded else {}
    out["paper_notional"] = ordered * decision
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
    if fill.mids[place] is None:
        return None if fill.markouts is None else fill.markouts[place]
    return markout_of_mid(fill, fill.mids[place])


def markout_of_mid(fill, mid):
    """Where a mid was from a fill, in bps of the fill's price; above zero is good for the client."""
    if mid is None or fill.price is None or not fill.price_scale > 0:
        return None
    price = price_of(fill)
    return fill.side * (mid - price) / price * BPS if price > 0 else None


def realised_at(fill, place):
    """The realised spread at one of Rule 605's horizons: from its mid, else as measured."""
    if fill.after[place] is None:
        return None if fill.realised is None else fill.realised[place]
    return realised_of_mid(fill, fill.after[place])


def realised_of_mid(fill, mid):
    """Twice the signed distance of a fill's price from a later mid."""
    if mid is None or fill.price is None or not fill.price_scale > 0:
        return None
    return 2.0 * fill.side * (price_of(fill) - mid)
