"""The instruments of a day, and how files that write the same symbol in different units come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.errors import DataError
from tcakit.market.instrument import Instrument
from tcakit.market.schema import INSTRUMENTS
from tcakit.store.bridge import insert

if TYPE_CHECKING:
    import duckdb

# Whose word on the tick counts for more.
_RANK = ("flag", "definition", "reference", "inferred")
_LARGEST = (1 << 63) - 1


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
    # Prints lie off the grid: only displayed prices say what the tick is.
    shown = connection.execute(
        "SELECT DISTINCT instrument_id FROM sources "
        "WHERE ingest_key <> ? AND content NOT IN ('trades', 'bars', 'notices')",
        [ingest_key],
    )
    displayed_by_others = {int(row[0]) for row in shown.fetchall()}
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
            out.append(_reconcile(connection, known, instrument, displayed, displayed_by_others))
    if rows:
        insert(connection, INSTRUMENTS, pl.DataFrame(rows, schema=INSTRUMENTS.polars_schema()))
    return out


def _reconcile(
    connection: duckdb.DuckDBPyConnection,
    held: dict[str, Any],
    new: Instrument,
    displayed: bool,
    displayed_by_others: set[int],
) -> Placed:
    instrument_id = int(held["instrument_id"])
    price_scale = _common(int(held["price_scale"]), new.price_scale)
    size_scale = _common(int(held["size_scale"]), new.size_scale)
    old_price, old_size = price_scale // int(held["price_scale"]), size_scale // int(held["size_scale"])
    tick, new_tick = int(held["tick_size"]) * old_price, new.tick_size * (price_scale // new.price_scale)
    tick_from = held["tick_from"]
    if displayed:
        # Prints lie off the grid: only displayed prices say what the tick is.
        told = [(tick, held["tick_from"])] if instrument_id in displayed_by_others else []
        told.append((new_tick, new.tick_from))
        tick, tick_from = _finest(told)
    elif _RANK.index(new.tick_from) < _RANK.index(held["tick_from"]) and tick % new_tick == 0:
        tick, tick_from = new_tick, new.tick_from
    opens = [time for time in (held["session_open_ns"], new.session_open_ns) if time is not None]
    closes = [time for time in (held["session_close_ns"], new.session_close_ns) if time is not None]
    facts: dict[str, Any] = {
        "price_scale": price_scale,
        "size_scale": size_scale,
        "tick_size": tick,
        "tick_from": tick_from,
        "lot_size": gcd(int(held["lot_size"]) * old_size, new.lot_size * (size_scale // new.size_scale)),
        # Files of parts of a day: the session reaches over all of them.
        "session_open_ns": min(opens, default=None),
        "session_close_ns": max(closes, default=None),
    }
    if max(price_scale, size_scale, tick, facts["lot_size"]) > _LARGEST:
        raise DataError(
            f"its prices are in units of 1/{held['price_scale']} and 1/{new.price_scale}, its sizes in units of "
            f"1/{held['size_scale']} and 1/{new.size_scale}: no unit that 64 bits hold has room for both files",
            place=f"{new.symbol}@{new.venue}",
            remedy="store one of the files under another --venue",
        )
    if old_price != 1 or old_size != 1:
        connection.execute(
            "UPDATE sources SET price_factor = price_factor * ?, size_factor = size_factor * ? WHERE instrument_id = ?",
            [old_price, old_size, instrument_id],
        )
    if any(held[name] != value for name, value in facts.items()):
        # A file of thousands of symbols seldom tells anything new of them.
        sets = ", ".join(f"{name} = ?" for name in facts)
        connection.execute(f"UPDATE instruments SET {sets} WHERE instrument_id = ?", [*facts.values(), instrument_id])
    return Placed(instrument_id, price_scale // new.price_scale, size_scale // new.size_scale)


def _finest(told: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """The step on which all of several (tick, who says it) lie, and the best of those who say so."""
    tick = gcd(*(step for step, _ in told))
    return tick, min((who for step, who in told if step == tick), key=_RANK.index, default="inferred")


def _common(one: int, other: int) -> int:
    return one * other // gcd(one, other)
