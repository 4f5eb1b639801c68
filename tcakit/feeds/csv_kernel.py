"""Rows of a CSV that a machine wrote, plain digits and words between commas, straight from bytes to integers.

The kernel takes only what can be read in one way: the first thing that needs thought makes it give up the block.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit

PASSED_OVER = 0  # any text without quote marks
WHOLE = 1  # up to 18 digits
DECIMAL = 2  # up to 15 digits in all, with or without a point
WORD = 3  # one of the column's words

ODD = -1
MOST_DIGITS = 18
MOST_LETTERS = 16  # of a decimal, point included
LETTERS_A_WORD = 8
_NEWLINE, _RETURN, _COMMA, _POINT, _ZERO, _QUOTE = 10, 13, 44, 46, 48, 34


@jit
def read_rows(data, prefix, kinds, words, codes, values, decimals):
    """Read all of `data` into `values` int64 (columns, room); gives the rows read, or ODD.

    Every row begins with the bytes `prefix` and goes on with the columns of `kinds`. `words` int64 (columns, most)
    packs up to eight letters each, first letter highest, 0 for none; `codes` is what they stand for. A DECIMAL is
    given as its digits, with `decimals` uint8 (columns, room) of them behind the point.
    """
    end = data.shape[0]
    columns = kinds.shape[0]
    at = 0
    row = 0
    while at < end:
        if row >= values.shape[1] or at + prefix.shape[0] >= end:
            return ODD
        for k in range(prefix.shape[0]):
            if data[at + k] != prefix[k]:
                return ODD
        at += prefix.shape[0]
        for column in range(columns):
            kind = kinds[column]
            first = at
            value = np.int64(0)
            places = 0
            if kind == DECIMAL or kind == WHOLE:
                point = -1
                while at < end:
                    digit = np.int64(data[at]) - _ZERO
                    if 0 <= digit <= 9:
                        # What overflows is too long, and refused below.
                        value = value * 10 + digit
                    elif data[at] == _POINT and point < 0 and kind == DECIMAL:
                        point = at
                    else:
                        break
                    at += 1
                length = at - first
                if length == 0 or length > (MOST_LETTERS if kind == DECIMAL else MOST_DIGITS):
                    return ODD
                whole = length
                if point >= 0:
                    places = at - point - 1
                    whole = point - first
                    if places == 0 or whole == 0:
                        return ODD
                if whole > 1 and data[first] == _ZERO:
                    return ODD
                decimals[column, row] = places
            elif kind == WORD:
                while at < end and data[at] != _COMMA and data[at] != _NEWLINE and data[at] != _RETURN:
                    value = (value << 8) | np.int64(data[at])
                    at += 1
                if at == first or at - first > LETTERS_A_WORD:
                    return ODD
                found = -1
                for k in range(words.shape[1]):
                    if words[column, k] == value:
                        found = k
                        break
                if found < 0:
                    return ODD
                value = codes[column, found]
            else:
                while at < end and data[at] != _COMMA and data[at] != _NEWLINE and data[at] != _RETURN:
                    if data[at] == _QUOTE or data[at] >= 128:
                        return ODD
                    at += 1
            values[column, row] = value
            if column + 1 < columns:
                if at >= end or data[at] != _COMMA:
                    return ODD
                at += 1
        if at < end and data[at] == _RETURN:
            at += 1
        if at < end:
            if data[at] != _NEWLINE:
                return ODD
            at += 1
        row += 1
    return row


@jit
def bring_to_places(values, decimals, places, out):
    """Decimals as integers of `places` digits behind the point, into `out`; gives whether all can be held exactly."""
    for row in range(values.shape[0]):
        value = values[row]
        apart = places - np.int64(decimals[row])
        while apart < 0:
            if value % 10 != 0:
                return False
            value //= 10
            apart += 1
        for _ in range(apart):
            if value > 900_000_000_000_000_000:
                return False
            value *= 10
        out[row] = value
    return True


@jit
def measure_decimals(values, decimals):
    """(the most decimals that are no trailing zeros, a row that has them, the row of the largest number)."""
    most = -1
    finest = 0
    largest = 0
    largest_value = np.float64(-1.0)
    for row in range(values.shape[0]):
        places = int(decimals[row])
        value = values[row]
        number = np.float64(value)
        for _ in range(places):
            number /= 10.0
        if number > largest_value:
            largest_value = number
            largest = row
        if places > most:
            while places > 0 and value % 10 == 0:
                value //= 10
                places -= 1
            if places > most:
                most = places
                finest = row
    return most, finest, largest
