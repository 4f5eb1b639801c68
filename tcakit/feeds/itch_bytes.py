"""An ITCH file in pieces of bounded size, each with what the one before left unread."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ItchBytes:
    """The file in pieces: `buffer[:end]`, and `last` once nothing follows. Bytes and arrays are one piece."""

    def __init__(self, content: Path | bytes | NDArray[np.uint8], chunk_bytes: int) -> None:
        self._file = content.open("rb", buffering=0) if isinstance(content, Path) else None
        if isinstance(content, Path):
            size = content.stat().st_size
            self.buffer, self.end, self.last = np.empty(min(chunk_bytes, size + (1 << 18)), np.uint8), 0, False
            self.more(0)
        else:
            given = np.frombuffer(content, np.uint8) if isinstance(content, bytes) else np.ascontiguousarray(content)
            self.buffer, self.end, self.last = given, len(given), True

    def more(self, done: int) -> None:
        """Let go of what is done, and fill up."""
        held = self.end - done
        self.buffer[:held] = self.buffer[done : self.end].copy()
        assert self._file is not None
        count = self._file.readinto(self.buffer[held:].data)
        self.end, self.last = held + count, count == 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> ItchBytes:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()
