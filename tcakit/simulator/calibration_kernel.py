"""Count what a recorded day did, by the state of the book: the other direction of `background_kernel`."""

from __future__ import annotations

from tcakit.jit import jit
from tcakit.market.codes import (
    ADD,
    BUY,
    CLEAR,
    CORRECTION,
    DELETE,
    ENTER,
    EXECUTE,
    EXECUTE_UNPRINTED,
    LEAVE,
    PRINT,
    PRINT_HIDDEN,
    REDUCE,
    SET,
    SNAPSHOT,
)
from tcakit.simulator.flow_layout_kernel import CANCEL_BEST, CANCEL_DEEPER, DEEPER, HIDDEN, IMPROVE, JOIN, TAKE

# Columns of `found`, a row an event.
EVENT = 0
ROW = 1  # of the day
SIDE_ROW = 2  # 0 bids, 1 asks
EVENT_SIZE = 3
DISTANCE = 4  # ticks inside, behind the best, or (hidden) from its own side's best in half ticks
SPREAD = 5  # ticks before it
IMBALANCE_BIN = 6
QUEUE_BIN = 7
FLAG = 8  # TAKE: 1 all of the best queue, 2 and beyond; cancels: 1 in part
RANK = 9  # of an order withdrawn, places from the end of its queue, -1 unknown
FOLLOWS = 10  # 1 in a burst
QUEUE_SIZE = 11  # of the own best queue before it
FOUND_COLUMNS = 12


@jit
def _set_level(levels, best, row, level, size, count):
    levels[row, level, 0] = size
    levels[row, level, 1] = count if size > 0 else 0
    if size > 0:
        if row == 0:
            best[0] = max(best[0], level)
        else:
            best[1] = min(best[1], level)
    elif level == best[row]:
        if row == 0:
            while level >= 0 and levels[0, level, 0] == 0:
                level -= 1
        else:
            while level < levels.shape[1] and levels[1, level, 0] == 0:
                level += 1
        best[row] = level


@jit
def _queue_bin(own, unit, first, bins):
    queue = 0
    edge = first
    while queue < bins - 1 and own / unit >= edge:
        edge *= 2.0
        queue += 1
    return queue


@jit
def count_day(
    kind,
    side,
    level,
    size,
    level_size,
    slot,
    when_ns,
    seconds,
    depth,
    burst_ns,
    print_ns_apart,
    spread_bin,
    unit,
    first_edge,
    levels,
    best,
    links,
    tails,
    found,
    counts,
    time_in,
    spread_time,
    profile,
    covered,
):
    """Walk through a day's book events; returns (events found, second-weighted sum of best sizes, seconds).

    In: columns of a row each, `level` counted on a ladder, `level_size` -1 where unknown, `slot` a dense number of the
    order, -1 none, `seconds` operational time of the row; `depth` levels that were recorded; events within `burst_ns`
    of the one before follow it in a burst; `spread_bin` as in `Flow`; queue bins begin at `first_edge` times `unit` and
    double. `levels` (2, ladder, 2: size, orders), `best` and `links` (orders, 4: next, previous, linked, size) and
    `tails` (2, ladder) begin empty.

    Out: `found` (rows, FOUND_COLUMNS); `counts` (2, spread, imbalance, queue, events) of events that came of
    themselves, and of those that followed in a burst; `time_in` (2, spread, imbalance, queue), the seconds in each
    state, and how many events followed in it, over both sides; `spread_time` (widest + 1,) seconds; `profile`
    order-seconds by ticks behind the best of both sides and `covered` the seconds each distance was in sight.
    """
    widest = spread_bin.shape[0] - 1
    imbalances = counts.shape[2]
    queues = counts.shape[3]
    reach = profile.shape[0] - 1
    rows = len(kind)
    events = 0
    size_time = 0.0
    total_time = 0.0
    print_left = 0
    print_row = -1
    print_ns = -1
    take_at = -1
    last_seconds = -1.0
    last_ns = when_ns[0] - burst_ns - 1 if rows > 0 else 0
    for at in range(rows):
        what = kind[at]
        place = level[at]
        # --- time in the state that was ----------------------------------------------------------------------------
        bid, ask = best[0], best[1]
        quoted = bid >= 0 and ask < levels.shape[1] and ask > bid
        elapsed = seconds[at] - last_seconds if last_seconds >= 0.0 else 0.0
        if elapsed > 0.0 and quoted:
            total_time += elapsed
            spread_time[min(ask - bid, widest)] += elapsed
            bid_size, ask_size = levels[0, bid, 0], levels[1, ask, 0]
            size_time += 0.5 * elapsed * (bid_size + ask_size)
            wide = spread_bin[min(ask - bid, widest)]
            for row in range(2):
                own = bid_size if row == 0 else ask_size
                imbalance = min(int(own / (bid_size + ask_size) * imbalances), imbalances - 1)
                time_in[0, wide, imbalance, _queue_bin(own, unit, first_edge, queues)] += elapsed
                seen = 0
                step = -1 if row == 0 else 1
                for distance in range(reach + 1):
                    there = best[row] + step * distance
                    if there < 0 or there >= levels.shape[1]:
                        break
                    covered[distance] += elapsed
                    if levels[row, there, 1] > 0:
                        profile[distance] += elapsed * levels[row, there, 1]
                        seen += 1
                        if seen >= depth:
                            break
        last_seconds = seconds[at]
        if what == CLEAR:
            for row in range(2):
                for there in range(levels.shape[1]):
                    levels[row, there, 0] = 0
                    levels[row, there, 1] = 0
                    tails[row, there] = -1
            for order in range(links.shape[0]):
                links[order, 2] = 0
            best[0] = -1
            best[1] = levels.shape[1]
            continue
        if side[at] == 0 or place < 0 or place >= levels.shape[1]:
            continue
        row = 0 if side[at] == BUY else 1
        # --- which event it is ---------------------------------------------------------------------------------------
        spread = ask - bid
        behind = best[row] - place if row == 0 else place - best[row]
        event = -1
        amount = size[at]
        if what == SET and levels[row, place, 0] == 0 and behind > 0:
            # A level that came into sight behind the best: it may have stood there before.
            what = ENTER
        if what == SET:
            change = level_size[at] - levels[row, place, 0]
            what = ADD if change > 0 else (DELETE if level_size[at] == 0 else REDUCE)
            amount = abs(change)
            if amount == 0:
                continue
        taken = False
        if what == ADD:
            if quoted:
                event = JOIN if behind == 0 else (DEEPER if behind > 0 else IMPROVE)
                if behind < 0 and -behind >= spread:
                    event = -1
        elif what in (REDUCE, DELETE):
            taken = print_left > 0 and print_row == row and when_ns[at] - print_ns <= print_ns_apart
            if taken:
                print_left -= amount
            elif quoted and behind >= 0:
                event = CANCEL_BEST if behind == 0 else CANCEL_DEEPER
        elif what in (EXECUTE, PRINT):
            event = TAKE
        elif what == PRINT_HIDDEN:
            event = HIDDEN
        if what == PRINT:
            stale = when_ns[at] - print_ns > print_ns_apart or print_row != row
            print_left = amount if stale else print_left + amount
            print_row = row
            print_ns = when_ns[at]
        # --- a taker's executions are one event -----------------------------------------------------------------------
        last = events - 1
        joined = (
            event == TAKE
            and events > 0
            and found[last, EVENT] == TAKE
            and found[last, SIDE_ROW] == row
            and when_ns[found[last, ROW]] == when_ns[at]
        )
        if joined:
            found[last, EVENT_SIZE] += amount
            if place != level[found[last, ROW]]:
                found[last, FLAG] = 2
        elif event >= 0 and quoted:
            own = levels[row, best[row], 0]
            other = levels[1 - row, best[1 - row], 0]
            wide = spread_bin[min(spread, widest)]
            imbalance = min(int(own / (own + other) * imbalances), imbalances - 1)
            queue = _queue_bin(own, unit, first_edge, queues)
            follows = 1 if when_ns[at] - last_ns <= burst_ns else 0
            last_ns = when_ns[at]
            counts[follows, wide, imbalance, queue, event] += 1.0
            if follows == 1:
                time_in[1, wide, imbalance, queue] += 1.0
                mirrored = min(int(other / (own + other) * imbalances), imbalances - 1)
                time_in[1, wide, mirrored, _queue_bin(other, unit, first_edge, queues)] += 1.0
            found[events, EVENT] = event
            found[events, ROW] = at
            found[events, SIDE_ROW] = row
            found[events, EVENT_SIZE] = amount
            found[events, DISTANCE] = -2 * behind if event == HIDDEN else abs(behind)
            found[events, SPREAD] = spread
            found[events, IMBALANCE_BIN] = imbalance
            found[events, QUEUE_BIN] = queue
            found[events, FLAG] = 0
            found[events, RANK] = -1
            found[events, FOLLOWS] = follows
            found[events, QUEUE_SIZE] = own
            if event == TAKE:
                take_at = events
            events += 1
            last = events - 1
        # --- the book after it ----------------------------------------------------------------------------------------
        order = slot[at]
        if what in (PRINT, PRINT_HIDDEN):
            continue
        if what not in (ADD, SNAPSHOT, REDUCE, DELETE, EXECUTE, EXECUTE_UNPRINTED, ENTER, LEAVE, CORRECTION):
            continue
        now_there = level_size[at]
        orders_there = levels[row, place, 1]
        if what in (ADD, SNAPSHOT):
            if now_there < 0:
                now_there = levels[row, place, 0] + amount
            orders_there += 1
            if order >= 0 and links[order, 2] == 0:
                links[order, 0] = -1
                links[order, 1] = tails[row, place]
                links[order, 2] = 1
                links[order, 3] = amount
                if tails[row, place] >= 0:
                    links[tails[row, place], 0] = order
                tails[row, place] = order
        elif what in (REDUCE, DELETE, EXECUTE, EXECUTE_UNPRINTED):
            if now_there < 0:
                now_there = max(0, levels[row, place, 0] - amount)
            leaves = what == DELETE
            if order >= 0 and links[order, 2] == 1:
                links[order, 3] -= amount
                leaves = leaves or links[order, 3] <= 0
                if event == CANCEL_BEST or event == CANCEL_DEEPER:
                    rank = 0
                    later = links[order, 0]
                    while later >= 0 and rank < 255:
                        rank += 1
                        later = links[later, 0]
                    found[last, RANK] = rank
                if leaves:
                    before, after = links[order, 1], links[order, 0]
                    if before >= 0:
                        links[before, 0] = after
                    if after >= 0:
                        links[after, 1] = before
                    else:
                        tails[row, place] = before
                    links[order, 2] = 0
            if leaves:
                orders_there = max(1, orders_there - 1)
            if (event == CANCEL_BEST or event == CANCEL_DEEPER) and what == REDUCE and now_there > 0:
                found[last, FLAG] = 1
            if (taken or what == EXECUTE) and take_at >= 0 and found[take_at, SIDE_ROW] == row and now_there == 0:
                found[take_at, FLAG] = max(found[take_at, FLAG], 1)
        elif what == LEAVE:
            now_there = 0
        else:
            orders_there = max(1, orders_there)
        _set_level(levels, best, row, place, max(0, now_there), min(orders_there, max(0, now_there)))
        if levels[row, place, 0] == 0:
            # Orders that were executed to the last: whoever is linked still is gone.
            order = tails[row, place]
            while order >= 0:
                links[order, 2] = 0
                order = links[order, 1]
            tails[row, place] = -1
    return events, size_time, total_time
