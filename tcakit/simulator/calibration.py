"""A background flow fitted to a recorded day by counting; the feedback is fitted after it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND, midnight_ns
from tcakit.simulator import calibration_kernel as kernel
from tcakit.simulator.calibration_count import QUEUE_BINS, QUEUE_FIRST, Counted, count_day
from tcakit.simulator.calibration_day import CalibrationDay
from tcakit.simulator.calibration_rates import (
    clearing_shares,
    depth_of,
    hidden_places,
    inside_laws,
    part_share,
    rank_law,
    rate_bound,
    rates_and_factors,
    size_laws,
)
from tcakit.simulator.flow_layout_kernel import CANCEL_BEST, CANCEL_DEEPER, DEEPER, IMPROVE, JOIN
from tcakit.simulator.flow_parameters import EVENT_NAMES, FlowModel, RateTables

_MANY_LEVELS = 1_000
_HEADROOM = 1.1  # of the bound of rates over the busiest state, for the feedback's lean


def fit_background(day: CalibrationDay) -> tuple[FlowModel, Counted]:
    """Fit rates, sizes, distances, waits and the shape of the day; the feedback is off. DataError with too little."""
    counted = count_day(day)
    instrument = day.instrument
    names_orders = bool((day.slot >= 0).any())
    depth = depth_of(counted, day.depth == 1, names_orders)
    notes = [f"fitted to {instrument.symbol} ({instrument.venue}) on {day.date}: {len(counted.found):,} events"]
    tables = [rates_and_factors(counted.counts[kind], counted.exposure[kind]) for kind in range(2)]
    if not counted.exposure[1].any():
        tables[1] = tables[0]
    for kind, (rates, factors) in enumerate(tables):
        if depth.seen_ticks == 0:
            held = counted.exposure[kind if counted.exposure[kind].any() else 0].sum(axis=-1)
            rates[..., DEEPER] = np.average(rates[..., IMPROVE] + rates[..., JOIN], weights=held)
            rates[..., CANCEL_DEEPER] = rates[..., DEEPER]
            factors[:, [DEEPER, CANCEL_DEEPER]] = 1.0
        else:
            rates[..., DEEPER] *= depth.new_factor
            rates[..., CANCEL_DEEPER] *= depth.withdrawn_factor
    if depth.seen_ticks == 0:
        notes.append("only the best level was recorded: what stands behind it is a guess, as busy as the best itself")
    elif day.depth < _MANY_LEVELS:
        notes.append(
            f"{day.depth} levels were recorded: beyond {depth.seen_ticks} ticks from the best, how many orders stand "
            "and come is extrapolated"
        )
    waits = counted.waits
    hidden_place, hidden_middle = hidden_places(counted)
    start_bid, start_ask = _first_quote(day, counted)
    model = FlowModel(
        symbol=instrument.symbol,
        venue=instrument.venue,
        timezone=instrument.timezone,
        currency=instrument.currency,
        price_scale=instrument.price_scale,
        size_scale=instrument.size_scale,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        start_bid=start_bid,
        start_ask=start_ask,
        open_time=_time_of_day(day, day.open_ns),
        close_time=_time_of_day(day, day.close_ns),
        opens_day_before=day.open_ns < midnight_ns(day.date, instrument.timezone),
        activity=tuple(np.round(day.activity, 4).tolist()),
        short_share=round(waits.short_share, 4),
        short_waits=waits.short,
        long_waits=waits.long,
        rate_bound=round(_HEADROOM * rate_bound(counted.exposure[0], *tables[0]), 4),
        spread_from=counted.spread_from,
        imbalance_bins=counted.counts.shape[2],
        queue_unit=round(counted.queue_unit, 2),
        queue_first=QUEUE_FIRST,
        queue_bins=QUEUE_BINS,
        rates=_named(tables[0]),
        following=_named(tables[1]),
        clearing=clearing_shares(counted),
        sizes=size_laws(counted),
        inside=inside_laws(counted),
        behind_new=depth.new,
        behind_withdrawn=depth.withdrawn,
        rank_withdrawn=rank_law(counted),
        hidden_place=hidden_place,
        hidden_middle=round(hidden_middle, 4),
        part_best=round(part_share(counted, CANCEL_BEST, names_orders), 4),
        part_deeper=round(part_share(counted, CANCEL_DEEPER, names_orders), 4),
        profile=depth.profile,
        new_best_order=math.ceil(depth.order_size / instrument.lot_size) * instrument.lot_size,
        notes=tuple(notes),
    )
    return model, counted


def _named(table: tuple[NDArray[np.float64], NDArray[np.float64]]) -> RateTables:
    rates, factors = table
    return RateTables(
        {name: rates[..., place] for place, name in enumerate(EVENT_NAMES)},
        {name: factors[:, place] for place, name in enumerate(EVENT_NAMES)},
    )


def _first_quote(day: CalibrationDay, counted: Counted) -> tuple[int, int]:
    """Best bid and ask, ticks, when the first event came; the spread at most that of the typical hour."""
    first = counted.found[0]
    spread = int(first[kernel.SPREAD])
    typical = int(np.searchsorted(np.cumsum(counted.spread_share), 0.5))
    before = slice(0, int(first[kernel.ROW]) + 1)
    bids = day.level[before][(day.side[before] == 1) & (day.level_size[before] > 0)]
    bid = int(bids.max()) + day.base_tick if len(bids) else int(np.median(day.level)) + day.base_tick
    return bid, bid + max(1, min(spread, typical))


def _time_of_day(day: CalibrationDay, ns: int) -> str:
    seconds = (ns - midnight_ns(day.date, day.instrument.timezone)) / NS_PER_SECOND % 86_400
    hour, rest = divmod(int(seconds), 3600)
    return f"{hour:02d}:{rest // 60:02d}:{rest % 60:02d}"
