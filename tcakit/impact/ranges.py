"""In which orders a model's parameters were fitted, and which orders lie outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.facts import OrderFacts


@dataclass(frozen=True, slots=True)
class FittedRange:
    """`source` of the parameters, and for some facts the (least, greatest) value that they were fitted on.

    >>> fitted = FittedRange("a paper", {"quantity_adv": (0.001, 0.1)})
    >>> fitted.outside(OrderFacts.of(quantity_adv=[0.01, 0.5])).tolist()
    [False, True]
    """

    source: str
    facts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def outside(self, facts: OrderFacts) -> NDArray[np.bool_]:
        """Which orders are extrapolations, bool of n; an unknown fact counts as inside."""
        found = np.zeros(len(facts), np.bool_)
        for name, (least, greatest) in self.facts.items():
            column = getattr(facts, name)
            found |= (column < least) | (column > greatest)
        return found

    def __str__(self) -> str:
        spans = [f"{name} {least:g} to {greatest:g}" for name, (least, greatest) in self.facts.items()]
        return f"{self.source}; {', '.join(spans) if spans else 'no range published'}"
