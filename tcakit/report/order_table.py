"""The table of all orders, column by column, as the page's script shows, sorts and filters it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tcakit.report.rows import values_of
from tcakit.report.wording import MISSING

ROWS_AS_TEXT = 100
_COLUMNS: tuple[tuple[str, str, str, int], ...] = (
    ("ordered_shares", "Ordered, shares", "count", 8),
    ("fill_rate", "Filled", "percent", 1),
    ("average_price", "Average price", "price", 6),
    ("arrival_price", "Arrival mid", "price", 6),
    ("total_cost", "Cost", "number", 2),
    ("shortfall_bps_of_paper", "Shortfall, bps of paper", "number", 2),
    ("arrival_bps_of_executed", "Against arrival, bps of executed", "number", 2),
    ("vwap_bps_of_executed", "Against VWAP, bps of executed", "number", 2),
    ("participation", "Participation", "percent", 1),
    ("maker_fraction", "Passive", "percent", 1),
)


def order_table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of the order table over all rows of `rows.parent_rows`.

    A column has title, kind and data, one value a row, None where unknown. Kinds: `text` (its words stand once, in
    `words`, data says which), `time` (seconds of the day at the exchange), and `count`, `percent` (of per cent),
    `price` and `number`, whose values are rounded to what is shown.
    """
    several = len({row["currency"] for row in rows}) > 1
    days = len({row["date"] for row in rows}) > 1
    zones = {row["arrival_time"][-6:] for row in rows if row["arrival_time"]}
    one_zone = next(iter(zones)) if len(zones) == 1 else None
    columns = [
        {"key": "parent_id", "title": "Order", "kind": "id", "data": [row["parent_id"] for row in rows]},
        _words("Symbol", [row["symbol"] for row in rows]),
        _words("Side", [row["side"] for row in rows]),
        _words("Algorithm", [row["algo"] for row in rows]),
        _words("Broker", [row["broker"] for row in rows]),
    ]
    if days:
        columns.append(_words("Date", [row["date"] for row in rows]))
    title = "Arrival" + (f", UTC{one_zone}" if one_zone else "")
    columns.append({"title": title, "kind": "time", "data": [_second_of_day(row["arrival_time"]) for row in rows]})
    if one_zone is None and zones:
        columns.append(_words("UTC offset", [row["arrival_time"] and row["arrival_time"][-6:] for row in rows]))
    held = values_of(rows, [key for key, *_ in _COLUMNS])
    for (key, name, kind, decimals), values in zip(_COLUMNS, held, strict=True):
        scale = 100.0 if kind == "percent" else 1.0
        shown = name if key != "total_cost" or several or not rows else f"{name}, {rows[0]['currency']}"
        data = _rounded(values, scale, decimals)
        columns.append({"key": key, "title": shown, "kind": kind, "data": data})
        if key == "total_cost" and several:
            columns.append(_words("Currency", [row["currency"] for row in rows]))
    return [*columns, _words("To know", [_to_know(row) for row in rows], wide=True)]


def _to_know(row: dict[str, Any]) -> str | None:
    why = None if row["priced"] else f"not priced: {row['unpriced_reason'] or 'no reason given'}"
    return "; ".join(text for text in (why, row["notes"]) if text) or None


def _words(title: str, values: list[str | None], wide: bool = False) -> dict[str, Any]:
    words = sorted({value if value is not None else MISSING for value in values})
    place = {word: number for number, word in enumerate(words)}
    data = [place[MISSING if value is None else value] for value in values]
    return {"title": title, "kind": "text", "words": words, "data": data, "wide": wide}


def _second_of_day(text: str | None) -> int | None:
    """Seconds since midnight of "2024-03-14T10:30:05.25-04:00"."""
    if text is None:
        return None
    hours, minutes, seconds = (int(part) for part in text[11:19].split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def _rounded(values: Sequence[float | None], scale: float, decimals: int) -> list[float | int | None]:
    told = [None if value is None else round(value * scale, decimals) for value in values]
    return [int(value) if value is not None and value.is_integer() else value for value in told]
