"""What a venue, a broker and the state charge for an execution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tcakit.market.codes import BUY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Commission by value (bps), by share and by fill (currency), and transaction tax; a negative fee is a rebate.

    `order_minimum` (currency) and `order_maximum_percent` (of the order's traded value) bound the commission of an
    order, the maximum before the minimum; 0 is no bound. `buy_tax_bps` and `sell_tax_bps` are of value, beside the
    commission and its bounds.

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

    def of_contracts(self, multiplier: float) -> FeeSchedule:
        """The same charges where one unit at price 1 is worth `multiplier`: what is of value grows along."""
        names = ("maker_bps", "taker_bps", "order_maximum_percent", "buy_tax_bps", "sell_tax_bps")
        return replace(self, **{name: getattr(self, name) * multiplier for name in names})

    def fees(
        self,
        price: NDArray[np.float64],
        shares: NDArray[np.float64],
        is_maker: NDArray[np.bool_],
        *,
        side: NDArray[np.int64],
        order: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Fee of each fill in currency, fills in the order of time, arrays of one length.

        `price` in currency, `side` as in `market.codes`, `order` any number that is an order's own. Each fill bears by
        how much it raises what its order owes: the first bears the minimum.
        """
        import numpy as np

        value = price * shares
        bps = np.where(is_maker, self.maker_bps, self.taker_bps)
        per_share = np.where(is_maker, self.maker_per_share, self.taker_per_share)
        commission = value * bps / 1e4 + shares * per_share + self.per_fill
        if self.order_minimum or self.order_maximum_percent:
            commission = self._bounded(commission, value, order)
        return commission + value * np.where(side == BUY, self.buy_tax_bps, self.sell_tax_bps) / 1e4

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
