"""The participants of a simulated market: how many of which kind, how fast, how large, and what they want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market.clock import NS_PER_SECOND
from tcakit.simulator import market_layout_kernel as ml

_NS_PER_MS = 1e6
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of participant: the kernel's code, what it is, and its own parameters by name: (usual, least, most)."""

    code: int
    what: str
    parameters: dict[str, tuple[float, float, float]]


KINDS = {
    "metaorder-trader": Kind(
        ml.METAORDER_TRADER,
        "works orders of Pareto many children of one side",
        {"tail": (1.5, 1.01, 10.0), "most_children": (1_000.0, 1.0, 1e6)},
    ),
    "market-maker": Kind(
        ml.MARKET_MAKER,
        "quotes both sides and leans against what it holds",
        {"half_spread_ticks": (1.0, 0.5, 1_000.0), "lean_ticks": (2.0, 0.0, 1_000.0)},
    ),
    "momentum-trader": Kind(
        ml.MOMENTUM_TRADER,
        "goes with the middle's departure from its average",
        {"weight": (0.05, 1e-6, 1.0), "threshold_ticks": (3.0, 0.0, 1e6)},
    ),
    "fundamental-trader": Kind(
        ml.FUNDAMENTAL_TRADER,
        "trades towards what it believes the value is",
        {"error_ticks": (4.0, 0.0, 1e6), "margin_ticks": (2.0, 0.0, 1e6)},
    ),
    "pov-follower": Kind(
        ml.POV_FOLLOWER,
        "works orders at a share of the volume",
        {"participation": (0.1, 0.001, 0.9), "begins": (0.05, 0.0, 1.0)},
    ),
    "opportunist": Kind(ml.OPPORTUNIST, "takes what is left of a thin touch", {"imbalance": (0.7, 0.0, 1.0)}),
}


@dataclass(frozen=True, slots=True)
class Participants:
    """`count` participants of one kind.

    `interval_s` is the mean time between two looks at the market (seconds), `latency_ms` the way of an order to the
    venue, `size` stored units of an order, `limit` the most it holds either way (of a pov-follower: the size of a whole
    order). `parameters` are the kind's own, see KINDS; the usual ones where left out. UsageError for what cannot be.

    >>> Participants("market-maker", 2, parameters={"lean_ticks": 1.0}).value("half_spread_ticks")
    1.0
    """

    kind: str
    count: int = 1
    interval_s: float = 5.0
    latency_ms: float = 1.0
    size: int = 100
    limit: int = 1_000
    parameters: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"no participant {self.kind!r}", place="kind", remedy=f"known are {', '.join(KINDS)}")
        own = KINDS[self.kind].parameters
        ranges: dict[str, Range] = {
            "count": (0, 10_000),
            "interval_s": (1e-3, 1e6),
            "latency_ms": (0.0, 1e6),
            "size": (1, 1e9),
            "limit": (0, 1e12),
        }
        for name, (low, high) in ranges.items():
            _within(self.kind, name, getattr(self, name), low, high)
        for name, value in self.parameters.items():
            if name not in own:
                raise UsageError(
                    f"a {self.kind} has no parameter {name!r}", place=name, remedy=f"it has {', '.join(own)}"
                )
            _within(self.kind, name, value, *own[name][1:])

    def value(self, name: str) -> float:
        """One of the kind's own parameters."""
        return float(self.parameters.get(name, KINDS[self.kind].parameters[name][0]))

    def as_dict(self) -> dict[str, Any]:
        """All of it, plainly."""
        given = {name: getattr(self, name) for name in ("kind", "count", "interval_s", "latency_ms", "size", "limit")}
        return given | {name: self.value(name) for name in KINDS[self.kind].parameters}


def _within(kind: str, name: str, value: Any, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and low <= value <= high):
        raise UsageError(f"{name} of a {kind} is {value!r}", place=name, remedy=f"choose from {low:g} to {high:g}")


def usual_participants(size: int = 100, spread_ticks: float = 1.0) -> tuple[Participants, ...]:
    """Ten participants such as most markets have, for orders of `size` and a spread of so many ticks."""
    wide = max(1.0, spread_ticks / 2.0)
    return (
        Participants("metaorder-trader", 3, interval_s=20.0, size=size),
        Participants(
            "market-maker", 2, interval_s=1.0, size=2 * size, limit=20 * size, parameters={"half_spread_ticks": wide}
        ),
        Participants("momentum-trader", 1, interval_s=10.0, size=size, limit=5 * size),
        Participants("fundamental-trader", 2, interval_s=10.0, size=size, limit=50 * size),
        Participants("pov-follower", 1, interval_s=10.0, size=size, limit=50 * size),
        Participants("opportunist", 1, interval_s=2.0, latency_ms=0.2, size=size, limit=5 * size),
    )


People = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def people_of(groups: Sequence[Participants], start_ns: int) -> People:
    """The rows of `market_layout_kernel`: people, rates and memory; all look for the first time at `start_ns`."""
    count = sum(group.count for group in groups)
    people = np.zeros((count, ml.PEOPLE_COLUMNS), np.int64)
    rates = np.zeros((count, ml.RATES))
    at = 0
    for group in groups:
        rows = slice(at, at + group.count)
        at += group.count
        people[rows, ml.KIND] = KINDS[group.kind].code
        people[rows, ml.LATENCY] = round(group.latency_ms * _NS_PER_MS)
        people[rows, ml.NEXT_NS] = start_ns
        rates[rows, ml.INTERVAL] = group.interval_s * NS_PER_SECOND
        rates[rows, ml.SIZE] = group.size
        rates[rows, ml.LIMIT] = group.limit
        for place, name in enumerate(KINDS[group.kind].parameters):
            rates[rows, ml.FIRST + place] = group.value(name)
    return people, rates, np.zeros((count, ml.MEMORY))
