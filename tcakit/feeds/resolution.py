"""How fine a file's stamps are: whole seconds and whole minutes do not say when within them a thing happened."""

from __future__ import annotations

import polars as pl

from tcakit.market.clock import NS_PER_SECOND

SECOND_NS = NS_PER_SECOND
MINUTE_NS = 60 * NS_PER_SECOND
_DIFFERENT_MINUTES = 3  # one stamp or two may fall on the full minute by chance


def resolution_ns(ts_ns: pl.Series) -> int | None:
    """The step (ns) that all stamps of a column share: a minute or a second; None where it is finer, or no stamp is.

    >>> resolution_ns(pl.Series([5_000_000_000, 7_000_000_000]))
    1000000000
    >>> resolution_ns(pl.Series([5_000_000_000, 7_000_000_001])) is None
    True
    """
    known = ts_ns.drop_nulls()
    if known.is_empty() or (known % SECOND_NS != 0).any():
        return None
    if known.n_unique() >= _DIFFERENT_MINUTES and not (known % MINUTE_NS != 0).any():
        return MINUTE_NS
    return SECOND_NS
