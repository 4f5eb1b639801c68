"""The page of fill curves: it holds all it shows, and what files bring into it is text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tcakit.report.fill_page import render_fill_curves

_EVIL = "<script>alert(1)</script>"


def result(probability: float | None = 0.5) -> dict[str, Any]:
    figures = {"orders": 10, "filled": 5, "probability": probability, "low": 0.2, "high": 0.8}
    moves = {"horizon_s": 1.0, "orders": 5, "missing": 1, "move_bps": -0.5, "low_bps": None, "high_bps": None}
    by_time = [{"time_s": at, "at_risk": 5, "filled": 5} | figures for at in (0.1, 1.0)]
    level = {"ticks_behind": 0, "by_time": by_time, "time_to_fill": [], **figures}
    return {
        "symbol": _EVIL, "venue": "XNAS", "date": "2026-03-03", "queue_rule": "fifo", "every_s": 1.0, "horizon_s": 60.0,
        "quantity": 1.0, "orders": 10, "rested": 9, "notes": [_EVIL],
        "levels": [level | {"adverse_selection": [{"outcome": "filled"} | moves]}],
        "by_queue": [{"at_least": 1.0, "below": None} | figures], "by_spread": [],
    }  # fmt: skip


def test_everything_is_on_the_page_and_nothing_is_fetched() -> None:
    page = render_fill_curves(result())
    payload = re.search(r'id="report-data">(.*?)</script>', page)
    assert payload
    figures = json.loads(payload[1])["figures"]
    assert set(figures) == {"time", "queue", "adverse"}
    assert all(f'id="chart-{name}"' in page for name in figures)
    assert figures["queue"]["data"][0]["y"] == [0.5]
    assert figures["queue"]["data"][0]["x"] == ["1 and more"]
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img)[^>]*\s(?:src|href)=", page)


def test_what_files_say_is_text() -> None:
    assert _EVIL not in render_fill_curves(result())


@pytest.mark.parametrize("name", ["levels", "by_queue"])
def test_a_chart_without_data_is_left_out(name: str) -> None:
    page = render_fill_curves(result() | {name: []})
    gone = {"levels": ["time", "adverse"], "by_queue": ["queue"]}[name]
    assert not any(f'id="chart-{chart}"' in page for chart in gone)
