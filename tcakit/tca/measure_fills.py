"""Each fill against the quotes: spreads it paid and markouts, looked up market by market in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.day import MarketDay
from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S, TCA_FILLS, TCA_MARKOUTS
from tcakit.tca.markouts import markout_bps, mids_around
from tcakit.tca.quotes import quotes_at, quotes_before
from tcakit.tca.spreads import (
    effective_spread,
    price_impact,
    price_improvement,
    quoted_spread,
    realised_spread,
    spread_capture,
)
from tcakit.tca.stamps import mids_after, quotes_within

Markets = Mapping[tuple[str, str], MarketDay]
_REALISED_S = tuple(REALISED_HORIZONS_S.values())


@dataclass(frozen=True, slots=True)
class MeasuredFills:
    """The `tca_fills` and `tca_markouts` frames, rows in the order of the fills given."""

    fills: pl.DataFrame
    markouts: pl.DataFrame


def measure_fills(
    fills: pl.DataFrame, markets: Markets, run_id: str, restated: Mapping[tuple[str, str], float] | None = None
) -> MeasuredFills:
    """Spreads and markouts of `fills` (a conformed FILLS frame), null where the market data say nothing.

    The quote just before a fill is the one recorded on its row where the row has one, else the last quote
    with an earlier time. An order received at the very instant of its fill met that same quote. Fills whose stamps are
    whole seconds or coarser (`ts_resolution_ns`) are set against all that was quoted in that time (`tca.stamps`). The
    market's prices are multiplied by the factor that `restated` has for a fill's (fill_id, date), as the fill's own
    price was.
    """
    count = fills.height
    scale = fills["price_scale"].to_numpy().astype(np.float64)
    price = fills["price"].to_numpy() / np.where(scale > 0, scale, np.nan)
    times = fills["ts_ns"].to_numpy()
    side = fills["side"].to_numpy().astype(np.float64)
    side[(side != 1.0) & (side != -1.0)] = np.nan
    received = fills["received_ns"].fill_null(-1).to_numpy()
    has_receipt = fills["received_ns"].is_not_null().to_numpy()

    bid, ask = np.full(count, np.nan), np.full(count, np.nan)
    bid_at_receipt, ask_at_receipt = np.full(count, np.nan), np.full(count, np.nan)
    later = np.full((count, len(REALISED_HORIZONS_S)), np.nan)
    around = np.full((count, len(MARKOUT_HORIZONS_S)), np.nan)
    step = fills["ts_resolution_ns"].fill_null(0).to_numpy()
    window_mid, window_spread = np.full(count, np.nan), np.full(count, np.nan)
    for unsorted, day in by_market(fills, markets):
        # In order of time the searches walk through memory instead of jumping about in it.
        ordered = unsorted[np.argsort(times[unsorted], kind="stable")]
        earlier = ordered[has_receipt[ordered] & (received[ordered] < times[ordered])]
        bid_at_receipt[earlier], ask_at_receipt[earlier] = quotes_at(day, received[earlier])
        rows = ordered[step[ordered] <= 0]
        bid[rows], ask[rows] = quotes_before(day, times[rows])
        later[rows] = mids_around(day, times[rows], _REALISED_S)
        around[rows] = mids_around(day, times[rows])
        rows = ordered[step[ordered] > 0]
        quoted = quotes_within(day, times[rows], step[rows])
        bid[rows], ask[rows] = quoted.lowest_bid, quoted.highest_ask
        window_mid[rows], window_spread[rows] = quoted.mid, quoted.spread
        later[rows] = mids_after(day, times[rows], step[rows], _REALISED_S)
        around[rows] = mids_after(day, times[rows], step[rows], MARKOUT_HORIZONS_S)
    if restated:
        factor = np.array([restated.get(key, 1.0) for key in fills.select("fill_id", "date").iter_rows()])
        for prices in (bid, ask, bid_at_receipt, ask_at_receipt, window_mid, window_spread):
            prices *= factor
        for grid in (later, around):
            grid *= factor[:, None]
    recorded = (fills["bid"].is_not_null() | fills["ask"].is_not_null()).to_numpy()
    for quote, name in ((bid, "bid"), (ask, "ask")):
        given = fills[name].cast(pl.Float64).fill_null(np.nan).to_numpy() / np.where(scale > 0, scale, np.nan)
        quote[recorded] = given[recorded]
    by_window = (step > 0) & ~recorded
    at_fill = np.where(by_window, window_mid, (bid + ask) / 2.0)
    at_receipt = (bid_at_receipt + ask_at_receipt) / 2.0
    at_once = has_receipt & (received == times)
    at_receipt[at_once] = at_fill[at_once]
    # Of a whole second only the extremes are known: no quote with these two sides need have stood.
    one_quote = ~by_window
    met = at_once & one_quote
    bid_at_receipt[met], ask_at_receipt[met] = bid[met], ask[met]

    effective = effective_spread(side, price, at_fill)
    realised = {name: realised_spread(side, price, later[:, place]) for place, name in enumerate(REALISED_HORIZONS_S)}
    inside = np.where(np.isfinite(bid) & np.isfinite(ask), (bid <= price) & (price <= ask), np.nan)
    ids = fills["fill_id"]
    measured = pl.DataFrame(
        {
            "fill_id": ids,
            "parent_id": fills["parent_id"],
            "mid_at_fill": at_fill,
            "mid_at_receipt": at_receipt,
            "quoted_spread": np.where(by_window, window_spread, quoted_spread(bid, ask)),
            "effective_spread": effective,
            "effective_spread_at_receipt": effective_spread(side, price, at_receipt),
            "inside_quote": inside,
            **{f"realised_spread_{name}": spread for name, spread in realised.items()},
            **{f"price_impact_{name}": price_impact(effective, spread) for name, spread in realised.items()},
            "quoted_spread_at_receipt": quoted_spread(bid_at_receipt, ask_at_receipt),
            "price_improvement": price_improvement(side, price, bid_at_receipt, ask_at_receipt),
            "spread_capture": np.where(one_quote, spread_capture(side, price, bid, ask), np.nan),
        }
    ).with_columns(pl.selectors.float().fill_nan(None))
    measured = measured.cast({"inside_quote": pl.Boolean})
    horizons = len(MARKOUT_HORIZONS_S)
    markouts = pl.DataFrame(
        {
            "fill_id": ids.gather(np.repeat(np.arange(count), horizons)),
            "horizon_s": np.tile(np.array(MARKOUT_HORIZONS_S), count),
            "markout_bps_of_price": markout_bps(side[:, None], price[:, None], around).ravel(),
        }
    ).with_columns(pl.col("markout_bps_of_price").fill_nan(None))
    run = pl.lit(run_id).alias("run_id")
    return MeasuredFills(
        TCA_FILLS.conform(measured.with_columns(run)), TCA_MARKOUTS.conform(markouts.with_columns(run))
    )


def by_market(frame: pl.DataFrame, markets: Markets) -> Iterator[tuple[NDArray[np.int64], MarketDay]]:
    """Row numbers of `frame` (with symbol and date) and their market, for each market that is there."""
    rows = frame.select("symbol", "date").with_row_index("_row")
    for key, group in rows.group_by("symbol", "date", maintain_order=True):
        day = markets.get((str(key[0]), str(key[1])))
        if day is not None:
            yield group["_row"].to_numpy().astype(np.int64), day
