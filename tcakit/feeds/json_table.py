"""JSON objects, in one list or one a line, as columns of text; inner objects become columns `outer.inner`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults

_DEEPEST = 8
HALF_CHARACTER = "half a character (a lone surrogate), which is no text"


def is_json(data: bytes) -> bool:
    """Whether a file begins like a list of objects or like an object a line."""
    head = data[:4096].lstrip()
    return head[:1] == b"{" or (head[:1] == b"[" and head[1:].lstrip()[:1] == b"{")


def read_objects(place: str, data: bytes, faults: Faults) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """(columns of text, the line of each object, or its number where they stand in a list).

    Numbers stay as they are written, digit for digit. A line that is no object is a fault; DataError if the list as a
    whole is not JSON, or if nothing is left.
    """
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    names: dict[str, None] = {}
    for line, found in _objects(place, data, faults):
        flat: dict[str, str] = {}
        _flatten("", found, flat, 0)
        names.update(dict.fromkeys(flat))
        rows.append(flat)
        lines.append(line)
    if not rows:
        raise DataError("no JSON object in it", place=place, remedy="check the export that wrote it")
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
    )
    return frame, np.asarray(lines, dtype=np.int64)


def _objects(place: str, data: bytes, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    if data.lstrip()[:1] == b"[":
        try:
            listed = _parsed(data)
        except ValueError as error:
            raise DataError(f"not JSON: {error}", place=place, remedy="write or fetch it again") from None
        for number, entry in enumerate(listed, start=1):
            yield from _checked(place, number, entry, str(entry), faults)
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = _parsed(line)
        except ValueError:
            entry = None
        yield from _checked(place, number, entry, line.decode("utf-8", "replace"), faults)


def _checked(place: str, number: int, entry: Any, text: str, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    whole = "\\u" not in text or is_text(entry)
    if isinstance(entry, dict) and whole:
        yield number, entry
    else:
        faults.rows += 1
        faults.add(place, number, "no JSON object" if whole else HALF_CHARACTER, text)


def is_text(found: Any) -> bool:
    """Whether all that JSON holds is text: an escape can write half a character, which nothing can store.

    >>> is_text({"a": "b"}), is_text({"a": chr(0xD800)})
    (True, False)
    """
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _flatten(prefix: str, entry: dict[str, Any], out: dict[str, str], depth: int) -> None:
    for key, value in entry.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and depth < _DEEPEST:
            _flatten(f"{name}.", value, out, depth + 1)
        elif isinstance(value, bool):
            out[name] = "true" if value else "false"
        elif isinstance(value, str):
            out[name] = value
        elif value is not None:
            out[name] = json.dumps(value)
