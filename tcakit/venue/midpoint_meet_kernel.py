"""How the orders of a dark venue meet: at the middle of another venue's displayed best prices, in the order of time.

There is a middle while that venue trades continuously and shows a bid below an offer; in its calls and halts, while a
side is empty, and while it is locked or crossed, nothing trades here. Buys in the order of time each meet sells in the
order of time, at the middle, if neither limit is worse than it and the size that both have is no smaller than either
asks for at least. Afterwards no two orders stand that could trade with each other.
"""

from __future__ import annotations

from tcakit.book.fifo_kernel import (
    COUNT,
    HEAD,
    NEXT,
    SIZE,
    reduce,
    remove,
)
from tcakit.jit import (
    tower_call,
    tower_part,
)
from tcakit.market.codes import (
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELLED,
    DECREMENT,
    EXPIRED,
    FILLED,
    MAKER,
    MATCH_OFF,
    MIDPOINT,
    PARTIAL,
    REPLACED,
    SELL,
    SESSION_OVER,
    TAKER,
)
from tcakit.market.codes import SELF_MATCH as SELF_MATCH_REASON
from tcakit.venue.engine_layout_kernel import (
    CONTINUOUS,
    REPORT_ASK,
    REPORT_BID,
    REPORT_COUNTERPARTY,
    REPORT_EVENT,
    REPORT_LEAVES,
    REPORT_LEVEL,
    REPORT_LIQUIDITY,
    REPORT_ORDER_ID,
    REPORT_OWNER,
    REPORT_PART,
    REPORT_REASON,
    REPORT_SIZE,
    REPORT_TAPE_ROW,
    REPORT_TS,
)
from tcakit.venue.midpoint_layout_kernel import (
    ASK,
    BID,
    CLOCK,
    LADDER,
    LEAST,
    LIMIT,
    NO_MIDDLE,
    ORDER_ID,
    OWNER,
    PHASE,
    PLACE,
    PRINT_ASK,
    PRINT_BID,
    PRINT_BUY_ID,
    PRINT_BUY_OWNER,
    PRINT_HALF,
    PRINT_ROWS,
    PRINT_SELL_ID,
    PRINT_SELL_OWNER,
    PRINT_SIDE,
    PRINT_SIZE,
    PRINT_TS,
    REFERENCE,
    REPORT_REFERENCE,
    REPORT_ROWS,
    RESTING,
    SELF_MATCH,
    UNTIL,
    VOLUME,
)

BEYOND = 2**61  # the limit of an order without one, below zero for a sell
NOBODY = -1


@tower_part
def middle(venue):
    """The half level at which orders meet now, NO_MIDDLE if they do not."""
    counters = venue.counters
    bid, ask = counters[BID], counters[ASK]
    if counters[PHASE] == CONTINUOUS and 0 <= bid < ask < counters[LADDER]:
        return bid + ask
    return NO_MIDDLE


@tower_call
def tell(venue, owner, order_id, reference, event, reason, half, size, leaves, liquidity, counterparty):
    """Tell an owner above 0 what became of an order; `half` is below zero where there is no price."""
    if owner <= 0:
        return
    counters, reports = venue.counters, venue.reports
    row = counters[REPORT_ROWS]
    priced = 0 <= half < BEYOND
    reports[row, REPORT_TS] = counters[CLOCK]
    reports[row, REPORT_ORDER_ID] = order_id
    reports[row, REPORT_OWNER] = owner
    reports[row, REPORT_EVENT] = event
    reports[row, REPORT_REASON] = reason
    reports[row, REPORT_LEVEL] = half // 2 if priced else -1
    reports[row, REPORT_PART] = 50 * (half % 2) if priced else 0
    reports[row, REPORT_SIZE] = size
    reports[row, REPORT_LEAVES] = leaves
    reports[row, REPORT_LIQUIDITY] = liquidity
    reports[row, REPORT_COUNTERPARTY] = counterparty
    reports[row, REPORT_BID] = counters[BID]
    reports[row, REPORT_ASK] = counters[ASK]
    reports[row, REPORT_TAPE_ROW] = counters[PRINT_ROWS]
    reports[row, REPORT_REFERENCE] = reference
    counters[REPORT_ROWS] = row + 1


@tower_call
def tell_of(venue, slot, event, reason, half, size, leaves, liquidity, counterparty):
    """Tell the owner of an order that stands here."""
    orders = venue.orders
    tell(
        venue, orders[slot, OWNER], orders[slot, ORDER_ID], orders[slot, REFERENCE], event, reason, half, size, leaves,
        liquidity, counterparty,
    )  # fmt: skip


@tower_part
def _release(venue, slot):
    """Give a slot back that no order stands in any more."""
    counters = venue.counters
    counters[RESTING] -= 1
    venue.spare[venue.orders.shape[0] - counters[RESTING] - 1] = slot
    venue.orders[slot, ORDER_ID] = 0


@tower_call
def leave(venue, slot, event, reason):
    """End an order that stands here."""
    orders = venue.orders
    tell_of(venue, slot, event, reason, orders[slot, LIMIT], orders[slot, SIZE], 0, MAKER, 0)
    remove(orders, venue.queues, venue.ends, slot)
    _release(venue, slot)


@tower_part
def shrink(venue, slot, amount):
    """Take a size off an order, which keeps its place; it ends when nothing is left of it."""
    is_all = amount == venue.orders[slot, SIZE]
    reduce(venue.orders, venue.queues, venue.ends, slot, amount)
    if is_all:
        _release(venue, slot)


@tower_part
def _amount(orders, buy, sell, half):
    """What a buy and a sell may trade with each other at a half level, 0 if they may not."""
    if orders[buy, LIMIT] < half or orders[sell, LIMIT] > half:
        return 0
    size = min(orders[buy, SIZE], orders[sell, SIZE])
    for slot in (buy, sell):
        if size < min(orders[slot, LEAST], orders[slot, SIZE]):
            return 0
    return size


@tower_call
def _trade(venue, buy, sell, came, half, size):
    """Let two orders trade; `came` is the slot of the one that came just now, -1 if both stood."""
    orders, counters, prints = venue.orders, venue.counters, venue.prints
    row = counters[PRINT_ROWS]
    prints[row, PRINT_TS] = counters[CLOCK]
    prints[row, PRINT_HALF] = half
    prints[row, PRINT_SIZE] = size
    prints[row, PRINT_SIDE] = BUY if came == buy else SELL if came == sell else 0
    prints[row, PRINT_BID] = counters[BID]
    prints[row, PRINT_ASK] = counters[ASK]
    prints[row, PRINT_BUY_OWNER] = orders[buy, OWNER]
    prints[row, PRINT_SELL_OWNER] = orders[sell, OWNER]
    prints[row, PRINT_BUY_ID] = orders[buy, ORDER_ID]
    prints[row, PRINT_SELL_ID] = orders[sell, ORDER_ID]
    for slot in (buy, sell):
        left = orders[slot, SIZE] - size
        event = FILLED if left == 0 else PARTIAL
        other = orders[sell if slot == buy else buy, OWNER]
        tell_of(venue, slot, event, MIDPOINT, half, size, left, TAKER if slot == came else MAKER, other)
    counters[PRINT_ROWS] = row + 1
    counters[VOLUME] += size
    shrink(venue, buy, size)
    shrink(venue, sell, size)


@tower_call
def _keep_apart(venue, rule, buy, sell, size):
    """Do with two orders of one owner, which would trade that size, what the rule of the venue says."""
    orders = venue.orders
    newest, oldest = (buy, sell) if orders[buy, PLACE] > orders[sell, PLACE] else (sell, buy)
    if rule == DECREMENT:
        for slot in (newest, oldest):
            left = orders[slot, SIZE] - size
            event = CANCELLED if left == 0 else REPLACED
            tell_of(venue, slot, event, SELF_MATCH_REASON, orders[slot, LIMIT], size, left, MAKER, orders[slot, OWNER])
            shrink(venue, slot, size)
        return
    if rule == CANCEL_NEWEST or rule == CANCEL_BOTH:
        leave(venue, newest, CANCELLED, SELF_MATCH_REASON)
    if rule == CANCEL_OLDEST or rule == CANCEL_BOTH:
        leave(venue, oldest, CANCELLED, SELF_MATCH_REASON)


@tower_part
def drop_what_is_over(venue):
    """End the orders whose time is over."""
    orders, now = venue.orders, venue.counters[CLOCK]
    for row in range(2):
        slot = venue.queues[row, 0, HEAD]
        while slot >= 0:
            following = orders[slot, NEXT]
            if orders[slot, UNTIL] <= now:
                leave(venue, slot, EXPIRED, SESSION_OVER)
            slot = following


@tower_part
def _first_pair(venue, half):
    """The first buy that may trade, the first sell that it may trade with, and how much: a size of 0 if none may."""
    orders = venue.orders
    # Mostly one side has nobody who would: then the other is not gone through for each of them.
    first = venue.queues[1, 0, HEAD]
    while first >= 0 and orders[first, LIMIT] > half:
        first = orders[first, NEXT]
    buy = venue.queues[0, 0, HEAD] if first >= 0 else first
    while buy >= 0:
        if orders[buy, LIMIT] >= half:
            sell = first
            while sell >= 0:
                size = _amount(orders, buy, sell, half)
                if size > 0:
                    return buy, sell, size
                sell = orders[sell, NEXT]
        buy = orders[buy, NEXT]
    return buy, buy, 0


@tower_call
def meet(venue, came):
    """Let all orders trade that may; `came` is the slot of one that came just now, -1 for none."""
    drop_what_is_over(venue)
    half = middle(venue)
    if half == NO_MIDDLE:
        return
    orders = venue.orders
    while venue.queues[0, 0, COUNT] > 0 and venue.queues[1, 0, COUNT] > 0:
        buy, sell, size = _first_pair(venue, half)
        if size == 0:
            return
        rule = venue.counters[SELF_MATCH]
        if rule != MATCH_OFF and orders[buy, OWNER] > 0 and orders[buy, OWNER] == orders[sell, OWNER]:
            _keep_apart(venue, rule, buy, sell, size)
        else:
            _trade(venue, buy, sell, came, half, size)
