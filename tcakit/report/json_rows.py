"""Many rows as JSON at once: the texts are put together column by column, not value by value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from tcakit.report.rows import Rows, finite, values_of

TEXT = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str)
_ESCAPED = r'["\\\x00-\x1f]'
_PLAIN: dict[type, Any] = {str: pl.String, bool: pl.Boolean, int: pl.Int64, float: pl.Float64}


def json_texts(rows: pl.DataFrame, ready: Iterable[str] = ()) -> pl.Series:
    """The values of each row as JSON with commas between them: numbers, texts, truths, lists of numbers, and structs
    of numbers as lists.

    Columns of `ready` hold JSON already. A number that is not finite is null, as what is missing is.

    >>> json_texts(pl.DataFrame({"a": [1, None], "b": ['"x"', None], "c": [[0.5, None], None]})).to_list()
    ['1,"\\\\"x\\\\"",[0.5,null]', 'null,null,null']
    """
    texts = column_texts(rows, ready)
    return rows.select(pl.concat_str([text.fill_null("null") for text in texts.values()], separator=",")).to_series()


def column_texts(rows: pl.DataFrame, ready: Iterable[str] = ()) -> dict[str, pl.Expr]:
    """By column the JSON of its values, null for what is missing."""
    held = set(ready)
    return {name: pl.col(name) if name in held else _text(rows[name]) for name in rows.columns}


def _text(column: pl.Series) -> pl.Expr:
    kind, own = column.dtype, pl.col(column.name)
    if kind == pl.String:
        if not column.str.contains(_ESCAPED).any():
            return pl.format('"{}"', own)
        # The text of {"x":...} without what stands around the value.
        encoded = pl.struct(own.alias("x")).struct.json_encode()
        return pl.when(own.is_not_null()).then(encoded.str.slice(5, encoded.str.len_chars() - 6))
    if kind == pl.List:
        number = pl.element().fill_nan(None).cast(pl.String).fill_null("null")
        return pl.lit("[") + own.list.eval(number).list.join(",") + pl.lit("]")
    if kind == pl.Struct:
        fields = [own.struct.field(field.name).cast(pl.String) for field in kind.fields]  # type: ignore[attr-defined]
        return pl.lit("[") + pl.concat_str(fields, separator=",") + pl.lit("]")
    if kind.is_float():
        return pl.when(own.is_finite()).then(own).cast(pl.String)
    return own.cast(pl.String)


def frame_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[pl.DataFrame, set[str]]:
    """Columns of rows as `columns_of` gives them."""
    if isinstance(rows, Rows) and rows.frame is not None:
        return rows.frame.select(names), set()
    return columns_of(dict(zip(names, values_of(rows, names), strict=True)))


def columns_of(held: Mapping[str, Sequence[Any]]) -> tuple[pl.DataFrame, set[str]]:
    """Values by name as columns, and which of these hold JSON: those whose values are of several kinds, or neither
    numbers, texts nor truths.

    >>> columns_of({"a": [1, None], "b": [[2], 3.5]})[0].rows()
    [(1, '[2]'), (None, '3.5')]
    """
    columns, ready = {}, set()
    for name, values in held.items():
        columns[name], is_ready = column_of(values)
        if is_ready:
            ready.add(name)
    return pl.DataFrame(columns), ready


def column_of(values: Sequence[Any]) -> tuple[pl.Series, bool]:
    """Values as a column, and whether it holds JSON, as in `columns_of`."""
    kinds = {*map(type, values)} - {type(None)}
    if not kinds:
        return pl.Series(values, dtype=pl.Null), False
    kind = kinds.pop()
    if not kinds and kind in _PLAIN:
        try:
            return pl.Series(values, dtype=_PLAIN[kind]), False
        except (OverflowError, TypeError):  # a whole number beyond 64 bits
            pass
    told = [None if finite(value) is None else TEXT.encode(value) for value in values]
    return pl.Series(told, dtype=pl.String), True
