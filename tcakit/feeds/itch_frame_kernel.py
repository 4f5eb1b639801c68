"""Where messages of an ITCH 5.0 file begin and end: two bytes of length, then the message, big-endian throughout.

A length is believed only where it is the one of the message's type. After damage the next message is where two
messages in a row fit; some writers leave the two bytes zero, and then the type alone says the length.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_part, big_endian

MESSAGE = 0  # a whole message of a known type stands here
MORE = 1  # the next chunk is needed to tell
END = 2  # nothing is left
DAMAGED = 3  # no message of the right length; `next` is where to go on
CUT = 4  # the file ends within a message

_SIX_BYTES = np.int64((1 << 48) - 1)
NS_PER_DAY = np.int64(86_400_000_000_000)
LONGEST = np.int64(50)
MESSAGES_AHEAD = 8  # how far ahead orders are asked for, so that memory answers in time
_LOOK_AHEAD = np.int64(66_000)  # more than a wrong length can reach


def _lengths() -> np.ndarray:
    table = np.zeros(256, np.int64)
    told = "S12 R39 H25 Y20 L26 V35 W12 K28 J35 h21 A36 F40 E31 C36 X23 D19 U35 P44 Q40 B19 I50 N20 O48"
    for word in told.split():
        table[ord(word[0])] = int(word[1:])
    return table


def _stock_places() -> np.ndarray:
    table = np.zeros(256, np.int64)
    told = "R11 H11 Y11 L15 K11 J11 h11 A24 F24 P24 Q19 I28 N11 O11"
    for word in told.split():
        table[ord(word[0])] = int(word[1:])
    return table


LENGTHS = _lengths()  # bytes of a message of each type, 0 for unknown types
STOCK_AT = _stock_places()  # where the symbol stands in it, 0 for types without


@bare_part
def _word(buffer, at, width):
    word = np.int64(0)
    for k in range(width):
        word = (word << 8) | buffer[np.uint64(at + k)]
    return word


_load_2, _load_4, _load_8 = big_endian[2], big_endian[4], big_endian[8]


@bare_part
def u16(buffer, at):
    return _word(buffer, at, 2) if _load_2 is None else _load_2(buffer, at)


@bare_part
def u32(buffer, at):
    return _word(buffer, at, 4) if _load_4 is None else _load_4(buffer, at)


@bare_part
def i64(buffer, at):
    """Eight bytes; those above 2**63 - 1 come out negative."""
    return _word(buffer, at, 8) if _load_8 is None else _load_8(buffer, at)


@bare_part
def u48(buffer, at):
    """Six bytes, which must have two before them: eight are one load."""
    return i64(buffer, at - 2) & _SIX_BYTES


@bare_part
def _fitting(buffer, at, end):
    """The end of the message that begins at `at`, if one of a known type and a time of day does; else -1."""
    if at + 13 > end:
        return np.int64(-1)
    length = u16(buffer, at)
    wanted = LENGTHS[buffer[at + 2]]
    if wanted == 0 or (length != wanted and length != 0) or u48(buffer, at + 7) >= NS_PER_DAY:
        return np.int64(-1)
    return at + 2 + wanted


@bare_part
def _follows(buffer, at, end):
    """Whether messages go on at `at`: two that fit, or fewer and the end."""
    if at == end:
        return True
    after = _fitting(buffer, at, end)
    return after == end or (0 < after < end and _fitting(buffer, after, end) > 0)


@bare_part
def _resume(buffer, at, end, last):
    """Where messages go on after damage at `at`, else where the looking must stop for want of bytes."""
    told = at + 2 + u16(buffer, at)
    if told > at + 2 and told <= end and _follows(buffer, told, end):
        return told
    limit = end if last else end - 2 * (LONGEST + 2)
    q = at + 1
    while q < limit and not _follows(buffer, q, end):
        q += 1
    return q


@bare_part
def next_message(buffer, at, end, last):
    """What stands at `at`: (MESSAGE, its length), (DAMAGED, where to go on), or MORE, END, CUT with 0.

    `last` tells that nothing comes after `end`.
    """
    left = end - at
    if left < 3:
        if not last:
            return MORE, np.int64(0)
        # Two zero bytes close a file.
        empty = left == 0 or (left == 2 and u16(buffer, at) == 0)
        return (END if empty else CUT), np.int64(0)
    length = u16(buffer, at)
    wanted = LENGTHS[buffer[at + 2]]
    if wanted != 0 and (length == wanted or length == 0):
        if left >= 2 + wanted:
            return MESSAGE, wanted
        return (CUT if last else MORE), np.int64(0)
    if not last and left < _LOOK_AHEAD:
        return MORE, np.int64(0)
    return DAMAGED, _resume(buffer, at, end, last)
