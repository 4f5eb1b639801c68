"""Steps of episodes whose arrays are known by their addresses, one of them or many in one call.

Both the market and the `Book` are known by tables of their arrays (`jit.arrays_at`). Handing over the arrays themselves
would take ten microseconds a step.
"""

from __future__ import annotations

from tcakit.jit import arrays_at, jit
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.episode_kernel import ask
from tcakit.learn.step_kernel import Book, look_around, step
from tcakit.simulator.table_kernel import market_at

_book_at = arrays_at((Book, ["i1", "f1", "f1", "i1", "s1", "i1"]))

INSTRUCTION = -1
"""A kind of action: what is asked for already stands in the account."""
GO_ON = -2
"""A kind of action: a step that came back goes on."""
OVER = -1
"""Status of a step that was not taken, the episode being over."""


@jit
def act(market, book, runner, where, kind, value, unit):
    """Take a step with an action of a kind; or with INSTRUCTION as the account asks, or with GO_ON finish one. DONE, or
    what has to be enlarged first."""
    if kind >= 0:
        ask(book.account, kind, value, unit)
    return step(market, book, runner, where)


@jit
def act_at(runner, market, book, kind, value, unit):
    """`act` where tables of addresses stand; `runner` is the address of `run_at`."""
    return act(market_at(market), _book_at(book), runner, market, kind, value, unit)


@jit
def look_around_at(market, book):
    """`look_around` where tables of addresses stand."""
    return look_around(market_at(market), _book_at(book))


@jit
def tell_each(account, measures, was_over, over, rewards, whole, real):
    """Write down what many episodes say of their steps, from the rows of their accounts and measures.

    `over` and `rewards` are what they return, those that have just begun nothing; `whole` int64 (WHOLE, n) and `real`
    float64 (REAL, n) are the columns of their infos.
    """
    for place in range(account.shape[0]):
        begins = was_over[place]
        over[place] = not begins and account[place, el.IS_OVER] != 0
        rewards[place] = 0.0 if begins else measures[place, el.REWARD]
        ordered, arrival = account[place, el.QUANTITY], account[place, el.ARRIVAL_MID]
        whole[0, place] = account[place, el.STEP]
        whole[1, place] = account[place, el.SIDE]
        whole[2, place] = account[place, el.LEFT]
        whole[3, place] = ordered - account[place, el.LEFT]
        whole[4, place] = account[place, el.LEFT_AT_END]
        whole[5, place] = account[place, el.VOLUME]
        real[0, place] = account[place, el.MID] / 2
        real[1, place] = arrival / 2
        real[2, place] = 1e4 * account[place, el.COST] / (ordered * arrival)
        for part in range(el.OBJECTIVES):
            real[3 + part, place] = measures[place, el.PRICE + part]


@jit
def act_each(runner, markets, books, kind, values, unit, statuses, first, end):
    """`act_at` for the tables from `first` to before `end`, those whose status is not OVER; writes `statuses`."""
    for place in range(first, end):
        if statuses[place] != OVER:
            statuses[place] = act_at(runner, markets[place], books[place], kind, values[place], unit)
