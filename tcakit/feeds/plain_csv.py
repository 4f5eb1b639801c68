"""Blocks of machine-written CSV files as integers, wherever nothing in a block needs a second look.

What is read here is read exactly as the long way (`raw_table`, `decimals`, `timestamps`) would; a block with anything
else in it (a quote mark, a blank, an empty field, an exponent, a date, a word of another case) is left to that way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tcakit.feeds import csv_kernel
from tcakit.feeds.blocks import lines_in
from tcakit.feeds.csv_kernel import DECIMAL, LETTERS_A_WORD, ODD, PASSED_OVER, WHOLE, WORD
from tcakit.feeds.timestamps import LATEST_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tcakit.feeds.blocks import Piece

# Digits of an epoch number -> ns in its unit: from 2001 on, and no other unit's.
_UNITS = {13: 1_000_000, 16: 1_000}
_NAME = re.compile(rb"^[A-Za-z0-9_.:/-]+$")
_KEPT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Plain:
    """Rows of a block: `values` int64 (columns, rows), with `decimals` of each where the column has any.

    `prefix` are the fields that all its rows begin with; row i stands in line `line` + i.
    """

    names: tuple[str, ...]
    values: NDArray[np.int64]
    decimals: NDArray[np.uint8]
    line: int
    prefix: tuple[str, ...]

    @property
    def height(self) -> int:
        return int(self.values.shape[1])

    def column(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers or of codes of words."""
        return self.values[self.names.index(name)]

    def scaled(self, name: str, scale: int) -> NDArray[np.int64] | None:
        """A column of decimals as integers, value = integer / scale; None if any cannot be held."""
        number = self.names.index(name)
        out = np.empty(self.height, np.int64)
        held = csv_kernel.bring_to_places(self.values[number], self.decimals[number], len(str(scale)) - 1, out)
        return out if held else None

    def times(self, name: str) -> NDArray[np.int64] | None:
        """A column of epoch numbers in ns, if all are of one unit that their length tells beyond doubt."""
        stamps = self.column(name)
        first, last = int(stamps.min()), int(stamps.max())
        unit = _UNITS.get(len(str(first)))
        if unit is None or len(str(first)) != len(str(last)) or last * unit >= LATEST_NS:
            return None
        return stamps * unit

    def distinct(self, names: Sequence[str]) -> pl.Series:
        """Texts of the distinct decimals of the columns."""
        rows = [self.names.index(name) for name in names]
        keys = [pl.Series(self.values[row] * 32 + self.decimals[row]).unique() for row in rows]
        return pl.Series([_text(*divmod(key, 32)) for key in pl.concat(keys).unique().to_list()], dtype=pl.String)

    def telling(self, names: Sequence[str]) -> pl.Series | None:
        """Texts that ask for the same scale as all of the columns' decimals do; None where that is in doubt."""
        found: list[str] = []
        most, largest = 0, 0.0
        for name in names:
            row = self.names.index(name)
            places, finest, greatest = csv_kernel.measure_decimals(self.values[row], self.decimals[row])
            texts = [_text(int(self.values[row][at]), int(self.decimals[row][at])) for at in (finest, greatest)]
            most, largest = max(most, int(places)), max(largest, float(texts[1]))
            found += texts
        return pl.Series(found, dtype=pl.String) if largest * 10.0**most < 1e18 else None


def _text(digits: int, decimals: int) -> str:
    """The decimal that was written with these digits.

    >>> _text(5, 3), _text(94000, 1)
    ('0.005', '9400.0')
    """
    if not decimals:
        return str(digits)
    padded = str(digits).zfill(decimals + 1)
    return f"{padded[:-decimals]}.{padded[-decimals:]}"


@dataclass(slots=True)
class PlainReader:
    """Reads blocks of one layout: columns by name, of the kinds of `csv_kernel`, behind `fields` that never change.

    `words` are the words of each column of words, with their codes.
    """

    columns: Mapping[str, int]
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    fields: int = 0
    _kept: dict[tuple[str, int], Plain] = field(default_factory=dict)
    _kept_bytes: int = 0

    def read(self, piece: Piece) -> Plain | None:
        """The piece's rows, or None if any of them has to be read the long way."""
        held = self._kept.get((piece.place, piece.line))
        if held is not None:
            return held
        lines = piece.rows()
        data = np.frombuffer(lines, np.uint8)
        first = bytes(lines[:512]).split(b"\n", 1)[0].split(b",")
        if not len(data) or len(first) != self.fields + len(self.columns):
            return None
        prefix = first[: self.fields]
        if not all(_NAME.match(name) for name in prefix):
            return None
        room = lines_in(lines) + 1
        values = np.empty((len(self.columns), room), np.int64)
        decimals = np.zeros((len(self.columns), room), np.uint8)
        kinds = np.array(list(self.columns.values()), np.int64)
        start = np.frombuffer(b"".join(name + b"," for name in prefix), np.uint8)
        with np.errstate(over="ignore"):
            rows = csv_kernel.read_rows(data, start, kinds, *self._packed(), values, decimals)
        if rows == ODD:
            return None
        names = tuple(name.decode() for name in prefix)
        found = Plain(tuple(self.columns), values[:, :rows], decimals[:, :rows], piece.first_row, names)
        if self._kept_bytes < _KEPT_BYTES:
            # Read once for the scales, once more for the rows: what memory has room for is not read twice.
            self._kept[piece.place, piece.line] = found
            self._kept_bytes += values.nbytes + decimals.nbytes
        return found

    def _packed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        most = max((len(words) for words in self.words.values()), default=1)
        packed, codes = np.zeros((2, len(self.columns), most), np.int64)
        for row, name in enumerate(self.columns):
            for k, (word, code) in enumerate(self.words.get(name, {}).items()):
                assert len(word) <= LETTERS_A_WORD
                packed[row, k] = int.from_bytes(word.encode(), "big")
                codes[row, k] = code
        return packed, codes


__all__ = ["DECIMAL", "PASSED_OVER", "WHOLE", "WORD", "Plain", "PlainReader"]
