"""A bad parent order does not take the day's others away; a bad fill does, for its shares would count as not filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.errors import DataError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest

TIMES = "2026-03-02T10:00:00-05:00"


def parents(folder: Path, good: int, bad: int) -> Path:
    rows = [f"P{place},ACME,buy,{100 if place < good else 0},{TIMES}" for place in range(good + bad)]
    path = folder / "parents.csv"
    path.write_text("\n".join(["parent_id,symbol,side,quantity,arrival_time", *rows]) + "\n")
    return path


def fills(folder: Path, good: int, bad: int) -> Path:
    rows = [f"F{place},P{place},ACME,buy,{TIMES},{10 if place < good else 0},100" for place in range(good + bad)]
    path = folder / "fills.csv"
    path.write_text("\n".join(["fill_id,parent_id,symbol,side,time,price,quantity", *rows]) + "\n")
    return path


def put(folder: Path, path: Path) -> int:
    found = ingest(folder / "store", IngestRequest([str(path)], ReaderOptions(timezone="America/New_York")))
    return int(found["faults"])


def test_a_few_bad_orders_are_left_out_and_told(tmp_path: Path) -> None:
    assert put(tmp_path, parents(tmp_path, 9, 3)) == 3


def test_as_many_as_a_third_are_a_wrong_mapping(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 of 9 rows are bad"):
        put(tmp_path, parents(tmp_path, 6, 3))


def test_one_bad_fill_of_twenty_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 of 20 rows are bad"):
        put(tmp_path, fills(tmp_path, 19, 1))
