"""Many parameter sets of a compiled strategy over one recorded day."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tcakit.replay.columns import Feed
from tcakit.replay.compiled_run import CompiledReplay, Work
from tcakit.replay.compiler import CompiledStrategy
from tcakit.replay.replay import ReplayResult, ReplaySettings


def sweep(
    feed: Feed,
    strategy: CompiledStrategy,
    work: Work,
    parameter_sets: Sequence[Mapping[str, Any]],
    settings: ReplaySettings,
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[ReplayResult]:
    """Replay a day once for every parameter set, each alone in the market; gives their results in order, as they come.

    Each is what `CompiledReplay` gives for `work` with these parameters (names and numbers of the strategy's
    PARAMETERS), whatever the number of threads. `progress` is called with the number of sets that are done. UsageError
    for a parameter that the strategy does not have, before anything is replayed.
    """
    for parameters in parameter_sets:
        strategy.values(parameters)

    def run(parameters: Mapping[str, Any]) -> ReplayResult:
        return CompiledReplay(feed, strategy, replace(work, parameters=parameters), settings).run()

    return _in_order(run, parameter_sets, threads, progress)


def _in_order(
    run: Callable[[Mapping[str, Any]], ReplayResult],
    parameter_sets: Sequence[Mapping[str, Any]],
    threads: int,
    progress: Callable[[int], None] | None,
) -> Iterator[ReplayResult]:
    """Results one by one; no more than two a thread are held."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[ReplayResult]] = deque()
        left = iter(parameter_sets)
        done = 0
        try:
            while True:
                while len(waiting) < 2 * threads and (parameters := next(left, None)) is not None:
                    waiting.append(pool.submit(run, parameters))
                if not waiting:
                    return
                result = waiting.popleft().result()
                done += 1
                if progress is not None:
                    progress(done)
                yield result
        finally:
            for future in waiting:
                future.cancel()
