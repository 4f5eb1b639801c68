"""What an order is beside side, size and limit, and whether its parts go together."""

from __future__ import annotations

from typing import NamedTuple

from tcakit.market import codes

_RESTS = frozenset((codes.GTC, codes.POST_ONLY, codes.DAY))
_AUCTIONS = frozenset((codes.AT_OPEN, codes.AT_CLOSE))


class OrderParts(NamedTuple):
    """A stop (its tick), what an iceberg shows at once, what the price is pegged to and how many ticks from it, and
    whether nothing of it is shown."""

    stop_tick: int | None = None
    display_quantity: int | None = None
    peg: int | None = None
    peg_offset_ticks: int = 0
    is_hidden: bool = False

    @property
    def is_priced_later(self) -> bool:
        """Whether its limit says nothing of the market as it is now: that of a stop, or the farthest one of a peg."""
        return self.stop_tick is not None or self.peg is not None


def check_size(side: int, quantity: int, lot: int) -> None:
    """ValueError for what is no side, or no quantity of whole lots."""
    if side not in (codes.BUY, codes.SELL) or quantity <= 0 or quantity % lot:
        raise ValueError(f"side {side} and quantity {quantity}: side is +1 or -1, quantity a multiple of {lot}")


def check_parts(parts: OrderParts, quantity: int, tick: int | None, time_in_force: int, lot: int) -> None:
    """ValueError where a part of an order cannot be, or where two of them contradict each other.

    >>> check_parts(OrderParts(display_quantity=200), 100, 5000, codes.GTC, 1)
    Traceback (most recent call last):
    ValueError: display_quantity 200: a multiple of 1 above zero, no more than 100
    """
    stop, display, peg, offset, is_hidden = parts
    if time_in_force in _AUCTIONS and parts != OrderParts():
        raise ValueError("an order for an auction can be no stop, iceberg, hidden or pegged order")
    if is_hidden and (tick is None or time_in_force not in _RESTS or display is not None):
        raise ValueError("an order that is not shown rests at a limit, and shows no part of itself")
    if display is not None:
        if not 0 < display <= quantity or display % lot:
            raise ValueError(f"display_quantity {display}: a multiple of {lot} above zero, no more than {quantity}")
        if (tick is None and peg is None) or time_in_force not in _RESTS:
            raise ValueError("only an order that may rest can show a part of its size")
    if peg is not None:
        if peg not in codes.PEG_NAMES or peg == codes.NO_PEG:
            raise ValueError(f"peg {peg}: one of codes.PRIMARY_PEG, MARKET_PEG, MIDPOINT_PEG")
        if stop is not None or time_in_force not in _RESTS:
            raise ValueError("a pegged order rests: it is no stop, and good till cancelled, for the day or post-only")
    elif offset:
        raise ValueError("peg_offset_ticks without a peg")
