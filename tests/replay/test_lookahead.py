"""No look-ahead: noise in place of the future changes no decision, and a strategy that peeks is told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_cases import HIGH, LOW, feed_of, level_three_days, level_two_days

from tcakit.execution.algorithms import NAMES, make_strategy, parse_algorithm
from tcakit.execution.parent import ParentOrder
from tcakit.execution.volume_curve import default_curve
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import replay_feed
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.replay.columns import Feed
from tcakit.replay.lookahead import check_lookahead, with_noise_after
from tcakit.replay.replay import Participant, ReplaySettings
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day
from tcakit.venue.gateway import Strategy
from tcakit.venue.latency import ConstantLatency, RandomLatency

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
ALGORITHMS = {
    "twap": "twap",
    "vwap": "vwap",
    "pov": "pov:10",
    "is": "is:2m",
    "optimal": "optimal:2m,bucket=20s,volatility=0.01,volume=100000",
    "passive-aggressive": "passive-aggressive:10s",
    "sniper": "sniper:0.6,interval=2s",
    "iceberg": "iceberg:50",
    "pegged": "pegged",
    "market-maker": "market-maker:200",
}
LATENCIES = [
    ConstantLatency(0, 1_000_000, 1_000_000),
    ConstantLatency(),
    ConstantLatency(50_000_000, 2_000_000, 1_000),
    RandomLatency(1_000_000, 500_000, 500_000, 0.5, seed=3),
]


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    folder = tmp_path_factory.mktemp("ahead") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")]))
    store = Store(folder)
    return replay_feed(store, find_symbol_day(store, "ALFA", "2026-03-03"))


def parent_of(feed: Feed, seconds: int = 600) -> ParentOrder:
    start = int(feed.ns[len(feed.ns) // 3])
    return ParentOrder("p", "ALFA", "2026-03-03", codes.BUY, 600, start, start + seconds * NS_PER_SECOND, "x", {})


def participants(feed: Feed, make: Callable[[ParentOrder], Strategy]) -> Callable[[], list[Participant]]:
    parent = parent_of(feed)
    return lambda: [Participant(make(parent), parent.start_ns, parent.end_ns)]


@pytest.mark.parametrize("latency", LATENCIES, ids=lambda model: f"{type(model).__name__}-{model.feed_ns}")
@pytest.mark.parametrize("name", NAMES)
def test_no_ready_algorithm_looks_ahead(feed: Feed, name: str, latency: Any) -> None:
    spec, lot = parse_algorithm(ALGORITHMS[name]), feed.instrument.lot_size

    def make(parent: ParentOrder) -> Strategy:
        return make_strategy(parent, spec, lot=lot, curve=default_curve(parent.start_ns, parent.end_ns))

    found = check_lookahead(feed, participants(feed, make), ReplaySettings(latency=latency), times=6, seed=1)
    assert found.difference is None
    assert found.times == 6
    assert found.calls > 100
    assert found.events > 10


class Looks:
    """Asked every second; buys a lot where `wants` says so."""

    def __init__(self, parent: ParentOrder) -> None:
        self.parent = parent

    def on_start(self, gateway: Any) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Any) -> None:
        if self.wants(gateway):
            gateway.submit(codes.BUY, 10, None, codes.IOC)
        if gateway.now_ns < self.parent.end_ns:
            gateway.wake_at(gateway.now_ns + NS_PER_SECOND)

    def on_fill(self, gateway: Any, fill: Any) -> None: ...

    def wants(self, gateway: Any) -> bool:
        return bool(gateway.market_volume % 2)


def test_one_that_sees_only_the_past_passes(feed: Feed) -> None:
    assert check_lookahead(feed, participants(feed, Looks), ReplaySettings(), times=10).difference is None


class PeeksAtRows(Looks):
    """Buys when the best offer rises within the next second: it has the whole day's columns in its hands."""

    def wants(self, gateway: Any) -> bool:
        feed: Feed = vars(PeeksAtRows)["day"](gateway)
        here, there = np.searchsorted(feed.ns, [gateway.now_ns, gateway.now_ns + NS_PER_SECOND], "right")
        return bool(feed.best_ask[min(there, len(feed.ns) - 1)] > feed.best_ask[here - 1])

    @staticmethod
    def day(gateway: Any) -> Feed:
        """The feed out of the depths of the gateway, wherever the engine keeps it."""
        seen, left = set(), [gateway]
        while left:
            thing = left.pop()
            if isinstance(thing, Feed):
                return thing
            if id(thing) not in seen:
                seen.add(id(thing))
                names = [*getattr(type(thing), "__slots__", ()), *getattr(thing, "__dict__", {})]
                left += [getattr(thing, name) for name in names if hasattr(thing, name)]
        raise AssertionError("no feed")


class KnowsTheDay(Looks):
    """Buys by the close of the day."""

    def wants(self, gateway: Any) -> bool:
        feed = PeeksAtRows.day(gateway)
        return bool(feed.best_ask[-1] + feed.base_tick > (gateway.best_ask_tick or 0))


class Dice(Looks):
    """Decides by chance."""

    generator = np.random.default_rng(0)

    def wants(self, gateway: Any) -> bool:
        return bool(self.generator.random() < 0.5)


class WantsAQuote(Looks):
    """Fails where nothing is offered: the day itself never lacks an offer, the noise does."""

    def wants(self, gateway: Any) -> bool:
        assert gateway.best_ask_tick is not None
        return bool(gateway.best_ask_tick % 2)


def test_what_a_strategy_cannot_bear_in_the_noise_is_no_look_ahead(feed: Feed) -> None:
    last = int(feed.ns[-1])
    make = participants(feed, WantsAQuote)
    noisy, _ = with_noise_after(feed, ReplaySettings(), make()[0].start_ns, seed=0)
    assert (noisy.best_ask[noisy.ns < last] == noisy.ticks).any()
    assert check_lookahead(feed, make, ReplaySettings(), times=10).difference is None


@pytest.mark.parametrize("cheat", [PeeksAtRows, KnowsTheDay])
def test_a_strategy_that_peeks_is_caught(feed: Feed, cheat: type[Looks]) -> None:
    found = check_lookahead(feed, participants(feed, cheat), ReplaySettings(), times=10)
    assert found.difference is not None
    assert found.difference.participant == 0
    words = f"{found.difference.expected} {found.difference.found}"
    assert "submit(1, 10, None, 1)" in words or "wake_at" in words


def test_one_that_decides_by_chance_cannot_be_checked(feed: Feed) -> None:
    found = check_lookahead(feed, participants(feed, Dice), ReplaySettings(), times=10)
    assert found.times == 0
    assert found.difference is not None


@pytest.mark.parametrize("latency", LATENCIES[:3], ids=lambda model: str(model.feed_ns))
def test_noise_begins_where_nothing_has_reached_the_strategy(feed: Feed, latency: ConstantLatency) -> None:
    at_ns = int(feed.ns[len(feed.ns) // 2])
    noisy, begin = with_noise_after(feed, ReplaySettings(latency=latency), at_ns, seed=4)
    first = next(
        row for row in range(len(noisy.ns))
        if any(getattr(noisy, name)[row] != getattr(feed, name)[row] for name in ("ns", "tick2", "level", "action"))
    )  # fmt: skip
    assert int(feed.ns[first - 1]) <= begin
    assert (np.diff(noisy.ns) >= 0).all()
    # Nothing of the noise is seen by then, nor can an answer caused by it have come; all that could have is kept.
    assert int(noisy.local_ns[first]) + latency.feed_ns > at_ns
    assert int(noisy.ns[first]) + latency.response_ns > at_ns
    assert int(feed.ns[first]) + min(latency.feed_ns, latency.response_ns) > at_ns
    assert not np.array_equal(noisy.best_bid[first : first + 100], feed.best_bid[first : first + 100])
    assert (noisy.tick2[first:] >= 0).all()
    assert (noisy.tick2[first:] <= 2 * noisy.ticks - 2).all()


class Roams:
    """Sends, moves and takes back orders by what it sees and by its own seed, every few ns."""

    def __init__(self, seed: int, end_ns: int) -> None:
        self.generator, self.end_ns, self.open = np.random.default_rng(seed), end_ns, [0]

    def on_start(self, gateway: Any) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Any) -> None:
        tick = gateway.best_bid_tick or gateway.best_ask_tick or (LOW + HIGH) // 2
        shown = gateway.size_at(codes.BUY, tick) + gateway.market_volume
        side = codes.BUY if shown % 2 else codes.SELL
        what = self.generator.integers(4)
        if what < 2:
            limit = None if shown % 5 == 0 else tick + int(self.generator.integers(-1, 2))
            self.open.append(gateway.submit(side, 1 + shown % 7, limit, codes.GTC if limit else codes.IOC))
        elif what == 2:
            gateway.cancel(self.open[shown % len(self.open)])
        else:
            gateway.modify(self.open[shown % len(self.open)], 1 + shown % 3, tick)
        if gateway.now_ns < self.end_ns:
            gateway.wake_at(gateway.now_ns + 1 + shown % 4)

    def on_fill(self, gateway: Any, fill: Any) -> None:
        if fill.quantity % 3 == 0:
            gateway.submit(-fill.side, fill.quantity, fill.tick)


@settings(max_examples=40)
@given(
    level_two_days() | level_three_days(),
    st.integers(0, 9),
    st.sampled_from([(0, 0, 0), (0, 2, 1), (3, 1, 0), (2, 2, 9), (5, 0, 3)]),
    st.sampled_from(["risk-averse", "power3", "fifo"]),
)
def test_of_any_market_nothing_later_is_known(rows: Any, seed: int, times: tuple[int, int, int], rule: str) -> None:
    feed = feed_of(rows)
    if rule == "fifo" and len(feed.queued_row) != len(feed.ns):
        rule = "risk-averse"
    rules = ReplaySettings(ConstantLatency(*times), codes.code_of(codes.QUEUE_RULE_NAMES, rule))
    end_ns = int(feed.ns[-1]) + 3

    def make() -> list[Participant]:
        return [Participant(Roams(seed + owner, end_ns), owner, end_ns) for owner in range(2)]

    assert check_lookahead(feed, make, rules, times=4, seed=seed).difference is None
