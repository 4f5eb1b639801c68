"""Further benchmarks of an order from the prints, quotes and mids behind them, and what orders cost against them."""

import math

from .blocks import unit_of
from .draws import ask_ratios
from .given import AS_MEASURED
from .orders import markout_at, price_of, shares_of, usable
from .sums import BPS, times, total

FURTHER_DRAWS = 400
BASES = tuple((rate, basis) for basis in ("ordered", "filled") for rate in (5, 10, 20))
LIMITED = ("ordered", "filled")
PRICES = (
    *("open_price", "previous_close", "day_vwap", "interval_vwap_without_own"),
    *(f"pwp_{rate}_of_{basis}" for rate, basis in BASES),
    *("best_price", "worst_price", "limit_vwap", *(f"limit_pwp_10_of_{basis}" for basis in LIMITED)),
    "broker_start_price",
)
EXECUTED = (
    *("market_adjusted_bps_of_executed", "index_cost_bps", "permanent_impact_300s_bps", "temporary_impact_300s_bps"),
    *("permanent_impact_1800s_bps", "temporary_impact_1800s_bps", "reversion_60s_bps", "reversion_300s_bps"),
    "leakage_60s_bps",
)
# In the order of the report: what is averaged, and what it is weighed by.
AVERAGED = (
    *((name, "executed") for name in EXECUTED),
    ("adverse_selection_60s_bps", "passive"),
    *((name, "executed") for name in ("rpm_volume", "rpm_trades_and_volume")),
    *((name, "paper") for name in ("quantity_adv", "volatility_daily", "half_spread_bps", "timing_risk_bps")),
    *(("first_fill_s", "order"), ("weighted_fill_s", "executed"), ("last_fill_s", "order"), ("child_orders", "order")),
    *(("child_fill_rate", "children"), ("fill_days", "order")),
)
ORDER_BASIS = ("order_delay_cost", "order_trading_cost", "order_opportunity_cost")
SPLITS = {
    "executed": ("delay_cost", "trading_cost", "opportunity_cost"),
    "order": ORDER_BASIS,
    "timestamps": ("delay_cost", "market_timing_cost", "broker_execution_cost", "opportunity_cost"),
    "days": ("delay_to_close_cost", "realised_cost", "opportunity_cost"),
}
MONEY_OF_BENCHMARKS = (
    *(*ORDER_BASIS, "market_timing_cost", "broker_execution_cost"),
    *("realised_cost", "delay_to_close_cost"),
)
# What an order's own row says too.
KNOWN_OF_SYMBOLS = ("adv_shares", "volatility_daily", "half_spread_bps")


def benchmark_values(parent, letters, stored, fills, horizons, children):
    """Every number of an order's further benchmarks, in the report's currency: from the sums and mids behind them.

    `letters` are those, `stored` the numbers as they were measured. Gives them and the names of those that rest on
    something else, which are as they were measured.
    """
    found = {name: stored[name] for name in AS_MEASURED}
    found.update(_of_prints(parent, letters))
    found.update(_of_mids(parent, letters))
    found.update(_of_fills(parent, [fill for fill in fills if usable(fill)], horizons))
    if children:
        found["child_orders"] = len(children)
        found["child_fill_rate"] = sum(child[4] for child in children) / len(children)
    if stored["adv_shares"] and parent["ordered_shares"] is not None:
        found["quantity_adv"] = parent["ordered_shares"] / stored["adv_shares"]
    found.update(_costs_by_stamp(parent, found))
    found.update(_costs_by_day(parent, stored["close_before_fills"]))
    without = [name for name, value in stored.items() if _is_number(value) and found.get(name) is None]
    found.update({name: stored[name] for name in without})
    rate = parent["exchange_rate"]
    found.update({name: times(found.get(name), rate) for name in MONEY_OF_BENCHMARKS})
    return found, without


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _over_scale(top, bottom, scale):
    return None if top is None or not bottom or not scale else top / bottom / scale


def _of_prints(parent, letters):
    """Prices and shares that sums of prints give."""
    scale, get = letters.get("price_scale") or parent["price_scale"], letters.get
    found = {
        "open_price": _over_scale(get("print_O"), 1.0, scale),
        "best_price": _over_scale(get("print_best"), 1.0, scale),
        "worst_price": _over_scale(get("print_worst"), 1.0, scale),
        "day_vwap": _over_scale(get("traded_D"), get("volume_D"), scale),
        "limit_vwap": _over_scale(get("traded_L"), get("volume_L"), scale),
    }
    for rate, basis in BASES:
        letter = f"W{rate}{basis[0]}"
        found[f"pwp_{rate}_of_{basis}"] = _over_scale(get(f"traded_{letter}"), get(f"volume_{letter}"), scale)
    for basis in LIMITED:
        letter = f"WL10{basis[0]}"
        found[f"limit_pwp_10_of_{basis}"] = _over_scale(get(f"traded_{letter}"), get(f"volume_{letter}"), scale)
    own, vwap, average = get("own"), parent["interval_vwap"], parent["average_price"]
    if None not in (own, vwap, average) and own < 1.0:
        found["interval_vwap_without_own"] = (vwap - own * average) / (1.0 - own) if own else vwap
    volume, worse, better = get("volume_I"), get("worse"), get("better")
    if volume and None not in (worse, better):
        found["rpm_volume"] = (volume + worse - better) / (2.0 * volume)
        if get("prints") and get("worse_prints") is not None:
            found["rpm_trades_and_volume"] = (get("worse_prints") / get("prints") + worse / volume) / 2.0
    return found


def _of_mids(parent, letters):
    """Impact, reversion, run-up and risk from mids around the order."""
    side, arrival, average, get = parent["side"], parent["arrival_price"], parent["average_price"], letters.get
    found = {}
    if get("bid_b") is not None and get("ask_b") is not None:
        found["broker_start_price"] = (get("bid_b") + get("ask_b")) / 2.0
    if arrival is not None and get("m_before"):
        found["leakage_60s_bps"] = side * (arrival - get("m_before")) / get("m_before") * BPS
    for seconds in (300, 1800):
        after = get(f"m_{seconds}")
        if after is not None and arrival:
            found[f"permanent_impact_{seconds}s_bps"] = side * (after - arrival) / arrival * BPS
            if average is not None:
                found[f"temporary_impact_{seconds}s_bps"] = side * (average - after) / arrival * BPS
    for seconds in (60, 300):
        after, last = get(f"m_{seconds}"), get("m_last")
        if after is not None and last:
            found[f"reversion_{seconds}s_bps"] = side * (last - after) / last * BPS
    if get("sigma") is not None and get("root_T_3") is not None:
        found["timing_risk_bps"] = get("sigma") * get("root_T_3") * BPS
    move, beta = get("index_move"), get("beta_given")
    if None not in (move, beta, parent["arrival_bps_of_executed"]):
        found["market_adjusted_bps_of_executed"] = parent["arrival_bps_of_executed"] - beta * move
    return found


def _of_fills(parent, fills, horizons):
    """Times, days and adverse selection from an order's own fills."""
    if not fills:
        return {}
    after = [(fill.ts_ns - parent["arrival_ns"]) / 1e9 for fill in fills]
    shares = [shares_of(fill) for fill in fills]
    found = {"first_fill_s": min(after), "last_fill_s": max(after), "fill_days": len({fill.date for fill in fills})}
    found["weighted_fill_s"] = math.fsum(map(_product, after, shares)) / math.fsum(shares)
    place = horizons.index(60.0)
    passive = [(markout_at(f, place), price_of(f) * shares_of(f)) for f in fills if f.liquidity == "maker"]
    if passive and all(mark is not None for mark, _ in passive):
        worth = math.fsum(value for _, value in passive)
        found["adverse_selection_60s_bps"] = -math.fsum(mark * value for mark, value in passive) / worth
    return found


def _product(one, two):
    return one * two


def _costs_by_stamp(parent, found):
    """Shortfall on the order basis and by four stamps, in the order's own currency."""
    rate = parent["exchange_rate"]
    if parent["trading_cost"] is None or not rate or parent["contradicts"]:
        return {}
    contract, side = parent["multiplier"] or 1.0, parent["side"]
    arrival, decision, end = parent["arrival_price"], parent["decision_price"], parent["end_price"]
    ordered, filled = parent["ordered_shares"], parent["filled_shares"]
    complete = filled >= ordered * (1 - 1e-12)
    out = {"order_trading_cost": parent["trading_cost"] / rate}
    if arrival is None:
        return out
    out["order_delay_cost"] = side * (filled if complete else ordered) * contract * (arrival - decision)
    if complete or end is not None:
        missed = 0.0 if complete else (ordered - filled) * contract * (end - arrival)
        out["order_opportunity_cost"] = side * missed
    if found.get("broker_start_price") is not None:
        out["market_timing_cost"] = side * filled * contract * (found["broker_start_price"] - arrival)
        out["broker_execution_cost"] = out["order_trading_cost"] - out["market_timing_cost"]
    return out


def _costs_by_day(parent, close):
    """Realised cost and delay against the closes before the days of the fills, in the order's own currency."""
    average, decision = parent["average_price"], parent["decision_price"]
    if close is None or average is None or parent["contradicts"]:
        return {}
    signed = parent["side"] * parent["filled_shares"] * (parent["multiplier"] or 1.0)
    out = {"realised_cost": signed * (average - close)}
    if decision is not None:
        out["delay_to_close_cost"] = signed * (close - decision)
    return out


def order_benchmark_numbers(out, rows, values, without):
    """The line of each order: its further benchmarks, and its cost against each price of them. Gives the paths of those
    that rest on something else (`without` has their names by order), and by path what an order's money is rounded to.
    """
    unfounded, worth = set(), {}
    told = [(row, values[row["parent_id"]]) for row in rows if row["parent_id"] in values]
    for place, (row, found) in enumerate(told):
        path = ("order_benchmarks", place)
        out[(*path, "parent_id")] = row["parent_id"]
        out.update({(*path, name): value for name, value in found.items() if not isinstance(value, str)})
        unfounded.update((*path, name) for name in without[row["parent_id"]])
        worth.update({(*path, name): row["paper_notional"] or 0.0 for name in MONEY_OF_BENCHMARKS})
        for name in PRICES:
            price = found.get(name)
            known = price is not None and price > 0 and row["average_price"] is not None
            cost = row["side"] * (row["average_price"] - price) / price * BPS if known else None
            out[(*path, f"against_{name}_bps")] = cost
    return unfounded, worth


def benchmark_cost_numbers(out, path, rows, values, draws):
    """Figures over the orders of a currency, ratios of sums with one draw for all, and four ways to split the cost."""
    columns = [[_against(row, values.get(row["parent_id"], {}), name) for row in rows] for name in PRICES]
    columns += [[_weighed(row, values.get(row["parent_id"], {}), *item) for row in rows] for item in AVERAGED]
    names = [*PRICES, *(name for name, _ in AVERAGED)]
    scales = [BPS] * len(PRICES) + [1.0] * len(AVERAGED)
    known = []
    for place, (column, scale) in enumerate(zip(columns, scales)):
        pairs = [pair for pair in column if pair]
        known.append(len(pairs))
        base = math.fsum(bottom for _, bottom in pairs)
        own = (*path, "measures", place)
        out[(*own, "key")] = names[place]
        out[(*own, "n")] = len(pairs)
        out[(*own, "value")] = math.fsum(top for top, _ in pairs) / base * scale if pairs else None
    for scale in (BPS, 1.0):
        # All are drawn together; those of one scale are asked for at once.
        places = [place for place, own in enumerate(scales) if own == scale]
        tops, bottoms = ([[pair[side] if pair else 0.0 for pair in columns[at]] for at in places] for side in (0, 1))
        paths = [(*path, "measures", place, end) for place in places for end in ("low", "high")]
        ask_ratios(draws, paths, tops, bottoms, [known[at] for at in places], FURTHER_DRAWS, factor=scale)
    for name, steps in SPLITS.items():
        _split_numbers(out, (*path, "splits", name), rows, values, steps)


def _against(row, found, name):
    price, unit = found.get(name), unit_of(row)
    if price is None or not price > 0 or unit is None or row["average_price"] is None or not row["filled_shares"] > 0:
        return None
    filled = row["filled_shares"] * unit
    return row["side"] * filled * (row["average_price"] - price), filled * price


def _weighed(row, found, name, weight):
    weights = {
        "executed": row["executed_notional"],
        "paper": row["paper_notional"],
        "order": 1.0,
        "passive": times(row["executed_notional"], row["maker_fraction"]),
        "children": found.get("child_orders"),
    }
    value, base = found.get(name), weights[weight]
    return (value * base, base) if value is not None and base is not None and base > 0 else None


def _split_numbers(out, path, rows, values, steps):
    """A shortfall taken apart, over the orders of which every step is known."""
    amounts = []
    for row in rows:
        own = {**row, **{name: values.get(row["parent_id"], {}).get(name) for name in MONEY_OF_BENCHMARKS}}
        if all(own[name] is not None for name in (*steps, "total_cost")) and (row["paper_notional"] or 0.0) > 0:
            amounts.append(own)
    out[(*path, "n")], out[(*path, "left_out")] = len(amounts), len(rows) - len(amounts)
    paper = total(own["paper_notional"] for own in amounts)
    for place, name in enumerate((*steps, "fees", "total_cost") if amounts else ()):
        cost = total(own[name] for own in amounts)
        out[(*path, "steps", place, "key")] = name
        out[(*path, "steps", place, "cost")] = cost
        out[(*path, "steps", place, "bps_of_paper")] = None if cost is None else cost / paper * BPS
