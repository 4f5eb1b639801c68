"""What a compiled strategy sees of the market and may ask: the functions that `tcakit.replay.compiled` offers.

The rules are those of the plain loop's gateway: nothing is seen before it has reached the strategy.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import part
from tcakit.market.codes import BUY, NEW, PENDING_CANCEL, PENDING_MODIFY, SELL
from tcakit.replay.address_kernel import (
    answer_ns_of,
    best_ask_of,
    best_bid_of,
    bus_of,
    bus_rows,
    cursor_of,
    draw_rows,
    entry_at_of,
    entry_ns_of,
    entry_rows,
    floats_of,
    integers_of,
    known_of,
    known_rows,
    large_part,
    local_sizes_of,
    local_taken_of,
    order_rows,
    orders_of,
    parameters_of,
    print_row_of,
    print_rows,
    print_volume_of,
    scalars_of,
    settings_of,
    shared_at,
    small_part,
    ticks_of,
    told_of,
    told_rows,
    wake_rows,
    wakes_of,
)
from tcakit.replay.layout_kernel import (
    ANY_LOCAL_TAKEN,
    ANY_TAKEN,
    BUS_FIELDS,
    BUS_HEAD,
    BUS_NS,
    BUS_ORDER,
    BUS_QUANTITY,
    BUS_TAIL,
    BUS_TICK,
    BUS_WHAT,
    DRAWN,
    FIXED,
    LEAVES,
    LOCAL_ROW,
    LOT,
    NO_REASON,
    NOW,
    ONE_BOOK,
    ORDER_FIELDS,
    OWNER,
    QUANTITY,
    SEEN_ROW,
    SEND_CANCEL,
    SEND_CANCEL_LOST,
    SEND_LOST,
    SEND_MODIFY,
    SEND_MODIFY_LOST,
    SEND_NEW,
    SIDE,
    STATE,
    SUBMITTED_NS,
    TICK,
    TIME_IN_FORCE,
    TYPE,
)
from tcakit.replay.own_kernel import (
    BAD_CHANGE,
    BAD_ORDER,
    BASE_TICK,
    CANCEL_NS,
    ENTRY_KIND,
    ENTRY_NS,
    FAULT,
    FAULT_VALUE,
    IS_OVER,
    KNOWN_FIELDS,
    LAST_ARRIVAL_NS,
    LAST_NS,
    MODIFY_NS,
    N_MESSAGES,
    N_ORDERS,
    N_TOLD,
    N_WAKES,
    OPEN_SIZE,
    PARENT_LIMIT,
    PARENT_QUANTITY,
    PARENT_SIDE,
    POSITION,
    START_NS,
    TOLD_EVENT,
    TOLD_FIELDS,
    TOLD_NS,
    TOLD_ORDER,
    TOLD_SIZE,
    TOLD_TICK,
    TOO_MANY,
)
from tcakit.replay.replay_kernel import see

_NONE = np.int64(-1)

# --- the market ---------------------------------------------------------------------------------------------------


@small_part
def now_ns(market):
    """The time, ns since 1970 UTC."""
    return cursor_of(market)[NOW]


@part
def _see(market):
    feed, state = shared_at(market)
    see(feed, state)


@large_part
def look(market):
    """Bring the sizes that the strategy sees up to now."""
    cursor = cursor_of(market)
    if settings_of(market)[ONE_BOOK] == 0 and cursor[SEEN_ROW] < cursor[LOCAL_ROW]:
        _see(market)


@large_part
def _best_left(market, row, tick):
    """The best tick from `tick` on of which the strategy did not take all."""
    look(market)
    sizes, taken, ticks = local_sizes_of(market), local_taken_of(market), ticks_of(market)
    step = 1 if row == 1 else -1
    while 0 <= tick < ticks and sizes[row * ticks + tick] <= taken[row * ticks + tick]:
        tick += step
    return tick


@small_part
def _best(market, row, best):
    cursor, settings = cursor_of(market), settings_of(market)
    at = cursor[LOCAL_ROW]
    if at == 0:
        return _NONE
    tick = np.int64(best[at - 1])
    if cursor[ANY_TAKEN if settings[ONE_BOOK] == 1 else ANY_LOCAL_TAKEN] == 1:
        tick = _best_left(market, row, tick)
    return tick + settings[BASE_TICK] if 0 <= tick < ticks_of(market) else _NONE


@large_part
def best_bid(market):
    """The best bid in ticks, -1 if there is none."""
    return _best(market, 0, best_bid_of(market))


@large_part
def best_ask(market):
    """The best offer in ticks, -1 if there is none."""
    return _best(market, 1, best_ask_of(market))


@large_part
def size_at(market, side, tick):
    """Displayed size at a level (side +1 bids, -1 offers) less what the strategy knows it took, stored units."""
    at = tick - settings_of(market)[BASE_TICK]
    if at < 0 or at >= ticks_of(market):
        return np.int64(0)
    look(market)
    if side < 0:
        at += ticks_of(market)
    return max(np.int64(0), local_sizes_of(market)[at] - local_taken_of(market)[at])


@large_part
def market_volume(market):
    """Printed size seen since the recording began, stored units."""
    rows, seen = print_row_of(market), cursor_of(market)[LOCAL_ROW]
    low, high = np.int64(0), print_rows(market)
    while low < high:
        middle = (low + high) >> 1
        if rows[middle] < seen:
            low = middle + 1
        else:
            high = middle
    return print_volume_of(market)[low - 1] if low > 0 else np.int64(0)


@small_part
def lot_size(market):
    """The smallest quantity, stored units: every quantity is a multiple of it."""
    return settings_of(market)[LOT]


# --- what is the strategy's own -----------------------------------------------------------------------------------


@small_part
def position(me):
    """Bought less sold, stored units, as far as the strategy knows."""
    return scalars_of(me)[POSITION]


@small_part
def parameter(me, number):
    """A parameter, by its place in PARAMETERS of the strategy's file."""
    return parameters_of(me)[number]


@small_part
def integers(me):
    """The strategy's memory of whole numbers, int64 (INTEGERS of its file), zero at the start."""
    return integers_of(me)


@small_part
def floats(me):
    """The strategy's memory of other numbers, float64 (FLOATS of its file), zero at the start."""
    return floats_of(me)


@small_part
def start_ns(me):
    """When the strategy was to start."""
    return scalars_of(me)[START_NS]


@small_part
def end_ns(me):
    """When it is to end."""
    return scalars_of(me)[LAST_NS]


@small_part
def parent_side(me):
    """Side of the parent order that it works (+1 buy, -1 sell), 0 if none."""
    return scalars_of(me)[PARENT_SIDE]


@small_part
def parent_quantity(me):
    """Quantity of the parent order, stored units, 0 if none."""
    return scalars_of(me)[PARENT_QUANTITY]


@small_part
def parent_limit(me):
    """Limit of the parent order in ticks, -1 if none."""
    return scalars_of(me)[PARENT_LIMIT]


@small_part
def is_open(me, order):
    """Whether an order is not known to be over."""
    return 0 <= order < scalars_of(me)[N_ORDERS] and known_of(me)[order * KNOWN_FIELDS + IS_OVER] == 0


@small_part
def open_quantity(me, order):
    """What an order has left, stored units, as far as the strategy knows."""
    return known_of(me)[order * KNOWN_FIELDS + OPEN_SIZE] if is_open(me, order) else np.int64(0)


# --- what it asks --------------------------------------------------------------------------------------------------


@large_part
def _between(at, until, low, high, now):
    first, last = until[low] - at[low], until[high] - at[high]
    if low == high:
        return first
    slope = np.float64(last - first) / np.float64(at[high] - at[low])
    return np.int64(slope * np.float64(now - at[low])) + first


@large_part
def _recorded_entry(me, now):
    """How long a recorded message took at a time; below zero for one that never arrived."""
    at, arrivals, offset = entry_at_of(me), entry_ns_of(me), scalars_of(me)[ENTRY_NS]
    last = entry_rows(me) - 1
    low, high = np.int64(0), last + 1
    while low < high:
        middle = (low + high) >> 1
        if at[middle] <= now:
            low = middle + 1
        else:
            high = middle
    low = max(low - 1, np.int64(0))
    high = low if now <= at[0] or now >= at[last] else low + 1
    if arrivals[low] <= 0 or arrivals[high] <= 0:
        # At least 1: less than nothing is what says that it got lost.
        return -max(_between(at, answer_ns_of(me), low, high, now) + 2 * offset, 1)
    return _between(at, arrivals, low, high, now) + offset


@small_part
def _entry(me, what, now):
    own = scalars_of(me)
    if own[ENTRY_KIND] == FIXED:
        return own[ENTRY_NS if what == SEND_NEW else CANCEL_NS if what == SEND_CANCEL else MODIFY_NS]
    if own[ENTRY_KIND] == DRAWN:
        return entry_ns_of(me)[own[N_MESSAGES] % draw_rows(me)]
    return _recorded_entry(me, now)


@small_part
def _tell(me, now, order, event, tick, size):
    own, told = scalars_of(me), told_of(me)
    at = own[N_TOLD] * TOLD_FIELDS
    told[at + TOLD_NS] = now
    told[at + TOLD_ORDER] = order
    told[at + TOLD_EVENT] = event
    told[at + TOLD_TICK] = tick
    told[at + TOLD_SIZE] = size
    own[N_TOLD] += 1


@small_part
def fault(me, which, value):
    """End the run: the strategy asked for what cannot be."""
    own = scalars_of(me)
    if own[FAULT] == 0:
        own[FAULT] = which
        own[FAULT_VALUE] = value


@small_part
def _is_full(market, me):
    """Whether a callback has used up all the room it had: what it asks from here on is not heard."""
    if scalars_of(me)[N_TOLD] < told_rows(me) and cursor_of(market)[BUS_TAIL] < bus_rows(market):
        return False
    fault(me, TOO_MANY, 0)
    return True


@large_part
def _send(market, me, what, order, tick, quantity):
    """Put a message on its way to the venue."""
    cursor, bus, own = cursor_of(market), bus_of(market), scalars_of(me)
    now = cursor[NOW]
    entry = _entry(me, what, now)
    own[N_MESSAGES] += 1
    arrival = now + abs(entry)
    if entry < 0:
        tick = NO_REASON
        what = SEND_LOST if what == SEND_NEW else SEND_CANCEL_LOST if what == SEND_CANCEL else SEND_MODIFY_LOST
    else:
        arrival = max(arrival, own[LAST_ARRIVAL_NS])
        own[LAST_ARRIVAL_NS] = arrival
    at = cursor[BUS_TAIL]
    # What got lost is in nobody's way: it stands where its sender is told of it.
    while at > cursor[BUS_HEAD] and bus[(at - 1) * BUS_FIELDS + BUS_NS] > arrival:
        for field in range(BUS_FIELDS):
            bus[at * BUS_FIELDS + field] = bus[(at - 1) * BUS_FIELDS + field]
        at -= 1
    at *= BUS_FIELDS
    bus[at + BUS_NS] = arrival
    bus[at + BUS_WHAT] = what
    bus[at + BUS_ORDER] = order
    bus[at + BUS_TICK] = tick
    bus[at + BUS_QUANTITY] = quantity
    cursor[BUS_TAIL] += 1


@large_part
def send_new(market, me, side, quantity, index, kind, time_in_force):
    """Write down an order and send it; gives its number, -1 if it cannot be."""
    orders, own, known = orders_of(market), scalars_of(me), known_of(me)
    if (side != BUY and side != SELL) or quantity <= 0 or quantity % settings_of(market)[LOT] != 0:
        fault(me, BAD_ORDER, quantity)
        return _NONE
    order = own[N_ORDERS]
    if _is_full(market, me) or order >= order_rows(market) or order >= known_rows(me):
        fault(me, TOO_MANY, 0)
        return _NONE
    now = now_ns(market)
    at = order * ORDER_FIELDS
    orders[at + SIDE] = 0 if side > 0 else 1
    orders[at + TICK] = index
    orders[at + QUANTITY] = quantity
    orders[at + LEAVES] = quantity
    orders[at + TYPE] = kind
    orders[at + TIME_IN_FORCE] = time_in_force
    orders[at + STATE] = NEW
    orders[at + SUBMITTED_NS] = now
    orders[at + OWNER] = 0
    known[order * KNOWN_FIELDS + IS_OVER] = 0
    known[order * KNOWN_FIELDS + OPEN_SIZE] = quantity
    own[N_ORDERS] = order + 1
    _tell(me, now, order, NEW, index, quantity)
    _send(market, me, SEND_NEW, order, 0, 0)
    return order


@large_part
def cancel(market, me, order):
    """Ask to take an order back; it may still fill until the answer is there. Nothing happens if it is over."""
    if not is_open(me, order) or _is_full(market, me):
        return
    orders = orders_of(market)
    tick, leaves = orders[order * ORDER_FIELDS + TICK], orders[order * ORDER_FIELDS + LEAVES]
    _tell(me, now_ns(market), order, PENDING_CANCEL, tick, leaves)
    _send(market, me, SEND_CANCEL, order, 0, 0)


@large_part
def modify(market, me, order, quantity, tick):
    """Ask for another limit or open size of an order; see `venue.gateway.Gateway.modify`."""
    if quantity <= 0 or quantity % settings_of(market)[LOT] != 0:
        fault(me, BAD_CHANGE, quantity)
        return
    if not is_open(me, order) or _is_full(market, me):
        return
    at = tick - settings_of(market)[BASE_TICK]
    _tell(me, now_ns(market), order, PENDING_MODIFY, at, quantity)
    _send(market, me, SEND_MODIFY, order, at, quantity)


@large_part
def wake_at(market, me, ns):
    """Be asked again (`on_time`) at that time."""
    own, wakes = scalars_of(me), wakes_of(me)
    n = own[N_WAKES]
    if n >= wake_rows(me):
        fault(me, TOO_MANY, 0)
        return
    ns = max(ns, now_ns(market) + 1)
    while n > 0 and wakes[(n - 1) >> 1] > ns:
        wakes[n] = wakes[(n - 1) >> 1]
        n = (n - 1) >> 1
    wakes[n] = ns
    own[N_WAKES] += 1
