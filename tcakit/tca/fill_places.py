"""Where the fills lie that the rows of another table are of, found once for each run of rows of one fill."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Places = NDArray[np.int64]


def rows_and_places(ids: pl.Series, fills: pl.Series) -> tuple[Places, Places]:
    """For each of `ids` that is one of `fills`: its place, and that fill's; several where fills share an id.

    >>> rows, places = rows_and_places(pl.Series(["b", "b", "x", "a"]), pl.Series(["a", "b"]))
    >>> rows.tolist(), places.tolist()
    ([0, 1, 3], [1, 1, 0])
    """
    first, lengths = _runs(ids)
    heads = pl.DataFrame({"id": ids[first], "first": first, "length": lengths})
    known = fills.alias("id").to_frame().with_row_index("place")
    met = heads.join(known, on="id", how="inner", maintain_order="left")
    length = met["length"].to_numpy()
    # The rows of a run one after another, from its first on.
    within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(met["first"].to_numpy(), length) + within, np.repeat(met["place"].to_numpy(), length)


def markout_matrix(markouts: pl.DataFrame, fills: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The horizons (seconds, ascending) that rows of `tca_markouts` of these fills have, and their markouts (fills,
    horizons) in bps of the price, NaN where there is none.

    >>> rows = pl.DataFrame({"fill_id": ["a", "a"], "horizon_s": [0.0, 1.0], "markout_bps_of_price": [None, 2.0]})
    >>> horizons, matrix = markout_matrix(rows, pl.Series(["b", "a"]))
    >>> horizons.tolist(), matrix.tolist()
    ([0.0, 1.0], [[nan, nan], [nan, 2.0]])
    """
    asked = markouts["horizon_s"].cast(pl.Float64).to_numpy()
    stated = markouts["markout_bps_of_price"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    first, lengths = _runs(markouts["fill_id"])
    width = int(lengths[0]) if len(lengths) else 0
    # As they are measured, all horizons of one fill after another: they are a matrix where they lie.
    if width and len(fills) == len(first) and (lengths == width).all() and (np.diff(asked[:width]) > 0.0).all():
        ids = markouts["fill_id"][first]
        own = (ids == fills).fill_null(False).all() and ids.n_unique() == len(ids)
        if own and (asked.reshape(-1, width) == asked[:width]).all():
            return asked[:width], stated.reshape(-1, width)
    rows, places = rows_and_places(markouts["fill_id"], fills)
    asked = asked[rows]
    horizons = np.unique(asked)
    matrix = np.full((len(fills), len(horizons)), np.nan)
    matrix[places, np.searchsorted(horizons, asked)] = stated[rows]
    return horizons, matrix


def of_fills(rows: pl.DataFrame, fills: pl.Series) -> pl.DataFrame:
    """The rows whose `fill_id` is one of `fills`."""
    first, lengths = _runs(rows["fill_id"])
    kept = rows["fill_id"][first].is_in(fills.implode()).fill_null(False).to_numpy()
    return rows if kept.all() else rows.filter(pl.Series(np.repeat(kept, lengths)))


def _runs(ids: pl.Series) -> tuple[Places, Places]:
    """Where each run of one id begins, and how long it is."""
    changes = (ids != ids.shift(1)).fill_null(True).to_numpy()
    first = np.flatnonzero(changes)
    return first, np.diff(np.append(first, len(ids)))
