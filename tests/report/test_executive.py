"""The executive summary against plain sums over the orders: money and bps, estimate, the period before, drivers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import example
import polars as pl
import pytest

from tcakit.market.schema import ESTIMATES
from tcakit.report.data import Previous, ReportData
from tcakit.report.executive import MEASURES
from tcakit.report.page import render
from tcakit.report.redaction import redacted
from tcakit.report.summary import summarise


def many(count: int, seed: int) -> list[dict[str, Any]]:
    start = example.OPEN_NS + 900 * example.SECOND
    return [
        example.parent(
            f"P-{seed}-{place:02d}",
            ("ACME", "BORA")[place % 2],
            1 if (place + seed) % 3 else -1,
            2_400,
            start + place * 300 * example.SECOND,
            20,
            algo=example.ALGOS[place % 3],
            broker=("North", "Kite")[place % 5 == 0],
        )
        for place in range(count)
    ]


@pytest.fixture(scope="module")
def data() -> ReportData:
    before = example.report_data(many(15, 7))
    now = example.report_data(many(20, 1))
    names = now.parents["parent_id"].to_list()
    estimates = ESTIMATES.conform(
        pl.DataFrame(
            {
                "run_id": example.RUN, "parent_id": names[:12], "model": "square-root", "source": "published",
                "mean_bps": 3.0, "mean_low_bps": 2.0, "mean_high_bps": 4.0, "order_low_bps": -50.0,
                "order_high_bps": 55.0, "outside": False, "made_from": "x",
            },
            schema_overrides={"outside": pl.Boolean},
        )
    )  # fmt: skip
    held = Previous("the day before", "2024-03-13", "2024-03-13", before)
    return replace(now, estimates=estimates, previous=held)


@pytest.fixture(scope="module")
def told(data: ReportData) -> dict[str, Any]:
    found: dict[str, Any] = summarise(data)["executive"][0]
    return found


def ratio(rows: list[dict[str, Any]], key: str) -> tuple[float, float, int]:
    """Cost in currency, bps and orders of one measure, by a loop."""
    prices = {"vwap_bps_of_executed": "interval_vwap", "twap_bps_of_executed": "twap"}
    price = prices.get(key, "close_price")
    cost = base = 0.0
    for row in rows:
        if key == "shortfall_bps_of_paper":
            top, bottom = row["total_cost"], row["paper_notional"]
        elif key == "arrival_bps_of_executed":
            top, bottom = row["trading_cost"], row["executed_notional"]
        else:
            bottom = row["filled_shares"] * row[price]
            top = row[key] * bottom / 1e4
        cost, base = cost + top, base + bottom
    return cost, cost / base * 1e4, len(rows)


def test_costs_and_changes_are_ratios_of_sums(data: ReportData, told: dict[str, Any]) -> None:
    rows = data.tca_parents.to_dicts()
    assert data.previous is not None
    assert data.previous.data is not None
    old = data.previous.data.tca_parents.to_dicts()
    assert [row["key"] for row in told["measures"]] == list(MEASURES)
    for row in told["measures"]:
        cost, bps, n = ratio(rows, row["key"])
        _, before, n_before = ratio(old, row["key"])
        assert (row["n"], row["previous_n"]) == (n, n_before) == (20, 15)
        assert row["cost"] == pytest.approx(cost, rel=1e-9)
        assert row["bps"] == pytest.approx(bps, rel=1e-9)
        assert row["previous_bps"] == pytest.approx(before, rel=1e-9)
        assert row["difference_bps"] == pytest.approx(bps - before, rel=1e-9)
        assert row["low"] <= row["bps"] <= row["high"]
        assert row["difference_low"] <= row["difference_bps"] <= row["difference_high"]


def test_the_estimate_is_set_against_the_same_orders(data: ReportData, told: dict[str, Any]) -> None:
    rows = [row for row in data.tca_parents.to_dicts() if row["parent_id"] in data.estimates["parent_id"]]
    held = told["estimate"]
    assert (held["n"], held["left_out"], held["model"]) == (12, 8, "square-root")
    cost, bps, _ = ratio(rows, "arrival_bps_of_executed")
    assert held["paid_cost"] == pytest.approx(cost)
    assert held["paid_bps"] == pytest.approx(bps)
    assert held["estimated_bps"] == pytest.approx(3.0)
    assert held["difference_bps"] == pytest.approx(bps - 3.0)
    assert held["difference_cost"] == pytest.approx(held["paid_cost"] - held["estimated_cost"])
    assert held["low"] <= held["difference_bps"] <= held["high"]


def test_drivers_are_what_raises_the_total(data: ReportData, told: dict[str, Any]) -> None:
    rows = data.tca_parents.to_dicts()
    cost, paper = sum(row["total_cost"] for row in rows), sum(row["paper_notional"] for row in rows)
    groups = told["drivers"]["groups"]
    assert 0 < len(groups) <= 5
    adds = [group["adds_bps"] for group in groups]
    assert adds == sorted(adds, reverse=True)
    assert min(adds) > 0
    for group in groups:
        if group["by"] not in ("symbol", "broker", "algo"):
            continue
        mine = [row for row in rows if row[group["by"]] == group["group"]]
        own, notional = sum(row["total_cost"] for row in mine), sum(row["paper_notional"] for row in mine)
        assert group["n"] == len(mine)
        assert group["cost"] == pytest.approx(own)
        assert group["share_of_cost"] == pytest.approx(own / cost)
        assert group["adds_bps"] == pytest.approx((own / notional - cost / paper) * notional / paper * 1e4)
    assert [row["parent_id"] for row in told["drivers"]["orders"]] == [
        row["parent_id"] for row in sorted(rows, key=lambda row: -row["total_cost"])[:5]
    ]


def test_the_page_says_what_the_period_before_is(data: ReportData) -> None:
    summary = summarise(data)
    assert summary["previous"] == {"what": "the day before", "from": "2024-03-13", "to": "2024-03-13", "orders": 15}
    text = render(data, summary)
    assert "The period before is the day before: 2024-03-13, 15 orders." in text
    value = summary["executive"][0]["measures"][1]["difference_bps"]
    assert f'data-key="executive.0.measures.1.difference_bps" data-value="{value}"' in text
    none = replace(data, previous=Previous("none stored: no orders of the day before"))
    assert "The period before: none stored: no orders of the day before." in render(none, summarise(none))
    bare = replace(data, previous=None, estimates=ESTIMATES.empty())
    assert "period before" not in render(bare, summarise(bare))
    assert "No order was estimated before trading." in render(bare, summarise(bare))


def test_breaches_stand_in_the_executive_summary(data: ReportData) -> None:
    check = {
        "threshold": "arrival cost", "class": "other", "group": "Kite", "value": 20.0, "unit": "bps", "n": 4,
        "factor": "price", "measure": "arrival_bps_of_executed", "by": "broker", "at_most": 15.0, "at_least": None,
        "state": "breached", "open": True, "disposition": None, "owner": None, "remediation": None, "decided": None,
        "until": None,
    }  # fmt: skip
    policy = {"name": "Best execution", "version": "1", "owner": None, "sha256": "0" * 64, "signatures": []}
    told = {"policy": policy, "models": {}, "checks": [check], "breaches": 1, "open_breaches": 1, "sign_off": []}
    text = render(data, summarise(data) | {"monitoring": told})
    assert "1 breached" in text
    assert "at most 15.00 bps" in text
    assert "nobody has decided" in text


def test_names_of_the_period_before_are_masked_too(data: ReportData) -> None:
    masked = redacted(data, ("broker",), "salt")
    assert masked.previous is not None
    assert masked.previous.data is not None
    assert not set(masked.previous.data.tca_parents["broker"]) & {"North", "Kite"}
    plain, hidden = summarise(data)["executive"], summarise(masked)["executive"]
    assert plain[0]["measures"] == hidden[0]["measures"]
