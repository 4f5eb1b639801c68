"""Estimates on the page are those of the table, set against what the same orders cost."""

from __future__ import annotations

from io import StringIO
from typing import Any

import example
import numpy as np
import polars as pl
import pytest
from rich.console import Console

from tcakit.market.schema import ESTIMATES
from tcakit.report.data import ReportData
from tcakit.report.page import render
from tcakit.report.summary import summarise
from tcakit.report.terminal import print_summary
from tcakit.tca.calibration import calibrated

EVIL = "<b>&"


def _estimate(parent_id: str, mean: float | None, **given: Any) -> dict[str, Any]:
    band = {} if mean is None else {"order_low_bps": mean - 60.0, "order_high_bps": mean + 60.0}
    held = {"run_id": example.RUN, "parent_id": parent_id, "model": "square-root", "fit_id": None}
    held |= {"made_from": "days"}
    return held | {"source": "published", "mean_bps": mean, "outside": False} | band | given


@pytest.fixture(scope="module")
def data() -> ReportData:
    plain = example.report_data()
    names = plain.parents["parent_id"].to_list()
    rows = [_estimate(name, 2.0 + place) for place, name in enumerate(names[:-1])]
    rows += [_estimate(names[-1], None, reason="volatility is unknown")]
    rows += [_estimate(name, 5.0, model=EVIL, fit_id="fit-1", source="own-fills", outside=True) for name in names[:3]]
    return example.report_data(
        estimates=ESTIMATES.conform(pl.DataFrame(rows, schema_overrides=ESTIMATES.polars_schema()))
    )


def test_figures_are_those_of_the_orders_that_have_both(data: ReportData) -> None:
    summary = summarise(data)
    first, second = summary["estimates"]
    cost = {row["parent_id"]: row for row in summary["parents"]}
    both = [row for row in data.estimates.to_dicts() if row["model"] == "square-root"]
    columns = [[row[name] for row in both] for name in ("mean_bps", "order_low_bps", "order_high_bps")]
    paid = [cost[row["parent_id"]]["arrival_bps_of_executed"] for row in both]
    days = [cost[row["parent_id"]]["date"] for row in both]
    held = calibrated(*(np.array(c, float) for c in (columns[0], paid, columns[1], columns[2])), days)
    assert held.slope is not None
    assert first["slope"]["value"] == held.slope
    assert (first["bias_bps"]["low"], first["bias_bps"]["high"]) == held.bias_interval_bps
    assert first["coverage"]["value"] == held.coverage
    known = [row for row, price in zip(both, paid, strict=True) if price is not None and row["mean_bps"] is not None]
    assert [point["parent_id"] for point in first["points"]] == [row["parent_id"] for row in known]
    assert first["left_out"] == len(both) - len(known) > 0
    assert first["reasons"] == [{"reason": "volatility is unknown", "orders": 1}]
    assert "one day" in first["caveat"]
    assert second["outside"] == len(second["points"]) > 0


def test_page_and_terminal_tell_them(data: ReportData) -> None:
    summary = summarise(data)
    text = render(data, summary)
    assert 'id="chart-estimates-1"' in text
    assert "no estimate for 1 order: volatility is unknown" in text
    assert EVIL not in text
    bias = summary["estimates"][0]["bias_bps"]["value"]
    assert f'data-key="estimates.0.bias_bps" data-value="{bias}"' in text
    console = Console(width=140, record=True, file=StringIO())
    print_summary(summary, console)
    assert "Estimated before, paid after" in console.export_text()


def test_without_estimates_nothing_is_said_of_them() -> None:
    plain = example.report_data()
    summary = summarise(plain)
    assert summary["estimates"] == []
    assert "Estimated before" not in render(plain, summary)
