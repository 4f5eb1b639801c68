"""A FIX log as a table of text: one row a message, one column a wanted tag, with the line where it stands."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tcakit.feeds import fix_kernel

BLOCK_BYTES = 8 << 20
LONGEST_MESSAGE = 1 << 20
_LARGEST_TAG = 65_535
_SHORTEST_MESSAGE = len("8=FIX.4.0|9=")
# What logs print for the byte 1 between fields, where that takes more than one character.
_SPELLED = (b"^A", b"<SOH>", b"\\x01", b"\\u0001")
_LONGEST_SEPARATOR = max(len(sign) for sign in _SPELLED)
_HEADER = re.compile(rb"(?<!\d)8=FIXT?\.\d\.\d(?:SP\d)?(\x01|\||;|~|\^A|<SOH>|\\x01|\\u0001)9=")
# Length field -> data field, whose value may hold separators.
DATA_FIELDS = {
    93: 89, 90: 91, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353, 354: 355, 356: 357, 358: 359, 360: 361, 362: 363,
    364: 365, 445: 446, 618: 619, 621: 622,
}  # fmt: skip
# These say who and what a message is: they may not stand twice (fields of groups may).
_ONCE = frozenset((8, 35, 34, 49, 56, 11, 37, 17, 41, 55, 54, 38, 32, 31, 150, 39, 20, 60))
FEES_TAG = 137
_TROUBLES = {
    fix_kernel.CUT_SHORT: "cut short: no CheckSum ends it",
    fix_kernel.NO_TAG: "a field without a tag",
    fix_kernel.TWICE: "a tag that may stand once stands twice",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message that cannot be used: its line, why, and how it stood."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageTable:
    """Messages of one block of the file.

    `frame` has a row a good message: `line`, `sound` (whether BodyLength and CheckSum are those of its bytes) and a
    column a tag, null where the message has none. Parties are columns `party_<role>`; fees of a group stand in one
    cell, joined by semicolons.
    """

    frame: pl.DataFrame
    troubles: list[Trouble]


def starts_message(head: bytes) -> bool:
    """Whether a log's first bytes hold the start of a FIX message.

    >>> starts_message(b"2024-01-02 10:00:00 IN : 8=FIX.4.2|9=61|35=0|")
    True
    >>> starts_message(b"58=FIX.4.2 engine")
    False
    """
    return _HEADER.search(head) is not None


def read_messages(
    content: Path | bytes, tags: Sequence[int], roles: Sequence[int] = (), block_bytes: int = BLOCK_BYTES
) -> Iterator[MessageTable]:
    """Every message of a log, in order, block by block; what stands between messages is passed over.

    A message starts at 8=FIX with 9= behind it and ends at its CheckSum. BodyLength is compared and never followed.
    """
    slots, once, data_tags, role_slots = _plan(tags, roles)
    names = [str(tag) for tag in tags] + [f"party_{role}" for role in roles]
    fee_slot = list(tags).index(FEES_TAG) if FEES_TAG in tags else -1
    carried, line = b"", 1
    spelled: bytes | None = None
    for block, last in _blocks(content, block_bytes):
        data = carried + block
        if spelled is None:
            header = _HEADER.search(data)
            if header is None and not last and len(data) < LONGEST_MESSAGE:
                # How its separators are spelled, the first message says.
                carried = data
                continue
            if header is not None:
                spelled = header[1] if header[1] in _SPELLED else b""
        if spelled:
            data = data.replace(spelled, b"\x01")
        space = len(data) // _SHORTEST_MESSAGE + 1
        # A line of our own comes first: the parser unpacks, in silence, what begins like a packed file.
        first = "\x01".join(names).encode() + b"\n"
        out = np.empty(len(first) + len(data) + space * (len(names) + 1), np.uint8)
        out[: len(first)] = np.frombuffer(first, np.uint8)
        info = np.empty((space, 4), np.int64)
        used = np.zeros(len(names), np.bool_)
        raw = np.frombuffer(data, np.uint8)
        count, written, rest, lines = fix_kernel.cut_messages(
            raw, slots, once, data_tags, role_slots, fee_slot, LONGEST_MESSAGE, last, out[len(first) :], info, used
        )
        yield _table(data, info[:count], out[: len(first) + written], names, used, line)
        carried, line = data[rest:], line + lines


def _plan(tags: Sequence[int], roles: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    slots = np.full(_LARGEST_TAG + 1, -1, np.int16)
    data_tags = np.zeros(_LARGEST_TAG + 1, np.int32)
    role_slots = np.full(256, -1, np.int16)
    once = np.zeros(len(tags) + len(roles), np.bool_)
    for column, tag in enumerate(tags):
        slots[tag] = column
        once[column] = tag in _ONCE
    for column, role in enumerate(roles, start=len(tags)):
        role_slots[role] = column
    for tag, data_tag in DATA_FIELDS.items():
        data_tags[tag] = data_tag
    return slots, once, data_tags, role_slots


def _blocks(content: Path | bytes, block_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of the file that fit in memory, each but the last ending with a line where it can; True with the last.

    A separator that is spelled out is therefore not torn, unless the log has no lines at all.
    """
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        carried = b""
        while block := file.read(block_bytes):
            block = carried + block
            cut = block.rfind(b"\n") + 1
            if cut == 0:
                # No line ends: keep back what may be half a separator.
                cut = max(len(block) - _LONGEST_SEPARATOR, 0)
            carried = block[cut:]
            yield block[:cut], False
        yield carried, True


def _table(
    data: bytes, info: np.ndarray, out: np.ndarray, names: list[str], used: np.ndarray, line: int
) -> MessageTable:
    result = info[:, 2]
    good = (result == fix_kernel.GOOD) | (result == fix_kernel.UNSOUND)
    troubles = [
        Trouble(line + int(lines), _TROUBLES[int(why)], _shown(data[start:end]))
        for start, end, why, lines in info[~good].tolist()
    ]
    frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if good.any():
        frame = pl.read_csv(
            out.tobytes(),
            # Columns that no message fills are not looked at, and cost nothing on their way.
            columns=np.flatnonzero(used).tolist() or [0],
            infer_schema=False,
            separator="\x01",
            quote_char=None,
            encoding="utf8" if data.isascii() else "utf8-lossy",
        )
        unused = [name for name in names if name not in frame.columns]
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in unused).select(names)
    frame = frame.with_columns(
        line=pl.Series(line + info[good, 3], dtype=pl.Int64),
        sound=pl.Series(result[good] == fix_kernel.GOOD, dtype=pl.Boolean),
    )
    return MessageTable(frame, troubles)


def _shown(raw: bytes) -> str:
    return raw[:300].decode("utf-8", "replace").replace("\x01", "|").strip()
