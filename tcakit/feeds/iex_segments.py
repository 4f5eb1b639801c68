"""Segments of IEX's transport protocol in a capture, and the messages in them, a chunk of many at a time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tcakit.feeds.contract import Faults
from tcakit.feeds.iex_messages import LAYOUTS
from tcakit.feeds.pcap import packets, udp_payload

# version, protocol, channel, session, payload length, messages, stream offset, first sequence number, send time
_HEADER = struct.Struct("<BxHIIHHqqq")
TOPS_1_6, DEEP_1_0 = 0x8003, 0x8004
PROTOCOLS = {0x8002: "TOPS 1.5", TOPS_1_6: "TOPS 1.6", DEEP_1_0: "DEEP 1.0", 0x8005: "DEEP+ 1.0"}
_CHUNK_MESSAGES = 1 << 17
_CHUNK_BYTES = 16 << 20
NO_TIME = -1


@dataclass(slots=True)
class Segments:
    """What was met on the way: `protocols` are those with messages, `next_sequence` by protocol, channel, session."""

    protocols: set[int] = field(default_factory=set)
    next_sequence: dict[tuple[int, int, int], int] = field(default_factory=dict)
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages in their order: `place` in `raw` and `length` of each, `number` in the file from 1, and of its segment
    protocol, packet number, capture time (NO_TIME if not told) and send time."""

    raw: NDArray[np.uint8]
    place: NDArray[np.int64]
    length: NDArray[np.int64]
    number: NDArray[np.int64]
    protocol: NDArray[np.int64]
    recv_ns: NDArray[np.int64]
    send_ns: NDArray[np.int64]

    def where(self, types: bytes) -> NDArray[np.intp]:
        """Rows of the messages of these types that are as long as their layout; all types must share one."""
        letters = self.raw[self.place]
        enough = self.length >= LAYOUTS[types[:1]].itemsize
        return np.flatnonzero(np.isin(letters, np.frombuffer(types, np.uint8)) & enough)

    def fields(self, rows: NDArray[np.intp], letter: bytes) -> NDArray[np.void]:
        """Those rows as records of the layout of that type."""
        layout = LAYOUTS[letter]
        parts = self.raw[self.place[rows, None] + np.arange(layout.itemsize)]
        return np.ascontiguousarray(parts).view(layout).reshape(-1)


def is_segment(payload: bytes | None) -> bool:
    """Whether a datagram's payload begins as a segment of a protocol of IEX."""
    if payload is None or len(payload) < _HEADER.size:
        return False
    return payload[0] == 1 and int.from_bytes(payload[2:4], "little") in PROTOCOLS


def chunks(place: str, content: Path | bytes, met: Segments, faults: Faults) -> Iterator[Chunk]:
    """All messages of the capture that were not seen before, repeated segments left out.

    Faults, by the number of the first message concerned: missing messages, lengths that reach beyond the segment,
    types that are unknown, messages that are too short.
    """
    held = _Held()
    for packet in packets(place, content, faults):
        payload = udp_payload(packet)
        if payload is None or not is_segment(payload):
            faults.count("packets of other traffic")
            continue
        _, protocol, channel, session, length, count, _, first, send_ns = _HEADER.unpack_from(payload)
        if not count:
            faults.count("heartbeats")
            continue
        met.protocols.add(protocol)
        if protocol not in (TOPS_1_6, DEEP_1_0):
            continue
        skipped = _repeated(place, (protocol, channel, session), first, count, met, faults)
        end = min(_HEADER.size + length, len(payload))
        at, found = _HEADER.size, 0
        places = []
        while found < count:
            size = payload[at] | payload[at + 1] << 8 if at + 2 <= end else 0
            if not size or at + 2 + size > end:
                faults.rows += 1
                faults.add(place, met.messages + 1, f"message {found + 1} of {count} reaches beyond its segment")
                break
            if found >= skipped:
                places.append(held.bytes + at + 2)
            at += 2 + size
            found += 1
        recv_ns = NO_TIME if packet.recv_ns is None else packet.recv_ns
        held.add(payload, places, (met.messages + min(skipped, found) + 1, protocol, recv_ns, send_ns))
        met.messages += found
        if len(held.places) >= _CHUNK_MESSAGES or held.bytes >= _CHUNK_BYTES:
            yield held.chunk(place, faults)
            held = _Held()
    if held.places:
        yield held.chunk(place, faults)


def _repeated(place: str, stream: tuple[int, int, int], first: int, count: int, met: Segments, faults: Faults) -> int:
    """How many of a segment's messages were there before; missing ones are told."""
    expected = met.next_sequence.get(stream)
    if expected is None:
        if first > 1:
            faults.add(
                place,
                met.messages + 1,
                f"the capture begins with message {first} of its session: what stood in the book before is not in it",
                kept=True,
            )
    elif first > expected:
        faults.rows += 1
        faults.add(place, met.messages + 1, f"{first - expected} messages before this one are missing")
    skipped = 0 if expected is None else max(0, min(count, expected - first))
    faults.count("messages repeated", skipped)
    met.next_sequence[stream] = max(first + count, expected or 0)
    return skipped


class _Held:
    """Segments waiting to be a chunk."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.bytes = 0
        self.places: list[int] = []
        self.counts: list[int] = []
        self.facts: list[tuple[int, int, int, int]] = []

    def add(self, payload: bytes, places: list[int], facts: tuple[int, int, int, int]) -> None:
        self.parts.append(payload)
        self.bytes += len(payload)
        self.places += places
        self.counts.append(len(places))
        self.facts.append(facts)

    def chunk(self, place: str, faults: Faults) -> Chunk:
        raw = np.frombuffer(b"".join(self.parts), np.uint8)
        places = np.array(self.places, np.int64)
        counts = np.array(self.counts, np.int64)
        facts = np.repeat(np.array(self.facts, np.int64).reshape(-1, 4), counts, axis=0)
        # The first message's number is a segment's; the others count on from it.
        ahead = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        length = raw[places - 2].astype(np.int64) | raw[places - 1].astype(np.int64) << 8
        chunk = Chunk(raw, places, length, facts[:, 0] + ahead, facts[:, 1], facts[:, 2], facts[:, 3])
        least = np.zeros(256, np.int64)
        for letter, layout in LAYOUTS.items():
            least[letter[0]] = layout.itemsize
        wanted = least[raw[places]]
        faults.rows += len(places)
        for row in np.flatnonzero((wanted == 0) | (length < wanted)):
            letter = bytes(raw[places[row] : places[row] + 1])
            reason = "an unknown type of message" if not wanted[row] else f"{length[row]} bytes are too few"
            text = raw[places[row] : places[row] + min(int(length[row]), 60)].tobytes().hex()
            faults.add(place, int(chunk.number[row]), f"{reason} ({letter!r})", text)
        return chunk
