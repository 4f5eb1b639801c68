"""The whole way on the sample data: files, store, replay, fills, costs, pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.venue.fees import FeeSchedule

_ALGORITHMS = ("twap", "vwap", "pov:10", "is:45m")
Say = Callable[[str], None]


def demo(sample: Path, out: Path, say: Say) -> dict[str, Any]:
    """Ingest the sample, replay sixteen parents, measure them and the sample's blotter, write two pages into `out`."""
    if not (sample / "metadata.json").exists():
        raise UsageError(
            "the sample data is not here", place=str(sample), remedy="run it in the project's folder, or give --sample"
        )
    store = out / "store"
    if store.exists():
        # The demo's own store of an earlier time: made by it, and made anew by it.
        shutil.rmtree(store)
    out.mkdir(parents=True, exist_ok=True)
    say("ingest: LOBSTER books, trades and quotes as CSV, a blotter of parents and fills")
    ingested = ingest(store, IngestRequest(paths=[str(sample / "lobster"), str(sample / "blotter")]))
    say(f"        {ingested['rows']:,} rows from {len(ingested['files'])} files, {ingested['faults']} refused")
    say(
        "backtest: 2 symbols x 2 sides x 4 algorithms, 4,000 shares each, second day (the first gives the volume curve)"
    )
    parents = expand(
        ["ALFA", "BRVO"], ["buy", "sell"], [4000.0], [parse_algorithm(name) for name in _ALGORITHMS], ["2026-03-04"],
        start="10:00", end="15:30", limit=None,
    )  # fmt: skip
    fees = FeeSchedule(maker_per_share=-0.0020, taker_per_share=0.0030)
    run = backtest(store, BacktestConfig(parents=tuple(parents), fees=fees))
    say(f"        {run['orders']:,} child orders, {run['fills']:,} fills, {run['events']:,} market events")
    say("report: what the replayed orders cost, and what the firm's own orders cost")
    page = out / "backtest.html"
    replayed = report(store, ReportRequest(run=run["run_id"], out=page, title="Replayed orders"))
    blotter_page = out / "blotter.html"
    blotter = report(store, ReportRequest(orders=True, out=blotter_page, title="The desk's orders"))
    return {
        "report": str(page),
        "blotter_report": str(blotter_page),
        "store": str(store),
        "run_id": run["run_id"],
        "replayed": replayed,
        "blotter": blotter,
    }
