"""Follow orders of a FIX log from message to message by their ids, which are numbers here."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit

NO_CHAIN = -1
# Which id names a chain for good: the one that its first message replaces, else its own, else the venue's.
BY_REPLACED, BY_NAME, BY_ORDER = 0, 1, 2


@jit
def follow_chains(names, befores, orders, days, opens, id_count):
    """Give each message of a log, in its order, the chain of messages that it belongs to.

    `names` (ClOrdID) and `befores` (OrigClOrdID) are numbers of one kind below `id_count`, as are `orders` (OrderID)
    of another; -1 where there is none. `days` tell days apart, `opens` marks messages that open an order. Gives the
    chain of each message (-1 where no id says), the message that began each chain and how that one names it
    (BY_REPLACED, BY_NAME, BY_ORDER), and for each id that a chain came to bear as its ClOrdID: the id's number and the
    chain.
    """
    count = len(names)
    chains = np.full(count, NO_CHAIN, np.int64)
    begun = np.empty(count, np.int64)
    named_by = np.empty(count, np.int8)
    chain_order = np.empty(count, np.int64)
    borne = np.empty(2 * count, np.int64)
    bearer = np.empty(2 * count, np.int64)
    live = np.full(id_count, NO_CHAIN, np.int64)
    by_order = np.full(id_count, NO_CHAIN, np.int64)
    chain_count = borne_count = 0
    for row in range(count):
        name, before, order = names[row], befores[row], orders[row]
        chain = live[name] if name >= 0 else NO_CHAIN
        if chain >= 0 and opens[row] and days[begun[chain]] != days[row]:
            if chain_order[chain] < 0 or order < 0 or chain_order[chain] != order:
                # An id that opens again on another day is another order.
                chain = NO_CHAIN
                before = -1
        elif chain < 0:
            if before >= 0:
                chain = live[before]
            if chain < 0 and order >= 0 and not opens[row]:
                chain = by_order[order]
        if chain < 0:
            if before >= 0:
                kind = BY_REPLACED
            elif name >= 0:
                kind = BY_NAME
            elif order >= 0:
                kind = BY_ORDER
            else:
                continue
            chain = chain_count
            chain_count += 1
            begun[chain] = row
            named_by[chain] = kind
            chain_order[chain] = order
        if before >= 0 and live[before] < 0:
            live[before] = chain
            borne[borne_count] = before
            bearer[borne_count] = chain
            borne_count += 1
        if name >= 0 and live[name] != chain:
            live[name] = chain
            borne[borne_count] = name
            bearer[borne_count] = chain
            borne_count += 1
        if order >= 0:
            if chain_order[chain] < 0:
                chain_order[chain] = order
            by_order[order] = chain
        chains[row] = chain
    return (
        chains,
        begun[:chain_count].copy(),
        named_by[:chain_count].copy(),
        borne[:borne_count].copy(),
        bearer[:borne_count].copy(),
    )
