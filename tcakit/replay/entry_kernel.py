"""The replay kernel behind one table of addresses, so that stepping from Python costs next to nothing.

Handing over the arrays themselves costs a fraction of a microsecond for each of them at every call; even the table is
handed over by its own address.
"""

from __future__ import annotations

from numba import carray

from tcakit.jit import hot_part, jit, pointer_to
from tcakit.replay.replay_kernel import advance, see
from tcakit.replay.send_kernel import send, send_new
from tcakit.replay.state_kernel import Market, State

_int8, _uint8, _int32, _int64, _float64 = (pointer_to[name] for name in ("int8", "uint8", "int32", "int64", "float64"))
_STATE = len(Market._fields)
_ARRAYS = _STATE + len(State._fields)


@hot_part
def _flat(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1],))


@hot_part
def _grid(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1], t[k, 2]))


@hot_part
def market_at(t):
    """The market whose arrays stand at the addresses of a table."""
    return Market(
        _flat(t, 0),
        carray(_int32(t[1, 0]), (t[1, 1],)),
        _flat(t, 2),
        carray(_uint8(t[3, 0]), (t[3, 1],)),
        carray(_int8(t[4, 0]), (t[4, 1],)),
        carray(_int32(t[5, 0]), (t[5, 1],)),
        _flat(t, 6),
        carray(_int32(t[7, 0]), (t[7, 1],)),
        carray(_int32(t[8, 0]), (t[8, 1],)),
        carray(_int32(t[9, 0]), (t[9, 1],)),
        carray(_int32(t[10, 0]), (t[10, 1],)),
        _flat(t, 11),
    )


@hot_part
def state_at(t):
    """The state whose arrays stand at the addresses of a table."""
    k = _STATE
    return State(
        _grid(t, k),
        _grid(t, k + 1),
        _flat(t, k + 2),
        carray(_int32(t[k + 3, 0]), (t[k + 3, 1], t[k + 3, 2])),
        _grid(t, k + 4),
        _grid(t, k + 5),
        _flat(t, k + 6),
        _flat(t, k + 7),
        carray(_float64(t[k + 8, 0]), (t[k + 8, 1],)),
        _grid(t, k + 9),
        _grid(t, k + 10),
        _grid(t, k + 11),
        carray(_float64(t[k + 12, 0]), (t[k + 12, 1], t[k + 12, 2])),
        _grid(t, k + 13),
        carray(_float64(t[k + 14, 0]), (t[k + 14, 1],)),
        _flat(t, k + 15),
        _flat(t, k + 16),
        _flat(t, k + 17),
        _grid(t, k + 18),
        carray(_float64(t[k + 19, 0]), (t[k + 19, 1],)),
        carray(_float64(t[k + 20, 0]), (t[k + 20, 1], t[k + 20, 2])),
        _grid(t, k + 21),
        _grid(t, k + 22),
        carray(_float64(t[k + 23, 0]), (t[k + 23, 1], t[k + 23, 2])),
        carray(_float64(t[k + 24, 0]), (t[k + 24, 1], t[k + 24, 2])),
        _grid(t, k + 25),
        _grid(t, k + 26),
    )


@hot_part
def table_at(address):
    """The table of a market and its state that stands at an address."""
    return carray(_int64(address), (_ARRAYS, 3))


@jit
def advance_at(address, until):
    """`advance`, by the address of a table of addresses."""
    table = table_at(address)
    return advance(market_at(table), state_at(table), until)


@jit
def see_at(address):
    """`see`, by the address of a table of addresses."""
    table = table_at(address)
    see(market_at(table), state_at(table))


@jit
def send_at(address, what, order, tick, quantity, now, entry, refusal):
    """`send`, by the address of a table of addresses."""
    send(state_at(table_at(address)), what, order, tick, quantity, now, entry, refusal)


@jit
def send_new_at(address, order, side, tick, quantity, kind, time_in_force, owner, now, entry, refusal):
    """`send_new`, by the address of a table of addresses."""
    s = state_at(table_at(address))
    send_new(s, order, side, tick, quantity, kind, time_in_force, owner, now, entry, refusal)
