"""A compiled strategy that does what its memory tells it, and writes down all that it sees."""

from tcakit.replay.compiled import (
    best_ask,
    best_bid,
    cancel,
    integers,
    is_open,
    market_volume,
    modify,
    now_ns,
    open_quantity,
    position,
    size_at,
    submit,
    submit_iceberg,
    submit_market,
    submit_pegged,
    submit_stop,
    wake_at,
)

INTEGERS = 100_000
ACTS = 16  # the script: rows of (what, order, side, quantity, tick, force, wait ns, two more of special orders)
FIELDS = 9
NOTES = 2_000
AT_ACT, N_ACTS, N_NOTES = 0, 1, 2


def note(me, value):
    k = integers(me)
    k[NOTES + k[N_NOTES]] = value
    k[N_NOTES] += 1


def look(market, me):
    bid, ask = best_bid(market), best_ask(market)
    note(me, now_ns(market))
    note(me, bid)
    note(me, ask)
    note(me, size_at(market, 1, bid))
    note(me, size_at(market, -1, ask))
    note(me, size_at(market, -1, 1003))
    note(me, market_volume(market))
    note(me, position(me))


def act(market, me, at):
    k = integers(me)
    what, order, side, quantity, tick, force = k[at], k[at + 1], k[at + 2], k[at + 3], k[at + 4], k[at + 5]
    if what == 1:
        cancel(market, me, order)
    elif what == 2:
        modify(market, me, order, quantity, tick)
    elif what == 3:
        note(me, submit_market(market, me, side, quantity, force))
    elif what == 4:
        note(me, submit(market, me, side, quantity, tick, force))
    elif what == 5:
        note(me, submit_stop(market, me, side, quantity, k[at + 7], tick, force))
    elif what == 6:
        note(me, submit_iceberg(market, me, side, quantity, tick, k[at + 7], force))
    elif what == 7:
        note(me, submit_pegged(market, me, side, quantity, k[at + 7], k[at + 8], tick, force))


def on_start(market, me):
    on_time(market, me)


def on_time(market, me):
    look(market, me)
    k = integers(me)
    wait = 0
    while wait == 0 and k[AT_ACT] < k[N_ACTS]:
        at = ACTS + k[AT_ACT] * FIELDS
        act(market, me, at)
        wait = k[at + 6]
        k[AT_ACT] += 1
    if wait > 0:
        wake_at(market, me, now_ns(market) + wait)


def on_fill(market, me, fill):
    note(me, -1)
    note(me, fill.order_id)
    note(me, fill.side)
    note(me, fill.tick)
    note(me, fill.quantity)
    note(me, fill.venue_ns)
    note(me, fill.local_ns)
    note(me, 1 if fill.is_maker else 0)
    look(market, me)


def on_order(market, me, order, event, reason):
    note(me, -2)
    note(me, order)
    note(me, event)
    note(me, reason)
    note(me, 1 if is_open(me, order) else 0)
    if is_open(me, order):
        note(me, open_quantity(me, order))
