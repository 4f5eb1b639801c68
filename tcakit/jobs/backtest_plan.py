"""Parents of a backtest file set on stored days: their windows, quantities in the day's units, and volume curves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.execution.algorithms import CURVED
from tcakit.execution.parent import ParentOrder
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.impact.replay_impact import ReplayImpact
from tcakit.jobs.backtest_config import SIDES, BacktestConfig, ParentSpec
from tcakit.jobs.market import has_book, replay_feed
from tcakit.jobs.stored_days import StoredDays
from tcakit.market.clock import parse_time
from tcakit.market.schema import PARENTS
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, find_symbol_day, plain
from tcakit.store.reference import References


@dataclass(slots=True)
class Planned:
    """A parent order on its stored day and session; `curve` where it follows one, `multiplier` of a contract.

    `impact` is what its fills do to the market, scaled by a daily volatility among others, as its notes say, and how
    sure its model is of that, relative to it (`impact_planned`).
    """

    parent: ParentOrder
    spec: ParentSpec
    day: SymbolDay
    open_ns: int
    close_ns: int
    curve: VolumeCurve | None
    multiplier: float | None = None
    impact: ReplayImpact | None = None
    impact_notes: tuple[str, ...] = ()
    volatility_daily: float | None = None
    impact_error: float | None = None


def plan_parents(store: Store, config: BacktestConfig) -> list[Planned]:
    """Every parent with its day, times in ns and quantity in stored units; UsageError for one that cannot be traded."""
    planner = Planner(store)
    return [planner.plan(number, spec) for number, spec in enumerate(config.parents, start=1)]


class Planner:
    """Sets parents on stored days, each day and curve looked up once however many parents ask."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[tuple[str, str | None, str | None], tuple[int, int]] = {}
        self._stored = StoredDays(store)
        self._curves: dict[tuple[str, str, str], VolumeCurve] = {}
        self._found: dict[tuple[str, str | None, str | None], SymbolDay] = {}
        self._facts = References.of(store)

    def plan(self, number: int, spec: ParentSpec, venue: str | None = None) -> Planned:
        """One parent, the `number`-th; at `venue` if that is stored, else where most is known.

        UsageError if it cannot be traded.
        """
        key = (spec.symbol, spec.date, venue)
        if key not in self._found:
            self._found[key] = self._day(spec, venue)
            self._sessions[key] = _session(self._store, self._found[key])
        day = self._found[key]
        instrument = day.instrument
        open_ns, close_ns = self._sessions[key]
        place = f"parent {number}"

        def moment(text: str | None, default: int, day: SymbolDay = day, place: str = place) -> int:
            if text is None:
                return default
            return parse_time(text, date=day.date, timezone=day.instrument.timezone, place=place)

        start, end = moment(spec.start, open_ns), moment(spec.end, close_ns)
        if end <= start:
            raise UsageError("the end is not after the start", place=place, remedy="check --start and --end")
        if end <= open_ns or start >= close_ns:
            raise UsageError(
                f"its window lies outside the recorded session of {instrument.symbol}",
                place=place,
                remedy="check the times",
            )
        # By its decimals: 0.29 of a coin is no binary fraction.
        quantity = Decimal(str(spec.quantity)) * instrument.size_scale
        if quantity != int(quantity) or int(quantity) % instrument.lot_size:
            raise UsageError(
                f"a quantity of {spec.quantity:g} is no multiple of the lot of "
                f"{instrument.shares(instrument.lot_size):g}",
                place=place,
                remedy="round it",
            )
        limit_tick = None
        if spec.limit is not None:
            limit_tick = _limit_tick(spec, day)
        curve = None
        notes: tuple[str, ...] = ()
        if start < open_ns:
            notes = (*notes, "its start is before the open: it traded from the open on")
        if end > close_ns:
            notes = (*notes, "its end is after the close: it traded up to the close")
        if spec.algo.name in CURVED:
            curve_key = (spec.symbol, day.date, instrument.venue)
            if curve_key not in self._curves:
                self._curves[curve_key] = self._stored.curve(day, open_ns, close_ns)
            curve = self._curves[curve_key]
            notes = (*notes, f"volume curve: {curve.name}")
        parent = ParentOrder(
            parent_id=spec.parent_id or f"{spec.symbol}-{day.date}-{spec.side}-{spec.algo.label}-{number}",
            symbol=spec.symbol,
            date=day.date,
            side=SIDES[spec.side],
            quantity=int(quantity),
            start_ns=max(start, open_ns),
            end_ns=min(end, close_ns),
            algo=spec.algo.label,
            params=spec.algo.params,
            limit_tick=limit_tick,
            notes=notes,
        )
        multiplier = self._facts.fact("multiplier", instrument.symbol, instrument.venue, day.date)
        return Planned(parent, spec, day, open_ns, close_ns, curve, multiplier)

    def _day(self, spec: ParentSpec, venue: str | None) -> SymbolDay:
        if venue is not None and spec.date is not None:
            for day in self._stored.of(self._store, spec.date):
                if (day.instrument.symbol, day.instrument.venue) == (spec.symbol, venue):
                    return day
        return find_symbol_day(self._store, spec.symbol, spec.date, listed=self._stored.of)


def _limit_tick(spec: ParentSpec, day: SymbolDay) -> int:
    """The limit on the grid, never worse than what was asked: down for a buy, up for a sell."""
    instrument = day.instrument
    exact = Decimal(str(spec.limit)) * instrument.price_scale / instrument.tick_size
    rounding = ROUND_FLOOR if spec.side == "buy" else ROUND_CEILING
    tick = int(exact.to_integral_value(rounding=rounding))
    if tick <= 0:
        smallest = instrument.price(instrument.tick_size)
        message = f"a limit of {spec.limit:g} is below one tick of {smallest:g}"
        raise UsageError(message, place="limit", remedy="raise it")
    return tick


def _session(store: Store, day: SymbolDay) -> tuple[int, int]:
    instrument = day.instrument
    if instrument.session_open_ns is not None and instrument.session_close_ns is not None:
        return instrument.session_open_ns, instrument.session_close_ns
    if has_book(day) or "quotes" in day.contents:
        feed = replay_feed(store, day)
        return int(feed.ns[0]), int(feed.ns[-1])
    bars, prints = market_data.bars(store, day), plain(market_data.trades(store, day)["ts_ns"])
    ends = bars["ts_ns"] + bars["interval_ns"]
    times = np.concatenate([bars["ts_ns"].to_numpy(), ends.to_numpy(), prints])
    if not times.size:
        raise DataError(f"{instrument.symbol} on {day.date} has no prices", remedy="ingest a book, quotes or bars")
    return int(times.min()), int(times.max())


def parent_rows(planned: list[Planned], run_id: str) -> pl.DataFrame:
    """The parents as rows of their table."""
    rows = []
    for plan in planned:
        parent, instrument = plan.parent, plan.day.instrument
        limit = None if parent.limit_tick is None else parent.limit_tick * instrument.tick_size
        rows.append(
            {
                "run_id": run_id,
                "parent_id": parent.parent_id,
                "symbol": parent.symbol,
                "raw_symbol": parent.symbol,
                "matched": True,
                "venue": instrument.venue,
                "date": parent.date,
                "side": parent.side,
                "quantity": parent.quantity,
                "size_scale": instrument.size_scale,
                "price_scale": instrument.price_scale,
                "limit_price": limit,
                "decision_ns": parent.decision_ns,
                "decision_price": parent.decision_price,
                "arrival_ns": parent.start_ns,
                "end_ns": parent.end_ns,
                "algo": parent.algo,
                "params": json.dumps(parent.params, sort_keys=True),
                "currency": instrument.currency,
                "multiplier": plan.multiplier,
                "notes": "; ".join(parent.notes) or None,
            }
        )
    return PARENTS.conform(pl.DataFrame(rows, schema_overrides=PARENTS.polars_schema(), infer_schema_length=None))
