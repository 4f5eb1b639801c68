"""The report of a desk's 20,000 orders: its page with all numbers and evidence, and brokers by algorithm."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.desk_files import ALGORITHMS, BROKERS, desk_files
from benchmarks.harness import Benchmark, installed
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.tca.cells import cell_table

PARENTS, FILLS_EACH, QUOTES, PRINTS = 20_000, 10, 2_000_000, 500_000
DRAWS = 1_000
_MEASURE = "arrival_bps_of_executed"
Bounds = dict[tuple[str, str], tuple[float, float]]


def orders(count: int) -> pl.DataFrame:
    """Made costs and notionals of orders, by broker and algorithm."""
    random = np.random.default_rng(5)
    notional = np.exp(random.normal(12.0, 1.0, count))
    return pl.DataFrame(
        {
            "parent_id": pl.Series(np.arange(count)).cast(pl.String),
            "broker": random.choice(BROKERS, count),
            "algo": random.choice(ALGORITHMS, count),
            "trading_cost": notional * random.normal(5e-4, 2e-3, count),
            "executed_notional": notional,
        }
    )


def table(made: pl.DataFrame) -> Bounds:
    """Bounds (bps) of every cell of the table, tested against the rest."""
    measures = {_MEASURE: (pl.col("trading_cost"), pl.col("executed_notional"))}
    cells, _ = cell_table(made, ("broker", "algo"), measures, _MEASURE, draws=DRAWS)
    return {
        (cell["key"]["broker"], cell["key"]["algo"]): (
            cell["measures"][_MEASURE]["low"],
            cell["measures"][_MEASURE]["high"],
        )
        for cell in cells
    }


def table_by_scipy(made: pl.DataFrame) -> Bounds:
    """The same bounds by scipy.stats.bootstrap."""
    from scipy.stats import bootstrap

    def ratio(cost, notional, axis=-1):
        return np.sum(cost, axis=axis) / np.sum(notional, axis=axis) * 1e4

    found = {}
    for key, rows in made.group_by("broker", "algo"):
        pair = (rows["trading_cost"].to_numpy(), rows["executed_notional"].to_numpy())
        drawn = bootstrap(pair, ratio, paired=True, vectorized=True, n_resamples=DRAWS, method="percentile", rng=1)
        found[str(key[0]), str(key[1])] = tuple(drawn.confidence_interval)
    return found


def alike(one: Bounds, other: Bounds) -> None:
    """Bounds of two random draws lie near each other: within a fifth of the interval."""
    assert one.keys() == other.keys()
    for key, (low, high) in one.items():
        np.testing.assert_allclose(other[key], (low, high), atol=(high - low) / 5)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    parents = max(500, int(PARENTS * scale))
    made = orders(parents)
    job = f"bounds of {len(BROKERS) * len(ALGORITHMS)} cells of {parents:,} orders, {DRAWS:,} draws"
    if installed("scipy"):
        peer = ("scipy.stats.bootstrap, no tests", lambda: table_by_scipy(made))
        yield Benchmark("report-cells", job, lambda: table(made), *peer, alike)
    with tempfile.TemporaryDirectory(prefix="tcakit-bench-") as kept:
        folder = Path(kept)
        files = folder / "files"
        files.mkdir()
        desk_files(files, parents, FILLS_EACH, int(QUOTES * scale), int(PRINTS * scale))
        ingest(folder / "store", IngestRequest(paths=[str(files)]))
        request = ReportRequest(orders=True, out=folder / "page.html")
        size = f"{parents:,} parents, {parents * FILLS_EACH:,} fills"
        job = f"summary, page and evidence of measured orders: {size}"
        yield Benchmark("report-page", job, lambda: report(folder / "store", request), "none: no other draws one")
