"""The real days once for all acceptance tests: as raw rows, and as a store."""

from __future__ import annotations

from pathlib import Path

import pytest
from acceptance_data import FILES, Ingested
from raw_lobster import RawDay, read_raw, tcakit


@pytest.fixture(scope="session")
def ingested(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    store = tmp_path_factory.mktemp("real") / "store"
    answer = tcakit("ingest", *(real_data / "lobster" / name for name in FILES.values()), "--store", store)
    return Ingested(store, {file["symbols"][0]: file for file in answer["files"]})


@pytest.fixture(scope="session")
def raw_days(real_data: Path) -> dict[str, RawDay]:
    return {symbol: read_raw(real_data / "lobster" / name) for symbol, name in FILES.items()}
