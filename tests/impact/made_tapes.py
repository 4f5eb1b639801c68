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


def flow_driven(
    kernel: str = "linear",
    level: float = 15.0,
    half_life_s: float = 900.0,
    *,
    noise: float = 0.5,
    volatility: float = 0.01,
    date: str = "2026-03-03",
    seed: int = 0,
) -> Tape:
    """A day whose price is a state of its own flow, half gone after `half_life_s`, and a random walk.

    A trade a second, of a volume of one in all; moves are in `volatility`, and `noise` is the walk's over a session.
    """
    random = np.random.default_rng(seed)
    # Days lean to a side for minutes at a time, as signs do.
    lean = np.repeat(random.choice([0.35, 0.65], SESSION_S // 60), 60)
    signs = np.where(random.random(SESSION_S) < lean, 1.0, -1.0)
    shares = random.exponential(size=SESSION_S)
    shares /= shares.sum()
    fading, states = 0.0, []
    for flow in (signs * shares).reshape(-1, 10).sum(axis=1):
        fading = fading * 2.0 ** (-10.0 / half_life_s) + flow
        states.append(fading if kernel == "linear" else np.sign(fading) * abs(fading) ** 0.5)
    walk = np.cumsum(random.normal(0.0, noise / np.sqrt(len(states)), len(states)))
    price = 1e6 * np.exp(volatility * np.concatenate([[0.0], level * np.array(states) + walk]))
    ones = np.ones(len(price))
    return tape(
        date=date, quote_ns=np.arange(len(price)) * 10 * SECOND, bid=price, bid_size=ones, ask=price, ask_size=ones,
        trade_ns=np.arange(1, SESSION_S + 1) * SECOND, trade_sign=signs, trade_shares=shares,
    )  # fmt: skip


def tape(**columns: Any) -> Tape:
    """A tape of some columns, the rest as little as can be."""
    given = {
        "symbol": "ALFA", "date": "2026-03-03", "open_ns": 0, "close_ns": SESSION_S * SECOND, "tick": 0.01,
        "quote_ns": [0], "bid": [99], "bid_size": [10], "ask": [101], "ask_size": [10],
        "trade_ns": [], "trade_sign": [], "trade_shares": [],
    } | columns  # fmt: skip
    return Tape.of(**given)
