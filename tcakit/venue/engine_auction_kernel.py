"""Calls and auctions, halts, the end of the day.

The price of an auction is the level at which most trades; of several, the one with the smallest surplus; then the one
nearest to the reference; then the higher one. At it, orders at the market come first, then better prices; at one price
displayed orders (icebergs tip by tip) before those for the auction alone before hidden ones; then time. Pegged orders
take no part.
"""

from __future__ import annotations

from tcakit.book.fifo_kernel import COUNT, HEAD, LEVEL_SIZE, NEXT, OK, SIZE, side_row
from tcakit.jit import tower_call, tower_door, tower_part
from tcakit.market.codes import (
    AUCTION,
    BUY,
    CANCELLED,
    DAY,
    EXECUTE_UNPRINTED,
    EXPIRED,
    HALT,
    MAKER,
    MARKET,
    NO_AUCTION,
    NO_LIQUIDITY,
    NO_PEG,
    PRINT_CROSS,
    SELL,
    SESSION_OVER,
    TRADE_RESUME,
)
from tcakit.venue.engine_enter_kernel import begin_call, begin_message, end_message, write_phase
from tcakit.venue.engine_layout_kernel import (
    BOOK,
    CLOSED,
    CLOSING,
    CLOSING_CALL,
    CONTINUOUS,
    DISPLAYED,
    HALTED,
    HIDDEN,
    LAST_LEVEL,
    NO_LEVEL,
    NOWHERE,
    OPENING,
    PEG,
    PEG_BID,
    PEG_FIRST,
    PHASE,
    PRE_OPEN,
    REFUSED,
    RESERVE,
    STOPS,
    TIME_IN_FORCE,
    TYPE,
    VOLATILITY,
)
from tcakit.venue.engine_match_kernel import leave, note_trade, take_off
from tcakit.venue.engine_record_kernel import record, report_fill, rows_for
from tcakit.venue.engine_slots_kernel import peg_after
from tcakit.venue.engine_submit_kernel import end_resting

_REPRICE = -2  # a best bid that is none: pegged orders are due a new price


@tower_part
def _in_call(engine):
    phase = engine.counters[PHASE]
    return phase == PRE_OPEN or phase == CLOSING_CALL or phase == VOLATILITY


@tower_part
def _auction_book(engine):
    """The book of orders for the auction of this call alone."""
    return CLOSING if engine.counters[PHASE] == CLOSING_CALL else OPENING


@tower_call
def _at_market(engine, side):
    """Size of the orders of a side that take any price in this auction."""
    row, book = side_row(side), _auction_book(engine)
    slot = engine.levels[book, row, 0 if side == SELL else engine.levels.shape[2] - 1, HEAD]
    size = 0
    while slot >= 0:
        if engine.orders[slot, TYPE] == MARKET:
            size += engine.orders[slot, SIZE]
        slot = engine.orders[slot, NEXT]
    return size


@tower_call
def _at_level(engine, side, level):
    """Size of the orders of a side with just this limit that take part in this auction."""
    orders, levels, row = engine.orders, engine.levels, side_row(side)
    size = levels[HIDDEN, row, level, LEVEL_SIZE]
    slot = levels[DISPLAYED, row, level, HEAD]
    while slot >= 0:
        size += orders[slot, SIZE] + orders[slot, RESERVE]
        slot = orders[slot, NEXT]
    slot = levels[_auction_book(engine), row, level, HEAD]
    while slot >= 0:
        if orders[slot, TYPE] != MARKET:
            size += orders[slot, SIZE]
        slot = orders[slot, NEXT]
    return size


@tower_call
def _best_level(engine, twice_reference):
    """The auction's (level or NO_LEVEL, volume, surplus); the reference is in half levels."""
    ladder = engine.levels.shape[2]
    buys, sells = _at_market(engine, BUY), _at_market(engine, SELL)
    for level in range(ladder):
        buys += _at_level(engine, BUY, level)
    all_buys = buys
    found, volume, surplus = NO_LEVEL, 0, 0
    for level in range(ladder):
        sells += _at_level(engine, SELL, level)
        traded, over = min(buys, sells), buys - sells
        better = traded > volume
        if traded == volume and traded > 0:
            better = abs(over) < abs(surplus)
            if abs(over) == abs(surplus):
                better = abs(2 * level - twice_reference) <= abs(2 * found - twice_reference)
        if better:
            found, volume, surplus = level, traded, over
        buys -= _at_level(engine, BUY, level)
    if found == NO_LEVEL:
        return NO_LEVEL, 0, all_buys - sells
    return found, volume, surplus


@tower_part
def _twice(engine, reference_level, half):
    """A reference in half levels: NO_LEVEL stands for the last trade's."""
    if reference_level == NO_LEVEL:
        return 2 * max(engine.counters[LAST_LEVEL], 0)
    return 2 * reference_level + (1 if half else 0)


@tower_door
def indicative(engine, reference_level, half=0):
    """What an auction would do now: (level or NO_LEVEL, volume, surplus of buys over sells at that level).

    `reference_level` NO_LEVEL stands for the last trade's, or 0 before there was one; `half` 1 puts it half a level
    higher, as the middle of a spread may be. Where nothing would trade, level is NO_LEVEL and the surplus that of all.
    """
    return _best_level(engine, _twice(engine, reference_level, half))


@tower_call
def _fill_queue(engine, book, row, level, only_market, price, left):
    """Fill the orders of one level of a book in the auction, up to `left`; gives what is left of it."""
    orders = engine.orders
    slot = engine.levels[book, row, level, HEAD]
    while slot >= 0 and left > 0:
        after = orders[slot, NEXT]
        is_market = orders[slot, TYPE] == MARKET
        if book == DISPLAYED or book == HIDDEN or is_market == only_market:
            amount = min(left, orders[slot, SIZE])
            report_fill(engine, slot, AUCTION, price, amount, MAKER, 0)
            take_off(engine, slot, amount, EXECUTE_UNPRINTED, 0, 0)
            left -= amount
            if book == DISPLAYED:
                after = engine.levels[book, row, level, HEAD]
        slot = after
    return left


@tower_call
def _fill_side(engine, side, price, volume):
    """Give a side of the auction its fills."""
    row, book, ladder = side_row(side), _auction_book(engine), engine.levels.shape[2]
    far = ladder - 1 if side == BUY else 0
    left = _fill_queue(engine, book, row, far, True, price, volume)
    level = far
    while left > 0 and 0 <= level < ladder:
        left = _fill_queue(engine, DISPLAYED, row, level, False, price, left)
        left = _fill_queue(engine, book, row, level, False, price, left)
        left = _fill_queue(engine, HIDDEN, row, level, False, price, left)
        level -= side


@tower_call
def _end_book(engine, book, limit_reason, market_reason):
    """End all orders of a book, the best priced first."""
    orders, levels, ladder = engine.orders, engine.levels, engine.levels.shape[2]
    for row in range(2):
        for step in range(ladder):
            level = ladder - 1 - step if row == 0 else step
            while levels[book, row, level, COUNT] > 0:
                slot = levels[book, row, level, HEAD]
                if orders[slot, TYPE] == MARKET:
                    leave(engine, slot, CANCELLED, market_reason)
                else:
                    leave(engine, slot, EXPIRED, limit_reason)


@tower_door
def start_call(engine, phase):
    """Begin a call (PRE_OPEN, CLOSING_CALL or VOLATILITY): orders gather until `uncross`. Gives the status.

    Not while another one goes on. From a halt, too: that is how trading resumes by auction.
    """
    status = rows_for(engine, 1, 0)
    if status != OK:
        return status
    if _in_call(engine) or (phase != PRE_OPEN and phase != CLOSING_CALL and phase != VOLATILITY):
        return REFUSED
    begin_message(engine)
    begin_call(engine, phase)
    return OK


@tower_call
def _open_again(engine):
    """Let orders meet as they come: stops that came meanwhile are judged by the last trade. Gives OK or INTERRUPTED."""
    engine.counters[PHASE] = CONTINUOUS
    begin_message(engine)
    write_phase(engine, TRADE_RESUME)
    engine.counters[PEG_BID] = _REPRICE
    return end_message(engine)


@tower_door
def uncross(engine, reference_level, half=0):
    """End a call: trade what can be traded at one price. Gives (status, level or NO_LEVEL, volume, surplus of buys).

    Displayed orders that trade are written as EXECUTE_UNPRINTED, and the auction as one PRINT_CROSS with the volume.
    What was for this auction alone ends. Then the market trades on, or is closed after the closing auction; stops go
    that were touched off before the call or by its price, and pegged orders come back. REFUSED outside a call.
    `indicative` explains the reference.
    """
    counters = engine.counters
    status = rows_for(engine, 1, 0)
    if status != OK:
        return status, NO_LEVEL, 0, 0
    if not _in_call(engine):
        return REFUSED, NO_LEVEL, 0, 0
    level, volume, surplus = _best_level(engine, _twice(engine, reference_level, half))
    if volume > 0:
        _fill_side(engine, BUY, level, volume)
        _fill_side(engine, SELL, level, volume)
        record(engine, PRINT_CROSS, 0, level, volume, -1, 0, 0, 0, 0, 0)
        note_trade(engine, level)
    _end_book(engine, _auction_book(engine), SESSION_OVER, NO_LIQUIDITY)
    if counters[PHASE] == CLOSING_CALL:
        counters[PHASE] = CLOSED
        return OK, level, volume, surplus
    return _open_again(engine), level, volume, surplus


@tower_door
def halt(engine):
    """Stop the market: until `resume` or a call orders are refused (reason `halted`), and cancels go through.

    Gives OK, TAPE_FULL, or REFUSED where it is halted or closed already.
    """
    status = rows_for(engine, 1, 0)
    if status != OK:
        return status
    if engine.counters[PHASE] == HALTED or engine.counters[PHASE] == CLOSED:
        return REFUSED
    begin_message(engine)
    engine.counters[PHASE] = HALTED
    write_phase(engine, HALT)
    return OK


@tower_door
def resume(engine):
    """Let a halted or closed market trade on, without an auction; gives OK, TAPE_FULL, INTERRUPTED or REFUSED.

    REFUSED where a halt came upon a call and left a crossed book: only an auction can go on from there.
    """
    counters, best = engine.counters, engine.best
    status = rows_for(engine, 1, 0)
    if status != OK:
        return status
    bid, ask = max(best[DISPLAYED, 0], best[HIDDEN, 0]), min(best[DISPLAYED, 1], best[HIDDEN, 1])
    if (counters[PHASE] != HALTED and counters[PHASE] != CLOSED) or bid >= ask:
        return REFUSED
    _end_book(engine, OPENING, NO_AUCTION, NO_AUCTION)
    return _open_again(engine)


@tower_call
def _end_day_orders(engine, book):
    """End the orders of a book that are for the day, the best priced first."""
    orders, levels, ladder = engine.orders, engine.levels, engine.levels.shape[2]
    for row in range(2):
        for step in range(ladder):
            slot = levels[book, row, ladder - 1 - step if row == 0 else step, HEAD]
            while slot >= 0:
                after = orders[slot, NEXT]
                if orders[slot, TIME_IN_FORCE] == DAY:
                    leave(engine, slot, EXPIRED, SESSION_OVER)
                slot = after


@tower_door
def close_day(engine):
    """Close the market: orders for the day end, and those for an auction that never was; gives OK, or what is full.

    Orders until cancelled stay. `start_call` or `resume` opens the next day.
    """
    counters, orders = engine.counters, engine.orders
    status = rows_for(engine, 1, 0)
    if status != OK:
        return status
    begin_message(engine)
    for book in (OPENING, CLOSING):
        _end_book(engine, book, NO_AUCTION, NO_AUCTION)
    for book in (DISPLAYED, HIDDEN, STOPS):
        _end_day_orders(engine, book)
    slot = counters[PEG_FIRST]
    while slot >= 0:
        after = peg_after(engine, slot)
        if orders[slot, BOOK] == NOWHERE and orders[slot, TIME_IN_FORCE] == DAY and orders[slot, PEG] != NO_PEG:
            end_resting(engine, slot, EXPIRED, SESSION_OVER)
        slot = after
    counters[PHASE] = CLOSED
    return OK
