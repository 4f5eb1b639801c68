"""ITCH 5.0 messages made by hand."""

from __future__ import annotations

from tcakit.market.clock import parse_time

DATE = "2026-03-03"
NAME = "20260303.NASDAQ_ITCH50"
MIDNIGHT = parse_time("00:00:00", date=DATE, timezone="America/New_York")
OPEN = 34_200_000_000_000
ACME, BETA = 7, 8


def n(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")


def message(kind: str, body: bytes, ns: int = OPEN, locate: int = ACME) -> bytes:
    return kind.encode() + n(locate, 2) + n(0, 2) + n(ns, 6) + body


def framed(*messages: bytes) -> bytes:
    return b"".join(n(len(one), 2) + one for one in messages)


def stock(name: str) -> bytes:
    return name.encode().ljust(8)


def add(ref: int, side: str = "B", shares: int = 100, price: int = 1_000_000, name: str = "ACME", **at: int) -> bytes:
    return message("A", n(ref, 8) + side.encode() + n(shares, 4) + stock(name) + n(price, 4), **at)


def executed(ref: int, shares: int, match: int = 55, **at: int) -> bytes:
    return message("E", n(ref, 8) + n(shares, 4) + n(match, 8), **at)


def priced(ref: int, shares: int, printable: str, price: int, **at: int) -> bytes:
    return message("C", n(ref, 8) + n(shares, 4) + n(56, 8) + printable.encode() + n(price, 4), **at)


def cancelled(ref: int, shares: int, **at: int) -> bytes:
    return message("X", n(ref, 8) + n(shares, 4), **at)


def deleted(ref: int, **at: int) -> bytes:
    return message("D", n(ref, 8), **at)


def replaced(ref: int, new: int, shares: int, price: int, **at: int) -> bytes:
    return message("U", n(ref, 8) + n(new, 8) + n(shares, 4) + n(price, 4), **at)


def hidden(side: str = "B", shares: int = 30, price: int = 1_000_050, match: int = 57, **at: int) -> bytes:
    return message("P", n(0, 8) + side.encode() + n(shares, 4) + stock("ACME") + n(price, 4) + n(match, 8), **at)


def cross(shares: int, price: int = 1_000_100, match: int = 58, **at: int) -> bytes:
    return message("Q", n(shares, 8) + stock("ACME") + n(price, 4) + n(match, 8) + b"O", **at)


def halt(state: str, **at: int) -> bytes:
    return message("H", stock("ACME") + state.encode() + b" " + b"T1  ", **at)


def system(event: str, ns: int = OPEN) -> bytes:
    return message("S", event.encode(), ns, locate=0)


def directory(name: str = "ACME", locate: int = ACME, ns: int = OPEN) -> bytes:
    body = stock(name) + b"QN" + n(100, 4) + b"NCZ PNN1N" + n(0, 4) + b"N"
    return message("R", body, ns, locate)
