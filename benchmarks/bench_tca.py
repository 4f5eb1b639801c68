"""Arrival mid and interval VWAP of every parent order, against as-of joins in DuckDB and polars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Benchmark, installed
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.tca.benchmarks import interval_vwap
from tcakit.tca.quotes import mid_at

SYMBOLS = 50
QUOTES, PRINTS, PARENTS = 10_000_000, 5_000_000, 20_000
_OPEN_NS = 1_740_998_000_000_000_000
_SESSION_NS = 23_400_000_000_000
_DATE = "2025-03-03"

Answer = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Market:
    """Days of all symbols, and parent orders: `parent_symbol` sorted, arrival and end in ns."""

    days: list[MarketDay]
    parent_symbol: NDArray[np.int32]
    arrival_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]


def market(scale: float) -> Market:
    """A made market of random walks, the same on every machine."""
    random = np.random.default_rng(7)
    quotes, prints, parents = (max(4, int(n * scale) // SYMBOLS) for n in (QUOTES, PRINTS, PARENTS))
    days = []
    for number in range(SYMBOLS):
        quote_ns = np.sort(random.integers(0, _SESSION_NS, quotes)) + _OPEN_NS
        # Quotes from open to close, so that every parent has one.
        quote_ns[0], quote_ns[-1] = _OPEN_NS, _OPEN_NS + _SESSION_NS
        mid_ticks = 10_000 + np.cumsum(random.integers(-1, 2, quotes))
        half = random.integers(1, 4, quotes)
        print_ns = np.sort(random.integers(0, _SESSION_NS, prints)) + _OPEN_NS
        row = np.searchsorted(quote_ns, print_ns, side="right") - 1
        aggressor = random.choice(np.array([1, -1], np.int8), prints)
        days.append(
            MarketDay(
                instrument=Instrument(f"S{number:03d}"),
                date=_DATE,
                quote_ns=quote_ns,
                bid=(mid_ticks - half) / 100.0,
                ask=(mid_ticks + half) / 100.0,
                # Sizes are asked by nobody here: one value for all rows takes no memory.
                bid_size=np.broadcast_to(np.float64(100.0), quotes),
                ask_size=np.broadcast_to(np.float64(100.0), quotes),
                print_ns=print_ns,
                print_price=(mid_ticks[row] + aggressor * half[row]) * 100,
                print_size=random.integers(1, 30, prints) * 100,
                print_displayed=np.broadcast_to(np.bool_(True), prints),
                print_aggressor=aggressor,
            )
        )
    arrival_ns = random.integers(0, int(_SESSION_NS * 0.9), SYMBOLS * parents) + _OPEN_NS
    length_ns = random.exponential(900e9, SYMBOLS * parents).astype(np.int64) + 10_000_000_000
    end_ns = np.minimum(arrival_ns + length_ns, _OPEN_NS + _SESSION_NS)
    return Market(days, np.repeat(np.arange(SYMBOLS, dtype=np.int32), parents), arrival_ns, end_ns)


def ours(made: Market) -> Answer:
    """Arrival mid and interval VWAP by tcakit, parents in the market's order."""
    mids, vwaps = np.empty(made.arrival_ns.size), np.empty(made.arrival_ns.size)
    for number, day in enumerate(made.days):
        first, last = np.searchsorted(made.parent_symbol, [number, number + 1])
        mids[first:last] = mid_at(day, made.arrival_ns[first:last])
        vwaps[first:last] = interval_vwap(day, made.arrival_ns[first:last], made.end_ns[first:last])
    return mids, vwaps


def same(one: Answer, other: Answer) -> None:
    """Both answers are equal, to the digits that sums in doubles keep."""
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, equal_nan=True)


def columns(made: Market) -> dict[str, dict[str, NDArray[np.generic]]]:
    """The same data as tables with a symbol column, sorted by symbol and time."""
    days = made.days
    return {
        "quotes": {
            "symbol": np.repeat(np.arange(SYMBOLS, dtype=np.int32), [day.quote_ns.size for day in days]),
            "ts": np.concatenate([day.quote_ns for day in days]),
            "mid": np.concatenate([day.mid for day in days]),
        },
        "prints": {
            "symbol": np.repeat(np.arange(SYMBOLS, dtype=np.int32), [day.print_ns.size for day in days]),
            "ts": np.concatenate([day.print_ns for day in days]),
            "price": np.concatenate([day.print_price / day.instrument.price_scale for day in days]),
            "size": np.concatenate([day.print_size for day in days]),
        },
        "parents": {
            "id": np.arange(made.arrival_ns.size, dtype=np.int64),
            "symbol": made.parent_symbol,
            "arrival": made.arrival_ns,
            "finish": made.end_ns,
        },
    }


_DUCKDB_QUERY = """
with sums as (
    select symbol, ts, sum(price * size) over w as traded, sum(size) over w as volume
    from prints window w as (partition by symbol order by ts rows unbounded preceding)),
before as (
    select p.id, coalesce(s.traded, 0) as traded, coalesce(s.volume, 0) as volume
    from parents p asof left join sums s on p.symbol = s.symbol and p.arrival > s.ts),
after as (
    select p.id, coalesce(s.traded, 0) as traded, coalesce(s.volume, 0) as volume
    from parents p asof left join sums s on p.symbol = s.symbol and p.finish >= s.ts),
arrival as (
    select p.id, q.mid from parents p asof left join quotes q on p.symbol = q.symbol and p.arrival >= q.ts)
select arrival.mid, (after.traded - before.traded) / nullif(after.volume - before.volume, 0) as vwap
from arrival join before using (id) join after using (id) order by id
"""


def with_duckdb(made: Market) -> Benchmark:
    """DuckDB on its own tables, loaded beforehand."""
    import duckdb

    connection = duckdb.connect()
    for name, table in columns(made).items():
        connection.register("given", table)
        connection.execute(f"create table {name} as select * from given")
        connection.unregister("given")

    def peer() -> Answer:
        found = connection.execute(_DUCKDB_QUERY).fetchnumpy()
        return np.ma.filled(found["mid"], np.nan), np.ma.filled(found["vwap"], np.nan)

    return Benchmark(
        "tca-asof-duckdb", _job(made), lambda: ours(made), "DuckDB, window sums and as-of joins", peer, same
    )


def with_polars(made: Market) -> Benchmark:
    """polars on its own frames, sorted beforehand."""
    import polars as pl

    frames = {name: pl.DataFrame(table) for name, table in columns(made).items()}

    def peer() -> Answer:
        sums = frames["prints"].select(
            "symbol",
            "ts",
            traded=(pl.col("price") * pl.col("size")).cum_sum().over("symbol"),
            volume=pl.col("size").cum_sum().over("symbol"),
        )
        parents = frames["parents"].sort("symbol", "arrival")
        joined = parents.join_asof(
            frames["quotes"], left_on="arrival", right_on="ts", by="symbol", check_sortedness=False
        )
        before = parents.join_asof(
            sums,
            left_on="arrival",
            right_on="ts",
            by="symbol",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        after = parents.sort("symbol", "finish").join_asof(
            sums, left_on="finish", right_on="ts", by="symbol", check_sortedness=False
        )
        mid = joined.sort("id")["mid"].to_numpy()
        first, last = (frame.sort("id").fill_null(0) for frame in (before, after))
        volume = (last["volume"] - first["volume"]).to_numpy()
        traded = (last["traded"] - first["traded"]).to_numpy()
        return mid, np.divide(traded, volume, out=np.full(volume.size, np.nan), where=volume > 0)

    return Benchmark(
        "tca-asof-polars", _job(made), lambda: ours(made), "polars, cumulative sums and join_asof", peer, same
    )


def _job(made: Market) -> str:
    quotes = sum(day.quote_ns.size for day in made.days)
    prints = sum(day.print_ns.size for day in made.days)
    return (
        f"arrival mid and interval VWAP of {made.arrival_ns.size:,} parents over {quotes:,} quotes "
        f"and {prints:,} prints in memory"
    )


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    made = market(scale)
    for library, prepare in (("duckdb", with_duckdb), ("polars", with_polars)):
        if installed(library):
            yield prepare(made)
        else:
            missing = f"{library} is not installed"
            yield Benchmark(f"tca-asof-{library}", _job(made), lambda: ours(made), missing)
