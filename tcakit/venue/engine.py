"""The matching engine as an object: it takes messages from Python, and grows when it is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tcakit.book.fifo_kernel import OK
from tcakit.errors import DataError, UsageError
from tcakit.venue import engine_layout_kernel as layout
from tcakit.venue import engine_messages_kernel as messages_kernel
from tcakit.venue.engine_layout_kernel import Engine, new_engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WHAT = {layout.BOOK_FULL: "resting orders", layout.TAPE_FULL: "tape", layout.REPORTS_FULL: "reports"}
_FIELDS, _PARTS = (
    {
        name.removeprefix(prefix).lower(): column
        for name, column in vars(messages_kernel).items()
        if name.startswith(prefix) and not name.endswith("_COLUMNS")
    }
    for prefix in ("MESSAGE_", "PART_")
)


_NO_PARTS = np.zeros((0, messages_kernel.PART_COLUMNS), np.int64)


def grown(engine: Engine, full: int) -> Engine:
    """The same engine with twice the room for what is full (BOOK_FULL, TAPE_FULL or REPORTS_FULL)."""
    if full == layout.TAPE_FULL:
        return engine._replace(tape=_longer(engine.tape))
    if full == layout.REPORTS_FULL:
        return engine._replace(reports=_longer(engine.reports))
    slots = len(engine.pool)
    orders, pool = _longer(engine.orders), _longer(engine.pool)
    orders[slots:] = layout.empty_slots(len(pool) - slots, slots)
    pool[slots:] = np.arange(slots, len(pool))
    return engine._replace(orders=orders, pool=pool, pegs=_longer(engine.pegs))


def _longer(table: NDArray[np.int64]) -> NDArray[np.int64]:
    longer: NDArray[np.int64] = layout.at_a_line((max(2 * len(table), 16), *table.shape[1:]))
    longer[: len(table)] = table
    return longer


class MatchingEngine:
    """One symbol's matching engine for use from Python; kernels take its `engine`, which is another one once it grew.

    `most_bytes` is what all its tables together may take; a message that would need more raises DataError, and has not
    been carried out. UsageError for a ladder that is too large for that.

    >>> from tcakit.market.codes import BUY, SELL
    >>> market = MatchingEngine(ladder_levels=100)
    >>> status, order_id = market.send(messages_kernel.NEW_LIMIT, side=BUY, level=50, size=300)
    >>> market.send(messages_kernel.NEW_MARKET, side=SELL, size=100)
    (0, 0)
    >>> market.tape()[:, [layout.TAPE_KIND, layout.TAPE_LEVEL, layout.TAPE_SIZE]].tolist()
    [[1, 50, 300], [4, 50, 100]]
    """

    def __init__(
        self, ladder_levels: int, slots: int = 1024, rows: int = 4096, *, most_bytes: int = 4 * 1024**3
    ) -> None:
        ladder_bytes = layout.BOOKS * 2 * ladder_levels * 32
        if ladder_levels <= 0 or ladder_bytes > most_bytes:
            raise UsageError(
                f"a ladder of {ladder_levels:,} prices takes {ladder_bytes:,} bytes",
                place="ladder_levels",
                remedy=f"choose from 1 to {most_bytes // (layout.BOOKS * 64):,}, or a larger tick",
            )
        self.engine: Engine = new_engine(slots, ladder_levels, rows, rows)
        self.most_bytes = most_bytes

    def send(self, kind: int, **fields: int) -> tuple[int, int]:
        """Send one message; fields are those of `engine_messages_kernel`, in small letters. Gives (status, value)."""
        row = np.zeros((1, messages_kernel.MESSAGE_COLUMNS), np.int64)
        row[0, messages_kernel.MESSAGE_KIND] = kind
        parts = np.zeros((1, messages_kernel.PART_COLUMNS), np.int64)
        parts[0, messages_kernel.PART_STOP] = layout.NO_LEVEL
        for name, value in fields.items():
            if name in _PARTS:
                parts[0, _PARTS[name]] = value
            else:
                row[0, _FIELDS[name]] = value
        status, value = self.send_all(row, parts)[0].tolist()
        return status, value

    def send_all(self, messages: NDArray[np.int64], parts: NDArray[np.int64] = _NO_PARTS) -> NDArray[np.int64]:
        """Send a table of messages, and one of parts that they name; gives (status, value) of each."""
        results = np.zeros((len(messages), messages_kernel.RESULT_COLUMNS), np.int64)
        row = 0
        while True:
            status, row = messages_kernel.process(self.engine, messages, parts, results, row, len(messages))
            if status == OK:
                return results
            self.make_room(status)

    def make_room(self, full: int) -> None:
        """Double what is full: a status of `room`."""
        table = {
            layout.BOOK_FULL: self.engine.orders,
            layout.TAPE_FULL: self.engine.tape,
            layout.REPORTS_FULL: self.engine.reports,
        }[full]
        needed = sum(array.nbytes for array in self.engine) + 2 * table.nbytes
        if needed > self.most_bytes or (full == layout.BOOK_FULL and 2 * len(table) > layout.MOST_SLOTS):
            raise DataError(
                f"{len(table):,} rows are not enough for the {_WHAT[full]} of the simulated venue, "
                f"and twice as many would take {needed:,} bytes of memory",
                place="matching engine",
                remedy=f"send fewer orders, or allow more than most_bytes={self.most_bytes:,}",
            )
        self.engine = grown(self.engine, full)

    def tape(self) -> NDArray[np.int64]:
        """The rows of the tape so far, columns TAPE_*."""
        rows: NDArray[np.int64] = self.engine.tape[: self.engine.counters[layout.TAPE_ROWS]]
        return rows

    def reports(self) -> NDArray[np.int64]:
        """The reports so far, columns REPORT_*."""
        rows: NDArray[np.int64] = self.engine.reports[: self.engine.counters[layout.REPORT_ROWS]]
        return rows
