"""The measuring of orders once more, as polars expressions over plain frames: slow, and written from the formulas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.schema import MARKOUT_HORIZONS_S, REALISED_HORIZONS_S

MINUTE_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True)
class Market:
    """A market as frames: quotes (ts, bid, ask: null where a side is empty), prints (ts, price, size), in currency and
    shares; first and last instant of the recording, and halts."""

    quotes: pl.DataFrame
    prints: pl.DataFrame
    first: int
    last: int
    halts: tuple[tuple[int, int], ...]

    def quote(self, at: pl.Series, before: bool = False) -> pl.DataFrame:
        """bid, ask, mid and since (when it was quoted) for each instant; null where none stood."""
        held = self.quotes.unique("ts", keep="last", maintain_order=True).sort("ts")
        held = held.with_columns(mid=(pl.col("bid") + pl.col("ask")) / 2, since="ts")
        asked = pl.DataFrame({"at": at}).with_row_index("row").sort("at")
        found = asked.join_asof(
            held, left_on="at", right_on="ts", strategy="backward", allow_exact_matches=not before
        ).sort("row")
        inside = pl.col("at").is_between(self.first, self.last)
        return found.select(pl.when(inside).then(pl.col("bid", "ask", "mid", "since")))

    def mid_from(self, origin: pl.Series, at: pl.Series) -> pl.Series:
        """The mid at an instant, null where it may not be set against an event at `origin`."""
        found = self.quote(at).with_columns(at=at, origin=origin)
        passed = [
            self.prints.filter((pl.col("ts") > since) & (pl.col("ts") <= moment)).height if since is not None else 0
            for since, moment in found.select("since", "at").rows()
        ]
        fresh = (pl.col("at") - pl.col("since") <= MINUTE_NS) | (pl.Series(passed, dtype=pl.Int64) < 5)
        usable = fresh & pl.col("origin").is_between(self.first, self.last)
        low, high = pl.min_horizontal("origin", "at"), pl.max_horizontal("origin", "at")
        for begun, ended in self.halts:
            usable &= ~((low < ended) & (high >= begun))
        return found.select(pl.when(usable).then("mid").alias("mid"))["mid"]


def fills_by_polars(fills: pl.DataFrame, market: Market) -> pl.DataFrame:
    """`tca_fills` and a column a markout horizon; `fills` has ts, received, side, price (currency)."""
    stood = market.quote(fills["ts"], before=True)
    earlier = market.quote(fills["received"].fill_null(-1))
    rows = fills.with_columns(stood).with_columns(earlier.select(pl.all().name.prefix("earlier_")))
    when = pl.when(pl.col("received") < pl.col("ts")).then
    for name in ("bid", "ask", "mid"):
        at_receipt = when(f"earlier_{name}").when(pl.col("received") == pl.col("ts")).then(name)
        rows = rows.with_columns(at_receipt.alias(f"receipt_{name}"))
    side, price = pl.col("side"), pl.col("price")
    far = pl.when(side > 0).then("ask").otherwise("bid")
    far_at_receipt = pl.when(side > 0).then("receipt_ask").otherwise("receipt_bid")
    width = pl.col("ask") - pl.col("bid")
    out = rows.select(
        mid_at_fill="mid",
        mid_at_receipt="receipt_mid",
        quoted_spread=width,
        effective_spread=2 * side * (price - pl.col("mid")),
        effective_spread_at_receipt=2 * side * (price - pl.col("receipt_mid")),
        inside_quote=pl.when(width.is_not_null()).then((pl.col("bid") <= price) & (price <= pl.col("ask"))),
        quoted_spread_at_receipt=pl.col("receipt_ask") - pl.col("receipt_bid"),
        price_improvement=side * (far_at_receipt - price),
        spread_capture=pl.when(width > 0).then(side * (far - price) / width),
    )
    for name, seconds in REALISED_HORIZONS_S.items():
        later = market.mid_from(fills["ts"], fills["ts"] + round(seconds * NS_PER_SECOND))
        realised = (2 * fills["side"] * (fills["price"] - later)).alias(f"realised_spread_{name}")
        out = out.with_columns(realised, (out["effective_spread"] - realised).alias(f"price_impact_{name}"))
    for seconds in MARKOUT_HORIZONS_S:
        later = market.mid_from(fills["ts"], fills["ts"] + round(seconds * NS_PER_SECOND))
        marked = fills["side"] * (later - fills["price"]) / fills["price"] * 1e4
        out = out.with_columns(marked.alias(f"markout {seconds}"))
    return out


def parent_by_polars(order: dict[str, float], fills: pl.DataFrame, market: Market) -> dict[str, float | None]:
    """Columns of `tca_parents` and `tca_benchmarks` of one order that arrives and ends within the recording.

    `order` has side, quantity, arrival, end, decision, limit; `fills` ts, price, shares and mid (just before each).
    """
    side, quantity = order["side"], order["quantity"]
    moments = pl.Series([order["arrival"], order["end"]], dtype=pl.Int64)
    arrival, end = market.quote(moments)["mid"].to_list()
    filled = fills["shares"].sum()
    paid = (fills["price"] * fills["shares"]).sum()
    out: dict[str, float | None] = {"arrival_price": arrival, "end_price": end, "fill_rate": filled / quantity}
    window = market.prints.filter(pl.col("ts").is_between(order["arrival"], order["end"]))
    low, high = window["price"].min(), window["price"].max()
    out |= {"best_price": low if side > 0 else high, "worst_price": high if side > 0 else low}
    out["window_vwap"] = vwap(window)
    out |= {
        f"pwp_{rate}_of_{basis}": pwp(market.prints, order, wanted, rate, None)
        for rate in (5, 10, 20)
        for basis, wanted in (("ordered", quantity), ("filled", filled))
    }
    for basis, wanted in (("ordered", quantity), ("filled", filled)):
        out[f"limit_pwp_10_of_{basis}"] = pwp(market.prints, order, wanted, 10, order["limit"])
    out["day_vwap"] = None
    if filled:
        average, last = paid / filled, fills["ts"].max()
        met = market.prints.filter(pl.col("ts").is_between(order["arrival"], last))
        volume = met["size"].sum()
        distance = (side * (met["price"] - average)).round(9)
        worse, better = met.filter(distance > 0), met.filter(distance < 0)
        if volume:
            out["rpm_volume"] = (volume + worse["size"].sum() - better["size"].sum()) / 2 / volume
            out["rpm_trades_and_volume"] = (worse.height / met.height + worse["size"].sum() / volume) / 2
            out["participation"] = filled / volume
        out |= {"average_price": average, "interval_vwap": vwap(met)}
        out["limit_vwap"] = vwap(met.filter(side * (met["price"] - order["limit"]) <= 1e-9))
        moments = pl.Series([last + seconds * NS_PER_SECOND for seconds in (0, 60, 300, 1800)])
        left, *after = market.mid_from(pl.Series([last] * 4), moments).to_list()
        for name, later in zip(("60s", "300s", "1800s"), after, strict=True):
            known = None not in (left, later)
            if name != "1800s":
                out[f"reversion_{name}_bps"] = side * (left - later) / left * 1e4 if known else None
            if name != "60s":
                known = None not in (arrival, later)
                out[f"permanent_impact_{name}_bps"] = side * (later - arrival) / arrival * 1e4 if known else None
                out[f"temporary_impact_{name}_bps"] = side * (average - later) / arrival * 1e4 if known else None
        mids = fills["mid"].to_list()
        if arrival is not None and None not in mids:
            out["spread_cost"] = side * (fills["shares"] * (fills["price"] - fills["mid"])).sum()
            out["drift_cost"] = side * (fills["shares"] * (fills["mid"] - arrival)).sum()
        seconds = (fills["ts"] - order["arrival"]) / NS_PER_SECOND
        out["weighted_fill_s"] = (seconds * fills["shares"]).sum() / filled
    if arrival is not None:
        out["delay_cost"] = side * filled * (arrival - order["decision"])
        out["trading_cost"] = side * (paid - filled * arrival)
        out["order_delay_cost"] = side * quantity * (arrival - order["decision"])
        if end is not None:
            out["opportunity_cost"] = side * (quantity - filled) * (end - order["decision"])
            out["order_opportunity_cost"] = side * (quantity - filled) * (end - arrival)
    return out


def vwap(prints: pl.DataFrame) -> float | None:
    volume = prints["size"].sum()
    return (prints["price"] * prints["size"]).sum() / volume if volume else None


def pwp(prints: pl.DataFrame, order: dict[str, float], shares: float, rate: int, limit: float | None) -> float | None:
    """VWAP of the prints from arrival on until shares x 100 / rate have printed, the last in part."""
    if not shares:
        return None
    wanted = math.ceil(shares * 100 / rate)
    mine = prints.filter(pl.col("ts") >= order["arrival"])
    if limit is not None:
        mine = mine.filter(order["side"] * (mine["price"] - limit) <= 1e-9)
    before = pl.col("size").cum_sum() - pl.col("size")
    taken = mine.with_columns(taken=(wanted - before).clip(0, pl.col("size")))
    if taken["taken"].sum() < wanted:
        return None
    return (taken["price"] * taken["taken"]).sum() / wanted
