"""What rows of a book recording need before they are stored: a steady clock, a CLEAR where a book starts anew, and an
opening book on each day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from tcakit.feeds.contract import Faults
from tcakit.feeds.timestamps import by_date
from tcakit.market import codes

_ROWS_AT_ONCE = 1 << 22


@dataclass(slots=True)
class SteadyClock:
    """Keeps a book's rows in file order: a stamp earlier than one before it counts as that one.

    The rows of a book are read back by time, and a level that is set before it is deleted is another book. Trades and
    quotes keep the stamps that they have. What was held back is told once a symbol, by `tell`.
    """

    latest: dict[str, int] = field(default_factory=dict)
    held: dict[str, tuple[str, int, int, int]] = field(default_factory=dict)

    def steady(self, rows: pl.DataFrame, place: str) -> pl.DataFrame:
        """Rows with columns symbol, ts_ns and line, in file order, with `ts_ns` never running backwards."""
        before = pl.col("symbol").replace_strict(self.latest, default=None, return_dtype=pl.Int64)
        rows = rows.with_columns(before=before if self.latest else pl.lit(None, dtype=pl.Int64))
        rows = rows.with_columns(
            steady=pl.max_horizontal(pl.col("ts_ns").cum_max().over("symbol"), "before"),
        )
        late = rows.filter(pl.col("steady") > pl.col("ts_ns"))
        if late.height:
            found = late.group_by("symbol", maintain_order=True).agg(
                pl.col("line").first(), pl.len(), (pl.col("steady") - pl.col("ts_ns")).max().alias("most")
            )
            for symbol, line, count, most in found.iter_rows():
                self.add(symbol, place, line, count, most)
        last = rows.group_by("symbol").agg(pl.col("steady").max())
        self.latest.update(last.iter_rows())
        return rows.with_columns(ts_ns="steady").drop("steady", "before")

    def steady_one(self, symbol: str, rows: pl.DataFrame, place: str) -> pl.DataFrame:
        """`steady` for rows of one symbol, which need no column that says so."""
        stamps = rows["ts_ns"]
        if stamps.is_sorted() and stamps[0] >= self.latest.get(symbol, stamps[0]):
            self.latest[symbol] = stamps[-1]
            return rows
        return self.steady(rows.with_columns(symbol=pl.lit(symbol)), place).drop("symbol")

    def add(self, symbol: str, place: str, line: int, count: int, most_ns: int) -> None:
        """Take note of rows that were held back."""
        where, first, held, most = self.held.get(symbol, (place, line, 0, 0))
        self.held[symbol] = (where, first, held + count, max(most, most_ns))

    def tell(self, faults: Faults) -> None:
        """One fault a symbol whose book's stamps ran backwards."""
        for symbol, (place, line, count, most) in self.held.items():
            rows = "1 row of the book is" if count == 1 else f"{count} rows of the book are"
            faults.add(
                place,
                line,
                f"{symbol}: {rows} stamped before a row above, by up to {most} ns; stored at the time of that row",
                kept=True,
            )
        self.held.clear()


def with_clears(rows: pl.DataFrame, was_snapshot: dict[str, bool]) -> pl.DataFrame:
    """Put a CLEAR before each run of SNAPSHOT rows of a symbol; `was_snapshot` carries over from block to block."""
    carried = pl.col("symbol").replace_strict(was_snapshot, default=False, return_dtype=pl.Boolean)
    carried = carried if was_snapshot else pl.lit(False)
    snapshot = pl.col("kind") == codes.SNAPSHOT
    rows = rows.with_columns(
        opens=snapshot & ~snapshot.shift(1).over("symbol").fill_null(carried), order=pl.int_range(pl.len()) * 2 + 1
    )
    last = rows.group_by("symbol").agg(snapshot.last())
    was_snapshot.update(last.iter_rows())
    clears = rows.filter("opens").with_columns(
        kind=pl.lit(codes.CLEAR, dtype=pl.UInt8),
        side=pl.lit(0, dtype=pl.Int8),
        price=pl.lit(None, dtype=pl.Int64),
        level_size=pl.lit(None, dtype=pl.Int64),
        order=pl.col("order") - 1,
    )
    if clears.height:
        rows = pl.concat([rows, clears]).sort("order")
    return rows.drop("opens", "order")


def with_clears_of_one(symbol: str, rows: pl.DataFrame, was_snapshot: dict[str, bool]) -> pl.DataFrame:
    """`with_clears` for rows of one symbol, which need no column that says so."""
    if not (rows["kind"] == codes.SNAPSHOT).any():
        was_snapshot[symbol] = False
        return rows
    return with_clears(rows.with_columns(symbol=pl.lit(symbol)), was_snapshot).drop("symbol")


@dataclass(slots=True)
class OpenBooks:
    """Begins each day of a book that goes on over midnight with what stood then, as a CLEAR and a SNAPSHOT.

    Days are stored apart, and venues that never close send no book at midnight.
    """

    levels: dict[str, pl.DataFrame] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    _since: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def by_day(self, key: str, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        """(trade date, rows of that day) of one book's rows in order, which have a column `date`."""
        yield from self.open_days(key, by_date(rows))

    def open_days(self, key: str, days: Iterable[tuple[str, pl.DataFrame]]) -> Iterator[tuple[str, pl.DataFrame]]:
        """(trade date, rows of that day) of one book's days in order, each with its opening book."""
        for date, day in days:
            before = self.dates.get(key)
            opening = self._opening(key, day) if before not in (None, date) else None
            self.dates[key] = date
            self._remember(key, day)
            yield date, day if opening is None else pl.concat([opening, day])

    def _opening(self, key: str, day: pl.DataFrame) -> pl.DataFrame | None:
        self._settle(key)
        standing = self.levels[key]
        if day["kind"][0] == codes.CLEAR or standing.is_empty():
            return None
        like = pl.concat([day.head(1)] * (1 + standing.height))
        none = pl.DataFrame({"side": [0], "price": [None], "level_size": [None]}, schema=standing.schema)
        shown = pl.concat([none, standing])
        kinds = pl.Series("kind", [codes.CLEAR] + [codes.SNAPSHOT] * standing.height, dtype=pl.UInt8)
        return like.with_columns(kinds, *shown.get_columns(), size=pl.lit(None, dtype=pl.Int64))

    def _remember(self, key: str, day: pl.DataFrame) -> None:
        clears = (day["kind"] == codes.CLEAR).arg_true()
        known = day.slice(clears[-1] + 1) if len(clears) else day
        since = self._since.setdefault(key, [])
        if len(clears):
            since.clear()
            self.levels.pop(key, None)
        since.append(known.select("side", "price", "level_size"))
        if sum(part.height for part in since) > _ROWS_AT_ONCE:
            self._settle(key)

    def _settle(self, key: str) -> None:
        """Work out what stands after the rows that were set aside: only a book that goes on over midnight asks."""
        since = self._since[key]
        known = pl.concat([self.levels[key], *since] if key in self.levels else since)
        since.clear()
        last = known.group_by("side", "price", maintain_order=True).last()
        self.levels[key] = last.filter(pl.col("level_size").fill_null(0) > 0)
