"""Stored runs listed and compared, and what a run says of its own worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.compare import CompareRequest, compare
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.runs import runs
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DATES = ["2026-03-03", "2026-03-04"]


def config(*algos: str, quantity: float = 300.0, end: str = "10:10") -> BacktestConfig:
    wanted = [parse_algorithm(algo) for algo in algos]
    window = {"start": "10:00", "end": end, "limit": None}
    return BacktestConfig(tuple(expand(["ALFA"], ["buy", "sell"], [quantity], wanted, DATES, **window)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("compare") / "store"
    ingest(store, IngestRequest([str(path) for path in (SAMPLE / "lobster").glob("ALFA*.zip")]))
    return store


def test_two_runs_and_two_algorithms_of_one_run_give_the_same_difference(folder: Path) -> None:
    one, two = (backtest(folder, config(algo))["run_id"] for algo in ("twap", "pov:20"))
    both = backtest(folder, config("twap", "pov:20"))["run_id"]
    apart = compare(folder, CompareRequest(one, two))
    within = compare(folder, CompareRequest(f"{both}/twap", f"{both}/pov:20"))
    assert apart["n"] == within["n"] == 4
    assert apart["difference_bps"] == pytest.approx(within["difference_bps"])
    assert apart["ci"] == pytest.approx(within["ci"])
    assert apart["ci"][0] <= apart["difference_bps"] <= apart["ci"][1]
    store = Store(folder)
    costs = [results.table(store, "tca_parents", run)["total_cost"].sum() for run in (one, two)]
    paper = results.table(store, "tca_parents", one)["paper_notional"].sum()
    assert apart["difference_bps"] == pytest.approx((costs[0] - costs[1]) / paper * 1e4)
    assert sum(row["of_difference_bps"] for row in apart["differ_most"]) == pytest.approx(apart["difference_bps"])
    assert any("2 days are few" in note for note in apart["notes"])
    listed = {row["run_id"]: row for row in runs(folder)["runs"]}
    assert {one, two, both} <= listed.keys()
    assert listed[both]["algos"] == ["pov:20", "twap"]
    assert (listed[both]["parents"], listed[both]["first_date"], listed[both]["last_date"]) == (8, *DATES)
    assert listed[one]["cost_bps"] == pytest.approx(results.brief(store, one)["cost_bps"])


def test_a_run_against_itself_differs_by_nothing(folder: Path) -> None:
    run = backtest(folder, config("twap"))["run_id"]
    found = compare(folder, CompareRequest(run, run[:6]))
    assert (found["difference_bps"], found["ci"], found["p_value"]) == (0.0, [0.0, 0.0], 1.0)


def test_what_cannot_be_compared_is_refused(folder: Path) -> None:
    both = backtest(folder, config("twap", "pov:20"))["run_id"]
    other = backtest(folder, config("twap", end="10:20"))["run_id"]
    with pytest.raises(UsageError, match="no parent of"):
        compare(folder, CompareRequest(f"{both}/twap", other))
    with pytest.raises(UsageError, match="vwap"):
        compare(folder, CompareRequest(f"{both}/vwap", other))
    with pytest.raises(UsageError, match="no run"):
        compare(folder, CompareRequest("zzz", other))


def test_a_run_says_how_sure_it_is_and_why_to_doubt_it(folder: Path) -> None:
    small = backtest(folder, config("twap"))
    row = small["algorithms"][0]
    assert (row["algo"], row["parents"], row["days"]) == ("twap", 4, 2)
    assert row["cost_bps"] == pytest.approx(small["cost_bps"])
    assert row["cost_ci"][0] <= row["cost_bps"] <= row["cost_ci"][1]
    assert any("too few" in note for note in small["notes"])
    assert not any("volume" in note and "day's" in note for note in small["notes"])
    large = backtest(folder, config("twap", quantity=30_000.0))
    assert any("of the day's volume" in note for note in large["notes"])
    assert any("of the market's volume" in note for note in large["notes"])
    assert any("what the touch showed" in note for note in large["notes"])
    assert backtest(folder, config("twap"))["algorithms"] == small["algorithms"]
