"""A whole simulated market, participants and all, as experiments with metaorders run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.background_kernel import taker_size
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.metaorder_experiment import DATE, flat_day
from tcakit.simulator.random_kernel import bits, stream
from tcakit.simulator.sources import make_market
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.order_parts import OrderParts

_OWN = 1
_PLAIN = OrderParts()


@dataclass(slots=True)
class MarketRun:
    """A running market of all its sources; `own` is the stream of random numbers of orders sent by a timetable."""

    market: SimulatedMarket
    own: np.uint64
    opening_rows: int

    @property
    def now(self) -> int:
        """The time it has come to, ns."""
        return self.market.now

    def run_until(self, until_ns: int) -> None:
        """Let all sources go on to a time."""
        while self.market.advance(until_ns) != ml.AT_TIME:
            self.market.answers()
        self.market.answers()

    def send(
        self, when_ns: NDArray[np.int64], sizes: NDArray[np.int64], *, like_takers: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Send market orders by a timetable, as `BackgroundRun.send` does."""
        middle, filled, cash = (np.zeros(len(when_ns)) for _ in range(3))
        first = len(self.market.orders)
        entries: list[int] = []
        for entry, when in enumerate(when_ns.tolist()):
            self._run(when, entries, first, filled, cash)
            bid, ask = self.market.best_tick(0), self.market.best_tick(1)
            if bid is not None and ask is not None:
                middle[entry] = 0.5 * (bid + ask)
            elif entry:
                middle[entry] = middle[entry - 1]
            side = int(np.sign(sizes[entry]))
            size = self._like_takers(side, entry) if side and like_takers else abs(int(sizes[entry]))
            if size > 0:
                entries.append(entry)
                self.market.submit(0, side, size, None, codes.IOC, _PLAIN)
                self._run(when, entries, first, filled, cash)
        return middle, filled, cash

    def _like_takers(self, side: int, entry: int) -> int:
        inside = self.market.market
        with np.errstate(over="ignore"):
            word = np.uint64(bits(self.own, entry, 0))
        size = int(taker_size(inside.engine, inside.flow, 1 if side > 0 else 0, word))
        return size - size % self.market.instrument.lot_size

    def _run(
        self, until: int, entries: list[int], first: int, filled: NDArray[np.float64], cash: NDArray[np.float64]
    ) -> None:
        while True:
            status = self.market.advance(until)
            for row in self.market.answers():
                number = int(row[ml.LOG_ORDER])
                if int(row[ml.LOG_EVENT]) in (codes.FILLED, codes.PARTIAL) and number >= first:
                    entry, size = entries[number - first], float(row[ml.LOG_SIZE])
                    tick = float(row[ml.LOG_LEVEL]) + self.market.base_tick
                    filled[entry] += size
                    cash[entry] -= self.market.orders[number].side * size * tick
            if status == ml.AT_TIME:
                return

    def twin(self) -> MarketRun:
        """The same market once more: what happens to one from here on does not touch the other."""
        market = self.market
        made = SimulatedMarket(_copied(market.market), market.instrument, market.base_tick, market.rules)
        made.orders = [replace(order) for order in market.orders]
        return MarketRun(made, self.own, self.opening_rows)

    def tape(self) -> NDArray[np.int64]:
        """The rows written so far."""
        engine = self.market.market.engine
        rows: NDArray[np.int64] = engine.tape[: int(engine.counters[ek.TAPE_ROWS])]
        return rows


def _copied(value: Any) -> Any:
    """Nested tuples of arrays, every array anew; what is no array (the sources as plain Python) stays."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_copied(part) for part in value))
    return value


def of_market(parameters: MarketParameters) -> Callable[[int], MarketRun]:
    """Markets of all sources that are switched on, on a day as busy at all hours, without calls, halts and news."""
    model = flat_day(parameters.model)
    world = replace(
        parameters.world, opening_call_seconds=0.0, closing_call_seconds=0.0, halts=(), news=(), band_ticks=None
    )

    def opened(seed: int) -> MarketRun:
        market = make_market(model, world, DATE, seed)
        with np.errstate(over="ignore"):
            own = np.uint64(stream(market.market.seeds[ml.FLOW], _OWN))
        return MarketRun(market, own, int(market.market.engine.counters[ek.TAPE_ROWS]))

    return opened
