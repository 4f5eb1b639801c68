"""The firm's own parents and fills out of the store, their names matched to the store's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.feeds.aliases import Alias, match_with_kinds
from tcakit.jobs.restate import restate, with_multipliers
from tcakit.market.schema import ALIASES, FILLS, ORDERS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days
from tcakit.store.reference import References


@dataclass(frozen=True, slots=True)
class Blotter:
    """All ingested parents, child orders and fills with the store's symbols, and the names that found none.

    `unmatched` are dicts of name, orders (how many parents bear it) and candidates (symbols it may mean). `restated`
    has by (fill_id, date) the factor by which a price was brought to the shares of its order's arrival, after a split.
    """

    parents: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    data_keys: tuple[str, ...]
    unmatched: list[dict[str, Any]]
    restated: dict[tuple[str, str], float] = field(default_factory=dict)


def load_blotter(store: Store, only: Sequence[str] | None = None) -> Blotter:
    """Read the blotter, or its files of the ingest keys `only`; UsageError if there is none."""
    with store.read_results() as connection:
        keys = [
            row[0]
            for row in connection.execute(
                "SELECT ingest_key FROM files WHERE format IN ('blotter', 'fix') AND status = 'stored' "
                "ORDER BY ingested_ns"
            ).fetchall()
        ]
        if only is not None:
            keys = [key for key in keys if key in only]
        where, parameters = "WHERE list_contains(?, run_id)", [keys]
        parents = frame(connection, PARENTS, where, parameters)
        orders = frame(connection, ORDERS, where, parameters)
        fills = frame(connection, FILLS, where, parameters)
        aliases = frame(connection, ALIASES)
    if not parents.height:
        raise UsageError(
            "no parent orders were ingested",
            place="--orders",
            remedy="ingest a blotter: tcakit ingest parents.csv fills.csv --mapping FILE",
        )
    parents, fills = _one_name_each(parents, fills)
    known = [Alias(**row) for row in aliases.to_dicts()]
    symbols = sorted({day.instrument.symbol for date in store.dates() for day in symbol_days(store, date)})
    named = [(row["raw_symbol"] or row["symbol"], row["date"]) for row in parents.to_dicts()]
    named += [(row["symbol"], row["date"]) for row in fills.select("symbol", "date").unique().to_dicts()]
    matched, unmatched = match_with_kinds(named, symbols, known)
    found = {key: value.symbol for key, value in matched.items()}

    def symbol_of(raw: str, date: str) -> str:
        return found.get((raw, date), raw)

    parent_names = [(row["raw_symbol"] or row["symbol"], row["date"]) for row in parents.to_dicts()]
    parents = parents.with_columns(
        pl.Series("raw_symbol", [name for name, _ in parent_names], dtype=pl.String),
        pl.Series("symbol", [symbol_of(*name) for name in parent_names], dtype=pl.String),
        pl.Series("matched", [name in found for name in parent_names], dtype=pl.Boolean),
    )
    if fills.height:
        pairs = zip(fills["symbol"].to_list(), fills["date"].to_list(), strict=True)
        fills = fills.with_columns(pl.Series("symbol", [symbol_of(*pair) for pair in pairs], dtype=pl.String))
    orders_of: dict[str, int] = {}
    for name in parent_names:
        if name not in found:
            orders_of[name[0]] = orders_of.get(name[0], 0) + 1
    names = [
        {"name": raw, "orders": orders_of.get(raw, 0), "candidates": list(candidates)}
        for raw, _, candidates in unmatched
    ]
    facts = References.of(store)
    parents = with_multipliers(parents, facts)
    parents, fills, restated = restate(parents, fills, facts)
    return Blotter(parents, orders, fills, tuple(keys), names, restated)


def _one_name_each(parents: pl.DataFrame, fills: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give orders of different days that bear the same id names of their own: desks that number anew every day.

    They become ID@DATE. A fill goes to the order of its own date, else to the latest one before it.
    """
    seen = parents.group_by("parent_id").agg(pl.col("date").unique().sort()).filter(pl.col("date").list.len() > 1)
    days_of: dict[str, list[str]] = dict(seen.rows())
    if not days_of:
        return parents, fills

    def named(parent_id: str | None, date: str) -> str | None:
        if parent_id is None or parent_id not in days_of:
            return parent_id
        earlier = [day for day in days_of[parent_id] if day <= date]
        return f"{parent_id}@{earlier[-1]}" if earlier else parent_id

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        pairs = zip(frame["parent_id"].to_list(), frame["date"].to_list(), strict=True)
        return frame.with_columns(pl.Series("parent_id", [named(*pair) for pair in pairs], dtype=pl.String))

    return renamed(parents), renamed(fills)
