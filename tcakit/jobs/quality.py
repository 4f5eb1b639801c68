"""Checks of stored market data, per symbol and day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.jobs.market import market_day
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, symbol_days
from tcakit.tca.market_quality import check_day


def quality(
    folder: Path, *, symbol: str | None = None, date: str | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """Every check of every stored symbol and day, or of those named; UsageError if there is none."""
    store = Store(folder, wait_s=wait_s)
    rows: list[dict[str, Any]] = []
    seen = False
    for day in [date] if date else store.dates():
        for held in symbol_days(store, day):
            if symbol is not None and held.instrument.symbol != symbol:
                continue
            seen = True
            found = [(c.check, c.count, c.worst, c.unit) for c in check_day(market_day(store, held))]
            place = {"date": day, "symbol": held.instrument.symbol, "venue": held.instrument.venue}
            for name, count, worst, unit in [*found, *_rows_checks(store, held)]:
                rows.append(place | {"check": name, "count": count, "worst": worst, "unit": unit})
    if not seen:
        raise UsageError("no such market data is stored", place="quality", remedy="see `tcakit catalog`")
    return {"checks": rows}


_BY_TABLE = """
    SELECT count(*) FILTER (recv_ns < ts_ns), max(ts_ns - recv_ns) FILTER (recv_ns < ts_ns),
           count(*) FILTER (ts_ns < before), max(before - ts_ns) FILTER (ts_ns < before)
    FROM (SELECT ts_ns, recv_ns, lag(ts_ns) OVER (PARTITION BY source_id ORDER BY seq) AS before
          FROM {table} WHERE instrument_id = ?)
"""
_DUPLICATES = """
    SELECT coalesce(sum(times - 1), 0) FROM (
        SELECT count(*) AS times FROM {table} WHERE instrument_id = ? AND trade_id IS NOT NULL {only}
        GROUP BY trade_id HAVING count(*) > 1)
"""


def _rows_checks(store: Store, day: SymbolDay) -> list[tuple[str, int, float | None, str]]:
    """What only the stored rows show: clocks and ids."""
    received = backwards = duplicates = 0
    worst_received: float | None = None
    worst_backwards: float | None = None
    with store.read_day(day.date) as connection:
        for table in ("book_events", "trades", "quotes"):
            found = connection.execute(_BY_TABLE.format(table=table), [day.instrument_id]).fetchone()
            row = found or (0, None, 0, None)
            received += row[0]
            backwards += row[2]
            worst_received = _larger(worst_received, row[1])
            worst_backwards = _larger(worst_backwards, row[3])
        for table, only in (("trades", ""), ("book_events", "AND kind IN (4, 5, 6, 10)")):
            doubled = connection.execute(_DUPLICATES.format(table=table, only=only), [day.instrument_id]).fetchone()
            duplicates += int(doubled[0]) if doubled else 0
    return [
        ("received before it was sent", received, worst_received, "s"),
        ("clock runs backwards", backwards, worst_backwards, "s"),
        ("duplicate trade id", duplicates, None, ""),
    ]


def _larger(held: float | None, ns: int | None) -> float | None:
    if ns is None:
        return held
    return ns / 1e9 if held is None else max(held, ns / 1e9)
