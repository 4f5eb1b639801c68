"""The kernels' tests once more with every index checked, and once more as the plain Python that they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WAYS = {"checked": {"NUMBA_BOUNDSCHECK": "1"}, "plain": {"NUMBA_DISABLE_JIT": "1"}, "compiled": {}}
# Three elements are the array's; the fourth is there, but not for it to read.
CANARY = """
import numba, numpy, canary_kernel
from tcakit.jit import kernels_hash
print(kernels_hash() in numba.config.CACHE_DIR, numba.config.CACHE_DIR)
print(hasattr(canary_kernel.element, "py_func"))
try:
    print(canary_kernel.element(numpy.arange(4)[:3], 3))
except IndexError:
    print("IndexError")
"""


def environment(way: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return {**kept, **WAYS[way], "PYTHONPATH": str(ROOT / "tests" / "kernels")}


def canary(way: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CANARY], env=environment(way), cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("way", ["checked", "plain"])
def test_kernels_pass_their_tests(way):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/kernels", "-p", "no:cacheprovider", "--hypothesis-profile=quick"],
        env=environment(way),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_a_checked_run_does_check_and_keeps_its_code_apart():
    checked, plain, compiled = canary("checked"), canary("plain"), canary("compiled")
    assert (checked[0], checked[2:]) == ("True", ["True", "IndexError"])
    assert (plain[0], plain[2:]) == ("True", ["False", "IndexError"])
    assert (compiled[0], compiled[2:]) == ("True", ["True", "3"])
    assert len({checked[1], plain[1], compiled[1]}) == 3
