"""Rows of Lean's CSV files: read at their exact width, checked, and the conditions of prints in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults
from tcakit.feeds.lobster import read_headerless

LATEST_MS = 86_400_000
NO_NUMBER = "a field is missing or no whole number"
# TradeConditionFlags of Lean, bit by bit; the first, Regular, goes without saying.
FLAGS = (
    "Regular",
    "Cash",
    "NextDay",
    "Seller",
    "YellowFlag",
    "IntermarketSweep",
    "OpeningPrints",
    "ClosingPrints",
    "ReOpeningPrints",
    "DerivativelyPriced",
    "FormT",
    "Sold",
    "Stopped",
    "ExtendedHours",
    "OutOfSequence",
    "Split",
    "Acquisition",
    "Bunched",
    "StockOption",
    "Distribution",
    "AveragePrice",
    "Cross",
    "PriceVariation",
    "Rule155",
    "OfficialClose",
    "PriorReferencePrice",
    "OfficialOpen",
    "CapElection",
    "AutoExecution",
    "TradeThroughExempt",
    "UndocumentedFlag",
    "OddLot",
)
Check = tuple[pl.Expr, str]  # where it is true, the row is refused, and why


def first_line(content: Path | bytes) -> bytes:
    if isinstance(content, bytes):
        return content[:4096].split(b"\n", 1)[0]
    with content.open("rb") as file:
        return file.readline(4096)


def read_rows(
    label: str, content: Path | bytes, names: list[str], texts: tuple[str, ...], faults: Faults
) -> pl.DataFrame:
    """The file's rows with their number in `row`; lines of another width are faults already, and all null."""
    first = first_line(content)
    width = first.count(b",") + 1
    if width != len(names):
        raise DataError(
            f"{width} columns in the first line, Lean's has {len(names)}",
            place=f"{label}:1",
            remedy="check that this is Lean data of shares",
        )
    schema: dict[str, type[pl.DataType]] = {name: pl.String if name in texts else pl.Int64 for name in names}
    frame = read_headerless(label, content, schema, faults).with_row_index("row")
    return frame.with_columns(pl.col("row").cast(pl.Int64))


def good_rows(label: str, frame: pl.DataFrame, checks: Sequence[Check], faults: Faults) -> pl.DataFrame:
    """The good rows; a fault for each other one that has none yet, saying the first check that it fails."""
    frame = frame.with_columns(trouble=pl.coalesce([pl.when(wrong).then(pl.lit(what)) for wrong, what in checks]))
    told = {fault.line for fault in faults.found if fault.path == label}
    names = [name for name in frame.columns if name not in ("row", "trouble", "ns")]
    for row in frame.filter(pl.col("trouble").is_not_null()).iter_rows(named=True):
        if row["row"] + 1 not in told:
            text = ",".join("" if row[name] is None else str(row[name]) for name in names)
            faults.add(label, row["row"] + 1, row["trouble"], text)
    faults.rows += frame.height
    good = frame.filter(pl.col("trouble").is_null()).drop("trouble")
    if good.is_empty():
        raise DataError("no row can be read", place=label, remedy="check that this is Lean data of shares")
    return good


def missing(names: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_null() for name in names)


def _late() -> pl.Expr:
    """A time that is later than that of the next row is the fault, not all the rows after it."""
    before, after = pl.col("ms").shift(1), pl.col("ms").shift(-1)
    return ((pl.col("ms") > after) & (after >= before)).fill_null(False)


def time_checks() -> list[Check]:
    steady = pl.when(~_late()).then("ms").cum_max().forward_fill()
    return [
        (pl.col("ms").is_null(), "the time is no whole number"),
        (~pl.col("ms").is_between(0, LATEST_MS, closed="left"), "the time is no millisecond of a day"),
        (_late(), "the time is later than that of the next row"),
        (pl.col("ms") < steady.shift(1), "the time runs backwards"),
    ]


def mark_checks() -> list[Check]:
    hexadecimal = pl.col("flags").fill_null("").str.contains(r"^[0-9A-Fa-f]{1,8}$")
    return [
        (~hexadecimal, "the condition is no hexadecimal number of 8 digits at most"),
        (~pl.col("suspicious").fill_null("").is_in(["0", "1"]), "the mark of suspicion is neither 0 nor 1"),
    ]


def condition(exchange: str | None, flags: str, suspicious: str) -> str | None:
    """The exchange's letter, Lean's names of the flags that are set, and whether the vendor suspects the print.

    >>> condition("P", "20002020", "1")
    'P IntermarketSweep ExtendedHours TradeThroughExempt suspicious'
    """
    bits = int(flags, 16)
    words = [name for bit, name in enumerate(FLAGS) if bit and bits >> bit & 1]
    return " ".join([*([exchange] if exchange else []), *words, *(["suspicious"] if suspicious == "1" else [])]) or None
