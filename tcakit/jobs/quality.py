"""Checks of stored market data, per symbol and day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.jobs.align import clock_offsets
from tcakit.jobs.coverage import markets_of
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.market import has_book, market_day, replay_feed
from tcakit.jobs.sources import package_hash
from tcakit.market import codes
from tcakit.replay.columns import crossings_bps
from tcakit.store.column_cache import cached_columns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, symbol_days
from tcakit.store.rows import day_tables
from tcakit.tca.market_quality import check_day

JUDGED_FILLS = 5_000
"""A broker's clock is estimated from so many of its fills at most, where nobody asked for the estimate alone."""


def quality(
    folder: Path, *, symbol: str | None = None, date: str | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """Every check of every stored symbol and day, or of those named; UsageError if there is none.

    `checks` has a row a check and day; `clocks`, where a blotter is stored, the offset of each broker's clock as
    `align` gives it, of the symbol and date named.
    """
    store = Store(folder, wait_s=wait_s)
    rows: list[dict[str, Any]] = []
    for day in [date] if date else store.dates():
        for held in symbol_days(store, day):
            if symbol is None or held.instrument.symbol == symbol:
                rows += day_checks(store, held)
    if not rows:
        raise UsageError("no such market data is stored", place="quality", remedy="see `tcakit catalog`")
    return {"checks": rows, "clocks": _clocks(store, symbol, date)}


def day_checks(store: Store, held: SymbolDay) -> list[dict[str, Any]]:
    """Every check of one symbol's day: date, symbol, venue, check, count, worst (null where it never occurs), unit."""
    origin = {
        "what": "checks",
        "code": package_hash(),
        "date": held.date,
        "instrument": [getattr(held.instrument, name) for name in held.instrument.__slots__],
        "contents": list(held.contents),
        "keys": list(held.data_keys),
    }

    def make() -> dict[str, np.ndarray[Any, Any]]:
        found = [(c.check, c.count, c.worst, c.unit) for c in check_day(market_day(store, held))]
        if has_book(held):
            found = [*_crossed(store, held), *(row for row in found if row[0] not in _OF_QUOTES)]
        names, counts, worst, units = zip(*found, *_rows_checks(store, held), strict=True)
        return {
            "check": np.array(names),
            "count": np.array(counts, np.int64),
            "worst": np.array([np.nan if value is None else value for value in worst], np.float64),
            "unit": np.array(units),
        }

    columns = cached_columns(store, origin, make)
    place = {"date": held.date, "symbol": held.instrument.symbol, "venue": held.instrument.venue}
    wanted = [columns[name].tolist() for name in ("check", "count", "worst", "unit")]
    return [
        place | {"check": check, "count": count, "worst": None if np.isnan(worst) else worst, "unit": unit}
        for check, count, worst, unit in zip(*wanted, strict=True)
    ]


def _clocks(store: Store, symbol: str | None, date: str | None) -> list[dict[str, Any]]:
    """The offset of each broker's clock, where there is a blotter and enough of it lies on these days."""
    try:
        blotter = load_blotter(store)
    except UsageError:
        return []
    markets = {
        key: day
        for key, day in markets_of(store, blotter).items()
        if symbol in (None, key[0]) and date in (None, key[1])
    }
    found = clock_offsets(blotter.parents, blotter.fills, markets, blotter.clock_offsets, most_fills=JUDGED_FILLS)
    return found["offsets"]


_OF_QUOTES = ("crossed quote", "locked quote")


def _crossed(store: Store, held: SymbolDay) -> list[tuple[str, int, float | None, str]]:
    """Rows of a book that cross or lock it: the quotes made of it do not show them."""
    beyond = crossings_bps(replay_feed(store, held), market_day(store, held).halts)
    crossed = beyond[beyond > 0]
    worst = float(crossed.max()) if len(crossed) else None
    return [("crossed quote", len(crossed), worst, "bps"), ("locked quote", len(beyond) - len(crossed), None, "")]


_CHECKED = ("book_events", "trades", "quotes")
_BY_TABLE = """
    SELECT count(*) FILTER (recv_ns < ts_ns), max(ts_ns - recv_ns) FILTER (recv_ns < ts_ns),
           count(*) FILTER (ts_ns < before), max(before - ts_ns) FILTER (ts_ns < before)
    FROM (SELECT ts_ns, recv_ns, lag(ts_ns) OVER (PARTITION BY source_id ORDER BY seq) AS before
          FROM {table} WHERE instrument_id = ?)
"""
_HALTS = "SELECT count(*) FROM book_events WHERE instrument_id = ? AND kind = ?"
_HALT_NOTICES = """
    SELECT count(*) FROM notices WHERE instrument_id = ? AND kind = 'status'
    AND json_extract_string(detail, '$.action') IN ('halt', 'pause', 'suspend')
"""
_DUPLICATES = """
    SELECT coalesce(sum(times - 1), 0) FROM (
        SELECT count(*) AS times FROM {table} WHERE instrument_id = ? AND trade_id IS NOT NULL {only}
        GROUP BY trade_id HAVING count(*) > 1)
"""


def _rows_checks(store: Store, day: SymbolDay) -> list[tuple[str, int, float | None, str]]:
    """What only the stored rows show: clocks, ids and halts."""
    received = backwards = duplicates = 0
    worst_received: float | None = None
    worst_backwards: float | None = None
    with day_tables(store, day.date, (*_CHECKED, "notices"), day.instrument_id, day.standing) as connection:
        for table in _CHECKED:
            found = connection.execute(_BY_TABLE.format(table=table), [day.instrument_id]).fetchone()
            row = found or (0, None, 0, None)
            received += row[0]
            backwards += row[2]
            worst_received = _larger(worst_received, row[1])
            worst_backwards = _larger(worst_backwards, row[3])
        for table, only in (("trades", ""), ("book_events", "AND kind IN (4, 5, 6, 10)")):
            doubled = connection.execute(_DUPLICATES.format(table=table, only=only), [day.instrument_id]).fetchone()
            duplicates += int(doubled[0]) if doubled else 0
        halts = connection.execute(_HALTS, [day.instrument_id, codes.HALT]).fetchone()
        noticed = connection.execute(_HALT_NOTICES, [day.instrument_id]).fetchone()
    return [
        ("received before it was sent", received, worst_received, "s"),
        ("clock runs backwards", backwards, worst_backwards, "s"),
        ("duplicate trade id", duplicates, None, ""),
        ("halt", int(halts[0]) if halts else 0, None, ""),
        ("halt notice", int(noticed[0]) if noticed else 0, None, ""),
    ]


def _larger(held: float | None, ns: int | None) -> float | None:
    if ns is None:
        return held
    return ns / 1e9 if held is None else max(held, ns / 1e9)
