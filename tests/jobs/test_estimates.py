"""Each parent of a run has its estimate of what was known before its day, stored once and dropped with the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tcakit.impact.fitted import FittedModel
from tcakit.jobs import estimates
from tcakit.jobs.estimate_parents import estimate_parents
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.store.database import Store
from tcakit.store.fits import put_fit
from tcakit.store.results import drop_run, find_run, table

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    return Store(folder)


def _fit(store: Store, fit_id: str, date_to: str) -> None:
    model = FittedModel("square-root", ("prefactor",), (0.5,), np.linspace(0.4, 0.6, 41)[:, None], half_spreads=1.0)
    put_fit(
        store,
        {
            "fit_id": fit_id, "kind": "impact", "model": "square-root", "source": "own-fills", "symbol": None,
            "date_from": "2026-03-02", "date_to": date_to, "created_ns": 1, "fitted": model.as_dict(),
            "diagnostics": {}, "data_keys": [], "versions": {},
        },
    )  # fmt: skip


def test_estimates_are_stored_with_the_run_and_gone_with_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = report(store.folder, ReportRequest(orders=True))
    run_id = find_run(store, None)["run_id"]
    stored = table(store, "estimates", run_id)
    parents = load_blotter(store).parents.filter(pl.col("matched"))
    assert set(stored["parent_id"]) == set(parents["parent_id"])
    made = estimate_parents(store, parents).filter(pl.col("model") == "square-root").sort("parent_id")
    held = stored.filter(pl.col("model") == "square-root").sort("parent_id")
    assert held["mean_bps"].to_list() == made["mean_bps"].to_list()
    assert held["order_low_bps"].to_list() == made["order_low_bps"].to_list()
    # The first stored day has no earlier one: no estimate, and a reason.
    known = held.join(parents.select("parent_id", "date"), on="parent_id")
    first = known["date"] == known["date"].min()
    assert known.filter(first)["mean_bps"].null_count() == known.filter(first).height > 0
    assert known.filter(first)["reason"].null_count() == 0
    assert known.filter(~first)["reason"].null_count() == known.filter(~first).height > 0
    monkeypatch.setattr(estimates, "estimate_parents", _must_not_be_asked)
    again = report(store.folder, ReportRequest(orders=True))
    assert again["estimates"] == summary["estimates"]
    drop_run(store, run_id)
    assert table(store, "estimates", run_id).height == 0


def _must_not_be_asked(*_: Any, **__: Any) -> None:
    raise AssertionError("estimates were stored")


def test_a_day_that_came_later_is_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    days = sorted((SAMPLE / "lobster").glob("ALFA_*"))
    ingest(folder, IngestRequest([*(str(path) for path in days if "2026-03-04" in path.name), str(SAMPLE / "blotter")]))
    store = Store(folder)
    report(folder, ReportRequest(orders=True))
    run_id = find_run(store, None)["run_id"]
    before = table(store, "estimates", run_id)
    assert before["mean_bps"].null_count() == before.height > 0
    ingest(folder, IngestRequest([str(path) for path in days if "2026-03-03" in path.name]))
    report(folder, ReportRequest(run=run_id))
    after = table(store, "estimates", run_id)
    assert after["mean_bps"].null_count() < after.height == before.height


def test_a_fit_counts_for_the_orders_of_later_days_alone(store: Store) -> None:
    report(store.folder, ReportRequest(orders=True))
    _fit(store, "fit-then", "2026-03-03")
    _fit(store, "fit-later", "2026-12-31")
    summary = report(store.folder, ReportRequest(orders=True))
    run_id = find_run(store, None)["run_id"]
    stored = table(store, "estimates", run_id).filter(pl.col("fit_id").is_not_null())
    assert stored["fit_id"].unique().to_list() == ["fit-then"]
    parents = load_blotter(store).parents.filter(pl.col("matched"))
    later = parents.filter(pl.col("date") > "2026-03-03")["parent_id"]
    assert set(stored["parent_id"]) == set(later)
    assert summary["estimates"][0]["fit_id"] == "fit-then"
    assert summary["estimates"][0]["orders"] > 0
