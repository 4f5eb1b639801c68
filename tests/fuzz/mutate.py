"""Ways to spoil a file: what disks, networks, editors and exports do to it, and what an enemy would."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_SPOILT_NUMBERS = (
    *b"0 -1 -0 1e400 nan NaN inf -inf 9223372036854775807 9223372036854775808 -9223372036854775808".split(),
    *b"18446744073709551615 4294967295 2147483648 32768 1e-30 0.00000000000000000001 1e308 1E5 +5 0x10 1_000".split(),
    *b"99999999999999999999999999999999999999 1,5 1.2.3 . - null true 00000000000000000001".split(),
    *(b"12345678901234567890.123456789", b"", b" ", b"\xd9\xa1\xd9\xa2", b'""'),
)
_FIELDS = (0, 1, 2**7, 2**8 - 1, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_WORDS = (
    b'\n|\r|\r\n|\x00|"|\'|,|;|\t||| |-|{|}|[|]|[[[[[[[[|":|\\|\\u0000|\\ud800|null|NaN|=|\x01|\x01|8=FIX.4.2\x01|'
    b"\xef\xbb\xbf|\xff\xfe|\xe9|\xf0\x9f\x98\x80|\xc3(|PAR1|PK\x03\x04|\x1f\x8b|(\xb5/\xfd|2024-02-30|24:00:00|9999-12-31"
    b"|1e9|=cmd|%s|../../x|\x80\x80"
).split(b"|")
_MOST_BYTES = 200_000
Way = Callable[[random.Random, bytearray], bytes | bytearray]


def _place(rng: random.Random, data: bytearray) -> int:
    """Any place, but the beginning, where lengths and headers stand, more often than its share."""
    return rng.randrange(min(len(data), 128) if rng.random() < 0.3 else len(data))


def _span(rng: random.Random, data: bytearray) -> tuple[int, int]:
    at = _place(rng, data)
    return at, min(len(data), at + rng.choice((1, 2, 4, 8, rng.randint(1, 64), rng.randint(1, 1024))))


def _flip(rng: random.Random, data: bytearray) -> bytearray:
    data[_place(rng, data)] ^= 1 << rng.randrange(8)
    return data


def _byte(rng: random.Random, data: bytearray) -> bytearray:
    data[_place(rng, data)] = rng.randrange(256)
    return data


def _insert(rng: random.Random, data: bytearray) -> bytearray:
    at = _place(rng, data)
    data[at:at] = rng.choice(_WORDS) if rng.random() < 0.7 else rng.randbytes(rng.randint(1, 40))
    return data


def _delete(rng: random.Random, data: bytearray) -> bytearray:
    start, end = _span(rng, data)
    del data[start:end]
    return data


def _truncate(rng: random.Random, data: bytearray) -> bytearray:
    return data[: _place(rng, data)]


def _repeat(rng: random.Random, data: bytearray) -> bytearray:
    start, end = _span(rng, data)
    at = rng.choice((end, _place(rng, data)))
    data[at:at] = data[start:end] * rng.choice((1, 1, 1, 2, 20))
    return data


def _swap(rng: random.Random, data: bytearray) -> bytes:
    one, two, three = sorted(_place(rng, data) for _ in range(3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


def _zeros(rng: random.Random, data: bytearray) -> bytearray:
    start, end = _span(rng, data)
    data[start:end] = bytes([rng.choice((0, 0, 32, 255))]) * (end - start)
    return data


def _field(rng: random.Random, data: bytearray) -> bytearray:
    """A number of 1, 2, 4 or 8 bytes, as the lengths, counts, prices and times of binary formats are."""
    width = rng.choice((1, 2, 2, 4, 4, 6, 8))
    at = _place(rng, data)
    value = rng.choice(_FIELDS) + rng.choice((0, 0, 0, -1, 1))
    data[at : at + width] = (value % (1 << (8 * width))).to_bytes(width, rng.choice(("big", "little")))
    return data


def _number(rng: random.Random, data: bytearray) -> bytes:
    """A number of a text in place of another."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _byte(rng, data)
    match = rng.choice(found)
    new = rng.choice(_SPOILT_NUMBERS)
    if rng.random() < 0.3:
        old = match.group()
        new = rng.choice((b"-" + old, old + b"0" * 12, old[:1], old * 3, old + b".5", b"1" + old, old + b"e3"))
    return data[: match.start()] + new + data[match.end() :]


def _lines(rng: random.Random, data: bytearray) -> bytes:
    """Lines in another order, repeated or left out."""
    lines = bytes(data).split(b"\n")
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(3)
    if way == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif way == 1:
        lines.insert(two, lines[one])
    else:
        del lines[one]
    return b"\n".join(lines)


def _encoding(rng: random.Random, data: bytearray) -> bytes:
    """Text as another program would have saved it."""
    text = bytes(data).decode("latin-1")
    ways = (
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-8-sig", "replace"),
        lambda: text.replace("\n", "\r\n").encode("latin-1"),
        lambda: text.replace("\n", "\r").encode("latin-1"),
        lambda: text.replace("A", "\xc4").encode("latin-1"),
        lambda: text.replace(",", ";").encode("latin-1"),
        lambda: text.encode("utf-32-le"),
        lambda: bytes(data) + b"\x1a",
    )
    return rng.choice(ways)()


_WAYS: tuple[Way, ...] = (
    *(_flip, _byte, _insert, _delete, _truncate, _repeat, _swap, _zeros),
    *(_field, _field, _field, _number, _number, _number, _lines, _lines),
)


def spoil(rng: random.Random, data: bytes) -> bytes:
    """The bytes after one to five accidents; never empty of them, seldom empty of bytes."""
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        if not spoilt:
            break
        way = _encoding if rng.random() < 0.02 else rng.choice(_WAYS)
        spoilt = bytearray(way(rng, spoilt)[:_MOST_BYTES])
    return bytes(spoilt)


def spoil_line(rng: random.Random, line: bytes) -> bytes:
    """One line after accidents, still one line, its quote marks as they were."""
    way = _number if rng.random() < 0.6 else rng.choice((_flip, _byte, _insert, _delete, _repeat, _zeros))
    spoilt = bytes(way(rng, bytearray(line or b"0")))
    for mark in (b"\n", b"\r", b'"'):
        spoilt = spoilt.replace(mark, b"")
    return spoilt
