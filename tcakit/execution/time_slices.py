"""The slices of time that a schedule trades in: equal parts of a window, cut where trading pauses, with auctions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError

_MOST_SLICES = 2_000


@dataclass(frozen=True, slots=True)
class TimeSlices:
    """n slices in order: `start_ns` and `end_ns` (int64, since 1970 UTC; an auction has no length), and bool columns
    that say which may trade and which are auctions.
    """

    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    auction: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def length_ns(self) -> NDArray[np.int64]:
        return self.end_ns - self.start_ns


def time_slices(
    start_ns: int,
    end_ns: int,
    *,
    count: int | None = None,
    interval_ns: int | None = None,
    pauses: Sequence[tuple[int, int]] = (),
    opening: bool = False,
    closing: bool = False,
) -> TimeSlices:
    """A window in `count` equal parts, or in parts of `interval_ns` (the last may be shorter), with auctions around it.

    A slice is cut where a pause begins or ends, so that none is open in part. Raises UsageError for a window without
    length, or one that is all pause.

    >>> time_slices(0, 60, count=2, pauses=[(20, 40)]).allowed.tolist()
    [True, False, False, True]
    """
    if end_ns <= start_ns:
        raise UsageError("the end is not after the start", place="--start, --end", remedy="check the times")
    if (count is None) == (interval_ns is None):
        raise UsageError("slices by number or by length", place="--slices, --interval", remedy="give one of the two")
    if interval_ns is not None and interval_ns <= 0:
        raise UsageError("slices without length", place="--interval", remedy="write 5m")
    wanted = count if count is not None else -(-(end_ns - start_ns) // (interval_ns or 1))
    if not 1 <= wanted <= _MOST_SLICES:
        raise UsageError(f"{wanted:,} slices", place="--slices, --interval", remedy=f"make 1 to {_MOST_SLICES:,}")
    if interval_ns is not None:
        grid = np.append(np.arange(start_ns, end_ns, interval_ns, dtype=np.int64), end_ns)
    else:
        grid = start_ns + (end_ns - start_ns) * np.arange(wanted + 1, dtype=np.int64) // wanted
    cuts = [moment for pause in pauses for moment in pause if start_ns < moment < end_ns]
    edges = np.unique(np.concatenate([grid, np.array(cuts, np.int64)]))
    begin, finish = edges[:-1], edges[1:]
    allowed = np.ones(begin.size, np.bool_)
    for pause_start, pause_end in pauses:
        if pause_end <= pause_start:
            raise UsageError("a pause that ends before it begins", place="--no-trade", remedy="write 11:00-11:30")
        allowed &= (finish <= pause_start) | (begin >= pause_end)
    if not allowed.any():
        raise UsageError("no time is left to trade in", place="--no-trade", remedy="shorten the pauses")
    yes, no = np.ones(1, np.bool_), np.zeros(begin.size, np.bool_)
    before, after = yes[: int(opening)], yes[: int(closing)]
    opens, closes = np.full(before.size, start_ns), np.full(after.size, end_ns)
    return TimeSlices(
        np.concatenate([opens, begin, closes]),
        np.concatenate([opens, finish, closes]),
        np.concatenate([before, allowed, after]),
        np.concatenate([before, no, after]),
    )
