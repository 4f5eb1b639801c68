"""What the market said of each order: the quotes and the sums of prints that its numbers rest on, with their times.

Every input is looked up anew and kept only where it gives the number that was measured: what it cannot give is None, so
that nobody takes an input for the ground of a number that rests on something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.day import MarketDay
from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S
from tcakit.report.data import ReportData
from tcakit.tca.markouts import mids_around
from tcakit.tca.quotes import first_mid, quotes_at, recorded_span

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class MarketInputs:
    """The ground of one order's market prices.

    `arrival`, `decision`, `end` and `close` are quotes (time ns, bid, offer); `interval` and `window` sums over prints
    (first ns, last ns, prints, stored size, stored price x size); `twap` an integral over quotes (first ns, last ns, ns
    with a mid, a base price, integral of the mid above it in price x ns). Prices in currency. None where the number is
    missing, or rests on something else.
    """

    parent_id: str
    price_scale: int
    size_scale: int
    arrival: tuple[int, float, float] | None = None
    decision: tuple[int, float, float] | None = None
    end: tuple[int, float, float] | None = None
    close: tuple[int, float, float] | None = None
    interval: tuple[int, int, int, int, int] | None = None
    window: tuple[int, int, int, int, int] | None = None
    twap: tuple[int, int, int, float, float] | None = None


def market_inputs(data: ReportData, only: str | None = None) -> dict[str, MarketInputs]:
    """The inputs of every measured order whose market is there, or of the order `only`, by parent_id."""
    asked = {row["parent_id"]: row for row in data.parents.iter_rows(named=True)}
    latest = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
    ends = data.fills.group_by("parent_id").agg(latest.max().alias("latest"))
    latest_fill: dict[str, int] = dict(ends.iter_rows())
    found = {}
    firsts = {key: first_mid(day) for key, day in data.markets.items()}
    for row in data.tca_parents.iter_rows(named=True):
        key = row["symbol"], row["date"]
        day = data.markets.get(key)
        name = row["parent_id"]
        if day is not None and (only is None or name == only):
            inputs = _inputs(day, firsts[key], row, asked.get(name, {}), latest_fill.get(name))
            if inputs.end is None and row["end_price"] is not None:
                inputs = replace(inputs, end=_end_of_a_later_day(data, row))
            found[name] = inputs
    return found


def fill_inputs(data: ReportData) -> pl.DataFrame:
    """A row a fill, in the order of `data.fills`: the quote it met and the mids of its markouts, where they are theirs.

    Columns quote_ns, bid, ask, mids (a list, one a horizon of MARKOUT_HORIZONS_S), receipt_bid and receipt_ask (when
    the child order reached the venue) and after (mids at Rule 605's horizons); each null where the measured number
    rests on something else: a window of a coarse stamp, say. Then `markouts` and `realised` (spreads), those that rest
    on something else, null where none does.
    """
    fills, count = data.fills, data.fills.height
    scale = np.where(fills["price_scale"].to_numpy() > 0, fills["price_scale"].to_numpy(), np.nan)
    price = fills["price"].cast(pl.Float64).fill_null(np.nan).to_numpy() / scale
    given = [fills[name].cast(pl.Float64).fill_null(np.nan).to_numpy() / scale for name in ("bid", "ask")]
    quote_ns = np.full(count, -1, np.int64)
    bid, ask = (np.array(side) for side in given)
    mids = np.full((count, len(MARKOUT_HORIZONS_S)), np.nan)
    after = np.full((count, len(REALISED_HORIZONS_S)), np.nan)
    receipt = np.full((2, count), np.nan)
    received = fills["received_ns"].fill_null(-1).to_numpy()
    for (symbol, date), rows in _by_market(fills):
        day = data.markets.get((symbol, date))
        if day is None or not day.quote_ns.size:
            continue
        times = fills["ts_ns"].to_numpy()[rows]
        place = np.searchsorted(day.quote_ns, times, side="left") - 1
        looked = np.isnan(given[0][rows]) & np.isnan(given[1][rows]) & (place >= 0)
        bid[rows[looked]], ask[rows[looked]] = day.bid[place[looked]], day.ask[place[looked]]
        quote_ns[rows[looked]] = day.quote_ns[place[looked]]
        mids[rows] = mids_around(day, times)
        after[rows] = mids_around(day, times, tuple(REALISED_HORIZONS_S.values()))
        earlier = rows[(received[rows] >= 0) & (received[rows] < times)]
        receipt[:, earlier] = quotes_at(day, received[earlier])
    at_once = received == fills["ts_ns"].to_numpy()
    receipt[:, at_once] = bid[at_once], ask[at_once]
    spreads = [f"realised_spread_{name}" for name in REALISED_HORIZONS_S]
    measured = fills.select("fill_id").join(
        data.tca_fills.unique("fill_id", keep="first").select("fill_id", "mid_at_fill", "mid_at_receipt", *spreads),
        on="fill_id",
        how="left",
        maintain_order="left",
    )
    then = _near((receipt[0] + receipt[1]) / 2.0, measured["mid_at_receipt"].fill_null(np.nan).to_numpy())
    receipt[:, ~then] = np.nan
    met = _near((bid + ask) / 2.0, measured["mid_at_fill"].fill_null(np.nan).to_numpy())
    side = fills["side"].to_numpy().astype(np.float64)
    stated = _markout_matrix(data)
    with np.errstate(divide="ignore", invalid="ignore"):
        mids[~_near(side[:, None] * (mids - price[:, None]) / price[:, None] * 1e4, stated, 1e-7)] = np.nan
    realised = measured.select(pl.col(spreads).cast(pl.Float64).fill_null(np.nan)).to_numpy()
    after[~_near(2.0 * side[:, None] * (price[:, None] - after), realised)] = np.nan
    return pl.DataFrame(
        {
            "quote_ns": pl.Series(np.where(met & (quote_ns >= 0), quote_ns, -1)).replace(-1, None),
            "bid": pl.Series(np.where(met, bid, np.nan)).fill_nan(None),
            "ask": pl.Series(np.where(met, ask, np.nan)).fill_nan(None),
            "mids": _lists(mids),
            "receipt_bid": pl.Series(receipt[0]).fill_nan(None),
            "receipt_ask": pl.Series(receipt[1]).fill_nan(None),
            "after": _lists(after),
            "markouts": _lists(np.where(np.isnan(mids), stated, np.nan)),
            "realised": _lists(np.where(np.isnan(after), realised, np.nan)),
        }
    ).with_columns(
        pl.when(pl.col(name).list.drop_nulls().list.len() > 0).then(name) for name in ("markouts", "realised")
    )


def _lists(values: np.ndarray[Any, np.dtype[np.float64]]) -> pl.Series:
    """The rows of a matrix as lists, null for NaN."""
    rows = pl.Series(values, dtype=pl.Array(pl.Float64, values.shape[1])).arr.to_list()
    return rows.list.eval(pl.element().fill_nan(None))


def _markout_matrix(data: ReportData) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The stored markouts, a row a fill of `data.fills` and a column a horizon; NaN where there is none."""
    wide = data.fills.select("fill_id").with_row_index("_row")
    rows = data.markouts.join(wide, on="fill_id", how="inner")
    places = {horizon: place for place, horizon in enumerate(MARKOUT_HORIZONS_S)}
    known = rows.filter(pl.col("horizon_s").is_in(list(places)))
    out = np.full((data.fills.height, len(places)), np.nan)
    columns = known["horizon_s"].replace_strict(list(places), list(places.values()), return_dtype=pl.Int64).to_numpy()
    out[known["_row"].to_numpy(), columns] = known["markout_bps_of_price"].fill_null(np.nan).to_numpy()
    return out


def _by_market(fills: pl.DataFrame) -> Iterable[tuple[tuple[str, str], np.ndarray[Any, np.dtype[np.int64]]]]:
    for key, group in (
        fills.select("symbol", "date").with_row_index("_row").group_by("symbol", "date", maintain_order=True)
    ):
        yield (str(key[0]), str(key[1])), group["_row"].to_numpy().astype(np.int64)


def _near(found: Any, stated: Any, least: float = _CLOSE) -> Any:
    return np.abs(found - stated) <= least * np.maximum(np.abs(stated), 1.0)


def _is_near(found: float, stated: float) -> bool:
    """`_near` of two numbers."""
    return abs(float(found) - stated) <= _CLOSE * max(abs(stated), 1.0)


def _inputs(
    day: MarketDay, first: Any, row: dict[str, Any], asked: dict[str, Any], latest_fill: int | None
) -> MarketInputs:
    instrument = day.instrument
    opens, closes = instrument.session_open_ns, instrument.session_close_ns
    arrival = row["arrival_ns"]
    start = arrival if opens is None else max(arrival, opens)
    ends = [moment for moment in (row["end_ns"], latest_fill) if moment is not None]
    stops = [moment if closes is None else min(moment, closes) for moment in ends]
    span = recorded_span(day)
    lasts = [moment for moment in (row["last_fill_ns"], latest_fill, span[1] if span else None) if moment is not None]
    decided = asked.get("decision_ns") if asked.get("decision_price") is None else None
    return MarketInputs(
        parent_id=row["parent_id"],
        price_scale=instrument.price_scale,
        size_scale=instrument.size_scale,
        arrival=_quote(day, [start, *([first[0]] if first else [])], row["arrival_price"]),
        decision=_quote(day, [decided] if decided is not None else [], row["decision_price"]),
        end=_quote(day, stops, row["end_price"]),
        close=_quote(day, [closes] if closes is not None else [], row["close_price"]),
        interval=_sums(day, start, lasts, row["interval_vwap"]),
        window=_sums(day, start, stops, row["window_vwap"]),
        twap=_integral(day, start, stops, row["twap"]),
    )


def _end_of_a_later_day(data: ReportData, row: dict[str, Any]) -> tuple[int, float, float] | None:
    """The quote that stood when an order ended that lasted beyond its first day."""
    later = [key for key in data.markets if key[0] == row["symbol"] and key[1] > row["date"]]
    for key in sorted(later, reverse=True) if row["end_ns"] is not None else ():
        day = data.markets[key]
        closes = day.instrument.session_close_ns
        found = _quote(day, [row["end_ns"] if closes is None else min(row["end_ns"], closes)], row["end_price"])
        if found is not None:
            return found
    return None


def _quote(day: MarketDay, moments: list[int], mid: float | None) -> tuple[int, float, float] | None:
    """The quote that stood at the first of some moments whose mid is the stated one."""
    if mid is None:
        return None
    for moment in moments:
        place = int(np.searchsorted(day.quote_ns, moment, side="right")) - 1
        if place >= 0 and _is_near((day.bid[place] + day.ask[place]) / 2.0, mid):
            return int(day.quote_ns[place]), float(day.bid[place]), float(day.ask[place])
    return None


def _sums(day: MarketDay, start: int, ends: list[int], vwap: float | None) -> tuple[int, int, int, int, int] | None:
    """The prints from start to the first of some ends whose VWAP is the stated one."""
    if vwap is None:
        return None
    first = int(np.searchsorted(day.print_ns, start, side="left"))
    for end in ends:
        last = int(np.searchsorted(day.print_ns, end, side="right"))
        prices, sizes = day.print_price[first:last], day.print_size[first:last]
        volume = int(sizes.sum())
        if volume <= 0:
            continue
        traded = (
            int(np.dot(prices.astype(object), sizes.astype(object))) if _wide(prices, sizes) else int(prices @ sizes)
        )
        if _is_near(traded / volume / day.instrument.price_scale, vwap):
            return start, end, last - first, volume, traded
    return None


def _wide(prices: Any, sizes: Any) -> bool:
    """Whether 64 bits might not hold the sum."""
    return float(np.max(np.abs(prices), initial=0)) * float(sizes.sum()) >= float(2**62)


def _integral(
    day: MarketDay, start: int, ends: list[int], twap: float | None
) -> tuple[int, int, int, float, float] | None:
    """The integral of the mid from start to the first of some ends whose average is the stated one."""
    if twap is None:
        return None
    for end in ends:
        first = int(np.searchsorted(day.quote_ns, start, side="right")) - 1
        last = int(np.searchsorted(day.quote_ns, end, side="left"))
        held = max(first, 0)
        mids = (day.bid[held:last] + day.ask[held:last]) / 2.0
        stamps = np.clip(np.append(day.quote_ns[held:last], end), start, end)
        known = np.isfinite(mids)
        if end <= start or not known.any():
            continue
        lengths = np.diff(stamps)[known]
        base = float(mids[known][0])
        area, covered = float(np.dot(mids[known] - base, lengths)), int(lengths.sum())
        if covered and _is_near(base + area / covered, twap):
            return start, end, covered, base, area
    return None
