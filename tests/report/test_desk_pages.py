"""A desk's own section and template, as docs/report.md writes them, stand on the page."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import example
import pytest

from tcakit.report.data import PageChoice
from tcakit.report.page import render
from tcakit.report.summary import summarise
from tcakit.report.wording import number

PAGE = Path(__file__).resolve().parents[2] / "docs" / "report.md"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (code,) = [block for block in blocks if "def desk(" in block]
    (tmp_path / "desk_pages.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "desk_pages", raising=False)


@pytest.mark.usefixtures("desk")
def test_the_documented_section_comes_last_and_shows_the_summary() -> None:
    data = replace(example.report_data(), page=PageChoice(sections=("desk_pages:desk",)))
    summary = summarise(data)
    text = render(data, summary)
    sections = re.findall(r'<section id="([a-z-]+)">', text)
    assert sections[-1] == "our-desk"
    totals = summary["currencies"]["USD"]["totals"]
    assert f"<p>{number(totals['total_cost'])} USD over {totals['parents']} orders</p>" in text


@pytest.mark.usefixtures("desk")
def test_the_documented_template_chooses_the_sections() -> None:
    data = replace(example.report_data(), page=PageChoice(template="desk_pages:REVIEW"))
    text = render(data, summarise(data))
    sections = re.findall(r'<section id="([a-z-]+)">', text)
    assert sections == ["cost", "venues", "our-desk", "orders", "method"]
