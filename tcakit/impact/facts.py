"""What an impact model is told of orders: columns without currency or side."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError

# What each fact is in words, its least value, whether that value itself is allowed, and its greatest value.
_LIMITS = {
    "quantity_adv": ("quantity is a share of average daily volume", 0.0, True, np.inf),
    "volatility_daily": ("daily volatility is a fraction of the price, 0.02 for 2 %", 0.0, True, np.inf),
    "duration": ("duration is the share of a day's volume that passes meanwhile", 0.0, False, np.inf),
    "participation": ("participation is our share of all volume meanwhile", 0.0, False, 1.0),
    "half_spread_bps": ("half the quoted spread is in bps of the mid", 0.0, True, np.inf),
    "shares_outstanding_adv": ("shares outstanding are in days of average volume", 0.0, False, np.inf),
    "price": ("a price is in currency a share", 0.0, False, np.inf),
}


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Facts of n orders, float64 of n each; NaN where unknown. Make it with `OrderFacts.of`.

    - `quantity_adv`: shares of the order over average daily volume, 0.01 for 1 %.
    - `volatility_daily`: standard deviation of a day's return, as a fraction.
    - `duration`: volume of the market while the order trades, over average daily volume: time on the volume's clock.
    - `participation`: our shares over all shares traded meanwhile, ours included.
    - `half_spread_bps`: half the quoted spread, in bps of the mid.
    - `shares_outstanding_adv`: shares outstanding over average daily volume.
    - `price`: currency a share.
    """

    quantity_adv: NDArray[np.float64]
    volatility_daily: NDArray[np.float64]
    duration: NDArray[np.float64]
    participation: NDArray[np.float64]
    half_spread_bps: NDArray[np.float64]
    shares_outstanding_adv: NDArray[np.float64]
    price: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.quantity_adv)

    @classmethod
    def of(
        cls,
        *,
        quantity_adv: ArrayLike,
        volatility_daily: ArrayLike = np.nan,
        duration: ArrayLike = np.nan,
        participation: ArrayLike = np.nan,
        half_spread_bps: ArrayLike = np.nan,
        shares_outstanding_adv: ArrayLike = np.nan,
        price: ArrayLike = np.nan,
    ) -> OrderFacts:
        """Facts from numbers or columns of one length; of duration and participation one gives the other.

        participation = quantity_adv / duration, for orders of which only one of the two is known. Raises DataError for
        an impossible value, with the number of its order.

        >>> OrderFacts.of(quantity_adv=[0.01, 0.02], participation=0.1).duration.round(12).tolist()
        [0.1, 0.2]
        """
        given = {
            "quantity_adv": quantity_adv,
            "volatility_daily": volatility_daily,
            "duration": duration,
            "participation": participation,
            "half_spread_bps": half_spread_bps,
            "shares_outstanding_adv": shares_outstanding_adv,
            "price": price,
        }
        raw = {name: np.atleast_1d(np.asarray(value, np.float64)) for name, value in given.items()}
        lengths = {len(column) for column in raw.values() if column.ndim == 1 and len(column) != 1}
        if len(lengths) > 1 or any(column.ndim != 1 for column in raw.values()):
            shapes = ", ".join(f"{name} {column.shape}" for name, column in raw.items() if column.shape != (1,))
            raise DataError(
                "columns of different lengths", place=shapes, remedy="give a value an order, or one for all"
            )
        count = lengths.pop() if lengths else 1
        columns = {name: np.broadcast_to(column, count).copy() for name, column in raw.items()}
        _refuse_impossible(columns)
        size, length, share = (columns[name] for name in ("quantity_adv", "duration", "participation"))
        known_share, known_length = ~np.isnan(share), ~np.isnan(length)
        # A quantity of nothing takes no time, and has no participation.
        with np.errstate(invalid="ignore", divide="ignore"):
            columns["duration"] = np.where(~known_length & known_share & (size > 0.0), size / share, length)
            reached = np.where(~known_share & known_length & (size > 0.0), size / length, share)
        too_much = reached > 1.0 + 1e-9
        if too_much.any():
            at = int(np.argmax(too_much))
            raise DataError(
                f"{size[at]:g} of a day's volume while {length[at]:g} of it trades",
                place=f"order {at}",
                remedy="give a longer duration: it counts all volume, ours included",
            )
        columns["participation"] = np.minimum(reached, 1.0)
        return cls(**columns)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> OrderFacts:
        """The facts of some orders, by mask or by number."""
        return OrderFacts(*(getattr(self, field.name)[rows] for field in fields(self)))

    def known(self, needs: tuple[str, ...]) -> NDArray[np.bool_]:
        """Which orders have all of these facts, bool of n."""
        found = np.ones(len(self), np.bool_)
        for name in needs:
            found &= ~np.isnan(getattr(self, name))
        return found


def timing_risk_bps(facts: OrderFacts) -> NDArray[np.float64]:
    """Standard deviation of what an order worked at a constant rate costs by chance: 1e4 σ √(T/3), T its duration.

    >>> facts = OrderFacts.of(quantity_adv=0.01, duration=0.12, volatility_daily=0.02)
    >>> timing_risk_bps(facts).round(6).tolist()
    [40.0]
    """
    return np.asarray(1e4 * facts.volatility_daily * np.sqrt(facts.duration / 3.0))


def _refuse_impossible(columns: dict[str, NDArray[np.float64]]) -> None:
    for name, column in columns.items():
        what, least, least_allowed, most = _LIMITS[name]
        wrong = (column < least) | (column > most) | np.isinf(column)
        if not least_allowed:
            wrong |= column == least
        if name == "quantity_adv":
            wrong |= np.isnan(column)
        if wrong.any():
            at = int(np.argmax(wrong))
            bounds = f"{'at least' if least_allowed else 'above'} {least:g}"
            bounds += f", at most {most:g}" if np.isfinite(most) else ""
            remedy = f"{what}: {bounds}" if name == "quantity_adv" else f"{what}: {bounds}; NaN where unknown"
            raise DataError(f"{name} is {column[at]:g}", place=f"order {at}", remedy=remedy)
