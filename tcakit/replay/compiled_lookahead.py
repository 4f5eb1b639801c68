"""Whether a compiled strategy looks ahead: the check of `lookahead`, by the messages that it sends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.compiled_run import CompiledReplay
from tcakit.replay.lookahead import Checked, Entry, differ, differ_at_venue, with_noise_after
from tcakit.replay.recorded_market import ReplayResult, ReplaySettings


def check_compiled_lookahead(
    feed: Feed,
    make: Callable[[Feed, int | None], CompiledReplay],
    settings: ReplaySettings,
    times: int = 10,
    seed: int = 0,
) -> Checked:
    """As `lookahead.check_lookahead` for a compiled strategy: orders, cancels and changes are compared, and what the
    venue did with them.

    `make` gives a new replay over a feed in which the strategy is asked no more after a time (ns), if there is one.
    Instants are those at which it sent something or was told something. Raises what the strategy raises.
    """
    first = make(feed, None).run()
    told, last = _told(first), _last_ns(first)
    again = make(feed, None).run()
    if (found := differ(told, _told(again), last)) or (found := differ_at_venue(first, again, last, last + 1)):
        return Checked(0, len(told), len(first.log), found)
    drawn = _instants(first, times, seed)
    calls = events = 0
    for number, at_ns in enumerate(drawn):
        noisy, noise_ns = with_noise_after(feed, settings, at_ns, seed=seed + number)
        # The run ends when its strategy is first asked later: what happens then is not logged any more.
        noise_ns = min(noise_ns, at_ns + 1)
        replay = make(noisy, at_ns)
        with suppress(Exception):  # the noise may be more than it can bear
            replay.run()
        result = replay.result()
        calls += sum(entry[0] <= at_ns for entry in told)
        events += int((first.log[:, lk.LOG_NS] < noise_ns).sum())
        if (found := differ(told, _told(result), at_ns)) or (found := differ_at_venue(first, result, at_ns, noise_ns)):
            return Checked(number + 1, calls, events, found)
    return Checked(len(drawn), calls, events, None)


def _told(result: ReplayResult) -> list[Entry]:
    """What the strategy asked: time, participant 0, what it asked, order, limit and size."""
    rows = np.array(result.local_events, np.int64).reshape(-1, 5).tolist()
    base = result.feed.base_tick
    return [(ns, 0, codes.STATE_NAMES[event], (order, base + tick, size)) for ns, order, event, tick, size in rows]


def _last_ns(result: ReplayResult) -> int:
    told = np.array(result.local_events, np.int64).reshape(-1, 5)[:, 0]
    return max((int(times.max()) for times in (told, result.log[:, lk.LOG_LOCAL_NS]) if len(times)), default=0)


def _instants(result: ReplayResult, times: int, seed: int) -> list[int]:
    told = np.array(result.local_events, np.int64).reshape(-1, 5)[:, 0]
    asked = np.unique(np.concatenate([told, result.log[:, lk.LOG_LOCAL_NS]]))
    generator = np.random.Generator(np.random.PCG64(seed))
    return sorted(generator.choice(asked, min(times, len(asked)), replace=False).tolist())
