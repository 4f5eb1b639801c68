"""The letters behind each order's further benchmarks: sums of prints, quotes and mids, looked up anew in its market."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.market.numbers import known
from tcakit.report.data import ReportData
from tcakit.report.inputs import LATEST, USABLE, contradicting_orders, order_times
from tcakit.tca.benchmark_formulas import pwp_letter
from tcakit.tca.markouts import mids_around
from tcakit.tca.measure import in_another_currency
from tcakit.tca.measure_benchmarks import day_vwap, open_print
from tcakit.tca.print_windows import PWP_RATES, WindowOrders, sums_until, window_sums
from tcakit.tca.quotes import mid_at, quotes_at

Letters = dict[str, float | None]
_AFTER = {"m_last": 0.0, "m_60": 60.0, "m_300": 300.0, "m_1800": 1800.0}
_BEFORE_NS = 60 * NS_PER_SECOND
_ADVERSE_S = 60.0
_MISSING_NS = np.iinfo(np.int64).min
_GIVEN = {
    "close_before": "previous_close",
    "C": "close_before_fills",
    "ADV": "adv_shares",
    "sigma": "volatility_daily",
    "half_spread": "half_spread_bps",
    "index_move": "index_cost_bps",
    "beta_given": "beta",
}


def benchmark_letters(data: ReportData, only: str | None = None) -> dict[str, Letters]:
    """The letters of `tca.benchmark_formulas` of every order with further benchmarks, or of the order `only`, by
    parent_id.

    What the stored days before say, and the index, are taken as they stand in the table; everything else is looked up
    or summed anew. A letter that nobody knows is None.
    """
    stored = {row["parent_id"]: row for row in _rows(data.benchmarks, only)}
    costs = {row["parent_id"]: row for row in _rows(data.tca_parents, only) if row["parent_id"] in stored}
    limits = {
        name: None if limit is None else limit / scale
        for name, limit, scale in data.parents.select("parent_id", "limit_price", "price_scale").iter_rows()
    }
    stored = {name: row for name, row in stored.items() if name in costs}
    ends: dict[str, int] = dict(data.fills.filter(USABLE).group_by("parent_id").agg(LATEST.max()).iter_rows())
    letters = _of_fills(data, costs)
    for name, row in stored.items():
        letters[name] |= {letter: row[column] for letter, column in _GIVEN.items()}
    by_day: dict[tuple[str, str], list[str]] = {}
    # An order in another money than the market's, or one that contradicts itself, was measured against nothing.
    foreign = {*in_another_currency(data.parents, data.markets), *contradicting_orders(data)}
    for name, row in costs.items():
        key = row["symbol"], row["date"]
        if key in data.markets:
            letters[name]["root_T_3"] = _root_of_a_third(data.markets[key], row)
        if key in data.markets and name not in foreign:
            by_day.setdefault(key, []).append(name)
    for key, names in by_day.items():
        day = data.markets[key]
        times = [
            [_MISSING_NS if ns is None else ns for ns in order_times(day, costs[name], ends.get(name))]
            for name in names
        ]
        _of_market(letters, day, names, np.array(times, np.int64).T, costs, stored, limits)
    for name, row in stored.items():
        _derived(letters[name], costs[name], row)
    return letters


def _of_fills(data: ReportData, costs: Mapping[str, Mapping[str, Any]]) -> dict[str, Letters]:
    """What an order's own fills and child orders say."""
    letters: dict[str, Letters] = {name: {"t_0": row["arrival_ns"]} for name, row in costs.items()}
    marks = data.markouts.filter(pl.col("horizon_s") == _ADVERSE_S).select("fill_id", "markout_bps_of_price")
    arrivals = pl.DataFrame(
        {"parent_id": list(costs), "_arrival": [row["arrival_ns"] for row in costs.values()]},
        {"parent_id": pl.String, "_arrival": pl.Int64},
    )
    shares = pl.col("quantity") / pl.col("size_scale")
    passive = pl.col("liquidity") == "maker"
    worth = (shares * (pl.col("price") / pl.col("price_scale"))).filter(passive)
    mark = pl.col("markout_bps_of_price").filter(passive)
    sums = (
        data.fills.filter(USABLE)
        .join(arrivals, on="parent_id", how="inner", maintain_order="left")
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
    for row in sums.iter_rows(named=True):
        letters[row.pop("parent_id")] |= {letter: value for letter, value in row.items() if value is not None}
    children = data.orders.group_by("parent_id").agg(
        pl.len().alias("children"), (pl.col("filled") > 0).sum().alias("children_filled")
    )
    for row in children.iter_rows(named=True):
        if row["parent_id"] in letters:
            letters[row["parent_id"]] |= {name: float(row[name]) for name in ("children", "children_filled")}
    return letters


def _rows(frame: pl.DataFrame, only: str | None) -> Iterator[dict[str, Any]]:
    return (frame if only is None else frame.filter(pl.col("parent_id") == only)).iter_rows(named=True)


def _of_market(
    letters: dict[str, Letters],
    day: MarketDay,
    names: list[str],
    times: NDArray[np.int64],
    costs: Mapping[str, Mapping[str, Any]],
    stored: Mapping[str, Mapping[str, Any]],
    limits: Mapping[str, float | None],
) -> None:
    """Sums of prints and mids of the orders of one market."""
    start, last, stop = np.ascontiguousarray(times)
    side, average, ordered, filled, limit = (
        np.array([np.nan if value is None else float(value) for value in column])
        for column in (
            [costs[name]["side"] for name in names],
            [costs[name]["average_price"] for name in names],
            [costs[name]["ordered_shares"] for name in names],
            [costs[name]["filled_shares"] for name in names],
            [limits.get(name) for name in names],
        )
    )
    begins = start != _MISSING_NS
    ordered, filled = np.where(begins, ordered, np.nan), np.where(begins, filled, np.nan)
    columns = window_sums(day, WindowOrders(start, last, stop, side, average, limit, ordered, filled))
    buys = side > 0
    base = float(day.print_price[0]) if day.print_price.size else 0.0
    told: dict[str, NDArray[np.float64]] = {
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
    bare = np.full(len(names), np.nan)
    for basis, shares in (("ordered", ordered), ("filled", filled)):
        for rate in PWP_RATES:
            letter = pwp_letter(rate, basis)
            told[f"volume_{letter}"], told[f"traded_{letter}"] = sums_until(day, start, shares, rate, side, bare)
        letter = pwp_letter(10, basis, limited=True)
        size = np.where(np.isfinite(limit), shares, np.nan)
        told[f"volume_{letter}"], told[f"traded_{letter}"] = sums_until(day, start, size, 10, side, limit)
    traded = last != _MISSING_NS
    after = np.full((len(names), len(_AFTER)), np.nan)
    after[traded] = mids_around(day, last[traded], tuple(_AFTER.values()))
    told |= {letter: after[:, place] for place, letter in enumerate(_AFTER)}
    told["m_before"] = np.full(len(names), np.nan)
    told["m_before"][begins] = mid_at(day, start[begins] - _BEFORE_NS)
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    opened = opens if math.isfinite(open_print(day)) else None
    whole = None if opens is None or closes is None or not math.isfinite(day_vwap(day)) else _sums(day, opens, closes)
    for place, name in enumerate(names):
        own = letters[name]
        own |= {letter: known(values[place]) for letter, values in told.items()}
        own["price_scale"] = float(day.instrument.price_scale)
        row = stored[name]
        if opened is not None:
            own["print_O"] = float(day.print_price[np.searchsorted(day.print_ns, opened, side="left")])
        if whole is not None:
            own["volume_D"], own["traded_D"] = whole
        if begins[place] and row["broker_start_ns"] is not None and row["broker_start_ns"] >= costs[name]["arrival_ns"]:
            moment = row["broker_start_ns"] if opens is None else max(row["broker_start_ns"], opens)
            bid, ask = quotes_at(day, np.array([moment]))
            own |= {"bid_b": known(bid[0]), "ask_b": known(ask[0])}


def _root_of_a_third(day: MarketDay, row: Mapping[str, Any]) -> float | None:
    """Root of a third of the order's time in sessions; None where its end or its session is unknown."""
    opens, closes, end = day.instrument.session_open_ns, day.instrument.session_close_ns, row["end_ns"]
    if opens is None or closes is None or end is None or closes <= opens:
        return None
    within = min(end, closes) - max(row["arrival_ns"], opens)
    return math.sqrt(within / (closes - opens) / 3.0) if within >= 0 else None


def _derived(own: Letters, costs: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Letters that rest on others: the mid at the broker's start, whether own fills are among the prints."""
    bid, ask = own.get("bid_b"), own.get("ask_b")
    own["P_b"] = None if bid is None or ask is None else (bid + ask) / 2.0
    without, vwap = row["interval_vwap_without_own"], costs["interval_vwap"]
    if without is not None and vwap is not None:
        own["own"] = 0.0 if without == vwap else costs["participation"]


def _sums(day: MarketDay, start: int, stop: int) -> tuple[float, float] | None:
    """Stored size and price x size of the prints of a stretch of time."""
    first, last = np.searchsorted(day.print_ns, start, "left"), np.searchsorted(day.print_ns, stop, "right")
    sizes, prices = day.print_size[first:last], day.print_price[first:last]
    volume = float(sizes.sum())
    return (volume, float(prices.astype(np.float64) @ sizes)) if volume > 0 else None
