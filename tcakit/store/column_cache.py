"""Derived columns on disk: a memory-mapped file that may be deleted at any time, keyed by what they came from."""

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

_LIST = "columns.json"
_DATA = "columns.bin"
_ALIGNED = 64  # bytes: where a column begins


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
        told = {}
        with open(os.path.join(temporary, _DATA), "wb") as file:
            for key, values in made.items():
                file.write(b"\0" * (-file.tell() % _ALIGNED))
                told[key] = [values.dtype.str, len(values), file.tell()]
                values.tofile(file)
        with open(os.path.join(temporary, _LIST), "w") as file:
            json.dump(told, file)
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)  # it did not load
        os.replace(temporary, folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
    return made


def _load(folder: Path) -> dict[str, np.ndarray[Any, Any]] | None:
    """The columns of a folder, None unless all of them are there and whole."""
    try:
        told = json.loads((folder / _LIST).read_text())
        # Copied on write, not read-only: kernels are compiled for one kind of array, and made columns are writable.
        data = np.asarray(np.memmap(folder / _DATA, np.uint8, "c"))
        found = {}
        for name, (dtype, count, start) in told.items():
            end = start + count * np.dtype(dtype).itemsize
            if end > len(data):
                return None
            found[name] = data[start:end].view(dtype)
    except (OSError, ValueError, TypeError):
        return None
    return found


def forget(store: Store) -> None:
    """Delete all derived columns: they are made again when needed."""
    shutil.rmtree(store.folder / "cache", ignore_errors=True)
