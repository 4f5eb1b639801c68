"""One proposal of the background flow after the other: each becomes an order, a cancel, a trade, or nothing.

Queue-reactive (Huang, Lehalle and Rosenbaum 2015; Noble, Rosenbaum and Souilmi 2026): what happens, and how likely
anything does, depends on the spread, on the imbalance of the best queues and on the length of the queue itself. With
tables that are flat it is zero-intelligence flow. Numbers hang on the proposal alone (common random numbers).
"""

from __future__ import annotations

import numpy as np

from tcakit.book.fifo_kernel import COUNT, LEVEL, LEVEL_SIZE, OK, PREVIOUS, SIDE, SIZE, TAIL
from tcakit.jit import melted_door, tower_call, tower_jit, tower_part
from tcakit.market.codes import BUY, PRINT_HIDDEN, SELL
from tcakit.simulator.clock_kernel import is_short, wait_ns
from tcakit.simulator.feedback_kernel import absorb, tilt
from tcakit.simulator.flow_layout_kernel import (
    CANCEL_BEST,
    CANCEL_DEEPER,
    DEEP_ORDERS,
    DEEPER,
    DRAWS,
    EVENTS,
    HIDDEN,
    HIDDEN_MIDDLE,
    IMPROVE,
    IN_BURST,
    JOIN,
    LAST_ASK,
    LAST_BID,
    NEW_BEST_ORDER,
    PART_BEST,
    PART_DEEPER,
    QUEUE_FIRST,
    QUEUE_UNIT,
    RATE_BOUND,
    TAKE,
)
from tcakit.simulator.mood_kernel import mood
from tcakit.simulator.random_kernel import bits, uniform
from tcakit.venue.engine_kernel import cancel_slot, reduce_slot, submit_limit, submit_market
from tcakit.venue.engine_layout_kernel import (
    BIDS,
    BOOK_FULL,
    CLOCK,
    CONTINUOUS,
    DISPLAYED,
    LIVE,
    OWNER,
    PHASE,
    TAPE_PART,
    TAPE_ROWS,
    UNSEEN,
)
from tcakit.venue.engine_record_kernel import room_for, rows_for, write

_ENTRY = np.uint64(DRAWS - 1)
_TEN = np.uint64(10)
_THIRTY_TWO = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_SIXTY_FOUR = np.uint64(63)
_STEPS = 64.0
_PARTS = 4  # draws of 16 bits out of one word
_TRIES = 24
# Fields of the random numbers of a proposal; the clock has 0.
_ACCEPT = 1
_EVENT = 2
_SIZE = 3  # low bits the size, further ones whatever else the size hangs on
_PLACE = 4
_RANK = 5
_RETRY = 6  # to 11
_OPENING = 16  # to 19

_FEW = 4  # orders a side that background takers leave: it is theirs to give, never the last of it
_MOST = 4.0  # times its mean that a rate grows with a queue or with the number of orders
_PIECES = 64  # orders that a new best level comes with, at most
_WALK = 64  # orders that are looked at, from the end of a queue, for one to withdraw
_STALE = 0.5  # of cancels behind the best that look for an order left beyond the tables, if there are more than usual


@tower_call
def _limit(engine, side, level, size):
    """An anonymous limit order; returns the status. What the engine refuses is no fault of the flow's."""
    submit_limit(engine, 0, side, level, size)
    return OK


@tower_call
def market_order(engine, side, size):
    """An anonymous market order; returns the status."""
    submit_market(engine, 0, side, size)
    return OK


@tower_call
def _cancel(engine, slot):
    cancel_slot(engine, slot)
    return OK


@tower_part
def _entry(word):
    return int(word & _ENTRY)


@melted_door
def side_rates(flow, engine, row, spread, follows):
    """Write the rates of the EVENTS of one side (row 0 bids, 1 asks) to `scratch`; returns their sum.

    In 1/s of what comes of itself; where `follows` is 1, weights of what follows in a burst.
    """
    own = float(engine.levels[DISPLAYED, row, engine.best[DISPLAYED, row], LEVEL_SIZE])
    other = float(engine.levels[DISPLAYED, 1 - row, engine.best[DISPLAYED, 1 - row], LEVEL_SIZE])
    bins = flow.rates.shape[2]
    imbalance = min(int(own / (own + other) * bins), bins - 1)
    wide = flow.spread_bin[min(spread, flow.spread_bin.shape[0] - 1)]
    length = own / flow.numbers[QUEUE_UNIT]
    edge = flow.numbers[QUEUE_FIRST]
    queue = 0
    last = flow.queue_factor.shape[1] - 1
    while queue < last and length >= edge:
        edge *= 2.0
        queue += 1
    total = 0.0
    for event in range(EVENTS):
        rate = flow.rates[follows, wide, imbalance, event] * flow.queue_factor[follows, queue, event]
        if event == CANCEL_DEEPER:
            behind = engine.counters[BIDS + row] - engine.levels[DISPLAYED, row, engine.best[DISPLAYED, row], COUNT]
            rate *= min(_MOST, behind / flow.numbers[DEEP_ORDERS])
        elif event == CANCEL_BEST and queue == last:
            # Longer than any queue that was seen: it must not grow without end.
            rate *= max(1.0, min(_MOST, length / edge))
        flow.scratch[row * EVENTS + event] = rate
        total += rate
    return total


@tower_part
def _withdraw(engine, flow, seed, number, row, level, part_share):
    """Cancel an order of the background at a level, or shrink it; returns the status."""
    word = bits(seed, number, _RANK)
    slot = engine.levels[DISPLAYED, row, level, TAIL]
    rank = flow.rank[_entry(word)]
    found = -1
    for place in range(_WALK):
        if slot < 0:
            break
        if engine.orders[slot, OWNER] == 0:
            found = slot
            if place >= rank:
                break
        slot = engine.orders[slot, PREVIOUS]
    if found < 0:
        return OK
    size = engine.orders[found, SIZE]
    rest = np.float64(word >> _TEN) * 2.0**-54
    if rest < part_share and size > 1:
        share = rest / part_share
        reduce_slot(engine, found, max(1, min(size - 1, int(share * size))))
        return OK
    return _cancel(engine, found)


@tower_part
def _withdraw_deeper(engine, flow, seed, number, row):
    """Cancel behind the best: places are drawn until one is met that holds orders, each order as likely there."""
    ladder = engine.levels.shape[2]
    best = engine.best[DISPLAYED, row]
    step = -1 if row == 0 else 1
    word = bits(seed, number, _PLACE)
    reach = flow.profile.shape[0] - 1
    crowded = engine.counters[BIDS + row] > flow.numbers[DEEP_ORDERS]
    if crowded and uniform(seed, number, _RETRY) < _STALE:
        live = engine.counters[LIVE]
        slot = engine.pool[min(int(uniform(seed, number, _SIZE) * live), live - 1)]
        far = (engine.orders[slot, LEVEL] - best) * step
        own = engine.orders[slot, SIDE] == (BUY if row == 0 else SELL)
        if own and far > reach and engine.orders[slot, OWNER] == 0:
            return _cancel(engine, slot)
    chosen = -1
    for attempt in range(_TRIES):
        part = attempt % _PARTS
        if part == 0 and attempt > 0:
            word = bits(seed, number, _RETRY + attempt // _PARTS)
        piece = word >> np.uint64(part * 16)
        distance = flow.distance[1, _entry(piece)]
        level = best + step * distance
        if level < 0 or level >= ladder:
            continue
        # As likely as it has orders, up to twice as many as it usually has.
        count = engine.levels[DISPLAYED, row, level, COUNT]
        if count > 0 and np.float64((piece >> _TEN) & _SIXTY_FOUR) < _STEPS * count / flow.fill[distance]:
            chosen = level
            break
    if chosen < 0:
        return OK
    return _withdraw(engine, flow, seed, number, row, chosen, flow.numbers[PART_DEEPER])


@melted_door
def taker_size(engine, flow, row, word):
    """What a taker of the background takes from this side, 0 if nothing; `word` is 64 random bits."""
    best = engine.best[DISPLAYED, row]
    displayed = engine.levels[DISPLAYED, row, best, LEVEL_SIZE]
    length = displayed / flow.numbers[QUEUE_UNIT]
    edge = flow.numbers[QUEUE_FIRST]
    queue = 0
    while queue < flow.clearing.shape[0] - 1 and length >= edge:
        edge *= 2.0
        queue += 1
    size = flow.sizes[TAKE, _entry(word)]
    draw = np.float64(word >> _TEN) * 2.0**-54
    spare = engine.counters[BIDS + row] - engine.levels[DISPLAYED, row, best, COUNT]
    if flow.clearing[queue, 0] < 0.0 and spare >= _FEW:
        return min(size, displayed)
    if draw < flow.clearing[queue, 0] and spare >= _FEW:
        beyond = draw < flow.clearing[queue, 0] * flow.clearing[queue, 1] and spare >= 2 * _FEW
        return displayed + (size if beyond else 0)
    return min(size, displayed - 1)


@tower_part
def _take(engine, flow, seed, number, row):
    """A market order that takes from this side of the book."""
    size = taker_size(engine, flow, row, bits(seed, number, _SIZE))
    if size <= 0:
        return OK
    return market_order(engine, SELL if row == 0 else BUY, size)


@tower_part
def _print_unseen(engine, flow, seed, number, row, spread):
    """A trade against an order of this side that nobody saw, at the middle or on a tick of the spread."""
    word = bits(seed, number, _PLACE)
    best = engine.best[DISPLAYED, row]
    step = 1 if row == 0 else -1
    half = 0
    if np.float64(word >> _TEN) * 2.0**-54 < flow.numbers[HIDDEN_MIDDLE]:
        level = best + step * (spread // 2)
        if spread % 2 == 1:
            half = 50
            level = engine.best[DISPLAYED, 0] + spread // 2
    else:
        level = best + step * min(spread, int(flow.hidden[_entry(word)] * spread + 0.5))
    size = flow.sizes[HIDDEN, _entry(bits(seed, number, _SIZE))]
    write(engine, PRINT_HIDDEN, BUY if row == 0 else SELL, level, size, -1, 0, 0, 0, 0, 0)
    engine.tape[engine.counters[TAPE_ROWS] - 1, TAPE_PART] = half
    return OK


@tower_part
def _add(engine, flow, seed, number, row, event, spread):
    """A limit order that improves, joins or stands behind the best."""
    word = bits(seed, number, _SIZE)
    size = flow.sizes[event, _entry(word)]
    toward = 1 if row == 0 else -1
    level = engine.best[DISPLAYED, row]
    if event == IMPROVE:
        if spread < 2:
            return OK
        wide = flow.spread_bin[min(spread, flow.spread_bin.shape[0] - 1)]
        # By the spread that it leaves: from the other side's best, so that two runs whose spreads differ meet again.
        left = min(flow.inside[wide, _entry(bits(seed, number, _PLACE))], spread - 1)
        level = engine.best[DISPLAYED, 1 - row] - toward * left
        piece = int(flow.numbers[NEW_BEST_ORDER])
        if 0 < piece < size:
            status = rows_for(engine, 0, 2 * _PIECES)
            if status != OK:
                return status
            if engine.counters[LIVE] + engine.counters[UNSEEN] + _PIECES >= engine.orders.shape[0]:
                return BOOK_FULL
            for _ in range(_PIECES - 1):
                if size <= piece:
                    break
                _limit(engine, BUY if row == 0 else SELL, level, piece)
                size -= piece
    elif event == DEEPER:
        level -= toward * flow.distance[0, _entry(bits(seed, number, _PLACE))]
        level = max(1, min(engine.levels.shape[2] - 2, level))
    return _limit(engine, BUY if row == 0 else SELL, level, size)


@tower_part
def _begin_again(engine, flow, seed, number, row):
    """Quote a side that was swept empty, where its best last stood."""
    level = flow.memory[LAST_BID + row]
    other = engine.best[DISPLAYED, 1 - row]
    level = min(level, other - 1) if row == 0 else max(level, other + 1)
    level = max(1, min(engine.levels.shape[2] - 2, level))
    size = flow.sizes[JOIN, _entry(bits(seed, number, _SIZE))]
    return _limit(engine, BUY if row == 0 else SELL, level, size)


@tower_jit
def propose(engine, flow, feedback, seed, number, now):
    """Let one proposal of the background come at `now` (ns); returns the engine's status.

    With a status other than OK nothing has happened: make room and propose the same number again. `seed` is a uint64,
    the stream of the background. Trades on the tape since the last proposal, whoever made them, are absorbed first.
    """
    status = room_for(engine, 0, 0)
    if status != OK:
        return status
    if engine.counters[PHASE] != CONTINUOUS:
        return OK
    engine.counters[CLOCK] = now
    absorb(feedback, engine)
    bid = engine.best[DISPLAYED, 0]
    ask = engine.best[DISPLAYED, 1]
    if bid < 0 or ask >= engine.levels.shape[2]:
        flow.memory[IN_BURST] = 1
        return _begin_again(engine, flow, seed, number, 0 if bid < 0 else 1)
    flow.memory[LAST_BID] = bid
    flow.memory[LAST_ASK] = ask
    follows = 1 if is_short(flow, seed, number) else 0
    if follows == 1 and flow.memory[IN_BURST] == 0:
        return OK
    spread = ask - bid
    rates = flow.scratch
    of_bids = side_rates(flow, engine, 0, spread, follows)
    of_asks = side_rates(flow, engine, 1, spread, follows)
    # After buying, sellers become likelier: the memory of trades leans against the mood.
    buyers = np.tanh(mood(flow, seed, now) - 0.5 * tilt(feedback, now))
    if buyers != 0.0:
        # Sellers take from the bids. As many takers come in all where both sides are alike.
        of_bids -= buyers * rates[TAKE]
        rates[TAKE] *= 1.0 - buyers
        of_asks += buyers * rates[EVENTS + TAKE]
        rates[EVENTS + TAKE] *= 1.0 + buyers
    total = of_bids + of_asks
    if follows == 0:
        if uniform(seed, number, _ACCEPT) * flow.numbers[RATE_BOUND] >= total:
            flow.memory[IN_BURST] = 0
            return OK
        flow.memory[IN_BURST] = 1
    # The side first, then what happens there: what changes on one side leaves the other's draws as they are.
    word = bits(seed, number, _EVENT)
    row = 0 if np.float64(word >> _THIRTY_TWO) * 2.0**-32 * total < of_bids else 1
    left = np.float64(word & _LOW) * 2.0**-32 * (of_bids if row == 0 else of_asks)
    event = 0
    while event < EVENTS - 1 and left >= rates[row * EVENTS + event]:
        left -= rates[row * EVENTS + event]
        event += 1
    if event == CANCEL_BEST:
        best = engine.best[DISPLAYED, row]
        spare = engine.counters[BIDS + row] - engine.levels[DISPLAYED, row, best, COUNT]
        if spare < _FEW:
            return OK
        return _withdraw(engine, flow, seed, number, row, best, flow.numbers[PART_BEST])
    if event == CANCEL_DEEPER:
        return _withdraw_deeper(engine, flow, seed, number, row)
    if event == TAKE:
        return _take(engine, flow, seed, number, row)
    if event == HIDDEN:
        return _print_unseen(engine, flow, seed, number, row, spread)
    return _add(engine, flow, seed, number, row, event, spread)


@tower_jit
def run_background(engine, flow, feedback, seed, number, now, until):
    """Let proposals come, from `number` on, while they come by `until` (ns); returns (status, next number, now).

    `now` is when proposal `number` - 1 came. With a status other than OK, make room and go on with what was returned.
    """
    while True:
        when = now + wait_ns(flow, seed, number, now)
        if when > until:
            return OK, number, now
        status = propose(engine, flow, feedback, seed, number, when)
        if status != OK:
            return status, number, now
        now = when
        number += 1


@tower_jit
def open_book(engine, flow, seed, bid, ask, now):
    """Queue the orders that stand at `now`, as many by distance as there are on average; returns the status."""
    engine.counters[CLOCK] = now
    flow.memory[LAST_BID] = bid
    flow.memory[LAST_ASK] = ask
    number = 0
    for distance in range(flow.profile.shape[0]):
        for row in range(2):
            level = bid - distance if row == 0 else ask + distance
            if level < 1 or level > engine.levels.shape[2] - 2:
                continue
            mean = flow.profile[distance]
            count = int(mean) + (1 if uniform(seed, number, _OPENING) < mean - int(mean) else 0)
            if distance == 0:
                count = max(1, count)
            for _ in range(count):
                status = room_for(engine, 0, 0)
                if status != OK:
                    return status
                event = JOIN if distance == 0 else DEEPER
                size = flow.sizes[event, _entry(bits(seed, number, _OPENING + 1))]
                _limit(engine, BUY if row == 0 else SELL, level, size)
                number += 1
            number += 1
    return OK
