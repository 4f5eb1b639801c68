"""The instruments of a day, and how files that write the same symbol in different units come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.market.instrument import Instrument
from tcakit.market.schema import INSTRUMENTS
from tcakit.store.bridge import insert
from tcakit.store.staging import MARKET_TABLES

if TYPE_CHECKING:
    import duckdb

# Whose word on the tick counts for more.
_RANK = ("flag", "definition", "reference", "inferred")
PRICES = {
    "book_events": ("price", "print_price"),
    "trades": ("price",),
    "quotes": ("bid", "ask"),
    "bars": ("open", "high", "low", "close"),
    "notices": (),
}
SIZES = {
    "book_events": ("size", "level_size"),
    "trades": ("size",),
    "quotes": ("bid_size", "ask_size"),
    "bars": ("volume",),
    "notices": (),
}


@dataclass(frozen=True, slots=True)
class Placed:
    """An instrument's id in the day, and what new prices and sizes are multiplied by to come to its units."""

    instrument_id: int
    price_factor: int = 1
    size_factor: int = 1


def place(
    connection: duckdb.DuckDBPyConnection, new: Sequence[tuple[Instrument, bool]], ingest_key: str
) -> list[Placed]:
    """Find or make the day's rows of instruments; `new` are (instrument, whether its file shows displayed prices).

    Two files may write the same symbol with different numbers of decimals: the finer units win, exactly.
    """
    found = connection.execute("SELECT * FROM instruments")
    names = [column[0] for column in found.description or []]
    held = {(row["symbol"], row["venue"]): row for row in (dict(zip(names, r, strict=True)) for r in found.fetchall())}
    last = max((int(row["instrument_id"]) for row in held.values()), default=0)
    out: list[Placed] = []
    rows: list[dict[str, Any]] = []
    for instrument, displayed in new:
        known = held.get((instrument.symbol, instrument.venue))
        if known is None:
            last += 1
            fields = {name: getattr(instrument, name) for name in INSTRUMENTS.names if name != "instrument_id"}
            rows.append({"instrument_id": last, **fields})
            out.append(Placed(last))
        else:
            out.append(_reconcile(connection, known, instrument, displayed, ingest_key))
    if rows:
        insert(connection, INSTRUMENTS, pl.DataFrame(rows, schema=INSTRUMENTS.polars_schema()))
    return out


def _reconcile(
    connection: duckdb.DuckDBPyConnection, held: dict[str, Any], new: Instrument, displayed: bool, ingest_key: str
) -> Placed:
    instrument_id = int(held["instrument_id"])
    price_scale = _common(int(held["price_scale"]), new.price_scale)
    size_scale = _common(int(held["size_scale"]), new.size_scale)
    old_price, old_size = price_scale // int(held["price_scale"]), size_scale // int(held["size_scale"])
    for table in MARKET_TABLES:
        for factor, scaled in ((old_price, PRICES[table]), (old_size, SIZES[table])):
            if factor != 1 and scaled:
                sets = ", ".join(f'"{name}" = "{name}" * {factor}' for name in scaled)
                connection.execute(f'UPDATE "{table}" SET {sets} WHERE instrument_id = ?', [instrument_id])
    tick, new_tick = int(held["tick_size"]) * old_price, new.tick_size * (price_scale // new.price_scale)
    tick_from = held["tick_from"]
    if displayed:
        # Prints lie off the grid: only displayed prices say what the tick is.
        others = connection.execute(
            "SELECT count(*) FROM sources WHERE instrument_id = ? AND ingest_key <> ? "
            "AND content NOT IN ('trades', 'bars', 'notices')",
            [instrument_id, ingest_key],
        ).fetchone()
        told = [(tick, held["tick_from"])] if others and others[0] else []
        told.append((new_tick, new.tick_from))
        tick, tick_from = _finest(told)
    elif _RANK.index(new.tick_from) < _RANK.index(held["tick_from"]) and tick % new_tick == 0:
        tick, tick_from = new_tick, new.tick_from
    connection.execute(
        "UPDATE instruments SET price_scale = ?, size_scale = ?, tick_size = ?, tick_from = ?, lot_size = ?, "
        # Files of parts of a day: the session reaches over all of them (least and greatest pass over nulls).
        "session_open_ns = least(session_open_ns, ?), session_close_ns = greatest(session_close_ns, ?) "
        "WHERE instrument_id = ?",
        [
            price_scale,
            size_scale,
            tick,
            tick_from,
            gcd(int(held["lot_size"]) * old_size, new.lot_size * (size_scale // new.size_scale)),
            new.session_open_ns,
            new.session_close_ns,
            instrument_id,
        ],
    )
    return Placed(instrument_id, price_scale // new.price_scale, size_scale // new.size_scale)


def _finest(told: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """The step on which all of several (tick, who says it) lie, and the best of those who say so."""
    tick = gcd(*(step for step, _ in told))
    return tick, min((who for step, who in told if step == tick), key=_RANK.index, default="inferred")


def _common(one: int, other: int) -> int:
    return one * other // gcd(one, other)
