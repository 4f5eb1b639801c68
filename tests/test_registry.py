"""Parts by name: the user's own are found beside his work, and stand in nobody's way."""

from __future__ import annotations

import sys

import pytest

from tcakit.errors import UsageError
from tcakit.registry import find


def test_a_module_of_the_working_folder_is_found_after_all_others(tmp_path, monkeypatch):
    (tmp_path / "beside_the_work.py").write_text("class Mine: ...\n")
    (tmp_path / "colorsys.py").write_text("class Mine: ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert find("beside_the_work:Mine", {}, "strategy").__name__ == "Mine"
    with pytest.raises(UsageError, match="colorsys"):
        find("colorsys:Mine", {}, "strategy")


def test_one_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(UsageError, match="nowhere_at_all"):
        find("nowhere_at_all:Mine", {}, "strategy")
