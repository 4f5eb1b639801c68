"""Simulated markets to learn in: an episode begins in one that has run for a while, and goes on by its own chance."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.learn.simulated_episode import SimulatedEpisode
from tcakit.learn.simulated_start import copied, reseed
from tcakit.learn.step_kernel import shown_of
from tcakit.learn.stepped_market import OwnOrders
from tcakit.learn.stepper import Arrays
from tcakit.learn.task import ExecutionTask
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.instrument import Instrument
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.own_gateway import SimulatedGateway
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.latency import ConstantLatency
from tcakit.venue.wakes import Wakes

_PRINTS = (codes.EXECUTE, codes.PRINT_HIDDEN, codes.PRINT_CROSS)
_FILLS = (codes.FILLED, codes.PARTIAL)


class SteppedSimulation:
    """A simulated market at the start of an episode (`stepped_market.SteppedMarket`)."""

    def __init__(self, market: SimulatedMarket, orders: OwnOrders) -> None:
        self.instrument = market.instrument
        self.market = market
        self.gateway = SimulatedGateway(market, 0, Wakes())
        self._orders = orders
        self._looked = 0  # rows of the tape
        self._traded = 0, 0, 0

    def advance(self, until_ns: int) -> None:
        market = self.market
        while (status := market.advance(max(until_ns, market.now))) != ml.AT_TIME:
            if status == ml.RESPONSE:
                self._tell()

    def _tell(self) -> None:
        """Tell of our orders what has reached us."""
        market = self.market
        for row in market.answers():
            number, event = int(row[ml.LOG_ORDER]), int(row[ml.LOG_EVENT])
            if event in _FILLS:
                self._orders.filled(number, int(row[ml.LOG_LEVEL]) + market.base_tick, int(row[ml.LOG_SIZE]))
            else:
                self._orders.ended(number, event)

    @property
    def answered_ns(self) -> int:
        market = self.market
        return market.now if market.is_idle else max(market.now, market.last_arrival_ns)

    def shown(self, order: int) -> int:
        engine = self.market.market.engine
        return int(shown_of(engine.orders, int(self.market.market.own[order, 0])))

    def traded(self) -> tuple[int, int, int]:
        engine, first = self.market.market.engine, self.market.market.at[ml.FIRST_OWN]
        heard = self.market.now - self.market.rules.latency.feed_ns
        tape = engine.tape[self._looked : engine.counters[ek.TAPE_ROWS]]
        tape = tape[: np.searchsorted(tape[:, ek.TAPE_TS], heard, "right")]
        self._looked += len(tape)
        prints = tape[np.isin(tape[:, ek.TAPE_KIND], _PRINTS) & (tape[:, ek.TAPE_TAKER_OWNER] < first)]
        size, side = prints[:, ek.TAPE_SIZE], prints[:, ek.TAPE_SIDE]
        volume, bought, sold = self._traded
        self._traded = (
            volume + int(size[prints[:, ek.TAPE_OWNER] < first].sum()),
            bought + int(size[side == codes.SELL].sum()),
            sold + int(size[side == codes.BUY].sum()),
        )
        return self._traded


class SimulatedMarkets:
    """Episodes in simulated markets (`stepped_market.MarketSource`).

    `make` gives a market by a seed, such as `lambda seed: make_market(model, world, date, seed)`. `starts` of them are
    run for `warm_up_s` seconds of the market each, once, and kept. An episode goes on from one of them for `lead_s`
    seconds with random numbers of its own before its order arrives: `draw` says from which, and with which numbers, so
    that two policies meet the same chance in the same episode (common random numbers).

    UsageError where an episode would outlast the market's day; latencies and rules are those of the markets made.
    """

    def __init__(
        self,
        make: Callable[[int], SimulatedMarket],
        *,
        starts: int = 16,
        warm_up_s: float = 300.0,
        lead_s: float = 5.0,
        first_seed: int = 0,
    ) -> None:
        if starts < 1 or warm_up_s < 0.0 or lead_s < 0.0:
            raise UsageError(
                f"starts {starts}, warm_up_s {warm_up_s}, lead_s {lead_s}",
                place="simulated markets",
                remedy="give at least one start, and seconds that are not below zero",
            )
        self._make, self._count, self._first_seed = make, starts, first_seed
        self._warm_up_ns, self.lead_ns = round(warm_up_s * NS_PER_SECOND), round(lead_s * NS_PER_SECOND)
        self._starts: dict[int, SimulatedMarket] = {}
        self._lock = Lock()  # episodes begin on several threads

    @property
    def instrument(self) -> Instrument:
        return self.start(0).instrument

    @property
    def spread_ticks(self) -> float:
        found = []
        for draw in range(self._count):
            market = self.start(draw)
            bid, ask = market.best_tick(0), market.best_tick(1)
            if bid is not None and ask is not None:
                found.append(ask - bid)
        return max(1.0, float(np.median(found))) if found else 1.0

    def start(self, draw: int) -> SimulatedMarket:
        """The market that the episode of a draw goes on from."""
        number = draw % self._count
        with self._lock:
            if number not in self._starts:
                market = self._make(self._first_seed + number)
                opens = market.instrument.session_open_ns
                market.advance((market.now if opens is None else max(opens, market.now)) + self._warm_up_ns)
                engine = market.market.engine
                tape = engine.tape[: engine.counters[ek.TAPE_ROWS]].copy()
                market.market = market.market._replace(engine=engine._replace(tape=tape))
                self._starts[number] = market
            return self._starts[number]

    def within_day(self, market: SimulatedMarket, duration_ns: int) -> None:
        """UsageError where an episode that begins now does not end before the market's day."""
        close = market.instrument.session_close_ns
        if close is not None and market.now + self.lead_ns + duration_ns > close:
            raise UsageError(
                f"an episode of {duration_ns / NS_PER_SECOND:g} s lasts into the close",
                place=market.instrument.symbol,
                remedy="warm up for a shorter time, or take a shorter episode",
            )

    def open(self, draw: int, duration_ns: int, orders: OwnOrders) -> SteppedSimulation:
        kept = self.start(draw)
        self.within_day(kept, duration_ns)
        market = SimulatedMarket(copied(kept.market), kept.instrument, kept.base_tick, kept.rules)
        reseed(market.market, draw)
        stepped = SteppedSimulation(market, orders)
        stepped.advance(market.now + self.lead_ns)
        return stepped

    def episodes(self, duration_ns: int) -> int | None:
        """Each draw is another one: what comes after a start is its own."""
        return None

    def block(self, draw: int, duration_ns: int) -> str:
        """Episodes that go on from one start have its book in common, whatever comes after it."""
        return f"start {draw % self._count}"

    def stepper(
        self, task: ExecutionTask, settings: NDArray[np.float64], features: NDArray[np.int64], arrays: Arrays
    ) -> SimulatedEpisode | None:
        """What takes steps in a kernel; None where the rules of these markets need the plain loop."""
        rules = self.start(0).rules
        latency = rules.latency
        is_plain = type(latency) is ConstantLatency and not latency.feed_ns and latency.cancel_ns is None
        return SimulatedEpisode(self, task, settings, features, arrays) if is_plain and rules.limits is None else None
