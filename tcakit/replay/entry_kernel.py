"""The replay kernel behind one table of addresses, so that stepping from Python costs next to nothing.

Handing over the arrays themselves costs a fraction of a microsecond for each of them at every call.
"""

from __future__ import annotations

from numba import carray

from tcakit.jit import jit, part, pointer_to
from tcakit.replay.replay_kernel import advance, see
from tcakit.replay.state_kernel import Market, State

_int8, _uint8, _int32, _int64, _float64 = (pointer_to[name] for name in ("int8", "uint8", "int32", "int64", "float64"))
_STATE = len(Market._fields)


@part
def _flat(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1],))


@part
def _grid(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1], t[k, 2]))


@part
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


@part
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
    )


@jit
def advance_at(table, until):
    """`advance`, by a table of addresses."""
    return advance(market_at(table), state_at(table), until)


@jit
def see_at(table):
    """`see`, by a table of addresses."""
    see(market_at(table), state_at(table))
