"""Rows of a blotter that correct or cancel an earlier fill, applied to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CORRECT, CANCEL = "correct", "cancel"


@dataclass(frozen=True, slots=True)
class Applied:
    """What becomes of a table's rows: those that fall away, whose time a corrected row takes, and which find no fill.

    `times` maps a row to the row of the execution that it corrects; `lost` are (row, reason).
    """

    gone: frozenset[int]
    times: dict[int, int]
    lost: list[tuple[int, str]]


def apply_changes(
    fills: Iterable[tuple[int, str | None]], changes: Iterable[tuple[int, str, str | None, str | None]]
) -> Applied:
    """Apply changes (row, correct or cancel, its own id, the id it means) to fills (row, id), in the file's order.

    A corrected fill goes by its old and its new id from then on. A change that names no fill means the one of its own
    id.

    >>> apply_changes([(0, "a"), (1, "b")], [(2, "correct", "c", "a"), (3, "cancel", "d", "b")])
    Applied(gone=frozenset({0, 1, 3}), times={2: 0}, lost=[])
    """
    standing: dict[str, list[int]] = {}  # id -> [row that holds now or -1, row of the execution]
    for row, name in fills:
        if name is not None:
            standing.setdefault(name, [row, row])
    gone: set[int] = set()
    times: dict[int, int] = {}
    lost: list[tuple[int, str]] = []
    for row, change, own, named in changes:
        target = named if named is not None else own
        fill = None if target is None else standing.get(target)
        if change == CANCEL:
            gone.add(row)
        if fill is None or fill[0] < 0:
            verb = "corrects" if change == CORRECT else "cancels"
            why = "this file does not hold" if fill is None else "is cancelled already"
            lost.append((row, f"{verb} fill {target}, which {why}"))
            continue
        gone.add(fill[0])
        times.pop(fill[0], None)
        if change == CANCEL:
            fill[0] = -1
        else:
            fill[0] = row
            times[row] = fill[1]
            if own is not None:
                standing[own] = fill
    return Applied(frozenset(gone), times, lost)
