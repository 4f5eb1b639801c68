"""A full disk in words: whichever library meets it, the same error, with the place and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from tcakit.errors import NO_ROOM, DiskError

# polars and DuckDB hand on what the system said only as text.
_SAID = (*(os.strerror(number).lower() for number in NO_ROOM), "max_temp_directory_size")
_DEEPEST = 10


def is_no_room(error: BaseException | None) -> bool:
    """Whether a full disk, a quota or a limit on the size of files stands behind an error.

    >>> is_no_room(OSError(28, "No space left on device"))
    True
    """
    for _ in range(_DEEPEST):
        if error is None:
            return False
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        if isinstance(error, OSError | duckdb.Error | pl.exceptions.PolarsError):
            text = str(error).lower()
            if any(said in text for said in _SAID):
                return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def no_room_told(place: Path) -> Iterator[None]:
    """Turn errors of a full disk inside the block into DiskError; `place` is what was being written."""
    try:
        yield
    except (OSError, duckdb.Error, pl.exceptions.PolarsError) as error:
        if not is_no_room(error):
            raise
        said = next(
            (os.strerror(number) for number in NO_ROOM if os.strerror(number).lower() in str(error).lower()), ""
        )
        raise DiskError(
            f"no room on the disk{f' ({said})' if said else ''}; what was under way is not stored",
            place=str(place),
            remedy="make room there, then give the same command again",
        ) from error
