"""What a new file has in common with files stored before: the same rows go in once, contradicting files do not.

Rows that carry an identity (trades with the venue's id, bars by interval and start, notices by all they say) are known
by it. Other rows are known only by their order: the rows of the hours that both files cover have to be the same, row
by row, in every column but `seq`. At the first and the last instant that both cover a file may have fewer rows: it
began, or ended, in the midst of it. Files that touch at one instant alone are consecutive: there the rows of the
earlier file are common only if the later one begins with all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.market.schema import Table
from tcakit.store.database import Store
from tcakit.store.market_files import MARKET_TABLES, PRICES, SIZES, write_part
from tcakit.store.rows import sources_of
from tcakit.store.staging import Lot, Span, Staging, span_expressions

_OWN = ("instrument_id", "source_id", "seq")
_SHOWN = 3


@dataclass(slots=True)
class Common:
    """How many rows of a new file were left out, and the ingest keys of the files that hold them."""

    rows: int = 0
    leans_on: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A new file's rows of an instrument and day beside those of one stored source, in the same units."""

    table: Table
    what: str  # as told: "trades of ACME on 2026-03-02"
    path: str
    other: str
    new: Span
    stored: Span
    # `seq` of new rows at an instant that both have: those that come before the stored ones, and after.
    before: set[int] = field(default_factory=set)
    after: set[int] = field(default_factory=set)

    @property
    def low(self) -> int:
        return max(self.new.first_ns, self.stored.first_ns)

    @property
    def high(self) -> int:
        return min(self.new.last_ns, self.stored.last_ns)

    @property
    def stored_ends(self) -> bool:
        """Whether the stored file ends at the instant at which the new one begins."""
        return self.low == self.high == self.stored.last_ns == self.new.first_ns

    @property
    def new_ends(self) -> bool:
        return self.low == self.high == self.new.last_ns == self.stored.first_ns

    def refusal(self, why: str) -> DataError:
        return DataError(
            f"{self.what} of these hours are stored already from {self.other}, {why}",
            place=self.path,
            remedy=f"tcakit drop {self.other!r} first, or store this one under another --venue",
        )


def leave_out_common(store: Store, staged: Staging, path: str, own_keys: Sequence[str]) -> Common:
    """Take out of the staged rows what other stored files gave already; `own_keys` are files about to be replaced.

    Raises DataError, naming both files, where they cover the same hours and contradict each other.
    """
    common = Common()
    for key, lot in list(staged.lots.items()):
        if not store.day_path(lot.date).exists():
            continue
        left_out = _of_lot(store, staged, lot, path, own_keys, common)
        if left_out:
            _rewrite(lot, left_out)
            if not lot.spans:
                del staged.lots[key]
    staged.rows -= common.rows
    return common


def _of_lot(
    store: Store, staged: Staging, lot: Lot, path: str, own_keys: Sequence[str], common: Common
) -> dict[int, set[int]]:
    """Staged instrument id -> values of `seq` of the rows to leave out."""
    table = MARKET_TABLES[lot.table]
    staged_ids = {(staged.instruments[i].symbol, staged.instruments[i].venue): i for i in lot.spans}
    left_out: dict[int, set[int]] = {}
    pairs: dict[int, list[_Pair]] = {}
    with store.read_day(lot.date) as connection:
        instruments = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT instrument_id, symbol, venue, price_scale, size_scale FROM instruments"
            ).fetchall()
        }
        # Two recordings of one book are two books, however deep each is.
        wanted = "split_part(content, '-', 1) = ? AND NOT list_contains(?, ingest_key)"
        for source in sources_of(connection, wanted, [lot.content.partition("-")[0], list(own_keys)]):
            symbol, venue, price_scale, size_scale = instruments[source.instrument_id]
            staged_id = staged_ids.get((symbol, venue))
            if staged_id is None:
                continue
            what = f"{lot.content} of {symbol} on {lot.date}"
            hours = Span(source.rows, source.first_ns, source.last_ns)
            pair = _Pair(table, what, path, source.path, lot.spans[staged_id], hours)
            if pair.low > pair.high:
                continue
            if source.content != lot.content:
                raise pair.refusal(f"as {source.content}")
            ours = _in_common_hours(lot.scan().filter(lot.staged_id() == staged_id), pair)
            theirs = _in_common_hours(source.scan(store, lot.date), pair)
            if not _has_identity(table, ours) and _inside(pair, ours) != _inside(pair, theirs):
                raise pair.refusal("with other rows")
            instrument = staged.instruments[staged_id]
            ours = _in_units(ours, table, price_scale, instrument.price_scale, size_scale, instrument.size_scale)
            theirs = _in_units(theirs, table, instrument.price_scale, price_scale, instrument.size_scale, size_scale)
            # A row that two stored files share is one row.
            taken = _shared(pair, ours, theirs) - left_out.get(staged_id, set())
            pairs.setdefault(staged_id, []).append(pair)
            if taken:
                left_out.setdefault(staged_id, set()).update(taken)
                common.rows += len(taken)
                common.leans_on.add(source.ingest_key)
    for staged_id, own in pairs.items():
        # Rows of one instant are read in the order of their sources: the earlier file is to have the lower number.
        gone = left_out.get(staged_id, set())
        lot.spans[staged_id].comes_first = any(pair.before - gone for pair in own)
        last = [pair for pair in own if pair.after - gone]
        if last and lot.spans[staged_id].comes_first:
            raise last[0].refusal("and it goes on within instants at which that one begins or ends")
    return left_out


def _in_common_hours(rows: pl.LazyFrame, pair: _Pair) -> pl.DataFrame:
    """The rows of the hours that both cover, in order."""
    return rows.filter(pl.col("ts_ns").is_between(pair.low, pair.high)).collect().sort("ts_ns", "seq")


def _inside(pair: _Pair, rows: pl.DataFrame) -> int:
    """How many rows lie between the first and the last instant that both cover."""
    return int(rows["ts_ns"].is_between(pair.low, pair.high, "none").sum())


def _in_units(
    rows: pl.DataFrame, table: Table, other_price: int, own_price: int, other_size: int, own_size: int
) -> pl.DataFrame:
    """The rows in units that both files' prices and sizes are whole numbers of."""
    price, size = other_price // gcd(other_price, own_price), other_size // gcd(other_size, own_size)
    return rows.with_columns(
        *(pl.col(name) * price for name in PRICES[table.name]), *(pl.col(name) * size for name in SIZES[table.name])
    )


def _has_identity(table: Table, rows: pl.DataFrame) -> bool:
    if table.name == "trades":
        return bool(rows["trade_id"].is_not_null().all())
    return table.name in ("bars", "notices")


def _shared(pair: _Pair, ours: pl.DataFrame, theirs: pl.DataFrame) -> set[int]:
    """Values of `seq` of the new rows that the stored source has too."""
    values = [name for name in pair.table.names if name not in _OWN]
    if pair.table.name == "notices":
        return _equal(ours, theirs, [name for name in values if name != "recv_ns"])
    if pair.table.name == "bars":
        return _by_identity(pair, ours, theirs, ["interval_ns", "ts_ns"], values)
    if pair.table.name == "trades" and _has_identity(pair.table, ours) and _has_identity(pair.table, theirs):
        # Two recorders of one venue receive the same trade at two times.
        shared = _by_identity(pair, ours, theirs, ["trade_id"], [name for name in values if name != "recv_ns"])
        if not shared and pair.low != pair.high:
            raise pair.refusal("with no trade in common")
        if pair.new_ends:
            pair.before.update(ours["seq"].to_list())
        return shared
    return _by_order(pair, ours, theirs, values)


def _equal(ours: pl.DataFrame, theirs: pl.DataFrame, values: list[str]) -> set[int]:
    """Rows that both have with the same values, each as often as both have it."""
    numbered = pl.int_range(pl.len()).over(values).alias("repeat")
    joined = ours.with_columns(numbered).join(
        theirs.select(*values, numbered), on=[*values, "repeat"], how="semi", nulls_equal=True
    )
    return set(joined["seq"].to_list())


def _by_identity(
    pair: _Pair, ours: pl.DataFrame, theirs: pl.DataFrame, identity: list[str], values: list[str]
) -> set[int]:
    shared = _equal(ours, theirs, values)
    known = ours.join(theirs, on=identity, how="semi").join(theirs, on=values, how="anti", nulls_equal=True)
    if known.height:
        names = ", ".join(str(name) for name in known[identity[-1]].head(_SHOWN).to_list())
        raise pair.refusal(f"{known.height} of them with other values ({identity[-1]} {names})")
    return shared


def _by_order(pair: _Pair, ours: pl.DataFrame, theirs: pl.DataFrame, values: list[str]) -> set[int]:
    new, stored = (rows.select(values).hash_rows().to_numpy() for rows in (ours, theirs))
    start, length = (
        _touching(pair, new, stored) if pair.stored_ends or pair.new_ends else _block(pair, ours, theirs, new, stored)
    )
    before, after = ours[:start], ours[start + length :]
    if pair.new_ends:
        before, after = after, before
    pair.before.update(before["seq"].to_list())
    pair.after.update(after["seq"].to_list())
    return set(ours["seq"][start : start + length].to_list())


def _touching(pair: _Pair, new: np.ndarray, stored: np.ndarray) -> tuple[int, int]:
    """(first, count) of the new rows that a file which ends where the other begins has in common with it."""
    earlier, later = (stored, new) if pair.stored_ends else (new, stored)
    same = len(earlier) <= len(later) and bool((later[: len(earlier)] == earlier).all())
    return 0, len(earlier) if same else 0


def _block(
    pair: _Pair, ours: pl.DataFrame, theirs: pl.DataFrame, new: np.ndarray, stored: np.ndarray
) -> tuple[int, int]:
    """(first, count) of the new rows that are stored rows too; DataError if the two differ in between."""
    low, high = pair.low, pair.high
    # A file may lack rows only where it begins or ends.
    lacks_new = int((theirs["ts_ns"] == low).sum()) if pair.new.first_ns == low else 0
    lacks_stored = int((ours["ts_ns"] == low).sum()) if pair.stored.first_ns == low else 0
    for shift in sorted(range(-lacks_stored, lacks_new + 1), key=abs):
        first, other_first = max(-shift, 0), max(shift, 0)
        length = min(len(new) - first, len(stored) - other_first)
        if length < 1 or new[first] != stored[other_first]:
            continue
        over, other_over = ours["ts_ns"][first + length :], theirs["ts_ns"][other_first + length :]
        if len(over) and not (pair.stored.last_ns == high and (over == high).all()):
            continue
        if len(other_over) and not (pair.new.last_ns == high and (other_over == high).all()):
            continue
        if (new[first : first + length] == stored[other_first : other_first + length]).all():
            return first, length
    raise pair.refusal("with other rows")


def _rewrite(lot: Lot, left_out: dict[int, set[int]]) -> None:
    """Write the lot's parts anew without the rows that are left out, and count again."""
    gone = pl.concat(
        [
            pl.DataFrame({"source_key": [lot.source_key(staged_id)] * len(numbers), "seq": sorted(numbers)})
            for staged_id, numbers in left_out.items()
        ]
    )
    paths: list[Path] = []
    spans: dict[int, Span] = {}
    for part in lot.paths:
        rows = pl.read_parquet(part, hive_partitioning=False, glob=False)
        rows = rows.join(gone, on=["source_key", "seq"], how="anti", maintain_order="left")
        if not rows.height:
            part.unlink()
            continue
        rest = part.with_name(f"rest-{part.name}")
        write_part(rest, rows)
        rest.replace(part)
        paths.append(part)
        found = rows.group_by(lot.staged_id().alias("id")).agg(span_expressions(lot.table)).sort("id")
        for staged_id, count, first, last, prints in found.iter_rows():
            held = spans.setdefault(staged_id, Span(0, first, last, 0, lot.spans[staged_id].comes_first))
            held.rows += count
            held.prints += prints
            held.first_ns, held.last_ns = min(held.first_ns, first), max(held.last_ns, last)
    lot.paths, lot.spans = paths, spans
