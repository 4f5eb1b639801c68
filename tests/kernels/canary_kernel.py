"""A kernel that reads where it is told to, to prove that a bounds-checked run does check bounds."""

from __future__ import annotations

from tcakit.jit import jit


@jit
def element(values, at):
    """The element at a place, whether the array reaches that far or not."""
    return values[at]
