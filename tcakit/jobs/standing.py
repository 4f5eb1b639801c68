"""Which rows of the firm's blotters stand: corrections, cancels and later exports applied, the history left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tcakit.market.codes import CANCEL, CORRECT

_BOOKKEEPING = ("run_id", "ts_resolution_ns", "arrival_resolution_ns")
# A desk's order id may come again on another day; an order that was sent at another instant is another order.
_IDENTITY = {"parents": ("parent_id", "date"), "orders": ("order_id", "symbol", "submitted_ns")}
_SINCE = {"parents": "arrival_ns", "orders": "submitted_ns"}
_INHERITED = ("parent_id", "order_id", "received_ns", "venue")


@dataclass(frozen=True, slots=True)
class StandingFills:
    """The fills that stand, and what became of the others.

    `fills` has the columns of the table; `corrected` and `cancelled` count fills; `unknown` are the rows (dicts) of
    changes that name a fill nobody has; `busted` the parent and date of each cancelled fill that names one.
    """

    fills: pl.DataFrame
    corrected: int = 0
    cancelled: int = 0
    unknown: tuple[dict[str, Any], ...] = ()
    busted: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Fill:
    """One execution as it is known: the row of the execution, the row that holds now, and who changed it."""

    told: dict[str, Any]
    row: dict[str, Any]
    cancelled: bool = False
    changes: int = 0


@dataclass(slots=True)
class _Ledger:
    """Executions by each (id, date) they go by, and by id alone."""

    by_identity: dict[tuple[str, str], _Fill] = field(default_factory=dict)
    by_id: dict[str, dict[str, _Fill]] = field(default_factory=dict)
    all: list[_Fill] = field(default_factory=list)

    def name(self, fill: _Fill, fill_id: str, date: str) -> None:
        self.by_identity.setdefault((fill_id, date), fill)
        self.by_id.setdefault(fill_id, {}).setdefault(date, fill)

    def find(self, fill_id: str, date: str) -> _Fill | None:
        """The fill of that id on that date, else the latest before it; one of a later date if it is the only one."""
        dated = self.by_id.get(fill_id)
        if not dated:
            return None
        earlier = [day for day in dated if day <= date]
        if earlier:
            return dated[max(earlier)]
        return next(iter(dated.values())) if len(dated) == 1 else None


def standing_fills(fills: pl.DataFrame, ingested_ns: Mapping[str, int], as_of_ns: int | None = None) -> StandingFills:
    """The fills that stand of all stored rows, in the order of their files and rows.

    `fills` are rows of the table as they were stored (the files' keys as `run_id`, each file's rows in their order);
    `ingested_ns` says when each file came. An execution that a file gave already, value by value, is the same one; a
    later file's row of its id and date with other values revises it. A row with `change` corrects or cancels the fill
    that it names (its own id if `revises` is null): a corrected fill keeps the time of its execution, and takes parent,
    order, receipt and venue from it where the correction says none. With `as_of_ns` an execution counts from its time
    on, a change from `known_ns` on, or from when its file came if that is null.
    """
    place = {key: number for number, key in enumerate(sorted(ingested_ns, key=lambda key: (ingested_ns[key], key)))}
    rows = fills.with_columns(
        _file=pl.col("run_id").replace_strict(place, default=len(place), return_dtype=pl.Int64)
    ).sort("_file", maintain_order=True)
    rows = rows.with_row_index("_row").with_columns(_print=_values(rows, fills.columns))
    touched = _touched(rows)
    apart = pl.col("fill_id").is_in(touched)
    plain = rows.filter(~apart).unique(["fill_id", "date"], keep="first", maintain_order=True)
    ledger, unknown = _apply(rows.filter(apart).to_dicts(), ingested_ns, as_of_ns)
    schema = {name: rows.schema[name] for name in ("_row", *fills.columns)}
    changed = [{name: fill.row[name] for name in schema} for fill in ledger.all if not fill.cancelled]
    frame = pl.concat([plain.select(*schema), pl.DataFrame(changed, schema=schema)]).sort("_row").drop("_row")
    if as_of_ns is not None:
        frame = frame.filter(pl.col("ts_ns") <= as_of_ns)
    done = [fill for fill in ledger.all if as_of_ns is None or fill.told["ts_ns"] <= as_of_ns]
    return StandingFills(
        frame,
        sum(fill.changes > 0 and not fill.cancelled for fill in done),
        sum(fill.cancelled for fill in done),
        tuple({name: row[name] for name in fills.columns} for row in unknown),
        tuple(
            (fill.told["parent_id"], fill.told["date"]) for fill in done if fill.cancelled and fill.told["parent_id"]
        ),
    )


def _values(rows: pl.DataFrame, names: list[str]) -> pl.Expr:
    """The number of the first row that says the same, whatever units its file is stored in."""
    kept = [name for name in names if name not in _BOOKKEEPING]
    numbers = {"price": "price_scale", "limit_price": "price_scale", "bid": "price_scale", "ask": "price_scale"}
    numbers |= {"quantity": "size_scale", "filled": "size_scale"}
    said = [
        (pl.col(name) / pl.col(numbers[name])).alias(name)
        if name in numbers and numbers[name] in kept
        else pl.col(name)
        for name in kept
        if name not in ("price_scale", "size_scale")
    ]
    return pl.col("_row").min().over(said)


def _touched(rows: pl.DataFrame) -> list[str]:
    """Ids of fills of which more than one thing is said."""
    changes = rows.filter(pl.col("change").is_not_null())
    differing = rows.group_by("fill_id", "date").agg(pl.col("_print").n_unique().alias("n")).filter(pl.col("n") > 1)
    named = [differing["fill_id"], changes["fill_id"], changes["revises"].drop_nulls()]
    return sorted(set().union(*(series.to_list() for series in named)))


def _apply(
    rows: list[dict[str, Any]], ingested_ns: Mapping[str, int], as_of_ns: int | None
) -> tuple[_Ledger, list[dict[str, Any]]]:
    """File by file its executions, then its changes; changes that come before their fill wait for it."""
    ledger = _Ledger()
    waiting: list[dict[str, Any]] = []
    seen: set[tuple[Any, ...]] = set()
    files: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        files.setdefault(row["_file"], []).append(row)
    for number in sorted(files):
        for row in files[number]:
            if row["change"] is None:
                _execution(ledger, row, ingested_ns, as_of_ns)
        fresh = []
        for row in files[number]:
            said = (row["change"], row["revises"], row["fill_id"], row["_print"])
            if row["change"] is not None and said not in seen:
                seen.add(said)
                fresh.append(row)
        waiting = [row for row in [*waiting, *fresh] if not _change(ledger, row, ingested_ns, as_of_ns)]
    known = [row for row in waiting if as_of_ns is None or _known(row, ingested_ns) <= as_of_ns]
    return ledger, known


def _execution(ledger: _Ledger, row: dict[str, Any], ingested_ns: Mapping[str, int], as_of_ns: int | None) -> None:
    held = ledger.by_identity.get((row["fill_id"], row["date"]))
    if held is None:
        fill = _Fill(row, row)
        ledger.all.append(fill)
        ledger.name(fill, row["fill_id"], row["date"])
        return
    if row["_print"] == held.told["_print"] or row["_file"] == held.told["_file"]:
        return
    if as_of_ns is not None and ingested_ns.get(row["run_id"], 0) > as_of_ns:
        return
    if row["fill_id"] != held.told["fill_id"] and _same_trade(row, held.row):
        return  # the export of a later day, with the correction as if it had been the execution
    row = row | {"_row": held.told["_row"]}
    held.told, held.row, held.cancelled = row, row, False
    held.changes += 1


def _same_trade(row: dict[str, Any], held: dict[str, Any]) -> bool:
    names = (("price", "price_scale"), ("quantity", "size_scale"))
    return row["side"] == held["side"] and all(row[a] * held[b] == held[a] * row[b] for a, b in names)


def _change(ledger: _Ledger, row: dict[str, Any], ingested_ns: Mapping[str, int], as_of_ns: int | None) -> bool:
    """Apply a correction or a cancel; False if nobody has the fill that it names."""
    named = row["revises"] if row["revises"] is not None else row["fill_id"]
    fill = ledger.find(named, row["date"])
    if fill is None:
        return False
    # The new id leads to the fill even where the change is not known yet: a later change may name it.
    for date in (row["date"], fill.told["date"]):
        ledger.name(fill, row["fill_id"], date)
    if as_of_ns is not None and _known(row, ingested_ns) > as_of_ns:
        return True
    if row["change"] == CANCEL:
        fill.cancelled = True
    elif row["change"] == CORRECT and not fill.cancelled:
        kept = {name: fill.told[name] for name in ("ts_ns", "date", "ts_resolution_ns")}
        kept |= {name: fill.row[name] for name in _INHERITED if row[name] is None}
        fill.row = row | kept | {"_row": fill.told["_row"]}
        fill.changes += 1
    return True


def _known(row: dict[str, Any], ingested_ns: Mapping[str, int]) -> int:
    return int(row["known_ns"]) if row["known_ns"] is not None else ingested_ns.get(row["run_id"], 0)


def standing_rows(
    name: str, rows: pl.DataFrame, ingested_ns: Mapping[str, int], as_of_ns: int | None = None
) -> tuple[pl.DataFrame, int]:
    """The parents or orders that stand, the last file's word on each, and on how many of them files differ.

    With `as_of_ns` a row counts from its arrival (or its sending) on, and another file's word on it from when that
    file came.
    """
    identity, since = list(_IDENTITY[name]), _SINCE[name]
    came = pl.col("run_id").replace_strict(dict(ingested_ns), default=0, return_dtype=pl.Int64)
    held = rows.with_columns(_came=came).sort("_came", "run_id", maintain_order=True).with_row_index("_row")
    held = held.with_columns(_print=_values(held, rows.columns))
    if as_of_ns is not None:
        first = pl.col("_came") == pl.col("_came").min().over(identity)
        held = held.filter((first | (pl.col("_came") <= as_of_ns)) & (pl.col(since) <= as_of_ns))
    differing = held.group_by(identity).agg(pl.col("_print").n_unique().alias("n")).filter(pl.col("n") > 1)
    # The place is that of the first, so that reports list orders as the desk first gave them.
    held = held.with_columns(_row=pl.col("_row").min().over(identity))
    last = held.filter(pl.col("_came") == pl.col("_came").max().over(identity))
    return last.unique(identity, keep="first", maintain_order=True).sort("_row").select(rows.columns), differing.height
