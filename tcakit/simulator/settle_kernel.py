"""What follows from a message once the engine has done with it: who hears of it, and what flow and volume learn."""

from __future__ import annotations

from tcakit.book import fifo_kernel as fk
from tcakit.book.fifo_kernel import LEVEL_SIZE, SIZE, side_row
from tcakit.jit import tower_call, tower_part
from tcakit.market.codes import ACKNOWLEDGED, EXECUTE, PRINT_CROSS, PRINT_HIDDEN
from tcakit.simulator.market_layout_kernel import (
    FIRST_OWN,
    LOG_AHEAD,
    LOG_ASK,
    LOG_BID,
    LOG_EVENT,
    LOG_LEAVES,
    LOG_LEVEL,
    LOG_LIQUIDITY,
    LOG_LOCAL_NS,
    LOG_NS,
    LOG_ORDER,
    LOG_PART,
    LOG_REASON,
    LOG_ROWS,
    LOG_SIZE,
    LOG_TAPE_ROW,
    NOW,
    RESPONSE_NS,
    TAPE_SEEN,
    VOLUME,
)
from tcakit.simulator.participants_kernel import tell
from tcakit.venue import engine_layout_kernel as ek


@tower_part
def settle(market, sent, client):
    """Read what the last message wrote: the tape's new rows and the reports, which are then gone.

    `sent` is the engine's id of the order that came in, `client` its number if it is one of ours, else -1.
    """
    engine, at = market.engine, market.at
    counters, tape, reports = engine.counters, engine.tape, engine.reports
    for row in range(at[TAPE_SEEN], counters[ek.TAPE_ROWS]):
        kind = tape[row, ek.TAPE_KIND]
        if kind == EXECUTE or kind == PRINT_HIDDEN or kind == PRINT_CROSS:
            at[VOLUME] += tape[row, ek.TAPE_SIZE]
    at[TAPE_SEEN] = counters[ek.TAPE_ROWS]
    for row in range(counters[ek.REPORT_ROWS]):
        owner, order = reports[row, ek.REPORT_OWNER], reports[row, ek.REPORT_ORDER_ID]
        if owner < at[FIRST_OWN]:
            event = reports[row, ek.REPORT_EVENT]
            # The tape names the side that rested; whoever did not came against it.
            traded = reports[row, ek.REPORT_TAPE_ROW]
            side = tape[traded, ek.TAPE_SIDE]
            if tape[traded, ek.TAPE_RESTING_ID] != order:
                side = -side
            tell(market.people, owner - 1, order, event, side, reports[row, ek.REPORT_SIZE])
        else:
            number = client if order == sent else market.client_of_slot[order & ek.SLOT_MASK]
            log_report(market, reports, row, number)
            if reports[row, ek.REPORT_EVENT] == ACKNOWLEDGED:
                market.log[at[LOG_ROWS] - 1, LOG_AHEAD] = _ahead(engine, order)
    counters[ek.REPORT_ROWS] = 0
    # Not for a late cancel of an order that has gone: its slot may be another one's by now.
    if client >= 0 and sent > 0 and engine.orders[sent & ek.SLOT_MASK, ek.ORDER_ID] == sent:
        market.client_of_slot[sent & ek.SLOT_MASK] = client


@tower_call
def log_report(market, reports, row, number):
    """Write down for us what a venue says of one of our orders."""
    at, log = market.at, market.log
    place = at[LOG_ROWS]
    log[place, LOG_NS] = at[NOW]
    log[place, LOG_LOCAL_NS] = at[NOW] + at[RESPONSE_NS]
    log[place, LOG_ORDER] = number
    log[place, LOG_EVENT] = reports[row, ek.REPORT_EVENT]
    log[place, LOG_REASON] = reports[row, ek.REPORT_REASON]
    log[place, LOG_LEVEL] = reports[row, ek.REPORT_LEVEL]
    log[place, LOG_PART] = reports[row, ek.REPORT_PART]
    log[place, LOG_SIZE] = reports[row, ek.REPORT_SIZE]
    log[place, LOG_LEAVES] = reports[row, ek.REPORT_LEAVES]
    log[place, LOG_LIQUIDITY] = reports[row, ek.REPORT_LIQUIDITY]
    log[place, LOG_BID] = reports[row, ek.REPORT_BID]
    log[place, LOG_ASK] = reports[row, ek.REPORT_ASK]
    log[place, LOG_TAPE_ROW] = reports[row, ek.REPORT_TAPE_ROW]
    log[place, LOG_AHEAD] = -1
    at[LOG_ROWS] = place + 1


@tower_part
def _ahead(engine, order):
    """Displayed size before an order that has just come to rest, -1 if it does not rest where others see it."""
    slot = order & ek.SLOT_MASK
    orders = engine.orders
    if orders[slot, ek.ORDER_ID] != order or orders[slot, fk.SIDE] == 0 or orders[slot, ek.BOOK] != ek.DISPLAYED:
        return -1
    row = side_row(orders[slot, fk.SIDE])
    return engine.levels[ek.DISPLAYED, row, orders[slot, fk.LEVEL], LEVEL_SIZE] - orders[slot, SIZE]
