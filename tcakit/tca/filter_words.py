"""A condition on orders cut into words: names, numbers with units, times, texts and signs, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tcakit.errors import UsageError

Kind = Literal["name", "number", "time", "date", "text", "sign", "end"]

PLACE = "--where"
RESERVED = ("and", "or", "not", "in", "is", "null")
"""Words that are no names of columns."""
FACTORS = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9}
"""What a letter after a number multiplies it by."""
SUFFIX_OF_UNIT = {"%": "_pct", "bps": "_bps", "s": "_s", "min": "_s", "h": "_s"}
"""The end of the names of columns that a unit may be written for."""
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_DAY_S = 86_400
_WORD = re.compile(
    r"""\s*(?:
    (?P<date>\d{4}-\d{2}(?:-\d{2})?)(?![\w-])
    |(?P<time>\d{1,2}:\d{2}(?::\d{2})?)(?![\w:])
    |(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<unit>%|[A-Za-z]+)?(?![\w.])
    |(?P<name>[A-Za-z_][\w.\-/]*)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<sign><=|>=|!=|<>|==|[<>=(),])
    |(?P<end>$)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a condition: what it is, its text as written, its value (float, seconds of day or str), its unit and
    the column of the text it begins at, from 1."""

    kind: Kind
    written: str
    value: float | str
    column: int
    unit: str = ""


def words_of(text: str) -> list[Word]:
    """The words of a condition, an end mark last; UsageError with the column of what cannot be read.

    >>> [word.value for word in words_of("notional > 2.5m")]
    ['notional', '>', 2500000.0, '']
    >>> [word.value for word in words_of("time >= 10:00")]
    ['time', '>=', 36000.0, '']
    """
    out: list[Word] = []
    at = 0
    while not out or out[-1].kind != "end":
        found = _WORD.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise _error(text, start, "cannot be read here")
        out.append(_word(text, found))
        at = found.end()
    return out


def _word(text: str, found: re.Match[str]) -> Word:
    kind = next(name for name in ("date", "time", "number", "name", "text", "sign", "end") if found[name] is not None)
    start = found.start(kind)
    written = text[start : found.end()]
    column = start + 1
    if kind == "number":
        return _number(text, found, start)
    if kind == "time":
        parts = [int(part) for part in written.split(":")]
        seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
        if max(parts[1:]) > 59 or seconds >= _DAY_S:
            raise _error(text, start, f"{written} is no time of day")
        return Word("time", written, float(seconds), column)
    if kind == "text":
        mark = written[0]
        return Word("text", written, written[1:-1].replace(mark * 2, mark), column)
    return Word(kind, written, written, column)  # type: ignore[arg-type]


def _number(text: str, found: re.Match[str], start: int) -> Word:
    value, unit = float(found["number"].replace("_", "")), found["unit"] or ""
    written = found["number"] + unit
    if unit.lower() in FACTORS:
        return Word("number", written, value * FACTORS[unit.lower()], start + 1)
    if unit and unit not in SUFFIX_OF_UNIT:
        known = ", ".join([*FACTORS, *SUFFIX_OF_UNIT])
        raise _error(text, start, f"{written}: no unit {unit!r}", f"known are {known}; put texts in quotes")
    return Word("number", written, value * _SECONDS.get(unit, 1.0), start + 1, unit)


def _error(text: str, start: int, message: str, remedy: str = "") -> UsageError:
    rest = text[start : start + 20]
    return UsageError(
        f"column {start + 1}: {message}" if remedy else f"column {start + 1}: {rest!r} {message}",
        place=PLACE,
        remedy=remedy or "write for example: adv_pct > 1 and broker in (NORTHGATE, 'KITE & CO')",
    )
