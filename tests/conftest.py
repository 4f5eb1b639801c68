"""How hard the property tests look (much harder in `make fuzz`), and where real market files stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The first call of a kernel compiles it, which no deadline in milliseconds foresees.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", derandomize=True, max_examples=100, **_COMMON)
settings.register_profile("quick", derandomize=True, max_examples=25, **_COMMON)
settings.register_profile("fuzz", max_examples=5_000, **_COMMON)
settings.load_profile("default")

# Files that take minutes each: begun first, so that no core waits for the other at the end.
_LONG_FILES = ("test_kernels_three_ways.py", "test_docs.py", "test_benchmarks.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest before all others, which stay in their order."""
    items.sort(key=lambda item: item.path.name not in _LONG_FILES)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market files: $TCAKIT_REAL_DATA, else ../shared/data beside the repository.

    Where it is absent the test is skipped; under CI=true it fails, so that nobody takes a skip for a pass.
    """
    given = os.environ.get("TCAKIT_REAL_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        message = f"no real market files in {folder}: set TCAKIT_REAL_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
