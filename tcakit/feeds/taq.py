"""NYSE Daily TAQ, the quotes file of fixed width: every exchange's best bid and offer, made into the national best."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date as Date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.feeds import us_equities
from tcakit.feeds.blocks import line_blocks
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.grid import stated
from tcakit.feeds.nbbo import NationalBest, exchange_index
from tcakit.feeds.taq_records import LEAST, columns
from tcakit.feeds.timestamps import EARLIEST_YEAR, LATEST_YEAR, OUTSIDE
from tcakit.market.clock import parse_date, wall_ns
from tcakit.registry import nearest

_HEADER = re.compile(rb"^[ -~]{0,8}?(\d{2})(\d{2})(\d{4})\s+Record Count\s*:\s*(\d+)\s*$")
_FIRST_RECORD = re.compile(rb"^\d{9}[A-Z][!-~]")
_WIDEST = 200
_ROUND_LOT = 100
# Conditions of quotes that can be traded with: slow on one side or both, opening, regular, slow by list, one-sided.
# The others (closed, not firm, halted, indications) show no best (as in Holden and Jacobsen, Journal of Finance 2014).
_FIRM = ("A", "B", "H", "O", "R", "W", "Y")
_CANCELLED = "B"


class TaqReader:
    """Reads a Daily TAQ quotes file of any size; `--venue LETTER` keeps one exchange's own best instead."""

    name = "taq"
    version = 2

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the first line is the file's header with its record count, and a quote follows."""
        lines = head.split(b"\n", 2)
        return len(lines) > 1 and bool(_HEADER.match(lines[0].rstrip(b"\r"))) and bool(_FIRST_RECORD.match(lines[1]))

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield the changes of the national best, a batch for some 170 000 records.

        Raises DataError if the file has no such header or no record can be read.
        """
        for label, content in source.members:
            yield from _Reading(label, options, faults).batches(content)


class _Reading:
    """One file on its way: its day, its symbols and what each exchange quotes."""

    def __init__(self, place: str, options: ReaderOptions, faults: Faults) -> None:
        self.place, self.options, self.faults = place, options, faults
        self.lot = _ROUND_LOT if options.lot_size is None else stated(options.lot_size, 1, "lot_size")
        venue = options.venue or ""
        self.only = venue if len(venue) == 1 and venue.isascii() and venue.isupper() else None
        self.ids: dict[tuple[str, str], int] = {}
        self.names: list[str] = []
        self.latest = np.zeros(0, np.int64)  # by symbol, ms after midnight
        self.fine: set[int] = set()
        self.best = NationalBest()

    def batches(self, content: Path | bytes) -> Iterator[Batch]:
        records = good = 0
        width, said = 0, 0
        for line, block in line_blocks(self.place, content):
            if line == 1:
                first, _, block = block.partition(b"\n")
                self.date, said, width = self._header(first)
                self.midnight_ns = wall_ns(self.date, 0, us_equities.ZONE)
                line = 2
            block = block.removesuffix(b"\n")
            if not block:
                continue
            matrix, lines = self._matrix(block, line, width)
            records += block.count(b"\n") + 1
            if not len(lines):
                continue
            frame = self._quotes(matrix, lines)
            good += frame.height
            if frame.height:
                yield from self._changes(frame)
        self.faults.rows += records
        if records != said:
            self.faults.add(self.place, 1, f"the header tells of {said} records, the file has {records}")
        if not good and self.options.symbol is None:
            raise DataError("no record can be read", place=self.place, remedy="check that this is a Daily TAQ file")
        if self.options.symbol is not None and self.options.symbol not in self.names:
            guess = nearest(self.options.symbol, self.names)
            raise UsageError(
                f"the file has no {self.options.symbol}",
                place=self.place,
                remedy=f"did you mean {guess}?" if guess else "check the symbol",
            )

    def _header(self, line: bytes) -> tuple[str, int, int]:
        match = _HEADER.match(line.rstrip(b"\r"))
        width = len(line)
        if match is None or not LEAST <= width <= _WIDEST:
            raise DataError(
                "no header like ' N02062014 Record Count : 9994' as wide as the records",
                place=f"{self.place}:1",
                remedy="check that this is a Daily TAQ quotes file of fixed width",
            )
        month, day, year, count = (int(part) for part in match.groups())
        try:
            if not EARLIEST_YEAR <= year <= LATEST_YEAR:
                raise ValueError(OUTSIDE)
            date = Date(year, month, day).isoformat()
        except ValueError:
            raise DataError("the header's date is none", place=f"{self.place}:1", remedy="fetch it again") from None
        if self.options.date is not None and parse_date(self.options.date, "--date") != date:
            raise UsageError(
                f"--date {self.options.date} is not the date in the header", place=self.place, remedy="leave it out"
            )
        return date, count, width

    def _matrix(self, block: bytes, line: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Records of the right width, and their lines; the others are faults."""
        if (len(block) + 1) % (width + 1) == 0:
            matrix = np.frombuffer(block + b"\n", np.uint8).reshape(-1, width + 1)
            if (matrix[:, -1] == ord("\n")).all() and block.count(b"\n") == len(matrix) - 1:
                return matrix, np.arange(line, line + len(matrix))
        kept, lines = [], []
        for number, record in enumerate(block.split(b"\n"), start=line):
            if len(record) == width:
                kept.append(record + b"\n")
                lines.append(number)
            else:
                text = record.decode("latin-1").rstrip()
                self.faults.add(self.place, number, f"{len(record)} bytes instead of {width}", text)
        return np.frombuffer(b"".join(kept), np.uint8).reshape(-1, width + 1), np.array(lines, np.int64)

    def _quotes(self, matrix: NDArray[np.uint8], lines: NDArray[np.int64]) -> pl.DataFrame:
        """The good records as columns, with local_id of their symbol and ms after midnight."""
        frame = columns(matrix[:, :-1]).with_columns(line=pl.Series(lines))
        frame = frame.with_columns(
            ms=(pl.col("hour") * 60 + pl.col("minute")) * 60_000 + pl.col("millisecond"),
            local_id=self._local_ids(frame),
        )
        numbers = ("bid", "bid_size", "ask", "ask_size")
        before = pl.col("ms").shift(1).over("local_id")
        after = pl.col("ms").shift(-1).over("local_id")
        spike = ((pl.col("ms") > after) & (after >= before)).fill_null(False)
        steady = pl.when(~spike).then("ms").cum_max().forward_fill().shift(1).over("local_id")
        carried = pl.Series(np.append(self.latest, 0)[frame["local_id"].to_numpy()])
        checks = [
            (pl.any_horizontal(pl.col("hour", "minute", "millisecond").is_null()), "the time is no number"),
            (
                (pl.col("hour") > 23) | (pl.col("minute") > 59) | (pl.col("millisecond") > 59_999),
                "the time is no time of day",
            ),
            (pl.any_horizontal(pl.col(name).is_null() for name in numbers), "a price or size is no number"),
            (~pl.col("exchange").str.contains("^[A-Z]$"), "the exchange is no letter"),
            (~pl.col("root").str.contains("^[!->@-~]+$") | pl.col("suffix").str.contains("[? ]"), "no symbol"),
            (spike, "the time is later than that of the symbol's next quote"),
            ((pl.col("ms") < steady).fill_null(False) | (pl.col("ms") < carried), "the time runs backwards"),
        ]
        frame = frame.with_columns(trouble=pl.coalesce([pl.when(bad).then(pl.lit(why)) for bad, why in checks]))
        for row in np.flatnonzero(frame["trouble"].is_not_null().to_numpy()).tolist():
            text = matrix[row].tobytes().decode("latin-1").rstrip()
            self.faults.add(self.place, int(lines[row]), str(frame["trouble"][row]), text)
        good = frame.filter(pl.col("trouble").is_null())
        for local_id, latest in good.group_by("local_id").agg(pl.col("ms").max()).iter_rows():
            self.latest[local_id] = max(self.latest[local_id], latest)
        if self.options.symbol is not None:
            good = good.filter(pl.col("local_id") == self._id_of(self.options.symbol))
        return good if self.only is None else good.filter(pl.col("exchange") == self.only)

    def _local_ids(self, frame: pl.DataFrame) -> pl.Series:
        for root, suffix in frame.select("root", "suffix").unique(maintain_order=True).iter_rows():
            if (root, suffix) not in self.ids:
                self.ids[root, suffix] = len(self.names)
                self.names.append(f"{root} {suffix}".strip())
        self.latest = np.append(self.latest, np.zeros(len(self.names) - len(self.latest), np.int64))
        pairs = pl.DataFrame([(*pair, local) for pair, local in self.ids.items()], orient="row")
        pairs.columns = ["root", "suffix", "local_id"]
        return frame.select("root", "suffix").join(pairs, on=["root", "suffix"], how="left", maintain_order="left")[
            "local_id"
        ]

    def _id_of(self, symbol: str) -> int:
        return self.names.index(symbol) if symbol in self.names else -1

    def _changes(self, frame: pl.DataFrame) -> Iterator[Batch]:
        cancelled = pl.col("cancel_correction") == _CANCELLED if "cancel_correction" in frame.columns else pl.lit(False)
        self.faults.count("quotes cancelled", int(frame.select(cancelled.sum()).item()))
        frame = frame.filter(~cancelled)
        stands = frame["condition"].is_in(_FIRM).to_numpy()
        sides = [np.where(stands, frame[name].to_numpy(), 0) for name in ("bid", "ask")]
        sizes = [frame[name].to_numpy() * self.lot for name in ("bid_size", "ask_size")]
        local = frame["local_id"].cast(pl.Int64).to_numpy()
        at, best = self.best.follow(local, exchange_index(frame["exchange"]), sides[0], sizes[0], sides[1], sizes[1])
        if not len(at):
            return
        rows = best.with_columns(
            seq=pl.Series(frame["line"].to_numpy()[at] - 2),
            local_id=pl.Series(local[at]).cast(pl.Int32),
            ts_ns=pl.Series(self.midnight_ns + frame["ms"].to_numpy()[at] * 1_000_000),
        )
        between = rows.filter((pl.col("bid") % us_equities.CENT != 0) | (pl.col("ask") % us_equities.CENT != 0))
        self.fine.update(between["local_id"].unique().to_list())
        instruments = {
            one: us_equities.instrument(
                self.names[one],
                self.date,
                self.options,
                np.array([1 if one in self.fine else us_equities.CENT], np.int64),
            )
            for one in rows["local_id"].unique().to_list()
        }
        yield Batch("quotes", rows, date=self.date, content="quotes", instruments=instruments)
