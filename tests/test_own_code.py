"""Errors of the user's own parts are told with the user's file and line, all others are left as they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tcakit.errors import UsageError
from tcakit.registry import find, own_code

PART = """
class Part:
    def __init__(self, size): self.size = size
    def share(self):
        return 1 / self.size
"""


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type:
    (tmp_path / "own_part.py").write_text(PART)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_part", raising=False)
    monkeypatch.delenv("TCAKIT_TRACEBACK", raising=False)
    return find("own_part:Part", {}, "part")


def test_what_it_raises_is_told_with_its_line(part: type, tmp_path: Path) -> None:
    made = part(0)
    with pytest.raises(UsageError, match="ZeroDivisionError: division by zero") as caught, own_code(["own_part:Part"]):
        made.share()
    assert caught.value.place == f"{tmp_path / 'own_part.py'}:5"


def test_a_part_that_cannot_be_called_is_told_with_its_file(part: type, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing 1 required") as caught, own_code(["own_part:Part"]):
        part()
    assert caught.value.place == str(tmp_path / "own_part.py")


def test_other_errors_pass(part: type, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="invalid literal"), own_code(["own_part:Part", "twap"]):
        int("x")
    with pytest.raises(UsageError, match="as it is"), own_code(["own_part:Part"]):
        raise UsageError("as it is", remedy="none")
    monkeypatch.setenv("TCAKIT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError), own_code(["own_part:Part"]):
        part(0).share()


def test_compiled_code_is_told_with_its_file(part: type) -> None:
    with pytest.raises(UsageError, match="late") as caught, own_code(["mine.py"]):
        raise ValueError("late")
    assert caught.value.place == "mine.py"
