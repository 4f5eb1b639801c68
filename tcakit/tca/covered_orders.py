"""Which child orders Rule 605 covers, each with the quote at its receipt, and their executions against that quote.

The quote is that of the market data at hand, which need not be the consolidated best bid and offer. A market order is
one without a limit; a limit order counts if it could be executed at receipt (a buy at or above the offer, a sell at or
below the bid). Source: 17 CFR 242.600(b), 242.605.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.market.rule605 import SIZE_FLOORS_USD
from tcakit.market.schema import REALISED_HORIZONS_S
from tcakit.tca.measure_fills import by_market
from tcakit.tca.quotes import mid_at, quotes_at, quotes_before

_RESTING = ("gtc", "day", "gtd")
_IOC = ("ioc", "fok")


@dataclass(frozen=True, slots=True)
class CoveredOrders:
    """Covered orders, their executions, and how many child orders are left out, by reason.

    `orders`: order_row (their number, by which `executions` name them), order_id, symbol, date, month (YYYYMM),
    order_type (M or ML), size (class), shares, notional, mid. `executions`: order_row, side, shares, price, bid, ask
    and mid at receipt, time_ms since then, and mid_50ms to mid_300s after the execution, null where no quote stood.
    """

    orders: pl.DataFrame
    executions: pl.DataFrame
    left_out: dict[str, int]


def covered_orders(
    parents: pl.DataFrame,
    orders: pl.DataFrame,
    fills: pl.DataFrame,
    markets: Mapping[tuple[str, str], MarketDay],
    *,
    changed: Collection[str] = (),
    with_ioc: bool = False,
) -> CoveredOrders:
    """Sift child `orders` (frames of PARENTS, ORDERS, FILLS less run_id; fills that stand) and price what is covered.

    `changed` are orders that were replaced on their way (what was received when is not told of them), or whose fills
    no longer have the day's prices. The rule's summary has no immediate-or-cancel orders; `with_ioc` takes them in.
    """
    known = _dated(_with_parents(orders, parents), markets)
    known = known.with_columns(
        shares=pl.col("quantity") / pl.col("size_scale"),
        limit=pl.col("price") / pl.col("price_scale"),
    )
    fills = _of_orders(fills, known)
    known = known.join(_first_fills(fills), on="order_row", how="left", maintain_order="left")
    known = _with_quotes(known, markets)
    reasons = _reasons(known, fills, markets, changed, with_ioc)
    known = known.with_columns(reason=reasons)
    left_out = dict(known.filter(pl.col("reason").is_not_null()).group_by("reason", maintain_order=True).len().rows())
    loose = fills["order_row"].null_count()
    if loose:
        left_out["a fill whose child order is not known: its type, size and receipt are not told"] = loose
    mid = (pl.col("bid") + pl.col("ask")) / 2
    covered = known.filter(pl.col("reason").is_null()).with_columns(mid=mid, notional=pl.col("shares") * mid)
    covered = covered.with_columns(
        month=pl.col("date").str.replace_all("-", "", literal=True).str.slice(0, 6),
        order_type=pl.when(pl.col("type") == "market").then(pl.lit("M")).otherwise(pl.lit("ML")),
        size=_size_classes(covered["notional"]),
    )
    executions = _executions(covered, fills, markets)
    names = ("order_row", "order_id", "symbol", "date", "month", "order_type", "size", "shares", "notional", "mid")
    return CoveredOrders(covered.select(names), executions, left_out)


def _with_parents(orders: pl.DataFrame, parents: pl.DataFrame) -> pl.DataFrame:
    """`order_row`, receipt, and symbol and date of the parent: of several of that id the latest when it was sent."""
    known = orders.with_row_index("order_row").with_columns(receipt_ns=pl.coalesce("acknowledged_ns", "submitted_ns"))
    told = parents.select("parent_id", "arrival_ns", "date", stored_symbol="symbol").sort("arrival_ns")
    earliest = told.unique("parent_id", keep="first").select(
        "parent_id", first_date="date", first_symbol="stored_symbol"
    )
    known = known.sort("submitted_ns").join_asof(
        told, left_on="submitted_ns", right_on="arrival_ns", by="parent_id", strategy="backward",
        check_sortedness=False,
    )  # fmt: skip
    known = known.join(earliest, on="parent_id", how="left").sort("order_row")
    return known.with_columns(
        date=pl.coalesce("date", "first_date"), symbol=pl.coalesce("stored_symbol", "first_symbol", "symbol")
    )


def _dated(orders: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> pl.DataFrame:
    """The date of the session that an order came in; where it came in none that is stored, its parent's."""
    sessions = _sessions(markets).filter(pl.col("open_ns").is_not_null()).sort("open_ns")
    found = orders.sort("receipt_ns").join_asof(
        sessions.select("symbol", "open_ns", "close_ns", session="date"),
        left_on="receipt_ns", right_on="open_ns", by="symbol", strategy="backward", check_sortedness=False,
    )  # fmt: skip
    inside = (pl.col("receipt_ns") <= pl.col("close_ns")) & pl.col("date").is_not_null()
    found = found.with_columns(date=pl.when(inside).then("session").otherwise("date"))
    return found.drop("session", "open_ns", "close_ns").sort("order_row")


def _of_orders(fills: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Fills with their `order_row`, null where there is none: a desk's order id may come again on another day."""
    known = orders.select("order_id", "submitted_ns", "order_row").sort("submitted_ns")
    first = known.unique("order_id", keep="first").select("order_id", first_row="order_row")
    rows = fills.with_row_index("fill_row").sort("ts_ns", maintain_order=True)
    rows = rows.join_asof(
        known, left_on="ts_ns", right_on="submitted_ns", by="order_id", strategy="backward", check_sortedness=False
    )
    rows = rows.join(first, on="order_id", how="left").sort("fill_row")
    return rows.with_columns(order_row=pl.coalesce("order_row", "first_row")).drop("first_row", "fill_row")


def _sessions(markets: Mapping[tuple[str, str], MarketDay]) -> pl.DataFrame:
    """Symbol, date, currency and hours of the markets."""
    return pl.DataFrame(
        [
            (symbol, date, day.instrument.currency, day.instrument.session_open_ns, day.instrument.session_close_ns)
            for (symbol, date), day in markets.items()
        ],
        schema={
            "symbol": pl.String, "date": pl.String, "quoted_in": pl.String, "open_ns": pl.Int64, "close_ns": pl.Int64,
        },
        orient="row",
    )  # fmt: skip


def _first_fills(fills: pl.DataFrame) -> pl.DataFrame:
    """Of each order: when it was first filled and at which recorded quote, and what its stamps are worth."""
    scale = pl.col("price_scale")
    return (
        fills.filter(pl.col("order_row").is_not_null())
        .sort("ts_ns", maintain_order=True)
        .group_by("order_row", maintain_order=True)
        .agg(
            first_ns=pl.col("ts_ns").first(),
            last_ns=pl.col("ts_ns").last(),
            filled_shares=(pl.col("quantity") / pl.col("size_scale")).sum(),
            shown_bid=(pl.col("bid") / scale).first(),
            shown_ask=(pl.col("ask") / scale).first(),
            coarse=pl.col("ts_resolution_ns").is_not_null().any(),
            unreceived=pl.col("received_ns").is_null().all(),
        )
    )


def _with_quotes(orders: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]) -> pl.DataFrame:
    """`bid` and `ask` at receipt; where an order met its first fill at once, the quote just before that."""
    bid, ask = np.full(orders.height, np.nan), np.full(orders.height, np.nan)
    receipt = orders["receipt_ns"].to_numpy()
    at_once = (orders["receipt_ns"] == orders["first_ns"]).fill_null(False).to_numpy()
    for rows, day in by_market(orders, markets):
        bid[rows], ask[rows] = quotes_at(day, receipt[rows])
        sudden = rows[at_once[rows]]
        bid[sudden], ask[sudden] = quotes_before(day, receipt[sudden])
    shown = (orders["shown_bid"].is_not_null() & orders["shown_ask"].is_not_null()).to_numpy() & at_once
    for quote, name in ((bid, "shown_bid"), (ask, "shown_ask")):
        quote[shown] = orders[name].fill_null(np.nan).to_numpy()[shown]
    return orders.with_columns(bid=bid, ask=ask).with_columns(pl.col("bid", "ask").fill_nan(None))


def _reasons(
    orders: pl.DataFrame,
    fills: pl.DataFrame,
    markets: Mapping[tuple[str, str], MarketDay],
    changed: Collection[str],
    with_ioc: bool,
) -> pl.Series:
    """Why each order is left out, the first reason that holds; null for those that are covered."""
    told = orders.join(_sessions(markets), on=["symbol", "date"], how="left", maintain_order="left")
    buy = pl.col("side") > 0
    marketable = (buy & (pl.col("limit") >= pl.col("ask"))) | (~buy & (pl.col("limit") <= pl.col("bid")))
    taken = _RESTING + (_IOC if with_ioc else ())
    replaced = pl.col("order_id").is_in(list(changed))
    if fills["received_ns"].is_not_null().any():
        # A log that tells receipts tells none of an order that was replaced before its fills.
        replaced |= pl.col("unreceived") & pl.col("acknowledged_ns").is_not_null()
    within = pl.col("receipt_ns").is_between("open_ns", "close_ns")
    checks = [
        (pl.col("date").is_null(), "its parent is not known"),
        (pl.col("quoted_in").is_null(), "no market data of its symbol and day is stored"),
        (pl.col("quoted_in") != "USD", "it is not priced in US dollars"),
        (~pl.col("type").is_in(["market", "limit"]), "its type is not told"),
        (pl.col("state") == "rejected", "it was rejected"),
        (pl.col("stop_price").is_not_null() | pl.col("peg").is_not_null(), "it is a stop or pegged order"),
        (pl.col("time_in_force").is_in(_IOC) & (not with_ioc), "it is immediate-or-cancel or fill-or-kill"),
        (~pl.col("time_in_force").is_in(taken), "its time in force is another, or not told"),
        (pl.col("coarse"), "its stamps are whole seconds or coarser; the rule counts milliseconds"),
        (pl.col("first_ns") < pl.col("receipt_ns"), "it was filled before it was received, by the stamps"),
        (replaced, "it was changed on its way, or its fills restated after a split"),
        (~within, "it was not received during regular hours"),
        (pl.col("last_ns") > pl.col("close_ns"), "it was filled after regular hours"),
        (pl.col("bid").is_null() | pl.col("ask").is_null(), "no two-sided quote stood at its receipt"),
        (pl.col("limit").is_not_null() & ~marketable, "its limit could not be executed at receipt"),
        (pl.col("filled_shares") > pl.col("shares") * (1 + 1e-9), "its fills are more than its size"),
    ]
    reason = pl.lit(None, dtype=pl.String)
    for holds, words in reversed(checks):
        reason = pl.when(holds.fill_null(False)).then(pl.lit(words)).otherwise(reason)
    return told.select(reason.alias("reason"))["reason"]


def _size_classes(notional: pl.Series) -> pl.Series:
    places = np.searchsorted(np.array(SIZE_FLOORS_USD, dtype=np.float64), notional.to_numpy(), side="right") - 1
    return pl.Series("size", [str(SIZE_FLOORS_USD[max(place, 0)]) for place in places.tolist()], dtype=pl.String)


def _executions(
    covered: pl.DataFrame, fills: pl.DataFrame, markets: Mapping[tuple[str, str], MarketDay]
) -> pl.DataFrame:
    """Fills of covered orders with the quote at receipt and the mids after them.

    A horizon that ends after the close takes the last quote of the session, as the rule has it.
    """
    of_order = covered.select(
        "order_row", "bid", "ask", "mid", "receipt_ns", "symbol", "date", pl.col("side").cast(pl.Float64)
    )
    rows = fills.select(
        "order_row",
        "ts_ns",
        shares=pl.col("quantity") / pl.col("size_scale"),
        price=pl.col("price") / pl.col("price_scale"),
    ).join(of_order, on="order_row", how="inner", maintain_order="left")
    rows = rows.with_columns(time_ms=(pl.col("ts_ns") - pl.col("receipt_ns")) / (NS_PER_SECOND // 1000))
    times = rows["ts_ns"].to_numpy()
    later = {name: np.full(rows.height, np.nan) for name in REALISED_HORIZONS_S}
    for unsorted, day in by_market(rows, markets):
        ordered = unsorted[np.argsort(times[unsorted], kind="stable")]
        close = day.instrument.session_close_ns
        for name, seconds in REALISED_HORIZONS_S.items():
            ends = times[ordered] + round(seconds * NS_PER_SECOND)
            if close is not None:
                ends = np.where(times[ordered] <= close, np.minimum(ends, close), ends)
            later[name][ordered] = mid_at(day, ends)
    mids = [pl.Series(f"mid_{name}", values).fill_nan(None) for name, values in later.items()]
    return rows.select("order_row", "side", "shares", "price", "bid", "ask", "mid", "time_ms").with_columns(mids)
