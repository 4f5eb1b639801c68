"""What impact costs a replay: the day and the strategy of `bench_replay`, with all layers on against all off.

The strategy quotes both sides; each fill moves the book, which then fades back tick by tick.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from benchmarks.bench_replay import LATENCY_NS, ROWS, STEP_NS, Quoting, _walk, our_feed
from benchmarks.harness import Benchmark
from tcakit.impact.replay_impact import ReplayImpact
from tcakit.market import codes
from tcakit.replay.columns import Feed
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import ConstantLatency

# Ticks of 0.1 and orders of 10 shares, of which levels show 2,500: each fill moves the book by a tenth of a tick, far
# more than it would, and that fades in a second to a minute.
_HALF_LIVES_NS = (1e9, 1e10, 6e10)
IMPACT = ReplayImpact(
    weights=(0.0007, 0.0007, 0.0007),
    rates=tuple(math.log(2.0) / half for half in _HALF_LIVES_NS),
    permanent=0.0001,
    refill_half_life_ns=10_000_000_000,
)


def quoted(feed: Feed, impact: ReplayImpact | None) -> tuple[int, int, int]:
    """Orders sent and filled, and how often the book was moved by a tick or more."""
    begin, end = int(feed.ns[0]), int(feed.local_ns[-1])
    latency = ConstantLatency(0, LATENCY_NS, LATENCY_NS)
    settings = ReplaySettings(latency=latency, queue_rule=codes.RISK_AVERSE, impact=impact)
    strategy = Quoting(end)
    result = Replay(feed, [Participant(strategy, begin + STEP_NS, end)], settings).run()
    return strategy.sent, strategy.fills, 0 if result.shifts is None else len(result.shifts)


def _moved(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    """Both traded, and only the first moved its book."""
    assert min(one) > 0, one
    assert min(other[:2]) > 0, other
    assert other[2] == 0, other


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmark of this file, at a fraction of the full size."""
    rows = max(5_000, int(ROWS * scale))
    feed = our_feed(_walk(rows, 3))
    job = f"{rows:,} rows of a level-2 feed with a strategy that quotes both sides, with impact and without"
    yield Benchmark(
        "replay-impact",
        job,
        partial(quoted, feed, IMPACT),
        "tcakit without impact",
        partial(quoted, feed, None),
        _moved,
    )
