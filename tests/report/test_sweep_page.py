"""The page of a sweep: it holds all it shows, and what files bring into it is text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tcakit.report.sweep_page import figures_of, render_sweep

_EVIL = "<script>alert(1)</script>"


def run(name: str, cost: float | None, **params: Any) -> dict[str, Any]:
    return {
        "run_id": f"run-{name}", "set": name, "algo": "twap", "params": params, "cost_bps": cost,
        "ci": None if cost is None else [cost - 1, cost + 2], "parents": 4, "days": 2, "fills": 9,
    }  # fmt: skip


RUNS = [
    run("a", 2.0, interval="500ms", horizon="30s", mood=_EVIL),
    run("b", 1.0, interval="2s", horizon="30s", mood=_EVIL),
    run("c", 3.0, interval="1m", horizon="30s", mood=_EVIL),
    run("d", 5.0, interval="1m", horizon="60s", mood=_EVIL),
    run(_EVIL, None, interval="1m", horizon="90s", mood=_EVIL),
]
RESULT = {
    "runs": RUNS, "measure": "shortfall_bps_of_paper", "symbols": [_EVIL], "dates": ["2026-03-03", "2026-03-04"],
    "best": {"set": "b", "tried": 5}, "notes": ["the best of 5", _EVIL],
}  # fmt: skip


def test_everything_is_on_the_page_and_nothing_is_fetched() -> None:
    page = render_sweep(RESULT)
    payload = re.search(r'id="report-data">(.*?)</script>', page)
    assert payload
    figures = json.loads(payload[1])["figures"]
    assert set(figures) == {"sets", "by-1-interval", "by-2-horizon"}
    assert all(f'id="chart-{name}"' in page for name in figures)
    assert figures["sets"]["data"][0]["x"] == [1.0, 2.0, 3.0, 5.0]
    assert figures["sets"]["data"][0]["error_x"]["array"] == [2.0] * 4
    (line,) = figures["by-1-interval"]["data"]
    assert (line["x"], line["y"]) == ([0.5, 2.0, 60.0], [2.0, 1.0, 3.0])
    assert figures["by-1-interval"]["layout"]["xaxis"]["title"]["text"] == "interval (s)"
    assert [figures["by-2-horizon"]["data"][0][axis] for axis in "xy"] == [[30.0, 60.0], [3.0, 5.0]]
    assert all(one["run_id"] in page for one in RUNS[:4])
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img)[^>]*\s(?:src|href)=", page)


def test_what_files_say_is_text() -> None:
    assert _EVIL not in render_sweep(RESULT)


def test_plain_numbers_have_no_unit_and_one_value_has_no_chart() -> None:
    figures = figures_of([run("a", 1.0, rate=0.1, clip=5), run("b", 2.0, rate=0.2, clip=5)])
    assert set(figures) == {"sets", "by-1-rate"}
    assert figures["by-1-rate"]["layout"]["xaxis"]["title"]["text"] == "rate"


@pytest.mark.parametrize("runs", [[], [run("a", None, rate=0.1), run("b", None, rate=0.2)]])
def test_a_sweep_without_costs_has_no_charts(runs: list[dict[str, Any]]) -> None:
    assert figures_of(runs) == {}
