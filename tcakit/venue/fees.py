"""What a venue, a broker and the state charge for an execution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tcakit.market.codes import BUY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHARGES = ("maker_bps", "taker_bps", "maker_per_share", "taker_per_share", "per_fill")
"""The charges that may change with the volume traded."""


@dataclass(frozen=True, slots=True)
class FeeTier:
    """The charges of what is traded from a volume on, in shares or in currency of value; None leaves a charge as it is
    below."""

    start: float
    maker_bps: float | None = None
    taker_bps: float | None = None
    maker_per_share: float | None = None
    taker_per_share: float | None = None
    per_fill: float | None = None


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Commission by value (bps), by share and by fill (currency), and transaction tax; a negative fee is a rebate.

    `order_minimum` (currency) and `order_maximum_percent` (of the order's traded value) bound the commission of an
    order, the maximum before the minimum; 0 is no bound. `buy_tax_bps` and `sell_tax_bps` are of value, beside the
    commission and its bounds. `tiers`, with rising starts, change the charges with the volume traded, counted in shares
    or, where `tiers_by_value`, in value, from `traded_before` on.

    >>> import numpy as np
    >>> FeeSchedule(taker_per_share=0.003, maker_per_share=-0.002).fees(
    ...     np.array([10.0, 10.0]), np.array([100.0, 100.0]), np.array([True, False]),
    ...     side=np.array([1, 1]), order=np.array([0, 1])).tolist()
    [-0.2, 0.3]
    """

    maker_bps: float = 0.0
    taker_bps: float = 0.0
    maker_per_share: float = 0.0
    taker_per_share: float = 0.0
    per_fill: float = 0.0
    order_minimum: float = 0.0
    order_maximum_percent: float = 0.0
    buy_tax_bps: float = 0.0
    sell_tax_bps: float = 0.0
    tiers: tuple[FeeTier, ...] = ()
    tiers_by_value: bool = False
    traded_before: float = 0.0

    def fees(
        self,
        price: NDArray[np.float64],
        shares: NDArray[np.float64],
        is_maker: NDArray[np.bool_],
        *,
        side: NDArray[np.int64],
        order: NDArray[np.int64],
        multiplier: float | NDArray[np.float64] = 1.0,
    ) -> NDArray[np.float64]:
        """Fee of each fill in currency, fills in the order of time, arrays of one length.

        `price` in currency, `side` as in `market.codes`, `order` any number that is an order's own, `multiplier` what
        one unit at price 1 is worth. Each fill bears by how much it raises what its order owes: the first bears the
        minimum. Tiers count these fills, each share at the charges of the tier it falls in.
        """
        import numpy as np

        value = price * shares * multiplier
        commission = self._commission(value, shares, is_maker)
        if self.order_minimum or self.order_maximum_percent:
            commission = self._bounded(commission, value, order)
        return commission + value * np.where(side == BUY, self.buy_tax_bps, self.sell_tax_bps) / 1e4

    def steps(self) -> list[tuple[float, FeeSchedule]]:
        """Where each tier starts, with all charges that hold from there on; the first at 0."""
        found = [(0.0, replace(self, tiers=()))]
        for tier in self.tiers:
            given = {name: getattr(tier, name) for name in CHARGES if getattr(tier, name) is not None}
            found.append((tier.start, replace(found[-1][1], **given)))
        return found

    def _commission(
        self, value: NDArray[np.float64], shares: NDArray[np.float64], is_maker: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        import numpy as np

        if not self.tiers:
            return self._rated(value, shares, is_maker) + self.per_fill
        counted = np.abs(value) if self.tiers_by_value else shares
        after = self.traded_before + np.cumsum(counted)
        before = after - counted
        commission = np.zeros_like(value)
        steps = self.steps()
        ends = [start for start, _ in steps[1:]] + [np.inf]
        for (start, charges), end in zip(steps, ends, strict=True):
            inside = np.clip(after, start, end) - np.clip(before, start, end)
            # Of a fill that spans two tiers each pays for its part; the fee per fill is that of its beginning.
            part = np.divide(inside, counted, out=np.zeros_like(value), where=counted > 0)
            begins = (before >= start) & (before < end)
            commission += part * charges._rated(value, shares, is_maker) + np.where(begins, charges.per_fill, 0.0)
        return commission

    def _rated(
        self, value: NDArray[np.float64], shares: NDArray[np.float64], is_maker: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """What is charged by value and by share."""
        import numpy as np

        bps = np.where(is_maker, self.maker_bps, self.taker_bps)
        per_share = np.where(is_maker, self.maker_per_share, self.taker_per_share)
        rated: NDArray[np.float64] = value * bps / 1e4 + shares * per_share
        return rated

    def _bounded(
        self, commission: NDArray[np.float64], value: NDArray[np.float64], order: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        import numpy as np

        bounded = np.empty_like(commission)
        by_order = np.argsort(order, kind="stable")
        starts = np.flatnonzero(np.diff(order[by_order])) + 1
        for rows in np.split(by_order, starts):
            owed = np.cumsum(commission[rows])
            if self.order_minimum:
                owed = np.maximum(owed, self.order_minimum)
            if self.order_maximum_percent:
                owed = np.minimum(owed, np.cumsum(value[rows]) * self.order_maximum_percent / 100.0)
            bounded[rows] = np.diff(owed, prepend=0.0)
        return bounded
