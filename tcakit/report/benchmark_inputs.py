"""The letters behind each order's further benchmarks: sums of prints, quotes and mids, looked up anew in its market."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.report.data import ReportData
from tcakit.report.inputs import contradicting_orders
from tcakit.report.order_times import LATEST, MISSING_NS, USABLE, Ns, OrderTimes, times_of
from tcakit.tca.benchmark_formulas import pwp_letter
from tcakit.tca.by_market import rows_by_market
from tcakit.tca.markouts import mids_around
from tcakit.tca.measure import in_another_currency
from tcakit.tca.measure_benchmarks import day_vwap, open_print
from tcakit.tca.print_windows import PWP_RATES, WindowOrders, sums_until, window_sums
from tcakit.tca.quotes import mid_at, quotes_at
from tcakit.tca.weighted_mean import sum_of_products

Letters = dict[str, float | None]
Floats = NDArray[np.float64]
_AFTER = {"m_last": 0.0, "m_60": 60.0, "m_300": 300.0, "m_1800": 1800.0}
_BEFORE_NS = 60 * NS_PER_SECOND
_ADVERSE_S = 60.0
_GIVEN = {
    "close_before": "previous_close",
    "C": "close_before_fills",
    "ADV": "adv_shares",
    "sigma": "volatility_daily",
    "half_spread": "half_spread_bps",
    "index_move": "index_cost_bps",
    "beta_given": "beta",
}


def benchmark_letters(data: ReportData, order: str) -> Letters | None:
    """The letters of `letters_frame` of an order; None where it has no further benchmarks."""
    for row in letters_frame(data, order).drop("parent_id").iter_rows(named=True):
        return row
    return None


def letters_frame(data: ReportData, only: str | None = None) -> pl.DataFrame:
    """The letters of `tca.benchmark_formulas`, a column each, of every order with further benchmarks, or of the order
    `only`, whose name stands in parent_id.

    What the stored days before say, and the index, are taken as they stand in the table; everything else is looked up
    or summed anew. A letter that nobody knows is null.
    """
    asked = pl.lit(True) if only is None else pl.col("parent_id") == only
    stored = data.benchmarks.filter(asked).unique("parent_id", keep="last")
    limits = data.parents.unique("parent_id", keep="last").select(
        "parent_id", _limit=pl.col("limit_price") / pl.col("price_scale")
    )
    ends = data.fills.filter(USABLE).group_by("parent_id").agg(LATEST.max().alias("_latest"))
    orders = data.tca_parents.filter(asked).unique("parent_id", keep="last", maintain_order=True)
    further = stored.select(
        "parent_id", "broker_start_ns", "interval_vwap_without_own",
        **{f"_given_{letter}": pl.col(column) for letter, column in _GIVEN.items()},
    )  # fmt: skip
    orders = orders.join(further, on="parent_id", how="inner", maintain_order="left")
    for told in (ends, limits):
        orders = orders.join(told, on="parent_id", how="left", maintain_order="left")
    of_market = _Letters(orders.height)
    times = OrderTimes.of(orders, orders["_latest"])
    # An order in another money than the market's, or one that contradicts itself, was measured against nothing.
    foreign = {*in_another_currency(data.parents, data.markets), *contradicting_orders(data)}
    own = ~orders["parent_id"].is_in(list(foreign)).to_numpy()
    columns = {
        name: orders[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("side", "average_price", "ordered_shares", "filled_shares", "_limit")
    }
    broker_start = times_of(orders["broker_start_ns"])
    for key, rows in rows_by_market(orders).items():
        day = data.markets.get(key)
        if day is None:
            continue
        of_market.add(rows, {"root_T_3": _roots_of_a_third(day, times.taken(rows))})
        rows = rows[own[rows]]
        if rows.size:
            held = {name: values[rows] for name, values in columns.items()}
            of_market.add(rows, _of_market(day, times.taken(rows), held, broker_start[rows]))
    return _told(data, orders, of_market.frame())


def _told(data: ReportData, orders: pl.DataFrame, of_market: pl.DataFrame) -> pl.DataFrame:
    """The letters of all kinds in one frame."""
    without, vwap = pl.col("interval_vwap_without_own"), pl.col("interval_vwap")
    letters = orders.select(
        "parent_id",
        t_0="arrival_ns",
        # Whether own fills are among the prints.
        own=pl.when(without == vwap).then(0.0).when(without != vwap).then("participation"),
        **{letter: pl.col(f"_given_{letter}") for letter in _GIVEN},
    )
    for told in (_of_fills(data, orders), _of_children(data)):
        letters = letters.join(told, on="parent_id", how="left", maintain_order="left")
    both = pl.concat([letters, of_market], how="horizontal").with_columns(P_b=(pl.col("bid_b") + pl.col("ask_b")) / 2.0)
    floats = pl.selectors.float()
    return both.with_columns(pl.when(floats.is_finite()).then(floats))


class _Letters:
    """Letters of some orders, a row an order."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._columns: dict[str, Floats] = {name: np.full(orders, np.nan) for name in ("bid_b", "ask_b")}

    def add(self, rows: NDArray[np.int64], told: dict[str, Floats | float]) -> None:
        for letter, values in told.items():
            self._columns.setdefault(letter, np.full(self._orders, np.nan))[rows] = values

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(self._columns)


def _of_fills(data: ReportData, orders: pl.DataFrame) -> pl.DataFrame:
    """What an order's own fills say."""
    marks = data.markouts.filter(pl.col("horizon_s") == _ADVERSE_S).select("fill_id", "markout_bps_of_price")
    shares = pl.col("quantity") / pl.col("size_scale")
    passive = pl.col("liquidity") == "maker"
    worth = (shares * (pl.col("price") / pl.col("price_scale"))).filter(passive)
    mark = pl.col("markout_bps_of_price").filter(passive)
    return (
        data.fills.filter(USABLE)
        .join(orders.select("parent_id", _arrival="arrival_ns"), on="parent_id", how="inner", maintain_order="left")
        .join(marks.unique("fill_id"), on="fill_id", how="left", maintain_order="left")
        .group_by("parent_id", maintain_order=True)
        .agg(
            pl.col("ts_ns").min().alias("t_first"),
            pl.col("ts_ns").max().alias("t_last"),
            (shares * ((pl.col("ts_ns") - pl.col("_arrival")) / NS_PER_SECOND)).sum().alias("share_seconds"),
            pl.when(mark.len() > 0, mark.is_not_null().all()).then((mark * worth).sum()).alias("marked"),
            pl.when(mark.len() > 0, mark.is_not_null().all()).then(worth.sum()).alias("passive_paid"),
        )
    )


def _of_children(data: ReportData) -> pl.DataFrame:
    """How many child orders an order has, and how many of them were filled."""
    return data.orders.group_by("parent_id").agg(
        pl.len().cast(pl.Float64).alias("children"),
        (pl.col("filled") > 0).sum().cast(pl.Float64).alias("children_filled"),
    )


def _of_market(
    day: MarketDay, times: OrderTimes, of_orders: dict[str, Floats], broker_start: Ns
) -> dict[str, Floats | float]:
    """Sums of prints and mids of the orders of one market."""
    start, last, stop = times.of_prints(day)
    side, average, ordered, filled, limit = of_orders.values()
    begins = start != MISSING_NS
    ordered, filled = np.where(begins, ordered, np.nan), np.where(begins, filled, np.nan)
    columns = window_sums(day, WindowOrders(start, last, stop, side, average, limit, ordered, filled))
    buys = side > 0
    base = float(day.print_price[0]) if day.print_price.size else 0.0
    told: dict[str, Floats | float] = {
        "print_best": np.where(buys, columns["lowest"], columns["highest"]),
        "print_worst": np.where(buys, columns["highest"], columns["lowest"]),
        # Better and worse than the average price say nothing of an order without one.
        **{
            name: np.where(np.isfinite(average), columns[name], np.nan)
            for name in ("worse", "better", "prints", "worse_prints")
        },
        "volume_I": columns["volume"],
        "volume_L": np.where(np.isfinite(limit), columns["limit_volume"], np.nan),
        "traded_L": columns["limit_above"] + base * columns["limit_volume"],
    }
    bare = np.full(side.size, np.nan)
    for basis, shares in (("ordered", ordered), ("filled", filled)):
        for rate in PWP_RATES:
            letter = pwp_letter(rate, basis)
            told[f"volume_{letter}"], told[f"traded_{letter}"] = sums_until(day, start, shares, rate, side, bare)
        letter = pwp_letter(10, basis, limited=True)
        size = np.where(np.isfinite(limit), shares, np.nan)
        told[f"volume_{letter}"], told[f"traded_{letter}"] = sums_until(day, start, size, 10, side, limit)
    traded = last != MISSING_NS
    after = np.full((side.size, len(_AFTER)), np.nan)
    after[traded] = mids_around(day, last[traded], tuple(_AFTER.values()))
    told |= {letter: after[:, place] for place, letter in enumerate(_AFTER)}
    before = np.full(side.size, np.nan)
    before[begins] = mid_at(day, start[begins] - _BEFORE_NS)
    told |= {"m_before": before, "price_scale": float(day.instrument.price_scale)}
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    if opens is not None and math.isfinite(open_print(day)):
        told["print_O"] = float(day.print_price[np.searchsorted(day.print_ns, opens, side="left")])
    whole = None if opens is None or closes is None or not math.isfinite(day_vwap(day)) else _sums(day, opens, closes)
    if whole is not None:
        told["volume_D"], told["traded_D"] = whole
    began = np.flatnonzero(begins & (broker_start != MISSING_NS) & (broker_start >= times.arrival))
    quotes = np.full((2, side.size), np.nan)
    quotes[:, began] = quotes_at(day, broker_start[began] if opens is None else np.maximum(broker_start[began], opens))
    told["bid_b"], told["ask_b"] = quotes
    return told


def _roots_of_a_third(day: MarketDay, times: OrderTimes) -> Floats:
    """Root of a third of each order's time in sessions; NaN where its end or its session is unknown."""
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    if opens is None or closes is None or closes <= opens:
        return np.full(times.arrival.size, np.nan)
    within = np.minimum(times.end, closes) - np.maximum(times.arrival, opens)
    known = (times.end != MISSING_NS) & (within >= 0)
    return np.sqrt(np.where(known, within, np.nan) / (closes - opens) / 3.0)


def _sums(day: MarketDay, start: int, stop: int) -> tuple[float, float] | None:
    """Stored size and price x size of the prints of a stretch of time."""
    first, last = np.searchsorted(day.print_ns, start, "left"), np.searchsorted(day.print_ns, stop, "right")
    sizes, prices = day.print_size[first:last], day.print_price[first:last]
    volume = float(sizes.sum())
    return (volume, sum_of_products(prices.astype(np.float64), sizes.astype(np.float64))) if volume > 0 else None
