"""The cheapest schedule of an order whose costs are convex, with the risk of what is left: exact, with a proof."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import TcakitError, UsageError

_LARGEST = 1e300
_SMALLEST = 1e-280  # below it floats lose digits
_WORST_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class ConvexProblem:
    """Minimise Σ (linear n + cost n^(1 + exponent)) + Σ risk x², with least <= n <= most and Σ n = quantity.

    n is what a slice trades, x what is left after it. All columns are float64 of n, in any unit of money; make it with
    `ConvexProblem.of`, which checks them.
    """

    quantity: float
    cost: NDArray[np.float64]
    exponent: NDArray[np.float64]
    linear: NDArray[np.float64]
    risk: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        quantity: float,
        *,
        cost: ArrayLike,
        risk: ArrayLike = 0.0,
        exponent: ArrayLike = 1.0,
        linear: ArrayLike = 0.0,
        least: ArrayLike = 0.0,
        most: ArrayLike = math.inf,
    ) -> ConvexProblem:
        """A problem from columns, or one number for all slices (`cost` must be a column).

        Raises UsageError if it is not convex, or if no schedule keeps to its limits.
        """
        count = np.size(cost)
        given = {"cost": cost, "exponent": exponent, "linear": linear, "risk": risk, "least": least, "most": most}
        columns = {name: _column(name, value, count) for name, value in given.items()}
        if not (math.isfinite(quantity) and quantity >= 0.0):
            raise UsageError(
                f"a quantity of {quantity:g}", remedy="give shares of zero or more; the side is kept apart"
            )
        for name in ("cost", "risk", "least", "most"):
            if (columns[name] < 0.0).any():
                raise UsageError(f"{name} is below zero", remedy="a schedule that pays to trade has no end")
        if (columns["exponent"] <= 0.0).any():
            raise UsageError("an exponent is not above zero", remedy="put costs in proportion to shares into linear")
        columns["most"] = np.minimum(columns["most"], quantity)
        if (columns["least"] > columns["most"]).any():
            raise UsageError("a slice's least is above its most", remedy="lower the least, or raise the cap")
        room, forced = float(columns["most"].sum()), float(columns["least"].sum())
        if quantity > room * (1.0 + 1e-12) or quantity < forced * (1.0 - 1e-12):
            held = f"at most {room:,.0f}" if quantity > room else f"at least {forced:,.0f}"
            raise UsageError(
                f"{quantity:,.0f} shares do not fit: the slices take {held}",
                remedy="change the caps, or the time between start and end",
            )
        return cls(float(quantity), **columns)

    def money(self, trades: NDArray[np.float64]) -> float:
        """The objective at these trades."""
        left = np.cumsum(trades[::-1])[::-1] - trades
        paid = self.linear * trades + self.cost * trades ** (1.0 + self.exponent)
        return float(paid.sum() + self.risk @ (left * left))


@dataclass(frozen=True, slots=True)
class Solved:
    """The trades, what they cost, and how much cheaper any other schedule could be at most (`gap`)."""

    trades: NDArray[np.float64]
    objective: float
    gap: float


def solve(problem: ConvexProblem) -> Solved:
    """The optimum of a convex schedule.

    The marginal cost of the last slice determines all trades, and more of it buys more of every slice: it is halved in
    on to the last bit. Between the two neighbouring numbers the schedules are mixed, so that exactly the quantity is
    traded; duality bounds what that gives away.

    >>> solve(ConvexProblem.of(900.0, cost=[1.0, 1.0, 1.0], most=[200.0, 900.0, 900.0])).trades.tolist()
    [200.0, 350.0, 350.0]
    """
    count = len(problem.cost)
    open_slices = problem.most > 0.0
    # Costs that all slices share change nothing, but would hide how near to zero a marginal cost is.
    shared = float(problem.linear[open_slices].min()) if open_slices.any() else 0.0
    linear = problem.linear - shared
    low, high = _bracket(problem, linear, count - 1)
    if 0.0 <= low[0] < _SMALLEST:
        # What the last slices trade is too little for a number to hold: nothing is lost if they trade their least.
        last = _last_slice_that_counts(problem, linear)
        low, high = _bracket(problem, linear, last)
    (_, first, few), (_, second, many) = low, high
    less, more = float(few.sum()), float(many.sum())
    part = 0.0 if more == less else min(1.0, max(0.0, (problem.quantity - less) / (more - less)))
    trades = few + part * (many - few)
    objective = problem.money(trades)
    below = max(
        problem.money(few) + (first + shared) * (problem.quantity - less),
        problem.money(many) + (second + shared) * (problem.quantity - more),
    )
    gap = max(0.0, objective - below)
    if gap > _WORST_GAP * max(abs(objective), 1e-300):
        raise TcakitError(
            f"the schedule may be {gap:g} dearer than the best", remedy="use fewer slices or less urgency"
        )
    return Solved(trades, objective, gap)


_Tried = tuple[float, float, NDArray[np.float64]]


def _try(problem: ConvexProblem, linear: NDArray[np.float64], marginal: float, last: int) -> tuple[float, _Tried]:
    from tcakit.execution.marginal_cost_kernel import trades_at_marginal_cost

    trades = np.empty(len(problem.cost))
    total, first = trades_at_marginal_cost(
        marginal, last, problem.cost, problem.exponent, linear, problem.risk, problem.least, problem.most, trades
    )
    return total, (marginal, first, trades)


def _bracket(problem: ConvexProblem, linear: NDArray[np.float64], last: int) -> tuple[_Tried, _Tried]:
    """Neighbouring marginal costs of slice `last` that buy too little, or just enough, and enough."""
    low, high = _order_of(-_LARGEST), _order_of(_LARGEST)
    under = _try(problem, linear, -_LARGEST, last)[1]
    over = _try(problem, linear, _LARGEST, last)[1]
    while high - low > 1:
        middle = (low + high) // 2
        total, tried = _try(problem, linear, _number_at(middle), last)
        if total <= problem.quantity:
            low, under = middle, tried
        else:
            high, over = middle, tried
    return under, over


def _last_slice_that_counts(problem: ConvexProblem, linear: NDArray[np.float64]) -> int:
    """The last slice from which the smallest of marginal costs still buys no more than the quantity."""
    low, high = 0, len(problem.cost) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _try(problem, linear, _SMALLEST, middle)[0] <= problem.quantity:
            low = middle
        else:
            high = middle - 1
    return low


def _order_of(number: float) -> int:
    """A whole number that grows with its argument and changes by one from each float to the next."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return int(bits) if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _number_at(order: int) -> float:
    (number,) = struct.unpack("<d", struct.pack("<q", abs(order)))
    return math.copysign(number, order) if order else 0.0


def _column(name: str, value: ArrayLike, count: int) -> NDArray[np.float64]:
    column = np.asarray(value, np.float64)
    if column.shape not in ((), (count,)) or np.ndim(value) > 1 or count == 0:
        raise UsageError(
            f"{name} has {column.size} values for {count} slices", remedy="give one a slice, or one for all"
        )
    if np.isnan(column).any() or (name != "most" and np.isinf(column).any()):
        raise UsageError(f"{name} is not finite", remedy="give a number for every slice")
    return np.broadcast_to(column, count).copy()
