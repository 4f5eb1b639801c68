"""The displayed book of a symbol at an instant, from the stored events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import format_time, parse_date, parse_time
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day, require_book
from tcakit.store.rows import day_tables


def book_at(
    folder: Path, symbol: str, at: str, *, date: str | None = None, venue: str | None = None, levels: int = 10
) -> dict[str, Any]:
    """Bids and offers, best first, after all events up to and at that time; orders per level where known."""
    store = Store(folder)
    day = find_symbol_day(store, symbol, date and parse_date(date, "--date"), venue)
    require_book(day)
    instrument = day.instrument
    ns = parse_time(at, date=day.date, timezone=instrument.timezone, place="--at")
    with day_tables(store, day.date, ["book_events"], day.instrument_id, day.standing) as connection:
        found = connection.execute(
            """
            WITH e AS (SELECT *, row(ts_ns, source_id, seq) AS place
                       FROM book_events WHERE instrument_id = ? AND ts_ns <= ?),
                 fresh AS (SELECT * FROM e WHERE list_contains(?, kind) AND place >
                           coalesce((SELECT max(place) FROM e WHERE kind = ?), row(-1::BIGINT, -1, -1::BIGINT)))
            SELECT side, price, arg_max(CASE WHEN kind = ? THEN 0 ELSE level_size END, place) AS shown
            FROM fresh GROUP BY side, price HAVING shown > 0 ORDER BY side, price
            """,
            [day.instrument_id, ns, list(codes.BOOK_KINDS), codes.CLEAR, codes.LEAVE],
        ).fetchall()
        seen = connection.execute(
            "SELECT count(*), max(ts_ns) FROM book_events WHERE instrument_id = ? AND ts_ns <= ?",
            [day.instrument_id, ns],
        ).fetchone()
        orders = {}
        if "book-l3" in day.contents:
            orders = _orders(connection, day.instrument_id, ns)
    if not seen or not seen[0]:
        raise DataError(
            f"nothing of {symbol} is recorded by {format_time(ns, instrument.timezone)}",
            place="--at",
            remedy="give a later time; `tcakit catalog` shows the hours",
        )

    def side(which: int, best_first: bool) -> list[list[Any]]:
        rows = [(price, shown) for found_side, price, shown in found if found_side == which]
        rows.sort(reverse=best_first)
        return [
            [instrument.price(price), instrument.shares(shown), orders.get((which, price))]
            for price, shown in rows[:levels]
        ]

    return {
        "symbol": symbol,
        "venue": instrument.venue,
        "date": day.date,
        "ts": format_time(ns, instrument.timezone),
        "last_event": format_time(int(seen[1]), instrument.timezone),
        "currency": instrument.currency,
        "content": list(day.contents),
        "bids": side(codes.BUY, True),
        "asks": side(codes.SELL, False),
    }


def _orders(connection: Any, instrument_id: int, ns: int) -> dict[tuple[int, int], int]:
    """Live orders a level of a level-3 recording: those whose added size is not yet taken off."""
    rows = connection.execute(
        """
        SELECT side, price, count(*) FROM (
            SELECT side, price, order_id,
                   sum(CASE WHEN kind IN (?, ?) THEN size ELSE -size END) AS left_over
            FROM book_events WHERE instrument_id = ? AND ts_ns <= ? AND kind IN (?, ?, ?, ?, ?, ?)
            AND row(ts_ns, source_id, seq) > coalesce(
                (SELECT max(row(ts_ns, source_id, seq)) FROM book_events
                 WHERE instrument_id = ? AND ts_ns <= ? AND kind = ?), row(-1::BIGINT, -1, -1::BIGINT))
            GROUP BY ALL) WHERE left_over > 0 GROUP BY side, price
        """,
        [
            codes.ADD, codes.SNAPSHOT, instrument_id, ns,
            codes.ADD, codes.SNAPSHOT, codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.EXECUTE_UNPRINTED,
            instrument_id, ns, codes.CLEAR,
        ],
    ).fetchall()  # fmt: skip
    return {(side, price): count for side, price, count in rows}
