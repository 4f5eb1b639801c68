"""Find a part by its short name, or the user's own by "package.module:Name"."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from tcakit.errors import UsageError


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
