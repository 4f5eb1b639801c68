"""The firm's security master in the store: rows in, and what holds of a symbol on a date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from tcakit.market.schema import ALIASES, INSTRUMENT_REFERENCE
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

Row = Mapping[str, Any]
NO_VENUE = "X" * 4  # ISO 10383 for "no market"


def reference_rows(store: Store) -> list[dict[str, Any]]:
    """Every row of the security master, in order of symbol, venue and first day."""
    with store.read_results() as connection:
        rows = frame(connection, INSTRUMENT_REFERENCE).to_dicts()
    return sorted(rows, key=lambda row: (row["symbol"], row["venue"] or "", row["valid_from"] or ""))


def put_reference(store: Store, rows: Sequence[Row], aliases: Sequence[Row]) -> int:
    """Store rows in place of those of the same symbol, venue and first day, and their aliases; gives their number.

    An alias that only a replaced row gave goes with it; aliases that came from elsewhere stay.
    """
    with store.write_results() as connection:
        held = frame(connection, INSTRUMENT_REFERENCE).to_dicts()
        keys = {_key(row) for row in rows}
        for row in (row for row in held if _key(row) in keys):
            for kind, name in json.loads(row["aliases"] or "{}").items():
                connection.execute(
                    "DELETE FROM aliases WHERE alias = ? AND kind = ? AND symbol = ? "
                    "AND valid_from IS NOT DISTINCT FROM ? AND valid_to IS NOT DISTINCT FROM ?",
                    [name, kind, row["symbol"], row["valid_from"], row["valid_to"]],
                )
            connection.execute(
                "DELETE FROM instrument_reference WHERE symbol = ? AND venue IS NOT DISTINCT FROM ? "
                "AND valid_from IS NOT DISTINCT FROM ?",
                [row["symbol"], row["venue"], row["valid_from"]],
            )
        insert(connection, INSTRUMENT_REFERENCE, _frame(rows, INSTRUMENT_REFERENCE.polars_schema()))
        # A row of another venue may bear the same name: it is named anew with the others.
        kept = [alias for row in held if _key(row) not in keys for alias in _aliases(row)]
        wanted = _frame([*kept, *aliases], ALIASES.polars_schema()).unique(maintain_order=True)
        names = ALIASES.names
        there = frame(connection, ALIASES)
        insert(connection, ALIASES, wanted.join(there, on=names, how="anti", nulls_equal=True, maintain_order="left"))
    return len(rows)


def _key(row: Row) -> tuple[str, str, str]:
    return row["symbol"], row["venue"] or "", row["valid_from"] or ""


def _aliases(row: Row) -> list[dict[str, Any]]:
    period = {name: row[name] for name in ("symbol", "valid_from", "valid_to")}
    return [{"alias": name, "kind": kind, **period} for kind, name in json.loads(row["aliases"] or "{}").items()]


def _frame(rows: Sequence[Row], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([dict(row) for row in rows], schema=dict(schema))


class References:
    """What the security master says, looked up by symbol, venue and date.

    A row for the venue comes before one for every venue; of several that hold, the one that began last. A fact that
    a row leaves empty is taken from the next one that says it.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._by_symbol: dict[str, list[Row]] = {}
        for row in rows:
            self._by_symbol.setdefault(row["symbol"], []).append(row)

    @classmethod
    def of(cls, store: Store) -> References:
        return cls(reference_rows(store))

    def __bool__(self) -> bool:
        return bool(self._by_symbol)

    def fact(self, name: str, symbol: str, venue: str | None, date: str) -> Any:
        """A column's value on that date, None if it is not said.

        Where the venue is unknown, all venues must say the same. A venue of several books (XNAS-2) is its own, else
        the whole venue.
        """
        held = [
            row
            for row in self._by_symbol.get(symbol, [])
            if row[name] is not None and (row["valid_from"] or "") <= date <= (row["valid_to"] or "9999")
        ]
        if venue in (None, NO_VENUE):
            latest = {self._latest(held, name, at) for at in {row["venue"] for row in held}}
            return latest.pop() if len(latest) == 1 else None
        places = (venue, (venue or "").partition("-")[0], None)
        return next((own for own in (self._latest(held, name, at) for at in places) if own is not None), None)

    @staticmethod
    def _latest(rows: Sequence[Row], name: str, venue: str | None) -> Any:
        own = [row for row in rows if row["venue"] == venue]
        return max(own, key=lambda row: row["valid_from"] or "")[name] if own else None

    def splits(self, symbol: str, after: str, until: str) -> list[tuple[str, Fraction]]:
        """Splits of a symbol that take effect after the one date and on or before the other, oldest first.

        Several venues that tell of the same split tell of one.
        """
        found = {
            (row["valid_from"], _ratio(row["split"]))
            for row in self._by_symbol.get(symbol, [])
            if row["split"] is not None and after < row["valid_from"] <= until
        }
        return sorted(found)


def _ratio(text: str) -> Fraction:
    new, _, old = text.partition(":")
    return Fraction(int(new), int(old))
