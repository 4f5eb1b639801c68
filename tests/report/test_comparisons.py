"""What a report says beyond its totals, on the made-up run: tables add up, conversions are even, nothing is guessed."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import example
import polars as pl
import pytest
from rich.console import Console

from tcakit.errors import UsageError
from tcakit.report.data import ReportData, Scope
from tcakit.report.dimensions import OF_FILLS, known_dimensions
from tcakit.report.summary import summarise
from tcakit.report.terminal import print_summary
from tcakit.tca.performance import PARTS


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example.report_data()


def group(summary: dict[str, Any], *by: str) -> dict[str, Any]:
    return next(told for told in summary["groups"] if told["by"] == list(by))


def test_orders_and_fills_cut_any_way_add_up_to_the_same_cost(data: ReportData) -> None:
    summary = summarise(data)
    sums = summary["currencies"]["USD"]["totals"]
    whole = summary["currencies"]["USD"]["measures"]["arrival_bps_of_executed"]
    for told in summary["groups"]:
        total = told["total"]
        assert total["measures"]["arrival_bps_of_executed"]["value"] == pytest.approx(whole["value"], abs=1e-9)
        assert sum(cell["cost"] or 0.0 for cell in told["cells"]) == pytest.approx(total["cost"])
        if told["level"] == "order":
            assert total["cost"] == pytest.approx(sums["total_cost"])
            assert sum(cell["n"] for cell in told["cells"]) == total["n"] == 8
        else:
            assert total["cost"] == pytest.approx(sums["trading_cost"])
            assert total["lines"] == data.fills.height
    levels = {tuple(told["by"]): told["level"] for told in summary["groups"]}
    assert levels["venue",] == levels["liquidity",] == "fill"
    assert levels["broker", "algo"] == "order"


def test_passive_fills_earn_the_spread_that_the_others_pay(data: ReportData) -> None:
    cells = {cell["key"]["liquidity"]: cell["measures"] for cell in group(summarise(data), "liquidity")["cells"]}
    earned, paid = (cells[name]["spread_bps_of_executed"] for name in ("maker", "taker"))
    assert earned["high"] < 0.0 < paid["low"]
    assert cells["maker"]["fees_bps_of_executed"]["value"] < 0.0 < cells["taker"]["fees_bps_of_executed"]["value"]


def test_a_table_asked_for_comes_first_and_is_of_child_orders_where_it_must(data: ReportData) -> None:
    summary = summarise(replace(data, scope=Scope(by=("order_type", "side"))))
    first = summary["groups"][0]
    assert (first["by"], first["asked"], first["level"]) == (["order_type", "side"], True, "fill")
    assert [cell["key"] for cell in first["cells"]] == [
        {"order_type": "limit", "side": "buy"}, {"order_type": "limit", "side": "sell"}
    ]  # fmt: skip
    assert sum(told["asked"] for told in summary["groups"]) == 1
    assert first["draws"] == 1_000


def test_what_was_known_before_makes_buckets_and_what_was_not_is_not_stated(data: ReportData) -> None:
    known = pl.DataFrame({"parent_id": data.parents["parent_id"].head(3), "adv_shares": [1e6, 5e4, None]})
    cells = group(summarise(replace(data, known_before=known)), "adv_bucket")["cells"]
    assert cells[-1]["key"] == {"adv_bucket": None}
    assert sum(cell["n"] for cell in cells[:-1]) == 2
    assert not [told for told in summarise(data)["groups"] if told["by"] == ["adv_bucket"]]


def test_every_sum_is_converted_at_one_rate_and_no_basis_point_moves(data: ReportData) -> None:
    rate = {"value": 0.9, "date": "2024-03-13", "source": "ECB", "how": "inverse"}
    scope = Scope(currency="EUR", rates={(example.DATE, "USD"): rate})
    plain, told = summarise(data), summarise(replace(data, scope=scope))
    assert list(told["currencies"]) == ["EUR"]
    before, after = plain["currencies"]["USD"], told["currencies"]["EUR"]
    for name, value in before["totals"].items():
        is_count = name.startswith("parents") or name == "fills"
        assert after["totals"][name] == (
            None if value is None else pytest.approx(value if is_count else value * 0.9)
        ), name
    for name, stat in before["measures"].items():
        assert after["measures"][name] == pytest.approx(stat), name
    for one, two in zip(before["venues"], after["venues"], strict=True):
        assert two.pop("notional") == pytest.approx(one.pop("notional") * 0.9)
        for its, others in zip(one.pop("spreads"), two.pop("spreads"), strict=True):
            assert others == {name: pytest.approx(value) for name, value in its.items()}
        assert two == {name: pytest.approx(value) for name, value in one.items()}
    cells = [group(summary, "broker", "algo")["cells"] for summary in (plain, told)]
    for one, two in zip(*cells, strict=True):
        assert two["measures"] == {name: pytest.approx(stat) for name, stat in one["measures"].items()}
        assert two["cost"] == (None if one["cost"] is None else pytest.approx(one["cost"] * 0.9))
    fills = [group(summary, "liquidity")["total"] for summary in (plain, told)]
    assert fills[1]["cost"] == pytest.approx(fills[0]["cost"] * 0.9)
    assert fills[1]["measures"]["fees_bps_of_executed"] == pytest.approx(fills[0]["measures"]["fees_bps_of_executed"])
    row = next(row for row in told["parents"] if row["priced"])
    assert (row["trade_currency"], row["exchange_rate"]) == ("USD", 0.9)
    assert told["currency"]["rates"] == [
        {"date": example.DATE, "from": "USD", "to": "EUR", "rate": 0.9, "rate_date": "2024-03-13", "source": "ECB",
         "how": "inverse", "orders": 8}
    ]  # fmt: skip
    assert plain["currency"] is None


def test_an_order_without_a_rate_is_a_row_with_a_reason() -> None:
    parents = example.eight_parents()
    parents[0]["currency"] = "GBP"
    data = example.report_data(parents)
    scope = Scope(currency="USD", rates={(example.DATE, "GBP"): None})
    told = summarise(replace(data, scope=scope))
    row = next(row for row in told["parents"] if row["parent_id"] == parents[0]["parent_id"])
    assert (row["priced"], row["total_cost"], row["paper_notional"]) == (False, None, None)
    assert row["unpriced_reason"] == "no rate from GBP to USD on 2024-03-14 or the 7 days before"
    assert row["shortfall_bps_of_paper"] is not None
    assert told["currency"]["without_rate"] == [{"parent_id": row["parent_id"], "reason": row["unpriced_reason"]}]
    sums = told["currencies"]["USD"]["totals"]
    others = [other["total_cost"] for other in told["parents"] if other["total_cost"] is not None]
    assert sums["total_cost"] == pytest.approx(sum(others))
    assert sums["parents"] == 8
    reasons = {held["reason"]: held["parents"] for held in told["quality"]["unpriced_by_reason"]}
    assert reasons[row["unpriced_reason"]] == 1


def estimated(data: ReportData, mean_bps: float) -> pl.DataFrame:
    ids = data.tca_parents.filter("priced")["parent_id"]
    return pl.DataFrame(
        {
            "run_id": [example.RUN] * len(ids), "parent_id": ids, "model": ["square-root"] * len(ids),
            "source": ["published"] * len(ids), "mean_bps": [mean_bps] * len(ids),
            "order_low_bps": [mean_bps - 39.2] * len(ids), "order_high_bps": [mean_bps + 39.2] * len(ids),
            "outside": [False] * len(ids), "made_from": ["days"] * len(ids),
        }
    )  # fmt: skip


def test_impact_is_the_estimate_less_its_half_spread(data: ReportData) -> None:
    known = pl.DataFrame({"parent_id": data.parents["parent_id"], "half_spread_bps": [1.5] * 8})
    told = summarise(replace(data, estimates=estimated(data, 6.5), known_before=known))
    parts = told["attribution"][0]
    executed = data.tca_parents.filter("priced")["executed_notional"].sum()
    assert (parts["model"], parts["n_with_model"]) == ("square-root", 6)
    assert parts["impact_cost"] == pytest.approx(executed * 5e-4)
    assert parts["selection_cost"] is None
    drift = data.tca_parents["drift_cost"].sum()
    assert parts["timing_cost"] == pytest.approx(drift - executed * 5e-4)
    whole = told["currencies"]["USD"]["totals"]["total_cost"]
    assert sum(parts[f"{part}_cost"] or 0.0 for part in PARTS) == pytest.approx(whole)
    adjusted = next(test for test in told["tests"] if test["kind"] == "difficulty-adjusted")
    assert [(row["group"], row["n"]) for row in adjusted["groups"]] == [("North Desk", 6)]
    bps = data.tca_parents.filter("priced")["arrival_bps_of_executed"]
    assert adjusted["groups"][0]["residual_bps"] == pytest.approx(bps.mean() - 6.5)


def test_it_is_json_and_the_same_twice(data: ReportData) -> None:
    asked = replace(data, scope=Scope(by=("broker", "algo")), estimates=estimated(data, 6.5))
    one, two = (json.dumps(summarise(asked), allow_nan=False) for _ in range(2))
    assert one == two


def test_the_terminal_shows_what_was_asked_and_obeys_no_control_characters() -> None:
    parents = example.eight_parents()
    parents[0]["broker"] = '[red]A,\x1b[2J"B"'
    data = example.report_data(parents)
    out = io.StringIO()
    scope = Scope(where="side = buy", by=("broker", "side"))
    print_summary(summarise(replace(data, scope=scope)), Console(file=out, width=200))
    text = out.getvalue()
    assert "By broker / side" in text
    assert '[red]A,?[2J"B" / buy' in text
    assert "only orders that meet: side = buy" in text
    assert "\x1b" not in text


def test_names_of_dimensions() -> None:
    assert known_dimensions(["broker", "adv", "portfolio", "time_of_day"]) == (
        "broker", "adv_bucket", "account", "half_hour",
    )  # fmt: skip
    assert known_dimensions(["Desk"], ["Desk"]) == ("Desk",)
    assert known_dimensions(OF_FILLS) == OF_FILLS
    with pytest.raises(UsageError, match="did you mean broker"):
        known_dimensions(["brokr"])
    with pytest.raises(UsageError, match="twice"):
        known_dimensions(["adv", "adv_bucket"])
