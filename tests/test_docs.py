"""What the documentation says is so: commands run, tables are the code's, links lead somewhere."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAM = Path(sys.executable).with_name("tcakit")
MAKE_TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
_SECONDS = 180


@dataclass(frozen=True)
class Command:
    """One command of a page: its line, its words, the exit code it should give, and whether it can run here.

    A block is marked after its language: `exit=6` tells the code that each of its commands gives; `example`
    says that its files are the reader's own, so that only the verbs and options are checked.
    """

    line: int
    words: tuple[str, ...]
    exit_code: int = 0
    example: bool = False


def commands_of(text: str) -> list[Command]:
    """The `tcakit` and `make` commands in a page's console and sh blocks, in order."""
    found: list[Command] = []
    fence: tuple[str, list[str]] | None = None
    pending = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("```"):
            words = stripped[3:].split()
            fence = (words[0], words[1:]) if fence is None and words else ("", []) if fence is None else None
            pending = ""
            continue
        if fence is None or fence[0] not in ("console", "sh"):
            continue
        if pending:
            stripped = f"{pending} {stripped}"
        elif stripped.startswith("$ "):
            stripped = stripped[2:]
        elif fence[0] == "console":
            continue  # what the command prints
        if stripped.endswith("\\"):
            pending = stripped[:-1].strip()
            continue
        pending = ""
        words = shlex.split(stripped, comments=True)
        if words[:1] in (["tcakit"], ["make"]):
            codes = [int(mark.removeprefix("exit=")) for mark in fence[1] if mark.startswith("exit=")]
            found.append(Command(number, tuple(words), codes[0] if codes else 0, "example" in fence[1]))
    return found


def files_of(text: str) -> dict[str, str]:
    """The files that a page's reader is told to save: blocks marked `file=NAME` after their language."""
    blocks = re.findall(r"^```\w+ file=([\w.]+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(blocks)


def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unknown_words(words: tuple[str, ...], command: Any) -> list[str]:
    """The verbs and options of a command line that the command tree does not have."""
    unknown: list[str] = []
    for word in words[1:]:
        inner = getattr(command, "commands", None)
        if inner and not word.startswith("-"):
            if word not in inner:
                return [*unknown, word]
            command = inner[word]
        elif word.startswith("--"):
            known = {flag for entry in command.params for flag in (*entry.opts, *entry.secondary_opts)}
            if word.partition("=")[0] not in known | {"--help"}:
                unknown.append(word)
    return unknown


def run(words: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a `tcakit` command in a folder whose store and sample data are its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TCAKIT_STORE")}
    environment |= {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "120"}
    return subprocess.run(
        [str(PROGRAM), *words[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )


@pytest.fixture(scope="session")
def prepared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds sample_data."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    done = run(("tcakit", "ingest", "sample_data"), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "tcakit-store"


def _with(*, example: bool) -> list[Any]:
    return [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in PAGES
        if any(
            command.example == example and command.words[0] == "tcakit"
            for command in commands_of(page.read_text(encoding="utf-8"))
        )
    ]


@pytest.mark.parametrize("page", _with(example=False))
def test_the_commands_of_a_page_run(page: Path, prepared_store: Path, tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    shutil.copytree(prepared_store, tmp_path / "tcakit-store")
    text = page.read_text(encoding="utf-8")
    for name, content in files_of(text).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for command in commands_of(text):
        if command.words[0] == "tcakit" and not command.example:
            done = run(command.words, tmp_path)
            place = f"{page.relative_to(ROOT)}:{command.line}: {shlex.join(command.words)}"
            assert done.returncode == command.exit_code, f"{place}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", _with(example=True))
def test_the_examples_of_a_page_name_what_exists(page: Path) -> None:
    import typer

    import tcakit.cli.main

    tree = typer.main.get_command(tcakit.cli.main.application())
    for command in commands_of(page.read_text(encoding="utf-8")):
        if command.words[0] == "tcakit" and command.example:
            place = f"{page.relative_to(ROOT)}:{command.line}: {shlex.join(command.words)}"
            assert unknown_words(command.words, tree) == [], place


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_make_targets_exist_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command in commands_of(text):
        if command.words[0] == "make":
            targets = {word for word in command.words[1:] if "=" not in word and not word.startswith("-")}
            assert targets <= MAKE_TARGETS, f"{page.name}:{command.line}"
    assert list(broken_links(page, text)) == []


def broken_links(page: Path, text: str) -> Iterator[str]:
    """Relative links of a page to files or headings that do not exist."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (heading and heading not in headings(file.read_text(encoding="utf-8"))):
            yield target


def headings(text: str) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_tables_page_is_the_schema() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == generator().tables_page(), "run make docs"


def test_the_command_page_is_the_command_line() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == generator().command_page(), "run make docs"


def test_the_page_on_costs_holds_the_formulas() -> None:
    page = (ROOT / "docs" / "tca.md").read_text(encoding="utf-8")
    assert page == generator().costs_page(), "run make docs"


def test_the_impact_page_holds_the_numbers() -> None:
    page = (ROOT / "docs" / "impact.md").read_text(encoding="utf-8")
    assert page == generator().impact_page(), "run make docs"


def test_the_page_on_scores_holds_those_of_the_sample_data(prepared_store: Path) -> None:
    page = (ROOT / "docs" / "simulator-scores.md").read_text(encoding="utf-8")
    assert page == generator().scores_page(prepared_store), "run make docs"


def test_the_page_on_made_up_days_tells_what_the_sample_data_are() -> None:
    page = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert page == generator().sample_page(), "run make docs"


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    targets = re.findall(r"\]\(([^)#\s]+)", index.read_text(encoding="utf-8"))
    linked = {(index.parent / target).resolve() for target in targets}
    unlinked = set((ROOT / "docs").rglob("*.md")) - linked - {index}
    assert {str(page.relative_to(ROOT)) for page in unlinked} == set()


def _with_examples() -> list[str]:
    names = []
    for path in sorted((ROOT / "tcakit").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


@pytest.mark.parametrize("name", _with_examples())
def test_the_examples_of_a_module_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted > 0
    assert outcome.failed == 0


# --- the checks themselves --------------------------------------------------------------------------------

_PAGE = """# A page

```console
$ tcakit ingest a.csv \\
      --symbol "A B"
2 rows
$ git clone x
```
```sh exit=6 example
tcakit report --policy p.toml  # breached
make demo PYTHON=python3
```
```text
tcakit nothing
```
```python file=mine.py
x = 1
```
[here](#a-page) [gone](#b) [gone](no.md) `[code](x.md)`
"""


def test_commands_are_found_in_a_page() -> None:
    assert files_of(_PAGE) == {"mine.py": "x = 1\n"}
    assert commands_of(_PAGE) == [
        Command(5, ("tcakit", "ingest", "a.csv", "--symbol", "A B")),
        Command(10, ("tcakit", "report", "--policy", "p.toml"), 6, True),
        Command(11, ("make", "demo", "PYTHON=python3"), 6, True),
    ]


def test_broken_links_are_found_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(_PAGE, encoding="utf-8")
    assert list(broken_links(page, _PAGE)) == ["#b", "no.md"]


def test_unknown_verbs_and_options_are_found() -> None:
    import typer

    app = typer.Typer()
    inner = typer.Typer()
    app.add_typer(inner, name="simulate")

    @app.command()
    def report(policy: str = "") -> None:
        """A verb."""

    @inner.command()
    def fit(day: str = "") -> None:
        """A verb below a verb."""

    @inner.command()
    def score() -> None:
        """Another."""

    tree = typer.main.get_command(app)
    assert unknown_words(("tcakit", "report", "--policy", "x", "--help"), tree) == []
    assert unknown_words(("tcakit", "report", "--polices=x"), tree) == ["--polices=x"]
    assert unknown_words(("tcakit", "simulate", "fit", "--day", "x"), tree) == []
    assert unknown_words(("tcakit", "simulate", "fir"), tree) == ["fir"]
