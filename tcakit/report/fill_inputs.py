"""What the market said of each fill: the quote it met, the one when its order came, and the mids around it.

All is looked up anew and stands as it was found. Nothing stands where, for a known reason, nothing can be looked up: no
market of that day is stored, or it is in another currency; the stamp is a window of a second or more; the fill says no
side. Of a fill that was restated after a split, or shares its id with another, only what gives the measured numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S
from tcakit.report.data import ReportData
from tcakit.tca.by_market import rows_by_market
from tcakit.tca.fill_places import markout_matrix
from tcakit.tca.markouts import mids_around
from tcakit.tca.measure import in_another_currency
from tcakit.tca.quotes import quotes_at, quotes_before

_CLOSE = 1e-9
_RESTATED = "are restated into shares and prices"
Floats = NDArray[np.float64]


def fill_inputs(data: ReportData) -> pl.DataFrame:
    """A row a fill, in the order of `data.fills`: the quote it met and the mids of its markouts.

    Columns quote_ns, bid, ask, mids (a list, one a horizon of MARKOUT_HORIZONS_S), receipt_bid and receipt_ask (when
    the child order reached the venue) and after (mids at Rule 605's horizons); each null where nothing can be looked
    up. Then `markouts` and `realised` (spreads) as they were measured, where no mid is or where the mid gives another
    number; null where neither is so of any horizon.
    """
    fills, count = data.fills, data.fills.height
    scale = np.where(fills["price_scale"].to_numpy() > 0, fills["price_scale"].to_numpy(), np.nan)
    price = fills["price"].cast(pl.Float64).fill_null(np.nan).to_numpy() / scale
    given = np.array([fills[name].cast(pl.Float64).fill_null(np.nan).to_numpy() / scale for name in ("bid", "ask")])
    recorded = fills.select(pl.col("bid").is_not_null() | pl.col("ask").is_not_null()).to_series().to_numpy()
    coarse = (fills["ts_resolution_ns"].fill_null(0) > 0).to_numpy()
    side = fills["side"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    sided = (side == 1.0) | (side == -1.0)
    quote_ns = np.full(count, -1, np.int64)
    met, receipt = np.full((2, count), np.nan), np.full((2, count), np.nan)
    mids = np.full((count, len(MARKOUT_HORIZONS_S)), np.nan)
    after = np.full((count, len(REALISED_HORIZONS_S)), np.nan)
    received, stamps = fills["received_ns"].fill_null(-1).to_numpy(), fills["ts_ns"].to_numpy()
    foreign = fills["parent_id"].is_in(list(in_another_currency(data.parents, data.markets))).fill_null(False)
    own_money = ~foreign.to_numpy()
    for key, every in rows_by_market(fills).items():
        day = data.markets.get(key)
        rows = every[own_money[every]]
        if day is None or not day.quote_ns.size:
            continue
        earlier = rows[(received[rows] >= 0) & (received[rows] < stamps[rows])]
        receipt[:, earlier] = quotes_at(day, received[earlier])
        rows = rows[~coarse[rows]]
        met[:, rows] = quotes_before(day, stamps[rows])
        quote_ns[rows] = day.quote_ns[np.maximum(np.searchsorted(day.quote_ns, stamps[rows], side="left") - 1, 0)]
        mids[rows] = mids_around(day, stamps[rows])
        after[rows] = mids_around(day, stamps[rows], tuple(REALISED_HORIZONS_S.values()))
    met[:, recorded] = given[:, recorded]
    quote_ns[recorded | np.isnan(met).any(axis=0)] = -1
    at_once = received == stamps
    receipt[:, at_once] = met[:, at_once]
    mids[~sided | ~(price > 0)] = after[~sided] = np.nan
    names = ("mid_at_fill", "mid_at_receipt", *(f"realised_spread_{name}" for name in REALISED_HORIZONS_S))
    measured = _measured(data, names)
    stated, realised = _markout_matrix(data), measured[:, 2:]
    if not data.markouts.height:
        mids[:] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        same = _near(side[:, None] * (mids - price[:, None]) / price[:, None] * 1e4, stated)
        same_after = _near(2.0 * side[:, None] * (price[:, None] - after), realised)
    apart = _of_other_prices(data)
    met[:, apart & ~_near(met.sum(axis=0) / 2.0, measured[:, 0])] = np.nan
    receipt[:, apart & ~_near(receipt.sum(axis=0) / 2.0, measured[:, 1])] = np.nan
    mids[apart[:, None] & ~same] = np.nan
    after[apart[:, None] & ~same_after] = np.nan
    whole = np.isfinite(met).all(axis=0)
    return pl.DataFrame(
        {
            "quote_ns": pl.Series(np.where(whole, quote_ns, -1)).replace(-1, None),
            "bid": pl.Series(np.where(whole, met[0], np.nan)).fill_nan(None),
            "ask": pl.Series(np.where(whole, met[1], np.nan)).fill_nan(None),
            "mids": _lists(mids),
            "receipt_bid": pl.Series(receipt[0]).fill_nan(None),
            "receipt_ask": pl.Series(receipt[1]).fill_nan(None),
            "after": _lists(after),
            "markouts": _lists(np.where(same, np.nan, stated)),
            "realised": _lists(np.where(same_after, np.nan, realised)),
        }
    ).with_columns(
        pl.when(pl.col(name).list.drop_nulls().list.len() > 0).then(name) for name in ("markouts", "realised")
    )


def _of_other_prices(data: ReportData) -> NDArray[np.bool_]:
    """Fills whose numbers are not of the quotes at their own time: restated after a split, or measured under an id that
    another fill has too.
    """
    restated = data.parents.filter(pl.col("notes").str.contains(_RESTATED, literal=True))
    split = pl.col("parent_id").is_in(restated["parent_id"].to_list()).fill_null(False)
    return data.fills.select(split | pl.col("fill_id").is_duplicated()).to_series().to_numpy()


def _measured(data: ReportData, names: tuple[str, ...]) -> Floats:
    """Columns of `tca_fills`, a row a fill of `data.fills`; NaN where there is none."""
    own = data.tca_fills.unique("fill_id", keep="first").select("fill_id", *names)
    joined = data.fills.select("fill_id").join(own, on="fill_id", how="left", maintain_order="left")
    return joined.select(pl.col(names).cast(pl.Float64).fill_null(np.nan)).to_numpy()


def _lists(values: Floats) -> pl.Series:
    """The rows of a matrix as lists, null for NaN."""
    rows = pl.Series(values, dtype=pl.Array(pl.Float64, values.shape[1])).arr.to_list()
    return rows.list.eval(pl.element().fill_nan(None))


def _markout_matrix(data: ReportData) -> Floats:
    """The stored markouts, a row a fill of `data.fills` and a column a horizon; NaN where there is none."""
    found, matrix = markout_matrix(data.markouts, data.fills["fill_id"])
    horizons = np.array(MARKOUT_HORIZONS_S, np.float64)
    if np.array_equal(found, horizons):
        return matrix
    out = np.full((data.fills.height, horizons.size), np.nan)
    known = np.isin(found, horizons)
    out[:, np.searchsorted(horizons, found[known])] = matrix[:, known]
    return out


def _near(found: Any, stated: Any) -> Any:
    return np.abs(found - stated) <= _CLOSE * np.maximum(np.abs(stated), 1.0)
