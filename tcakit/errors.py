"""Every error a user can meet, each with its exit code; raised anywhere, turned into words once, in `cli`."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any


class TcakitError(Exception):
    """What was found, where it stands, and what to do about it.

    >>> str(DataError("no rows", place="day.csv:1", remedy="check the export"))
    'day.csv:1: no rows; check the export'
    """

    exit_code = 1
    code = "unexpected"

    def __init__(self, message: str, *, place: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy
        # What was done all the same, for --json: other files of the same command, say.
        self.done: dict[str, Any] = {}

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what_to_do = f"; {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{what_to_do}"

    def as_dict(self) -> dict[str, object]:
        return {"code": self.code, "message": self.message, "place": self.place, "remedy": self.remedy}


class UsageError(TcakitError):
    """A wrong flag, name, path or value given by the user."""

    exit_code = 2
    code = "usage"


class ConfigError(UsageError):
    """A configuration file with one or more mistakes, all of them told at once.

    `mistakes` are (place, message, remedy) triples.
    """

    code = "config"

    def __init__(self, mistakes: Sequence[tuple[str, str, str]]) -> None:
        self.mistakes = list(mistakes)
        count = len(self.mistakes)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in the configuration:\n"
            + "\n".join(f"  {place}: {message}; {remedy}" for place, message, remedy in self.mistakes),
            place=None,
            remedy=None,
        )

    def as_dict(self) -> dict[str, object]:
        mistakes = [{"place": p, "message": m, "remedy": r} for p, m, r in self.mistakes]
        place, _, remedy = self.mistakes[0] if self.mistakes else (None, None, None)
        return {
            "code": self.code,
            "message": self.message,
            "place": place,
            "remedy": remedy,
            "mistakes": mistakes,
        }


class DataError(TcakitError):
    """A file or a stored row that cannot be used as it is."""

    exit_code = 3
    code = "data"


# What the system says when there is no room: the disk, the user's share of it, the largest file a process may write.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskError(TcakitError):
    """The disk is full, or a limit on files is reached; what was under way is not stored."""

    exit_code = 1
    code = "disk"


class StoreBusyError(TcakitError):
    """Another process holds the store."""

    exit_code = 4
    code = "busy"


class GovernanceError(TcakitError):
    """A model that may not be used for this purpose."""

    exit_code = 5
    code = "governance"


class PolicyBreachError(TcakitError):
    """The work is done, but a threshold of the policy is breached."""

    exit_code = 6
    code = "breach"


class Interrupted(TcakitError):
    """The user pressed Ctrl-C, or the process was asked to stop."""

    exit_code = 130
    code = "interrupted"


class SeveralErrors(TcakitError):
    """Several things of one command went wrong, each apart; the exit code is that of the first."""

    def __init__(self, what: str, errors: Sequence[TcakitError]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join([what, *(f"  {error}" for error in self.errors)]))
        self.code, self.exit_code = self.errors[0].code, self.errors[0].exit_code

    def as_dict(self) -> dict[str, object]:
        first = self.errors[0]
        told = super().as_dict() | {"place": first.place, "remedy": first.remedy}
        return told | {"errors": [error.as_dict() for error in self.errors]}
