"""What the project's files must not say, and what they must say alike."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import tcakit

ROOT = Path(__file__).resolve().parents[1]
# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w./])/(?:wo" + r"rk|ro" + r"ot)/|/tmp/(?:ba" + r"sh_jobs|br" + r"ief)",
    "a package registry's address": r"index-" + r"url|https?://[\w.-]*(?:py" + r"pi|python" + r"hosted|ana" + r"conda)",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
}


def project_files() -> list[Path]:
    """The files git holds or would take: what a clone gets."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return [ROOT / name for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def findings(text: str) -> list[str]:
    """What a text says that it must not, as "line: what: words"."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            match = re.search(pattern, line)
            if match:
                found.append(f"{number}: {what}: {match.group()}")
    return found


def test_no_file_names_its_workplace() -> None:
    files = project_files()
    assert len(files) > 20
    # Compressed samples are noise to a word search: any bytes may stand in them.
    texts = [path for path in files if path.suffix not in {".gz", ".zst", ".zip", ".parquet", ".png"}]
    found = {
        f"{path.relative_to(ROOT)}:{entry}"
        for path in texts
        for entry in findings(path.read_bytes().decode("utf-8", errors="replace"))
    }
    assert found == set()


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("cd /wo" + "rk/main", True),
        ("store = '/ro" + "ot/x'", True),
        ("see https://py" + "pi.org/simple", True),
        ("--extra-index-" + "url x", True),
        ("# TO" + "DO: later", True),
        ("framework/main, net/wo" + "rk/x, https://www.apache.org/licenses/", False),
    ],
)
def test_the_search_finds(line: str, caught: bool) -> None:
    assert bool(findings("first line\n" + line)) == caught


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == tcakit.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(tcakit.__version__)}\b", changes, re.MULTILINE)


def test_each_dependency_is_pinned_and_decided() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!~\[;]", entry)[0].strip().lower().replace("_", "-") for entry in wanted}
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    pinned = set(re.findall(r"^([\w-]+)==[\w.]+$", pins, re.MULTILINE))
    assert names <= pinned
    told = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8").lower()
    assert {name for name in names if f"| {name} |" not in told} == set()


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
