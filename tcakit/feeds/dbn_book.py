"""Books of DBN files: each record's effect on the displayed sizes, kept from one lot of records to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds import dbn_book_kernel as orders_kernel
from tcakit.feeds import dbn_window_kernel as window_kernel
from tcakit.feeds.dbn_rows import sides_of
from tcakit.feeds.dbn_stream import Records
from tcakit.feeds.dbn_survey import UNDEFINED_PRICE
from tcakit.market import codes

LEVELS = 10
_ROOM = 1 << 16
_NO_PRICE = (codes.CLEAR,)
_NO_ORDER = (codes.CLEAR, codes.PRINT)


@dataclass(frozen=True, slots=True)
class Lot:
    """Good records of one type, with what was made of them: local id, trade day, side and stored price a record."""

    fields: NDArray[Any]
    local: NDArray[np.int32]
    day: NDArray[np.int32]
    side: NDArray[np.int8]
    price: NDArray[np.int64]


def order_reasons(records: Records) -> NDArray[np.object_]:
    """Why an order-by-order record is refused, None where it is not."""
    fields = records.fields
    action, side = fields["action"], sides_of(fields["side"])
    top = (action == b"A") & (fields["flags"] & orders_kernel.F_TOP != 0)
    touches = np.isin(action, (b"A", b"C", b"M"))
    needs_price = (touches & ~top) | (action == b"T")
    reason = np.full(len(fields), None, object)
    reason[needs_price & (fields["size"] == 0)] = "its size is zero"
    reason[top & (fields["size"] == 0) & (fields["price"] != UNDEFINED_PRICE)] = "its size is zero"
    reason[needs_price & (fields["price"] == UNDEFINED_PRICE)] = "it has no price"
    reason[touches & (side == 0)] = "an order on neither side"
    reason[side == 2] = "its side is none of A, B and N"
    reason[~np.isin(action, (b"A", b"C", b"M", b"R", b"T", b"F", b"N"))] = "its action is none of A, C, M, R, T, F, N"
    return reason


class OrderBooks:
    """Books built order by order; `levels`, `orders` as in `dbn_book_kernel`."""

    def __init__(self) -> None:
        self._books = _rows(0)
        self._used = np.zeros(3, np.int64)
        self._orders = _orders(1 << 12)
        self._levels = _levels(1 << 12)
        self._out = _columns(_ROOM, 7)

    def events(self, lot: Lot) -> Iterator[dict[str, NDArray[Any]]]:
        """Columns of book events in order, in parts; `row` is the record they come from."""
        self._books = _extended(self._books, int(lot.local.max(initial=-1)) + 1)
        columns = (
            np.ascontiguousarray(lot.fields["action"]).view(np.uint8),
            np.ascontiguousarray(lot.fields["flags"]),
            lot.local,
            lot.day,
            lot.side,
            lot.price,
            lot.fields["size"].astype(np.int64),
            lot.fields["order_id"].astype(np.int64),
        )
        row = 0
        while True:
            status, row, count = orders_kernel.book_events(
                row, *columns, *self._orders, *self._levels, self._books, self._used, *self._out
            )
            if count:
                yield _part(self._out, count)
            if status == orders_kernel.DONE:
                return
            if status == orders_kernel.FULL and not count:
                self._out = _columns(2 * len(self._out[0]), 7)
            elif status == orders_kernel.GROW:
                self._grow()
            elif status == orders_kernel.NEW_DAY:
                yield self._standing(int(lot.local[row]), row)
                self._books[lot.local[row], orders_kernel.DAY] = lot.day[row]

    def _grow(self) -> None:
        if 2 * self._used[0] + 4 > len(self._orders[0]):
            longer = _orders(2 * len(self._orders[0]))
            orders_kernel.refill(*self._orders, self._books, self._used, *longer)
            self._orders = longer
        if 2 * self._used[1] + 4 > len(self._levels[0]):
            longer_levels = _levels(2 * len(self._levels[0]))
            orders_kernel.refill_levels(*self._levels, self._books, self._used, *longer_levels)
            self._levels = longer_levels

    def _standing(self, book: int, row: int) -> dict[str, NDArray[Any]]:
        """The whole book in the order it queued: how its next trade date begins."""
        of_book, ids, orders = self._orders
        generation = self._books[book, orders_kernel.BOOK_GENERATION]
        at = np.flatnonzero((of_book == book) & (orders[:, orders_kernel.GENERATION] == generation))
        at = at[np.argsort(orders[at, orders_kernel.JOINED])]
        price, size, side = (
            orders[at, column] for column in (orders_kernel.PRICE, orders_kernel.SIZE, orders_kernel.SIDE)
        )
        level = np.zeros(len(at), np.int64)
        if len(at):
            frame = pl.DataFrame({"price": price, "side": side, "size": size})
            level = frame.select(pl.col("size").cum_sum().over("side", "price")).to_series().to_numpy()
        kind = np.full(len(at), codes.SNAPSHOT, np.int64)
        first = np.array([codes.CLEAR, 0, 0, -1, -1, 0], np.int64)
        rows = [np.concatenate([first[k : k + 1], c]) for k, c in enumerate((kind, side, price, size, level, ids[at]))]
        return dict(zip(_NAMES, [np.full(len(at) + 1, row, np.int64), *rows], strict=True))


class WindowBooks:
    """Books of which ten levels a side are published after every change."""

    def __init__(self) -> None:
        self._books = np.full((0, 1), -1, np.int64)
        self._price = np.zeros((0, 2, LEVELS), np.int64)
        self._size = np.zeros((0, 2, LEVELS), np.int64)
        self._count = np.zeros((0, 2), np.int64)
        self._out = _columns(_ROOM, 6)

    def events(self, lot: Lot, level_price: NDArray[np.int64]) -> Iterator[dict[str, NDArray[Any]]]:
        """Columns of book events in order, in parts; `level_price` stored prices (records, 2, levels)."""
        wanted = int(lot.local.max(initial=-1)) + 1 - len(self._books)
        if wanted > 0:
            self._books = np.concatenate([self._books, np.full((wanted, 1), -1, np.int64)])
            self._price = np.concatenate([self._price, np.zeros((wanted, 2, LEVELS), np.int64)])
            self._size = np.concatenate([self._size, np.zeros((wanted, 2, LEVELS), np.int64)])
            self._count = np.concatenate([self._count, np.zeros((wanted, 2), np.int64)])
        raw_price, raw_size = window_of(lot.fields)
        level_size = np.where(raw_price == UNDEFINED_PRICE, 0, raw_size)
        action = np.ascontiguousarray(lot.fields["action"]).view(np.uint8)
        size = lot.fields["size"].astype(np.int64)
        row = 0
        while True:
            status, row, count = window_kernel.window_events(
                row, action, lot.local, lot.day, lot.side, lot.price, size, level_price, level_size,
                self._price, self._size, self._count, self._books, *self._out,
            )  # fmt: skip
            if count:
                yield _part(self._out, count)
            if status == window_kernel.DONE:
                return


def window_of(fields: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Raw prices and sizes (records, 2, levels), bids first, best first."""

    def stacked(what: str) -> NDArray[np.int64]:
        sides = [
            np.stack([fields[f"{side}_{what}_{k:02d}"].astype(np.int64) for k in range(LEVELS)], axis=1)
            for side in ("bid", "ask")
        ]
        return np.ascontiguousarray(np.stack(sides, axis=1))

    return stacked("px"), stacked("sz")


def frame_of(events: dict[str, NDArray[Any]]) -> pl.DataFrame:
    """kind, side, price, size, level_size, order_id as the store has them, and `row`."""
    frame = pl.DataFrame({name: events[name] for name in events})
    if "order_id" not in events:
        frame = frame.with_columns(order_id=pl.lit(None, dtype=pl.Int64))
    kind = pl.col("kind")
    return frame.with_columns(
        kind=kind.cast(pl.UInt8),
        side=pl.col("side").cast(pl.Int8),
        price=pl.when(~kind.is_in(_NO_PRICE)).then("price"),
        size=pl.when(pl.col("size") >= 0).then("size"),
        level_size=pl.when(pl.col("level_size") >= 0).then("level_size"),
        order_id=pl.when(~kind.is_in(_NO_ORDER)).then("order_id"),
    )


_NAMES = ("row", "kind", "side", "price", "size", "level_size", "order_id")


def _columns(room: int, number: int) -> list[NDArray[np.int64]]:
    return [np.zeros(room, np.int64) for _ in range(number)]


def _part(out: list[NDArray[np.int64]], count: int) -> dict[str, NDArray[Any]]:
    return {name: column[:count].copy() for name, column in zip(_NAMES, out, strict=False)}


def _rows(number: int) -> NDArray[np.int64]:
    rows = np.zeros((number, 3), np.int64)
    rows[:, orders_kernel.DAY] = -1
    return rows


def _extended(books: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    return np.concatenate([books, _rows(number - len(books))]) if number > len(books) else books


def _orders(length: int) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    return np.full(length, -1, np.int32), np.zeros(length, np.int64), np.zeros((length, 5), np.int64)


def _levels(length: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    return np.full(length, -1, np.int32), np.zeros((length, 4), np.int64)
