"""Read a TOML configuration and tell all its mistakes at once, each with its line and the nearest right word."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcakit.errors import ConfigError, TcakitError, UsageError
from tcakit.registry import nearest


@dataclass(frozen=True, slots=True)
class Field:
    """One key: the types it may have, whether it must be there, and a check that raises TcakitError or ValueError.

    `check` gets the value and gives what is kept (a parsed duration, say).
    """

    types: tuple[type, ...]
    required: bool = False
    check: Callable[[Any], Any] | None = None
    many: bool = False  # a list of such values is allowed too


Section = Mapping[str, Field]
_TYPE_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def load_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The parsed file and its text; UsageError for a missing file, ConfigError for broken TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("no such file", place=str(path), remedy=_near_file(path)) from None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", place=str(path), remedy="give a TOML file") from None
    except UnicodeDecodeError:
        raise UsageError("is no UTF-8 text", place=str(path), remedy="give a TOML file") from None
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{path}:{line.group(1)}" if line else str(path)
        raise ConfigError([(place, f"this is no TOML: {error}", "mend it there")]) from None


def _near_file(path: Path) -> str:
    """What to do about a file that is not there: the one beside it that is spelt nearly so."""
    try:
        beside = [entry.name for entry in path.parent.iterdir() if entry.suffix == ".toml"]
    except OSError:
        beside = []
    guess = nearest(path.name, beside)
    return f"did you mean {path.parent / guess}?" if guess else "check the path"


class Checker:
    """Checks tables of a configuration against sections, collecting mistakes."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.mistakes: list[tuple[str, str, str]] = []

    def place(self, table: str, key: str | None = None, index: int = 0) -> str:
        """`file:line [table].key`; the index-th of several tables of that name."""
        header = re.compile(rf"^\s*\[\[?\s*{re.escape(table)}\s*\]\]?")
        at = 0
        seen = -1
        for number, line in enumerate(self.lines, start=1):
            if header.match(line):
                seen += 1
                if seen == index:
                    at = number
                    break
        if key is not None:
            for number in range(at + 1, len(self.lines) + 1):
                line = self.lines[number - 1]
                if re.match(rf"^\s*{re.escape(key)}\s*=", line):
                    at = number
                    break
                if at and re.match(r"^\s*\[", line):
                    break
        name = f"[{table}].{key}" if key and table else f"[{table}]" if table else key or ""
        return f"{self.path}:{at or 1} {name}"

    def add(self, place: str, message: str, remedy: str) -> None:
        self.mistakes.append((place, message, remedy))

    def tables(self, config: Mapping[str, Any], known: list[str]) -> None:
        """Refuse tables that nobody reads."""
        for name in config:
            if name not in known:
                guess = nearest(name, known)
                remedy = f"did you mean [{guess}]?" if guess else f"known are {', '.join(known)}"
                self.add(self.place(name), f"no table {name!r}", remedy)

    def section(self, name: str, values: Any, fields: Section, index: int = 0) -> dict[str, Any]:
        """The checked values of one table; mistakes are kept, wrong values left out."""
        out: dict[str, Any] = {}
        if not isinstance(values, dict):
            self.add(self.place(name, None, index), "is no table", f"write [{name}]")
            return out
        for key, value in values.items():
            place = self.place(name, key, index)
            if key not in fields:
                guess = nearest(key, list(fields))
                remedy = f"did you mean {guess!r}?" if guess else f"known are {', '.join(fields)}"
                self.add(place, f"no setting {key!r}", remedy)
                continue
            field = fields[key]
            items = value if field.many and isinstance(value, list) else [value]
            kept = [self._one(place, item, field) for item in items]
            if all(item is not None for item in kept):
                out[key] = kept if field.many else kept[0]
        for key, field in fields.items():
            if field.required and key not in values:
                self.add(self.place(name, None, index), f"{key!r} is missing", f"add {key} = ...")
        return out

    def _one(self, place: str, value: Any, field: Field) -> Any:
        right = isinstance(value, field.types) and not (isinstance(value, bool) and bool not in field.types)
        if not right and float in field.types and isinstance(value, int) and not isinstance(value, bool):
            right, value = True, float(value)
        if not right:
            wanted = " or ".join(_TYPE_NAMES[t] for t in field.types)
            self.add(place, f"{value!r} is not {wanted}", f"write {wanted}")
            return None
        if field.check is None:
            return value
        try:
            return field.check(value)
        except TcakitError as error:
            self.add(place, error.message, error.remedy or "mend it")
        except ValueError as error:
            self.add(place, str(error), "mend it")
        return None

    def finish(self) -> None:
        """Raise all mistakes at once, in the order of the file."""
        if self.mistakes:
            raise ConfigError(sorted(self.mistakes, key=lambda mistake: _line_of(mistake[0])))


def _line_of(place: str) -> int:
    match = re.search(r":(\d+) ", place)
    return int(match.group(1)) if match else 0


def one_of(names: list[str]) -> Callable[[str], str]:
    """A check that a word is one of some."""

    def check(value: str) -> str:
        if value not in names:
            guess = nearest(value, names)
            raise UsageError(
                f"{value!r} is unknown", remedy=f"did you mean {guess!r}?" if guess else f"known are {', '.join(names)}"
            )
        return value

    return check


def at_least(least: float) -> Callable[[Any], Any]:
    """A check that a number is not below a bound."""

    def check(value: Any) -> Any:
        finite(value)
        if value < least:
            raise UsageError(f"{value} is below {least:g}", remedy=f"write {least:g} or more")
        return value

    return check


def above_zero(value: float) -> float:
    """A finite number above zero."""
    if not finite(value) > 0:
        raise UsageError(f"{value} is not above zero", remedy="write a number above 0, or leave it out")
    return value


def finite(value: float) -> float:
    """A number that is one: neither infinite nor NaN."""
    if value - value != 0:
        raise UsageError(f"{value} is no number to compute with", remedy="write a finite number")
    return value
