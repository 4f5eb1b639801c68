"""Run a compiled strategy over a recorded day: the loop is in `events_kernel`, arrays and results are made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED
from tcakit.replay import layout_kernel as lk
from tcakit.replay import own_kernel as ok
from tcakit.replay.arrays import doubled, table_of
from tcakit.replay.columns import Feed
from tcakit.replay.compiler import CompiledStrategy
from tcakit.replay.events_kernel import run
from tcakit.replay.recorded_market import GROWS_WITH_LOG, RecordedMarket, ReplayResult, ReplaySettings
from tcakit.venue.latency import EntryTable

_EVENTS_A_CALL = 100_000
_ENTRY_KINDS = {"fixed": lk.FIXED, "recorded": lk.RECORDED, "drawn": lk.DRAWN}


@dataclass(frozen=True, slots=True)
class Work:
    """When a compiled strategy starts and may end (ns), its parameters, and the parent order that it works, if any:
    side +1 or -1, quantity in stored units, limit in ticks. After `until_ns` it is asked no more."""

    start_ns: int
    end_ns: int
    parameters: Mapping[str, Any] | None = None
    side: int = 0
    quantity: int = 0
    limit_tick: int | None = None
    until_ns: int | None = None


class CompiledReplay:
    """A replay of one symbol's day with one compiled strategy; `run` gives what `Replay.run` gives for the same
    strategy in plain Python. After it, `integers` and `floats` are the strategy's memory.

    `progress`, if given, is called now and then with the rows replayed so far.
    """

    def __init__(
        self,
        feed: Feed,
        strategy: CompiledStrategy,
        work: Work,
        settings: ReplaySettings,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.strategy = strategy
        self.progress = progress
        if settings.limits is not None:
            raise UsageError(
                "pre-trade limits do not hold compiled strategies",
                place="limits",
                remedy="take the [limits] out, or write the strategy as a Python object",
            )
        if settings.impact is not None:
            raise UsageError(
                "a compiled strategy does not see what its impact does to the market",
                place="impact",
                remedy="leave the impact out, or write the strategy as a Python object",
            )
        self._market = RecordedMarket(feed, settings)
        state = self._market.state
        self._market.state = state._replace(settings=np.append(state.settings, feed.base_tick))
        self._market.renew()
        self._own = _own_of(feed, strategy, work, settings)

    @property
    def integers(self) -> NDArray[np.int64]:
        return self._own.integers

    @property
    def floats(self) -> NDArray[np.float64]:
        return self._own.floats

    def load(self) -> None:
        """Load what is compiled, or compile it, so that the run can be timed without it."""
        self._own.scalars[ok.EVENTS_LEFT] = 1
        self._call()
        self._own.scalars[ok.EVENTS_LEFT] = _EVENTS_A_CALL

    def run(self) -> ReplayResult:
        """Replay until the end has passed and no answer is under way; UsageError where the strategy asks for what
        cannot be."""
        status = self._call()
        while status != ok.OVER:
            if status == ok.FAULTY:
                raise self._fault()
            if status == ok.FULL:
                self._enlarge()
            elif status == ok.PAUSED:
                self._own.scalars[ok.EVENTS_LEFT] = _EVENTS_A_CALL
                if self.progress is not None:
                    self.progress(int(self._market.cursor[lk.ROW]))
            else:
                self._grow(*(GROWS_WITH_LOG if status == lk.GROW_LOG else ("live", "queue", "watched")))
            status = self._call()
        return self.result()

    def _call(self) -> int:
        """Let the strategy trade until its run comes back."""
        market, asked = self._market, self.strategy.asked
        if not IS_COMPILED:
            return int(run((*market.market, *market.state), self._own, asked))
        table, own_table = market.table, table_of(self._own)
        return int(run(table.ctypes.data, own_table.ctypes.data, asked))

    def _enlarge(self) -> None:
        """Make room for what the next callback may send."""
        self._grow("orders", "bus")
        names = ("wakes", "told", "known")
        self._own = self._own._replace(**{name: doubled(getattr(self._own, name)) for name in names})

    def _grow(self, *names: str) -> None:
        state = self._market.state
        self._market.state = state._replace(**{name: doubled(getattr(state, name)) for name in names})
        self._market.renew()

    def _fault(self) -> UsageError:
        fault, value = (int(self._own.scalars[at]) for at in (ok.FAULT, ok.FAULT_VALUE))
        lot = int(self._market.state.settings[lk.LOT])
        said = {
            ok.BAD_ORDER: f"an order of {value}: sides are +1 and -1, quantities multiples of {lot} above zero",
            ok.BAD_CHANGE: f"an order was to be made one of {value}: quantities are multiples of {lot} above zero",
            ok.BAD_PARTS: f"an order of {value} whose parts contradict each other",
            ok.NO_SESSION: "an order for the day or for an auction, but the replay was told of no session",
            ok.TOO_MANY: f"more than {ok.ROOM} messages or wakes were asked for in one callback",
        }[fault]
        at_ns = int(self._market.cursor[lk.NOW])
        return UsageError(f"{said} (at {at_ns} ns)", place=str(self.strategy.path), remedy="correct the strategy")

    def result(self) -> ReplayResult:
        """All that happened up to now."""
        own, market = self._own, self._market
        orders, told = int(own.scalars[ok.N_ORDERS]), int(own.scalars[ok.N_TOLD])
        market.clock.now = int(market.cursor[lk.NOW])
        market.sent[:] = np.where(own.known[:orders, ok.IS_OVER] == 0, 0, -1).tolist()
        market.state = market.state._replace(told=own.told)
        market.cursor[lk.N_TOLD] = told
        return market.result()


def _own_of(feed: Feed, strategy: CompiledStrategy, work: Work, settings: ReplaySettings) -> ok.Own:
    table = _entries(settings)
    scalars = np.zeros(ok.SCALARS, np.int64)
    scalars[ok.LAST_ARRIVAL_NS] = -(1 << 62)
    scalars[ok.N_WAKES] = 1
    scalars[ok.END_NS] = scalars[ok.LAST_NS] = work.end_ns
    scalars[ok.START_NS] = work.start_ns
    scalars[ok.EVENTS_LEFT] = _EVENTS_A_CALL
    scalars[ok.PARENT_SIDE], scalars[ok.PARENT_QUANTITY] = work.side, work.quantity
    scalars[ok.PARENT_LIMIT] = -1 if work.limit_tick is None else work.limit_tick
    scalars[ok.UNTIL_NS] = np.iinfo(np.int64).max if work.until_ns is None else work.until_ns
    scalars[ok.ENTRY_KIND] = _ENTRY_KINDS[table.kind]
    scalars[ok.ENTRY_NS], scalars[ok.CANCEL_NS], scalars[ok.MODIFY_NS] = table.fixed_ns
    wakes = np.zeros(4 * ok.ROOM, np.int64)
    wakes[0] = work.start_ns
    return ok.Own(
        scalars=scalars,
        parameters=np.array([*strategy.values(work.parameters or {}), 0.0], np.float64),
        integers=np.zeros(strategy.integers, np.int64),
        floats=np.zeros(strategy.floats, np.float64),
        wakes=wakes,
        told=np.zeros((4 * ok.ROOM, 5), np.int64),
        known=np.zeros((4 * ok.ROOM, 2), np.int64),
        entry_at=table.at,
        entry_ns=table.ns,
        answer_ns=table.answer_ns,
    )


def _entries(settings: ReplaySettings) -> EntryTable:
    entries = getattr(settings.latency, "entries", None)
    if entries is None:
        raise UsageError(
            f"{type(settings.latency).__name__} cannot be asked by a compiled strategy",
            place="latency",
            remedy="use a constant, a recorded or a random one, or write the strategy as a Python object",
        )
    table: EntryTable = entries()
    return table
