"""Steps of episodes whose arrays are known by their addresses, one of them or many in one call.

`table` is int64, a row an array: address, then its length in each of four dimensions; the arrays are those of the
market's engine, flow and feedback, the rest of `Market`, and `Book`. Handing over the arrays themselves would take
ten microseconds a step.
"""

from __future__ import annotations

from numba import carray

from tcakit.jit import hot_part, jit, pointer_to
from tcakit.learn.episode_kernel import ask
from tcakit.learn.step_kernel import Book, look_around, step
from tcakit.simulator.flow_layout_kernel import Feedback, Flow
from tcakit.simulator.market_kernel import run
from tcakit.simulator.market_layout_kernel import Market
from tcakit.venue.engine_layout_kernel import Engine

_int64, _float64, _uint64 = pointer_to["int64"], pointer_to["float64"], pointer_to["uint64"]
_float32 = pointer_to["float32"]

_FLOW = len(Engine._fields)
_FEEDBACK = _FLOW + len(Flow._fields)
_REST = _FEEDBACK + len(Feedback._fields)
_BOOK = _REST + len(Market._fields) - 3
ROWS = _BOOK + len(Book._fields)
COLUMNS = 5

INSTRUCTION = -1
"""A kind of action: what is asked for already stands in the account."""
GO_ON = -2
"""A kind of action: a step that came back goes on."""
OVER = -1
"""Status of a step that was not taken, the episode being over."""


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
def _market_at(t):
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


@hot_part
def _book_at(t):
    k = _BOOK
    return Book(
        _row(t, k),
        _floats(t, k + 1),
        _floats(t, k + 2),
        _row(t, k + 3),
        carray(_float32(t[k + 4, 0]), (t[k + 4, 1],)),
        _row(t, k + 5),
    )


@jit
def run_at(address, until):
    """Let the market whose arrays stand in a table at an address run; as `market_kernel.run`."""
    return run(_market_at(carray(_int64(address), (ROWS, COLUMNS))), until)


@jit
def act(market, book, runner, where, kind, value, unit):
    """Take a step with an action of a kind; or with INSTRUCTION as the account asks, or with GO_ON finish one. DONE, or
    what has to be enlarged first."""
    if kind >= 0:
        ask(book.account, kind, value, unit)
    return step(market, book, runner, where)


@jit
def act_at(address, runner, kind, value, unit):
    """`act` where a table of addresses stands; `runner` is that of `run_at`."""
    table = carray(_int64(address), (ROWS, COLUMNS))
    return act(_market_at(table), _book_at(table), runner, address, kind, value, unit)


@jit
def look_around_at(address):
    """`look_around` where a table of addresses stands."""
    table = carray(_int64(address), (ROWS, COLUMNS))
    return look_around(_market_at(table), _book_at(table))


@jit
def act_each(addresses, runner, kind, values, unit, statuses, first, end):
    """`act_at` for the tables from `first` to before `end`, those whose status is not OVER; writes `statuses`."""
    for place in range(first, end):
        if statuses[place] != OVER:
            statuses[place] = act_at(addresses[place], runner, kind, values[place], unit)
