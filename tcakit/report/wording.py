"""How a report says things: numbers as text, the sign convention, and what each benchmark means."""

from __future__ import annotations

import math
from typing import Any

from tcakit.market import schema

MISSING = "–"
SIGN_CONVENTION = (
    "Costs are cost-positive: a number above zero is bad for the client, whether the order bought or sold. "
    "Markouts are favourable-positive: above zero the market moved our way after the fill."
)
DENOMINATORS = (
    "Basis points say in their name what they are a share of: of paper is ordered quantity times decision "
    "price; of executed is filled quantity times the benchmark's own price. Totals are ratios of sums (total "
    "cost over total notional), never averages of basis points, and currencies are never added together."
)
INTERVALS = (
    "Intervals are 95 % bootstrap intervals that resample whole parent orders, because fills of one order are "
    "not independent. No interval is shown for fewer than two orders."
)
NOT_STATED = "not stated"
NO_CURRENCY = "currency not stated"

COMPONENT_NAMES = {
    "delay_cost": "Delay",
    "spread_cost": "Spread",
    "drift_cost": "Drift",
    "trading_cost_not_split": "Trading, not split",
    "opportunity_cost": "Opportunity",
    "fees": "Fees",
    "not_attributed": "Not attributed",
    "total_cost": "Total",
}
COMPONENT_MEANINGS = {
    "delay_cost": "from decision price to mid at arrival, on what was filled",
    "spread_cost": "fills against the mid at each fill",
    "drift_cost": "mid at each fill against mid at arrival: our impact and the market's own move",
    "trading_cost_not_split": "average price against arrival where a fill has no quote to split it by",
    "opportunity_cost": "what was not filled, from decision price to the end of the order",
    "fees": "commissions, taxes and venue fees, less rebates",
    "not_attributed": "part of the total that no component explains",
    "total_cost": "implementation shortfall",
}
PART_NAMES = {
    "delay": "Delay",
    "spread": "Spread",
    "impact": "Impact, as the model expected",
    "timing": "Timing: the market's move beyond it, skill or luck",
    "selection": "Selection: the mix of brokers beyond an even one",
    "drift_not_split": "Drift of orders without an estimate",
    "trading_not_split": "Trading of orders without a quote at a fill",
    "opportunity": "Opportunity",
    "fees": "Fees",
    "not_attributed": "Not attributed",
    "total": "Total",
}
"""What a cost is due to (`tca.performance.PARTS`), what is left of it, and the total."""
MEASURE_NAMES = {
    "shortfall_bps_of_paper": "Shortfall",
    "arrival_bps_of_executed": "Against arrival",
    "vwap_bps_of_executed": "Against interval VWAP",
    "twap_bps_of_executed": "Against TWAP",
    "close_bps_of_executed": "Against close",
}
_BENCHMARKS = {
    "decision_price": "Decision",
    "arrival_price": "Arrival",
    "interval_vwap": "Interval VWAP",
    "window_vwap": "Window VWAP",
    "twap": "TWAP",
    "end_price": "End",
    "close_price": "Close",
    "participation": "Participation",
    "shortfall_bps_of_paper": "Shortfall, bps of paper",
    "arrival_bps_of_executed": "Arrival cost, bps of executed",
}


def benchmark_definitions() -> list[dict[str, str]]:
    """What each benchmark means, in the words of the schema."""
    meaning = {column.name: column.meaning for column in schema.TCA_PARENTS.columns}
    return [{"name": name, "definition": meaning[column]} for column, name in _BENCHMARKS.items()]


def number(value: float | int | None, decimals: int = 2) -> str:
    """A number with thousands separators and a true minus sign; a dash where it is missing.

    >>> number(-1234.5), number(None), number(-0.001)
    ('−1,234.50', '–', '0.00')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else "−" + text[1:]
    return text


def count(value: float | int | None) -> str:
    """A whole number; what is not whole keeps its decimals.

    >>> count(12000.0), count(0.25)
    ('12,000', '0.25')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if float(value).is_integer():
        return number(value, 0)
    return number(value, 8).rstrip("0")


def percent(fraction: float | None, decimals: int = 1) -> str:
    """A fraction as per cent.

    >>> percent(0.125)
    '12.5 %'
    """
    return MISSING if fraction is None or not math.isfinite(fraction) else f"{number(fraction * 100, decimals)} %"


def in_unit(value: float | int | None, unit: str) -> str:
    """A number of some unit: fractions as per cent, counts ("") as few decimals as they need.

    >>> in_unit(0.125, "fraction"), in_unit(3.5, "bps"), in_unit(2, "")
    ('12.5 %', '3.50 bps', '2')
    """
    if unit == "fraction":
        return percent(value)
    if unit == "":
        return count(None if value is None else round(value, 2))
    return MISSING if value is None else f"{number(value)} {unit}"


def interval_in_unit(stat: dict[str, Any], unit: str) -> str:
    """The 95 % interval of a statistic of some unit.

    >>> interval_in_unit({"low": 0.1, "high": 0.25}, "fraction")
    '10.0 % to 25.0 %'
    """
    if stat["low"] is None or stat["high"] is None:
        return MISSING
    return f"{percent(stat['low'])} to {percent(stat['high'])}" if unit == "fraction" else interval(stat)


def limits(check: dict[str, Any]) -> str:
    """What a check of a policy allows, in words.

    >>> limits({"at_least": None, "at_most": 12.5, "unit": "bps"})
    'at most 12.50 bps'
    """
    known = (("at least", check["at_least"]), ("at most", check["at_most"]))
    said = [f"{word} {in_unit(limit, check['unit'])}" for word, limit in known if limit is not None]
    return ", ".join(said) or MISSING


def price(value: float | None) -> str:
    """A price with at least two and at most six decimals, as many as it needs.

    >>> price(223.18), price(31.0450)
    ('223.18', '31.045')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    whole, _, decimals = number(value, 6).partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def interval(stat: dict[str, Any] | None, decimals: int = 2) -> str:
    """The 95 % interval of a statistic as text.

    >>> interval({"value": 1.0, "low": -0.5, "high": 2.5, "n": 4})
    '−0.50 to 2.50'
    """
    if not stat or stat["low"] is None or stat["high"] is None:
        return MISSING
    return f"{number(stat['low'], decimals)} to {number(stat['high'], decimals)}"


def horizon(seconds: float) -> str:
    """A markout horizon as text.

    >>> horizon(-60.0), horizon(0.1), horizon(300.0)
    ('−1 min', '100 ms', '5 min')
    """
    size = abs(seconds)
    if size >= 60 and size % 60 == 0:
        text = f"{size / 60:g} min"
    elif 0 < size < 1:
        text = f"{size * 1000:g} ms"
    else:
        text = f"{size:g} s"
    return f"−{text}" if seconds < 0 else text
