"""An order of no size is no order: it is refused where it is sent, and nothing else comes out otherwise."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_cases import HIGH, LOW, feed_of, level_three_days, level_two_days

from tcakit.market import codes
from tcakit.replay.replay import Participant, Replay, ReplayResult, ReplaySettings
from tcakit.venue.latency import ConstantLatency

TICKS = st.none() | st.integers(LOW, HIGH)
ORDERS = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(1, 9), TICKS, st.sampled_from([codes.GTC, codes.IOC])), min_size=1
)


class Trades:
    """Sends one of its orders every 3 ns, changes the one before; if it `tries`, asks for orders of no size too."""

    def __init__(self, orders: list[tuple[int, int, int | None, int]], tries: bool) -> None:
        self.orders, self.tries, self.last, self.refused = list(orders), tries, -1, 0

    def on_start(self, gateway: Any) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Any) -> None:
        if not self.orders:
            return
        side, quantity, tick, time_in_force = self.orders.pop(0)
        self.nothing(gateway, side, tick)
        if self.last >= 0:
            gateway.modify(self.last, quantity, HIGH - 2)
        self.last = gateway.submit(side, quantity, tick, time_in_force)
        self.nothing(gateway, -side, tick)
        gateway.wake_at(gateway.now_ns + 3)

    def nothing(self, gateway: Any, side: int, tick: int | None) -> None:
        if not self.tries:
            return
        for ask in (
            lambda: gateway.submit(side, 0, tick),
            lambda: gateway.submit(side, 0, tick, stop_tick=LOW),
            lambda: gateway.submit(side, 0, tick, peg=codes.PRIMARY_PEG),
            lambda: gateway.modify(self.last, 0, LOW),
        ):
            with suppress(ValueError):
                ask()
                pytest.fail("an order of no size was taken")
            self.refused += 1

    def on_fill(self, gateway: Any, fill: Any) -> None: ...


def run(feed: Any, strategy: Trades, rule: int) -> ReplayResult:
    rules = ReplaySettings(ConstantLatency(1, 2, 3), rule)
    return Replay(feed, [Participant(strategy, 0, 60)], rules).run()


def alike(feed: Any, orders: list[tuple[int, int, int | None, int]], rule: int) -> None:
    asked = Trades(orders, tries=True)
    one, other = run(feed, Trades(orders, tries=False), rule), run(feed, asked, rule)
    assert asked.refused >= 8
    for name in ("orders", "log", "log_ahead"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(np.array(one.local_events), np.array(other.local_events))
    assert one.rows == other.rows


@given(level_two_days(), ORDERS)
@settings(max_examples=60, deadline=None)
def test_level_two_is_bit_identical(rows: Any, orders: list[Any]) -> None:
    alike(feed_of(rows), orders, codes.LOG_PROB2)


@given(level_three_days(), ORDERS)
@settings(max_examples=60, deadline=None)
def test_level_three_is_bit_identical(rows: Any, orders: list[Any]) -> None:
    alike(feed_of(rows), orders, codes.FIFO)
