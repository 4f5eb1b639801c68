"""Derived columns on disk: memory-mapped .npy files that may be deleted at any time, keyed by what they came from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tcakit.store.database import Store


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
    if folder.is_dir():
        return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}
    made = dict(make())
    try:
        root.mkdir(exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=".making-", dir=root)
    except OSError:
        return made
    try:
        for key, values in made.items():
            np.save(os.path.join(temporary, f"{key}.npy"), values, allow_pickle=False)
        os.replace(temporary, folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
    return made
