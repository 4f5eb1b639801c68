"""Orders of many currencies told in one, each at the rate of its own day, with the rate's source beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tcakit.report.rows import COSTS
from tcakit.report.wording import NO_CURRENCY

Row = dict[str, Any]
Rates = Mapping[tuple[str, str], Mapping[str, Any] | None]
"""(date, currency) -> value (what one unit is worth), date, source and how of the rate; None where there is none."""
AMOUNTS = (*COSTS, "paper_notional", "executed_notional")
"""Columns of a parent's row that are sums of money; its prices stay in the currency it traded in."""


def in_currency(rows: Sequence[Row], currency: str, rates: Rates) -> list[Row]:
    """Rows with their sums of money in `currency`; `trade_currency` is what the order traded in.

    A row without a rate keeps its basis points and loses its sums, with the reason: nothing is guessed.
    """
    return [_converted(row, currency, rates) for row in rows]


def _converted(row: Row, currency: str, rates: Rates) -> Row:
    own = row["currency"]
    rate = {"value": 1.0} if own == currency else rates.get((row["date"], own))
    told = row | {"currency": currency, "trade_currency": own, "exchange_rate": rate and rate["value"]}
    if rate is None:
        told |= dict.fromkeys(AMOUNTS)
        reasons = [row["unpriced_reason"], reason(own, currency, row["date"])]
        return told | {"priced": False, "unpriced_reason": "; ".join(filter(None, reasons))}
    return told | {name: None if row[name] is None else row[name] * rate["value"] for name in AMOUNTS}


def reason(own: str, currency: str, date: str) -> str:
    """Why an order's sums cannot be told in a currency."""
    if own == NO_CURRENCY:
        return f"its currency is not stated, so that it cannot be told in {currency}"
    return f"no rate from {own} to {currency} on {date} or the 7 days before"


def conversion(rows: Sequence[Row], currency: str | None, rates: Rates) -> dict[str, Any] | None:
    """What a report says of its currency: `asked`, the `rates` used with source and orders, and orders `without_rate`.

    None where no currency was asked for. `rows` are those of `in_currency`.
    """
    if currency is None:
        return None
    used: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["exchange_rate"] is not None and row["trade_currency"] != currency:
            key = row["date"], row["trade_currency"]
            used[key] = used.get(key, 0) + 1
    told = []
    for (date, own), orders in sorted(used.items(), key=lambda item: (item[0][1], item[0][0])):
        rate = rates[date, own]
        assert rate is not None
        told.append(
            {"date": date, "from": own, "to": currency, "rate": rate["value"], "rate_date": rate["date"],
             "source": rate["source"], "how": rate["how"], "orders": orders}
        )  # fmt: skip
    lacking = [row for row in rows if row["exchange_rate"] is None]
    return {
        "asked": currency,
        "rates": told,
        "sources": sorted({rate["source"] for rate in told}),
        "without_rate": [
            {"parent_id": row["parent_id"], "reason": reason(row["trade_currency"], currency, row["date"])}
            for row in lacking
        ],
    }
