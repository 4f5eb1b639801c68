"""What our own fills do to the price of a recorded market: how far it has moved, and when it will have faded.

The move is the sum of exponentials that fade, and of what stays; above zero where we bought. The book moves by whole
ticks, the nearest; what is more or less than them is in the price of those who take. Buys and sells mirror each other.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import MARKET
from tcakit.replay.layout_kernel import (
    HALVINGS,
    IMPACT_NS,
    JUMP,
    LASTING,
    LEFT,
    LOT,
    MET_CHARGE,
    MET_OWN,
    MET_PERMANENT,
    MET_TRANSIENT,
    MET_WITHHELD,
    N_LOG,
    NEVER,
    NEXT_PAST,
    PASSIVE_WEIGHT,
    PERMANENT,
    QUOTE_ASK,
    QUOTE_BID,
    SHIFT,
    SHIFT_NS,
    SHIFTS,
    SIDE,
    TICK,
    TRANSIENT,
    TYPE,
    UNSETTLED,
    WALK_SIZE,
    WEIGHT,
    WITHHELD,
)
from tcakit.replay.power_kernel import power

_LN2 = 0.6931471805599453
_LOOKS = 64
_FAR_NS = 4e18


@bare_call
def whole_ticks(move):
    """The nearest whole number of ticks; halves away from zero, so that buys and sells mirror each other."""
    return np.int64(np.floor(move + 0.5)) if move >= 0.0 else -np.int64(np.floor(0.5 - move))


@bare_call
def moved_by(s):
    """How far our fills have moved the market at cursor[IMPACT_NS], in ticks."""
    return s.impact[TRANSIENT] + s.impact[PERMANENT]


@bare_call
def fade_to(s, ns):
    """Let what fades fade up to a time."""
    gap = ns - s.cursor[IMPACT_NS]
    if gap <= 0:
        return
    left = 0.0
    for term in range(s.terms.shape[0]):
        s.terms[term, LEFT] *= power(0.5, gap * s.terms[term, HALVINGS])
        left += s.terms[term, LEFT]
    s.impact[TRANSIENT] = left
    s.cursor[IMPACT_NS] = ns


@bare_call
def push(s, ns, toward, size, walked):
    """Move the market by what `size` bought (`toward` 1.0) or sold (-1.0) does to it, less the `walked` ticks by which
    the book shows it already.

    What was walked comes off what fades, as it comes back with the book, and only then off what stays.
    """
    if s.impact[JUMP] == 0.0:
        return
    fade_to(s, ns)
    lasts = s.impact[LASTING] * size
    fades = (s.impact[JUMP] - s.impact[LASTING]) * size
    part = max(0.0, fades - walked) / fades if fades > 0.0 else 0.0
    left = 0.0
    for term in range(s.terms.shape[0]):
        s.terms[term, LEFT] += toward * part * s.terms[term, WEIGHT] * size
        left += s.terms[term, LEFT]
    s.impact[TRANSIENT] = left
    s.impact[PERMANENT] += toward * min(lasts, max(0.0, fades + lasts - walked))
    s.cursor[SHIFT_NS] = ns
    s.cursor[UNSETTLED] |= SHIFTS


@bare_call
def forget_past(s, ns):
    """Take out of the market what the firm's own fills in the recording, up to a time, did to it."""
    while s.cursor[NEXT_PAST] < s.own_past.shape[0] and s.own_past[s.cursor[NEXT_PAST], 0] <= ns:
        size = s.own_past[s.cursor[NEXT_PAST], 1]
        s.cursor[NEXT_PAST] += 1
        push(s, ns, -1.0 if size > 0 else 1.0, np.float64(abs(size)), 0.0)


@bare_call
def _next_tick_ns(s):
    """A time up to which the shift stays what it is, if nothing but fading happens: the time of its next change, or one
    before it at which to look again.

    Each step goes no further than the market could at its present speed, so none passes the change by more than a ns.
    """
    gap = 0.0
    for _ in range(_LOOKS):
        move, reach, speed = s.impact[PERMANENT], 0.0, 0.0
        for term in range(s.terms.shape[0]):
            left = s.terms[term, LEFT] * power(0.5, gap * s.terms[term, HALVINGS])
            move += left
            if s.terms[term, HALVINGS] > 0.0:
                reach += abs(left)
                speed += abs(left) * s.terms[term, HALVINGS] * _LN2
        if whole_ticks(move) != s.cursor[SHIFT]:
            break
        room = 0.5 - abs(move - s.cursor[SHIFT])
        if reach < room or speed == 0.0:
            return NEVER
        gap += max(1.0, np.ceil(room / speed))
        if gap > _FAR_NS:
            return NEVER
    return s.cursor[IMPACT_NS] + np.int64(gap)


@bare_call
def set_next_look(s):
    """Note when the shift is to be looked at again."""
    at = _next_tick_ns(s)
    if s.cursor[NEXT_PAST] < s.own_past.shape[0]:
        at = min(at, s.own_past[s.cursor[NEXT_PAST], 0])
    s.cursor[SHIFT_NS] = at


# --- what a fill meets ----------------------------------------------------------------------------------------------


@bare_call
def _beyond(s, order, tick):
    """How many ticks worse a level is than the best that was left before the order came."""
    first = s.cursor[QUOTE_ASK] if s.orders[order, SIDE] == 0 else s.cursor[QUOTE_BID]
    return float(abs(tick - first))


@bare_call
def _against(s, order):
    """By how much of a tick the market stands worse for an order than the book shows."""
    toward = 1.0 if s.orders[order, SIDE] == 0 else -1.0
    return toward * (moved_by(s) - s.cursor[SHIFT])


@bare_call
def reachable(s, order, tick, taken, wanted):
    """How much of `wanted` an order that took `taken` can take at a level before what it does itself moves the price
    half a tick beyond its limit, and the book beyond it: whole lots, and one at least."""
    if s.impact[JUMP] == 0.0 or s.orders[order, TYPE] == MARKET:
        return wanted
    within = abs(s.orders[order, TICK] - s.cursor[SHIFT] - tick) + 0.5 + max(0.0, -_against(s, order))
    lots = np.ceil(((within + _beyond(s, order, tick)) / s.impact[JUMP] - taken) / s.settings[LOT])
    if lots * s.settings[LOT] >= wanted:
        return wanted
    return min(wanted, max(1, np.int64(lots)) * s.settings[LOT])


@bare_call
def meet_taking(s, order, tick, size):
    """Note what a fill that takes meets, and what it costs beyond its tick; before it is logged.

    It pays for the half of its own jump that the walk through the book has not yet made it pay.
    """
    toward = 1.0 if s.orders[order, SIDE] == 0 else -1.0
    midway = s.impact[JUMP] * (s.impact[WALK_SIZE] + 0.5 * size)
    own = max(0.0, midway - _beyond(s, order, tick)) if s.impact[JUMP] > 0.0 else 0.0
    charge = _against(s, order) + own
    if s.orders[order, TYPE] != MARKET:
        # Given no more than could be charged, so that limits do not make of the nearest tick the better one.
        room = float(abs(s.orders[order, TICK] - s.cursor[SHIFT] - tick))
        charge = max(-room, min(room, charge))
    at = s.cursor[N_LOG]
    s.log_impact[at, MET_TRANSIENT] = s.impact[TRANSIENT]
    s.log_impact[at, MET_PERMANENT] = s.impact[PERMANENT]
    s.log_impact[at, MET_OWN] = toward * own
    s.log_impact[at, MET_CHARGE] = toward * charge
    s.log_impact[at, MET_WITHHELD] = s.impact[WITHHELD]
    s.impact[WITHHELD] = 0.0
    s.impact[WALK_SIZE] += size


@bare_call
def meet_waiting(s, ns, order, size):
    """Note what a fill at our own price meets, and let it move the market; before it is logged."""
    fade_to(s, ns)
    at = s.cursor[N_LOG]
    s.log_impact[at, MET_TRANSIENT] = s.impact[TRANSIENT]
    s.log_impact[at, MET_PERMANENT] = s.impact[PERMANENT]
    if s.impact[PASSIVE_WEIGHT] > 0.0:
        toward = 1.0 if s.orders[order, SIDE] == 0 else -1.0
        push(s, ns, toward, s.impact[PASSIVE_WEIGHT] * size, 0.0)
