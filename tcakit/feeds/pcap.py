"""Network captures, pcap and pcapng: packet by packet, down to what UDP carried over Ethernet and IPv4.

Lengths in a capture are claims: nothing is read or reserved because of one beyond what a packet can be.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults
from tcakit.feeds.timestamps import LATEST_NS

LARGEST_PACKET = 262_144  # no capturing program keeps more of one packet
ETHERNET, RAW_IP, RAW_IPV4 = 1, 101, 228
_NS = 1_000_000_000
# First four bytes -> (byte order, ns a unit of the packet's fraction of a second).
_CLASSIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6
_TIME_UNIT, _TIME_OFFSET = 9, 14  # options of an interface
_VLAN = (b"\x81\x00", b"\x88\xa8")
_IPV4 = b"\x08\x00"
_UDP = 17


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured packet: its number from 1, when it was captured (ns since 1970 UTC, None if not told), its bytes."""

    number: int
    recv_ns: int | None
    link: int
    data: bytes


def is_capture(head: bytes) -> bool:
    """Whether a file of that beginning is a capture."""
    return head[:4] in _CLASSIC or head[:4] == _SECTION


def packets(place: str, content: Path | bytes, faults: Faults) -> Iterator[Packet]:
    """Every packet in the file's order; where the file is cut or makes no sense, a fault, and nothing after it.

    Raises DataError if the file is no capture.
    """
    with closing(content.open("rb") if isinstance(content, Path) else io.BytesIO(content)) as file:
        magic = file.read(4)
        if magic in _CLASSIC:
            yield from _classic(place, file, magic, faults)
        elif magic == _SECTION:
            yield from _blocks(place, file, faults)
        else:
            raise DataError("this is no network capture", place=place, remedy="give a .pcap or .pcapng file")


def _stop(place: str, number: int, why: str, faults: Faults) -> None:
    faults.rows += 1
    faults.add(place, number, f"{why}: nothing from this packet on can be read")


def _classic(place: str, file: BinaryIO, magic: bytes, faults: Faults) -> Iterator[Packet]:
    order, unit_ns = _CLASSIC[magic]
    header = file.read(20)
    if len(header) < 20:
        raise DataError("the capture ends within its header", place=place, remedy="fetch it again")
    link = struct.unpack(order + "I", header[16:])[0] & 0xFFFF
    record = struct.Struct(order + "IIII")
    number = 0
    while head := file.read(16):
        number += 1
        if len(head) < 16:
            return _stop(place, number, "the capture is cut short", faults)
        seconds, fraction, length, _ = record.unpack(head)
        if length > LARGEST_PACKET:
            return _stop(place, number, f"a packet of {length} bytes is none", faults)
        data = file.read(length)
        if len(data) < length:
            return _stop(place, number, "the capture is cut short", faults)
        yield Packet(number, _plausible(seconds * _NS + fraction * unit_ns), link, data)


def _plausible(stamp_ns: int) -> int | None:
    """The time of receipt, None if it is damage: a packet's content counts without it."""
    return stamp_ns if 0 <= stamp_ns < LATEST_NS else None


def _blocks(place: str, file: BinaryIO, faults: Faults) -> Iterator[Packet]:
    order, number = "<", 0
    interfaces: list[tuple[int, int, int]] = []  # link, units a second, seconds to add
    file.seek(0)
    while head := file.read(8):
        if head[:4] == _SECTION:
            mark = file.read(4)
            if mark not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
                return _stop(place, number + 1, "a section without its mark of byte order", faults)
            order, interfaces, read = "<" if mark[0] == 0x4D else ">", [], 12
        else:
            read = 8
        if len(head) < 8:
            return _stop(place, number + 1, "the capture is cut short", faults)
        kind, length = struct.unpack(order + "II", head)
        holds = kind in (_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET) and read == 8
        if length < read + 4 or length % 4 or (holds and length > LARGEST_PACKET + 4_096):
            return _stop(place, number + 1, f"a block of {length} bytes is none", faults)
        if not holds:
            if not _skip(file, length - read):
                return _stop(place, number + 1, "the capture is cut short", faults)
            continue
        body = file.read(length - 8)
        if len(body) < length - 8:
            return _stop(place, number + 1, "the capture is cut short", faults)
        if kind == _INTERFACE:
            interfaces.append(_interface(order, body[:-4]))
            continue
        number += 1
        packet = _block_packet(order, kind, number, body[:-4], interfaces)
        if packet is None:
            faults.rows += 1
            faults.add(place, number, "a packet block that is too short, or of no known interface")
        else:
            yield packet


def _skip(file: BinaryIO, length: int) -> bool:
    while length:
        piece = len(file.read(min(length, 65_536)))
        if not piece:
            return False
        length -= piece
    return True


def _interface(order: str, body: bytes) -> tuple[int, int, int]:
    link = struct.unpack_from(order + "H", body)[0] if len(body) >= 2 else -1
    units, offset, at = 1_000_000, 0, 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == _TIME_UNIT and length == 1:
            power = value[0] & 0x7F
            # A unit finer than any clock is no unit: such an interface tells no times.
            units = (2**power if value[0] & 0x80 else 10**power) if power <= 63 else 0
        elif code == _TIME_OFFSET and length == 8:
            offset = struct.unpack(order + "q", value)[0]
        at += 4 + (length + 3) // 4 * 4
    return link, units, offset


def _block_packet(
    order: str, kind: int, number: int, body: bytes, interfaces: list[tuple[int, int, int]]
) -> Packet | None:
    if kind == _SIMPLE_PACKET:
        if len(body) < 4 or not interfaces:
            return None
        length = struct.unpack_from(order + "I", body)[0]
        return Packet(number, None, interfaces[0][0], body[4 : 4 + length])
    if len(body) < 20:
        return None
    if kind == _PACKET:
        which, high, low, length = struct.unpack_from(order + "IIII", body)
    else:
        which, _, high, low, length = struct.unpack_from(order + "HHIII", body)
    if which >= len(interfaces) or length > len(body) - 20:
        return None
    link, units, offset = interfaces[which]
    stamp = (high << 32 | low) * _NS // units + offset * _NS if units else None
    told = None if stamp is None else _plausible(stamp)
    return Packet(number, told, link, body[20 : 20 + length])


def udp_payload(packet: Packet) -> bytes | None:
    """What UDP carried in a packet, as far as it was captured; None if it is no whole IPv4 datagram of UDP."""
    data, at = packet.data, 0
    if packet.link == ETHERNET:
        at = 12
        while data[at : at + 2] in _VLAN:
            at += 4
        if data[at : at + 2] != _IPV4:
            return None
        at += 2
    elif packet.link not in (RAW_IP, RAW_IPV4):
        return None
    if len(data) < at + 20 or data[at] >> 4 != 4 or data[at + 9] != _UDP:
        return None
    header = (data[at] & 15) * 4
    # A part of a datagram (more follow, or it is not the first) is no datagram.
    if header < 20 or (data[at + 6] & 0x3F) << 8 | data[at + 7]:
        return None
    at += header
    if len(data) < at + 8:
        return None
    length = data[at + 4] << 8 | data[at + 5]
    return data[at + 8 : at + length] if length >= 8 else None
