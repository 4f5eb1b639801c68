"""Which real files the acceptance tests read, and the store they are in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = {"AMZN": "LOBSTER_SampleFile_AMZN_2012-06-21_5.zip", "AAPL": "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"}


@dataclass(frozen=True)
class Ingested:
    """A store with the AMZN day (5 levels) and the AAPL day (1 level), and what the ingest said of each file."""

    store: Path
    files: dict[str, dict[str, Any]]
