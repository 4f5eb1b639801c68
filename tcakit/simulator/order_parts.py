"""What an order for a simulated market is beside side, size and limit."""

from __future__ import annotations

from typing import NamedTuple

from tcakit.market import codes

_RESTS = frozenset((codes.GTC, codes.POST_ONLY, codes.DAY))
_AUCTIONS = frozenset((codes.AT_OPEN, codes.AT_CLOSE))


class OrderParts(NamedTuple):
    """A stop (its tick), what an iceberg shows at once, whether nothing is shown, what the price is pegged to and how
    many ticks from it."""

    stop_tick: int | None = None
    display_quantity: int | None = None
    is_hidden: bool = False
    peg: int | None = None
    peg_offset_ticks: int = 0

    @property
    def is_priced_later(self) -> bool:
        """Whether its limit says nothing of the market as it is now."""
        return self.stop_tick is not None or self.peg is not None


def checked(side: int, quantity: int, tick: int | None, time_in_force: int, parts: OrderParts, lot: int) -> None:
    """ValueError where a part of an order cannot be, or where two of them contradict each other.

    >>> checked(codes.BUY, 100, 5000, codes.GTC, OrderParts(display_quantity=200), 1)
    Traceback (most recent call last):
    ValueError: display_quantity 200: a multiple of 1 above zero, no more than 100
    """
    if side not in (codes.BUY, codes.SELL) or quantity <= 0 or quantity % lot:
        raise ValueError(f"side {side} and quantity {quantity}: side is +1 or -1, quantity a multiple of {lot}")
    if time_in_force in _AUCTIONS and parts != OrderParts():
        raise ValueError("an order for an auction can be no stop, iceberg, hidden or pegged order")
    display = parts.display_quantity
    if display is not None:
        if not 0 < display <= quantity or display % lot:
            raise ValueError(f"display_quantity {display}: a multiple of {lot} above zero, no more than {quantity}")
        if (tick is None and parts.peg is None) or time_in_force not in _RESTS:
            raise ValueError("only an order that may rest can show a part of its size")
    if parts.peg is not None:
        if parts.peg not in codes.PEG_NAMES or parts.peg == codes.NO_PEG:
            raise ValueError(f"peg {parts.peg}: one of codes.PRIMARY_PEG, MARKET_PEG, MIDPOINT_PEG")
        if parts.stop_tick is not None or time_in_force not in _RESTS:
            raise ValueError("a pegged order rests: it is no stop, and good till cancelled, for the day or post-only")
    elif parts.peg_offset_ticks:
        raise ValueError("peg_offset_ticks without a peg")
