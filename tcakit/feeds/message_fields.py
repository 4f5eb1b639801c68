"""Fields of a venue's messages, each ValueError where it is not what it should be."""

from __future__ import annotations

from tcakit.feeds.timestamps import LATEST_NS, OUTSIDE

_LARGEST = 2**63 - 1


def milliseconds(value: object) -> int:
    """A venue's time in ms since 1970 as ns; ValueError if it is none."""
    return in_range(whole(value) * 1_000_000)


def decimal_seconds(text: object) -> int:
    """Decimal text of seconds since 1970 as ns, digit for digit (what stands behind the ninth decimal is cut off).

    >>> decimal_seconds("1618678132.8258188")
    1618678132825818800
    """
    if not isinstance(text, str):
        raise ValueError("no time")
    seconds, _, fraction = text.partition(".")
    if not text.isascii() or not seconds.isdecimal() or (fraction and not fraction.isdecimal()):
        raise ValueError("no time")
    return in_range(int(seconds) * 1_000_000_000 + int((fraction + "000000000")[:9]))


def in_range(ns: int) -> int:
    """The same time; ValueError if it lies outside all years that a market has."""
    if not 0 < ns < LATEST_NS:
        raise ValueError(OUTSIDE)
    return ns


def whole(value: object) -> int:
    """A whole number of a message that 64 bits hold; ValueError if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_LARGEST <= value <= _LARGEST:
        raise ValueError("no whole number")
    return value


def words(value: object) -> str:
    """A text, or a number as its text; ValueError if it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("neither text nor number")


def name(value: object) -> str:
    """A text that is not empty; ValueError else."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no name")
    return value


def pairs(levels: object) -> list[tuple[str, str]]:
    """[[price, size, ...], ...] as texts; ValueError if it is no such list."""
    if not isinstance(levels, list):
        raise ValueError("no list of levels")
    out = []
    for level in levels:
        price, size = level[0], level[1]
        if type(price) is str and type(size) is str:
            out.append((price, size))
        else:
            out.append((words(price), words(size)))
    return out
