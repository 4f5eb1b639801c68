"""Figures against further benchmarks, recomputed by plain loops over fills, and splits that add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from benchmarked import benchmarked_data

from tcakit.market.schema import TCA_BENCHMARKS
from tcakit.report.benchmark_costs import benchmark_costs
from tcakit.report.data import ReportData, Scope
from tcakit.report.page import render
from tcakit.report.summary import summarise
from tcakit.tca.benchmark_costs import MEASURES, PRICES


@pytest.fixture(scope="module")
def data() -> ReportData:
    return benchmarked_data()


@pytest.fixture(scope="module")
def summary(data: ReportData) -> dict[str, Any]:
    return summarise(data)


def paid(data: ReportData, order: str) -> tuple[float, float]:
    """Shares and money of an order's fills, by a loop."""
    shares = money = 0.0
    for fill in data.fills.filter(pl.col("parent_id") == order).iter_rows(named=True):
        size = fill["quantity"] / fill["size_scale"]
        shares, money = shares + size, money + size * fill["price"] / fill["price_scale"]
    return shares, money


@pytest.mark.parametrize("column", list(PRICES))
def test_a_cost_against_a_price_is_a_ratio_of_sums_over_fills(
    data: ReportData, summary: dict[str, Any], column: str
) -> None:
    figure = next(row for row in summary["currencies"]["USD"]["benchmark_costs"]["measures"] if row["key"] == column)
    cost = base = 0.0
    orders = 0
    for row in data.benchmarks.iter_rows(named=True):
        order = data.parents.filter(pl.col("parent_id") == row["parent_id"]).row(0, named=True)
        shares, money = paid(data, row["parent_id"])
        if row[column] is None or not shares:
            continue
        unit = order["multiplier"] or 1.0
        cost += order["side"] * unit * (money - shares * row[column])
        base += unit * shares * row[column]
        orders += 1
    assert figure["n"] == orders
    assert orders > 0
    assert figure["value"] == pytest.approx(cost / base * 1e4, rel=1e-9)
    assert (figure["low"] is None) == (orders < 2)
    if orders > 1:
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_every_column_that_says_what_an_order_cost_or_met_is_shown(summary: dict[str, Any]) -> None:
    shown = {measure.key for measure in MEASURES}
    steps = {step["key"] for split in summary["currencies"]["USD"]["benchmark_costs"]["splits"].values()
             for step in split["steps"]}  # fmt: skip
    numbers = {column.name for column in TCA_BENCHMARKS.columns if column.type in ("f64", "i64")}
    assert numbers - shown - steps == {"beta", "adv_shares", "broker_start_ns", "close_before_fills"}
    assert all(row["n"] for row in summary["currencies"]["USD"]["benchmark_costs"]["measures"])


def test_the_three_splits_add_up_to_the_same_total(data: ReportData, summary: dict[str, Any]) -> None:
    splits = summary["currencies"]["USD"]["benchmark_costs"]["splits"]
    for split in splits.values():
        *parts, total = [step["cost"] for step in split["steps"]]
        assert sum(parts) == pytest.approx(total, rel=1e-9)
        assert split["n"] + split["left_out"] == data.parents.height
    executed, order = splits["executed"], splits["order"]
    assert executed["n"] == order["n"] == 6
    assert executed["steps"][-1] == order["steps"][-1]
    assert order["steps"][0]["cost"] != executed["steps"][0]["cost"]


def test_an_order_has_a_line_with_the_cost_against_each_price(data: ReportData, summary: dict[str, Any]) -> None:
    lines = {line["parent_id"]: line for line in summary["order_benchmarks"]}
    assert set(lines) == set(data.benchmarks["parent_id"])
    line = lines["P-1002"]
    shares, money = paid(data, "P-1002")
    for column in PRICES:
        price = line[column]
        expected = None if price is None else -(money / shares - price) / price * 1e4
        assert line[f"against_{column}_bps"] == (None if expected is None else pytest.approx(expected, rel=1e-9))


def test_money_is_told_in_the_currency_of_the_report_and_ratios_stay(data: ReportData) -> None:
    rate = {"value": 0.5, "date": "2024-03-14", "source": "desk", "how": "given"}
    converted = summarise(replace(data, scope=Scope(currency="EUR", rates={("2024-03-14", "USD"): rate})))
    told, plain = (found["currencies"][name] for found, name in ((converted, "EUR"), (summarise(data), "USD")))
    for one, other in zip(told["benchmark_costs"]["measures"], plain["benchmark_costs"]["measures"], strict=True):
        assert one["value"] == pytest.approx(other["value"], rel=1e-9)
    for name, split in told["benchmark_costs"]["splits"].items():
        for step, own in zip(split["steps"], plain["benchmark_costs"]["splits"][name]["steps"], strict=True):
            assert step["cost"] == pytest.approx(own["cost"] / 2, rel=1e-9)


def test_a_run_without_further_benchmarks_says_nothing_of_them(data: ReportData) -> None:
    bare = replace(data, benchmarks=TCA_BENCHMARKS.empty())
    summary = summarise(bare)
    assert benchmark_costs(bare, summary["parents"]) is None
    assert summary["order_benchmarks"] == []
    assert 'id="benchmarks"' not in render(bare, summary)


def test_the_page_shows_each_figure_that_is_known(data: ReportData, summary: dict[str, Any]) -> None:
    text = render(data, summary)
    assert 'id="benchmarks"' in text
    for place, row in enumerate(summary["currencies"]["USD"]["benchmark_costs"]["measures"]):
        assert f'data-key="currencies.USD.benchmark_costs.measures.{place}.value" data-value="{row["value"]}"' in text
