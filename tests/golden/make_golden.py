"""One small made-up day, replayed and measured: what `test_golden.py` compares with the file beside it.

Where a change of behaviour is meant, make the file anew and read what changed in it:

    python tests/golden/make_golden.py
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.book.order_index import displayed_sizes
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.parent import ParentOrder
from tcakit.execution.volume_curve import default_curve
from tcakit.market import codes
from tcakit.replay import result as tables
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.simulator.made_day import make_day
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.sample_market import sample_market
from tcakit.tca import measure
from tcakit.venue.fees import FeeSchedule
from tcakit.venue.latency import ConstantLatency

FILE = Path(__file__).with_name("small_day.json")
DATE = "2026-03-04"
SECOND = 1_000_000_000
# A queue at each cent, so that the queue rules differ.
MARKET = sample_market("brvo")
LATENCY = ConstantLatency(feed_ns=2_000_000, entry_ns=1_000_000, response_ns=1_000_000)
TACTIC = "interval=5s,horizon=60s"
# name: side, quantity, minutes after the open, minutes long, algorithm, queue rule, ticks of limit beyond the first mid
PARENTS = {
    "twap-fifo": (codes.BUY, 3_000, 20, 15, f"twap,{TACTIC}", codes.FIFO, None),
    "twap-averse": (codes.BUY, 3_000, 20, 15, f"twap,{TACTIC}", codes.RISK_AVERSE, None),
    "twap-power": (codes.BUY, 3_000, 20, 15, f"twap,{TACTIC}", codes.POWER_PROB3, None),
    "vwap-log": (codes.SELL, 3_000, 60, 15, f"vwap,{TACTIC}", codes.LOG_PROB2, None),
    "pov-fifo": (codes.SELL, 2_500, 150, 30, f"pov:10,{TACTIC}", codes.FIFO, None),
    "is-limited": (codes.BUY, 2_000, 240, 20, f"is:5m,{TACTIC}", codes.FIFO, 1),
}
HORIZONS = (1.0, 60.0)
FILL_COLUMNS = ["order_id", "ts_ns", "price", "quantity", "liquidity", "reason", "bid", "ask", "fee"]
ORDER_COLUMNS = ["order_id", "type", "time_in_force", "price", "quantity", "filled", "state", "reason", "submitted_ns"]


def feed_of(day: RecordedDay) -> Feed:
    """The day as a level-3 recording."""
    shown = displayed_sizes(day.kind, day.side, day.price // day.instrument.tick_size, day.size, day.order_id)
    book = {name: getattr(day, name) for name in ("ts_ns", "kind", "side", "price", "size", "level_size")}
    return feed_from_columns(day.instrument, feed_columns(day.instrument, book, None, shown.queued_row))


def compute() -> dict[str, Any]:
    """The day, the orders, the fills and what they cost, as plain numbers and words."""
    day = make_day("ALFA", DATE, 11, MARKET)
    feed, market = feed_of(day), day.market_day()
    open_ns, close_ns = day.session
    orders, fills, parents = [], [], []
    for name, (side, quantity, after, minutes, algo, rule, limit) in PARENTS.items():
        start = open_ns + after * 60 * SECOND
        bid, ask = (
            float(np.asarray(side_of)[np.searchsorted(market.quote_ns, start) - 1])
            for side_of in (market.bid, market.ask)
        )
        limit_tick = None
        if limit is not None:
            limit_tick = round((bid + ask) / 2 * day.instrument.price_scale / day.instrument.tick_size) + side * limit
        spec = parse_algorithm(algo)
        parent = ParentOrder(
            name, "ALFA", DATE, side, quantity, start, start + minutes * 60 * SECOND, spec.label, limit_tick=limit_tick
        )
        strategy = make_strategy(parent, spec, lot=day.instrument.lot_size, curve=default_curve(open_ns, close_ns))
        replay = Replay(
            feed, [Participant(strategy, parent.start_ns, parent.end_ns)], ReplaySettings(LATENCY, queue_rule=rule)
        )
        found = replay.run()
        fees = FeeSchedule(maker_per_share=-0.002, taker_per_share=0.003)
        orders.append(tables.orders(found, "golden", f"{name}.", [name]))
        fills.append(tables.fills(found, "golden", f"{name}.", [name], DATE, fees))
        parents.append(
            {
                "parent_id": name,
                "symbol": "ALFA",
                "matched": True,
                "date": DATE,
                "side": side,
                "quantity": quantity,
                "size_scale": day.instrument.size_scale,
                "price_scale": day.instrument.price_scale,
                "limit_price": None if limit_tick is None else limit_tick * day.instrument.tick_size,
                "arrival_ns": parent.start_ns,
                "end_ns": parent.end_ns,
                "algo": spec.label,
                "currency": day.instrument.currency,
            }
        )
    all_fills, all_orders = pl.concat(fills), pl.concat(orders)
    measured = measure(
        pl.DataFrame(parents, infer_schema_length=None), all_fills, {("ALFA", DATE): market}, run_id="golden"
    )
    rows = np.stack(
        [getattr(day, name).astype(np.int64) for name in ("ts_ns", "kind", "side", "price", "size", "order_id")]
    )
    return {
        "day": {"rows": len(day.ts_ns), "sha256": hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()},
        "orders": _rows(all_orders.select(ORDER_COLUMNS)),
        "fills": _rows(all_fills.select(FILL_COLUMNS)),
        "tca_parents": _rows(measured.parents.drop("run_id")),
        "tca_fills": _rows(measured.fills.drop("run_id")),
        "tca_markouts": _rows(measured.markouts.filter(pl.col("horizon_s").is_in(HORIZONS)).drop("run_id")),
        "notes": list(measured.notes),
    }


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows in their own order; a number that is none is null, floats keep twelve digits, as other machines' logarithms
    may differ beyond."""
    return [{name: _plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return value


def as_text(golden: dict[str, Any]) -> str:
    """JSON with one table row a line, so that a change shows as the rows it touches."""
    parts = []
    for name, value in golden.items():
        if isinstance(value, list) and value:
            body = "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n ]"
        else:
            body = json.dumps(value)
        parts.append(f' "{name}": {body}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(as_text(compute()), encoding="utf-8")
    print(f"wrote {FILE}")
