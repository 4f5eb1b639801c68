"""The standard job of cost analysis: quotes joined to parents and fills, VWAP, markouts, and one table of brokers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_tca import SYMBOLS, Market, columns, market, same
from benchmarks.harness import Benchmark, installed
from benchmarks.tca_store import days_of, stored
from tcakit.market.day import MarketDay
from tcakit.store.column_cache import forget
from tcakit.tca.asof import last_rows, mids_shifted
from tcakit.tca.benchmarks import interval_vwap
from tcakit.tca.quotes import mid_at

FILLS = 1_000_000
HORIZONS_S = (1, 10, 60, 300)
BROKERS = 20
_NEVER_OLD = np.iinfo(np.int64).max
Floats = NDArray[np.float64]
Answer = tuple[Floats, ...]


@dataclass(frozen=True)
class Orders:
    """A market with fills: `parent` (row of the market's parents), sorted by symbol and time; prices in currency."""

    made: Market
    fill_symbol: NDArray[np.int32]
    fill_ns: NDArray[np.int64]
    parent: NDArray[np.int64]
    price: Floats
    shares: Floats
    side: NDArray[np.int8]
    broker: NDArray[np.int64]


def orders(scale: float, fills: int = FILLS) -> Orders:
    """The made market of `bench_tca`, and as many fills for each of its parents; `fills` in all at full size.

    Fewer fills than parents leave the last parents without.
    """
    made = market(scale)
    random = np.random.default_rng(11)
    wanted, parents = int(fills * scale), made.arrival_ns.size
    parent = np.repeat(np.arange(min(parents, wanted)), max(1, wanted // parents))
    length = (made.end_ns - made.arrival_ns)[parent]
    fill_ns = made.arrival_ns[parent] + (random.random(parent.size) * length).astype(np.int64)
    order = np.lexsort((fill_ns, made.parent_symbol[parent]))
    parent, fill_ns = parent[order], fill_ns[order]
    side = random.choice(np.array([1, -1], np.int8), made.arrival_ns.size)
    broker = random.integers(0, BROKERS, made.arrival_ns.size)
    price = np.empty(parent.size)
    for number, first, last in _of_symbols(made.parent_symbol[parent]):
        day = made.days[number]
        row = last_rows(day.quote_ns, fill_ns[first:last])
        buys = side[parent[first:last]] > 0
        price[first:last] = np.where(buys, day.ask[row], day.bid[row])
    shares = random.integers(1, 10, parent.size) * 100.0
    return Orders(made, made.parent_symbol[parent], fill_ns, parent, price, shares, side, broker)


def _of_symbols(symbol: NDArray[np.int32]) -> Iterator[tuple[int, int, int]]:
    """Number, first row and one after the last of each symbol in a sorted column."""
    edges = np.searchsorted(symbol, np.arange(SYMBOLS + 1))
    for number in range(SYMBOLS):
        yield number, int(edges[number]), int(edges[number + 1])


def joins(given: Orders) -> Answer:
    """The six joins: arrival mid of every parent; mid at, 1, 10, 60 and 300 s after every fill."""
    mids = np.empty((1 + len(HORIZONS_S), given.fill_ns.size))
    for day, begin, end in _days_of_fills(given, given.made.days):
        mids[:, begin:end] = _mids(day, given.fill_ns[begin:end])
    return (_arrivals(given.made, given.made.days), *mids)


def _arrivals(made: Market, days: list[MarketDay]) -> Floats:
    arrival = np.empty(made.arrival_ns.size)
    for number, first, last in _of_symbols(made.parent_symbol):
        arrival[first:last] = mid_at(days[number], made.arrival_ns[first:last])
    return arrival


def _days_of_fills(given: Orders, days: list[MarketDay]) -> Iterator[tuple[MarketDay, int, int]]:
    return ((days[number], begin, end) for number, begin, end in _of_symbols(given.fill_symbol))


def _mids(day: MarketDay, fill_ns: NDArray[np.int64]) -> Floats:
    shifts = np.array([0, *HORIZONS_S], np.int64) * 10**9
    return mids_shifted(day, fill_ns, shifts, (int(day.quote_ns[0]), _NEVER_OLD), _NEVER_OLD)[0]


def whole(given: Orders, days: list[MarketDay]) -> Answer:
    """The joins, interval VWAP, shortfall and markouts; bps by broker against arrival, VWAP, and of each markout."""
    made = given.made
    arrival, vwap = _arrivals(made, days), np.empty(made.arrival_ns.size)
    for number, first, last in _of_symbols(made.parent_symbol):
        vwap[first:last] = interval_vwap(days[number], made.arrival_ns[first:last], made.end_ns[first:last])
    worth, shares = np.zeros(arrival.size), np.zeros(arrival.size)
    marked = np.zeros((len(HORIZONS_S), 2, BROKERS))
    # Symbol by symbol, so that what lies between stays in the processor's caches.
    for day, begin, end in _days_of_fills(given, days):
        parent, price = given.parent[begin:end], given.price[begin:end]
        notional = price * given.shares[begin:end]
        worth += np.bincount(parent, notional, arrival.size)
        shares += np.bincount(parent, given.shares[begin:end], arrival.size)
        broker, signed = given.broker[parent], given.side[parent] / price * 1e4
        for place, mid in enumerate(_mids(day, given.fill_ns[begin:end])[1:]):
            marked[place] += _sums(broker, signed * (mid - price), notional)
    average = np.divide(worth, shares, out=np.full(worth.size, np.nan), where=shares > 0)
    costs = [
        _sums(given.broker, given.side * (average - benchmark) / benchmark * 1e4, worth)
        for benchmark in (arrival, vwap)
    ]
    return tuple(top / bottom for top, bottom in (*costs, *marked))


def _sums(broker: NDArray[np.int64], bps: Floats, weight: Floats) -> Floats:
    """By broker what is known, weighted, and its weights; shape (2, brokers)."""
    known = np.isfinite(bps)
    if not known.all():
        broker, bps, weight = broker[known], bps[known], weight[known]
    return np.stack([np.bincount(broker, bps * weight, BROKERS), np.bincount(broker, weight, BROKERS)])


def tables(given: Orders) -> dict[str, dict[str, NDArray[np.generic]]]:
    """The same data as tables with a symbol column, sorted by symbol and time."""
    return columns(given.made) | {
        "fills": {
            "id": np.arange(given.fill_ns.size, dtype=np.int64),
            "symbol": given.fill_symbol,
            "ts": given.fill_ns,
            "parent": given.parent,
            "price": given.price,
            "shares": given.shares,
        },
    }


class PolarsJob:
    """The job in polars: Enum symbols, `join_asof` on frames sorted by symbol and time."""

    def __init__(self, given: Orders) -> None:
        import polars as pl

        self.names = pl.Enum([f"S{number:03d}" for number in range(SYMBOLS)])
        own = {"side": given.side, "broker": given.broker}
        self.frames = {}
        for name, table in tables(given).items():
            frame = pl.DataFrame(table | (own if name == "parents" else {}))
            text = pl.format("S{}", pl.col("symbol").cast(pl.String).str.zfill(3))
            self.frames[name] = frame.with_columns(text.cast(self.names))

    def joins(self) -> Answer:
        parents, fills, quotes = (self.frames[name] for name in ("parents", "fills", "quotes"))
        arrival = parents.sort("symbol", "arrival").join_asof(
            quotes, left_on="arrival", right_on="ts", by="symbol", check_sortedness=False
        )
        return (arrival.sort("id")["mid"].to_numpy(), *(self.mid_after(fills, quotes, s) for s in (0, *HORIZONS_S)))

    @staticmethod
    def mid_after(fills, quotes, seconds: int) -> Floats:
        import polars as pl

        asked = fills.select("symbol", ts=pl.col("ts") + seconds * 10**9)
        return asked.join_asof(quotes, on="ts", by="symbol", check_sortedness=False)["mid"].to_numpy()

    def whole(self) -> Answer:
        import polars as pl

        parents, fills, quotes, prints = (self.frames[name] for name in ("parents", "fills", "quotes", "prints"))
        sums = prints.select(
            "symbol",
            "ts",
            traded=(pl.col("price") * pl.col("size")).cum_sum().over("symbol"),
            volume=pl.col("size").cum_sum().over("symbol"),
        )
        kw = {"by": "symbol", "right_on": "ts", "check_sortedness": False}
        arrival = parents.sort("symbol", "arrival").join_asof(quotes, left_on="arrival", **kw).sort("id")
        before = parents.sort("symbol", "arrival").join_asof(sums, left_on="arrival", allow_exact_matches=False, **kw)
        after = parents.sort("symbol", "finish").join_asof(sums, left_on="finish", **kw)
        first, last = (
            frame.sort("id").with_columns(pl.col("traded", "volume").fill_null(0)) for frame in (before, after)
        )
        vwap = (last["traded"] - first["traded"]) / (last["volume"] - first["volume"])
        paid = fills.group_by("parent").agg(
            worth=(pl.col("price") * pl.col("shares")).sum(), shares=pl.col("shares").sum()
        )
        costs = arrival.select("id", "side", "broker", arrival="mid").with_columns(vwap=vwap)
        costs = costs.join(paid, left_on="id", right_on="parent")
        average = pl.col("worth") / pl.col("shares")
        answer = []
        for name in ("arrival", "vwap"):
            bps = pl.col("side") * (average - pl.col(name)) / pl.col(name) * 1e4
            answer.append(self._by_broker(costs.select("broker", bps=bps, weight="worth")))
        of_parent = parents.select("id", "side", "broker")
        own = fills.select("parent", "price", "shares").join(
            of_parent, left_on="parent", right_on="id", maintain_order="left"
        )
        for seconds in HORIZONS_S:
            marked = own.with_columns(mid=pl.Series(self.mid_after(fills, quotes, seconds)))
            bps = pl.col("side") * (pl.col("mid") - pl.col("price")) / pl.col("price") * 1e4
            answer.append(self._by_broker(marked.select("broker", bps=bps, weight=pl.col("price") * pl.col("shares"))))
        return tuple(answer)

    @staticmethod
    def _by_broker(rows) -> Floats:
        import polars as pl

        known = rows.filter(pl.col("bps").is_finite())
        mean = (pl.col("bps") * pl.col("weight")).sum() / pl.col("weight").sum()
        return known.group_by("broker").agg(mean.alias("bps")).sort("broker")["bps"].to_numpy()


def duckdb_joins(given: Orders):
    """The six joins in DuckDB, on tables of its own that were loaded beforehand; a function that runs them."""
    import duckdb

    connection = duckdb.connect()
    for name, table in tables(given).items():
        connection.register("given", table)
        connection.execute(f"create table {name} as select * from given")
        connection.unregister("given")

    def run() -> Answer:
        asked = [
            "select p.id, q.mid from parents p asof left join quotes q on p.symbol = q.symbol and p.arrival >= q.ts"
        ]
        asked += [
            "select f.id, q.mid from fills f asof left join quotes q on f.symbol = q.symbol "
            f"and f.ts + {seconds * 10**9} >= q.ts"
            for seconds in (0, *HORIZONS_S)
        ]
        found = []
        for query in asked:
            rows = connection.execute(query).fetchnumpy()
            mids = np.empty(len(rows["id"]))
            mids[rows["id"]] = np.ma.filled(rows["mid"], np.nan)
            found.append(mids)
        return tuple(found)

    return run


class PandasJob:
    """The job in pandas: `merge_asof` on frames sorted by time, with the sorting."""

    def __init__(self, given: Orders) -> None:
        import pandas as pd

        self.given = tables(given)
        self.side, self.broker = given.side, given.broker
        self.names = pd.CategoricalDtype([f"S{number:03d}" for number in range(SYMBOLS)])

    def whole(self) -> Answer:
        import pandas as pd

        held = {}
        for name, table in self.given.items():
            symbol = pd.Categorical.from_codes(table["symbol"], dtype=self.names)
            held[name] = pd.DataFrame({**table, "symbol": symbol}, copy=False)
        quotes, prints, parents, fills = (held[name] for name in ("quotes", "prints", "parents", "fills"))
        of_symbol = {"by": "symbol", "right_on": "ts"}
        prints["traded"] = (prints["price"] * prints["size"]).groupby(prints["symbol"], observed=True).cumsum()
        prints["volume"] = prints["size"].groupby(prints["symbol"], observed=True).cumsum()
        quotes = quotes.sort_values("ts", kind="stable")
        sums = prints.sort_values("ts", kind="stable")[["symbol", "ts", "traded", "volume"]]
        parents["side"], parents["broker"] = self.side, self.broker
        by_arrival, by_end = parents.sort_values("arrival"), parents.sort_values("finish")
        arrival = pd.merge_asof(by_arrival, quotes, left_on="arrival", **of_symbol).set_index("id")["mid"].sort_index()
        before = pd.merge_asof(by_arrival, sums, left_on="arrival", allow_exact_matches=False, **of_symbol)
        after = pd.merge_asof(by_end, sums, left_on="finish", **of_symbol)
        first, last = (frame.set_index("id")[["traded", "volume"]].sort_index().fillna(0) for frame in (before, after))
        traded = last - first
        fills = fills.sort_values("ts")
        worth = fills["price"] * fills["shares"]
        paid = pd.DataFrame({"worth": worth, "shares": fills["shares"]}).groupby(fills["parent"]).sum()
        average, side = paid["worth"] / paid["shares"], parents["side"]
        answer = []
        for benchmark in (arrival, traded["traded"] / traded["volume"]):
            bps = side * (average - benchmark) / benchmark * 1e4
            answer.append(self._by_broker(parents["broker"], bps, paid["worth"]))
        of_fill, price = side.to_numpy()[fills["parent"]], fills["price"].to_numpy()
        brokers = pd.Series(parents["broker"].to_numpy()[fills["parent"]])
        for seconds in HORIZONS_S:
            asked = fills[["symbol"]].assign(ts=fills["ts"] + seconds * 10**9)
            mid = pd.merge_asof(asked, quotes[["symbol", "ts", "mid"]], on="ts", by="symbol")["mid"].to_numpy()
            bps = pd.Series(of_fill * (mid - price) / price * 1e4)
            answer.append(self._by_broker(brokers, bps, pd.Series(worth.to_numpy())))
        return tuple(answer)

    @staticmethod
    def _by_broker(broker, bps, weight) -> Floats:
        known = np.isfinite(bps)
        sums = (bps * weight)[known].groupby(broker[known]).sum() / weight[known].groupby(broker[known]).sum()
        return sums.sort_index().to_numpy()


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    given = orders(scale)
    quotes, prints = (sum(getattr(day, name).size for day in given.made.days) for name in ("quote_ns", "print_ns"))
    size = f"{quotes:,} quotes, {prints:,} prints, {given.fill_ns.size:,} fills, {given.side.size:,} parents"
    six = f"six as-of joins (arrival; fill, and 1, 10, 60, 300 s after it) in memory: {size}"
    job = f"arrival, VWAP and four markouts of every order, by broker, {{}}: {size}"
    if installed("duckdb"):
        yield Benchmark("tca-joins-duckdb", six, lambda: joins(given), "DuckDB, as-of joins", duckdb_joins(given), same)
    if not installed("polars"):
        return
    made = PolarsJob(given)
    yield Benchmark("tca-joins-polars", six, lambda: joins(given), "polars, join_asof, Enum", made.joins, same)
    with tempfile.TemporaryDirectory(prefix="tcakit-bench-") as kept:
        folder = Path(kept)
        store, date = stored(given.made, folder / "store"), given.made.days[0].date
        for name, frame in made.frames.items():
            frame.write_parquet(folder / f"{name}.parquet")
            frame.write_ipc(folder / f"{name}.arrow", compression="uncompressed")
        made.frames = {}

        def warm() -> Answer:
            return whole(given, days_of(store, date))

        def cold() -> Answer:
            forget(store)
            return warm()

        def polars(suffix: str) -> Callable[[], Answer]:
            return lambda: _polars_from(made, folder, suffix)

        mapped = job.format("out of a store, columns mapped")
        yield Benchmark("tca-job-parquet", mapped, warm, "polars from Parquet", polars("parquet"), same)
        yield Benchmark("tca-job-arrow", mapped, warm, "polars on mapped Arrow files", polars("arrow"), same)
        if installed("pandas"):
            yield Benchmark("tca-job-pandas", mapped, warm, "pandas, merge_asof", PandasJob(given).whole, same)
        unmapped = job.format("out of a store that has no columns yet, which are kept")
        yield Benchmark("tca-job-cold", unmapped, cold, "polars from Parquet", polars("parquet"), same)


def _polars_from(made: PolarsJob, folder: Path, suffix: str) -> Answer:
    import polars as pl

    read = pl.read_parquet if suffix == "parquet" else lambda path: pl.scan_ipc(path).collect()
    made.frames = {name: read(folder / f"{name}.{suffix}") for name in ("quotes", "prints", "parents", "fills")}
    answer = made.whole()
    made.frames = {}
    return answer
