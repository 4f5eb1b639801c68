"""The arrays that a reading of an ITCH file keeps between chunks, and how they grow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tcakit.feeds import itch_book_kernel as kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOCATES = 1 << 16
_LARGEST_RECENT = 1 << 20
_FIRST_RECENT = 1 << 15  # what a few symbols need stays in the processor's cache
_SMALLEST = 1 << 10
_CROWDED = 64  # more than one older order to so many rows of `recent`: it is too small


def _zeros(words: int) -> NDArray[np.int64]:
    return np.zeros(words, np.int64)


@dataclass(slots=True)
class BookState:
    """Orders, levels and symbols of a day so far; the arrays are those of `itch_book_kernel`.

    `names` int64 (65 536,) holds the eight letters of each stock locate's symbol, big-endian, 0 while unknown;
    `fine` says which symbols displayed a price that is no whole cent.
    """

    recent: NDArray[np.int64]
    older: NDArray[np.int64] = field(default_factory=lambda: _zeros(2 * _SMALLEST))
    levels: NDArray[np.int64] = field(default_factory=lambda: _zeros(2 * _SMALLEST))
    index: NDArray[np.int32] = field(default_factory=lambda: np.zeros(4 * _SMALLEST, np.int32))
    counts: NDArray[np.int64] = field(default_factory=lambda: _zeros(kernel.COUNTERS))
    names: NDArray[np.int64] = field(default_factory=lambda: _zeros(LOCATES))
    fine: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(LOCATES, np.bool_))

    @classmethod
    def for_bytes(cls, length: int) -> BookState:
        """Empty state for a file of that length (a longer one is no harm)."""
        wanted = 1 << max(length // 40, _SMALLEST).bit_length()
        return cls(_zeros(2 * min(wanted, _FIRST_RECENT)))

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """What the kernels take: recent, older, levels, index."""
        return self.recent, self.older, self.levels, self.index

    def grow(self) -> None:
        """Make room for one order and one level more, and for as many again as there are."""
        with np.errstate(over="ignore"):
            self._grow()

    def _grow(self) -> None:
        if 4 * (int(self.counts[kernel.OLDER]) + 1) > len(self.older):
            recent = self.recent
            if 2 * _CROWDED * int(self.counts[kernel.OLDER]) >= len(recent) < 2 * _LARGEST_RECENT:
                recent = _zeros(min(4 * len(recent), 2 * _LARGEST_RECENT))
            older = _zeros(2 * len(self.older))
            kernel.spread_orders(self.recent, self.older, recent, older, self.counts)
            self.recent, self.older = recent, older
        if self.counts[kernel.FREE] == 0 and 2 * self.counts[kernel.LEVELS] >= len(self.levels):
            self.index = np.zeros(len(self.index), np.int32)
            kernel.sweep_levels(self.levels, self.index, self.counts)
            if 4 * int(self.counts[kernel.FREE_LEVELS]) < len(self.levels):
                self.levels = np.concatenate([self.levels, np.zeros_like(self.levels)])
                self.index = np.zeros(2 * len(self.index), np.int32)
                kernel.sweep_levels(self.levels, self.index, self.counts)
