"""Fitted models in and out of the results."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.schema import FITS
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

_JSON = ("fitted", "diagnostics", "data_keys", "versions")


def put_fit(store: Store, row: Mapping[str, Any]) -> None:
    """Store a fit, in place of the same one stored before; JSON columns are given as objects."""
    told = {name: json.dumps(value) if name in _JSON else value for name, value in row.items()}
    with store.write_results() as connection:
        connection.execute('DELETE FROM "fits" WHERE fit_id = ?', [row["fit_id"]])
        insert(connection, FITS, pl.DataFrame([told], schema=FITS.polars_schema()))


def fits(store: Store, kind: str | None = None) -> list[dict[str, Any]]:
    """Every stored fit, or those of a kind, the latest first; JSON columns as objects."""
    with store.read_results() as connection:
        rows = frame(connection, FITS, "" if kind is None else "WHERE kind = ?", [] if kind is None else [kind])
    found = rows.sort("created_ns", "fit_id", descending=[True, False]).to_dicts()
    return [row | {name: json.loads(row[name]) for name in _JSON} for row in found]


def latest_fit(
    store: Store,
    kind: str,
    symbol: str | None = None,
    before: str | None = None,
    models: Collection[str] | None = None,
) -> dict[str, Any] | None:
    """The stored fit of a kind that holds best for a symbol (`preference`), None if none does.

    With `before`, a trade date, only fits that rest on strictly earlier days: what could be known then. With `models`
    only fits of these. Fits of chosen orders say nothing of others and are passed over.
    """
    held = [row for row in fits(store, kind) if before is None or row["date_to"] < before]
    held = [row for row in held if models is None or row["model"] in models]
    held = [row for row in held if row["symbol"] in (None, symbol) and not row["diagnostics"].get("where")]
    return max(held, key=preference, default=None)


def preference(row: Mapping[str, Any]) -> tuple[bool, bool, str, int]:
    """Which of several fits is asked first: of the symbol itself, of own fills, of the latest days, made last."""
    return row["symbol"] is not None, row["source"] == "own-fills", row["date_to"], row["created_ns"]


def find_fit(store: Store, name: str) -> dict[str, Any]:
    """A fit by id or the beginning of it; UsageError if there is none, or several."""
    held = fits(store)
    matching = [row for row in held if row["fit_id"].startswith(name)]
    exact = [row for row in matching if row["fit_id"] == name]
    if len(exact or matching) != 1:
        what = "no fit" if not matching else f"{len(matching)} fits"
        known = ", ".join(row["fit_id"] for row in held[:5])
        remedy = f"stored are {known}" if known else "run `tcakit fit impact` first"
        raise UsageError(f"{what} called {name!r}", remedy=remedy)
    return (exact or matching)[0]
