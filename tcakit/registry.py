"""Find a part by its short name, or the user's own by "package.module:Name"."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tcakit.errors import TcakitError, UsageError


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that looks most like `word`, None if none does.

    >>> nearest("vwpa", ["twap", "vwap"])
    'vwap'
    """
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return found[0] if found else None


def find(name: str, known: Mapping[str, str], kind: str, place: str | None = None) -> Any:
    """The object called `name`: a short name of `known` (short name -> "module:Name"), or "module:Name" itself.

    Modules are looked for in the working folder too, after all other places. Raises UsageError, with the nearest known
    name, if there is no such part.
    """
    target = known.get(name, name)
    module_name, colon, attribute = target.partition(":")
    if not colon:
        guess = nearest(name, list(known))
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UsageError(
            f"no {kind} {name!r}", place=place, remedy=f"{hint}known are {', '.join(known)}, or package.module:Name"
        )
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{kind} {name!r} cannot be loaded: {error}", place=place, remedy="check the module path"
        ) from error
    return found


@contextmanager
def own_code(names: Iterable[str]) -> Iterator[None]:
    """What the user's own parts ("module:Name" or "file.py") raise in the block becomes a UsageError with its place.

    Compiled code does not know its line. Other errors pass as they are, and so do all where TCAKIT_TRACEBACK is set.
    """
    try:
        yield
    except TcakitError:
        raise
    except Exception as error:
        known = list(names)
        compiled = next((name for name in known if name.endswith(".py")), None)
        place = _place_in(error, {_file_of(name) for name in known} - {None}) or compiled
        if place is None or os.environ.get("TCAKIT_TRACEBACK"):
            raise
        raise UsageError(
            f"{type(error).__name__}: {error}", place=place, remedy="TCAKIT_TRACEBACK=1 shows how it came to that"
        ) from error


def _file_of(name: str) -> str | None:
    return getattr(sys.modules.get(name.partition(":")[0]), "__file__", None)


def _place_in(error: Exception, files: set[str | None]) -> str | None:
    """The last line of one of the files that an error went through; the file alone where it could not be called."""
    # The first frame is that of `own_code`, the second whose block it is.
    trace, place = error.__traceback__ and error.__traceback__.tb_next, None
    if isinstance(error, TypeError) and trace is not None and trace.tb_next is None and len(files) == 1:
        return next(iter(files))
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
