"""Decimal text to exact integers at one scale, whole columns at a time and never by way of a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

import numpy as np
import polars as pl

LARGEST = 2**63 - 1
MAX_DECIMALS = 18
# Not \d, which takes the digits of every script.
_PLAIN = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$"
_EXPONENT = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}$"
_NOISE = 4 * 2.0**-52  # what a few operations on doubles leave, relative to the number
_TOO_LARGE = 9.2e18  # a little less than 2**63
_FEW_ROWS = 1 << 14
_TEXT = pl.col("t")
_POINT = _TEXT.str.find(".", literal=True).cast(pl.Int64)
_DECIMALS = (
    pl.when(_POINT.is_not_null())
    .then(_TEXT.str.strip_chars_end("0").str.len_bytes().cast(pl.Int64) - _POINT - 1)
    .when(_TEXT.is_not_null())
    .then(pl.lit(0, dtype=pl.Int64))
    .alias("decimals")
)
_SIZE = _TEXT.cast(pl.Float64).abs().alias("size")
_WRITTEN_DECIMALS = _TEXT.str.len_bytes().cast(pl.Int64) - _POINT - 1
_MISSING = ("", "nan", "null", "none", "na", "n/a", "-")
# In every mixture of capitals: looking for fifty words is cheaper than writing a column anew in small letters.
_MISSING_SPELLED = sorted(
    {"".join(letters) for word in _MISSING for letters in product(*zip(word, word.upper(), strict=True))}
)
_STRIPPED = _TEXT.str.strip_chars()
_LONG = 17  # characters of a number of 16 digits and its point
_IS_LONG = (_STRIPPED.str.len_bytes() >= _LONG).alias("long")
_IS_PLAIN = _STRIPPED.str.contains(_PLAIN).alias("plain")
_TIDY = pl.when(~_STRIPPED.is_in(_MISSING_SPELLED)).then(_STRIPPED)


@dataclass(frozen=True, slots=True)
class ScaledColumns:
    """Integers, value = integer / scale; null where the text is missing or bad; `bad` marks the latter."""

    values: list[pl.Series]
    bad: list[pl.Series]
    scale: int


def tidy(text: pl.Series) -> pl.Series:
    """Text without blanks around it, null where it says that nothing is there (empty, NaN, null, n/a, -)."""
    return text.cast(pl.String).to_frame("t").select_seq(_TIDY).to_series().alias(text.name)


def _none(like: pl.Series) -> pl.Series:
    """As many times False."""
    return pl.Series(like.name, np.zeros(len(like), bool))


def plain_numbers(text: pl.Series, *, decimal_comma: bool = False) -> tuple[pl.Series, pl.Series]:
    """(numbers written without exponent, bad): tidied text, null where missing or where `bad` is True.

    With `decimal_comma`, a comma is the decimal mark and points, blanks and apostrophes group thousands.

    >>> plain_numbers(pl.Series(["1.50", "2e-3", "x"]))[0].to_list()
    ['1.50', '0.002', None]
    """
    plain, bad, _ = _numbers(text, decimal_comma)
    return plain, bad


def _numbers(text: pl.Series, decimal_comma: bool) -> tuple[pl.Series, pl.Series, bool]:
    """What `plain_numbers` gives, and whether one of them may be so long that it bears noise."""
    long = True
    if decimal_comma:
        tidied = tidy(text).str.replace_all(r"[.'\s\u00a0\u202f]", "").str.replace(",", ".", literal=True)
        plain = tidied.str.contains(_PLAIN)
    else:
        stripped = text.cast(pl.String).to_frame("t").select_seq(_STRIPPED, _IS_PLAIN, _IS_LONG)
        tidied, plain, long = stripped["t"].alias(text.name), stripped["plain"], stripped["long"].any()
    if plain.all():  # nulls aside: the words for what is missing need not be looked for
        return tidied, _none(tidied), long
    if not decimal_comma:
        missing = tidied.is_in(_MISSING_SPELLED)
        tidied, plain = tidied.set(missing, None), plain | missing
        if plain.all():
            return tidied, _none(tidied), long
    plain = plain.fill_null(True)
    exponent = tidied.str.contains(_EXPONENT).fill_null(False)
    if exponent.any():
        written = tidied.filter(exponent).unique()
        spelled = [_spell(word) for word in written]
        spelled_out = tidied.replace_strict(written, pl.Series(spelled, dtype=pl.String), default=None)
        tidied = pl.select(pl.when(exponent).then(spelled_out).otherwise(tidied)).to_series()
        exponent = exponent & tidied.is_not_null()
    bad = ~(plain | exponent)
    return tidied.set(bad, None), bad, True


def _spell(word: str) -> str | None:
    number = Decimal(word)
    if number and not -40 <= number.adjusted() <= 20:
        return None
    return format(number, "f")


def without_noise(plain: pl.Series) -> pl.Series:
    """Plain numbers with the rounding noise of binary arithmetic taken off, all others untouched.

    A double holds 15 decimal digits for certain. A number written with 16 or 17 that falls to 12 or fewer
    when it is rounded to 15 is a short decimal that passed through such arithmetic.

    >>> without_noise(pl.Series(["158.39499999999998", "1.087980031967163", "0.30000000000000004"])).to_list()
    ['158.395', '1.087980031967163', '0.3']
    """
    long = plain.str.len_bytes() >= _LONG
    if not long.any():
        return plain
    words = plain.filter(long).unique()
    digits = _significant_digits(words)
    suspects = words.filter(digits.is_between(16, 17))
    held = suspects.cast(pl.Float64)
    rounded = held.round_sig_figs(15)
    shorter, _ = plain_numbers(rounded.cast(pl.String))
    near = (rounded - held).abs() <= _NOISE * held.abs()
    heals = (near & (_significant_digits(shorter) <= 12)).fill_null(False)
    if not heals.any():
        return plain
    return plain.replace(suspects.filter(heals), shorter.filter(heals))


def _significant_digits(plain: pl.Series) -> pl.Series:
    bare = plain.str.strip_chars_start("+-").str.replace(".", "", literal=True).str.strip_chars_start("0")
    has_point = plain.str.contains(".", literal=True)
    trimmed = pl.select(pl.when(has_point).then(bare.str.strip_chars_end("0")).otherwise(bare)).to_series()
    return trimmed.str.len_bytes()


def scale_of(texts: Sequence[pl.Series], minimum_scale: int = 1) -> int:
    """The smallest power of ten, from `minimum_scale` on, that holds the most of these plain numbers.

    A scale holds a number if the number times the scale is an integer below 2**63: one absurd row therefore
    does not take the others down with it.
    """
    return _scale_of([_measured(pl.concat(text.alias("t") for text in texts))], minimum_scale)


def _scale_of(measured: Sequence[pl.DataFrame], minimum_scale: int) -> int:
    frame = measured[0] if len(measured) == 1 else pl.concat(measured)
    fewest = len(str(minimum_scale)) - 1
    found = frame["decimals"].max()
    if found is None:
        return int(10**fewest)
    most = min(max(int(found), fewest), MAX_DECIMALS)  # type: ignore[arg-type]
    largest = float(frame["size"].max())  # type: ignore[arg-type]
    if fewest == most or (found == most and largest * 10.0**most < _TOO_LARGE):
        return int(10**most)
    held = {
        places: frame.select(((pl.col("decimals") <= places) & (pl.col("size") * 10.0**places < _TOO_LARGE)).sum())
        for places in range(fewest, most + 1)
    }
    return int(10 ** max(held, key=lambda places: (held[places].item(), -places)))


def _measured(text: pl.Series) -> pl.DataFrame:
    """Of each plain number its decimals that are not trailing zeros, and about how large it is."""
    return text.to_frame("t").select_seq(_DECIMALS, _SIZE)


def displayed_decimals(text: pl.Series) -> int:
    """The most decimals written in a plain column, trailing zeros included.

    >>> displayed_decimals(pl.Series(["10.50", "11"]))
    2
    """
    most = text.to_frame("t").select_seq(_WRITTEN_DECIMALS.max()).item()
    return int(most) if most is not None else 0


def to_integers(
    texts: Sequence[pl.Series],
    minimum_scale: int = 1,
    *,
    decimal_comma: bool = False,
    factor: Decimal = Decimal(1),
) -> ScaledColumns:
    """Columns of decimal text as int64 at one common scale, each number times `factor`.

    Rounding noise of binary arithmetic is taken off first (`without_noise`).

    >>> columns = to_integers([pl.Series(["10.5", "10.125", "?"])], minimum_scale=100)
    >>> columns.scale, columns.values[0].to_list(), columns.bad[0].to_list()
    (1000, [10500, 10125, None], [False, False, True])
    """
    if len(texts) > 1 and sum(map(len, texts)) <= _FEW_ROWS:
        return _as_one(texts, minimum_scale, decimal_comma, factor)
    plains, bads = [], []
    for text in texts:
        plain, bad, long = _numbers(text, decimal_comma)
        plain = without_noise(plain) if long else plain
        if factor != 1:
            plain = _times(plain, factor)
            bad = bad | (plain.is_null() & tidy(text).is_not_null())
        plains.append(plain)
        bads.append(bad)
    measured = [_measured(plain) for plain in plains]
    scale = _scale_of(measured, minimum_scale)
    places = len(str(scale)) - 1
    values = []
    for number, (plain, frame) in enumerate(zip(plains, measured, strict=True)):
        fits = (frame["decimals"] <= places) & (frame["size"] * float(scale) < _TOO_LARGE)
        if not fits.all():
            fits = fits.fill_null(True)
            bads[number] = bads[number] | ~fits
            plain = plain.set(~fits, None)
        values.append(plain.cast(pl.Decimal(38, places)).to_physical().cast(pl.Int64))
    return ScaledColumns(values, bads, scale)


def _as_one(texts: Sequence[pl.Series], minimum_scale: int, decimal_comma: bool, factor: Decimal) -> ScaledColumns:
    """Short columns end to end: what each step costs once then counts more than the rows."""
    whole = pl.concat([text.cast(pl.String).alias("") for text in texts])
    columns = to_integers([whole], minimum_scale, decimal_comma=decimal_comma, factor=factor)
    values, bads, start = [], [], 0
    for text in texts:
        values.append(columns.values[0].slice(start, len(text)).alias(text.name))
        bads.append(columns.bad[0].slice(start, len(text)).alias(text.name))
        start += len(text)
    return ScaledColumns(values, bads, columns.scale)


def _times(plain: pl.Series, factor: Decimal) -> pl.Series:
    """Each plain number times an exact factor, over the distinct numbers only."""
    distinct = plain.drop_nulls().unique()
    products = [format(Decimal(word) * factor, "f") for word in distinct]
    return plain.replace_strict(distinct, pl.Series(products, dtype=pl.String), default=None)


def to_floats(
    text: pl.Series, *, decimal_comma: bool = False, factor: Decimal = Decimal(1)
) -> tuple[pl.Series, pl.Series]:
    """(float64 nearest to each decimal times `factor`, bad), for amounts that need not sum exactly."""
    plain, bad = plain_numbers(text, decimal_comma=decimal_comma)
    if factor != 1:
        plain = _times(plain, factor)
    return plain.cast(pl.Float64), bad
