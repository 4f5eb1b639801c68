"""When strategies want to be asked, in a replay as in a simulated market."""

from __future__ import annotations

from heapq import heappush


class Wakes:
    """Who is to be asked when: a heap of (ns, number of the wish, participant): of one time the first wish first."""

    __slots__ = ("count", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, int]] = []
        self.count = 0

    def add(self, ns: int, who: int) -> None:
        """Have somebody asked at a time."""
        self.count += 1
        heappush(self.heap, (ns, self.count, who))
