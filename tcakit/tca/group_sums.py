"""Sums by group that are the same to the last bit each time: rows are added in their order, by one thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray


def group_sums(frame: pl.DataFrame, by: Sequence[str], *sums: pl.Expr) -> pl.DataFrame:
    """`frame.group_by(by, maintain_order=True).agg` of sums of numbers, row by row; null counts as nothing.

    Each of `sums` is an expression of row values, named as its sum is. polars itself adds the parts of a group that
    its threads found in the order they come in, so that the last bit changes from one time to the next.

    >>> group_sums(pl.DataFrame({"a": ["x", "y", "x"], "b": [0.1, 1.0, 0.2]}), ["a"], pl.col("b")).rows()
    [('x', 0.30000000000000004), ('y', 1.0)]
    """
    values = frame.select(sums)
    if by:
        keys = frame.select(by).unique(maintain_order=True).with_row_index("_group")
        joined = frame.select(by).join(keys, on=by, how="left", nulls_equal=True, maintain_order="left")
        places, keys = joined["_group"].to_numpy(), keys.drop("_group")
    else:
        places, keys = np.zeros(frame.height, np.int64), pl.DataFrame(height=min(frame.height, 1))
    return keys.with_columns(
        pl.Series(column.name, np.bincount(places, weights=_numbers(column), minlength=keys.height)).cast(
            pl.Int64 if column.dtype.is_integer() or column.dtype == pl.Boolean else pl.Float64
        )
        for column in values.get_columns()
    )


def _numbers(column: pl.Series) -> NDArray[np.float64]:
    return column.cast(pl.Float64).fill_null(0.0).to_numpy()
