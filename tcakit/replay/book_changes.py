"""When the best prices of a recorded market, or the sizes there, change as a strategy sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.replay.columns import Feed
from tcakit.replay.feed_kernel import touch_sizes


def touch_changes(feed: Feed, feed_ns: int, after_ns: int, until_ns: int) -> NDArray[np.int64]:
    """Times (ns, rising) after `after_ns`, up to `until_ns`, at which a best price or the size there is another one.

    `feed_ns` is how much later than they were received rows are seen. All changes of an instant are one, and none if
    they leave what was there before.
    """
    n = len(feed.ns)
    sizes = np.zeros((2, n), np.int64)
    shown = np.zeros((2, feed.ticks), np.int64)
    touch_sizes(feed.action, feed.side, feed.tick2, feed.level, feed.best_bid, feed.best_ask, shown, sizes)
    seen = np.maximum.accumulate(feed.local_ns) + feed_ns
    last = np.flatnonzero(np.append(seen[1:] != seen[:-1], n > 0))
    changed = np.zeros(len(last), np.bool_)
    for column, empty in ((feed.best_bid, -1), (feed.best_ask, feed.ticks), (sizes[0], 0), (sizes[1], 0)):
        found = column[last]
        changed |= found != np.concatenate([[empty], found[:-1]])
    times = seen[last[changed]]
    return np.ascontiguousarray(
        times[np.searchsorted(times, after_ns, "right") : np.searchsorted(times, until_ns, "right")]
    )
