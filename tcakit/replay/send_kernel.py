"""What strategies ask for, written down and put on its way to the venue."""

from __future__ import annotations

from tcakit.jit import bare_part
from tcakit.market.codes import NEW, NO_REASON, PENDING_CANCEL, PENDING_MODIFY
from tcakit.replay.layout_kernel import (
    BUS_FIELDS,
    BUS_HEAD,
    BUS_NS,
    BUS_ORDER,
    BUS_QUANTITY,
    BUS_TAIL,
    BUS_TICK,
    BUS_WHAT,
    LAST_ARRIVAL_NS,
    LEAVES,
    N_TOLD,
    OWNER,
    QUANTITY,
    SEND_CANCEL,
    SEND_LOST,
    SEND_NEW,
    SIDE,
    STATE,
    SUBMITTED_NS,
    TICK,
    TIME_IN_FORCE,
    TOLD_EVENT,
    TOLD_NS,
    TOLD_ORDER,
    TOLD_SIZE,
    TOLD_TICK,
    TYPE,
)


@bare_part
def _tell(s, ns, order, event, tick, size):
    at = s.cursor[N_TOLD]
    s.told[at, TOLD_NS] = ns
    s.told[at, TOLD_ORDER] = order
    s.told[at, TOLD_EVENT] = event
    s.told[at, TOLD_TICK] = tick
    s.told[at, TOLD_SIZE] = size
    s.cursor[N_TOLD] = at + 1


@bare_part
def send(s, what, order, tick, quantity, now, entry, refusal):
    """Put a message (SEND_NEW, SEND_CANCEL, SEND_MODIFY) on a way of `entry` ns, one that gets lost if that is below
    zero; what is refused for a reason goes back to its sender at once. There must be room on the bus and in `told`."""
    if what == SEND_NEW:
        _tell(s, now, order, NEW, tick, quantity)
    elif what == SEND_CANCEL:
        _tell(s, now, order, PENDING_CANCEL, s.orders[order, TICK], s.orders[order, LEAVES])
    else:
        _tell(s, now, order, PENDING_MODIFY, tick, quantity)
    if refusal != NO_REASON:
        arrival = now
    elif entry < 0:
        arrival = now - entry
    else:
        arrival = max(now + entry, s.cursor[LAST_ARRIVAL_NS])
        s.cursor[LAST_ARRIVAL_NS] = arrival
    at = s.cursor[BUS_TAIL]
    # What got lost is in nobody's way: it stands where its sender is told of it.
    while at > s.cursor[BUS_HEAD] and s.bus[at - 1, BUS_NS] > arrival:
        for field in range(BUS_FIELDS):
            s.bus[at, field] = s.bus[at - 1, field]
        at -= 1
    is_lost = refusal != NO_REASON or entry < 0
    s.bus[at, BUS_NS] = arrival
    s.bus[at, BUS_WHAT] = what + SEND_LOST if is_lost else what
    s.bus[at, BUS_ORDER] = order
    s.bus[at, BUS_TICK] = refusal if is_lost else tick
    s.bus[at, BUS_QUANTITY] = quantity
    s.cursor[BUS_TAIL] += 1


@bare_part
def send_new(s, order, side, tick, quantity, kind, time_in_force, owner, now, entry, refusal):
    """Write down an order (side 0 buy, 1 sell) and send it; there must be room for it in `orders`."""
    s.orders[order, SIDE] = side
    s.orders[order, TICK] = tick
    s.orders[order, QUANTITY] = quantity
    s.orders[order, LEAVES] = quantity
    s.orders[order, TYPE] = kind
    s.orders[order, TIME_IN_FORCE] = time_in_force
    s.orders[order, STATE] = NEW
    s.orders[order, SUBMITTED_NS] = now
    s.orders[order, OWNER] = owner
    send(s, SEND_NEW, order, tick, quantity, now, entry, refusal)
