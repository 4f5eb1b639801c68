"""The firm's reference data into the store: its security master and its exchange rates."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tcakit.errors import ConfigError
from tcakit.feeds.aliases import Alias, contradictions
from tcakit.feeds.rates import read_rates_file
from tcakit.feeds.reference import read_reference_file
from tcakit.market.schema import ALIASES
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tcakit.store.rates import put_rates
from tcakit.store.reference import put_reference, reference_rows


def import_instruments(folder: Path, path: str, *, wait_s: float = 30.0) -> dict[str, Any]:
    """Store a security master whole, or nothing of it if any row is wrong; gives how much was read.

    The same file twice changes nothing. ConfigError tells all mistakes at once.
    """
    rows = read_reference_file(path)
    aliases = [alias for row in rows for alias in row.alias_rows()]
    store = Store(folder, create=True, wait_s=wait_s)
    with store.writer("instruments import"):
        with store.read_results() as connection:
            held = [Alias(**row) for row in frame(connection, ALIASES).to_dicts()]
        _refuse_other_meanings(path, held, aliases, {row.key for row in rows}, store)
        put_reference(store, [row.row() for row in rows], [asdict(alias) for alias in aliases])
        return {
            "instruments": len({(row.symbol, row.venue) for row in rows}),
            "rows": len(rows),
            "aliases": len(aliases),
            "splits": sum(row.split is not None for row in rows),
            "stored": len(reference_rows(store)),
        }


def _refuse_other_meanings(
    path: str, held: list[Alias], new: list[Alias], replaced: set[tuple[str, str, str]], store: Store
) -> None:
    """ConfigError for names that mean another symbol in the store on the same day."""
    given = {alias.alias for alias in new}
    gone = {
        (row["symbol"], row["valid_from"], row["valid_to"])
        for row in reference_rows(store)
        if (row["symbol"], row["venue"] or "", row["valid_from"] or "") in replaced
    }
    others = [
        alias for alias in held if alias.alias in given and (alias.symbol, alias.valid_from, alias.valid_to) not in gone
    ]
    places = ["the store's aliases"] * len(others) + [path] * len(new)
    mistakes = [mistake for mistake in contradictions([*others, *new], places) if mistake[0] == path]
    if mistakes:
        raise ConfigError(mistakes)


def import_rates(folder: Path, path: str, *, wait_s: float = 30.0) -> dict[str, Any]:
    """Store exchange rates whole, or none of them if any row is wrong; gives how many were read.

    The same file twice changes nothing. ConfigError tells all mistakes at once.
    """
    found = read_rates_file(path)
    store = Store(folder, create=True, wait_s=wait_s)
    with store.writer("rates import"):
        stored = put_rates(store, found)
    pairs = found.select("base", "quote").unique().height
    return {
        "rates": found.height,
        "pairs": pairs,
        "first": found["date"].min(),
        "last": found["date"].max(),
        "sources": sorted(found["source"].unique()),
        "stored": stored,
    }
