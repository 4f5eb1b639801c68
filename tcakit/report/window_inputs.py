"""Sums of prints and integrals of the mid over the windows of many orders on one market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.day import MarketDay
from tcakit.report.order_times import MISSING_NS, Ns

_WIDEST = float(2**62)


def print_sums(day: MarketDay, begin: Ns, end: Ns) -> pl.DataFrame:
    """Columns begin, end (ns), prints, size and traded (stored price x size): the prints from each begin to its end.

    `begin` is `MISSING_NS` where either is or the day has no prints.
    """
    known = (begin != MISSING_NS) & (end != MISSING_NS) & bool(day.print_ns.size)
    first = np.searchsorted(day.print_ns, begin, side="left")
    last = np.where(known, np.searchsorted(day.print_ns, end, side="right"), first)
    prices, sizes = day.print_price, day.print_size
    volume = _before(sizes)
    # Whole numbers of any size where 64 bits might not hold the sum.
    wide = float(np.max(np.abs(prices), initial=0)) * float(volume[-1]) >= _WIDEST
    traded = _before(prices.astype(object) * sizes.astype(object) if wide else prices * sizes)
    return pl.DataFrame(
        {
            "begin": np.where(known, begin, MISSING_NS),
            "end": end,
            "prints": last - first,
            "size": volume[last] - volume[first],
            "traded": _whole_numbers(traded[last] - traded[first]),
        }
    )


def _whole_numbers(values: NDArray[Any]) -> pl.Series:
    return pl.Series(values.tolist() if values.dtype == object else values, dtype=pl.Int128)


def _before(values: NDArray[Any]) -> NDArray[Any]:
    """The sum of all values before each place, and of all."""
    return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])


def mid_integrals(day: MarketDay, begin: Ns, end: Ns) -> pl.DataFrame:
    """Columns begin, end (ns), covered (ns with a mid), base (the first mid) and area (of the mid above it, price x
    ns): the quotes from each begin to its end.

    `begin` is `MISSING_NS` where a time is missing or no mid is known.
    """
    covered, base, area = np.zeros(begin.size, np.int64), np.zeros(begin.size), np.zeros(begin.size)
    mids = (day.bid + day.ask) / 2.0
    there = np.isfinite(mids)
    known = np.flatnonzero(there)
    # Places of the first and the last quote of each window, and of the first with a mid.
    first = np.maximum(np.searchsorted(day.quote_ns, begin, side="right") - 1, 0)
    last = np.searchsorted(day.quote_ns, end, side="left") - 1
    opening = np.append(known, day.quote_ns.size)[np.searchsorted(known, first)]
    some = np.flatnonzero((begin != MISSING_NS) & (end != MISSING_NS) & (end > begin) & (opening <= last))
    if some.size:
        quotes = _Quotes(day.quote_ns, np.where(there, mids, 0.0), there, float(mids[known[0]]))
        base[some] = mids[opening[some]]
        covered[some], area[some] = quotes.integrals(begin[some], end[some], first[some], last[some], base[some])
    return pl.DataFrame(
        {"begin": np.where(covered > 0, begin, MISSING_NS), "end": end, "covered": covered, "base": base, "area": area}
    )


@dataclass(frozen=True, slots=True)
class _Quotes:
    """A day's quotes: times, mids (zero where there is none), where there is one, and the first of them."""

    ns: Ns
    mids: NDArray[np.float64]
    there: NDArray[np.bool_]
    level: float

    def integrals(
        self, start: Ns, stop: Ns, first: Ns, last: Ns, base: NDArray[np.float64]
    ) -> tuple[Ns, NDArray[np.float64]]:
        """How long a mid stood in each window, and its integral above `base`; `first` and `last` are places."""
        several, after = first < last, np.minimum(first + 1, last)
        # The first quote of a window is cut off at its start, the last at its end; those between them stand whole.
        begun = np.where(several, self.ns[after], stop) - np.maximum(start, self.ns[first])
        begun, ended = (
            np.where(self.there[first], begun, 0),
            np.where(several & self.there[last], stop - self.ns[last], 0),
        )
        lengths = np.where(self.there, np.diff(self.ns, append=self.ns[-1:]), 0)
        stood = _before(lengths)
        between_ns = stood[last] - stood[after]
        between = np.zeros(first.size)
        some = np.flatnonzero(after < last)
        if some.size:
            some = some[np.argsort(first[some], kind="stable")]
            bounds = np.column_stack([after[some], last[some]]).ravel()
            # Sums of distances from the day's level keep the digits that sums of whole prices would lose.
            above = np.add.reduceat((self.mids - self.level) * lengths, bounds)[::2]
            between[some] = above - (base[some] - self.level) * between_ns[some]
        area = (self.mids[first] - base) * begun + between + (self.mids[last] - base) * ended
        return begun + between_ns + ended, area
