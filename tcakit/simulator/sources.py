"""A simulated market's arrays, made from what its parameters say: an engine, all sources of orders, and a calendar."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tcakit.book import fifo_kernel as fk
from tcakit.errors import DataError, UsageError
from tcakit.market.clock import NS_PER_SECOND, parse_time
from tcakit.market.instrument import Instrument
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.background_kernel import open_book
from tcakit.simulator.clock_kernel import wait_ns
from tcakit.simulator.market import SimulatedMarket, TradingRules
from tcakit.simulator.market_table import steps
from tcakit.simulator.participants import people_of
from tcakit.simulator.world import World
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_layout_kernel as mp
from tcakit.venue.engine import grown
from tcakit.venue.midpoint_layout_kernel import new_midpoint

if TYPE_CHECKING:
    from tcakit.simulator.flow_parameters import FlowModel

_REACH = 0.15  # of the opening price, up and down, that the ladder has
_LEAST_REACH = 2_000  # levels
_SLOTS, _TAPE, _REPORTS = 4_096, 65_536, 4_096
_BUS, _LOG, _OWN = 256, 1_024, 64
_DARK_SLOTS, _DARK_ROWS = 64, 256


def streams(seed: int, symbol: str, date: str, count: int) -> NDArray[np.uint64]:
    """Seeds of so many streams of random numbers that have nothing to do with each other: of one market's day."""
    return np.array([_stream(seed, symbol, date, number) for number in range(count)], np.uint64)


def _stream(seed: int, symbol: str, date: str, name: int | str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}|{symbol}|{date}|{name}".encode()).digest()[:8], "little")


def make_market(
    model: FlowModel,
    world: World,
    date: str,
    seed: int,
    *,
    symbol: str | None = None,
    venue: str | None = None,
    rules: TradingRules | None = None,
) -> SimulatedMarket:
    """The market of one day just before its opening call, our orders none yet; the same arguments give the same one.

    `seed` any whole number from 0 to 2**63 - 1. UsageError for a seed or a time of the calendar that cannot be.
    """
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed} is out of range", place="seed", remedy="choose from 0 to 2**63 - 1")
    open_ns, close_ns = model.session(date)
    # The middle of a tick that is an odd number of stored units is a whole number of smaller ones.
    finer = 10 if world.is_dark_on and model.tick_size % 2 else 1
    instrument = Instrument(
        symbol or model.symbol,
        venue=venue or model.venue,
        currency=model.currency,
        timezone=model.timezone,
        price_scale=model.price_scale * finer,
        size_scale=model.size_scale,
        tick_size=model.tick_size * finer,
        lot_size=model.lot_size,
        session_open_ns=open_ns,
        session_close_ns=close_ns,
        tick_from="definition",
    )
    reach = min(max(_LEAST_REACH, math.ceil(_REACH * model.start_bid)), model.start_bid - 2)
    base_tick = model.start_bid - reach
    ladder = 2 * reach + model.start_ask - model.start_bid
    start_ns = open_ns - round(world.opening_call_seconds * NS_PER_SECOND)
    groups = world.participants if world.are_participants_on else ()
    people, rates, memory = people_of(groups, open_ns)
    seeds = streams(seed, instrument.symbol, date, 2 + len(people))
    flow = model if world.feedback else model.without_feedback()
    at = np.zeros(ml.AT, np.int64)
    at[ml.NOW] = at[ml.START_NS] = start_ns
    at[ml.UNCROSS_NS] = ml.NEVER
    at[ml.PROPOSAL_NS] = start_ns if world.background else ml.NEVER
    at[ml.DARK_NS] = start_ns if world.is_dark_on else ml.NEVER
    at[ml.FIRST_OWN] = len(people) + 1
    at[ml.CALL_NS] = round(world.volatility_call_seconds * NS_PER_SECOND)
    at[ml.REFERENCE] = reach
    middle = reach + (model.start_ask - model.start_bid) / 2
    seconds = max(1.0, (close_ns - open_ns) / NS_PER_SECOND)
    price = model.start_bid + (model.start_ask - model.start_bid) / 2
    facts = np.array([middle, world.value_volatility_daily * price / math.sqrt(seconds)])
    market = ml.Market(
        engine=ek.new_engine(_SLOTS, ladder, _TAPE, _REPORTS),
        flow=flow.arrays(date, base_tick=base_tick),
        feedback=flow.feedback.arrays(),
        dark=new_midpoint(_DARK_SLOTS, ladder, _DARK_ROWS, _DARK_ROWS),
        at=at,
        facts=facts,
        people=people,
        rates=rates,
        memory=memory,
        people_seeds=seeds[2:].copy(),
        seeds=seeds[:2].copy(),
        bus=np.zeros((_BUS + 8 * len(people), ml.BUS_COLUMNS), np.int64),
        heap=np.zeros((_BUS + 8 * len(people), 3), np.int64),
        spare=np.arange(_BUS + 8 * len(people)),
        schedule=_schedule(world, instrument, date, start_ns, price),
        own=np.full((_OWN, 2), -1, np.int64),
        client_of_slot=np.full(_SLOTS, -1, np.int64),
        log=np.zeros((_LOG, ml.LOG_COLUMNS), np.int64),
        dark_flow=_dark_flow(world, model.lot_size),
        dark_seeds=np.array([_stream(seed, instrument.symbol, date, "dark")], np.uint64),
        steps=steps(),
    )
    market = _opened(market, model, reach, start_ns, instrument.symbol)
    counters = market.engine.counters
    counters[ek.LOT] = model.lot_size
    counters[ek.SELF_MATCH] = world.self_match
    market.dark.counters[[mp.LOT, mp.SELF_MATCH]] = model.lot_size, world.self_match
    if world.band_ticks is not None:
        at[ml.BAND] = world.band_ticks
        counters[ek.BAND_LOW] = max(0, reach - world.band_ticks)
        counters[ek.BAND_HIGH] = min(ladder - 1, reach + world.band_ticks)
    if world.background:
        at[ml.PROPOSAL_NS] = start_ns + wait_ns(market.flow, market.seeds[ml.FLOW], 0, start_ns)
    at[ml.PEOPLE_NS] = people[:, ml.NEXT_NS].min() if len(people) else ml.NEVER
    return SimulatedMarket(market, instrument, base_tick, rules, world.dark.venue if world.is_dark_on else None)


def _dark_flow(world: World, lot: int) -> NDArray[np.float64]:
    dark = world.dark
    numbers = np.zeros(ml.DARK_NUMBERS)
    numbers[ml.DARK_INTERVAL_NS] = dark.interval_s * NS_PER_SECOND
    numbers[ml.DARK_LOTS] = dark.size / lot
    numbers[ml.DARK_PATIENCE_NS] = dark.patience_s * NS_PER_SECOND
    numbers[ml.DARK_MINIMUM_SHARE] = dark.minimum_share
    numbers[ml.DARK_LIMIT_SHARE] = dark.limit_share
    numbers[ml.DARK_LEAN] = dark.lean
    return numbers


def _opened(market: ml.Market, model: FlowModel, bid: int, now: int, symbol: str) -> ml.Market:
    """The market with the orders that stand when it begins."""
    ask = bid + model.start_ask - model.start_bid
    while True:
        slots, ladder = market.engine.orders.shape[0], market.engine.levels.shape[2]
        fresh = ek.new_engine(slots, ladder, len(market.engine.tape), _REPORTS)
        market = market._replace(engine=fresh)
        status = int(open_book(market.engine, market.flow, market.seeds[ml.FLOW], bid, ask, now))
        if status == fk.OK:
            return market._replace(client_of_slot=np.full(market.engine.orders.shape[0], -1, np.int64))
        if status not in (ek.BOOK_FULL, ek.TAPE_FULL, ek.REPORTS_FULL):
            raise DataError(f"the book could not be opened (status {status})", place=symbol, remedy="check [book]")
        market = market._replace(engine=grown(market.engine, status))


def _schedule(world: World, instrument: Instrument, date: str, start_ns: int, price: float) -> NDArray[np.int64]:
    """The calendar's rows by time."""
    open_ns, close_ns = instrument.session_open_ns, instrument.session_close_ns
    assert open_ns is not None
    assert close_ns is not None

    def moment(text: str, place: str) -> int:
        found = parse_time(text, date=date, timezone=instrument.timezone, place=place)
        if not open_ns <= found < close_ns:
            raise UsageError(f"{text} is outside the session", place=place, remedy="choose a time of trading")
        return found

    rows: list[tuple[int, int, int]] = []
    if world.opening_call_seconds > 0:
        rows += [(start_ns, ml.CALL, ek.PRE_OPEN), (open_ns, ml.UNCROSS, 0)]
    if world.closing_call_seconds > 0:
        begins = close_ns - round(world.closing_call_seconds * NS_PER_SECOND)
        rows += [(begins, ml.CALL, ek.CLOSING_CALL), (close_ns, ml.UNCROSS, 0)]
    rows.append((close_ns, ml.CLOSE, 0))
    for halt in world.halts:
        begins = moment(halt.time, "halts")
        resumes = begins + round(halt.seconds * NS_PER_SECOND)
        ends = resumes + round(halt.call_seconds * NS_PER_SECOND)
        if ends >= close_ns - round(world.closing_call_seconds * NS_PER_SECOND):
            raise UsageError(f"the halt at {halt.time} lasts into the close", place="halts", remedy="shorten it")
        rows.append((begins, ml.HALT, 0))
        if halt.call_seconds > 0:
            rows += [(resumes, ml.CALL, ek.VOLATILITY), (ends, ml.UNCROSS, 0)]
        else:
            rows.append((resumes, ml.RESUME, 0))
    for piece in world.news:
        thousandths = round(1_000 * piece.jump_bps / 1e4 * price)
        rows.append((moment(piece.time, "news"), ml.NEWS, thousandths))
    rows.sort(key=lambda row: row[0])
    return np.array(rows, np.int64).reshape(-1, ml.SCHEDULE_COLUMNS)
