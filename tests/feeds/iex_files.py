"""IEX messages, and captures of them, made by hand."""

from __future__ import annotations

import struct

T0 = 1_696_248_000_195_000_000  # 2023-10-02 08:00 in New York
DEEP, TOPS = 0x8004, 0x8003


def message(letter: str, flags: bytes | int, symbol: str, layout: str = "", *values: object, ts: int = T0) -> bytes:
    second = bytes([flags]) if isinstance(flags, int) else flags
    return letter.encode() + second + struct.pack("<q8s" + layout, ts, symbol.encode().ljust(8), *values)


def level(side: str, size: int, price: int, symbol: str = "ACME", ts: int = T0) -> bytes:
    return message(side, 1, symbol, "Iq", size, price, ts=ts)


def trade(flags: int, size: int, price: int, trade_id: int, letter: str = "T", symbol: str = "ACME") -> bytes:
    return message(letter, flags, symbol, "Iqq", size, price, trade_id)


def segment(
    *messages: bytes, first: int = 1, protocol: int = DEEP, count: int | None = None, length: int | None = None
) -> bytes:
    body = b"".join(struct.pack("<H", len(each)) + each for each in messages)
    shown = len(messages) if count is None else count
    told = len(body) if length is None else length
    return struct.pack("<BxHIIHHqqq", 1, protocol, 1, 7, told, shown, 0, first, T0 + 500) + body


def datagram(payload: bytes, protocol: int = 17, fragment: int = 0, vlan: bool = False) -> bytes:
    udp = struct.pack(">HHHH", 10378, 10378, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, fragment, 64, protocol, 0, 1, 2) + udp
    return bytes(12) + (b"\x81\x00\x00\x05" if vlan else b"") + b"\x08\x00" + ip


def capture(*payloads: bytes, order: str = "<", nano: bool = False, frames: bool = False) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, 1)
    for number, payload in enumerate(payloads):
        frame = payload if frames else datagram(payload)
        seconds, ns = divmod(T0 + 1_000_000 + number * 1_000, 10**9)
        out += struct.pack(order + "IIII", seconds, ns if nano else ns // 1_000, len(frame), len(frame)) + frame
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    padded = body + bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(padded) + 12)
    return struct.pack(order + "I", kind) + length + padded + length


def capture_ng(*payloads: bytes, resolution: int | None = None, order: str = "<", kind: int = 6) -> bytes:
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    option = b"" if resolution is None else struct.pack(order + "HHB3x", 9, 1, resolution)
    out += block(1, struct.pack(order + "HHI", 1, 0, 0) + option, order)
    out += block(5, b"statistics", order)
    units = {None: 10**6, 9: 10**9, 0x80 | 30: 2**30}[resolution]
    for payload in payloads:
        frame = datagram(payload)
        stamp = T0 * units // 10**9
        if kind == 3:
            out += block(3, struct.pack(order + "I", len(frame)) + frame, order)
        elif kind == 2:
            out += block(
                2, struct.pack(order + "HHIIII", 0, 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), 0) + frame, order
            )
        else:
            head = struct.pack(order + "IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
            out += block(6, head + frame, order)
    return out
