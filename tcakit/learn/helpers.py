"""Threads that help with a part of each step: handed work and asked for it many thousand times a second."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

Work = Callable[[], None]


class Helper:
    """A thread that does one piece of work at a time; it ends with `close`, or with the process."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        Thread(target=_help, args=(self._work, self._done), name="episodes", daemon=True).start()

    def start(self, work: Work) -> None:
        """Hand over a piece of work; `wait` has to follow."""
        self._work.put(work)

    def wait(self) -> None:
        """Wait until the work is done; raises what it raised."""
        error = self._done.get()
        if error is not None:
            raise error

    def close(self) -> None:
        """Let the thread end."""
        self._work.put(None)


def _help(work: SimpleQueue[Work | None], done: SimpleQueue[BaseException | None]) -> None:
    while (piece := work.get()) is not None:
        try:
            piece()
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            done.put(error)
        else:
            done.put(None)
