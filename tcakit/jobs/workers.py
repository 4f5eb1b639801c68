"""Many calls in processes of their own: strategies are plain Python, which threads would not run side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from tcakit.errors import TcakitError

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_TRIAL_S, _WORTH_S = 2.0, 10.0  # a worker needs some two seconds to begin


class Workers:
    """`jobs` processes that live as long as the block; with one job the calls run in this process.

    With `jobs` None there is one for each core, but they are begun only when this process has worked for a while and
    more is left than they take to begin. A worker ends with its parent, however that ends.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._most, self._is_eager = jobs or cores(), jobs is not None
        self._executor: ProcessPoolExecutor | None = None
        self._others: set[multiprocessing.process.BaseProcess] = set()

    @property
    def jobs(self) -> int:
        """How many processes work."""
        return 1 if self._executor is None else self._most

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._executor is None:
            return
        if kind is not None:
            # What they are at is not wanted any more.
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def results(
        self, work: Callable[[Argument], Result], arguments: list[Argument]
    ) -> Iterator[tuple[Argument, Result]]:
        """What `work` gives for each argument, as they come; both must be known by name in other processes.

        No more calls are under way than twice the processes. Raises what a call raises.
        """
        left, done, begun = iter(arguments), 0, time.perf_counter()
        while self._executor is None:
            taken, still = time.perf_counter() - begun, len(arguments) - done
            is_worth_it = self._is_eager or (taken > _TRIAL_S and taken / done * still > _WORTH_S)
            if self._most > 1 and still > 1 and is_worth_it:
                self._others, self._most = set(multiprocessing.active_children()), min(self._most, still)
                self._executor = ProcessPoolExecutor(
                    self._most, multiprocessing.get_context("spawn"), initializer=_begin_worker
                )
            elif (argument := next(left, None)) is None:
                return
            else:
                yield argument, work(argument)
                done += 1
        under_way: dict[Future[Result], Argument] = {}
        try:
            while True:
                while len(under_way) < 2 * self._most and (found := next(left, None)) is not None:
                    under_way[self._executor.submit(work, found)] = found
                if not under_way:
                    return
                ready, _ = wait(under_way, return_when=FIRST_COMPLETED)
                # By turn, so that the order does not hang on a set's.
                for future in [future for future in under_way if future in ready]:
                    yield under_way.pop(future), future.result()
        except BrokenProcessPool as error:
            raise TcakitError(
                "a worker process was killed, perhaps for want of memory", remedy="run it again with fewer --jobs"
            ) from error


def _begin_worker() -> None:
    """Ctrl-C is the parent's to answer; a worker whose parent is gone goes too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
