"""Thousands of parents by the bar model over months of minute bars, against window functions in DuckDB and pandas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import Benchmark, installed
from tcakit.execution.algorithms import AlgorithmSpec
from tcakit.execution.parent import ParentOrder
from tcakit.jobs.backtest_config import ParentSpec
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.bar_market import MEAN, IntervalDay
from tcakit.jobs.bar_slices import day_key, lay_slices
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.replay.bars import BarModel, fill_slices
from tcakit.store.market_data import SymbolDay

PARENTS, DAYS, SYMBOLS, MINUTES = 10_000, 60, 20, 390
_OPEN_NS = 1_740_998_000_000_000_000
_MINUTE_NS, _DAY_NS = 60_000_000_000, 86_400_000_000_000
MODEL = BarModel(daily_volatility=0.015, daily_volume=2_000_000.0)

Answer = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True)
class Study:
    """Bars of all symbols and days (`market` numbers them), as ours and as one table; parents likewise."""

    days: dict[tuple[str, str], IntervalDay]
    planned: list[Planned]
    bars: pl.DataFrame
    parents: pl.DataFrame


def study(scale: float) -> Study:
    """A made study: random walks in minutes, and TWAP parents of half an hour to a day."""
    random = np.random.default_rng(11)
    count = max(20, int(PARENTS * scale))
    dates = [(date(2025, 3, 3) + timedelta(days=number)).isoformat() for number in range(max(2, int(DAYS * scale)))]
    days: dict[tuple[str, str], IntervalDay] = {}
    held: list[SymbolDay] = []
    frames = []
    for number, day in enumerate(dates):
        opened = _OPEN_NS + number * _DAY_NS
        start_ns = opened + np.arange(MINUTES) * _MINUTE_NS
        for symbol in range(SYMBOLS):
            closed = opened + MINUTES * _MINUTE_NS
            instrument = Instrument(f"S{symbol:02d}", session_open_ns=opened, session_close_ns=closed)
            price = 50.0 * np.exp(np.cumsum(random.normal(0.0, 0.0007, MINUTES)))
            frame = pl.DataFrame(
                {
                    "start_ns": start_ns,
                    "end_ns": start_ns + _MINUTE_NS,
                    "price": price,
                    "price_from": [MEAN] * MINUTES,
                    "volume": random.poisson(random.choice([0.2, 5.0, 50.0], MINUTES)) * 100,
                    "spread": np.full(MINUTES, 0.02),
                    "open": price,
                    "close": price,
                },
                schema_overrides={"volume": pl.Int64},
            )
            columns = ("start_ns", "end_ns", "price", "volume", "spread")
            frames.append(frame.select(pl.lit(len(held)).alias("market"), *columns))
            nothing = np.empty(0)
            market = MarketDay(instrument, day, *[nothing] * 10)
            days[instrument.symbol, day] = IntervalDay(frame, market, True, True, True)
            held.append(SymbolDay(day, symbol, instrument, ("bars",), None, (), ()))
    planned = []
    rows = []
    for number in range(count):
        place = int(random.integers(len(held)))
        day_held = held[place]
        opened = _OPEN_NS + place // SYMBOLS * _DAY_NS
        length = int(random.integers(30, MINUTES + 1))
        first = int(random.integers(0, MINUTES - length + 1))
        begin, finish = opened + first * _MINUTE_NS, opened + (first + length) * _MINUTE_NS
        side, quantity = int(random.choice([1, -1])), int(random.integers(1, 1000)) * 100
        name, symbol_name = f"P{number}", day_held.instrument.symbol
        spec = ParentSpec(symbol_name, "buy", quantity, AlgorithmSpec("twap", {}))
        parent = ParentOrder(name, symbol_name, day_held.date, side, quantity, begin, finish, "twap")
        planned.append(Planned(parent, spec, day_held, opened, opened + MINUTES * _MINUTE_NS, None))
        rows.append((number, place, side, quantity, begin, finish))
    names = ["parent", "market", "side", "quantity", "begin_ns", "finish_ns"]
    traded = {day_key(plan) for plan in planned}
    days = {key: day for key, day in days.items() if key in traded}
    return Study(days, planned, pl.concat(frames), pl.DataFrame(rows, schema=names, orient="row"))


def ours(made: Study) -> Answer:
    """Filled shares and average price of every parent: schedules laid over intervals, then filled."""
    laid = lay_slices(made.days, made.planned, MODEL)
    filled = fill_slices(laid.slices, laid.intervals, MODEL)
    totals = filled.group_by("parent", maintain_order=True).agg(
        pl.col("filled").sum(), (pl.col("price") * pl.col("filled")).sum().alias("paid")
    )
    return totals["filled"].to_numpy(), (totals["paid"] / totals["filled"]).to_numpy()


def same(one: Answer, other: Answer) -> None:
    """As many shares to the share, and prices equal to the digits that sums in doubles keep."""
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_allclose(one[1], other[1], rtol=1e-9, equal_nan=True)


_QUERY = """
with slices as (
    select p.parent, p.side, b.start_ns, b.price, b.spread,
        case when b.end_ns = p.finish_ns then p.quantity
            else floor(p.quantity * ((b.end_ns - p.begin_ns)::double / (p.finish_ns - p.begin_ns)))::bigint end as due,
        case when b.volume > 0 then cast(floor(b.volume * $most) as bigint) else 0 end as capacity
    from parents p join bars b
        on b.market = p.market and b.start_ns >= p.begin_ns and b.start_ns < p.finish_ns),
rooms as (
    select *, sum(capacity) over (partition by parent order by start_ns) as room from slices),
leasts as (
    select *, min(due - room) over (partition by parent order by start_ns) as least from rooms),
progress as (
    select *, room + least(least, 0) as done,
        coalesce(lag(room + least(least, 0)) over (partition by parent order by start_ns), 0) as before
    from leasts),
paid as (
    select parent, done - before as filled,
        price + side * (spread / 2 + price * $law / 1.5
            * (pow(done, 1.5) - pow(before, 1.5)) / nullif(done - before, 0)) as fill_price
    from progress)
select parent, sum(filled)::bigint as filled, sum(filled * fill_price) / nullif(sum(filled), 0) as average
from paid group by parent order by parent
"""


def _law() -> float:
    assert MODEL.daily_volatility is not None
    assert MODEL.daily_volume is not None
    return float(MODEL.daily_volatility / MODEL.daily_volume**0.5)


def with_duckdb(made: Study) -> Benchmark:
    """DuckDB over its own tables, as one would write it in SQL, with the carry as a running minimum."""
    import duckdb

    connection = duckdb.connect()
    for name, frame in (("bars", made.bars), ("parents", made.parents)):
        values = {column: frame[column].to_numpy() for column in frame.columns}
        connection.register("given", values)
        connection.execute(f"create table {name} as select * from given")
        connection.unregister("given")

    def peer() -> Answer:
        found = connection.execute(_QUERY, {"most": MODEL.max_participation, "law": _law()}).fetchnumpy()
        average = np.ma.filled(found["average"].astype(np.float64), np.nan)
        return np.asarray(found["filled"], dtype=np.int64), average

    return Benchmark("bars-study-duckdb", _job(made), lambda: ours(made), "DuckDB, window functions", peer, same)


def with_pandas(made: Study) -> Benchmark:
    """pandas, market by market, with grouped running sums and minima."""
    import pandas as pd

    bars, parents = (pd.DataFrame(frame.to_dict(as_series=False)) for frame in (made.bars, made.parents))

    def peer() -> Answer:
        joined = parents.merge(bars, on="market")
        rows = joined[(joined["start_ns"] >= joined["begin_ns"]) & (joined["start_ns"] < joined["finish_ns"])]
        rows = rows.sort_values(["parent", "start_ns"])
        elapsed = (rows["end_ns"] - rows["begin_ns"]) / (rows["finish_ns"] - rows["begin_ns"])
        due = np.floor(rows["quantity"] * elapsed).astype(np.int64)
        due = due.where(rows["end_ns"] < rows["finish_ns"], rows["quantity"])
        capacity = np.floor(rows["volume"] * MODEL.max_participation).astype(np.int64)
        room = capacity.groupby(rows["parent"]).cumsum()
        done = room + np.minimum((due - room).groupby(rows["parent"]).cummin(), 0)
        before = done.groupby(rows["parent"]).shift(1, fill_value=0)
        filled = done - before
        stretch = (done**1.5 - before**1.5) / 1.5 / filled.where(filled > 0)
        price = rows["price"] + rows["side"] * (rows["spread"] / 2 + rows["price"] * _law() * stretch)
        total = filled.groupby(rows["parent"]).sum()
        paid = (price * filled).groupby(rows["parent"]).sum()
        return total.to_numpy(), (paid / total.where(total > 0)).to_numpy()

    return Benchmark("bars-study-pandas", _job(made), lambda: ours(made), "pandas, merge and groupby", peer, same)


def _job(made: Study) -> str:
    return (
        f"{made.parents.height:,} TWAP parents over {made.bars.height:,} minute bars in memory: slices, the rest sent "
        "again, participation, spread, square-root impact, average price"
    )


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    made = study(scale)
    for library, prepare in (("duckdb", with_duckdb), ("pandas", with_pandas)):
        if installed(library):
            yield prepare(made)
        else:
            missing = f"{library} is not installed"
            yield Benchmark(f"bars-study-{library}", _job(made), lambda: ours(made), missing)
