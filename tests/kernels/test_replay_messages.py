"""Messages that get lost, that change orders, and that the log fills up in the middle of."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from replay_cases import FOREVER, HIGH, LOW, engine_of, feed_of, logged, run_to
from replay_witness import Message, Row

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.replay.result import order_events
from tcakit.venue.latency import SUBMIT, ConstantLatency, RandomLatency, RecordedLatency


def ladder() -> list[Row]:
    """A bid, and nine offers of 10, one a tick."""
    offers = [Row(0, codes.SET, codes.SELL, tick, 10, 10) for tick in range(LOW + 1, HIGH + 1)]
    return [Row(0, codes.SET, codes.BUY, LOW, 5, 5), *offers]


@pytest.mark.parametrize("depletes", [True, False])
@pytest.mark.parametrize("room", range(1, 14))
@pytest.mark.parametrize("how", ["new", "fill or kill", "modified"])
def test_a_log_that_fills_up_while_an_order_takes_changes_nothing(depletes: bool, room: int, how: str) -> None:
    sent = [Message(5, 0, False, codes.BUY, HIGH, 85, codes.FOK if how == "fill or kill" else codes.GTC)]
    if how == "modified":
        first = Message(4, 0, False, codes.BUY, LOW, 1)
        sent = [first, Message(5, 0, tick=HIGH, quantity=85, is_change=True)]
    sent.append(Message(6, 1, False, codes.BUY, HIGH, 20, codes.IOC))
    whole, small = (engine_of(feed_of(ladder()), sent, codes.RISK_AVERSE, depletes_book=depletes) for _ in range(2))
    small.state = small.state._replace(log=small.state.log[:room].copy(), log_ahead=small.state.log_ahead[:room].copy())
    small.renew()
    for engine in (whole, small):
        run_to(engine, FOREVER)
    assert logged(small) == logged(whole)
    took = [(row[4], row[5]) for row in logged(whole) if row[1] == 0 and row[2] in (codes.PARTIAL, codes.FILLED)]
    assert took == [(tick, 10) for tick in range(LOW + 1, HIGH)] + [(HIGH, 5)]


def latency_of(*records: tuple[int, int, int], offset_ns: int = 0) -> RecordedLatency:
    requests, arrivals, answers = np.array(records, np.int64).T
    return RecordedLatency(requests, arrivals, answers, offset_ns=offset_ns)


@pytest.mark.parametrize(
    ("records", "offset_ns", "said"),
    [
        ([(100, 95, 120)], 0, "before it was sent"),
        ([(100, 150, 120)], 0, "answered before it got there"),
        ([(100, 150, 160)], -11, "offset_ns -11 is more than the 10 ns"),
    ],
)
def test_no_recorded_message_takes_less_than_no_time(
    records: list[tuple[int, int, int]], offset_ns: int, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        latency_of(*records, offset_ns=offset_ns)


def test_one_that_got_lost_and_was_told_at_once_is_lost() -> None:
    assert latency_of((100, 0, 100)).entry(SUBMIT, 0, 100) == -1
    assert latency_of((100, 0, 130), (200, 0, 240), offset_ns=-30).entry(SUBMIT, 0, 100) < 0


@pytest.mark.parametrize("sigma", [20.0, 1e4, float("nan")])
def test_drawn_times_are_such_as_can_be_held(sigma: float) -> None:
    with pytest.raises(UsageError, match="sigma"):
        RandomLatency(entry_ns=1_000, sigma=sigma)


def test_a_lost_message_keeps_none_waiting() -> None:
    """The strategy hears of it long after the next one has reached the venue."""
    lost = latency_of((0, 3, 4), (10, 0, 1_010), (11, 0, 1_011), (12, 15, 16), (13, 16, 17))
    sent = [
        Message(10, 0, False, codes.BUY, LOW, 5),
        Message(12, 1, False, codes.BUY, LOW, 5),
        Message(13, 0, is_cancel=True),
    ]
    engine = engine_of(feed_of(ladder()), sent, codes.RISK_AVERSE, latency=lost)
    run_to(engine, FOREVER)
    assert [row[:3] for row in logged(engine)] == [
        (15, 1, codes.ACKNOWLEDGED),
        (16, 0, codes.CANCEL_REJECTED),
        (1_010, 0, codes.REJECTED),
    ]
    told = [int(row[lk.LOG_LOCAL_NS]) for row in engine.state.log[: engine.cursor[lk.N_LOG]]]
    assert told == [16, 17, 1_010]


class Changer:
    """Sends a bid, then moves it up and makes it larger, then takes it back."""

    def on_start(self, gateway):
        gateway.submit(codes.BUY, 5, LOW - 1)
        gateway.wake_at(gateway.now_ns + 10)
        self.acts = [lambda: gateway.modify(0, 9, LOW), lambda: gateway.cancel(0)]

    def on_time(self, gateway):
        self.acts.pop(0)()
        if self.acts:
            gateway.wake_at(gateway.now_ns + 10)

    def on_fill(self, gateway, fill): ...


def test_events_of_a_modified_order_say_what_was_asked_then() -> None:
    rows = [*ladder(), Row(1, codes.SET, codes.BUY, LOW - 1, 5, 5)]
    participant = Participant(Changer(), 100, 200)
    result = Replay(feed_of(rows), [participant], ReplaySettings(latency=ConstantLatency(entry_ns=1))).run()
    events = order_events(result, "run", "o")
    assert events.select("event", pl.col("price") // 2, "leaves").rows() == [
        ("new", LOW - 1, 5),
        ("acknowledged", LOW - 1, 5),
        ("pending modify", LOW, 9),
        ("replaced", LOW, 9),
        ("pending cancel", LOW, 9),
        ("cancelled", LOW, 9),
    ]


def test_a_message_of_before_1970_is_not_held_back() -> None:
    """Times of tests and of made days may count from anywhere."""
    engine = engine_of(
        feed_of([Row(0, codes.SET, codes.BUY, LOW, 5, 5)]), [Message(-1, 0, tick=LOW)], codes.RISK_AVERSE
    )
    assert int(engine.state.bus[0, lk.BUS_NS]) == -1
