"""A step of an episode in a simulated market, as `episode.Episode` takes it through a gateway, in one call.

`book` is what belongs to the episode: `account`, `measures`, `settings`, the numbers of the `features`, the
`observation` (float32), and what each order sent has open, `leaves`. A step that needs an array enlarged comes back
with that status, and goes on where it was when it is called again.

The market itself is run by a function that is known by its address: compiled once, and not into every kernel anew.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tcakit.book.fifo_kernel import LEVEL_SIZE, SIZE
from tcakit.jit import call_step, jit
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.episode_kernel import arrive, close_step, filled, step_end_ns
from tcakit.learn.feature_kernel import observe
from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.bus_kernel import post
from tcakit.venue import engine_layout_kernel as ek

DONE = 0

# How far a step has come.
_DECIDES = 0
_TAKES_BACK = 1
_SENDS = 2
_RUNS = 3
_ENDS = 4
_TAKES_BACK_AT_END = 5
_CLOSES = 6
_MESSAGES = 4  # that a step may send before it lets the market run


class Book(NamedTuple):
    """What an episode keeps beside its market."""

    account: Any
    measures: Any
    settings: Any
    features: Any
    observation: Any
    leaves: Any


@jit
def look_around(market, book):
    """See the market for the first time; whether both of its sides show something."""
    account = book.account
    account[el.BID] = -1
    account[el.ASK] = -1
    account[el.TAPE_LOOKED] = market.engine.counters[ek.TAPE_ROWS]
    _look(market, account)
    arrive(account)
    observe(account, book.measures, book.settings, book.features, book.observation)
    return account[el.BID] >= 0 and account[el.ASK] >= 0


@jit
def step(market, book, runner, where):
    """Take a step with what is asked for in the account; DONE, or what has to be enlarged before it goes on.

    `runner` is the address of what lets the market run, which knows it by `where`.
    """
    account, at = book.account, market.at
    while True:
        if at[ml.BUS_COUNT] + _MESSAGES >= market.bus.shape[0]:
            return ml.BUS_FULL
        phase = account[el.PHASE]
        if phase == _DECIDES:
            account[el.STEP_FILLED] = 0
            account[el.PHASE] = _TAKES_BACK if _take_back(market, account) else _SENDS
        elif phase == _TAKES_BACK:
            # What is not taken back by the end of the step still stands where it stood.
            answered = _answered_ns(market, account)
            if answered <= step_end_ns(account):
                status = _wait(market, account, book.leaves, runner, where, answered)
                if status != DONE:
                    return status
                if account[el.ORDER] != el.NO_ORDER and _answered_ns(market, account) > at[ml.NOW]:
                    continue
            account[el.PHASE] = _SENDS
        elif phase == _SENDS:
            tick = _wanted_tick(account)
            _submit(market, account, book.leaves, account[el.ASKED_QUANTITY], -1)
            if tick >= 0 and account[el.ORDER] == el.NO_ORDER:
                _submit(market, account, book.leaves, account[el.LEFT] - account[el.OPEN], tick)
            account[el.PHASE] = _RUNS
        elif phase == _RUNS:
            status = _wait(market, account, book.leaves, runner, where, step_end_ns(account))
            if status != DONE:
                return status
            is_last = account[el.STEP] + 1 == account[el.STEPS]
            account[el.PHASE] = _ENDS if is_last else _CLOSES
            if is_last and account[el.ORDER] != el.NO_ORDER:
                _send(market, account, ml.SEND_CANCEL, account[el.ORDER], 0, 0, codes.LIMIT, codes.GTC)
            account[el.WAIT_NS] = at[ml.NOW]
        elif phase == _ENDS or phase == _TAKES_BACK_AT_END:
            status = _wait(market, account, book.leaves, runner, where, account[el.WAIT_NS])
            if status != DONE:
                return status
            answered = _answered_ns(market, account)
            if answered > at[ml.NOW]:
                account[el.WAIT_NS] = answered
            elif phase == _ENDS:
                account[el.LEFT_AT_END] = account[el.LEFT]
                _submit(market, account, book.leaves, account[el.LEFT], -1)
                account[el.WAIT_NS] = at[ml.NOW]
                account[el.PHASE] = _TAKES_BACK_AT_END
            else:
                account[el.PHASE] = _CLOSES
        else:
            account[el.PHASE] = _DECIDES
            _look(market, account)
            close_step(account, book.measures, book.settings)
            observe(account, book.measures, book.settings, book.features, book.observation)
            return DONE


@jit
def _wanted_tick(account):
    """The tick of the limit order that is asked for, -1 for none."""
    offset = account[el.ASKED_OFFSET]
    if offset == el.NO_LIMIT or offset == el.LEAVE:
        return -1
    touch = account[el.BID] if account[el.SIDE] > 0 else account[el.ASK]
    return touch + account[el.SIDE] * offset


@jit
def _take_back(market, account):
    """Ask for a limit order back that is not where it is wanted; whether it was asked."""
    order, offset = account[el.ORDER], account[el.ASKED_OFFSET]
    if order == el.NO_ORDER or offset == el.LEAVE:
        return False
    if _wanted_tick(account) == account[el.ORDER_TICK] and account[el.ASKED_QUANTITY] <= 0:
        return False
    _send(market, account, ml.SEND_CANCEL, order, 0, 0, codes.LIMIT, codes.GTC)
    return True


@jit
def _submit(market, account, leaves, size, tick):
    """Send an order for so much of what is free, in whole lots: a limit order, or with -1 a market order."""
    lot = account[el.LOT]
    size = min(size, account[el.LEFT] - account[el.OPEN]) // lot * lot
    if size <= 0:
        return
    order = account[el.SENT]
    account[el.SENT] = order + 1
    leaves[order] = size
    account[el.OPEN] += size
    market.own[order, 0] = -1
    market.own[order, 1] = 0
    if tick < 0:
        _send(market, account, ml.SEND_NEW, order, -1, size, codes.MARKET, codes.IOC)
        return
    _send(market, account, ml.SEND_NEW, order, tick - account[el.BASE_TICK], size, codes.LIMIT, codes.GTC)
    account[el.ORDER] = order
    account[el.ORDER_TICK] = tick


@jit
def _send(market, account, what, order, level, size, order_type, time_in_force):
    """Put a message on its way; messages of ours never overtake each other."""
    at = market.at
    arrival = max(at[ml.NOW] + account[el.ENTRY_NS], account[el.LAST_ARRIVAL_NS])
    account[el.LAST_ARRIVAL_NS] = arrival
    post(
        at, market.bus, market.heap, market.spare, arrival, what, at[ml.FIRST_OWN], order, 0, account[el.SIDE], level,
        size, order_type, time_in_force, ml.NO_TAG,
    )  # fmt: skip


@jit
def _answered_ns(market, account):
    """When the last message under way and its answer will have arrived; now if there is none."""
    at = market.at
    now = at[ml.NOW]
    if at[ml.DELIVERED] == at[ml.LOG_ROWS] and account[el.LAST_ARRIVAL_NS] <= now:
        return now
    return max(now, account[el.LAST_ARRIVAL_NS] + at[ml.RESPONSE_NS])


@jit
def _wait(market, account, leaves, runner, where, until):
    """Let the market run to a time, hearing of our orders what reaches us until then."""
    while True:
        status = call_step(runner, (where, max(until, market.at[ml.NOW])))
        if status == ml.RESPONSE:
            _hear(market, account, leaves)
        elif status == ml.AT_TIME:
            return DONE
        elif status != ml.TOUCHED:
            return status


@jit
def _hear(market, account, leaves):
    """Take down what has reached us of our orders."""
    at, log = market.at, market.log
    row = at[ml.DELIVERED]
    while row < at[ml.LOG_ROWS] and log[row, ml.LOG_LOCAL_NS] <= at[ml.NOW]:
        order, event, size = log[row, ml.LOG_ORDER], log[row, ml.LOG_EVENT], log[row, ml.LOG_SIZE]
        if event == codes.FILLED or event == codes.PARTIAL:
            leaves[order] -= size
            filled(account, log[row, ml.LOG_LEVEL] + account[el.BASE_TICK], size)
        elif event == codes.CANCELLED or event == codes.REJECTED or event == codes.EXPIRED:
            account[el.OPEN] -= leaves[order]
            leaves[order] = 0
        if order == account[el.ORDER] and leaves[order] <= 0:
            account[el.ORDER] = el.NO_ORDER
        row += 1
    at[ml.DELIVERED] = row


@jit
def _look(market, account):
    """Take down the market as it is seen now, our own order left out."""
    for row in range(2):
        _look_at(market, account, row)
    tape, first = market.engine.tape, market.at[ml.FIRST_OWN]
    volume = bought = sold = 0
    for row in range(account[el.TAPE_LOOKED], market.engine.counters[ek.TAPE_ROWS]):
        kind = tape[row, ek.TAPE_KIND]
        is_print = kind == codes.EXECUTE or kind == codes.PRINT_HIDDEN or kind == codes.PRINT_CROSS
        if not is_print or tape[row, ek.TAPE_TAKER_OWNER] >= first:
            continue
        size = tape[row, ek.TAPE_SIZE]
        if tape[row, ek.TAPE_OWNER] < first:
            volume += size
        if tape[row, ek.TAPE_SIDE] == codes.SELL:
            bought += size
        elif tape[row, ek.TAPE_SIDE] == codes.BUY:
            sold += size
    account[el.TAPE_LOOKED] = market.engine.counters[ek.TAPE_ROWS]
    account[el.STEP_VOLUME] = volume
    account[el.STEP_BOUGHT] = bought
    account[el.STEP_SOLD] = sold
    account[el.VOLUME] += volume


@jit
def _look_at(market, account, row):
    """Take down the best tick of the bids (0) or the offers (1), what it shows, and what the best ticks show."""
    engine, side = market.engine, 1 - 2 * row
    ladder = engine.levels.shape[2]
    level, ours, ours_at = engine.best[ek.DISPLAYED, row], 0, -1
    if account[el.SIDE] == side and account[el.ORDER] != el.NO_ORDER:
        ours_at = account[el.ORDER_TICK] - account[el.BASE_TICK]
        ours = shown_of(engine.orders, market.own[account[el.ORDER], 0])
    if ours > 0 and level == ours_at and engine.levels[ek.DISPLAYED, row, level, LEVEL_SIZE] <= ours:
        level = _behind(engine, row, level)
    if not 0 <= level < ladder:
        account[el.BID_SIZE + row] = 0
        account[el.BID_DEPTH + row] = 0
        return
    depth = 0
    for behind in range(el.DEPTH_TICKS):
        place = level - side * behind
        if 0 <= place < ladder:
            shown = engine.levels[ek.DISPLAYED, row, place, LEVEL_SIZE]
            if place == ours_at:
                shown -= ours
            if behind == 0:
                account[el.BID_SIZE + row] = shown
            depth += shown
    account[el.BID_DEPTH + row] = depth
    account[el.BID + row] = level + account[el.BASE_TICK]


@jit
def shown_of(orders, order):
    """What the engine displays of an order, by its id, which is -1 of one that has not arrived."""
    if order < 0:
        return 0
    slot = order & ek.SLOT_MASK
    stands = orders[slot, ek.ORDER_ID] == order and orders[slot, ek.BOOK] == ek.DISPLAYED
    return orders[slot, SIZE] if stands else 0


@jit
def _behind(engine, row, level):
    """The next level that shows anything behind a best one that is ours alone; -1 if none is near."""
    side = 1 - 2 * row
    for behind in range(1, el.REACH_TICKS):
        place = level - side * behind
        if not 0 <= place < engine.levels.shape[2]:
            return -1
        if engine.levels[ek.DISPLAYED, row, place, LEVEL_SIZE] > 0:
            return place
    return -1
