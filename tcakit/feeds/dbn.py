"""DBN (Databento), versions 1 to 3: books order by order or of ten levels, prints, quotes, bars, and notices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.feeds import dbn_book, dbn_kernel, dbn_notices, dbn_rows, dbn_stream
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.dbn_names import Names
from tcakit.feeds.dbn_stream import Records, Stream
from tcakit.feeds.dbn_survey import BARS, BOOKS, PRINTS, QUOTES, survey, text_of
from tcakit.feeds.dbn_times import calendar_of, day_text, times_of, trade_days
from tcakit.market import codes, schema

_SUFFIXES = (".dbn", ".dbz", ".dbn.frag")
_DAY_NS = 86_400_000_000_000
_WINDOW = "book-l2-window"
_CONTENT_DEPTH = {_WINDOW: dbn_book.LEVELS}
_COLUMNS = {
    table.name: [name for name in table.names if name not in ("instrument_id", "source_id")]
    for table in (schema.BOOK_EVENTS, schema.TRADES, schema.QUOTES, schema.BARS, schema.NOTICES)
}


class DbnReader:
    """Reads DBN files of one schema, and live streams in which records of several are mixed."""

    name = "dbn"
    version = 2

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the file begins as DBN or DBZ does, or is named so."""
        return (head[:3] == b"DBN" and b"\0" in head) or dbn_stream.is_legacy(head) or path.name.endswith(_SUFFIXES)

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield batches of all instruments; DataError if it is no DBN file, UsageError without the package."""
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            yield from _File(Stream(place, content), options, faults).batches()


class _File:
    """One file on its way: what is known of its instruments, and the state of its books."""

    def __init__(self, stream: Stream, options: ReaderOptions, faults: Faults) -> None:
        self._stream = stream
        self._faults = faults
        if options.date is not None:
            raise UsageError(
                "--date is not needed: every record has its own time", place=stream.label, remedy="leave --date out"
            )
        if options.content not in (None, "trades", "quotes"):
            raise UsageError(
                f"--content {options.content} cannot be taken from DBN by itself",
                place=stream.label,
                remedy="trades and quotes can; leave --content out to store all",
            )
        self._only = options.content
        self._survey = survey(stream)
        self._names = Names(stream.header, self._survey, options, stream.label)
        self._calendar = calendar_of(stream.header.dataset, options.timezone)
        self._orders = dbn_book.OrderBooks()
        self._windows = dbn_book.WindowBooks()
        self._incomplete: set[int] = set()
        self._refused: set[int] = set()
        # Seldom true: then alone are all columns of prices looked through.
        self._has_lowest = any(facts.has_lowest for facts in self._survey.facts.values())
        self._rows: dict[str, int] = {}
        self._latest: dict[str, NDArray[np.int64]] = {}

    def batches(self) -> Iterator[Batch]:
        for chunk in self._stream.chunks(self._faults):
            self._refused.clear()
            for records in chunk:
                for batch in self._of_type(records):
                    if batch.content == self._only or self._only is None:
                        yield batch
        self._faults.found.sort(key=lambda fault: fault.line)

    def _of_type(self, records: Records) -> Iterator[Batch]:
        rtype = records.rtype
        if rtype in BOOKS:
            yield from self._book(self._chosen(records, BOOKS))
        if rtype in QUOTES:
            yield from self._quotes(self._chosen(records, QUOTES))
        if rtype in PRINTS:
            traded = records.where(self._survey.chosen(records, PRINTS))
            if rtype in (dbn_stream.MBP_1, dbn_stream.CMBP_1):
                traded = traded.where(traded.fields["action"] == b"T")
            yield from self._prints(traded)
        if rtype in BARS:
            yield from self._bars(records)
        if rtype in dbn_notices.KINDS:
            yield from self._notices(records)
        if rtype == dbn_stream.ERROR:
            for number, text in zip(records.number.tolist(), records.fields["err"], strict=True):
                self._faults.add(self._stream.label, number, "the sender reports an error", text_of(text), kept=True)
        if rtype == dbn_stream.SYSTEM:
            self._faults.count("system messages", len(records.number))

    def _chosen(self, records: Records, ranking: tuple[int, ...]) -> Records:
        """Without what a better type of record tells of the same instrument, which is counted."""
        kept = records.where(self._survey.chosen(records, ranking))
        self._faults.count("records of a schema that tells less", len(records.number) - len(kept.number))
        return kept

    def _admitted(
        self, records: Records, reason: NDArray[np.object_] | None = None, *, state: str | None = None
    ) -> tuple[Records, NDArray[np.int32], pl.DataFrame]:
        """The good records, their local ids, and ts_ns, recv_ns, local_id and day of each.

        `state` names what follows record by record (a book, a quote): its times are kept from running backwards.
        """
        times = times_of(records, self._stream.header)
        if reason is None:
            reason = np.full(len(records.fields), None, object)
        if self._has_lowest and records.rtype not in dbn_notices.KINDS:
            reason[dbn_rows.lowest_prices(records.fields)] = "a price that is too low to hold"
        why = np.where(times.reason != None, times.reason, reason)  # noqa: E711
        good = why == None  # noqa: E711
        for row in np.flatnonzero(~good).tolist():
            self._refuse(records, row, str(why[row]))
        kept = records.where(good)
        ns, received = times.ns[good].copy(), times.received_ns[good]
        local = self._names.local_ids(kept, ns // _DAY_NS) if len(ns) else np.zeros(0, np.int32)
        if state is not None:
            latest = self._latest.get(state, np.zeros(0, np.int64))
            latest = np.concatenate([latest, np.zeros(len(self._names.instruments) - len(latest), np.int64)])
            self._latest[state] = latest
            dbn_kernel.steady(local, ns, latest)
        frame = pl.DataFrame(
            {"local_id": local, "ts_ns": ns, "day": trade_days(ns, records.rtype, self._calendar)}
        ).with_columns(recv_ns=pl.Series(received).set(pl.Series(received == 0), None))
        return kept, local, frame

    def _refuse(self, records: Records, row: int, reason: str) -> None:
        number = int(records.number[row])
        if number in self._refused:
            # A trade with its quote is one record, and refused but once.
            return
        self._refused.add(number)
        record = records.fields[row]
        text = " ".join(f"{name}={_plain(record[name])}" for name in (record.dtype.names or ())[3:11])
        self._faults.add(self._stream.label, number, reason, text)

    def _batches_of(self, table: str, content: str, frame: pl.DataFrame) -> Iterator[Batch]:
        begin = self._rows.get(table, 0)
        self._rows[table] = begin + frame.height
        frame = frame.with_columns(seq=pl.int_range(begin, begin + frame.height, dtype=pl.Int64))
        for (day,), own in frame.group_by("day", maintain_order=True):
            yield Batch(
                table,
                own.select("local_id", *_COLUMNS[table]),
                date=day_text(int(day)),
                content=content,
                depth=_CONTENT_DEPTH.get(content),
                instruments=self._names.mapping(own["local_id"].to_numpy()),
            )

    def _book(self, records: Records) -> Iterator[Batch]:
        by_order = records.rtype == dbn_stream.MBO
        reason = dbn_book.order_reasons(records) if by_order else _window_reasons(records)
        kept, local, frame = self._admitted(records, reason, state="book")
        if not len(local):
            return
        side = dbn_rows.sides_of(kept.fields["side"])
        price = self._stored(kept.fields["price"], local)
        lot = dbn_book.Lot(kept.fields, local, frame["day"].to_numpy(), side, price)
        if by_order:
            events = self._orders.events(lot)
        else:
            events = self._windows.events(lot, self._names.stored(dbn_book.window_of(kept.fields)[0], local))
        for part in events:
            self._remark_unknown(kept, local, part)
            rows = dbn_book.frame_of(part)
            whole = pl.concat([rows.drop("row"), frame[part["row"]]], how="horizontal")
            whole = whole.with_columns(trade_id=pl.lit(None, dtype=pl.Int64), print_price=pl.lit(None, dtype=pl.Int64))
            yield from self._batches_of("book_events", "book-l3" if by_order else _WINDOW, whole)

    def _remark_unknown(self, records: Records, local: NDArray[np.int32], part: dict[str, NDArray[Any]]) -> None:
        unknown = part["row"][(part["kind"] == codes.DELETE) & (part["level_size"] < 0)]
        for book in np.setdiff1d(local[unknown], list(self._incomplete)).tolist():
            self._incomplete.add(book)
            self._faults.add(
                self._stream.label,
                int(records.number[unknown[local[unknown] == book][0]]),
                "an order that the file never added: it begins in mid session, and its book is not whole",
                kept=True,
            )

    def _stored(self, prices: NDArray[Any], local: NDArray[np.int32]) -> NDArray[np.int64]:
        """In stored units; an undefined price stays the number that says so."""
        return np.where(prices == dbn_book.UNDEFINED_PRICE, prices, self._names.stored(prices, local))

    def _quotes(self, records: Records) -> Iterator[Batch]:
        kept, local, frame = self._admitted(records, state="quotes")
        columns = dbn_rows.quotes(kept.fields, lambda prices: self._names.stored(prices, local))
        yield from self._batches_of("quotes", "quotes", frame.with_columns(**columns))

    def _prints(self, records: Records) -> Iterator[Batch]:
        kept, local, frame = self._admitted(records, dbn_rows.print_reasons(records))
        columns = dbn_rows.prints(kept.fields, lambda prices: self._names.stored(prices, local))
        nothing = pl.lit(None, dtype=pl.String)
        frame = frame.with_columns(**columns, condition=nothing, trade_id=nothing)
        yield from self._batches_of("trades", "trades", frame)

    def _bars(self, records: Records) -> Iterator[Batch]:
        schema = self._stream.header.schema
        kept, local, frame = self._admitted(records, dbn_rows.bar_reasons(records, schema))
        interval_ns = dbn_rows.interval_of(records.rtype, schema)
        if interval_ns is None:
            return
        columns = dbn_rows.bars(kept.fields, lambda prices: self._names.stored(prices, local), interval_ns)
        yield from self._batches_of("bars", "bars", frame.with_columns(**columns))

    def _notices(self, records: Records) -> Iterator[Batch]:
        kept, _, frame = self._admitted(records)
        detail = dbn_notices.details(records.rtype, kept.fields, dbn_stream.package())
        frame = frame.with_columns(kind=pl.lit(dbn_notices.KINDS[records.rtype]), detail=detail)
        yield from self._batches_of("notices", "notices", frame)


def _window_reasons(records: Records) -> NDArray[np.object_]:
    """Why a record of ten levels is refused, None where it is not."""
    fields = records.fields
    traded = fields["action"] == b"T"
    reason = np.full(len(fields), None, object)
    reason[traded & (fields["size"] == 0)] = "a print of size zero"
    reason[traded & (fields["price"] == dbn_book.UNDEFINED_PRICE)] = "a print without a price"
    reason[dbn_rows.sides_of(fields["side"]) == 2] = "its side is none of A, B and N"
    reason[~_sorted(fields)] = "its levels are not in order from best to worst"
    return reason


def _sorted(fields: NDArray[Any]) -> NDArray[np.bool_]:
    price, _ = dbn_book.window_of(fields)
    present = price != dbn_book.UNDEFINED_PRICE
    both = present[:, :, 1:] & present[:, :, :-1]
    falls = (price[:, 0, 1:] < price[:, 0, :-1]) | ~both[:, 0]
    rises = (price[:, 1, 1:] > price[:, 1, :-1]) | ~both[:, 1]
    return falls.all(axis=1) & rises.all(axis=1)


def _plain(value: Any) -> str:
    return text_of(value) if isinstance(value, bytes) else str(value)
