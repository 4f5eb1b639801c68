"""A security master: what a symbol is on which days (tick, lot, multiplier, splits) and what else it is called."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

from tcakit.errors import ConfigError, TcakitError, UsageError
from tcakit.feeds.aliases import KINDS, Alias, contradictions, is_cusip, is_figi, is_isin, is_sedol, normalise
from tcakit.feeds.contract import Faults
from tcakit.feeds.files import sources
from tcakit.feeds.raw_table import RawTable, read_table
from tcakit.market.clock import parse_date
from tcakit.registry import nearest

COLUMNS = (
    "symbol", "venue", "name", "currency", "tick_size", "lot_size", "multiplier", "split", "valid_from", "valid_to",
    "index_symbol", "beta",
)  # fmt: skip
NAMES = tuple(kind for kind in KINDS if kind != "name")
_CHECKED = {"isin": is_isin, "figi": is_figi, "cusip": is_cusip, "sedol": is_sedol}
_MOST_DIGITS = 18
_LARGEST_TERM = 10**9
_MISSING = ("", "nan", "null", "none", "n/a")
Mistakes = list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Reference:
    """What holds of a symbol from `valid_from` to `valid_to`, both included, None where open or unsaid.

    Tick and lot are exact decimals as text, `split` is NEW:OLD shares; `aliases` are (kind, name) pairs.
    """

    symbol: str
    venue: str | None = None
    name: str | None = None
    currency: str | None = None
    tick_size: str | None = None
    lot_size: str | None = None
    multiplier: float | None = None
    split: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    index_symbol: str | None = None
    beta: float | None = None
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What a row replaces another by."""
        return self.symbol, self.venue or "", self.valid_from or ""

    def row(self) -> dict[str, object]:
        """The row of table `instrument_reference`."""
        values: dict[str, object] = {name: getattr(self, name) for name in COLUMNS}
        return values | {"aliases": json.dumps(dict(self.aliases)) if self.aliases else None}

    def alias_rows(self) -> list[Alias]:
        """The rows of table `aliases`."""
        return [Alias(name, kind, self.symbol, self.valid_from, self.valid_to) for kind, name in self.aliases]


def read_reference_file(path: Path | str) -> list[Reference]:
    """Read a security master: CSV, Excel, JSON or Parquet with a header row, also compressed.

    Raises ConfigError with all mistakes at once, each with its line.
    """
    rows: list[Reference] = []
    places: list[str] = []
    mistakes: Mistakes = []
    for table in tables_of(path, mistakes):
        header = _header(table, mistakes)
        if header is None:
            continue
        for number, line in enumerate(table.lines.tolist()):
            place = f"{table.place}:{line}"
            found = _reference(dict(zip(header, table.frame.row(number), strict=True)), place, mistakes)
            if found is not None:
                rows.append(found)
                places.append(place)
    mistakes += _twice(rows, places)
    told = [(alias, place) for row, place in zip(rows, places, strict=True) for alias in row.alias_rows()]
    mistakes += contradictions([alias for alias, _ in told], [place for _, place in told])
    if mistakes:
        raise ConfigError(mistakes)
    return rows


def tables_of(path: Path | str, mistakes: Mistakes) -> list[RawTable]:
    """The tables of a file or archive as text; lines with a wrong number of columns are added to `mistakes`."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError("no such file", place=str(path), remedy="check the path")
    troubles: list[TcakitError] = []
    faults = Faults()
    tables = []
    for source in sources([file], troubles):
        for label, content in source.members:
            tables.append(read_table(label, content, faults))
    if troubles:
        raise troubles[0]
    mistakes += [(f"{fault.path}:{fault.line}", fault.reason, "correct that line") for fault in faults.found]
    return tables


def _header(table: RawTable, mistakes: Mistakes) -> list[str] | None:
    """Column names in small letters; None, with mistakes, where they are not a security master's."""
    header = [name.strip().lower().replace(" ", "_") for name in table.frame.columns]
    known = [*COLUMNS, *NAMES]
    before = len(mistakes)
    for name in header:
        if name not in known:
            guess = nearest(name, known)
            hint = f"did you mean {guess!r}? " if guess else ""
            mistakes.append((f"{table.place}:1", f"unknown column {name!r}", f"{hint}known are {', '.join(known)}"))
    if "symbol" not in header:
        mistakes.append((f"{table.place}:1", "no column 'symbol'", "name the column of the store's symbols so"))
    return header if len(mistakes) == before else None


def _reference(row: dict[str, str | None], place: str, mistakes: Mistakes) -> Reference | None:
    before = len(mistakes)
    values = {name: text.strip() for name, text in row.items() if text and text.strip().lower() not in _MISSING}

    def add(message: str, remedy: str) -> None:
        mistakes.append((place, message, remedy))

    if "symbol" not in values:
        add("symbol is empty", "name it, or remove the row")
    for name in ("tick_size", "lot_size", "multiplier"):
        if name in values and (number := _positive(values[name])) is None:
            add(f"{name} {values[name]!r} is no decimal above zero", "write it like 0.01")
        elif name in values:
            values[name] = format(number.normalize(), "f")  # type: ignore[union-attr]
    if "beta" in values and _finite(values["beta"]) is None:
        add(f"beta {values['beta']!r} is no number", "write it like 1.2")
    for name in ("valid_from", "valid_to"):
        if name in values:
            try:
                values[name] = parse_date(values[name][:10] if values[name].endswith("00:00:00") else values[name])
            except UsageError as error:
                add(f"{name}: {error.message}", error.remedy or "")
    if values.get("valid_from", "") > values.get("valid_to", "9999"):
        add("valid_from is after valid_to", "swap or correct the dates")
    if "split" in values:
        ratio = split_ratio(values["split"])
        if ratio is None:
            add(f"split {values['split']!r} is no ratio above zero", "write new shares for one old, like 2, 0.1 or 3:2")
        elif "valid_from" not in values:
            add("a split without valid_from", "write the first day on which the new shares trade")
        else:
            values["split"] = f"{ratio.numerator}:{ratio.denominator}"
    for kind, test in _CHECKED.items():
        if kind in values and not test(normalise(values[kind])):
            add(f"{values[kind]!r} is no {kind.upper()}", "check its letters and check digit")
    if len(mistakes) > before:
        return None
    return Reference(
        symbol=values["symbol"],
        venue=values.get("venue"),
        name=values.get("name"),
        currency=values.get("currency"),
        tick_size=values.get("tick_size"),
        lot_size=values.get("lot_size"),
        multiplier=float(values["multiplier"]) if "multiplier" in values else None,
        split=values.get("split"),
        valid_from=values.get("valid_from"),
        valid_to=values.get("valid_to"),
        index_symbol=values.get("index_symbol"),
        beta=_finite(values["beta"]) if "beta" in values else None,
        aliases=tuple((kind, values[kind]) for kind in NAMES if kind in values),
    )


def _positive(text: str) -> Decimal | None:
    """A decimal above zero that int64 arithmetic can hold, None if it is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number <= 0:
        return None
    return number if -_MOST_DIGITS <= number.adjusted() < _MOST_DIGITS and len(number.as_tuple().digits) < 30 else None


def _finite(text: str) -> float | None:
    """A number, also below zero; None if the text is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def split_ratio(text: str) -> Fraction | None:
    """New shares for one old share, None if the text is no ratio above zero.

    >>> split_ratio("2"), split_ratio("0.1"), split_ratio("3:2"), split_ratio("0")
    (Fraction(2, 1), Fraction(1, 10), Fraction(3, 2), None)
    """
    new, mark, old = text.replace("/", ":").partition(":")
    terms = [_positive(term.strip()) for term in ((new, old) if mark else (new, "1"))]
    if terms[0] is None or terms[1] is None:
        return None
    ratio = Fraction(terms[0]) / Fraction(terms[1])
    return ratio if ratio.numerator <= _LARGEST_TERM and ratio.denominator <= _LARGEST_TERM else None


def _twice(rows: Sequence[Reference], places: Sequence[str]) -> Mistakes:
    """Rows of one symbol, venue and first day."""
    seen: dict[tuple[str, str, str], str] = {}
    mistakes = []
    for row, place in zip(rows, places, strict=True):
        first = seen.setdefault(row.key, place)
        if first != place:
            day = row.valid_from or "the beginning"
            mistakes.append((place, f"{row.symbol} from {day} stands before, at {first}", "keep one of the two"))
    return mistakes
