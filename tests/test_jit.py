"""The folder of compiled kernels, in a copy of the package that may be edited."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tcakit

PACKAGE = Path(tcakit.__file__).parent
CALLER = """
from tcakit.jit import jit
from tcakit.step_kernel import step

@jit
def tenfold(x):
    return 10 * step(x)
"""
STEP = """
from tcakit.jit import jit

@jit
def step(x):
    return x + {}
"""
RUN = """
import numba
from tcakit.caller_kernel import tenfold
print(tenfold(1), len(tenfold.stats.cache_hits), numba.config.CACHE_DIR)
"""


@pytest.fixture
def copy(tmp_path):
    """A folder with a small tcakit: the real jit and codes, and two kernels, one of which calls the other."""
    package = tmp_path / "code" / "tcakit"
    (package / "market").mkdir(parents=True)
    for name in ("__init__.py", "jit.py", "market/__init__.py", "market/codes.py"):
        shutil.copy(PACKAGE / name, package / name)
    (package / "caller_kernel.py").write_text(CALLER)
    (package / "step_kernel.py").write_text(STEP.format(1))
    (package / "other.py").write_text("")
    return package


def run(copy: Path, cache: Path, code: str = RUN, **more: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(copy.parent), "TCAKIT_CACHE": str(cache), **more},
        cwd=copy.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


MAKER = """
import numpy as np
from tcakit.jit import jit
from tcakit.step_kernel import step

@jit
def steps(n):
    made = np.empty(n, np.float64)
    for i in range(n):
        made[i] = step(np.sqrt(float(i)))
    return made
"""
MAKE = """
import sys
from tcakit.{} import {} as kernel
print(*kernel({}).tolist(), len(kernel.stats.cache_hits), *(name in sys.modules for name in {!r}))
"""
COSTLY = ("numba.np.arraymath", "scipy.linalg")


def test_a_kernel_kept_is_loaded_without_what_compiles(copy, tmp_path):
    (copy / "maker_kernel.py").write_text(MAKER)
    (copy / "other_kernel.py").write_text(MAKER.replace("steps", "others"))
    make = MAKE.format("maker_kernel", "steps", 3, COSTLY)
    wanted = [1.0, 2.0, 1.0 + 2.0**0.5]
    compiled, loaded = run(copy, tmp_path, make), run(copy, tmp_path, make)
    assert [float(value) for value in compiled[:3]] == [float(value) for value in loaded[:3]] == wanted
    # The probe knows what it looks for: compiling does load it.
    assert (compiled[3:5], loaded[3:]) == (["0", "True"], ["1", "False", "False"])
    # Another one can still be compiled after that, and call what both call.
    both = make + MAKE.format("other_kernel", "others", 2, COSTLY)
    assert run(copy, tmp_path, both)[6:9] == ["1.0", "2.0", "0"]


def test_an_edited_helper_is_never_run_from_old_code(copy, tmp_path):
    cache = tmp_path / "cache"
    first = run(copy, cache)
    assert first[:2] == ["20", "0"]
    assert run(copy, cache) == ["20", "1", first[2]]
    (copy / "step_kernel.py").write_text(STEP.format(2))
    edited = run(copy, cache)
    assert edited[:2] == ["30", "0"]
    assert edited[2] != first[2]


def test_codes_and_flags_name_another_folder_and_other_files_do_not(copy, tmp_path):
    show = "from tcakit.jit import kernels_hash; print(kernels_hash())"
    first = run(copy, tmp_path, show)
    (copy / "other.py").write_text("x = 1\n")
    assert run(copy, tmp_path, show) == first
    assert run(copy, tmp_path, show, NUMBA_OPT="1") != first
    with (copy / "market" / "codes.py").open("a") as file:
        file.write("\nEXTRA = 1\n")
    assert run(copy, tmp_path, show) != first


def test_old_folders_are_pruned_but_the_latest_stay(copy, tmp_path):
    kernels = tmp_path / "kernels"
    for age in range(6):
        (kernels / f"old{age}" / "inside").mkdir(parents=True)
        os.utime(kernels / f"old{age}", (10_000 - age, 10_000 - age))
    used = Path(run(copy, tmp_path)[2])
    assert sorted(entry.name for entry in kernels.iterdir()) == sorted([used.name, "old0", "old1", "old2"])


def test_a_cache_that_cannot_be_written_stops_nobody(copy, tmp_path):
    # A file where the folder should be: unlike missing rights, this stops the superuser as well.
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    assert run(copy, blocked, TMPDIR=str(tmp_path))[0] == "20"
    assert blocked.read_text() == ""


def test_a_folder_that_others_may_write_to_is_not_trusted(copy, tmp_path):
    cache = tmp_path / "cache"
    used = Path(run(copy, cache)[2])
    assert used.parent.parent == cache
    used.chmod(0o777)
    elsewhere = Path(run(copy, cache, TMPDIR=str(tmp_path))[2])
    assert elsewhere != used
