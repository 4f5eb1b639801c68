"""Which rows are of which market."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def rows_by_market(orders: pl.DataFrame) -> dict[tuple[str, str], NDArray[np.int64]]:
    """The places of the rows of each (symbol, date), in the order in which these come.

    >>> rows_by_market(pl.DataFrame({"symbol": ["B", "A", "B"], "date": ["2026-03-02"] * 3}))
    {('B', '2026-03-02'): array([0, 2]), ('A', '2026-03-02'): array([1])}
    """
    places = orders.select("symbol", "date").with_row_index("_row")
    groups = places.group_by("symbol", "date", maintain_order=True).agg("_row")
    return {
        (symbol, date): np.asarray(rows, np.int64)
        for symbol, date, rows in zip(groups["symbol"], groups["date"], groups["_row"], strict=True)
    }
