"""A small day in, exact fills and costs out: any change of behaviour shows here, meant or not."""

from __future__ import annotations

import json

import pytest
from make_golden import FILE, PARENTS, compute

REMEDY = "if this change is meant: python tests/golden/make_golden.py, and read what changed"


@pytest.fixture(scope="module")
def both():
    return compute(), json.loads(FILE.read_text(encoding="utf-8"))


def test_the_day_itself_is_the_same(both):
    now, kept = both
    assert now["day"] == kept["day"], REMEDY


@pytest.mark.parametrize("table", ["orders", "fills", "tca_parents", "tca_fills", "tca_markouts"])
def test_every_row_is_the_same(both, table):
    now, kept = both
    assert len(now[table]) == len(kept[table]), REMEDY
    for number, (mine, theirs) in enumerate(zip(now[table], kept[table], strict=True)):
        assert mine.keys() == theirs.keys(), REMEDY
        for column, value in theirs.items():
            same = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
            assert mine[column] == same, f"{table} row {number}, {column}; {REMEDY}"


def test_the_golden_day_has_every_kind_of_fill(both):
    _, kept = both
    assert {fill["reason"] for fill in kept["fills"]} >= {"took", "queue reached", "traded through"}
    assert {row["parent_id"] for row in kept["tca_parents"]} == set(PARENTS)
    assert kept["notes"] == both[0]["notes"]
