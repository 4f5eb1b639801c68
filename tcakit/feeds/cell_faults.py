"""What is wrong in a regulatory file, cell by cell: line, column, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class CellFault:
    """One defect. `line` counts from 1, `column` is its name, None where the whole line is meant.

    `kept` marks a remark: the form allows it, but it is not likely to be meant; the row stands.
    """

    path: str
    line: int
    column: str | None
    found: str
    allowed: str
    kept: bool = False

    def __str__(self) -> str:
        """The fault in one line.

        >>> str(CellFault("a.csv", 2, "Sp500", "Z", "Y or N"))
        "a.csv:2 Sp500: found 'Z', allowed is Y or N"
        >>> str(CellFault("a.csv", 2, "AvgEFQPct", "93.5", "a fraction", kept=True))
        "a.csv:2 AvgEFQPct: '93.5' is odd, expected is a fraction"
        """
        place = f"{self.path}:{self.line}" + (f" {self.column}" if self.column else "")
        if self.kept:
            return f"{place}: {self.found!r} is odd, expected is {self.allowed}"
        return f"{place}: found {self.found!r}, allowed is {self.allowed}"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class CellFaults:
    """Collects the defects of one file; `rows` counts all its rows, good and bad.

    Of a kind of defect that thousands of rows have, the first are listed and the others counted: those that refuse a
    row in `unlisted`, remarks in `unlisted_remarks`.
    """

    path: str
    found: list[CellFault] = field(default_factory=list)
    rows: int = 0
    unlisted: int = 0
    unlisted_remarks: int = 0

    def add(self, line: int, column: str | None, found: object, allowed: str) -> None:
        """What the form does not allow: the row is refused."""
        self.found.append(CellFault(self.path, line, column, _short(found), allowed))

    def remark(self, line: int, column: str | None, found: object, allowed: str) -> None:
        """What the form allows, but nobody means: the row stands."""
        self.found.append(CellFault(self.path, line, column, _short(found), allowed, kept=True))

    @property
    def refusing(self) -> list[CellFault]:
        """The defects that refuse a row."""
        return [fault for fault in self.found if not fault.kept]

    @property
    def remarks(self) -> list[CellFault]:
        """The defects that refuse none."""
        return [fault for fault in self.found if fault.kept]

    @property
    def refused(self) -> int:
        """How many defects refuse a row, listed or not."""
        return len(self.refusing) + self.unlisted

    @property
    def odd(self) -> int:
        """How many remarks there are, listed or not."""
        return len(self.remarks) + self.unlisted_remarks

    def check_header(self, line: int, names: Sequence[str], expected: Sequence[str]) -> None:
        """Faults for columns that are missing, doubled, unknown or in another order than the form's.

        >>> faults = CellFaults("a.csv")
        >>> faults.check_header(1, ["a", "x"], ["a", "b"])
        >>> [str(fault) for fault in faults][1]
        "a.csv:1 x: found 'x', allowed is the 2 columns of the form"
        """
        for name in expected:
            if names.count(name) != 1:
                self.add(line, name, f"{names.count(name)} columns of that name", "one column of that name")
        for name in dict.fromkeys(names):
            if name not in expected:
                self.add(line, name, name, f"the {len(expected)} columns of the form")
        if sorted(names) == sorted(expected) and list(names) != list(expected):
            wrong = next(found for found, name in zip(names, expected, strict=True) if found != name)
            self.add(line, wrong, "columns in another order", "the form's order")

    def __iter__(self) -> Iterator[CellFault]:
        return iter(sorted(self.found, key=lambda fault: (fault.line, fault.kept)))


def _short(found: object) -> str:
    text = str(found)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"
