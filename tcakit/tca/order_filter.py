"""Conditions on orders as a desk writes them, read by a grammar of their own and never handed to a database.

    condition   =  part { "or" part }            part   =  factor { "and" factor }
    factor      =  "not" factor | "(" condition ")" | test
    test        =  column ("=" | "!=" | "<" | "<=" | ">" | ">=") value
                |  column ["not"] "in" "(" value { "," value } ")"
                |  column "is" ["not"] "null"    |  column   (of those that are true or false)

As in SQL, a comparison with a value that is missing is neither true nor false, and keeps no order.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tcakit.errors import UsageError
from tcakit.registry import nearest
from tcakit.tca.filter_words import PLACE, RESERVED, SUFFIX_OF_UNIT, Word, words_of

_COMPARE = {
    "=": pl.Expr.__eq__,
    "==": pl.Expr.__eq__,
    "!=": pl.Expr.__ne__,
    "<>": pl.Expr.__ne__,
    "<": pl.Expr.__lt__,
    "<=": pl.Expr.__le__,
    ">": pl.Expr.__gt__,
    ">=": pl.Expr.__ge__,
}
_DEEPEST = 50


def order_filter(text: str, schema: Mapping[str, pl.DataType], other_names: Mapping[str, str] | None = None) -> pl.Expr:
    """A condition as an expression over a frame of that schema; `other_names` are names that stand for columns of it.

    A value is compared as the column's kind: texts (bare or in quotes), numbers (with k, m, bn, or the unit of the
    column's name: %, bps, s, min, h), times of day with columns that end in `time`. A number column may be compared
    with another. UsageError tells the place and the nearest name.

    >>> frame = pl.DataFrame({"broker": ["KITE", "NORTHGATE", None], "adv_pct": [0.5, 2.0, 3.0]})
    >>> frame.filter(order_filter("adv_pct > 1% and broker in (KITE, NORTHGATE)", frame.schema)).rows()
    [('NORTHGATE', 2.0)]
    """
    return _Reader(text, schema, other_names or {}).whole()


class _Reader:
    """Reads the words of one condition from left to right."""

    def __init__(self, text: str, schema: Mapping[str, pl.DataType], other_names: Mapping[str, str]) -> None:
        self.words, self.schema, self.other_names = words_of(text), schema, other_names
        self.at = 0
        self.depth = 0

    def whole(self) -> pl.Expr:
        if self.next.kind == "end":
            raise UsageError("nothing is asked", place=PLACE, remedy="write for example: adv_pct > 1")
        out = self.condition()
        if self.next.kind != "end":
            raise self.error(self.next, "and, or, or the end was expected")
        return out

    @property
    def next(self) -> Word:
        return self.words[self.at]

    def take(self) -> Word:
        word = self.words[self.at]
        self.at += 1
        return word

    def is_word(self, name: str) -> bool:
        return self.next.kind == "name" and self.next.written.lower() == name

    def took(self, written: str) -> bool:
        here = self.is_word(written) or (self.next.kind == "sign" and self.next.written == written)
        self.at += here
        return here

    def condition(self) -> pl.Expr:
        out = self.part()
        while self.took("or"):
            out = out | self.part()
        return out

    def part(self) -> pl.Expr:
        out = self.factor()
        while self.took("and"):
            out = out & self.factor()
        return out

    def factor(self) -> pl.Expr:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(self.next, f"more than {_DEEPEST} conditions within each other")
        if self.took("not"):
            out = ~self.factor()
        elif self.took("("):
            out = self.condition()
            self.expect(")")
        else:
            out = self.test()
        self.depth -= 1
        return out

    def test(self) -> pl.Expr:
        name = self.column()
        column = pl.col(name)
        if self.took("is"):
            no = self.took("not")
            self.expect("null")
            return column.is_not_null() if no else column.is_null()
        no = self.took("not")
        if self.took("in"):
            self.expect("(")
            values = [self.value(name)]
            while self.took(","):
                values.append(self.value(name))
            self.expect(")")
            found = pl.any_horizontal([column == value for value in values])
            return ~found if no else found
        if no:
            raise self.error(self.next, "in was expected after not")
        if self.next.kind == "sign" and self.next.written in _COMPARE:
            compare = _COMPARE[self.take().written]
            return compare(column, self.value(name, or_column=True))
        if self.schema[name] == pl.Boolean:
            return column
        raise self.error(self.next, f"a comparison of {name!r} was expected: =, !=, <, <=, >, >=, in or is null")

    def column(self) -> str:
        word = self.take()
        if word.kind != "name" or word.written.lower() in RESERVED:
            raise self.error(word, "the name of a column was expected")
        return self.known(word)

    def known(self, word: Word) -> str:
        name = word.written.lower()
        name = self.other_names.get(name, name)
        if name not in self.schema:
            name = self.other_names.get(word.written, word.written)  # a desk's own tag keeps its letters
        if name in self.schema:
            return name
        known = [*self.schema, *self.other_names]
        guess = nearest(word.written, known)
        raise UsageError(
            f"column {word.column}: no column {word.written!r}",
            place=PLACE,
            remedy=f"did you mean {guess}?" if guess else f"known are {', '.join(known)}",
        )

    def value(self, name: str, or_column: bool = False) -> pl.Expr:
        """What a column is compared with, of the column's own kind."""
        word, kind = self.take(), self.schema[name]
        if word.kind in ("end", "sign") or (word.kind == "name" and word.written.lower() in RESERVED):
            raise self.error(word, f"a value for {name!r} was expected")
        if kind == pl.String:
            # Half-hours are texts of two digits each.
            written = word.written.zfill(5) if word.kind == "time" else word.written
            return pl.lit(written if word.kind != "text" else str(word.value))
        if kind == pl.Boolean:
            if word.written.lower() not in ("true", "false"):
                raise self.error(word, f"{name!r} is true or false")
            return pl.lit(word.written.lower() == "true")
        if name.endswith("time"):
            if word.kind != "time":
                raise self.error(word, f"{name!r} is a time of day: write 10:00")
            return pl.lit(word.value)
        if word.kind == "name" and or_column:
            other = self.known(word)
            if self.schema[other].is_numeric() and not other.endswith("time"):
                return pl.col(other)
            raise self.error(word, f"{other!r} is no number, as {name!r} is")
        if word.kind != "number":
            raise self.error(word, f"{name!r} is a number")
        if word.unit and not name.endswith(SUFFIX_OF_UNIT[word.unit]):
            raise self.error(word, f"{name!r} is not in {word.unit}")
        return pl.lit(word.value)

    def expect(self, written: str) -> None:
        if not self.took(written):
            raise self.error(self.next, f"{written!r} was expected")

    def error(self, word: Word, message: str) -> UsageError:
        here = "at the end" if word.kind == "end" else f"at {word.written!r}"
        return UsageError(
            f"column {word.column}, {here}: {message}",
            place=PLACE,
            remedy="write for example: adv_pct > 1 and broker in (NORTHGATE, 'KITE & CO')",
        )
