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
