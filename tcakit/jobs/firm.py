"""The firm's own parents and fills out of the store, their names matched to the store's symbols."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.feeds.aliases import Alias, match_with_kinds
from tcakit.jobs.clock_shift import offsets_of, told
from tcakit.jobs.restate import restate, with_multipliers
from tcakit.jobs.standing import StandingFills, standing_fills, standing_rows
from tcakit.market.clock import format_time
from tcakit.market.schema import ALIASES, FILLS, ORDERS, PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tcakit.store.firm_rows import FIRM_FORMATS
from tcakit.store.market_data import symbol_days
from tcakit.store.reference import References


@dataclass(frozen=True, slots=True)
class Blotter:
    """The parents, child orders and fills that stand with the store's symbols, and the names that found none.

    `unmatched` are dicts of name, orders (how many parents bear it) and candidates (symbols it may mean); `notes` what
    to know of it: corrections, cancels, shifted clocks; `lost_changes` the rows that change a fill nobody has;
    `clock_offsets` what was added to the times (ns), by file (ingest key) and broker ("" for all others); `restated`
    has by (fill_id, date) the factor by which a price was brought to the shares of its order's arrival, after a split.
    """

    parents: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    data_keys: tuple[str, ...]
    unmatched: list[dict[str, Any]]
    notes: tuple[str, ...] = ()
    lost_changes: tuple[dict[str, Any], ...] = ()
    clock_offsets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    restated: dict[tuple[str, str], float] = field(default_factory=dict)


def load_blotter(store: Store, only: Sequence[str] | None = None, as_of_ns: int | None = None) -> Blotter:
    """Read the blotter, or its files of the ingest keys `only`, as it stands or stood at `as_of_ns`.

    Raises UsageError if there is none.
    """
    with store.read_results() as connection:
        files = connection.execute(
            "SELECT ingest_key, ingested_ns, options FROM files "
            "WHERE list_contains(?, format) AND status = 'stored' ORDER BY ingested_ns",
            [list(FIRM_FORMATS)],
        ).fetchall()
        files = [file for file in files if only is None or file[0] in only]
        keys = [file[0] for file in files]
        where, parameters = "WHERE list_contains(?, run_id) ORDER BY rowid", [keys]
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
    ingested = {key: int(came) for key, came, _ in files}
    parents, revised = standing_rows("parents", parents, ingested, as_of_ns)
    orders, _ = standing_rows("orders", orders, ingested, as_of_ns)
    stand = standing_fills(fills, ingested, as_of_ns)
    offsets = {key: offsets_of(json.loads(options)) for key, _, options in files}
    notes = (*_notes(stand, revised, as_of_ns), *_shifts(offsets))
    if not parents.height:
        raise UsageError("no order had arrived by then", place="--as-of", remedy="give a later time")
    parents, fills = _one_name_each(_with_busts(parents, stand.busted), stand.fills)
    known = [Alias(**row) for row in aliases.to_dicts()]
    symbols = sorted({day.instrument.symbol for date in store.dates() for day in symbol_days(store, date)})
    parent_names = [
        (raw or symbol, date) for raw, symbol, date in parents.select("raw_symbol", "symbol", "date").iter_rows()
    ]
    fill_names = fills.select("symbol", "date").unique()
    named = [*parent_names, *fill_names.iter_rows()]
    matched, unmatched = match_with_kinds(named, symbols, known)
    found = {key: value.symbol for key, value in matched.items()}

    def symbol_of(raw: str, date: str) -> str:
        return found.get((raw, date), raw)

    parents = parents.with_columns(
        pl.Series("raw_symbol", [name for name, _ in parent_names], dtype=pl.String),
        pl.Series("symbol", [symbol_of(*name) for name in parent_names], dtype=pl.String),
        pl.Series("matched", [name in found for name in parent_names], dtype=pl.Boolean),
    )
    if fills.height:
        symbols_of_fills = [symbol_of(*pair) for pair in fill_names.iter_rows()]
        matched_names = fill_names.with_columns(pl.Series("_symbol", symbols_of_fills, dtype=pl.String))
        joined = fills.join(matched_names, on=["symbol", "date"], how="left", nulls_equal=True, maintain_order="left")
        fills = joined.with_columns(symbol="_symbol").select(fills.columns)
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
    return Blotter(parents, orders, fills, tuple(keys), names, notes, stand.unknown, offsets, restated)


def _shifts(offsets: dict[str, dict[str, int]]) -> list[str]:
    """What was moved, and in how many files where not in all."""
    counted: dict[str, int] = {}
    for of_file in offsets.values():
        for words in told(of_file):
            counted[words] = counted.get(words, 0) + 1
    whole = len(offsets)
    return [words + (f" in {held} of {whole} files" if held < whole else "") for words, held in counted.items()]


def _notes(stand: StandingFills, revised: int, as_of_ns: int | None) -> tuple[str, ...]:
    notes = []
    if as_of_ns is not None:
        notes.append(f"the blotter as it stood at {format_time(as_of_ns)}")
    if stand.corrected:
        notes.append(f"{stand.corrected} fills are corrected: the last word on each counts, at the time of execution")
    if stand.cancelled:
        notes.append(f"{stand.cancelled} fills are cancelled and not counted")
    if revised:
        notes.append(f"{revised} orders stand in several files with other values: the last file's count")
    if stand.unknown:
        named = ", ".join(dict.fromkeys(str(row["revises"] or row["fill_id"]) for row in stand.unknown[:3]))
        notes.append(
            f"{len(stand.unknown)} corrections or cancels name a fill that no file holds ({named}): they change nothing"
        )
    return tuple(notes)


def _with_busts(parents: pl.DataFrame, busted: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """The parents, each with a note of how many of its fills were cancelled.

    Where several parents bear one id the fill's date says which one it was.
    """
    if not busted:
        return parents
    of_day = pl.DataFrame(list(busted), schema={"parent_id": pl.String, "date": pl.String}, orient="row")
    alone = parents.filter(pl.len().over("parent_id") == 1).select("parent_id", "date")
    own_date = alone.rename({"date": "_date"})
    of_day = of_day.join(own_date, on="parent_id", how="left").with_columns(pl.coalesce("_date", "date").alias("date"))
    counts = of_day.group_by("parent_id", "date").agg(pl.len().alias("_busts"))
    told = pl.format("{} of its fills cancelled (busted) and not counted", pl.col("_busts"))
    return (
        parents.join(counts, on=["parent_id", "date"], how="left", maintain_order="left")
        .with_columns(notes=pl.concat_str(pl.col("notes"), told, separator="; ", ignore_nulls=True).replace("", None))
        .select(parents.columns)
    )


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
