"""Derived columns on disk: memory-mapped .npy files that may be deleted at any time, keyed by what they came from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.store.database import Store

_NAMES = "columns.json"

_LIST = "columns.json"


def cached_columns(
    store: Store, origin: Mapping[str, Any], make: Callable[[], Mapping[str, np.ndarray[Any, Any]]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The columns that `make` gives, from disk if they were made before from the same `origin` (JSON-able facts).

    Written to a temporary folder and renamed, so that a killed process leaves nothing half written and two
    processes may make the same columns at once. A store that cannot be written to is no reason to fail.
    """
    name = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()[:24]
    root = store.folder / "cache"
    folder = root / name
    held = _load(folder)
    if held is not None:
        return held
    made = dict(make())
    try:
        root.mkdir(exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=".making-", dir=root)
    except OSError:
        return made
    try:
        for key, values in made.items():
            np.save(os.path.join(temporary, f"{key}.npy"), values, allow_pickle=False)
        with open(os.path.join(temporary, _NAMES), "w") as file:
            json.dump(sorted(made), file)
        with open(os.path.join(temporary, _LIST), "w") as file:
            json.dump({key: len(values) for key, values in made.items()}, file)
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)  # it did not load
        os.replace(temporary, folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
    return made


def _load(folder: Path) -> dict[str, np.ndarray[Any, Any]] | None:
    """The columns of a folder, None unless all of them are there and whole."""
    try:
        names = json.loads((folder / _LIST).read_text())
        columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    except (OSError, ValueError, EOFError):
        return None
    return columns if all(len(columns[name]) == length for name, length in names.items()) else None


def forget(store: Store) -> None:
    """Delete all derived columns: they are made again when needed."""
    shutil.rmtree(store.folder / "cache", ignore_errors=True)
