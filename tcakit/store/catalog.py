"""What the store holds, day by day and file by file."""

from __future__ import annotations

import json
from typing import Any

from tcakit.market.schema import FAULTS, FILES
from tcakit.store.bridge import frame
from tcakit.store.database import Store

_TOLD = ["book_events", "trades", "quotes"]


def days(store: Store) -> list[dict[str, Any]]:
    """A row per symbol and trade date: counts, first and last time, where it came from."""
    out: list[dict[str, Any]] = []
    for date in store.dates():
        with store.read_day(date) as connection:
            rows = connection.execute(
                """
                WITH s AS (SELECT instrument_id,
                                  sum(rows) FILTER (market_table = 'book_events') AS events, sum(prints) AS prints,
                                  sum(rows) FILTER (market_table = 'quotes') AS quotes,
                                  min(first_ns) FILTER (list_contains(?, market_table)) AS first,
                                  max(last_ns) FILTER (list_contains(?, market_table)) AS last,
                                  list(DISTINCT content ORDER BY content) AS contents,
                                  list(DISTINCT path ORDER BY path) AS paths, max(depth) AS depth
                           FROM sources GROUP BY ALL)
                SELECT i.symbol, i.venue, i.timezone, i.tick_size / i.price_scale, i.tick_from,
                       coalesce(s.events, 0)::BIGINT, coalesce(s.prints, 0)::BIGINT, coalesce(s.quotes, 0)::BIGINT,
                       s.first, s.last, s.contents, s.depth, s.paths
                FROM instruments i LEFT JOIN s USING (instrument_id)
                ORDER BY i.symbol, i.venue
                """,
                [_TOLD, _TOLD],
            ).fetchall()
        names = ["symbol", "venue", "timezone", "tick_size", "tick_from", "events", "trades", "quotes"]
        names += ["first_ts", "last_ts", "content", "depth", "source"]
        out += [{"date": date, **dict(zip(names, row, strict=True))} for row in rows]
    return out


def news(store: Store) -> dict[str, Any]:
    """How many headlines are stored, of how many symbols, and the times of the first and the last."""
    with store.read_results() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM (SELECT DISTINCT ts_ns, headline, source FROM news)), "
            "count(DISTINCT symbol), min(ts_ns), max(ts_ns) FROM news"
        ).fetchone()
    return dict(zip(("headlines", "symbols", "first_ts", "last_ts"), row or (0, 0, None, None), strict=True))


def files(store: Store) -> list[dict[str, Any]]:
    """Every stored file, oldest first."""
    with store.read_results() as connection:
        rows = frame(connection, FILES, "ORDER BY ingested_ns, path").to_dicts()
    for row in rows:
        row["days"] = json.loads(row["days"])
        row["options"] = json.loads(row["options"])
    return rows


def faults(store: Store, ingest_key: str | None = None) -> list[dict[str, Any]]:
    """Refused rows, of one file or of all."""
    with store.read_results() as connection:
        if ingest_key is None:
            return frame(connection, FAULTS, "ORDER BY path, line").to_dicts()
        return frame(connection, FAULTS, "WHERE ingest_key = ? ORDER BY path, line", [ingest_key]).to_dicts()
