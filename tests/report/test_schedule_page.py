"""The page of a schedule: it holds all it shows, and what users and files bring into it is text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tcakit.report.schedule_page import figures_of, render_schedule, rows_of

_EVIL = "<script>alert(1)</script>"


def result(**more: Any) -> dict[str, Any]:
    point = {"risk_aversion": 0.1, "cost_bps": 3.0, "deviation_bps": 20.0}
    algorithm = {"cost_bps": 4.0, "deviation_bps": 30.0, "unfilled": 0.0, "chosen": False}
    return {
        "symbol": _EVIL, "date": "2026-03-04", "side": "buy", "quantity": 900.0, "algo": _EVIL, "model": _EVIL,
        "times": [f"2026-03-04T{clock}.000000000-05:00" for clock in ("09:30:00", "12:45:30", "16:00:00")],
        "auction": [False, False, True], "quantities": [600.0, 200.0, 100.0], "left": [300.0, 100.0, 0.0],
        "volume": [6_000.0, 4_000.0, 1_000.0], "participation": [0.1, 0.05, 0.1], "expected_cost": 3.5,
        "deviation": 21.0, "cost_unit": "bps of arrival", "notes": [_EVIL],
        "frontier": [point, point | {"cost_bps": 5.0}],
        "algorithms": [
            algorithm | {"name": "twap"}, algorithm | {"name": _EVIL, "chosen": True},
            algorithm | {"name": "pov:1", "unfilled": 5.0},
        ],
    } | more  # fmt: skip


def payload_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="report-data">(.*?)</script>', page)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_everything_is_on_the_page_and_nothing_is_fetched() -> None:
    page = render_schedule(result())
    figures = payload_of(page)["figures"]
    assert set(figures) == {"slices", "frontier"}
    assert all(f'id="chart-{name}"' in page for name in figures)
    behind, shares = figures["slices"]["data"]
    assert behind["x"] == shares["x"] == ["09:30", "12:45:30", "closing auction"]
    assert (behind["y"], shares["y"]) == ([6_000.0, 4_000.0, 1_000.0], [600.0, 200.0, 100.0])
    # What would leave shares undone has no place beside what does not.
    assert [len(trace["x"]) for trace in figures["frontier"]["data"]] == [2, 1, 1]
    assert "3.50 bps" in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img)[^>]*\s(?:src|href)=", page)


def test_what_is_brought_in_is_text() -> None:
    assert _EVIL not in render_schedule(result())


@pytest.mark.parametrize("name", ["frontier", "algorithms"])
def test_without_a_frontier_there_is_no_chart_of_it(name: str) -> None:
    told = result()
    del told["frontier"]
    if name == "algorithms":
        del told["algorithms"]
    page = render_schedule(told)
    assert 'id="chart-frontier"' not in page
    assert 'id="chart-slices"' in page
    assert ("Ready algorithms" in page) == (name == "frontier")


def test_a_schedule_by_numbers_has_no_market_behind_it() -> None:
    told = {
        "quantity": 100.0, "algo": "almgren-chriss", "times": [0.0, 0.5], "time_unit": "days",
        "quantities": [60.0, 40.0], "left": [40.0, 0.0], "expected_cost": 9.0, "deviation": None,
        "cost_unit": "currency", "notes": [],
    }  # fmt: skip
    (shares,) = figures_of(told)["slices"]["data"]
    assert shares["x"] == ["0", "0.5"]
    assert rows_of(told)[0] == {"name": "0", "quantity": 60.0, "left": 40.0, "volume": None, "participation": None}
    page = render_schedule(told)
    assert "Expected volume</th>" not in page
    assert "9.00 currency" in page
