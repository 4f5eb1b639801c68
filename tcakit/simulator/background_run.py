"""A market of the background alone, run from Python: for experiments, fits and tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.book.fifo_kernel import OK
from tcakit.errors import DataError
from tcakit.simulator import background_kernel, metaorder_kernel
from tcakit.simulator.flow_layout_kernel import CLOSE_NS, OPEN_NS, Feedback, Flow
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.random_kernel import stream
from tcakit.venue.engine import grown
from tcakit.venue.engine_layout_kernel import CLOCK, TAPE_ROWS, Engine, new_engine

BACKGROUND = 0  # the background's stream of random numbers
OWN = 1  # that of orders sent by a timetable, out of the background's
_LEAST_HALF = 2_048
_MOST_SLOTS = 1 << 22
_MOST_ROWS = 1 << 27


@dataclass(slots=True)
class BackgroundRun:
    """A running market; `now` is when its last proposal came, `number` that of the next, `base_tick` of level 0."""

    engine: Engine
    flow: Flow
    feedback: Feedback
    seed: np.uint64
    number: int
    now: int
    base_tick: int
    opening_rows: int

    def run_until(self, until_ns: int) -> None:
        """Let the background go on to a time. DataError if the book or tape would grow without end."""
        while True:
            with np.errstate(over="ignore"):
                status, self.number, self.now = background_kernel.run_background(
                    self.engine, self.flow, self.feedback, self.seed, self.number, self.now, until_ns
                )
            if status == OK:
                return
            self.engine = _grown(self.engine, status)

    def run_day(self) -> None:
        """Let the background go on to the close."""
        self.run_until(int(self.flow.times[CLOSE_NS]) - 1)

    def send(
        self, when_ns: NDArray[np.int64], sizes: NDArray[np.int64], *, like_takers: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Send market orders by a timetable; mids (levels) before each, shares filled, cash (levels x shares).

        `like_takers`: of `sizes` only the signs count, each takes as much as a taker of the background would.
        """
        with np.errstate(over="ignore"):
            own = np.uint64(stream(self.seed, OWN)) if like_takers else np.uint64(0)
        middle, filled, cash = (np.zeros(len(when_ns)) for _ in range(3))
        entry = 0
        while True:
            with np.errstate(over="ignore"):
                status, entry, self.number, self.now = metaorder_kernel.send_by_timetable(
                    self.engine,
                    self.flow,
                    self.feedback,
                    self.seed,
                    self.number,
                    self.now,
                    when_ns,
                    sizes,
                    own,
                    entry,
                    middle,
                    filled,
                    cash,
                )
            if status == OK:
                return middle, filled, cash
            self.engine = _grown(self.engine, status)

    def twin(self) -> BackgroundRun:
        """The same market once more: what happens to one from here on does not touch the other."""
        return BackgroundRun(
            Engine(*(array.copy() for array in self.engine)),
            self.flow._replace(memory=self.flow.memory.copy(), scratch=self.flow.scratch.copy()),
            Feedback(*(array.copy() for array in self.feedback)),
            self.seed,
            self.number,
            self.now,
            self.base_tick,
            self.opening_rows,
        )

    def tape(self) -> NDArray[np.int64]:
        """The rows written so far; the first `opening_rows` are the orders that stood at the open."""
        rows: NDArray[np.int64] = self.engine.tape[: int(self.engine.counters[TAPE_ROWS])]
        return rows


@dataclass(frozen=True, slots=True)
class Prepared:
    """A flow in arrays, to open many markets of: level 0 is `base_tick`."""

    model: FlowModel
    flow: Flow
    feedback: Feedback
    base_tick: int
    ladder_levels: int


def prepare(model: FlowModel, date: str) -> Prepared:
    """The arrays of a flow on a date, on a ladder that has room for a price a tenth away and more."""
    reach = len(model.profile)
    half = max(_LEAST_HALF, 8 * reach, model.start_bid // 10)
    base = max(0, model.start_bid - half)
    ladder = model.start_ask - base + half
    return Prepared(model, model.arrays(date, base_tick=base), model.feedback.arrays(), base, ladder)


def open_market(prepared: Prepared, seed: int, *, tape_rows: int = 1 << 16) -> BackgroundRun:
    """A market at its open, orders standing as they do on average. The same arguments give the same bytes."""
    model, base, ladder = prepared.model, prepared.base_tick, prepared.ladder_levels
    standing = 2 * float(model.profile.sum())
    slots = 1 << int(np.ceil(np.log2(max(1_024.0, 4.0 * standing))))
    flow = prepared.flow._replace(memory=prepared.flow.memory.copy(), scratch=prepared.flow.scratch.copy())
    feedback = Feedback(*(array.copy() for array in prepared.feedback))
    with np.errstate(over="ignore"):
        number = np.uint64(stream(np.uint64(seed), BACKGROUND))
    open_ns = int(flow.times[OPEN_NS])
    while True:
        engine = new_engine(slots, ladder, max(tape_rows, 4 * slots), 1_024)
        with np.errstate(over="ignore"):
            status = background_kernel.open_book(
                engine, flow, number, model.start_bid - base, model.start_ask - base, open_ns
            )
        if status == OK:
            break
        slots, tape_rows = 2 * slots, 2 * tape_rows
    opening = int(engine.counters[TAPE_ROWS])
    return BackgroundRun(engine, flow, feedback, number, 0, open_ns, base, opening)


def _grown(engine: Engine, status: int) -> Engine:
    if len(engine.pool) > _MOST_SLOTS or len(engine.tape) > _MOST_ROWS:
        raise DataError(
            "the simulated market grows without end",
            place=f"at {int(engine.counters[CLOCK])} ns",
            remedy="more orders come than leave: raise the rates of cancels, or lower those of new orders",
        )
    return grown(engine, status)
