"""IEX's own recordings of its feeds: DEEP 1.0 (levels of the book, trades) and TOPS 1.6 (best quotes, trades)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.feeds import us_equities
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.iex_messages import CROSS, KINDS, details, sale_condition, symbol_text
from tcakit.feeds.iex_segments import (
    DEEP_1_0,
    NO_TIME,
    PROTOCOLS,
    TOPS_1_6,
    Chunk,
    Segments,
    chunks,
    is_segment,
)
from tcakit.feeds.pcap import is_capture, packets, udp_payload
from tcakit.feeds.timestamps import trade_dates
from tcakit.market import codes
from tcakit.market.clock import parse_date
from tcakit.market.instrument import Instrument
from tcakit.registry import nearest

MARKET = "IEXG"  # the venue, and the name under which it is kept what concerns no symbol alone
_WITHIN_NS = 2 * 86_400 * 1_000_000_000
_STATUS = {b"H": codes.HALT, b"P": codes.HALT, b"O": codes.QUOTE_RESUME, b"T": codes.TRADE_RESUME}
_OPERATIONAL = {b"O": codes.HALT, b"N": codes.TRADE_RESUME}
_EVENT_COLUMNS = ("kind", "side", "price", "size", "level_size", "trade_id")


class IexReader:
    """Reads every message of a capture; `--symbol` keeps one symbol, or several with commas between."""

    name = "iex"
    version = 1

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the file is a capture with a segment of IEX among its first packets."""
        return is_capture(head) and any(is_segment(udp_payload(p)) for p in packets(path.name, head, Faults()))

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield book events, quotes, trades and notices of about 100 000 messages at a time.

        Raises DataError if the capture holds none, UsageError if a wanted symbol is not in it.
        """
        for label, content in source.members:
            yield from _Reading(label, options, faults).batches(content)


class _Reading:
    """One capture on its way: its symbols, which of them are halted, whose prices lie between cents."""

    def __init__(self, place: str, options: ReaderOptions, faults: Faults) -> None:
        self.place, self.options, self.faults = place, options, faults
        self.wanted = None if options.symbol is None else {part.strip() for part in options.symbol.split(",")}
        self.date = None if options.date is None else parse_date(options.date, "--date")
        self.ids: dict[bytes, int] = {}  # eight letters -> local id, -1 for what spells no symbol or is not wanted
        self.names: list[str] = [MARKET]
        self.seen: set[str] = set()
        self.fine: set[int] = set()
        self.halted: dict[tuple[bytes, int], int] = {}
        self.judged: dict[bytes, tuple[NDArray[np.intp], pl.DataFrame] | None] = {}  # of the chunk at hand

    def batches(self, content: Path | bytes) -> Iterator[Batch]:
        met = Segments()
        for chunk in chunks(self.place, content, met, self.faults):
            yield from self._chunk(chunk)
        readable = met.protocols & {TOPS_1_6, DEEP_1_0}
        if not readable:
            other = ", ".join(sorted(PROTOCOLS[protocol] for protocol in met.protocols))
            raise DataError(
                f"the capture is of {other}" if other else "the capture holds no messages of IEX",
                place=self.place,
                remedy="DEEP 1.0 and TOPS 1.6 are read",
            )
        lost = sorted((self.wanted or set()) - self.seen)
        if lost:
            guess = nearest(lost[0], sorted(self.seen | set(self.names)))
            raise UsageError(
                f"the capture has no {', '.join(lost)}",
                place=self.place,
                remedy=f"did you mean {guess}?" if guess else "check the symbol",
            )

    def _chunk(self, chunk: Chunk) -> Iterator[Batch]:
        deep = chunk.protocol == DEEP_1_0
        self.judged.clear()
        events: list[pl.DataFrame | None] = []
        notices: list[pl.DataFrame | None] = []
        for letter, side in ((b"8", codes.BUY), (b"5", codes.SELL)):
            events.append(self._levels(chunk, letter, side))
        trades = self._good(chunk, b"T")
        if trades is not None:
            rows, held = trades
            of_book = deep[rows]
            events.append(self._prints(held.filter(of_book), codes.PRINT))
            notices.append(_sale_conditions(held.filter(of_book)))
            yield from self._dated("trades", "trades", [_trades(held.filter(~of_book))])
        broken = self._good(chunk, b"B")
        if broken is not None:
            rows, held = broken
            events.append(self._prints(held.filter(deep[rows]), codes.BUST))
        for letter, states in ((b"H", _STATUS), (b"O", _OPERATIONAL)):
            events.append(self._halts(chunk, letter, states, deep))
        yield from self._dated("book_events", "book-l2", events)
        yield from self._dated("quotes", "quotes", [self._quotes(chunk)])
        notices += [self._notices(chunk, letter) for letter in KINDS]
        yield from self._dated("notices", "notices", notices)

    def _good(self, chunk: Chunk, letter: bytes) -> tuple[NDArray[np.intp], pl.DataFrame] | None:
        """Rows of a type whose symbol is wanted and whose numbers can be; their columns, with local_id and times."""
        if letter not in self.judged:
            self.judged[letter] = self._judge(chunk, letter)
        return self.judged[letter]

    def _judge(self, chunk: Chunk, letter: bytes) -> tuple[NDArray[np.intp], pl.DataFrame] | None:
        rows = chunk.where(letter)
        if not len(rows):
            return None
        fields = chunk.fields(rows, letter)
        local = self._local_ids(fields["symbol"]) if "symbol" in (fields.dtype.names or ()) else None
        ids = np.zeros(len(rows), np.int32) if local is None else local
        columns = {name: fields[name] for name in fields.dtype.names or () if fields[name].dtype.kind != "S"}
        trouble = np.where(ids == _NO_SYMBOL, "the symbol is no text", "")
        away = np.abs(fields["ts_ns"].astype(np.float64) - chunk.send_ns[rows]) > _WITHIN_NS
        trouble = np.where((trouble == "") & away, "the time is days away from when it was sent", trouble)
        for name in ("price", "bid", "ask", "size", "trade_id"):
            if name not in columns or letter in (b"X", b"D"):
                continue
            empty = name in ("bid", "ask") or (name == "size" and letter in (b"8", b"5")) or name == "trade_id"
            bad = columns[name] < 0 if empty else columns[name] <= 0
            trouble = np.where((trouble == "") & bad, f"the {name.replace('_', ' ')} must be above zero", trouble)
        for at in np.flatnonzero(trouble != ""):
            text = fields[at].tobytes().hex()
            self.faults.add(self.place, int(chunk.number[rows[at]]), str(trouble[at]), text)
        keep = (trouble == "") & (ids >= 0)
        rows, recv = rows[keep], chunk.recv_ns[rows[keep]]
        frame = pl.DataFrame(
            {
                "seq": chunk.number[rows] - 1,
                "local_id": ids[keep],
                "recv_ns": pl.Series(recv).set(pl.Series(recv == NO_TIME), None),
                **{name: values[keep].astype(np.int64) for name, values in columns.items()},
            }
        )
        return rows, frame

    def _local_ids(self, symbols: NDArray[np.bytes_]) -> NDArray[np.int32]:
        words, which = np.unique(np.ascontiguousarray(symbols).view(np.uint64), return_inverse=True)
        return np.array([self._local_id(word.tobytes()) for word in words], np.int32)[which]

    def _local_id(self, word: bytes) -> int:
        if word not in self.ids:
            text = symbol_text(word)
            if text is None:
                return _NO_SYMBOL
            # What is not wanted is remembered by name all the same, to say what a misspelt one is near to.
            wanted = self.wanted is None or text in self.wanted
            self.ids[word] = len(self.names) if wanted else _NOT_WANTED
            if wanted:
                self.names.append(text)
            self.seen.add(text)
        return self.ids[word]

    def _levels(self, chunk: Chunk, letter: bytes, side: int) -> pl.DataFrame | None:
        good = self._good(chunk, letter)
        if good is None:
            return None
        frame = good[1]
        self._note_grid(frame["local_id"], frame["price"])
        return frame.select(
            "seq", "local_id", "ts_ns", "recv_ns", "price", kind=_int(codes.SET), side=_int(side), level_size="size"
        )

    def _note_grid(self, local_id: pl.Series, price: pl.Series) -> None:
        between = pl.DataFrame([local_id, price.alias("price")]).filter(pl.col("price") % us_equities.CENT != 0)
        self.fine.update(between["local_id"].unique().to_list())

    def _prints(self, frame: pl.DataFrame, kind: int) -> pl.DataFrame:
        crossed = pl.when(pl.col("flags") & CROSS != 0).then(codes.PRINT_CROSS).otherwise(codes.PRINT)
        return frame.select(
            "seq",
            "local_id",
            "ts_ns",
            "recv_ns",
            "price",
            "size",
            "trade_id",
            kind=(crossed if kind == codes.PRINT else _int(kind)).cast(pl.Int64),
            side=_int(0),
        )

    def _halts(
        self, chunk: Chunk, letter: bytes, states: dict[bytes, int], deep: NDArray[np.bool_]
    ) -> pl.DataFrame | None:
        """Changes of state alone: every symbol is said to trade before anything happens."""
        good = self._good(chunk, letter)
        if good is None:
            return None
        rows, frame = good
        status = chunk.fields(rows, letter)["status"].tolist()
        kept, kinds = [], []
        for at, (local, word, of_book) in enumerate(
            zip(frame["local_id"].to_list(), status, deep[rows].tolist(), strict=True)
        ):
            kind = states.get(word)
            if kind is None or not of_book:
                continue
            if self.halted.get((letter, local), codes.TRADE_RESUME) != kind:
                kept.append(at)
                kinds.append(kind)
            self.halted[letter, local] = kind
        return (
            frame[kept].select("seq", "local_id", "ts_ns", "recv_ns").with_columns(
                kind=pl.Series(kinds, dtype=pl.Int64), side=_int(0)
            )
        )  # fmt: skip

    def _quotes(self, chunk: Chunk) -> pl.DataFrame | None:
        good = self._good(chunk, b"Q")
        if good is None:
            return None
        frame = good[1].with_columns(
            pl.when((pl.col(side) > 0) & (pl.col(f"{side}_size") > 0)).then(name).alias(name)
            for side in ("bid", "ask")
            for name in (side, f"{side}_size")
        )
        for side in ("bid", "ask"):
            self._note_grid(frame["local_id"], frame[side])
        return frame.select("seq", "local_id", "ts_ns", "recv_ns", "bid", "bid_size", "ask", "ask_size")

    def _notices(self, chunk: Chunk, letter: bytes) -> pl.DataFrame | None:
        good = self._good(chunk, letter)
        if good is None or good[1].is_empty():
            return None
        rows, frame = good
        return frame.select("seq", "local_id", "ts_ns", "recv_ns").with_columns(
            kind=pl.lit(KINDS[letter]), detail=details(chunk.fields(rows, letter))
        )

    def _dated(self, table: str, content: str, parts: Sequence[pl.DataFrame | None]) -> Iterator[Batch]:
        """The parts together in the file's order, a batch a trade date."""
        there = [part for part in parts if part is not None and part.height]
        if not there:
            return
        frame = pl.concat(there, how="diagonal_relaxed").sort("seq", maintain_order=True)
        if table == "book_events":
            missing = [name for name in _EVENT_COLUMNS if name not in frame.columns]
            frame = frame.with_columns(pl.lit(None, dtype=pl.Int64).alias(name) for name in missing)
        frame = frame.with_columns(date=trade_dates(frame["ts_ns"], us_equities.ZONE))
        for (day,), rows in frame.group_by("date", maintain_order=True):
            if self.date not in (None, day):
                self.faults.count("rows of other days than --date", rows.height)
                continue
            instruments = {local: self._instrument(local, str(day)) for local in rows["local_id"].unique().to_list()}
            yield Batch(table, rows.drop("date"), date=str(day), content=content, instruments=instruments)

    def _instrument(self, local: int, date: str) -> Instrument:
        shown = np.array([1 if local in self.fine else us_equities.CENT], np.int64)
        return us_equities.instrument(self.names[local], date, self.options, shown, MARKET)


_NO_SYMBOL, _NOT_WANTED = -2, -1


def _int(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.Int64)


def _conditions(frame: pl.DataFrame) -> pl.Series:
    words = {flags: sale_condition(flags) for flags in frame["flags"].unique().to_list()}
    return pl.Series("condition", [words[flags] for flags in frame["flags"].to_list()], dtype=pl.String)


def _trades(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "seq", "local_id", "ts_ns", "recv_ns", "price", "size", trade_id=pl.col("trade_id").cast(pl.String)
    ).with_columns(aggressor=_int(0), condition=_conditions(frame))


def _sale_conditions(frame: pl.DataFrame) -> pl.DataFrame:
    """Book events have no room for conditions: those of a book's trades are told beside it."""
    told = frame.with_columns(_conditions(frame)).filter(pl.col("condition").is_not_null())
    return told.select(
        "seq",
        "local_id",
        "ts_ns",
        "recv_ns",
        kind=pl.lit("sale condition"),
        detail=pl.struct("trade_id", "condition").struct.json_encode(),
    )
