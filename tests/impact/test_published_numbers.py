"""Every published number of the models and schedules, to the digits its source gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from published import NUMBERS, Published, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "impact.md"


@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: f"{entry.quantity}, {entry.source}")
def test_ours_is_the_published_number(entry):
    assert entry.ours_printed() == entry.printed


def test_the_page_shows_the_table():
    found = re.search(r"<!-- numbers -->\n(.*?)\n<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert found.group(1) == table(), "run make docs"


def test_a_wrong_digit_is_noticed():
    assert Published("a", "b", "0.50", lambda: 0.504).ours_printed() == "0.50"
    assert Published("a", "b", "0.50", lambda: 0.506).ours_printed() != "0.50"
