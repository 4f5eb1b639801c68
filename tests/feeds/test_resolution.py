"""How fine stamps are, out of the stamps of a column, and what readers write of it."""

from __future__ import annotations

import polars as pl
import pytest
from test_ready_mappings import read

from tcakit.feeds.resolution import resolution_ns

SECOND = 1_000_000_000
HEAD = "fill_id,symbol,side,time,price,quantity\n"
OF_PARENTS = "parent_id,symbol,side,quantity,arrival_time\n"


@pytest.mark.parametrize(
    ("stamps", "step"),
    [
        ([], None),
        ([None], None),
        ([5 * SECOND], SECOND),
        ([5 * SECOND, None, 7 * SECOND], SECOND),
        ([5 * SECOND, 7 * SECOND + 1], None),
        ([60 * SECOND, 120 * SECOND], SECOND),
        ([60 * SECOND, 120 * SECOND, 120 * SECOND], SECOND),
        ([60 * SECOND, 120 * SECOND, 600 * SECOND], 60 * SECOND),
        ([60 * SECOND, 120 * SECOND, 601 * SECOND], SECOND),
    ],
)
def test_the_step_that_all_stamps_share(stamps: list[int | None], step: int | None) -> None:
    assert resolution_ns(pl.Series(stamps, dtype=pl.Int64)) == step


def test_a_blotter_s_fills_and_parents_say_how_fine_their_stamps_are() -> None:
    def fills(*times: str) -> list[int | None]:
        text = HEAD + "".join(f"{n},ACME,buy,2020-01-31T{time}Z,1,1\n" for n, time in enumerate(times))
        tables, faults = read(text, None)
        assert not faults.found
        return [row["ts_resolution_ns"] for row in tables["fills"]]

    assert fills("10:00:01", "10:00:02.000") == [SECOND, SECOND]
    assert fills("10:00:01", "10:00:02.001") == [None, None]
    assert fills("10:00", "10:01", "10:07") == [60 * SECOND] * 3
    tables, _ = read(OF_PARENTS + "p,ACME,buy,1,2020-01-31T10:00:01Z\n", None)
    assert tables["parents"][0]["arrival_resolution_ns"] == SECOND
