"""The dark venue of a simulated market: orders that others put there, messages of ours that arrive, and meetings after
the displayed prices have moved.

Others' orders come by a clock that never looks at the market, and their numbers are drawn from a stream of their own.
"""

from __future__ import annotations

from tcakit.book import fifo_kernel as fk
from tcakit.jit import melted_door, tower_call, tower_part
from tcakit.market.codes import BUY, IOC, SELL
from tcakit.simulator.bus_kernel import take_next
from tcakit.simulator.clock_kernel import activity
from tcakit.simulator.market_layout_kernel import (
    BUS_SIDE,
    CLIENT,
    DARK_INTERVAL_NS,
    DARK_LEAN,
    DARK_LIMIT_SHARE,
    DARK_LOTS,
    DARK_MINIMUM_SHARE,
    DARK_NS,
    DARK_PATIENCE_NS,
    DARK_PROPOSAL,
    LEAST,
    LEVEL,
    NOW,
    OWNER,
    QUANTITY,
    SEND_CANCEL,
    SEND_NEW,
    TIME_IN_FORCE,
    WHAT,
)
from tcakit.simulator.participant_kernel import shown
from tcakit.simulator.random_kernel import exponential, uniform
from tcakit.simulator.settle_kernel import log_report
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_layout_kernel as mp
from tcakit.venue.midpoint_kernel import cancel, cross, modify, submit
from tcakit.venue.midpoint_meet_kernel import middle

# Fields of a proposal's draws.
_WAIT = 0
_SIDE = 1
_SIZE = 2
_PATIENCE = 3
_MINIMUM = 4
_LIMIT = 5
_OFF_GRID = -2  # a limit that the venue refuses


@tower_part
def has_moved(market):
    """Whether the displayed venue stands otherwise than when the dark one last looked."""
    seen, engine = market.dark.counters, market.engine
    return (
        seen[mp.BID] != engine.best[ek.DISPLAYED, 0]
        or seen[mp.ASK] != engine.best[ek.DISPLAYED, 1]
        or seen[mp.PHASE] != engine.counters[ek.PHASE]
    )


@tower_part
def _look(market):
    """Bring the dark venue's clock and its view of the displayed one up to date."""
    seen, engine = market.dark.counters, market.engine
    seen[mp.CLOCK] = market.at[NOW]
    seen[mp.BID] = engine.best[ek.DISPLAYED, 0]
    seen[mp.ASK] = engine.best[ek.DISPLAYED, 1]
    seen[mp.PHASE] = engine.counters[ek.PHASE]


@tower_call
def _settle(market):
    """Tell us what the dark venue says of orders of ours; it has no other owners."""
    dark = market.dark
    for row in range(dark.counters[mp.REPORT_ROWS]):
        log_report(market, dark.reports, row, dark.reports[row, mp.REPORT_REFERENCE])
    dark.counters[mp.REPORT_ROWS] = 0


@tower_part
def _wait_ns(market, number, now):
    """Nanoseconds, one or more, from `now` to a proposal; the day's shape stretches them."""
    mean = market.dark_flow[DARK_INTERVAL_NS] / activity(market.flow, now)
    return max(1, int(mean * exponential(market.dark_seeds[0], number, _WAIT)))


@melted_door
def dark_proposal(market, now):
    """The next order that somebody puts into the dark, if there is a middle; gives the status."""
    at, dark, numbers = market.at, market.dark, market.dark_flow
    number, seed = at[DARK_PROPOSAL], market.dark_seeds[0]
    _look(market)
    half = middle(dark)
    if half != mp.NO_MIDDLE:
        bids, offers = shown(market, 0), shown(market, 1)
        buys = 0.5 + numbers[DARK_LEAN] * (bids / (bids + offers) - 0.5)
        side = BUY if uniform(seed, number, _SIDE) < buys else SELL
        lot = dark.counters[mp.LOT]
        size = lot * max(1, int(numbers[DARK_LOTS] * exponential(seed, number, _SIZE) + 0.5))
        least = 0
        if uniform(seed, number, _MINIMUM) < numbers[DARK_MINIMUM_SHARE]:
            least = max(lot, size // (2 * lot) * lot)
        limit = half if uniform(seed, number, _LIMIT) < numbers[DARK_LIMIT_SHARE] else mp.NO_LIMIT
        until = now + 1 + int(numbers[DARK_PATIENCE_NS] * exponential(seed, number, _PATIENCE))
        submit(dark, 0, side, limit, min(size, ek.MOST_SIZE // lot * lot), least, 0, until, -1)
        _settle(market)
    at[DARK_PROPOSAL] = number + 1
    at[DARK_NS] = now + _wait_ns(market, number + 1, now)
    return fk.OK


@melted_door
def dark_arrival(market, now):
    """Hand the dark venue the message of ours that arrives now; gives the status."""
    bus, dark = market.bus, market.dark
    row = market.heap[0, 2]
    owner, client, level = bus[row, OWNER], bus[row, CLIENT], bus[row, LEVEL]
    limit = 2 * level if level >= 0 else mp.NO_LIMIT if level == ek.NO_LEVEL else _OFF_GRID
    _look(market)
    if bus[row, WHAT] == SEND_NEW:
        _, order = submit(
            dark, owner, bus[row, BUS_SIDE], limit, bus[row, QUANTITY], bus[row, LEAST],
            1 if bus[row, TIME_IN_FORCE] == IOC else 0, mp.NEVER, client,
        )  # fmt: skip
        market.own[client, 0] = order
    elif bus[row, WHAT] == SEND_CANCEL:
        cancel(dark, owner, market.own[client, 0], client)
    else:
        modify(dark, owner, market.own[client, 0], limit, bus[row, QUANTITY], client)
    take_next(market.at, bus, market.heap, market.spare)
    _settle(market)
    return fk.OK


@melted_door
def dark_crossing(market, now):
    """The displayed prices have moved: let those in the dark meet; gives the status."""
    _look(market)
    cross(market.dark)
    _settle(market)
    return fk.OK
