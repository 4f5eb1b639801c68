"""The arrays of a compiled strategy's run, by address: `market` and `me` are where tables of addresses stand.

So a strategy's functions are handed two numbers. Handing on the arrays of a market and of a replay's state, hundreds of
words at every call, takes longer than the calls do, and minutes to compile. Each array is seen flat, row after row. As
plain Python, `market` and `me` are tuples of the arrays themselves; where indices are checked, so are these.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import carray

from tcakit.jit import IS_COMPILED, bare_jit, bare_part, hot_part, jit, part, pointer_to
from tcakit.replay.entry_kernel import market_at, state_at
from tcakit.replay.own_kernel import Own
from tcakit.replay.state_kernel import Market, State

_SHARED = (*Market._fields, *State._fields)
_N_SHARED, _N_OWN = len(_SHARED), len(Own._fields)
_IS_CHECKED = bool(numba.config.BOUNDSCHECK)  # type: ignore[attr-defined]
_int64, _float64 = pointer_to["int64"], pointer_to["float64"]

# How what uses these arrays is compiled: an array, unlike a bare pointer, cannot be given back without being counted.
small_part = hot_part if _IS_CHECKED else bare_part
large_part = jit if _IS_CHECKED else bare_jit


def _reader(fields: tuple[str, ...], name: str, kind: str = "int64") -> Any:
    """A function that gives an array of a table."""
    number = fields.index(name)
    if not IS_COMPILED:
        return lambda table: table[number].reshape(-1)
    at, rows, columns, pointer = 3 * number, 3 * number + 1, 3 * number + 2, pointer_to[kind]

    def checked(table: Any) -> Any:
        return carray(pointer(_int64(table)[at]), (_int64(table)[rows] * _int64(table)[columns],))

    def bare(table: Any) -> Any:
        return pointer(_int64(table)[at])

    return small_part(checked if _IS_CHECKED else bare)


def _rows(fields: tuple[str, ...], name: str, column: int = 0) -> Any:
    """A function that gives how many rows, or columns, an array of a table has."""
    number = fields.index(name)
    if not IS_COMPILED:
        return lambda table: table[number].shape[column]
    at = 3 * number + 1 + column

    def count(table: Any) -> Any:
        return _int64(table)[at]

    return bare_part(count)


best_bid_of = _reader(_SHARED, "best_bid", "int32")
best_ask_of = _reader(_SHARED, "best_ask", "int32")
print_row_of = _reader(_SHARED, "print_row", "int32")
print_volume_of = _reader(_SHARED, "print_volume")
cursor_of = _reader(_SHARED, "cursor")
settings_of = _reader(_SHARED, "settings")
orders_of = _reader(_SHARED, "orders")
bus_of = _reader(_SHARED, "bus")
log_of = _reader(_SHARED, "log")
local_sizes_of = _reader(_SHARED, "local_sizes")
local_taken_of = _reader(_SHARED, "local_taken")
print_rows = _rows(_SHARED, "print_row")
order_rows = _rows(_SHARED, "orders")
bus_rows = _rows(_SHARED, "bus")
ticks_of = _rows(_SHARED, "sizes", 1)

scalars_of = _reader(Own._fields, "scalars")
parameters_of = _reader(Own._fields, "parameters", "float64")
integers_of = _reader(Own._fields, "integers")
floats_of = _reader(Own._fields, "floats", "float64")
wakes_of = _reader(Own._fields, "wakes")
told_of = _reader(Own._fields, "told")
known_of = _reader(Own._fields, "known")
entry_at_of = _reader(Own._fields, "entry_at")
entry_ns_of = _reader(Own._fields, "entry_ns")
answer_ns_of = _reader(Own._fields, "answer_ns")
wake_rows = _rows(Own._fields, "wakes")
told_rows = _rows(Own._fields, "told")
known_rows = _rows(Own._fields, "known")
entry_rows = _rows(Own._fields, "entry_at")
draw_rows = _rows(Own._fields, "entry_ns")

if IS_COMPILED:

    @part
    def _table(address, length):
        return carray(_int64(address), (length, 3))

    @part
    def shared_at(market):
        """The market and the state that a replay's kernels run on."""
        table = _table(market, _N_SHARED)
        return market_at(table), state_at(table)

    @part
    def own_at(me):
        """The own of a strategy."""
        t = _table(me, _N_OWN)
        return Own(
            carray(_int64(t[0, 0]), (t[0, 1],)),
            carray(_float64(t[1, 0]), (t[1, 1],)),
            carray(_int64(t[2, 0]), (t[2, 1],)),
            carray(_float64(t[3, 0]), (t[3, 1],)),
            carray(_int64(t[4, 0]), (t[4, 1],)),
            carray(_int64(t[5, 0]), (t[5, 1], t[5, 2])),
            carray(_int64(t[6, 0]), (t[6, 1], t[6, 2])),
            carray(_int64(t[7, 0]), (t[7, 1],)),
            carray(_int64(t[8, 0]), (t[8, 1],)),
            carray(_int64(t[9, 0]), (t[9, 1],)),
        )

else:

    def shared_at(market):
        """The market and the state that a replay's kernels run on."""
        return Market(*market[: len(Market._fields)]), State(*market[len(Market._fields) :])

    def own_at(me):
        """The own of a strategy."""
        return Own(*me)
