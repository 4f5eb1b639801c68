"""Whether the mid at a horizon still says something of the fill it is set against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.tca.asof import last_rows
from tcakit.tca.market_quality import STALE_PRINTS, STALE_S

Ns = NDArray[np.int64]


OLD_NS = round(STALE_S * NS_PER_SECOND)


def not_to_be_carried(day: MarketDay, from_ns: Ns, to_ns: Ns) -> NDArray[np.bool_]:
    """Where a mid at `to_ns` must not be set against an event at `from_ns`: a halt lies between, or the quote is stale.

    Both int64 ns, of one shape or such as numpy brings to one.
    """
    return halted_between(day, from_ns, to_ns) | is_stale(day, to_ns)


def halted_between(day: MarketDay, from_ns: Ns, to_ns: Ns) -> NDArray[np.bool_]:
    """Where a halt touches the time between two instants, also if trading went on before the later one."""
    first, last = np.minimum(from_ns, to_ns), np.maximum(from_ns, to_ns)
    broken = np.zeros(first.shape, np.bool_)
    for stopped, resumed in day.halts:
        broken |= (first < resumed) & (last >= stopped)
    return broken


def is_stale(day: MarketDay, at_ns: Ns, row: Ns | None = None) -> NDArray[np.bool_]:
    """Where the quote at an instant has not changed for more than 60 s while at least 5 prints passed.

    The same rule as in the checks of market data. False where no quote stood. `row` are the places of those quotes, -1
    for none, where they are known.
    """
    stale = np.zeros(at_ns.shape, np.bool_)
    if not day.quote_ns.size or day.print_ns.size < STALE_PRINTS:
        return stale
    if row is None:
        row = last_rows(day.quote_ns, at_ns)
    since = day.quote_ns[np.maximum(row, 0)]
    old = (row >= 0) & (at_ns - since > OLD_NS)
    passed = last_rows(day.print_ns, at_ns[old]) - last_rows(day.print_ns, since[old])
    stale[old] = passed >= STALE_PRINTS
    return stale
