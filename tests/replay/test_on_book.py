"""A strategy with `on_book` is asked whenever the best prices or their sizes change as it sees them, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_cases import Row, feed_of, level_three_days, level_two_days
from witness_market import seen_by

from tcakit.market import codes
from tcakit.replay.lookahead import check_lookahead
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import ConstantLatency

START, END = 2, 60


class Looks:
    """Writes down when it was asked and what it saw."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Any]] = []

    def on_start(self, gateway: Any) -> None: ...

    def on_time(self, gateway: Any) -> None: ...

    def on_fill(self, gateway: Any, fill: Any) -> None: ...

    def on_book(self, gateway: Any) -> None:
        self.asked.append((gateway.now_ns, touch_of(gateway)))


def touch_of(gateway: Any) -> tuple[Any, ...]:
    bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
    sizes = (0 if tick is None else gateway.size_at(side, tick) for side, tick in ((1, bid), (-1, ask)))
    return (bid, ask, *sizes)


def wanted(rows: list[Row], feed_ns: int) -> list[tuple[int, Any]]:
    """Instant by instant, by the plain book."""
    found, before = [], None
    for now in range(END + 1):
        book, _ = seen_by(rows, now, feed_ns)
        bid, ask = book.best[codes.BUY], book.best[codes.SELL]
        sizes = (0 if tick is None else book.level(side, tick).shown for side, tick in ((1, bid), (-1, ask)))
        touch = (bid, ask, *sizes)
        if before is not None and touch != before and now > START:
            found.append((now, touch))
        before = touch
    return found


@given(st.one_of(level_two_days(), level_three_days()), st.lists(st.integers(0, 4), min_size=1), st.integers(0, 3))
@settings(deadline=None)
def test_it_is_asked_when_the_touch_changes(rows: list[Row], late: list[int], feed_ns: int) -> None:
    received = [replace(row, received_ns=row.ns + late[at % len(late)]) for at, row in enumerate(rows)]
    # No row is seen before one that stands before it.
    latest = np.maximum.accumulate([row.received_ns for row in received]).tolist()
    received = [replace(row, received_ns=ns) for row, ns in zip(received, latest, strict=True)]
    strategy = Looks()
    rules = ReplaySettings(ConstantLatency(feed_ns=feed_ns, entry_ns=1, response_ns=1))
    Replay(feed_of(received), [Participant(strategy, START, END)], rules).run()
    assert strategy.asked == wanted(received, feed_ns)


def test_what_it_sends_then_leaves_at_that_time_and_it_does_not_look_ahead() -> None:
    rows = [Row(at, codes.SET, side, 1000 + (side < 0), 5, 5 + at % 3) for at in range(0, 40, 4) for side in (1, -1)]

    class Follows(Looks):
        def on_book(self, gateway: Any) -> None:
            super().on_book(gateway)
            gateway.submit(codes.BUY, 1, gateway.best_bid_tick)

    made: list[Follows] = []

    def make() -> list[Participant]:
        made.append(Follows())
        return [Participant(made[-1], START, END)]

    rules = ReplaySettings(ConstantLatency(feed_ns=1, entry_ns=2, response_ns=3))
    result = Replay(feed_of(rows), make(), rules).run()
    assert [ns for ns, _ in made[0].asked] == [row.ns + 1 for row in rows[2::2]]
    assert result.local_events[:, 0].tolist() == [ns for ns, _ in made[0].asked]
    assert check_lookahead(feed_of(rows), make, rules, times=4).difference is None
