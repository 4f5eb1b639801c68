"""FIX 4.0 to 4.4 logs: orders sent, executions that stand, and the parents that the log itself shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds import fix_reports as reports
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.fix_assembly import Assembly
from tcakit.feeds.fix_chains import chains_of
from tcakit.feeds.fix_mapping import FORMAT, STANDARD, compile_fix_mapping
from tcakit.feeds.fix_messages import read_messages, starts_message
from tcakit.feeds.timestamps import Times, parse_times

_TAGS = (
    35, 49, 56, 50, 52, 11, 41, 37, 17, 19, 20, 150, 39, 32, 31, 14, 6, 151, 425, 38, 40, 44, 59, 18,
    54, 55, 65, 48, 60, 75, 30, 851, 12, 13, 137, 138, 15, 100, 207, 58, 1, 76, 847, 526, 583, 66,
)  # fmt: skip
ROLES = (1, 11, 12, 36)  # executing firm; originating, executing and entering trader
_READ = ("8", "D", "F", "G", "9")
_SESSION = ("0", "1", "2", "3", "4", "5", "A")
_PASSED = {"j": "business rejects", "3": "session rejects"}
_SECOND = "%Y%m%d-%H:%M:%S"
_SECOND_LENGTH = len("20240102-10:00:00")
_TIME = _SECOND + "%.f"


class FixReader:
    """Logs of FIX messages with any prefix before 8=FIX, fields parted by SOH, `|`, `^A` or another usual sign."""

    name = FORMAT
    version = 2

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether a FIX message starts in the first bytes, on one of the first lines."""
        return starts_message(head)

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield orders, fills and parents; DataError if no FIX message is found or none speaks of an order."""
        tags = dict(STANDARD) if options.mapping is None else compile_fix_mapping(options.mapping)
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            events = _events(place, content, _wanted(tags), faults)
            yield from _rows(events, tags, options, faults, place)


def _wanted(tags: dict[str, tuple[int, ...]]) -> list[int]:
    return list(dict.fromkeys((*_TAGS, *(tag for listed in tags.values() for tag in listed))))


def _events(place: str, content: Path | bytes, tags: Sequence[int], faults: Faults) -> pl.DataFrame:
    """The messages that speak of orders, in the order of the log; others are counted."""
    kept, unsound, first_unsound, seen = [], 0, 0, 0
    for table in read_messages(content, tags, ROLES):
        frame = table.frame
        seen += frame.height + len(table.troubles)
        for trouble in table.troubles:
            faults.add(place, trouble.line, trouble.reason, trouble.text)
        wrong = frame["line"].filter(~frame["sound"])
        if wrong.len():
            unsound += wrong.len()
            first_unsound = first_unsound or int(wrong[0])
        for kind, number in frame.group_by("35").len().iter_rows():
            if kind is None:
                continue
            if kind in _SESSION:
                faults.count(_PASSED.get(kind, "session messages"), number)
            elif kind not in _READ:
                faults.count(_PASSED.get(kind, f"messages of type {kind}"), number)
        for line in frame["line"].filter(frame["35"].is_null()):
            faults.add(place, line, "MsgType (35) is missing")
        read = frame["35"].is_in(_READ).fill_null(False)
        kept.append(frame if read.all() else frame.filter(read))
    faults.rows += seen
    if not seen:
        raise DataError("no FIX message in it", place=place, remedy="a message starts with 8=FIX and then 9=")
    if unsound:
        faults.add(
            place,
            first_unsound,
            f"{unsound} of {seen} messages bear a BodyLength or CheckSum that is not theirs; they are read all the "
            "same; this is the first",
            kept=True,
        )
    events = _compact(pl.concat(kept).drop("sound"))
    if not events.height:
        raise DataError("no message of it speaks of an order", place=place, remedy="give a log with 35=8 or 35=D")
    return events


def _rows(
    events: pl.DataFrame, tags: dict[str, tuple[int, ...]], options: ReaderOptions, faults: Faults, place: str
) -> Iterator[Batch]:
    pair = pl.col("49").fill_null("") <= pl.col("56").fill_null("")
    ends = [pl.col("49").fill_null(""), pl.col("56").fill_null("")]
    stamped = _stamps(events.select(at=pl.coalesce("60", "52"))["at"], f"{place}, tag 60")
    events = events.with_columns(
        session=pl.when(pair)
        .then(pl.concat_str(ends, separator=">"))
        .otherwise(pl.concat_str(ends[::-1], separator=">")),
        day=pl.coalesce("52", "60").fill_null("").str.slice(0, 8),
        opens=(pl.col("35") == "D") | ((pl.col("35") == "8") & (pl.col("150") == "0")).fill_null(False),
        at_ns=stamped.ts_ns,
    )
    wrong = stamped.reason.is_not_null()
    for line, reason in zip(events["line"].filter(wrong), stamped.reason.filter(wrong), strict=True):
        faults.add(place, line, f"TransactTime (60): {reason}")
    events, chains = chains_of(_where(events, ~wrong))
    known = events["chain"].is_not_null()
    for line in events["line"].filter(~known):
        faults.add(place, line, "neither ClOrdID (11) nor OrderID (37) says whose it is")
    events = _orders_once(_where(events, known), faults, place)
    told = reports.with_kinds(_where(events, events["35"] == "8"))
    status = told["kind"] == reports.STATUS
    faults.count("status reports", int(status.sum()))
    told = reports.without_repeats(_where(told, ~status), faults, place)
    fills, busted = reports.final_fills(told, faults, place)
    sent = events.filter(pl.col("35") != "8")
    events = pl.concat([sent, told.drop("kind")]).sort("line") if sent.height else told
    if not events.filter(pl.col("35").is_in(["D", "8"])).height:
        raise DataError("no order of it can be read", place=place, remedy="see its faults with --max-faults 1")
    work = Assembly(events, fills, chains, tags, options, faults, place, busted)
    for table, frame in work.tables():
        if frame.height:
            yield Batch(table, frame, content=table)


def _stamps(text: pl.Series, place: str) -> Times:
    """UTCTimestamps in ns: a log tells each second many times, which is then read once."""
    second, fraction = text.str.slice(0, _SECOND_LENGTH), text.str.slice(_SECOND_LENGTH)
    plain = fraction.str.contains(r"^(?:\.\d{1,9})?$").fill_null(False)
    if not plain.all():
        return parse_times(text, timezone="UTC", time_format=_TIME, place=place)
    whole = parse_times(second, timezone="UTC", time_format=_SECOND, place=place)
    below = fraction.str.slice(1).str.pad_end(9, "0").cast(pl.Int64)
    reason = whole.reason.str.replace(_SECOND, _TIME, literal=True)
    return Times(whole.ts_ns + below, reason)


def _compact(events: pl.DataFrame) -> pl.DataFrame:
    """The same, the columns that hold nothing as one null each: a log fills half of them."""
    empty = [name for name in events.columns if events[name].null_count() == events.height]
    nulls = [pl.lit(None, dtype=pl.String).alias(name) for name in empty]
    return events.drop(empty).rechunk().with_columns(nulls).select(events.columns)


def _where(frame: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """The rows that are kept; a log of reports alone keeps all of them, and a copy of fifty columns is dear."""
    return frame if kept.all() else frame.filter(kept)


def _orders_once(events: pl.DataFrame, faults: Faults, place: str) -> pl.DataFrame:
    """New orders, the first of each chain: a later one is the same sent or logged again, or a fault."""
    order = pl.col("35") == "D"
    again = events.select(again=order & ~pl.struct("chain", "35").is_first_distinct())["again"]
    if not again.any():
        return events
    said = pl.concat_str(pl.col("55", "54", "38", "40", "44").fill_null(""), separator="\x01")
    events = events.with_columns(said=said)
    firsts = events.filter(order & ~again).select("chain", first_said="said", first_line="line")
    later = events.filter(again).join(firsts, on="chain", how="left")
    other = later.filter(pl.col("said") != pl.col("first_said"))
    for line, name, first in other.select("line", "11", "first_line").iter_rows():
        faults.add(place, line, f"ClOrdID {name} stands at line {first} with other contents")
    faults.count("repeated orders", later.height - other.height)
    return events.filter(~again).drop("said")
