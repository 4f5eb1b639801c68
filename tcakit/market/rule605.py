"""The words of SEC Rule 605: classes of order size and type, and the names of the fields of its three forms of report.

Sources: 17 CFR 242.605(a)(2) and the SEC's CSVW schema of its summary (18 columns); Exhibit A of the Rule 605 NMS Plan
(55 fields of the detailed report); the plan as it stood until 2025 (26 fields).
"""

from __future__ import annotations

SIZE_FLOORS_USD = (0, 250, 1_000, 5_000, 10_000, 20_000, 50_000, 200_000)
"""A class of order size is named by its lowest notional; it ends where the next begins."""
IN_PERCENT = (90.0, 110.0)
"""An E/Q that is so many times the ratio of the two spreads beside it was filed in percent, not as a fraction."""
ALL_BELOW_200K = "199999"
"""The summary's class of all orders but the largest."""
SIZE_WORDS: dict[str, str] = {
    "0": "below $250",
    "250": "$250 to $1k",
    "1000": "$1k to $5k",
    "5000": "$5k to $10k",
    "10000": "$10k to $20k",
    "20000": "$20k to $50k",
    "50000": "$50k to $200k",
    ALL_BELOW_200K: "all below $200k",
    "200000": "$200k and more",
}
"""Code of a size -> its words, in the order of the summary."""
OLD_SIZE_WORDS: dict[str, str] = {
    "21": "100 to 499 shares",
    "22": "500 to 1,999 shares",
    "23": "2,000 to 4,999 shares",
    "24": "5,000 shares and more",
}
SUMMARY_TYPE_WORDS: dict[str, str] = {"M": "market", "ML": "marketable limit"}
DETAILED_TYPE_WORDS: dict[str, str] = {
    "MXXNN": "market",
    "LYNNN": "marketable limit",
    "LYNYN": "marketable limit, IOC",
    "LNYNN": "midpoint or better",
    "LNYYN": "midpoint or better, IOC",
    "LNNNN": "executable limit",
    "LNNYN": "executable limit, IOC",
    "MXXNY": "market, stop",
    "LYNNY": "marketable limit, stop",
    "LNNNY": "executable limit, stop",
}
OLD_TYPE_WORDS: dict[str, str] = {
    "11": "market",
    "12": "marketable limit",
    "13": "inside the quote",
    "14": "at the quote",
    "15": "near the quote",
}
PARTICIPANTS: dict[str, str] = {
    "A": "AMEX", "B": "BSE", "C": "CSE", "H": "MIAX", "I": "ISE", "J": "EDGA", "K": "EDGX", "L": "LTSE", "M": "CHX",
    "N": "NYSE", "P": "ARCA", "Q": "NASDAQ", "T": "FINRA", "U": "MEMX", "V": "IEX", "W": "CBOE", "X": "PHLX",
    "Y": "BYX", "Z": "BATS",
}  # fmt: skip
"""Codes of designated participants that the SEC's schema lists."""
SUMMARY_KEY = ("participant", "entity", "month", "sp500", "size", "order_type")
"""What names a row of the summary; no two rows have the same."""
SUMMARY_NUMBERS = (
    "average_order_shares", "average_order_notional", "average_mid", "at_quote_or_better", "improved_share",
    "improvement_of_mid", "effective_of_mid", "quoted_of_mid", "effective_over_quoted", "realised_15s_of_mid",
    "realised_60s_of_mid", "execution_ms",
)  # fmt: skip
"""Our names of the summary's numbers (i) to (xii): shares, currency, currency, then fractions, then milliseconds."""
OES_NAMES: tuple[str, ...] = (
    "DsgntParticipant", "RprtEntityCd", "RptDate", "Sp500", "OrderSize", "OrderType", "AvgOrderQty", "AvgOrderSize",
    "ExctdOrderMidPtAvg", "PctExctdAtQuotOrBetter", "PctExctdPI", "WghtdAvgPctPI", "AvgEffctvSprdPct",
    "AvgPctQuotSprd", "AvgEFQPct", "AvgRealSprdPct15sec", "AvgRealSprdPct1min", "WghtdAvgExctnTime",
)  # fmt: skip
"""The summary's column names in the file's order, which is that of SUMMARY_KEY and SUMMARY_NUMBERS."""


def size_class(notional: float) -> str:
    """The class of an order by its notional in US dollars.

    >>> [size_class(value) for value in (0, 249.99, 250, 199_999.99, 200_000)]
    ['0', '0', '250', '50000', '200000']
    """
    return str(max(floor for floor in SIZE_FLOORS_USD if floor <= max(notional, 0.0)))


def size_limits(size: str) -> tuple[float, float]:
    """Lowest notional of a class of the summary, and the first that is beyond it, in US dollars.

    >>> size_limits("250"), size_limits("199999"), size_limits("200000")
    ((250.0, 1000.0), (0.0, 200000.0), (200000.0, inf))
    """
    if size == ALL_BELOW_200K:
        return 0.0, 200_000.0
    place = SIZE_FLOORS_USD.index(int(size))
    above = SIZE_FLOORS_USD[place + 1 :]
    return float(SIZE_FLOORS_USD[place]), float(above[0]) if above else float("inf")
