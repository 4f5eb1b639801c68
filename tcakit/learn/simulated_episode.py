"""Episodes in simulated markets whose every step is one call of a kernel."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.jit import IS_COMPILED, TABLE_COLUMNS, address_of, straight
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.episode_kernel import begin
from tcakit.learn.simulated_start import Starts, copied, put_back, reseed
from tcakit.learn.step_kernel import DONE, Book, look_around
from tcakit.learn.stepper import Arrays
from tcakit.learn.table_kernel import GO_ON, INSTRUCTION, act, act_at, act_each, look_around_at
from tcakit.learn.task import ExecutionTask
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.table_kernel import run_at
from tcakit.venue.latency import SUBMIT

_SPARE_ORDERS = 8


class SimulatedEpisode:
    """Episodes of one task, one after the other, in simulated markets (`environment.Stepper`).

    It does what `episode.Episode` does through a gateway: account, rewards and observations are the same to the last
    bit, but for the depth in the account where no feature asks for it. The arrays of its market are its own, and are
    written over with those of the next episode's start.
    """

    def __init__(
        self,
        source: Starts,
        task: ExecutionTask,
        settings: NDArray[np.float64],
        features: NDArray[np.int64],
        arrays: Arrays,
    ) -> None:
        self.task, self._source = task, source
        self.arrays = arrays
        self.account, self.measures, observation = arrays
        # Of every order sent, two a step and two at the end.
        leaves = np.zeros(2 * task.steps + _SPARE_ORDERS, np.int64)
        self._book = Book(self.account, self.measures, settings, features, observation, leaves)
        rows = [(array.ctypes.data, len(array), *(1,) * (TABLE_COLUMNS - 2)) for array in self._book]
        self._table = np.array(rows, np.int64)
        self.address, self.book_address = 0, int(self._table.ctypes.data)
        self._running: SimulatedMarket | None = None
        self._market: ml.Market | None = None
        self._act: Callable[..., int]
        self._look_around: Callable[..., int]

    def begin(self, draw: int, side: int) -> None:
        """Begin the episode of a draw. DataError where its market shows but one side."""
        task, source = self.task, self._source
        kept = source.start(draw)
        source.within_day(kept, task.duration_ns)
        running = self._put_back(kept)
        reseed(running.market, draw)
        running.advance(running.now + source.lead_ns)
        self.take()
        account, lot, now = self.account, running.instrument.lot_size, running.now
        begin(account, self.measures, side, task.quantity, lot, task.steps, now, task.duration_ns)
        account[el.BASE_TICK] = running.base_tick
        account[el.ENTRY_NS] = running.rules.latency.entry(SUBMIT, 0, now)
        if not self._look_around():
            raise DataError(
                "the market shows but one side when the order arrives",
                place=running.instrument.symbol,
                remedy="let episodes start elsewhere",
            )

    def act(self, kind: int, value: float, unit: int) -> None:
        """Take a step with an action of `actions`."""
        if (status := self._act(kind, value, unit)) != DONE:
            self.go_on(status)

    def instruct(self, quantity: int, offset: int) -> None:
        """Take a step with a market order of `quantity` and a limit order `offset` ticks from the touch for the rest,
        or NO_LIMIT, or LEAVE."""
        self.account[el.ASKED_QUANTITY], self.account[el.ASKED_OFFSET] = quantity, offset
        self.act(INSTRUCTION, 0.0, 1)

    def go_on(self, status: int) -> None:
        """Finish a step that came back with a status: enlarge what it needs enlarged."""
        while status != DONE:
            self.market.enlarge(status)
            self.take()
            status = self._act(GO_ON, 0.0, 1)

    def _put_back(self, kept: SimulatedMarket) -> SimulatedMarket:
        """A market of our own that stands where a kept one does."""
        running = self._running
        if running is not None and put_back(running.market, kept.market):
            return running
        own = np.full((len(self._book.leaves), 2), -1, np.int64)
        self._running = running = SimulatedMarket(
            copied(kept.market)._replace(own=own), kept.instrument, kept.base_tick, kept.rules
        )
        return running

    @property
    def market(self) -> SimulatedMarket:
        """The market of the episode; UsageError before there was one."""
        if self._running is None:
            raise UsageError("no episode is under way", place="market", remedy="begin one")
        return self._running

    def take(self) -> None:
        """Take steps in the arrays that the market has now."""
        running, market = self.market, self.market.market
        if market is self._market:
            return
        self._market = market
        if IS_COMPILED:
            running.table.take(market)
            act_, look_around_, runner = compiled()
            self.address = running.table.address
            self._act = partial(act_, runner, self.address, self.book_address)
            self._look_around = partial(look_around_, self.address, self.book_address)
        else:
            self._act = partial(act, market, self._book, run_at, market)
            self._look_around = partial(look_around, market, self._book)


@cache
def compiled() -> tuple[Callable[..., int], Callable[..., int], int]:
    """act_at and look_around_at for numbers of just these types, and the address of run_at."""
    runner = address_of(run_at, "int64", ("int64", "int64"))
    return straight(act_at, 0, 0, 0, 0, 0.0, 1), straight(look_around_at, 0, 0), runner


@cache
def compiled_for_many() -> tuple[Callable[..., None], int]:
    """act_each for arrays and numbers of just these types, and the address of run_at."""
    whole, real = np.zeros(1, np.int64), np.zeros(1)
    return straight(act_each, 0, whole, whole, 0, real, 1, whole, 0, 1), compiled()[2]
