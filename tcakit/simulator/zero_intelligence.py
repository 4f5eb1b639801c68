"""The plain background: orders, cancels and takers at constant rates, whatever the book looks like.

Zero-intelligence flow (Daniels, Farmer, Gillemot, Iori and Smith 2003; Cont, Stoikov and Talreja 2010): the same
kernels as queue-reactive flow, with tables that are flat.
"""

from __future__ import annotations

import numpy as np

from tcakit.errors import UsageError
from tcakit.simulator.flow_parameters import EVENT_NAMES, FlowModel, RateTables
from tcakit.simulator.flow_tables import EXPONENTIAL, Law, WaitPart

_REACH = 20
_QUEUE_BINS = 6
_QUEUE_FIRST = 0.25
_SPREADS = 12


def zero_intelligence(
    symbol: str = "ZERO",
    *,
    orders_per_second: float = 2.0,
    cancels_per_order: float = 0.1,
    takers_per_second: float = 0.5,
    order_size: int = 100,
    start_bid: int = 10_000,
    tick_size: int = 100,
) -> FlowModel:
    """A market without wits: per side, `orders_per_second` fall evenly on the prices within 20 ticks of the other
    side's best, each order is withdrawn `cancels_per_order` times a second, and takers come at a constant rate.

    All orders have one size. Prices in ticks of `tick_size` / 10000 of the currency. UsageError for rates not above
    zero, or takers who would eat the book up.

    >>> bool(zero_intelligence().rates.by_state["take"].std() == 0.0)
    True
    """
    for name, value in (
        ("orders_per_second", orders_per_second),
        ("cancels_per_order", cancels_per_order),
        ("takers_per_second", takers_per_second),
        ("order_size", order_size),
    ):
        if not (np.isfinite(value) and value > 0.0):
            raise UsageError(f"{name} is {value}", place=name, remedy="give a number above zero")
    if takers_per_second > 0.8 * orders_per_second:
        raise UsageError(
            f"{takers_per_second:g} takers a second against {orders_per_second:g} orders a second",
            place="takers_per_second",
            remedy="takers must be fewer than four fifths of the orders, or the book dies out",
        )
    spreads = tuple(range(1, _SPREADS + 1))
    per_price = orders_per_second / _REACH
    rates = {name: np.zeros((_SPREADS, 1)) for name in EVENT_NAMES}
    by_queue = {name: np.ones(_QUEUE_BINS) for name in EVENT_NAMES}
    for place, spread in enumerate(spreads):
        rates["improve"][place] = per_price * (spread - 1)
        rates["join"][place] = per_price
        rates["deeper"][place] = per_price * max(1, _REACH - spread)
    standing = (orders_per_second - takers_per_second) / cancels_per_order
    deep = standing * (_REACH - 1) / _REACH
    rates["cancel_deeper"][:] = deep * cancels_per_order
    rates["cancel_best"][:] = cancels_per_order
    rates["take"][:] = takers_per_second
    # A queue of so many orders is withdrawn so many times as fast; bins hold their middle.
    middle = _QUEUE_FIRST * 2.0 ** (np.arange(_QUEUE_BINS) - 0.5)
    unit = 4.0 * order_size
    by_queue["cancel_best"] = np.maximum(1.0, middle * unit / order_size)
    one = Law((float(order_size),), (1.0,))
    even = Law(tuple(float(tick) for tick in range(1, _REACH)), (1.0,) * (_REACH - 1))
    profile = np.full(_REACH + 1, standing / _REACH)
    busiest = orders_per_second + 4.0 * deep * cancels_per_order + takers_per_second + cancels_per_order * 16.0
    return FlowModel(
        symbol=symbol,
        venue="XSIM",
        timezone="America/New_York",
        currency="USD",
        price_scale=10_000,
        size_scale=1,
        tick_size=tick_size,
        lot_size=1,
        start_bid=start_bid,
        start_ask=start_bid + 1,
        open_time="09:30:00",
        close_time="16:00:00",
        opens_day_before=False,
        activity=(1.0,),
        short_share=0.0,
        short_waits=(),
        long_waits=(WaitPart(1.0, 1.0, EXPONENTIAL.log10_sd),),
        rate_bound=2.0 * busiest,
        spread_from=spreads,
        imbalance_bins=1,
        queue_unit=unit,
        queue_first=_QUEUE_FIRST,
        queue_bins=_QUEUE_BINS,
        rates=RateTables(rates, by_queue),
        following=RateTables(rates, by_queue),
        clearing=np.full((_QUEUE_BINS, 2), [-1.0, 0.0]),
        sizes=dict.fromkeys(("improve", "join", "deeper", "take", "hidden"), one),
        inside=tuple(Law(tuple(float(k) for k in range(1, max(2, s))), (1.0,) * max(1, s - 1)) for s in spreads),
        behind_new=even,
        behind_withdrawn=even,
        rank_withdrawn=Law(tuple(float(k) for k in range(8)), (1.0,) * 8),
        hidden_place=Law((0.5,), (1.0,)),
        hidden_middle=1.0,
        part_best=0.0,
        part_deeper=0.0,
        profile=profile,
        notes=("zero-intelligence flow: constant rates, no state",),
    )
