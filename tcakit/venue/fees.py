"""What a venue or broker charges for an execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Maker and taker fees, by value (bps) and by share (currency); a negative fee is a rebate.

    >>> import numpy as np
    >>> FeeSchedule(taker_per_share=0.003, maker_per_share=-0.002).fees(
    ...     np.array([10.0, 10.0]), np.array([100.0, 100.0]), np.array([True, False])).tolist()
    [-0.2, 0.3]
    """

    maker_bps: float = 0.0
    taker_bps: float = 0.0
    maker_per_share: float = 0.0
    taker_per_share: float = 0.0

    def fees(
        self, price: NDArray[np.float64], shares: NDArray[np.float64], is_maker: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Fee of each fill in currency; `price` in currency, `shares`, `is_maker` of the same length."""
        import numpy as np

        bps = np.where(is_maker, self.maker_bps, self.taker_bps)
        per_share = np.where(is_maker, self.maker_per_share, self.taker_per_share)
        return price * shares * bps / 1e4 + shares * per_share
