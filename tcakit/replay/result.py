"""What a replay logged, as the tables that every trade of the firm is kept in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.impact_result import fill_prices
from tcakit.replay.recorded_market import ReplayResult
from tcakit.venue.fees import FeeSchedule


def _names(values: np.ndarray, names: dict[int, str]) -> list[str]:
    return [names[int(value)] for value in values]


def _prices(result: ReplayResult, index: np.ndarray) -> np.ndarray:
    return (index + result.feed.base_tick) * result.feed.instrument.tick_size


def _is_unpriced(result: ReplayResult, order: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Whether an order was pegged and had nothing to be pegged to."""
    return (result.orders[order, lk.PEG] != codes.NO_PEG) & (index == -1)


def order_events(result: ReplayResult, run_id: str, prefix: str) -> pl.DataFrame:
    """Every step of every order (schema ORDER_EVENTS), in the order of the strategy's and the venue's clocks."""
    log = result.log
    is_market = result.orders[log[:, lk.LOG_ORDER], lk.TYPE] == codes.MARKET
    is_fill = np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED))
    recorded = log[:, lk.LOG_TICK] - log[:, lk.LOG_SHIFT]
    venue = pl.DataFrame(
        {
            "order": log[:, lk.LOG_ORDER],
            "ts_ns": log[:, lk.LOG_NS],
            "local_ns": log[:, lk.LOG_LOCAL_NS],
            "code": log[:, lk.LOG_EVENT],
            "reason_code": log[:, lk.LOG_REASON],
            "price": _prices(result, log[:, lk.LOG_TICK]),
            "size": log[:, lk.LOG_SIZE],
            "leaves": log[:, lk.LOG_LEAVES],
            "queue_ahead": result.log_ahead,
            "market_row": log[:, lk.LOG_ROW],
            "priced": is_fill | ~(is_market | _is_unpriced(result, log[:, lk.LOG_ORDER], recorded)),
            "rank": np.arange(len(log)) + 0.0,
        }
    )
    told = result.local_events
    order_ids = told[:, 1]
    local = pl.DataFrame(
        {
            "order": order_ids,
            "ts_ns": told[:, 0],
            "local_ns": told[:, 0],
            "code": told[:, 2],
            "reason_code": np.full(len(told), codes.BY_STRATEGY),
            # Not those of the order at its end: it may have been modified since.
            "price": _prices(result, told[:, 3]),
            "size": np.zeros(len(told), np.int64),
            "leaves": told[:, 4],
            "queue_ahead": np.full(len(told), -1.0),
            "market_row": np.full(len(told), -1),
            "priced": ~(
                (result.orders[order_ids, lk.TYPE] == codes.MARKET) | _is_unpriced(result, order_ids, told[:, 3])
            ),
            "rank": np.full(len(told), -1.0),
        }
    )
    # A strategy's own acts come before what the venue does with them at the same instant (zero latency).
    both = pl.concat([local, venue]).sort(["ts_ns", "rank"], maintain_order=True)
    return both.select(
        pl.lit(run_id).alias("run_id"),
        (pl.lit(prefix) + pl.col("order").cast(pl.String)).alias("order_id"),
        "ts_ns",
        "local_ns",
        pl.col("code").replace_strict(codes.STATE_NAMES, return_dtype=pl.String).alias("event"),
        pl.col("reason_code").replace_strict(codes.REASON_NAMES, return_dtype=pl.String).alias("reason"),
        pl.when("priced").then("price").alias("price"),
        "size",
        "leaves",
        pl.when(pl.col("queue_ahead") >= 0).then("queue_ahead").alias("queue_ahead"),
        "market_row",
    )


def orders(result: ReplayResult, run_id: str, prefix: str, parent_ids: Sequence[str]) -> pl.DataFrame:
    """The child orders (schema ORDERS); `parent_ids` by participant."""
    table, log = result.orders, result.log
    n = len(table)
    acknowledged = np.full(n, -1, np.int64)
    ended = np.full(n, -1, np.int64)
    reason = np.zeros(n, np.int64)
    for row in log:
        order, event = row[lk.LOG_ORDER], row[lk.LOG_EVENT]
        if event == codes.ACKNOWLEDGED:
            acknowledged[order] = row[lk.LOG_NS]
        elif event in (codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED):
            ended[order] = row[lk.LOG_NS]
            reason[order] = row[lk.LOG_REASON]
    instrument = result.feed.instrument
    pegged, waits_for_stop = table[:, lk.PEG] != codes.NO_PEG, table[:, lk.HAS_STOP] == 1
    is_limit = (table[:, lk.TYPE] == codes.LIMIT) & (~pegged | (table[:, lk.HAS_PEG_LIMIT] == 1))
    frame = pl.DataFrame(
        {
            "order_id": [f"{prefix}{order}" for order in range(n)],
            "parent_id": [parent_ids[owner] for owner in table[:, lk.OWNER]],
            "side": np.where(table[:, lk.SIDE] == 0, codes.BUY, codes.SELL),
            "type": _names(table[:, lk.TYPE], codes.ORDER_TYPE_NAMES),
            "time_in_force": _names(table[:, lk.TIME_IN_FORCE], codes.TIME_IN_FORCE_NAMES),
            "price": _prices(result, np.where(pegged, table[:, lk.PEG_LIMIT], table[:, lk.TICK])),
            "quantity": table[:, lk.QUANTITY],
            "filled": table[:, lk.QUANTITY] - table[:, lk.LEAVES],
            "state": _names(table[:, lk.STATE], codes.STATE_NAMES),
            "reason": _names(reason, codes.REASON_NAMES),
            "submitted_ns": table[:, lk.SUBMITTED_NS],
            "acknowledged_ns": acknowledged,
            "ended_ns": ended,
            "is_limit": is_limit,
            "stop_price": _prices(result, table[:, lk.STOP_TICK]),
            "has_stop": waits_for_stop,
            "display_quantity": table[:, lk.DISPLAY],
            "peg": _names(table[:, lk.PEG], codes.PEG_NAMES),
            "peg_offset": table[:, lk.PEG_OFFSET] * instrument.tick_size,
            "is_pegged": pegged,
        },
        schema_overrides={"order_id": pl.String, "parent_id": pl.String},
    )
    return frame.with_columns(
        pl.lit(run_id).alias("run_id"),
        pl.lit(instrument.symbol).alias("symbol"),
        pl.lit(instrument.price_scale).alias("price_scale"),
        pl.lit(instrument.size_scale).alias("size_scale"),
        pl.when("is_limit").then("price").alias("price"),
        pl.when(pl.col("acknowledged_ns") >= 0).then("acknowledged_ns").alias("acknowledged_ns"),
        pl.when(pl.col("ended_ns") >= 0).then("ended_ns").alias("ended_ns"),
        pl.when("has_stop").then("stop_price").alias("stop_price"),
        pl.when(pl.col("display_quantity") > 0).then("display_quantity").alias("display_quantity"),
        pl.when("is_pegged").then("peg").alias("peg"),
        pl.when("is_pegged").then("peg_offset").alias("peg_offset"),
    ).drop("is_limit", "has_stop", "is_pegged")


def fills(
    result: ReplayResult,
    run_id: str,
    prefix: str,
    parent_ids: Sequence[str],
    date: str,
    fees: FeeSchedule,
    multiplier: float = 1.0,
) -> pl.DataFrame:
    """The executions (schema FILLS) with the quote that stood before each, and the fee it cost.

    `multiplier` is what one unit at price 1 is worth; fees by share are by contract.
    """
    log, instrument = result.log, result.feed.instrument
    rows = np.flatnonzero(np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED)))
    part = log[rows]
    order = part[:, lk.LOG_ORDER]
    owner = result.orders[order, lk.OWNER]
    price = fill_prices(result, rows)
    is_maker = part[:, lk.LOG_LIQUIDITY] == codes.MAKER
    acknowledged: dict[int, int] = {
        int(row[lk.LOG_ORDER]): int(row[lk.LOG_NS]) for row in log if row[lk.LOG_EVENT] == codes.ACKNOWLEDGED
    }
    side = np.where(result.orders[order, lk.SIDE] == 0, codes.BUY, codes.SELL)
    currency, shares = price / instrument.price_scale, part[:, lk.LOG_SIZE] / instrument.size_scale
    fee = fees.fees(currency, shares, is_maker, side=side, order=order, multiplier=multiplier)
    bid, ask = part[:, lk.LOG_BID], part[:, lk.LOG_ASK]
    frame = pl.DataFrame(
        {
            "fill_id": [f"{prefix}f{at}" for at in range(len(rows))],
            "order_id": [f"{prefix}{value}" for value in order],
            "parent_id": [parent_ids[value] for value in owner],
            "ts_ns": part[:, lk.LOG_NS],
            "received_ns": np.array([acknowledged[int(value)] for value in order], np.int64),
            "side": side,
            "price": price,
            "quantity": part[:, lk.LOG_SIZE],
            "liquidity": _names(part[:, lk.LOG_LIQUIDITY], codes.LIQUIDITY_NAMES),
            "reason": _names(part[:, lk.LOG_REASON], codes.REASON_NAMES),
            "fee": fee,
            "bid": _prices(result, bid + part[:, lk.LOG_SHIFT]),
            "ask": _prices(result, ask + part[:, lk.LOG_SHIFT]),
            "has_bid": bid >= 0,
            "has_ask": ask >= 0,
        },
        schema_overrides={"fill_id": pl.String, "order_id": pl.String, "parent_id": pl.String},
    )
    return frame.with_columns(
        pl.lit(run_id).alias("run_id"),
        pl.lit(instrument.symbol).alias("symbol"),
        pl.lit(date).alias("date"),
        pl.lit(instrument.price_scale).alias("price_scale"),
        pl.lit(instrument.size_scale).alias("size_scale"),
        pl.lit(instrument.venue).alias("venue"),
        pl.when("has_bid").then("bid").alias("bid"),
        pl.when("has_ask").then("ask").alias("ask"),
    ).drop("has_bid", "has_ask")
