"""The measuring of orders once more, as polars expressions over plain frames: slow, and written from the formulas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

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

    def average_mid(self, begun: int, ended: int) -> float | None:
        """The mid by the time that each stood in a window; at once where the window has no length."""
        if ended == begun:
            found: float | None = self.quote(pl.Series([begun], dtype=pl.Int64))["mid"][0]
            return found
        held = self.quotes.unique("ts", keep="last", maintain_order=True).sort("ts")
        lengths = held.select(
            mid=(pl.col("bid") + pl.col("ask")) / 2,
            lasts=pl.min_horizontal(pl.col("ts").shift(-1, fill_value=self.last), ended)
            - pl.max_horizontal("ts", begun),
        ).filter((pl.col("lasts") > 0) & pl.col("mid").is_not_null())
        return (lengths["mid"] * lengths["lasts"]).sum() / lengths["lasts"].sum() if lengths.height else None

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


def parent_by_polars(
    order: dict[str, Any], fills: pl.DataFrame, market: Market, index: Market | None = None
) -> dict[str, float | None]:
    """Columns of `tca_parents` and `tca_benchmarks` of one order that arrives and ends within the recording.

    `order` has side, quantity, arrival, end, decision, limit, sent (first child order), closes (the close before), beta
    and facts (adv_shares, volatility_daily); `fills` ts, price, shares, passive, markout (60 s) and mid (just before
    each). A column that is not told is null.
    """
    side, quantity, begun, ended = order["side"], order["quantity"], order["arrival"], order["end"]
    arrival, end = market.quote(pl.Series([begun, ended], dtype=pl.Int64))["mid"].to_list()
    filled = fills["shares"].sum()
    out: dict[str, float | None] = {"arrival_price": arrival, "end_price": end, "fill_rate": filled / quantity}
    window = market.prints.filter(pl.col("ts").is_between(begun, ended))
    low, high = window["price"].min(), window["price"].max()
    out |= {"best_price": low if side > 0 else high, "worst_price": high if side > 0 else low}
    out |= {"window_vwap": vwap(window), "twap": market.average_mid(begun, ended), "day_vwap": None}
    first = market.prints.head(1)["price"].to_list()
    out["open_price"] = first[0] if first else None
    for basis, wanted in (("ordered", quantity), ("filled", filled)):
        out |= {f"pwp_{rate}_of_{basis}": pwp(market.prints, order, wanted, rate, None) for rate in (5, 10, 20)}
        out[f"limit_pwp_10_of_{basis}"] = pwp(market.prints, order, wanted, 10, order["limit"])
    out |= dict.fromkeys(OF_FILLED)
    if filled:
        out |= filled_by_polars(order, fills, market, index, arrival, (low, high))
    out |= before_and_costs(order, fills, market, (arrival, end))
    adv, volatility = order["facts"]
    out |= {"quantity_adv": quantity / adv, "beta": order["beta"]}
    out["timing_risk_bps"] = volatility * math.sqrt((ended - begun) / (6.5 * 3600 * NS_PER_SECOND) / 3) * 1e4
    return out


OF_FILLED = (
    "average_price", "interval_vwap", "interval_vwap_without_own", "limit_vwap", "participation", "rpm_volume",
    "rpm_trades_and_volume", "reversion_60s_bps", "reversion_300s_bps", "permanent_impact_300s_bps",
    "permanent_impact_1800s_bps", "temporary_impact_300s_bps", "temporary_impact_1800s_bps", "first_fill_s",
    "last_fill_s", "weighted_fill_s", "adverse_selection_60s_bps", "index_cost_bps", "spread_cost", "drift_cost",
    "close_before_fills", "realised_cost", "delay_to_close_cost", "market_adjusted_bps_of_executed",
)  # fmt: skip


def filled_by_polars(
    order: dict[str, Any],
    fills: pl.DataFrame,
    market: Market,
    index: Market | None,
    arrival: float | None,
    extremes: tuple[Any, Any],
) -> dict[str, float | None]:
    """What only an order with a fill has."""
    side, begun = order["side"], order["arrival"]
    out: dict[str, float | None] = {}
    filled, paid = fills["shares"].sum(), (fills["price"] * fills["shares"]).sum()
    average, last = paid / filled, fills["ts"].max()
    met = market.prints.filter(pl.col("ts").is_between(begun, last))
    volume = met["size"].sum()
    distance = (side * (met["price"] - average)).round(9)
    worse, better = met.filter(distance > 0), met.filter(distance < 0)
    if volume:
        out["rpm_volume"] = (volume + worse["size"].sum() - better["size"].sum()) / 2 / volume
        out["rpm_trades_and_volume"] = (worse.height / met.height + worse["size"].sum() / volume) / 2
        out["participation"] = filled / volume
        if fills["ts"].max() <= order["end"] and filled < volume:
            others = ((met["price"] * met["size"]).sum() - paid) / (volume - filled)
            wide = 1e-9 * abs(vwap(met) or 0.0)
            if extremes[0] - wide <= others <= extremes[1] + wide:
                out["interval_vwap_without_own"] = others
    out |= {"average_price": average, "interval_vwap": vwap(met)}
    out["limit_vwap"] = vwap(met.filter(side * (met["price"] - order["limit"]) <= 1e-9))
    moments = pl.Series([last + seconds * NS_PER_SECOND for seconds in (0, 60, 300, 1800)])
    left, *after = market.mid_from(pl.Series([last] * 4), moments).to_list()
    for name, later in zip(("60s", "300s", "1800s"), after, strict=True):
        if name != "1800s" and None not in (left, later):
            out[f"reversion_{name}_bps"] = side * (left - later) / left * 1e4
        if name != "60s" and None not in (arrival, later):
            out[f"permanent_impact_{name}_bps"] = side * (later - arrival) / arrival * 1e4
            out[f"temporary_impact_{name}_bps"] = side * (average - later) / arrival * 1e4
    if arrival is not None and fills["mid"].null_count() == 0:
        out["spread_cost"] = side * (fills["shares"] * (fills["price"] - fills["mid"])).sum()
        out["drift_cost"] = side * (fills["shares"] * (fills["mid"] - arrival)).sum()
    seconds = (fills["ts"] - begun) / NS_PER_SECOND
    out |= {"first_fill_s": seconds.min(), "last_fill_s": seconds.max()}
    out["weighted_fill_s"] = (seconds * fills["shares"]).sum() / filled
    passive = fills.filter("passive")
    if passive.height and passive["markout"].null_count() == 0:
        worth = passive["price"] * passive["shares"]
        out["adverse_selection_60s_bps"] = -(passive["markout"] * worth).sum() / worth.sum()
    close = out["close_before_fills"] = order["close"]
    out["realised_cost"] = side * (fills["shares"] * (fills["price"] - close)).sum()
    out["delay_to_close_cost"] = side * filled * (close - order["decision"])
    if index is not None:
        at_arrival = index.quote(pl.Series([begun], dtype=pl.Int64))["mid"][0]
        traded = vwap(index.prints.filter(pl.col("ts").is_between(begun, last)))
        if None not in (at_arrival, traded):
            out["index_cost_bps"] = side * (traded - at_arrival) / at_arrival * 1e4
            if arrival is not None:
                arrival_bps = side * (average - arrival) / arrival * 1e4
                out["market_adjusted_bps_of_executed"] = arrival_bps - order["beta"] * out["index_cost_bps"]
    return out


def before_and_costs(
    order: dict[str, Any],
    fills: pl.DataFrame,
    market: Market,
    mids: tuple[float | None, float | None],
) -> dict[str, float | None]:
    """Costs in money by both bases and the four timestamps, and what came before the order."""
    side, quantity, decision = order["side"], order["quantity"], order["decision"]
    arrival, end = mids
    filled, paid = fills["shares"].sum(), (fills["price"] * fills["shares"]).sum()
    names = (
        "delay_cost", "trading_cost", "order_delay_cost", "order_trading_cost", "opportunity_cost",
        "order_opportunity_cost", "market_timing_cost", "broker_execution_cost", "broker_start_price",
        "leakage_60s_bps", "total_cost", "shortfall_bps_of_paper", "arrival_bps_of_executed",
    )  # fmt: skip
    out: dict[str, float | None] = dict.fromkeys(names)
    moments = pl.Series([order["sent"], order["arrival"] - 60 * NS_PER_SECOND], dtype=pl.Int64)
    start, before = market.quote(moments)["mid"].to_list()
    out["broker_start_price"] = start if order["sent"] >= order["arrival"] else None
    if None not in (arrival, before):
        out["leakage_60s_bps"] = side * (arrival - before) / before * 1e4
    # What was filled is complete, whatever the end price; what was not is missed at it.
    missing = quantity - filled
    total = side * (paid - filled * decision) if missing == 0 else None
    if missing and end is not None:
        total = side * (paid - filled * decision) + side * missing * (end - decision)
    out |= {"total_cost": total, "shortfall_bps_of_paper": _bps(total, quantity * decision)}
    if missing == 0 or end is not None:
        out["opportunity_cost"] = side * missing * (end - decision) if missing else 0.0
    if arrival is None:
        # Without an arrival nothing is split, but what is nothing.
        nothing = None if filled else 0.0
        return out | dict.fromkeys(("delay_cost", "trading_cost", "order_trading_cost"), nothing)
    out["delay_cost"] = side * filled * (arrival - decision)
    out["trading_cost"] = out["order_trading_cost"] = side * (paid - filled * arrival)
    out["order_delay_cost"] = side * quantity * (arrival - decision)
    if missing == 0 or end is not None:
        out["order_opportunity_cost"] = side * missing * (end - arrival) if missing else 0.0
    if filled:
        out["arrival_bps_of_executed"] = side * (paid / filled - arrival) / arrival * 1e4
    if out["broker_start_price"] is not None:
        out["market_timing_cost"] = side * filled * (start - arrival)
        out["broker_execution_cost"] = side * (paid - filled * start)
    return out


def _bps(cost: float | None, notional: float) -> float | None:
    return None if cost is None else cost / notional * 1e4


def vwap(prints: pl.DataFrame) -> float | None:
    volume = prints["size"].sum()
    return (prints["price"] * prints["size"]).sum() / volume if volume else None


def pwp(prints: pl.DataFrame, order: dict[str, Any], shares: float, rate: int, limit: float | None) -> float | None:
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
