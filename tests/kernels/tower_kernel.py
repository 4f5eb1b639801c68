"""Two kernels over one part that is called: one owns it and has it pruned, the other is handed all of it."""

from __future__ import annotations

from tcakit.jit import jit, tower_call, tower_jit


@tower_call
def _weighed(first, second, third, at):
    return 100 * first[at] + 10 * second[at] + third[at]


@tower_jit
def owner(first, second, third):
    """The sum over all elements."""
    total = 0
    for at in range(len(first)):
        total += _weighed(first, second, third, at)
    return total


@jit
def guest(third, first, second):
    """The same of other arrays: it must not be given the part as the owner has it."""
    return _weighed(first, second, third, 0) + _weighed(second, third, first, 1)
