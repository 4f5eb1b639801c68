"""The kernel of a simulated market behind one table of addresses: running it from Python, or from another kernel, costs
next to nothing, and it is compiled once.

`table` is int64, a row an array: its address, then its lengths in up to four dimensions, 1 where it has fewer; first
the arrays of the market's engine, flow and feedback, then the rest of `Market`, all in their order.
"""

from __future__ import annotations

from numba import carray

from tcakit.jit import hot_part, jit, pointer_to
from tcakit.simulator.flow_layout_kernel import Feedback, Flow
from tcakit.simulator.market_kernel import run
from tcakit.simulator.market_layout_kernel import Market
from tcakit.venue.engine_layout_kernel import Engine

_int64, _float64, _uint64 = pointer_to["int64"], pointer_to["float64"], pointer_to["uint64"]

_FLOW = len(Engine._fields)
_FEEDBACK = _FLOW + len(Flow._fields)
_REST = _FEEDBACK + len(Feedback._fields)
ROWS = _REST + len(Market._fields) - 3
COLUMNS = 5


@hot_part
def _row(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1],))


@hot_part
def _grid(t, k):
    return carray(_int64(t[k, 0]), (t[k, 1], t[k, 2]))


@hot_part
def _floats(t, k):
    return carray(_float64(t[k, 0]), (t[k, 1],))


@hot_part
def _float_grid(t, k):
    return carray(_float64(t[k, 0]), (t[k, 1], t[k, 2]))


@hot_part
def _engine_at(t):
    return Engine(
        _grid(t, 0),
        carray(_int64(t[1, 0]), (t[1, 1], t[1, 2], t[1, 3], t[1, 4])),
        _grid(t, 2),
        _row(t, 3),
        _grid(t, 4),
        _row(t, 5),
        _grid(t, 6),
        _grid(t, 7),
    )


@hot_part
def _flow_at(t):
    k = _FLOW
    return Flow(
        carray(_float64(t[k, 0]), (t[k, 1], t[k, 2], t[k, 3], t[k, 4])),
        carray(_float64(t[k + 1, 0]), (t[k + 1, 1], t[k + 1, 2], t[k + 1, 3])),
        _row(t, k + 2),
        _float_grid(t, k + 3),
        _grid(t, k + 4),
        _grid(t, k + 5),
        _grid(t, k + 6),
        _row(t, k + 7),
        _floats(t, k + 8),
        _floats(t, k + 9),
        _floats(t, k + 10),
        _floats(t, k + 11),
        _floats(t, k + 12),
        _floats(t, k + 13),
        _floats(t, k + 14),
        _row(t, k + 15),
        _row(t, k + 16),
        _floats(t, k + 17),
    )


@hot_part
def market_at(address):
    """The market whose arrays stand in a table at an address."""
    t = carray(_int64(address), (ROWS, COLUMNS))
    k = _REST
    return Market(
        _engine_at(t),
        _flow_at(t),
        Feedback(_float_grid(t, _FEEDBACK), _floats(t, _FEEDBACK + 1), _row(t, _FEEDBACK + 2)),
        _row(t, k),
        _floats(t, k + 1),
        _grid(t, k + 2),
        _float_grid(t, k + 3),
        _float_grid(t, k + 4),
        carray(_uint64(t[k + 5, 0]), (t[k + 5, 1],)),
        carray(_uint64(t[k + 6, 0]), (t[k + 6, 1],)),
        _grid(t, k + 7),
        _grid(t, k + 8),
        _row(t, k + 9),
        _grid(t, k + 10),
        _grid(t, k + 11),
        _row(t, k + 12),
        _grid(t, k + 13),
    )


@jit
def run_at(address, until):
    """Let the market whose arrays stand in a table at an address run; as `market_kernel.run`."""
    return run(market_at(address), until)
