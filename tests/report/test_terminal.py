"""The terminal says the numbers of the summary, and obeys no control characters of the data."""

from __future__ import annotations

import io
import re

import example
from rich.console import Console

from tcakit.report.summary import summarise
from tcakit.report.terminal import print_summary
from tcakit.report.wording import number


def printed(data: object, width: int = 160) -> str:
    out = io.StringIO()
    print_summary(summarise(data), Console(file=out, width=width))  # type: ignore[arg-type]
    return out.getvalue()


def test_the_numbers_are_those_of_the_summary() -> None:
    data = example.report_data()
    summary, text = summarise(data), printed(data)
    block = summary["currencies"]["USD"]
    for step in block["waterfall"]:
        assert re.search(rf"{step['name']} +{re.escape(number(step['cost']))} ", text)
    for algo in block["algos"]:
        assert number(algo["totals"]["total_cost"]) in text
    for row in summary["parents"]:
        assert row["parent_id"] in text
    assert "7 of 8 orders matched, 6 of 8 priced" in text
    assert "not priced: no market data on that day (1)" in text


def test_markup_and_control_characters_stay_text() -> None:
    parents = example.eight_parents()[:1]
    parents[0] |= {"algo": "[red]x\x1b[2J", "notes": "[/]\x07"}
    text = printed(example.report_data(parents))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[red]x" in text


def test_a_run_without_orders_prints() -> None:
    assert "0 of 0 orders matched" in printed(example.report_data([]))
