"""Cases run in processes of their own: one that dies, hangs or eats memory is a finding, and another goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import polars as pl

from tests.fuzz import cases
from tests.fuzz.oracle import Finding

HANG_SECONDS = 60.0  # a kernel hears no signal
MORE_MEMORY = 3 << 30
_REPORT_EVERY = 25
_CONTEXT = multiprocessing.get_context("spawn")
Run = Callable[[str, int], str]


@dataclass(slots=True)
class Tally:
    """What came of the cases of one format; `findings` by their first line, each with its numbers and all it says.

    Of a process that died, the last few outcomes are not counted.
    """

    format: str
    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, tuple[list[int], str]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, number: int, told: str) -> None:
        numbers, _ = self.findings.setdefault(told.split("\n", 1)[0], ([], told))
        numbers.append(number)

    @property
    def found(self) -> int:
        return sum(len(numbers) for numbers, _ in self.findings.values())


def limit_memory(more: int = MORE_MEMORY) -> None:
    """Let this process take that many bytes beyond what it has."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (held + more, held + more))


def _work(run: Run, format: str, numbers: range, warm: bool, current: Any, pipe: Connection) -> None:
    """Run the cases; `current` holds the number at work, which the parent reads when this process is dead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    within_polars(lambda: _cases(run, format, numbers, warm, current, pipe))


def within_polars(work: Callable[[], None]) -> None:
    """Do the work on polars' one thread (POLARS_MAX_THREADS): a small query costs more to hand over than to run."""

    def called(column: pl.Series, **_: object) -> pl.Series:
        work()
        return column

    one = pl.col("a")
    # Two columns at once are what it takes for polars to begin its thread.
    pl.DataFrame({"a": [0]}).select(one.map_batches(called, return_dtype=pl.Int64), one.alias("b"))


def _cases(run: Run, format: str, numbers: range, warm: bool, current: Any, pipe: Connection) -> None:
    if warm:
        # Kernels are compiled, and libraries loaded, before time and memory are measured.
        cases.warm_up(format)
        limit_memory()
    pipe.send(("ready",))
    outcomes: Counter[str] = Counter()
    for number in numbers:
        if (number - numbers.start) % (_REPORT_EVERY * numbers.step) == 0:
            pipe.send(("at", number, outcomes))
            outcomes = Counter()
        try:
            current.value = number
            outcomes[run(format, number)] += 1
        except Finding as finding:
            pipe.send(("finding", number, str(finding)))
            outcomes["findings"] += 1
    pipe.send(("done", numbers.stop, outcomes))


class _Worker:
    """One process on its share of the numbers, and when it last said something."""

    def __init__(self, run: Run, format: str, numbers: range, warm: bool) -> None:
        self.run, self.format, self.numbers, self.warm = run, format, numbers, warm
        self.current = _CONTEXT.Value("q", numbers.start - numbers.step, lock=False)
        self.pipe, theirs = _CONTEXT.Pipe(duplex=False)
        self.process = _CONTEXT.Process(target=_work, args=(run, format, numbers, warm, self.current, theirs))
        self.process.start()
        theirs.close()
        self.ready = False
        self.finished = False
        self.ended = False
        self.moved = time.monotonic()
        self.seen = self.current.value

    def silent_seconds(self) -> float:
        if self.current.value != self.seen or not self.ready:
            self.seen, self.moved = self.current.value, time.monotonic()
        return time.monotonic() - self.moved

    def begun(self) -> int:
        """How many of its cases it has begun."""
        return (self.current.value - self.numbers.start) // self.numbers.step + 1

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def fuzz(
    format: str,
    first: int,
    count: int,
    processes: int,
    progress: Callable[[Tally], None],
    run: Run = cases.run,
    hang_seconds: float = HANG_SECONDS,
    warm: bool = True,
) -> Tally:
    """Run cases first to first + count - 1 of one format."""
    tally, started = Tally(format), time.monotonic()
    shares = [range(first + share, first + count, processes) for share in range(min(processes, count))]
    settled = 0
    workers = [_Worker(run, format, numbers, warm) for numbers in shares]
    try:
        while workers:
            for worker in list(_heard(workers)):
                _listen(worker, tally)
            for worker in list(workers):
                rest = _judge(worker, tally, hang_seconds)
                if rest is not None:
                    settled += len(worker.numbers) - len(rest)
                    worker.stop()
                    workers.remove(worker)
                    if rest:
                        workers.append(_Worker(run, format, rest, warm))
            tally.done = settled + sum(worker.begun() for worker in workers)
            tally.seconds = time.monotonic() - started
            progress(tally)
    finally:
        for worker in workers:
            worker.stop()
    return tally


def _heard(workers: list[_Worker]) -> Iterator[_Worker]:
    ready = wait([worker.pipe for worker in workers], timeout=0.5)
    return (worker for worker in workers if worker.pipe in ready)


def _listen(worker: _Worker, tally: Tally) -> None:
    try:
        while worker.pipe.poll():
            what, *rest = worker.pipe.recv()
            worker.ready = True
            if what == "finding":
                tally.add(*rest)
            elif what in ("at", "done"):
                tally.outcomes.update(rest[1])
                worker.finished = what == "done"
    except (EOFError, OSError):
        # Nothing more will come: it is dead, or about to be.
        worker.process.join()
        worker.ended = True


def _judge(worker: _Worker, tally: Tally, hang_seconds: float) -> range | None:
    """The numbers that another process must go on with, none where this one is finished; None while it works."""
    if worker.finished:
        return range(0)
    number = worker.current.value
    if worker.silent_seconds() > hang_seconds and worker.process.is_alive():
        told = f"the process hangs: no end within {hang_seconds:g} seconds"
    elif worker.ended:
        told = f"the process died with exit code {worker.process.exitcode}"
    else:
        return None
    tally.add(number, told)
    tally.outcomes["findings"] += 1
    return range(number + worker.numbers.step, worker.numbers.stop, worker.numbers.step)
