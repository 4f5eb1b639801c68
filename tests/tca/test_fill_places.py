"""Places of fills found by runs of one fill are those of a plain search."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca.fill_places import of_fills, rows_and_places

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
