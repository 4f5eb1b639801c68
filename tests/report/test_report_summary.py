"""The summary says what the rows say: sums, ratios, components and counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import example
import numpy as np
import polars as pl
import pytest

from tcakit.errors import DataError
from tcakit.market import schema
from tcakit.report.data import ReportData, run_of_row
from tcakit.report.summary import summarise


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example.report_data()


@pytest.fixture(scope="module")
def summary(data: ReportData) -> dict[str, Any]:
    return summarise(data)


def test_it_is_json_without_nan(summary: dict[str, Any]) -> None:
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_components_add_up_to_the_total(summary: dict[str, Any], data: ReportData) -> None:
    steps = summary["currencies"]["USD"]["waterfall"]
    parts = [step for step in steps if step["key"] != "total_cost"]
    total = next(step for step in steps if step["key"] == "total_cost")
    assert [step["key"] for step in parts] == [
        "delay_cost",
        "spread_cost",
        "drift_cost",
        "opportunity_cost",
        "fees",
    ]
    assert sum(step["cost"] for step in parts) == pytest.approx(total["cost"], abs=1e-6)
    assert sum(step["bps_of_paper"] for step in parts) == pytest.approx(total["bps_of_paper"], abs=1e-9)
    assert total["cost"] == pytest.approx(data.tca_parents["total_cost"].sum(), abs=1e-6)


def test_basis_points_are_ratios_of_sums(summary: dict[str, Any], data: ReportData) -> None:
    costs = data.tca_parents
    measures = summary["currencies"]["USD"]["measures"]
    shortfall = costs["total_cost"].sum() / costs["paper_notional"].sum() * 1e4
    assert measures["shortfall_bps_of_paper"]["value"] == pytest.approx(shortfall, rel=1e-12)
    arrival = costs["trading_cost"].sum() / costs["executed_notional"].sum() * 1e4
    assert measures["arrival_bps_of_executed"]["value"] == pytest.approx(arrival, rel=1e-12)
    assert measures["arrival_bps_of_executed"]["n"] == 6
    paid = costs.select(pl.col("side") * (pl.col("average_price") - pl.col("interval_vwap")) * pl.col("filled_shares"))
    base = costs.select(pl.col("interval_vwap") * pl.col("filled_shares"))
    expected = paid.to_series().sum() / base.to_series().sum() * 1e4
    assert measures["vwap_bps_of_executed"]["value"] == pytest.approx(expected, rel=1e-9)


def test_an_interval_holds_its_value_and_needs_two_orders(summary: dict[str, Any]) -> None:
    for algo in summary["currencies"]["USD"]["algos"]:
        for stat in algo["measures"].values():
            assert (stat["low"] is None) == (stat["n"] < 2)
            if stat["low"] is not None:
                assert stat["low"] <= stat["value"] <= stat["high"]


def test_algorithms_add_up_to_the_whole(summary: dict[str, Any]) -> None:
    block = summary["currencies"]["USD"]
    for name in ("parents", "total_cost", "paper_notional", "executed_notional", "fills"):
        parts = [algo["totals"][name] for algo in block["algos"]]
        assert sum(part or 0 for part in parts) == pytest.approx(block["totals"][name])
    assert [algo["algo"] for algo in block["algos"]] == ["is", "pov", "twap", "vwap"]


def test_group_shares_are_weighted_by_notional(summary: dict[str, Any], data: ReportData) -> None:
    costs = data.tca_parents.filter(pl.col("priced"))
    shares = summary["currencies"]["USD"]["shares"]
    passive = (costs["maker_fraction"] * costs["executed_notional"]).sum() / costs["executed_notional"].sum()
    assert shares["maker_fraction_of_executed"] == pytest.approx(passive)
    market = (costs["market_shares"] * costs["interval_vwap"]).sum()
    ours = (costs["filled_shares"] * costs["interval_vwap"]).sum()
    assert shares["participation_of_market_notional"] == pytest.approx(ours / market)


def test_what_has_no_match_or_price_is_counted_and_kept(summary: dict[str, Any]) -> None:
    assert summary["counts"]["parents"] == 8
    assert summary["counts"]["parents_matched"] == 7
    assert summary["counts"]["parents_priced"] == 6
    quality = summary["quality"]
    assert {row["reason"]: row["parents"] for row in quality["unpriced_by_reason"]} == {
        "no market data on that day": 1,
        "symbol not matched": 1,
    }
    assert quality["unmatched"] == [{"name": "ZZ LN Equity", "parents": 1}]
    last = summary["parents"][-2:]
    assert [row["parent_id"] for row in last] == ["P-1007", "P-1008"]
    assert all(row["total_cost"] is None and row["average_price"] is None for row in last)


def test_an_order_without_a_price_of_the_market_is_not_said_to_be_measured(data: ReportData) -> None:
    costs = data.tca_parents.with_columns(priced=pl.col("priced") & (pl.col("parent_id") != "P-1001"))
    told = summarise(replace(data, tca_parents=costs))["currencies"]["USD"]["headline"]
    whole = summarise(data)["currencies"]["USD"]["headline"]
    assert whole.startswith("6 of 8 parent orders could be measured and ")
    more = " could be measured, 1 more by the decision price alone; together they "
    assert told == whole.replace("6 of", "5 of").replace(" could be measured and ", more)


def test_markouts_are_weighted_by_notional(summary: dict[str, Any], data: ReportData) -> None:
    joined = data.markouts.join(data.fills, on="fill_id").filter(pl.col("horizon_s") == 5.0)
    weight = (joined["price"] * joined["quantity"]).to_numpy()
    for group in ("all", "maker", "taker"):
        kept = np.ones(joined.height, bool) if group == "all" else (joined["liquidity"] == group).to_numpy()
        mean = np.average(joined["markout_bps_of_price"].to_numpy()[kept], weights=weight[kept])
        point = next(p for p in summary["currencies"]["USD"]["markouts"][group] if p["horizon_s"] == 5.0)
        assert point["value"] == pytest.approx(mean)
        assert point["fills"] == kept.sum()
    assert len(summary["currencies"]["USD"]["markouts"]["all"]) == len(schema.MARKOUT_HORIZONS_S)


def test_trading_that_cannot_be_split_has_its_own_step() -> None:
    data = example.report_data()
    costs = data.tca_parents.with_columns(
        pl.when(pl.col("parent_id") == "P-1001").then(None).otherwise(pl.col("spread_cost")).alias("spread_cost")
    )
    changed = ReportData(**{**_fields(data), "tca_parents": costs})
    steps = {step["key"]: step["cost"] for step in summarise(changed)["currencies"]["USD"]["waterfall"]}
    whole = costs.filter(pl.col("parent_id") == "P-1001")["trading_cost"][0]
    assert steps["trading_cost_not_split"] == pytest.approx(whole)
    assert "not_attributed" not in steps
    assert sum(steps.values()) - steps["total_cost"] == pytest.approx(steps["total_cost"], abs=1e-6)


def test_what_no_component_explains_is_shown() -> None:
    data = example.report_data()
    changed = ReportData(**{**_fields(data), "tca_parents": data.tca_parents.with_columns(pl.col("total_cost") + 10.0)})
    steps = {step["key"]: step["cost"] for step in summarise(changed)["currencies"]["USD"]["waterfall"]}
    assert steps["not_attributed"] == pytest.approx(60.0, abs=1e-6)


def test_currencies_are_never_added() -> None:
    markets = {
        ("ACME", example.DATE): example.market_day("ACME", 84.0, 1),
        ("BORA", example.DATE): example.market_day("BORA", 23.5, 2, currency="EUR"),
    }
    parents = example.eight_parents()
    for row in parents:
        row["currency"] = {"ACME": "USD", "BORA": "EUR"}.get(row["symbol"])
    data = example.report_data(parents, markets)
    summary = summarise(data)
    ranked = [row["shortfall_bps_of_paper"] for row in summary["parents"] if row["total_cost"] is not None]
    assert ranked == sorted(ranked, reverse=True)
    assert list(summary["currencies"]) == ["EUR", "USD", "currency not stated"]
    for currency, symbol in (("EUR", "BORA"), ("USD", "ACME")):
        rows = data.tca_parents.filter(pl.col("symbol") == symbol)
        block = summary["currencies"][currency]
        assert block["totals"]["total_cost"] == pytest.approx(rows["total_cost"].sum())
        fills = data.fills.filter(pl.col("symbol") == symbol).height
        assert max(point["fills"] for point in block["markouts"]["all"]) == fills
    assert summary["currencies"]["currency not stated"]["waterfall"] == []


def test_a_run_without_fills_has_no_invented_numbers() -> None:
    parents = [row | {"idle": True} for row in example.eight_parents()[:2]]
    summary = summarise(example.report_data(parents))
    block = summary["currencies"]["USD"]
    assert block["measures"]["arrival_bps_of_executed"] == {"value": None, "low": None, "high": None, "n": 0}
    assert block["totals"]["spread_cost"] == 0.0
    assert block["totals"]["total_cost"] == pytest.approx(block["totals"]["opportunity_cost"])
    assert block["markouts"] == {"all": [], "maker": [], "taker": []}
    assert block["shares"]["fill_rate_of_paper"] == 0.0


def test_a_run_without_orders() -> None:
    summary = summarise(example.report_data([]))
    assert summary["currencies"] == {}
    assert summary["period"] == {"from": None, "to": None, "days": 0}


def test_one_parent() -> None:
    summary = summarise(example.report_data(example.eight_parents()[:1]))
    stat = summary["currencies"]["USD"]["measures"]["shortfall_bps_of_paper"]
    assert stat["n"] == 1
    assert stat["low"] is None
    assert stat["value"] == pytest.approx(summary["parents"][0]["shortfall_bps_of_paper"])


def test_a_frame_that_lacks_a_column_is_refused() -> None:
    data = example.report_data([])
    with pytest.raises(DataError, match="parent_id"):
        ReportData(**{**_fields(data), "parents": data.parents.drop("parent_id")})


def test_a_run_row_with_broken_json_is_refused() -> None:
    with pytest.raises(DataError, match="notes"):
        run_of_row({"notes": "[unfinished"})
    with pytest.raises(DataError, match="config"):
        run_of_row({"config": "[]"})


def _fields(data: ReportData) -> dict[str, Any]:
    return {name: getattr(data, name) for name in ReportData.__slots__}
