"""The trend over runs: ratios of sums by run and month, and an index whose names are text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import example
import polars as pl
import pytest

from tcakit.jobs.trend import reports_beside
from tcakit.market import schema
from tcakit.report.trend import render_trend, trend

EVIL = "<script>alert(1)</script>"


def rows(run: str, month: int, costs: list[float], currency: str = "USD") -> list[dict[str, Any]]:
    base = {name: None for name in schema.TCA_PARENTS.names}
    return [
        base
        | {
            "run_id": run, "parent_id": f"{run}-{month}-{place}", "symbol": "ACME",
            "date": f"2024-{month:02}-10",
            "side": 1, "currency": currency, "priced": True, "trading_cost": cost,
            "executed_notional": 1e4 * (place + 1),
            "total_cost": cost + 1.0, "paper_notional": 2e4, "fills": 1, "ordered_shares": 1.0, "filled_shares": 1.0,
            "arrival_ns": 0, "fill_rate": 1.0,
        }
        for place, cost in enumerate(costs)
    ]  # fmt: skip


RUNS = [
    {"run_id": "older", "kind": "replay", "created_ns": example.OPEN_NS},
    {"run_id": "newer", "kind": "blotter", "created_ns": example.OPEN_NS + example.SECOND},
    {"run_id": "idle", "kind": "replay", "created_ns": example.OPEN_NS},
]
FRAME = pl.DataFrame(
    rows("newer", 3, [5.0, 1.0]) + rows("newer", 4, [2.0]) + rows("older", 3, [4.0, 8.0, 3.0]) + rows("gone", 3, [1.0]),
    schema_overrides=schema.TCA_PARENTS.polars_schema(),
)


def test_runs_and_months_are_ratios_of_sums() -> None:
    told = trend(RUNS, FRAME)
    assert [(row["run_id"], row["orders"], row["from"], row["to"]) for row in told["runs"]] == [
        ("older", 3, "2024-03-10", "2024-03-10"),
        ("newer", 3, "2024-03-10", "2024-04-10"),
    ]
    assert told["runs"][0]["arrival_bps_of_executed"]["value"] == pytest.approx(15.0 / 6e4 * 1e4)
    assert told["runs"][1]["shortfall_bps_of_paper"]["value"] == pytest.approx(11.0 / 6e4 * 1e4)
    march, april = (row for row in told["months"] if row["run_id"] == "newer")
    assert (march["month"], march["arrival_bps_of_executed"]["value"]) == ("2024-03", pytest.approx(2.0))
    assert april["arrival_bps_of_executed"] == {"value": pytest.approx(2.0), "low": None, "high": None, "n": 1}


def test_the_page_has_a_chart_by_run_and_by_month_and_links_to_its_neighbours() -> None:
    page = render_trend(trend(RUNS, FRAME, [{"file": f"{EVIL}.html", "title": EVIL}]))
    assert set(re.findall(r'id="chart-([^"]+)"', page)) == {"1-runs", "1-months"}
    assert EVIL not in page
    assert 'href="%3Cscript%3E' in page
    empty = render_trend(trend([], FRAME.clear()))
    assert "No stored run holds measured orders." in empty


def test_the_index_names_pages_of_ours_alone(tmp_path: Path) -> None:
    head = '<meta name="generator" content="tcakit">\n<title>{}</title>'
    (tmp_path / "b.html").write_text(head.format("Q1 &amp; Q2"))
    (tmp_path / "a.html").write_text("<title>somebody else's</title>")
    (tmp_path / "index.html").write_text(head.format("itself"))
    assert reports_beside(tmp_path / "index.html") == [{"file": "b.html", "title": "Q1 & Q2"}]
