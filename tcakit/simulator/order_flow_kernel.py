"""The loop of the made-to-order flow: one proposal after the other, each an order, a cancel or a print.

Proposals come by a clock that does not look at the book (an intraday U-shape, with bursts); what a proposal
becomes depends on the book and on a latent fundamental value. See docs/simulator.md for the model.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.fifo_kernel import COUNT, HEAD, LEVEL, LEVEL_SIZE, OK, SIDE, SIZE, TAIL
from tcakit.jit import jit
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.random_kernel import exponential, normal, uniform, whole
from tcakit.venue.matching_kernel import (
    ASKS,
    BIDS,
    CLOCK,
    LIVE,
    cancel,
    cancel_part,
    print_hidden,
    submit_limit,
    take,
)

# Parameters, in a float64 vector:
EVENTS = 0  # proposals expected in the session
SPREAD = 1  # spread aimed at, ticks
VOLATILITY = 2  # of the fundamental over the session, ticks
TRADE_SHARE = 3  # of proposals
HIDDEN_SHARE = 4
REDUCE_SHARE = 5
RESTING = 6  # orders the book tends to hold
ORDER_SIZE = 7  # typical order, round lots
METAORDER_TAIL = 8  # Pareto exponent of the number of children of a metaorder
BURST = 9  # share of proposals that follow the last one at machine speed
ACTIVITY_U = 10  # activity at open and close less midday, in units of midday
VOLATILITY_U = 11
OPENING = 12  # how much wider the spread is at the open
PARAMETERS = 13

# The session, in an int64 vector; ladder level 0 is price zero, so that a level is a tick:
START_LEVEL = 0  # of the opening mid
OPEN_NS = 1
CLOSE_NS = 2
SESSION = 3

# Fields of the random numbers of a step.
_CLOCK_KIND = 0
_CLOCK_WAIT = 1
_VALUE = 3  # and 4
_JUMP = 5
_KIND = 6
_SIGN = 7
_META = 8
_LENGTH = 9
_NEW_SIGN = 10
_AMOUNT = 11  # to 13
_PLACE = 14
_DISTANCE = 15
_INFORMED = 16
_SWEEP = 17
_STALE = 18
_STALE_SIDE = 19
_PICK = 20  # to 31: candidates to cancel, and whether they go
_OPENING = 40  # to 43: the opening book
_TRIES = 6

_POOL = 3  # metaorders at work at once
_LONGEST = 3000.0  # children
_ROUND_LOT = 100
_FEW = 12  # orders a side that nobody takes or withdraws, so that the book never empties
_SWEEP_LEVELS = 2  # levels beyond the touch that a taker goes through at most


@jit
def u_shape(progress, edge):
    """Intensity at `progress` (0 open, 1 close): mean one over the day, edges `edge` midday units above midday."""
    return (1.0 + edge * (2.0 * progress - 1.0) ** 4) / (1.0 + edge / 5.0)


@jit
def order_size(seed, step, field, typical_lots):
    """Shares of one order: mostly whole round lots, some odd lots, a thin heavy tail. Uses three fields."""
    sort = uniform(seed, step, field)
    if sort < 0.28:
        return 1 + whole(seed, step, field + 1, _ROUND_LOT - 1)
    if sort < 0.28 + 0.62 / typical_lots:
        return _ROUND_LOT
    lots = typical_lots * exponential(seed, step, field + 1)
    if sort > 0.985:
        lots *= 4.0
    return _ROUND_LOT * min(1 + int(lots), 200)


@jit
def open_book(seed, parameters, session, orders, levels, best, pool, counters, tape):
    """Queue the orders that stand when continuous trading opens; returns the status."""
    spread = parameters[SPREAD] * (1.0 + parameters[OPENING])
    half = max(0.5, spread / 2.0)
    reach = 4.0 + 3.0 * spread
    count = int(parameters[RESTING])
    counters[CLOCK] = session[OPEN_NS]
    for number in range(count):
        side = BUY if number % 2 == 0 else SELL
        if number < 2:
            distance = 0
        else:
            distance = int(reach * (uniform(seed, number, _OPENING) ** (-0.6) - 1.0))
            distance = min(distance, int(40.0 * reach))
        if side == BUY:
            level = session[START_LEVEL] - int(half) - distance
        else:
            level = session[START_LEVEL] + max(1, int(half + 0.5)) + distance
        size = order_size(seed, number, _OPENING + 1, parameters[ORDER_SIZE])
        level = max(1, min(levels.shape[1] - 1, level))
        status, _ = submit_limit(orders, levels, best, pool, counters, tape, side, level, size)
        if status != OK:
            return status
    return OK


@jit
def _pick_to_cancel(seed, step, orders, levels, best, pool, counters, lean, narrow):
    """A live order to withdraw, likeliest at a touch that the value moved against; -1 if none may go."""
    # Quotes that the value ran away from are withdrawn at the touch itself, the last to come going first.
    stale = 0.06 + 0.4 * abs(lean) + (0.2 if narrow else 0.0)
    draw = uniform(seed, step, _STALE)
    if draw < stale:
        against = 0.5 + 0.5 * max(-1.0, min(1.0, lean))
        asks = uniform(seed, step, _STALE_SIDE) < against
        row = 1 if asks else 0
        if counters[BIDS + row] > _FEW:
            slot = levels[row, best[row], TAIL]
            if draw < 0.3 * stale:
                slot = levels[row, best[row], HEAD]
            return slot
    found = -1
    for attempt in range(_TRIES):
        slot = pool[whole(seed, step, _PICK + 2 * attempt, counters[LIVE])]
        side = orders[slot, SIDE]
        if counters[BIDS if side == BUY else ASKS] <= _FEW:
            continue
        distance = best[0] - orders[slot, LEVEL] if side == BUY else orders[slot, LEVEL] - best[1]
        weight = 0.25 + 0.55 * np.exp(-distance / 4.0)
        if distance <= 2:
            against = -lean if side == BUY else lean
            weight *= max(0.15, min(2.0, 0.6 + 0.9 * against))
            if distance == 0 and narrow:
                weight *= 1.6
        found = slot
        if uniform(seed, step, _PICK + 2 * attempt + 1) < weight:
            break
    return found


@jit
def run_day(seed, parameters, session, orders, levels, best, pool, counters, tape):
    """Run one session from the opening book on; returns (status, proposals made)."""
    length = float(session[CLOSE_NS] - session[OPEN_NS])
    mean_wait = length / parameters[EVENTS]
    burst = parameters[BURST]
    per_sqrt_ns = parameters[VOLATILITY] / np.sqrt(length)
    value = float(session[START_LEVEL])
    now = session[OPEN_NS]
    signs = np.empty(_POOL, np.int64)
    children = np.zeros(_POOL, np.int64)
    for number in range(_POOL):
        signs[number] = BUY if number % 2 == 0 else SELL
    step = 0
    while True:
        # --- when -----------------------------------------------------------------------------------------
        progress = (now - session[OPEN_NS]) / length
        if uniform(seed, step, _CLOCK_KIND) < burst:
            wait = min(10.0 ** (5.0 + 1.1 * normal(seed, step, _CLOCK_WAIT)), 0.2 * mean_wait + 1e6)
        else:
            # Bursts take nearly no time, so the long waits are stretched to keep the day's expected count.
            activity = u_shape(progress, parameters[ACTIVITY_U]) * (1.0 - burst)
            wait = mean_wait / activity * exponential(seed, step, _CLOCK_WAIT)
        advance = max(1_000, int(wait))
        now += advance
        if now >= session[CLOSE_NS]:
            return OK, step
        counters[CLOCK] = now

        # --- the value, and what the book shows of it
        # --------------------------------------------------------
        roughness = np.sqrt(u_shape(progress, parameters[VOLATILITY_U]) * advance)
        jump = 5.0 if uniform(seed, step, _JUMP) < 0.002 else 1.0
        value += per_sqrt_ns * roughness * jump * normal(seed, step, _VALUE)
        bid = best[0]
        ask = best[1]
        spread = ask - bid
        wanted = parameters[SPREAD] * (1.0 + parameters[OPENING] * np.exp(-progress / 0.02))
        lean = (value - 0.5 * (bid + ask)) / max(1.0, 0.5 * wanted)
        lean = max(-3.0, min(3.0, lean))
        bid_size = float(levels[0, bid, LEVEL_SIZE])
        ask_size = float(levels[1, ask, LEVEL_SIZE])
        imbalance = (bid_size - ask_size) / (bid_size + ask_size)

        # --- what -------------------------------------------------------------------------------------------
        kind = uniform(seed, step, _KIND)
        status = OK
        # A wide spread is dear to cross: fewer take, more quote.
        trade_share = parameters[TRADE_SHARE] * max(0.4, min(1.6, (wanted + 1.0) / (spread + 1.0)))
        if kind < trade_share:
            informed = uniform(seed, step, _INFORMED) < min(0.5, 0.12 * abs(lean))
            if informed:
                sign = BUY if lean > 0 else SELL
            else:
                worker = whole(seed, step, _META, _POOL)
                if children[worker] == 0:
                    # Pareto many children of one sign give the sign's long memory (Lillo, Mike, Farmer 2005).
                    many = uniform(seed, step, _LENGTH) ** (-1.0 / parameters[METAORDER_TAIL])
                    children[worker] = int(min(many, _LONGEST))
                    signs[worker] = BUY if uniform(seed, step, _NEW_SIGN) < 0.5 else SELL
                sign = signs[worker]
                children[worker] -= 1
            size = order_size(seed, step, _AMOUNT, parameters[ORDER_SIZE])
            displayed = int(ask_size) if sign == BUY else int(bid_size)
            sweep = uniform(seed, step, _SWEEP)
            # Takers look before they shoot: most take no more than the touch shows, more readily all of a
            # thin one.
            whole_of_a_thin_one = sweep > 0.85 and displayed < 3 * _ROUND_LOT * parameters[ORDER_SIZE]
            if (size > displayed and sweep > 0.12) or (informed and abs(lean) > 1.5) or whole_of_a_thin_one:
                size = displayed
            reach = 0
            for beyond in range(_SWEEP_LEVELS + 1):
                if sign == BUY:
                    reach += levels[1, min(ask + beyond, levels.shape[1] - 1), COUNT]
                else:
                    reach += levels[0, max(bid - beyond, 0), COUNT]
            others = counters[ASKS] if sign == BUY else counters[BIDS]
            if others - reach > _FEW // 2:
                limit = ask + _SWEEP_LEVELS if sign == BUY else bid - _SWEEP_LEVELS
                status, _ = take(orders, levels, best, pool, counters, tape, sign, limit, size)
        elif kind < trade_share + parameters[HIDDEN_SHARE]:
            side = BUY if uniform(seed, step, _SIGN) < 0.5 + 0.15 * imbalance else SELL
            size = order_size(seed, step, _AMOUNT, parameters[ORDER_SIZE])
            place = uniform(seed, step, _PLACE)
            if spread == 1 or place < 0.55:  # at the midpoint, on a tick or between two
                level = (bid + ask) // 2
                part = 50 if (bid + ask) % 2 == 1 else 0
            else:
                level = bid + 1 + whole(seed, step, _DISTANCE, spread - 1)
                part = 0
            status = print_hidden(counters, tape, side, level, part, size)
        else:
            narrow = spread < wanted
            live = float(counters[LIVE])
            leaving = live / (live + parameters[RESTING])
            going = -1
            if uniform(seed, step, _SIGN) < leaving:
                going = _pick_to_cancel(seed, step, orders, levels, best, pool, counters, lean, narrow)
            if going >= 0:
                if uniform(seed, step, _PLACE) < parameters[REDUCE_SHARE] and orders[going, SIZE] > 1:
                    amount = max(1, orders[going, SIZE] // 2)
                    status = cancel_part(orders, levels, best, pool, counters, tape, going, amount)
                else:
                    status = cancel(orders, levels, best, pool, counters, tape, going)
            else:
                buying = 0.5 + 0.12 * lean + 0.05 * imbalance
                side = BUY if uniform(seed, step, _META) < buying else SELL
                excess = spread - wanted
                improve = 0.04 + 0.5 * max(0.0, min(1.0, (excess + 0.5) / wanted))
                place = uniform(seed, step, _PLACE)
                draw = uniform(seed, step, _DISTANCE)
                if spread > 1 and place < improve:
                    inside = 1 + int(draw * max(0.0, min(excess, spread - 2.0)))
                    level = bid + inside if side == BUY else ask - inside
                else:
                    # Nobody joins a touch that the value is about to run over.
                    against = max(0.0, -lean if side == BUY else lean)
                    joins = (0.2 if narrow else 0.42) * np.exp(-1.5 * against)
                    if uniform(seed, step, _SWEEP) < joins:
                        distance = 0
                    else:
                        scale = 1.0 + 0.8 * wanted
                        distance = 1 + int(min(scale * (draw ** (-0.7) - 1.0), 60.0 * scale))
                    level = bid - distance if side == BUY else ask + distance
                    level = max(1, min(levels.shape[1] - 1, level))
                size = order_size(seed, step, _AMOUNT, parameters[ORDER_SIZE])
                status, _ = submit_limit(orders, levels, best, pool, counters, tape, side, level, size)
        if status != OK:
            return status, step
        step += 1
