"""Tapes made to order: what moves the price in them is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.tape import Tape

SECOND = 1_000_000_000
SESSION_S = 23_400


def stylised_book(seed: int = 0, depth: int = 50, session_s: int = SESSION_S, per_second: int = 8) -> Tape:
    """The book of Cont, Kukanov and Stoikov's section 2.2: every level holds `depth` shares and is a tick wide.

    A share comes or goes at a time, now at the bid, now at the ask. An emptied level moves its side by a tick; so does
    a full one, on which the next is built. Each side's move is its flow over the depth, but for what is at
    the touch.
    """
    random = np.random.default_rng(seed)
    count = session_s * per_second
    step = random.choice([-1, 1], size=count)
    at_bid = np.arange(count) % 2 == 0
    # Far apart, so that two walks of their own do not meet.
    bids = 10_000 * depth + np.cumsum(np.where(at_bid, step, 0))
    asks = 20_000 * depth + np.cumsum(np.where(at_bid, 0, step))
    bid, ask = (bids - 1) // depth, asks // depth + 1
    ns = (np.arange(count) * SECOND) // per_second + 1
    return tape(
        quote_ns=ns, bid=bid, ask=ask, bid_size=bids - bid * depth, ask_size=ask * depth - asks,
        close_ns=session_s * SECOND,
    )  # fmt: skip


def tape(**columns: Any) -> Tape:
    """A tape of some columns, the rest as little as can be."""
    given = {
        "symbol": "ALFA", "date": "2026-03-03", "open_ns": 0, "close_ns": SESSION_S * SECOND, "tick": 0.01,
        "quote_ns": [0], "bid": [99], "bid_size": [10], "ask": [101], "ask_size": [10],
        "trade_ns": [], "trade_sign": [], "trade_shares": [],
    } | columns  # fmt: skip
    return Tape.of(**given)
