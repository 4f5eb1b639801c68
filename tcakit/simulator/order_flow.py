"""Order flow made to order: a seeded trading day of one symbol, as a venue would have recorded it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from tcakit.errors import DataError, UsageError
from tcakit.market.clock import NS_PER_SECOND, parse_date, wall_ns
from tcakit.market.instrument import Instrument
from tcakit.simulator import order_flow_kernel as kernel
from tcakit.simulator.recorded_day import CLOSE_SECONDS, OPEN_SECONDS, RecordedDay
from tcakit.venue import matching_kernel as matching

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRICE_SCALE = 10_000
_LARGEST_EVENTS = 50_000_000


@dataclass(frozen=True, slots=True)
class FlowParameters:
    """What kind of stock it is. Shares are of the day's proposals (orders, cancels, prints).

    `events_per_day` expected book events; `start_price` and `tick_size` in currency; `spread_ticks` the
    spread the flow tends to; `daily_volatility` of the latent value, open to close, as a fraction;
    `typical_lots` of 100 shares an order; `resting_orders` the book tends to hold; `metaorder_tail` the
    Pareto exponent of the number of trades of one sign that belong together; `burst_share` of events that
    follow another at machine speed; `activity_u` and `volatility_u` how much the edges of the day exceed
    midday; `opening_spread` how much wider the spread starts, as a fraction.

    Raises UsageError for values outside the stated range.
    """

    events_per_day: int = 100_000
    start_price: float = 50.0
    tick_size: float = 0.01
    spread_ticks: float = 2.0
    daily_volatility: float = 0.015
    trade_share: float = 0.05
    hidden_share: float = 0.015
    reduce_share: float = 0.01
    resting_orders: int = 400
    typical_lots: float = 1.5
    metaorder_tail: float = 1.5
    burst_share: float = 0.45
    activity_u: float = 3.0
    volatility_u: float = 3.0
    opening_spread: float = 1.0

    def __post_init__(self) -> None:
        ranges = {
            "events_per_day": (1, _LARGEST_EVENTS),
            "start_price": (0.05, 1e6),
            "tick_size": (1e-4, 100.0),
            "spread_ticks": (1.0, 200.0),
            "daily_volatility": (0.0, 0.1),
            "trade_share": (0.0, 0.3),
            "hidden_share": (0.0, 0.3),
            "reduce_share": (0.0, 1.0),
            "resting_orders": (60, 100_000),
            "typical_lots": (1.0, 100.0),
            "metaorder_tail": (1.01, 10.0),
            "burst_share": (0.0, 0.9),
            "activity_u": (0.0, 20.0),
            "volatility_u": (0.0, 20.0),
            "opening_spread": (0.0, 10.0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (isinstance(value, int | float) and low <= value <= high):
                raise UsageError(f"{name} is {value!r}", place=name, remedy=f"choose from {low} to {high}")
        ticks = self.start_price / self.tick_size
        if ticks < 50 + 10 * self.spread_ticks:
            raise UsageError(
                f"a price of {self.start_price} is only {ticks:.0f} ticks of {self.tick_size}",
                place="tick_size",
                remedy="choose a smaller tick or spread, or a higher price",
            )

    def vector(self, tick: int) -> NDArray[np.float64]:
        """The parameters as the kernel takes them; `tick` is the tick size in stored price units."""
        start_ticks = self.start_price * _PRICE_SCALE / tick
        values = np.empty(kernel.PARAMETERS)
        values[kernel.EVENTS] = self.events_per_day
        values[kernel.SPREAD] = self.spread_ticks
        values[kernel.VOLATILITY] = self.daily_volatility * start_ticks
        values[kernel.TRADE_SHARE] = self.trade_share
        values[kernel.HIDDEN_SHARE] = self.hidden_share
        values[kernel.REDUCE_SHARE] = self.reduce_share
        values[kernel.RESTING] = self.resting_orders
        values[kernel.ORDER_SIZE] = self.typical_lots
        values[kernel.METAORDER_TAIL] = self.metaorder_tail
        values[kernel.BURST] = self.burst_share
        values[kernel.ACTIVITY_U] = self.activity_u
        values[kernel.VOLATILITY_U] = self.volatility_u
        values[kernel.OPENING] = self.opening_spread
        return values

    def as_dict(self) -> dict[str, int | float]:
        """Name -> value, for metadata."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class SimulatedDay(RecordedDay):
    """A day that was made to order: with its seed and parameters."""

    seed: int
    parameters: FlowParameters


def make_day(
    symbol: str, date: str, seed: int, parameters: FlowParameters | None = None, *, venue: str = "XSIM"
) -> SimulatedDay:
    """Make one trading day, 09:30 to 16:00 New York time; the same arguments give the same bytes.

    `date` is YYYY-MM-DD, `seed` any whole number from 0 to 2**63 - 1. The model is described in
    docs/simulator.md.

    >>> day = make_day("ALFA", "2026-03-03", 7, FlowParameters(events_per_day=500))
    >>> bool((day.quotes()["bid"] < day.quotes()["ask"]).all())
    True
    """
    parameters = parameters or FlowParameters()
    date = parse_date(date)
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed} is out of range", place="seed", remedy="choose from 0 to 2**63 - 1")
    tick = round(parameters.tick_size * _PRICE_SCALE)
    zone = "America/New_York"
    open_ns, close_ns = (wall_ns(date, int(s * NS_PER_SECOND), zone) for s in (OPEN_SECONDS, CLOSE_SECONDS))
    instrument = Instrument(
        symbol,
        venue=venue,
        timezone=zone,
        price_scale=_PRICE_SCALE,
        tick_size=tick,
        session_open_ns=open_ns,
        session_close_ns=close_ns,
    )
    start_level = round(parameters.start_price * _PRICE_SCALE / tick)
    # The symbol and the date are part of the seed, so that one seed gives unlike days.
    mixed = np.random.SeedSequence([seed, *symbol.encode(), *date.encode()]).generate_state(1, np.uint64)[0]
    session = np.array([start_level, open_ns, close_ns], np.int64)
    slots = 8 * parameters.resting_orders
    rows = parameters.resting_orders + int(1.3 * parameters.events_per_day + 10 * math.sqrt(parameters.events_per_day))
    while True:
        engine = matching.new_engine(slots, 2 * start_level, rows, 1_000_001)
        with np.errstate(over="ignore"):  # the random numbers count modulo 2**64
            vector = parameters.vector(tick)
            status = kernel.open_book(mixed, vector, session, *engine)
            opening_rows = int(engine[4][matching.TAPE_ROWS])
            if status == matching.OK:
                status, _ = kernel.run_day(mixed, vector, session, *engine)
        if status == matching.BOOK_FULL:
            slots *= 2
        elif status == matching.TAPE_FULL:
            rows *= 2
        elif status == matching.OK:
            break
        else:
            raise DataError(
                f"the flow stopped with status {status}",
                place=f"{symbol} {date}",
                remedy="lower the volatility",
            )
    counters, tape = engine[4], engine[5]
    rows = int(counters[matching.TAPE_ROWS])
    price = tape[:rows, matching.TAPE_LEVEL] * tick + tape[:rows, matching.TAPE_PART] * tick // 100
    return SimulatedDay(
        instrument=instrument,
        date=date,
        seed=seed,
        parameters=parameters,
        opening_rows=opening_rows,
        ts_ns=tape[:rows, matching.TAPE_TS].copy(),
        kind=tape[:rows, matching.TAPE_KIND].astype(np.uint8),
        side=tape[:rows, matching.TAPE_SIDE].astype(np.int8),
        price=price,
        size=tape[:rows, matching.TAPE_SIZE].copy(),
        level_size=tape[:rows, matching.TAPE_LEVEL_SIZE].copy(),
        order_id=tape[:rows, matching.TAPE_ORDER_ID].copy(),
        seq=np.arange(rows, dtype=np.int64),
    )
