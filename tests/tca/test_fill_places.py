"""Places of fills found by runs of one fill are those of a plain search."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca.fill_places import markout_matrix, of_fills, rows_and_places

IDS = st.lists(st.none() | st.sampled_from("abcd"), max_size=12)


@given(IDS, IDS)
def test_each_row_finds_every_fill_of_its_id(ids: list[str | None], fills: list[str | None]) -> None:
    held, known = pl.Series(ids, dtype=pl.String), pl.Series(fills, dtype=pl.String)
    rows, places = rows_and_places(held, known)
    expected = [
        (row, place)
        for row, name in enumerate(ids)
        for place, fill in enumerate(fills)
        if name is not None and name == fill
    ]
    assert sorted(zip(rows.tolist(), places.tolist(), strict=True)) == expected
    kept = of_fills(pl.DataFrame({"fill_id": held}).with_row_index("row"), known)
    assert kept["row"].to_list() == [row for row, name in enumerate(ids) if name is not None and name in fills]


HORIZONS = [-1.0, 0.0, 5.0]


@pytest.mark.parametrize("horizons", [HORIZONS, HORIZONS[::-1], [0.0, 0.0, 1.0]])
@given(ids=IDS, fills=IDS, some=st.lists(st.integers(0, 40), max_size=3))
def test_markouts_are_a_matrix_however_they_are_stored(horizons, ids, fills, some) -> None:
    """Of the same fills in the same order, as they are measured, and with a row that is not there."""
    for held in (ids, fills):
        rows = [(name, horizon, float(len(horizons) * at + place)) for at, name in enumerate(held)
                for place, horizon in enumerate(horizons)]  # fmt: skip
        rows = [row for at, row in enumerate(rows) if at not in some]
        frame = pl.DataFrame(
            rows, {"fill_id": pl.String, "horizon_s": pl.Float64, "markout_bps_of_price": pl.Float64}, orient="row"
        )
        found, matrix = markout_matrix(frame, pl.Series(fills, dtype=pl.String))
        known = {(name, horizon): value for name, horizon, value in rows if name is not None}
        asked = sorted({horizon for name, horizon in known if name in fills})
        assert found.tolist() == asked
        expected = [[known.get((fill, horizon), np.nan) for horizon in asked] for fill in fills]
        np.testing.assert_array_equal(matrix, np.array(expected).reshape(len(fills), len(asked)))
