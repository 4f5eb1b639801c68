"""The rooms of docs/architecture.md import downwards only: the page's fenced list is what is enforced."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
KERNEL_MAY_IMPORT = {"__future__", "numpy", "numba", "typing", "tcakit.jit", "tcakit.market.codes"}
# The package's own door stands above the rooms: it may name what it offers, no room may go through it.
DOORS = {"tcakit", "tcakit.__main__"}
_DYNAMIC = re.compile(r"^(tcakit(?:\.\w+)+)(?::[\w.]+)?$")


@dataclass(frozen=True)
class Import:
    """One import of `target` ("tcakit.market.codes", "numpy", "tcakit:name") by `module`, at `line`."""

    module: str
    line: int
    target: str
    dynamic: bool = False


def layers(page: str) -> list[list[str]]:
    """The rooms of the page's fenced list, a line a layer, highest first."""
    block = re.search(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert block, "the page has no fenced list of rooms"
    return [[room.strip() for room in line.split("|")] for line in block.group(1).splitlines() if line.strip()]


def modules_of(root: Path) -> dict[str, Path]:
    """Dotted name -> file of every module under `root`/tcakit."""
    found = {}
    for path in sorted((root / "tcakit").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str, path: Path, known: set[str]) -> Iterator[Import]:
    """Every import of a file: on top, in functions, under TYPE_CHECKING, and by a "tcakit.x:Name" string."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                if inner in known:
                    yield Import(module, node.lineno, inner)
                elif base == "tcakit":
                    yield Import(module, node.lineno, f"tcakit:{alias.name}")
                else:
                    yield Import(module, node.lineno, base)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _DYNAMIC.match(node.value)
            if match:
                yield Import(module, node.lineno, match.group(1), dynamic=True)


def room_of(module: str) -> str:
    """The room a module of ours stands in, "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def violations(root: Path, page: str) -> list[str]:
    """All that a tree does against the page, one sentence each."""
    height = {room: level for level, line in enumerate(layers(page)) for room in line}
    known = modules_of(root)
    found = []
    folders = {path.name for path in (root / "tcakit").iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    for room in sorted({room_of(module) for module in known if module not in DOORS} | folders):
        if room not in height:
            found.append(f"tcakit.{room}: no such room in the page")
    graph: dict[str, set[str]] = {module: set() for module in known}
    for module, path in known.items():
        for entry in imports_of(module, path, set(known)):
            place = f"{path.relative_to(root)}:{entry.line}"
            target = entry.target
            kernel = path.name.endswith("_kernel.py")
            if kernel and not entry.dynamic and not _kernel_may(target):
                found.append(f"{place}: a kernel imports {target}")
            if target in ("tcakit", "tcakit:__version__"):
                continue
            if target.startswith("tcakit:"):
                found.append(f"{place}: {target.partition(':')[2]} is taken through the package's door")
                continue
            if not target.startswith("tcakit."):
                continue
            if target in known and not entry.dynamic and target != module:
                graph[module].add(target)
            if module in DOORS or room_of(module) == room_of(target):
                continue
            own, other = height.get(room_of(module)), height.get(room_of(target))
            if own is not None and other is not None and other <= own:
                beside = "beside it" if other == own else "above it"
                found.append(f"{place}: {room_of(module)} imports {target}, which stands {beside}")
            elif other is None:
                found.append(f"{place}: {target} is in no room of the page")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found.append("a circle of imports: " + " -> ".join(error.args[1]))
    return found


def _kernel_may(target: str) -> bool:
    first = target.split(".")[0]
    allowed = first in KERNEL_MAY_IMPORT or target in KERNEL_MAY_IMPORT
    return allowed or (first == "tcakit" and target.endswith("_kernel"))


def test_the_tree_keeps_to_the_page() -> None:
    assert len(modules_of(ROOT)) > 10
    assert violations(ROOT, PAGE) == []


def test_the_page_tells_what_each_room_holds() -> None:
    listed = {room for line in layers(PAGE) for room in line}
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert listed == told


# --- the guard itself ---------------------------------------------------------------------------------------

_SMALL_PAGE = "# House\n\n```\njobs\ntca | replay\nmarket\njit\n```\n"


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "tcakit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(root).parents:
            if folder.parts:
                (root / folder / "__init__.py").touch()
    return root


def test_a_clean_tree_passes(tmp_path: Path) -> None:
    files = {
        "__init__.py": "def __getattr__(name):\n    from tcakit.jobs import run\n    return run\n",
        "jit.py": "",
        "market/codes.py": "BUY = 1\n",
        "tca/cost.py": "from tcakit import __version__\nfrom tcakit.market import codes\n",
        "tca/cost_kernel.py": (
            "from __future__ import annotations\nimport numpy as np\nfrom tcakit.jit import jit\n"
            "from tcakit.market import codes\nfrom tcakit.market.codes import BUY\n"
            "from tcakit.tca import sum_kernel\n"
        ),
        "tca/sum_kernel.py": "from numba import prange\n",
        "jobs/run.py": "from tcakit.tca.cost import codes\nfrom ..market import codes\n",
    }
    assert violations(_tree(tmp_path, files), _SMALL_PAGE) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "market/day.py",
            "from tcakit.jobs import run\n",
            "imports tcakit.jobs.run, which stands above",
        ),
        ("market/day.py", "import tcakit.jobs.run\n", "stands above it"),
        ("market/day.py", "from ..jobs import run\n", "stands above it"),
        (
            "market/day.py",
            "def f():\n    from tcakit.tca import cost\n",
            "day.py:2: market imports",
        ),
        (
            "market/day.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tcakit.jobs.run import go\n",
            "stands above it",
        ),
        ("market/day.py", "PARTS = {'run': 'tcakit.jobs.run:go'}\n", "stands above it"),
        ("market/day.py", "from tcakit import backtest\n", "backtest is taken through the package's door"),
        (
            "replay/loop.py",
            "from tcakit.tca.cost import f\n",
            "imports tcakit.tca.cost, which stands beside",
        ),
        ("attic/old.py", "", "tcakit.attic: no such room"),
        ("spare.py", "", "tcakit.spare: no such room"),
        ("jobs/other.py", "import tcakit.cellar.box\n", "tcakit.cellar.box is in no room"),
        ("tca/bad_kernel.py", "import polars\n", "a kernel imports polars"),
        ("tca/bad_kernel.py", "import os.path\n", "a kernel imports os.path"),
        (
            "tca/bad_kernel.py",
            "from tcakit.market.schema import Table\n",
            "imports tcakit.market.schema",
        ),
        (
            "tca/bad_kernel.py",
            "def f():\n    from tcakit.tca import cost\n",
            "kernel imports tcakit.tca.cost",
        ),
        ("tca/cost.py", "from tcakit.tca.b import x\n", "a circle of imports"),
        ("tca/cost.py", "def f():\n    from tcakit.tca import b\n", "a circle of imports"),
    ],
)
def test_the_guard_catches(tmp_path: Path, file: str, text: str, said: str) -> None:
    files = {
        "jit.py": "",
        "market/schema.py": "",
        "tca/cost.py": "",
        "tca/b.py": "from tcakit.tca import cost\n",
        "replay/loop.py": "",
        "jobs/run.py": "",
    }
    found = violations(_tree(tmp_path, files | {file: text}), _SMALL_PAGE)
    assert len(found) == 1, found
    assert said in found[0]
