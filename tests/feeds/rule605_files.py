"""Small reports of SEC Rule 605, made by hand for the tests."""

from __future__ import annotations

from tcakit.feeds.rule605_forms import DETAILED
from tcakit.market.rule605 import OES_NAMES

HEADER = ",".join(OES_NAMES)
GOOD = "Q,ACME,202501,Y,1000,M,100,2000,20,0.98,0.25,0.0004,0.0009,0.001,0.9,0.0002,0.0001,12.5"


def summary(*rows: str, end: str = "\r\n") -> bytes:
    """A summary of these rows."""
    return "".join(line + end for line in (HEADER, *rows)).encode()


def changed(**cells: str) -> str:
    """The good row with other cells."""
    row = dict(zip(OES_NAMES, GOOD.split(","), strict=True)) | cells
    return ",".join(row[name] for name in OES_NAMES)


# 1,000 shares of ten orders: 200 cancelled, 700 executed here and 100 elsewhere.
DETAILED_ROW: dict[str, object] = {
    "participant": "Q", "entity": "ACME", "month": "202608", "symbol": "XYZ", "lot": "ROUND", "size": "1000",
    "order_type": "MXXNN", "orders": 10, "notional": 20_000, "shares": 1000, "cancelled_shares": 200,
    "executed_shares": 700, "away_shares": 100, "within_100us_shares": 100, "within_1ms_shares": 200,
    "within_10ms_shares": 300, "within_1s_shares": 100, "within_10s_shares": 50, "within_30s_shares": 25,
    "within_5min_shares": 25, "later_shares": 0, "average_mid": 20, "quoted_spread": 0.02,
    "effective_spread": 0.015, "effective_of_mid": 0.00075, "effective_over_quoted": 0.75, "improved_shares": 300,
    "improvement_per_share": 0.005, "improved_time": 2.5, "at_quote_shares": 400, "at_quote_time": 5,
    "outside_shares": 100, "outside_per_share": 0.01, "outside_time": 100, "realised_15s": 0.004,
    "better_than_best_shares": 200, "at_best_shares": 500, "worse_than_best_shares": 100, "filled_orders": 8,
    "execution_time": 16.0,
}  # fmt: skip


def detailed(*rows: dict[str, object]) -> bytes:
    """A detailed report; each row is the good one with other fields, by our names."""
    lines = ["|".join(DETAILED.names)]
    for row in rows:
        whole = DETAILED_ROW | row
        lines.append("|".join(str(whole.get(field, "")) for field in DETAILED.fields))
    return ("\n".join(lines) + "\n").encode()


OLD_ROW = (
    "T|ACME|201708|XYZ|12|21|4|600|100|400|100|300|100|50|30|20|0.0100|0.0300|200|0.0050|0.5|250|2.0|50|0.0100|9.0"
)


def old(*rows: str) -> bytes:
    """A detailed report as it was until 2025."""
    return ("\n".join(rows) + "\n").encode()
