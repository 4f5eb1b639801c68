"""Every number of a summary as evidence has it: an object's numbers together, under what names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from tcakit.report.json_rows import TEXT, column_texts, columns_of, frame_of
from tcakit.report.rows import Rows, values_of
from tcakit.report.verifier import printed_together
from tcakit.report.verifier.rows import is_name

_MANY = 100
_NUMBERS = {int, float}
Path = tuple[str | int, ...]
Held = tuple[pl.DataFrame, set[str]]
"""Columns of rows, and which of them hold JSON."""


def printed_texts(summary: Mapping[str, Any]) -> Iterator[pl.Series | list[str]]:
    """What `verifier.printed_together` gives of a summary, as JSON without the outer brackets, in pieces.

    A long list of objects that hold the same names and no other objects is one piece, made column by column.
    """
    few: list[str] = []
    for path, value, held in _parts(summary, ()):
        if held is not None:
            if few:
                yield few
                few = []
            yield _many(*held, path)
        else:
            few += [TEXT.encode(row)[1:-1] for row in _own(value, path)]
    if few:
        yield few


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Any, Held | None]]:
    """Objects and lists with their paths, in the order of `printed_together`, and the columns of a list of many."""
    held = _held(value)
    yield path, value, held
    if held is not None:
        return
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list):
            yield from _parts(item, (*path, name))


def _own(value: Any, path: Path) -> Iterator[Any]:
    """What an object or a list says itself, without those in it."""
    bare: Any = (
        {name: item for name, item in value.items() if not isinstance(item, dict | list)}
        if isinstance(value, dict)
        else [None if isinstance(item, dict | list) else item for item in value]
    )
    return printed_together(bare, path)


def _held(value: Any) -> Held | None:
    """The columns of many objects; None where they do not hold the same names, each of one kind of value."""
    if not isinstance(value, list) or len(value) < _MANY or type(value[0]) is not dict:
        return None
    names = list(value[0])
    if isinstance(value, Rows) and value.frame is not None:
        return None if any(kind.is_nested() for kind in value.frame.dtypes) else frame_of(value, names)
    if not all(type(row) is dict and row.keys() == value[0].keys() for row in value):
        return None
    columns = dict(zip(names, values_of(value, names), strict=True))
    kinds = ({*map(type, values)} - {type(None)} for values in columns.values())
    return columns_of(columns) if all(map(_is_of_one_kind, kinds)) else None


def _is_of_one_kind(kinds: set[type]) -> bool:
    return kinds <= _NUMBERS or (len(kinds) == 1 and kinds <= {str, bool})


def _many(frame: pl.DataFrame, ready: set[str], path: Path) -> pl.Series:
    # Whether a text names the numbers beside it does not hang on which of the list it is of.
    shown = [name for name in frame.columns if name in ready or _is_shown(frame[name], (*path, 0, name))]
    names, values = [], []
    for name, text in column_texts(frame.select(shown), ready).items():
        names.append(pl.when(text.is_not_null()).then(pl.lit(TEXT.encode(name))))
        values.append(text)
    start = "[" + "".join(f"{TEXT.encode(part)}," for part in path)
    joined = [pl.concat_str(parts, separator=",", ignore_nulls=True) for parts in (names, values)] if shown else []
    if not joined:
        return pl.Series(dtype=pl.String)
    place = pl.int_range(pl.len()).cast(pl.String)
    some = pl.any_horizontal(name.is_not_null() for name in names)
    told = pl.concat_str(pl.lit(start), place, pl.lit("],["), joined[0], pl.lit("],["), joined[1], pl.lit("]"))
    return frame.select(pl.when(some).then(told)).to_series().drop_nulls()


def _is_shown(column: pl.Series, path: Path) -> bool:
    return is_name(path) if column.dtype == pl.String else column.dtype.is_numeric()
