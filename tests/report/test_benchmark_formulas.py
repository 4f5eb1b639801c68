"""Every further benchmark of an order follows from its formula, with letters looked up anew."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from benchmarked import benchmarked_data, stored_numbers

from tcakit.errors import UsageError
from tcakit.market.schema import TCA_BENCHMARKS, TCA_PARENTS
from tcakit.report.benchmark_inputs import letters_frame
from tcakit.report.explain import explain
from tcakit.tca.benchmark_formulas import BENCHMARK_FORMULAS, BENCHMARK_LETTERS
from tcakit.tca.formulas import FORMULAS, LETTERS

DATA = benchmarked_data()
ORDERS = DATA.benchmarks["parent_id"].to_list()


@pytest.mark.parametrize("order", ORDERS)
def test_each_formula_gives_the_number_of_the_table(order: str) -> None:
    told = {row["metric"]: row for row in explain(DATA, order)["formulas"]}
    assert list(told) == [*FORMULAS, *BENCHMARK_FORMULAS]
    for name, value in stored_numbers(DATA, order).items():
        if name not in BENCHMARK_FORMULAS:
            assert name in ("broker_start_ns", "fill_days", "child_orders")
            continue
        row = told[name]
        assert row["agrees"] is True, row
        assert row["reported"] == value
        assert eval(row["worked"]) == pytest.approx(value, rel=1e-9, abs=1e-7)
    for name in BENCHMARK_FORMULAS:
        assert told[name]["agrees"] is not False, told[name]


def test_every_number_of_the_table_has_a_formula_and_every_letter_a_meaning() -> None:
    floats = {column.name for column in TCA_BENCHMARKS.columns if column.type == "f64"}
    assert set(BENCHMARK_FORMULAS) == floats
    of_costs = {column.name for column in TCA_PARENTS.columns if column.type == "f64"}
    assert of_costs - set(FORMULAS) == {"ordered_shares", "filled_shares", "decision_price"}  # as docs/tca.md says
    known = set(LETTERS) | set(BENCHMARK_LETTERS)
    assert not set(LETTERS) & set(BENCHMARK_LETTERS)
    for formula in BENCHMARK_FORMULAS.values():
        assert set(formula.letters()) <= known
    used = {letter for formula in BENCHMARK_FORMULAS.values() for letter in formula.letters()}
    assert set(BENCHMARK_LETTERS) - used == {"P_b"} - used


def test_letters_of_one_order_are_those_of_all() -> None:
    one, every = letters_frame(DATA, "P-1003"), letters_frame(DATA)
    assert one.height == 1
    assert set(every.columns) <= set(one.columns)
    assert one.rows(named=True) == every.filter(pl.col("parent_id") == "P-1003").rows(named=True)


def test_an_order_without_further_benchmarks_has_the_formulas_of_its_costs_alone() -> None:
    bare = replace(DATA, benchmarks=DATA.benchmarks.filter(pl.col("parent_id") != "P-1001"))
    assert [row["metric"] for row in explain(bare, "P-1001")["formulas"]] == list(FORMULAS)
    with pytest.raises(UsageError, match="without further benchmarks, so that rpm_volume"):
        explain(bare, "P-1001", "rpm_volume")
