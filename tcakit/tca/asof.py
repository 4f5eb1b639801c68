"""As-of joins of instants with a market's rows: the last row at or before each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.market.day import MarketDay

Ns = NDArray[np.int64]
# Fewer are found faster than a compiled walk is called.
_FEW = 64


def last_rows(times: Ns, asked: Ns, shift_ns: int = 0) -> Ns:
    """The last place of `times` at or before each of `asked` + `shift_ns`, -1 where there is none; int64 of that shape.

    `times` ascends; `asked` may be in any order and of any shape, and is found fastest where it ascends.

    >>> last_rows(np.array([10, 20, 20]), np.array([9, 10, 25])).tolist()
    [-1, 0, 2]
    >>> last_rows(np.array([10, 20, 20]), np.array([9, 10, 25]), shift_ns=-1).tolist()
    [-1, -1, 2]
    """
    if asked.ndim == 1 and asked.size >= _FEW and ascends(asked):
        from tcakit.tca import asof_kernel

        rows = np.empty(asked.size, np.int64)
        asof_kernel.last_rows(times, asked, shift_ns, rows)
        return rows
    return np.searchsorted(times, asked + shift_ns, side="right") - 1


def mids_shifted(
    day: MarketDay, asked: Ns, shifts_ns: Ns, span: tuple[int, int], old_ns: int
) -> tuple[NDArray[np.float64], list[Ns | None]]:
    """Mids (currency) of n ascending instants, each moved by each shift, shape (shifts, n), NaN outside of `span`.

    With it, for each shift, the rows of the quotes, or None where none is older than `old_ns`.
    """
    from tcakit.tca import asof_kernel

    mids = np.empty((shifts_ns.size, asked.size))
    old = np.zeros(shifts_ns.size, np.int64)
    asof_kernel.mids_shifted(day.quote_ns, day.bid, day.ask, asked, shifts_ns, span[0], span[1], old_ns, mids, old)
    # Few quotes are old: their rows are looked up once more rather than kept for all.
    rows = [
        last_rows(day.quote_ns, asked, shift) if old[place] else None for place, shift in enumerate(shifts_ns.tolist())
    ]
    return mids, rows


def ascends(asked: Ns) -> bool:
    """Whether instants are in order of time."""
    return bool((asked[1:] >= asked[:-1]).all())
