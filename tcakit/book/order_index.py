"""Dense order slots and displayed level sizes of a level-3 recording, whole columns at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tcakit.book import fifo_kernel, order_index_kernel
from tcakit.errors import DataError
from tcakit.market.codes import EXECUTE_UNPRINTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MISTAKES = {
    fifo_kernel.OFF_LADDER: "a price outside the price range of the day",
    fifo_kernel.NO_SLOT: "an added order without an order id",
    fifo_kernel.SLOT_TAKEN: "an order that stands in the book already",
    fifo_kernel.NO_ORDER: "an order that is not in the book",
    fifo_kernel.BAD_SIZE: "a size that is not above zero",
}
# Ticks a row from which on a ladder of all of them would be mostly empty.
_WIDE = 64


@dataclass(frozen=True, slots=True)
class LevelThree:
    """What a level-3 column left displayed, row by row (all int64, see `fifo_kernel.level_sizes`).

    `level_size` is -1 where the row does not touch the book, `queued_row` -1 for unknown orders;
    `order_index` is the dense slot, below `slots`.
    """

    level_size: NDArray[np.int64]
    queued_row: NDArray[np.int64]
    order_index: NDArray[np.int64]
    slots: int


def order_slots(
    kind: NDArray[np.uint8], order_id: NDArray[np.int64], size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Each row's dense slot (-1 unknown or none) and how many slots were needed.

    >>> index, slots = order_slots(
    ...     np.array([1, 1, 3, 1], np.uint8), np.array([71, 72, 71, 99]), np.array([5, 5, 5, 5]))
    >>> index.tolist(), slots
    ([0, 1, 0, 0], 2)
    """
    index = np.empty(len(kind), np.int64)
    length = 1 << 12
    while True:
        with np.errstate(over="ignore"):
            status, used = order_index_kernel.dense_index(kind, order_id, size, length - 1, index)
        if status == order_index_kernel.OK:
            return index, int(used)
        length *= 4


def displayed_sizes(
    kind: NDArray[np.uint8],
    side: NDArray[np.int8],
    tick: NDArray[np.int64],
    size: NDArray[np.int64],
    order_id: NDArray[np.int64],
) -> LevelThree:
    """Replay level-3 events and say what each left displayed; prices in ticks, missing order ids any value.

    Raises DataError naming the row when a size is not above zero.

    >>> two = displayed_sizes(
    ...     np.array([1, 1, 4], np.uint8), np.array([1, 1, 1], np.int8), np.array([100, 100, 100]),
    ...     np.array([5, 7, 5]), np.array([71, 72, 71]))
    >>> two.level_size.tolist(), two.queued_row.tolist()
    ([5, 12, 7], [0, 1, 0])
    """
    book_kinds = (
        fifo_kernel.ADD,
        fifo_kernel.SNAPSHOT,
        fifo_kernel.REDUCE,
        fifo_kernel.DELETE,
        fifo_kernel.EXECUTE,
    )
    # A displayed order that traded in an auction has gone like any other that traded.
    kind = np.where(kind == EXECUTE_UNPRINTED, np.uint8(fifo_kernel.EXECUTE), kind)
    touching = np.isin(kind, book_kinds)
    seen = tick[touching]
    low, high = (int(seen.min()), int(seen.max())) if len(seen) else (0, 0)
    rows = len(kind)
    if high - low > _WIDE * (rows + 1):
        # Some venues let orders rest at a cent and at a billion: then a rung a price that occurs, and no others.
        prices, rung = np.unique(seen, return_inverse=True)
        rungs = np.full(rows, -1, np.int64)
        rungs[touching] = rung
        tick = rungs
        low, high = 0, len(prices) - 1
    index, slots = order_slots(kind, order_id, size)
    level_size = np.empty(rows, np.int64)
    queued_row = np.empty(rows, np.int64)
    status, row = fifo_kernel.level_sizes(
        kind,
        side,
        tick,
        size,
        index,
        low,
        high - low + 1,
        max(slots, 1),
        level_size,
        queued_row,
    )
    if status != fifo_kernel.OK:
        raise DataError(_MISTAKES[int(status)], place=f"event {row}", remedy="check the recording there")
    return LevelThree(level_size, queued_row, index, slots)
