"""Clock offsets that the user asked for: the times of the firm's rows moved by them, each broker's by its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.clock import NS_PER_SECOND, parse_duration

EVERYBODY = ""
"""The name under which the offset of rows without a broker of their own stands."""
_TIMES = {
    "parents": ("decision_ns", "arrival_ns", "end_ns"),
    "orders": ("submitted_ns", "acknowledged_ns", "ended_ns"),
    "fills": ("ts_ns", "received_ns", "known_ns"),
}
_GIVEN = re.compile(r"^(?:(?P<broker>.+)=)?(?P<sign>[+-]?)(?P<size>[0-9.]+[a-z]+)$", re.DOTALL)


def parse_offsets(given: Sequence[str], place: str = "--clock-offset") -> dict[str, int] | None:
    """Offsets (ns, to be added to the times) by broker, `EVERYBODY` for all others; None if nothing is given.

    >>> parse_offsets(["-250ms", "NORTHGATE=1.25s"])
    {'': -250000000, 'NORTHGATE': 1250000000}
    """
    found: dict[str, int] = {}
    for text in given:
        match = _GIVEN.match(text.strip())
        if match is None:
            raise UsageError(f"{text!r} is no offset", place=place, remedy="write 1.25s, -300ms or BROKER=1.25s")
        broker = (match["broker"] or EVERYBODY).strip()
        if broker in found:
            raise UsageError(f"{broker or 'everybody'} has two offsets", place=place, remedy="give each once")
        size = parse_duration(match["size"], place)
        found[broker] = -size if match["sign"] == "-" else size
    return found or None


def shifted(table: str, frame: pl.DataFrame, offsets: Mapping[str, int], brokers: pl.Series) -> pl.DataFrame:
    """The rows of parents, orders or fills with each broker's offset added to their times; dates stay as given.

    `brokers` names the broker of each row, null where there is none: such rows are moved by the offset of everybody.
    """
    own = {broker: offset for broker, offset in offsets.items() if broker != EVERYBODY}
    plain = offsets.get(EVERYBODY, 0)
    by = brokers.replace_strict(own, default=plain, return_dtype=pl.Int64) if own else pl.lit(plain, dtype=pl.Int64)
    return frame.with_columns(_by=by).with_columns(
        pl.col(name) + pl.col("_by") for name in _TIMES[table] if name in frame.columns
    ).drop("_by")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brokers:
    """Who executes which order: (parent_id, date) -> broker, for fills and child orders to find theirs."""

    of: dict[str, dict[str, str | None]]

    @classmethod
    def among(cls, parents: Iterable[pl.DataFrame]) -> Brokers:
        """Out of frames of parents; later ones count where they differ."""
        of: dict[str, dict[str, str | None]] = {}
        for frame in parents:
            broker = "broker" if "broker" in frame.columns else pl.lit(None, dtype=pl.String).alias("broker")
            for parent_id, date, name in frame.select("parent_id", "date", broker).iter_rows():
                of.setdefault(parent_id, {})[date] = name
        return cls(of)

    def find(self, rows: pl.DataFrame) -> tuple[pl.Series, int]:
        """The broker of each fill or child order, null where none is known, and how many name an order unknown here.

        Of an id that is used on several days the latest that is not of a later date is meant.
        """
        date = pl.col("date") if "date" in rows.columns else pl.lit("9999-12-31").alias("date")
        parent = (
            pl.col("parent_id") if "parent_id" in rows.columns else pl.lit(None, dtype=pl.String).alias("parent_id")
        )
        keys = rows.select(parent, date)
        found: dict[tuple[str | None, str], str | None] = {}
        for parent_id, day in keys.unique().iter_rows():
            dated = self.of.get(parent_id, {})
            earlier = [known for known in dated if known <= day]
            found[parent_id, day] = dated[max(earlier)] if earlier else next(iter(dated.values()), None)
        names = [found[key] for key in keys.iter_rows()]
        unknown = keys.filter(pl.col("parent_id").is_not_null() & ~pl.col("parent_id").is_in(list(self.of)))
        return pl.Series(names, dtype=pl.String), unknown.height


def told(offsets: Mapping[str, int]) -> list[str]:
    """In words what was moved by how much."""
    words = []
    for broker, offset in sorted(offsets.items()):
        whom = broker or ("all other brokers" if len(offsets) > 1 else "all orders and fills")
        words.append(f"times of {whom} shifted by {seconds(offset)}")
    return words


def seconds(offset_ns: int) -> str:
    """An offset in seconds as people write it, all digits of it.

    >>> seconds(1_250_000_000), seconds(-40)
    ('+1.25 s', '-0.00000004 s')
    """
    whole, rest = divmod(abs(offset_ns), NS_PER_SECOND)
    fraction = f"{rest:09d}".rstrip("0")
    return f"{'-' if offset_ns < 0 else '+'}{whole}{'.' if fraction else ''}{fraction} s"


def given_as(broker: str, offset_ns: int) -> str:
    """The option that asks for an offset."""
    value = seconds(offset_ns).removesuffix(" s") + "s"
    return f"--clock-offset={shlex.quote(f'{broker}={value}' if broker else value)}"


def offsets_of(options: Mapping[str, Any]) -> dict[str, int]:
    """The offsets among the options of a stored file."""
    return {str(broker): int(offset) for broker, offset in (options.get("clock_offsets") or {}).items()}
