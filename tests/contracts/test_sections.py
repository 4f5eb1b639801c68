"""What every section of the report holds to: made from the summary alone, its numbers as text, its words escaped."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

import example
from benchmarked import benchmarked

from tcakit.errors import UsageError
from tcakit.report import render, summarise
from tcakit.report.data import PageChoice
from tcakit.report.sections import SECTIONS, TEMPLATES, Section, section_names, sections_of

EVIL = "<script>alert(1)</script>"
CHART = re.compile(r'id="chart-([^"]+)"')
# Numbers of other jobs, which the made-up run has none of: no policy, one day only, no child orders when measured.
NEEDS_MORE = {"monitoring", "control-limits", "estimates", "benchmarks"}


def many(words: str) -> list[dict[str, Any]]:
    start = example.OPEN_NS + 3600 * example.SECOND
    return [
        example.parent(
            f"P-{place}", ("ACME", "BORA")[place % 2], 1 if place % 3 else -1, 2_400 * (1 + place % 5),
            start + place * 300 * example.SECOND, 10 + place % 7, algo=f"{words}{place % 2}",
            broker=f"{words}{place % 3}", trader=words,
        )
        for place in range(24)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    made: dict[str, Any] = summarise(benchmarked(many("desk ")))
    made["monitoring"] = MONITORING
    made["control"] = [{"currency": "USD", "measure": "arrival_bps_of_executed", "period": "day", "rows": CONTROL}]
    return made


MONITORING = {
    "policy": {"name": "house", "version": "3", "owner": None, "sha256": "ab" * 32},
    "models": {},
    "checks": [
        {"threshold": "dear", "factor": "price", "measure": "arrival_bps_of_executed", "class": "other", "by": "broker",
         "group": "desk 1", "value": value, "unit": "bps", "n": 8, "at_most": 5.0, "at_least": None, "state": state,
         "open": state == "breached" and until != "2099-01-01", "disposition": until and "accepted", "owner": until and
         "desk", "remediation": until and "other venue", "decided": until and "2024-03-01", "until": until}
        for value, state, until in ((1.25, "within", None), (7.5, "breached", None), (8.5, "breached", "2024-03-02"),
                                    (9.5, "breached", "2099-01-01"))
    ],
    "breaches": 1, "open_breaches": 1, "sign_off": [{"role": "Head of trading", "name": None, "date": None}],
}  # fmt: skip
CONTROL = [
    {"period": f"2024-03-1{day}", "n": 4, "bps": bps, "centre_bps": 1.0, "low_bps": -3.0, "high_bps": 5.0,
     "outside": bps > 5}
    for day, bps in ((1, 0.5), (2, 6.25), (3, 1.5))
]  # fmt: skip


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_made_from_the_summary_and_changes_nothing(name: str, summary: dict[str, Any]) -> None:
    before = json.dumps(summary, sort_keys=True)
    made = sections_of(summary, [name])
    assert json.dumps(summary, sort_keys=True) == before
    assert len(made) == (0 if name == "estimates" else 1)
    for section in made:
        assert section.name == name
        json.dumps(dict(section.figures), allow_nan=False)
        # A chart that stands nowhere is never drawn; a place without a chart stays empty.
        page = render(example.report_data(many("desk "), page=PageChoice("tca")), summary)
        assert set(section.figures) <= set(CHART.findall(page))


@pytest.mark.parametrize("name", sorted(NEEDS_MORE))
def test_a_section_without_its_numbers_is_left_out(name: str) -> None:
    assert sections_of(summarise(example.report_data()), [name]) == []


def test_no_section_says_anything_wrong_of_a_run_without_orders() -> None:
    empty = example.report_data([])
    made = [section.name for section in sections_of(summarise(empty), tuple(SECTIONS))]
    assert made == ["control", "orders", "quality", "method"]


def test_words_of_others_are_escaped_in_every_section() -> None:
    data = example.report_data(many(EVIL))
    made = summarise(data)
    made["monitoring"] = json.loads(json.dumps(MONITORING).replace("desk 1", EVIL))
    page = render(data, made)
    assert EVIL not in page
    assert "<script>" not in json.dumps([dict(section.figures) for section in sections_of(made, tuple(SECTIONS))]), (
        "plotly reads tags in labels"
    )


def test_monitoring_shows_breaches_first_and_who_signs(summary: dict[str, Any]) -> None:
    page = render(example.report_data(many("desk "), page=PageChoice("best-execution")), summary)
    body = page[page.index('<section id="monitoring"') : page.index('<section id="venues"')]
    assert "1 threshold is breached, 1 of them without a decision" in body
    assert body.index("7.50 bps") < body.index("1.25 bps")
    assert "Head of trading" in body
    assert "waterfall" not in re.findall(r'<section id="([^"]+)"', page)


def desk(summary: dict[str, Any]) -> Section:
    """A desk's own section."""
    template = (
        '{% from "cells.html" import chart %}<p id="own">{{ told }}: {{ cost | number }}</p>'
        '{{ chart("own-bars", figures, "bars") }}'
    )
    cost = summary["currencies"]["USD"]["totals"]["total_cost"]
    figures = {"own-bars": {"data": [{"type": "bar", "x": ["a"], "y": [cost]}], "layout": {}}}
    return Section("our-desk", "Our desk", template, {"told": EVIL, "cost": cost}, figures)


def unnamed(summary: dict[str, Any]) -> Section:
    """A section whose name cannot be an anchor."""
    return Section('x" onclick="', "x", "x")


def wrong(summary: dict[str, Any]) -> str:
    """Not a section."""
    return "text"


OWN_TEMPLATE = ("cost", f"{__name__}:desk")


def test_a_desk_puts_in_its_own_section_and_template(summary: dict[str, Any]) -> None:
    choice = PageChoice(sections=(f"{__name__}:desk",))
    page = render(example.report_data(many("desk "), page=choice), summary)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;: " in page
    assert EVIL not in page
    assert 'id="chart-own-bars"' in page
    assert section_names(f"{__name__}:OWN_TEMPLATE") == OWN_TEMPLATE
    assert [section.name for section in sections_of(summary, OWN_TEMPLATE)] == ["cost", "our-desk"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["waterfal"], "did you mean 'waterfall'"),
        ([f"{__name__}:wrong"], "gives a str"),
        ([f"{__name__}:unnamed"], "cannot be the name"),
        (["cost", "cost"], "'cost' is there already"),
    ],
)
def test_a_wrong_section_is_told(summary: dict[str, Any], names: list[str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        sections_of(summary, names)
    assert told in f"{caught.value.message} {caught.value.remedy}"


def test_a_wrong_template_is_told() -> None:
    with pytest.raises(UsageError, match="no template 'best-excution'"):
        section_names("best-excution")
    with pytest.raises(UsageError, match="no sequence of names"):
        section_names(f"{__name__}:EVIL")
    assert all(name in SECTIONS for names in TEMPLATES.values() for name in names)
