"""A schedule as `tcakit schedule` tells it: columns by slice, and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jobs.schedule_problem import Day
from tcakit.market.clock import NS_PER_SECOND, format_time


def told(day: Day, trades: NDArray[np.float64], algo: str) -> dict[str, Any]:
    """The schedule itself: columns by slice, and the slices as rows."""
    zone = day.setting.timezone
    times = [format_time(int(ns), zone) for ns in day.slices.start_ns]
    ends = [format_time(int(ns), zone) for ns in day.slices.end_ns]
    rate = np.divide(trades, day.volume, out=np.zeros(trades.size), where=day.volume > 0.0)
    left = np.maximum(day.order.quantity - np.cumsum(trades), 0.0)
    return {
        "symbol": day.setting.symbol,
        "date": day.setting.date,
        "side": day.order.side,
        "quantity": day.order.quantity,
        "algo": algo,
        "timezone": zone,
        "currency": day.setting.facts.currency,
        "times": times,
        "ends": ends,
        "quantities": trades.tolist(),
        "left": left.tolist(),
        "volume": day.volume.tolist(),
        "participation": rate.tolist(),
        "auction": day.slices.auction.tolist(),
        "allowed": day.slices.allowed.tolist(),
        "curve": day.setting.curve.name,
        "seconds": (day.slices.length_ns / NS_PER_SECOND).tolist(),
    }


def write_page(result: dict[str, Any], out: Path) -> dict[str, Any]:
    """The schedule's page, written; the result with where it lies."""
    from tcakit.jobs.report import write_whole
    from tcakit.report.schedule_page import render_schedule

    if out.suffix.lower() != ".html":
        raise UsageError(f"{out} is no page", place="--out", remedy="give a file that ends in .html")
    write_whole(out, render_schedule(result))
    return result | {"out": str(out)}
