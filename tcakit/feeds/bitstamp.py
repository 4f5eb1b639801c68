"""Bitstamp's live orders as CSV: every order created, changed (partly filled) and deleted, by its id."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.blocks import tables
from tcakit.feeds.book_rows import SteadyClock
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import _positive, _reason
from tcakit.feeds.raw_table import RawTable, header_of
from tcakit.feeds.sides import BOOK_WORDS, side_codes
from tcakit.feeds.timestamps import by_date, parse_times, trade_dates
from tcakit.feeds.units import Units, exact
from tcakit.market import codes
from tcakit.market.instrument import Instrument

VENUE = "BITSTAMP"
_COLUMNS = ("id", "timestamp", "exchange_timestamp", "price", "volume", "action", "direction")
_CREATED, _CHANGED, _DELETED = 1, 2, 3
_ACTIONS = {"created": _CREATED, "changed": _CHANGED, "deleted": _DELETED}
_OTHER_NAMES = {"exchange.timestamp": "exchange_timestamp", "exchangetimestamp": "exchange_timestamp"}
# line, ts, recv, kind, side, price, size, level_size, order_id
Row = tuple[int, int, int, int, int, int, int, int, int]


@dataclass(slots=True)
class _Order:
    side: int
    price: int
    size: int


@dataclass(slots=True)
class OrderBook:
    """Orders that rest, the displayed size of each level, and orders that are still taking.

    An order whose limit reaches over the spread is told of like any other, before it trades or, where it may only
    post, is thrown out. It is displayed if something is left of it when the venue's clock has moved on.
    """

    resting: dict[int, _Order] = field(default_factory=dict)
    taking: dict[int, _Order] = field(default_factory=dict)
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    heaps: dict[int, list[int]] = field(default_factory=lambda: {codes.BUY: [], codes.SELL: []})
    latest_ns: int = 0

    def best(self, side: int) -> int | None:
        """Best displayed price of a side."""
        heap = self.heaps[side]
        while heap:
            price = -heap[0] * side
            if self.sizes.get((side, price), 0) > 0:
                return price
            heapq.heappop(heap)
        return None

    def _resize(self, side: int, price: int, change: int) -> int:
        left = self.sizes.get((side, price), 0) + change
        if left:
            if (side, price) not in self.sizes:
                heapq.heappush(self.heaps[side], -price * side)
            self.sizes[side, price] = left
        else:
            self.sizes.pop((side, price), None)
        return left

    def _crosses(self, order: _Order) -> bool:
        opposite = self.best(-order.side)
        return opposite is not None and (order.price - opposite) * order.side >= 0

    def settle(self, ts_ns: int, recv_ns: int, line: int, rows: list[Row], remarks: list[str]) -> None:
        """Once the clock has moved on, display what is left of orders that took.

        A book that stands is not crossed: displayed orders on the other side that such an order reaches over have gone
        without a word of the venue.
        """
        if ts_ns <= self.latest_ns:
            return
        at = self.latest_ns
        for order_id, order in self.taking.items():
            while self._crosses(order):
                self._drop(order, order_id, at, recv_ns, line, rows, remarks)
            self.resting[order_id] = order
            level = self._resize(order.side, order.price, order.size)
            rows.append((line, at, recv_ns, codes.ADD, order.side, order.price, order.size, level, order_id))
        self.taking.clear()
        self.latest_ns = ts_ns

    def _drop(
        self, newer: _Order, newer_id: int, at: int, recv_ns: int, line: int, rows: list[Row], remarks: list[str]
    ) -> None:
        """Take the other side's best level off the display."""
        best = self.best(-newer.side)
        stale = [
            (order_id, order)
            for order_id, order in self.resting.items()
            if order.side == -newer.side and order.price == best
        ]
        for order_id, order in stale:
            level = self._resize(order.side, order.price, -order.size)
            rows.append((line, at, recv_ns, codes.DELETE, order.side, order.price, order.size, level, order_id))
            del self.resting[order_id]
            self.gone.add(order_id)
            remarks.append(f"order {order_id} was never deleted, but order {newer_id} rests beyond it: taken as gone")

    def take(
        self,
        line: int,
        ts_ns: int,
        recv_ns: int,
        order_id: int,
        side: int,
        price: int,
        size: int,
        action: int,
        rows: list[Row],
        remarks: list[str],
    ) -> str | None:
        """Write the rows of one event, and what was noticed; gives why it is refused, else None."""
        self.settle(ts_ns, recv_ns, line, rows, remarks)
        if action == _CREATED:
            if order_id in self.resting or order_id in self.taking:
                return f"order {order_id} is created twice"
            if size == 0:
                return "an order of size zero"
            order = _Order(side, price, size)
            if self._crosses(order):
                self.taking[order_id] = order
                return None
            self.resting[order_id] = order
            rows.append((line, ts_ns, recv_ns, codes.ADD, side, price, size, self._resize(side, price, size), order_id))
            return None
        taker = self.taking.get(order_id)
        if taker is not None:
            taker.size = size
            if action == _DELETED or size == 0:
                del self.taking[order_id]
            return None
        held = self.resting.get(order_id)
        if held is None and order_id in self.gone:
            if action == _DELETED:
                self.gone.discard(order_id)
            return None
        if held is None:
            return f"order {order_id} was not seen to be created"
        if size > held.size:
            return f"order {order_id} grows from what it was"
        # The venue amends no order: it shrinks by trading, and goes with what is left when it is cancelled.
        traded = held.size - size
        if traded:
            level = self._resize(held.side, held.price, -traded)
            rows.append((line, ts_ns, recv_ns, codes.EXECUTE, held.side, held.price, traded, level, order_id))
            held.size = size
        if action == _DELETED and size:
            level = self._resize(held.side, held.price, -size)
            rows.append((line, ts_ns, recv_ns, codes.DELETE, held.side, held.price, size, level, order_id))
        if action == _DELETED or size == 0:
            del self.resting[order_id]
        return None


class BitstampReader:
    """Reads order files with the columns id, timestamp, exchange_timestamp, price, volume, action, direction."""

    name = "bitstamp"
    version = 1

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the header row names those columns."""
        names = header_of(head)
        return names is not None and set(_COLUMNS) <= {_OTHER_NAMES.get(name, name) for name in names}

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield batches of level-3 events; DataError if --symbol is not told, as the file does not tell it."""
        if options.symbol is None:
            raise DataError(
                "the file does not name its symbol", place=source.name, remedy="add --symbol NAME, e.g. BTCUSD"
            )
        units = Units(options)
        key = VENUE, options.symbol
        for label, content in source.members:
            for table in _tables(label, content, Faults()):
                # Of an order that takes, the price is a limit that may lie anywhere: it says little, but no tick.
                units.see(key, [table.frame["price"]], [table.frame["volume"]], True)
        instrument = units.instrument(key)
        book, steady, seq = OrderBook(), SteadyClock(), 0
        for label, content in source.members:
            for table in _tables(label, content, faults):
                rows: list[Row] = []
                remarks: list[str] = []
                for event, fields in _events(table, instrument, faults, steady):
                    refused = book.take(*event, rows, remarks)
                    for remark in remarks:
                        faults.add(table.place, event[0], remark, table.text(fields), kept=True)
                    remarks.clear()
                    if refused is not None:
                        faults.add(table.place, event[0], refused, table.text(fields))
                frame = _frame(rows, units.timezone, seq)
                seq += frame.height
                for date, day in by_date(frame):
                    yield Batch("book_events", day.drop("date", "line"), instrument, date, "book-l3")
        steady.tell(faults)


def _tables(label: str, content: Path | bytes, faults: Faults) -> Iterator[RawTable]:
    for table in tables(label, content, faults):
        table.frame.columns = [_OTHER_NAMES.get(name, name) for name in table.frame.columns]
        lacking = [name for name in _COLUMNS if name not in table.frame.columns]
        if lacking:
            raise DataError(f"no column {', '.join(lacking)}", place=f"{label}:1", remedy="leave --format out")
        yield table


def _events(
    table: RawTable, instrument: Instrument, faults: Faults, steady: SteadyClock
) -> Iterator[tuple[tuple[int, int, int, int, int, int, int, int], int]]:
    """(line, ts, recv, id, side, price, size, action) and row number of each good row."""
    frame = table.frame
    faults.rows += frame.height
    stamped = parse_times(frame["exchange_timestamp"], place=f"{table.place}, column exchange_timestamp")
    received = parse_times(frame["timestamp"], place=f"{table.place}, column timestamp")
    price = exact([frame["price"]], instrument.price_scale)
    size = exact([frame["volume"]], instrument.size_scale)
    order_id = frame["id"].str.strip_chars().cast(pl.Int64, strict=False)
    side = side_codes(frame["direction"], BOOK_WORDS)
    action = side_codes(frame["action"], _ACTIONS)
    rows = pl.DataFrame(
        {
            "line": table.lines,
            "ts_ns": stamped.ts_ns,
            "recv_ns": received.ts_ns,
            "order_id": order_id,
            "side": side,
            "price": price.values[0],
            "size": size.values[0],
            "action": action,
            "row": pl.int_range(frame.height, eager=True),
        }
    ).with_columns(
        _reason(
            pl.lit(stamped.reason),
            "receipt " + pl.lit(received.reason),
            pl.when(order_id.is_null()).then(pl.lit("id is no whole number")),
            pl.when(side.is_null()).then(pl.lit("direction is neither bid nor ask")),
            pl.when(action.is_null()).then(pl.lit("action is none of created, changed, deleted")),
            _positive("price", price.values[0], price.bad[0]),
            _positive("volume", size.values[0], size.bad[0], zero=True),
        ),
        symbol=pl.lit(instrument.symbol),
    )
    for row, line, reason in rows.filter(pl.col("reason").is_not_null()).select("row", "line", "reason").iter_rows():
        faults.add(table.place, line, reason, table.text(row))
    good = steady.steady(rows.filter(pl.col("reason").is_null()), table.place)
    columns = good.select("line", "ts_ns", "recv_ns", "order_id", "side", "price", "size", "action", "row")
    for *event, row in columns.iter_rows():
        yield tuple(event), row


def _frame(rows: list[Row], timezone: str, seq: int) -> pl.DataFrame:
    schema = {
        "line": pl.Int64,
        "ts_ns": pl.Int64,
        "recv_ns": pl.Int64,
        "kind": pl.UInt8,
        "side": pl.Int8,
        "price": pl.Int64,
        "size": pl.Int64,
        "level_size": pl.Int64,
        "order_id": pl.Int64,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(seq=pl.int_range(pl.len()) + seq, date=trade_dates(frame["ts_ns"], timezone))
