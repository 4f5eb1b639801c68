"""The orders that a compiled strategy may send: limit, market, stop, iceberg and pegged ones.

What parts an order may have is what `order_entry` says of the plain loop's orders.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import AT_CLOSE, AT_OPEN, DAY, GTC, LIMIT, MARKET, MIDPOINT_PEG, POST_ONLY, PRIMARY_PEG
from tcakit.replay.address_kernel import large_part, orders_of, settings_of, small_part, ticks_of
from tcakit.replay.layout_kernel import (
    CLOSE_NS,
    DISPLAY,
    FOR_CLOSE,
    FOR_NOTHING,
    FOR_OPEN,
    FOR_STOP,
    HAS_PEG_LIMIT,
    HAS_STOP,
    LOT,
    ORDER_FIELDS,
    PEG,
    PEG_LIMIT,
    PEG_OFFSET,
    STOP_TICK,
    WAITS,
)
from tcakit.replay.own_kernel import BAD_PARTS, BASE_TICK, NO_SESSION
from tcakit.replay.strategy_kernel import fault, send_new

_NO_CLOSE = np.int64(np.iinfo(np.int64).max)
_NONE = np.int64(-1)


@bare_call
def _may_rest(time_in_force):
    return time_in_force == GTC or time_in_force == POST_ONLY or time_in_force == DAY


@large_part
def _is_possible(market, me, quantity, time_in_force, is_special):
    """Whether there is such a time in force, and a session for it."""
    if time_in_force < GTC or time_in_force > AT_CLOSE or (is_special and time_in_force >= AT_OPEN):
        fault(me, BAD_PARTS, quantity)
        return False
    if time_in_force >= DAY and settings_of(market)[CLOSE_NS] == _NO_CLOSE:
        fault(me, NO_SESSION, quantity)
        return False
    return True


@large_part
def _submit(market, me, side, quantity, index, kind, time_in_force):
    if not _is_possible(market, me, quantity, time_in_force, False):
        return _NONE
    order = send_new(market, me, side, quantity, index, kind, time_in_force)
    if order >= 0 and time_in_force >= AT_OPEN:
        orders_of(market)[order * ORDER_FIELDS + WAITS] = FOR_OPEN if time_in_force == AT_OPEN else FOR_CLOSE
    return order


@small_part
def submit(market, me, side, quantity, tick, time_in_force=GTC):
    """Send a limit order (side +1 buy, -1 sell; quantity in stored units, a multiple of the lot); gives its number."""
    return _submit(market, me, side, quantity, tick - settings_of(market)[BASE_TICK], LIMIT, time_in_force)


@small_part
def submit_market(market, me, side, quantity, time_in_force=GTC):
    """Send a market order; gives its number."""
    return _submit(market, me, side, quantity, 0, MARKET, time_in_force)


@large_part
def submit_stop(market, me, side, quantity, stop_tick, tick=-1, time_in_force=GTC):
    """Send an order that waits at the venue until the market trades at `stop_tick` or beyond, then for `tick` or, where
    that is -1, at the market; gives its number."""
    if not _is_possible(market, me, quantity, time_in_force, True):
        return _NONE
    base = settings_of(market)[BASE_TICK]
    index, kind = (np.int64(0), np.int64(MARKET)) if tick == -1 else (np.int64(tick - base), np.int64(LIMIT))
    order = send_new(market, me, side, quantity, index, kind, time_in_force)
    if order >= 0:
        orders, at = orders_of(market), order * ORDER_FIELDS
        orders[at + WAITS] = FOR_STOP
        orders[at + HAS_STOP] = 1
        orders[at + STOP_TICK] = stop_tick - base
    return order


@large_part
def submit_iceberg(market, me, side, quantity, tick, display_quantity, time_in_force=GTC):
    """Send a limit order that shows no more than `display_quantity` at once; gives its number."""
    if not _is_possible(market, me, quantity, time_in_force, True):
        return _NONE
    lot = settings_of(market)[LOT]
    if not 0 < display_quantity <= quantity or display_quantity % lot != 0 or not _may_rest(time_in_force):
        fault(me, BAD_PARTS, quantity)
        return _NONE
    order = send_new(market, me, side, quantity, tick - settings_of(market)[BASE_TICK], LIMIT, time_in_force)
    if order >= 0:
        orders_of(market)[order * ORDER_FIELDS + DISPLAY] = display_quantity
    return order


@large_part
def submit_pegged(market, me, side, quantity, peg, offset_ticks=0, limit_tick=-1, time_in_force=GTC):
    """Send an order that the venue prices (`peg` PRIMARY_PEG, MARKET_PEG or MIDPOINT_PEG), so many ticks from its
    reference towards the other side, and never beyond `limit_tick` unless that is -1; gives its number."""
    if not _is_possible(market, me, quantity, time_in_force, True):
        return _NONE
    if not PRIMARY_PEG <= peg <= MIDPOINT_PEG or not _may_rest(time_in_force):
        fault(me, BAD_PARTS, quantity)
        return _NONE
    order = send_new(market, me, side, quantity, _NONE, LIMIT, time_in_force)
    if order >= 0:
        orders, at = orders_of(market), order * ORDER_FIELDS
        orders[at + WAITS] = FOR_NOTHING
        orders[at + PEG] = peg
        orders[at + PEG_OFFSET] = offset_ticks
        orders[at + PEG_LIMIT] = ticks_of(market) - 1 if side > 0 else np.int64(0)
        if limit_tick != -1:
            orders[at + PEG_LIMIT] = limit_tick - settings_of(market)[BASE_TICK]
            orders[at + HAS_PEG_LIMIT] = 1
    return order
