"""A made ITCH 5.0 day: orders of some symbols, interleaved, in about the mix of types of a real day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tcakit.jit import jit

LIVE_ORDERS = 400  # a symbol
OPEN_NS = 34_200_000_000_000
_ADDED, _DELETED, _REPLACED, _EXECUTED, _REDUCED = 0.44, 0.86, 0.94, 0.97, 0.985  # what is left are hidden prints


@jit
def _number(buffer, at, value, width):
    for k in range(width):
        buffer[at + k] = (value >> (8 * (width - 1 - k))) & 0xFF
    return at + width


@jit
def _head(buffer, at, kind, length, locate, ns):
    at = _number(buffer, at, length, 2)
    buffer[at] = kind
    at = _number(buffer, at + 1, locate, 2)
    at = _number(buffer, at, 0, 2)
    return _number(buffer, at, ns, 6)


@jit
def _name(buffer, at, locate):
    for k in range(8):
        buffer[at + k] = 32
    buffer[at] = 83
    for k in range(3):
        buffer[at + 3 - k] = 65 + (locate // 26**k) % 26
    return at + 8


@jit
def _fill(buffer, messages, symbols, seed, gap_ns, live, count, last):
    """Write the next messages of a day; gives the bytes written.

    `live` (symbols + 1, most, 4) are reference, side, price, shares of the orders, `count` how many of each symbol;
    `last` is the last reference, match and time, all 0 before the first message.
    """
    np.random.seed(seed)
    most = live.shape[1]
    at = 0
    names = symbols if last[2] == 0 else 0
    for locate in range(1, names + 1):
        at = _head(buffer, at, 82, 39, locate, 30_000_000_000_000)
        at = _name(buffer, at, locate)
        for letter in (81, 78):
            buffer[at] = letter
            at += 1
        at = _number(buffer, at, 100, 4)
        for letter in (78, 67, 90, 32, 80, 78, 78, 49, 78, 0, 0, 0, 0, 78):
            buffer[at] = letter
            at += 1
    reference, match, ns = last[0], last[1], last[2] + (OPEN_NS if names else 0)
    for _ in range(messages - names):
        ns += np.int64(np.random.exponential(gap_ns))
        locate = 1 + np.random.randint(0, symbols)
        held = count[locate]
        what = np.random.random()
        if held < LIVE_ORDERS // 2:
            what = 0.0
        elif held >= most - 1 and what < _ADDED:
            what = _DELETED - 0.01
        middle = 1_000 + 37 * (locate % 900)
        side = 1 if np.random.random() < 0.5 else -1
        distance = min(1 + int(np.random.exponential(6.0)), 900)
        price = 100 * (middle - side * distance)
        shares = 100 * np.random.randint(1, 10)
        if what < _ADDED:
            reference += 1
            attributed = np.random.random() < 0.013
            at = _head(buffer, at, 70 if attributed else 65, 40 if attributed else 36, locate, ns)
            at = _number(buffer, at, reference, 8)
            buffer[at] = 66 if side > 0 else 83
            at = _number(buffer, at + 1, shares, 4)
            at = _name(buffer, at, locate)
            at = _number(buffer, at, price, 4)
            if attributed:
                at = _number(buffer, at, 0x4D414445, 4)
            order = live[locate, held]
            order[0], order[1], order[2], order[3] = reference, side, price, shares
            count[locate] += 1
            continue
        if what >= _REDUCED:
            match += 1
            at = _head(buffer, at, 80, 44, locate, ns)
            at = _number(buffer, at, 0, 8)
            buffer[at] = 66
            at = _number(buffer, at + 1, shares, 4)
            at = _name(buffer, at, locate)
            at = _number(buffer, at, 100 * middle, 4)
            at = _number(buffer, at, match, 8)
            continue
        # Young orders are the ones that go; the best priced of a few are the ones that trade.
        chosen = held - 1 - min(np.int64(np.random.exponential(LIVE_ORDERS / 6.0)), held - 1)
        if _REPLACED <= what < _EXECUTED:
            for _try in range(8):
                other = np.random.randint(0, held)
                away = abs(live[locate, other, 2] - 100 * middle)
                if away < abs(live[locate, chosen, 2] - 100 * middle):
                    chosen = other
        order = live[locate, chosen]
        taken = order[3]
        if what < _DELETED:
            at = _head(buffer, at, 68, 19, locate, ns)
            at = _number(buffer, at, order[0], 8)
        elif what < _REPLACED:
            reference += 1
            at = _head(buffer, at, 85, 35, locate, ns)
            at = _number(buffer, at, order[0], 8)
            at = _number(buffer, at, reference, 8)
            at = _number(buffer, at, shares, 4)
            distance = min(1 + int(np.random.exponential(6.0)), 900)
            order[0], order[2], order[3] = reference, 100 * (middle - order[1] * distance), shares
            at = _number(buffer, at, order[2], 4)
            continue
        elif what < _EXECUTED:
            if np.random.random() < 0.5 and taken > 100:
                taken -= 100
            match += 1
            priced = np.random.random() < 0.02
            at = _head(buffer, at, 67 if priced else 69, 36 if priced else 31, locate, ns)
            at = _number(buffer, at, order[0], 8)
            at = _number(buffer, at, taken, 4)
            at = _number(buffer, at, match, 8)
            if priced:
                buffer[at] = 89
                at = _number(buffer, at + 1, order[2] + 100, 4)
        else:
            taken = 100
            at = _head(buffer, at, 88, 23, locate, ns)
            at = _number(buffer, at, order[0], 8)
            at = _number(buffer, at, taken, 4)
        order[3] -= taken
        if order[3] <= 0:
            for k in range(chosen, held - 1):
                for column in range(4):
                    live[locate, k, column] = live[locate, k + 1, column]
            count[locate] -= 1
    last[0], last[1], last[2] = reference, match, ns
    return at


def itch_parts(messages: int, symbols: int, seed: int = 5, at_once: int = 1_000_000) -> Iterator[bytes]:
    """A day of that many messages in parts; the same numbers give the same bytes."""
    live = np.zeros((symbols + 1, 2 * LIVE_ORDERS, 4), np.int64)
    count, last = np.zeros(symbols + 1, np.int64), np.zeros(3, np.int64)
    for first in range(0, messages, at_once):
        part = min(at_once, messages - first)
        buffer = np.zeros(46 * part + 64 * symbols, np.uint8)
        done = _fill(buffer, part, symbols, seed + first // at_once, 2.3e13 / messages, live, count, last)
        yield buffer[: int(done)].tobytes()


def itch_bytes(messages: int, symbols: int, seed: int = 5) -> bytes:
    """A file of that many messages, of symbols named S with three letters; the same seed gives the same bytes."""
    return b"".join(itch_parts(messages, symbols, seed, max(messages, 1)))
