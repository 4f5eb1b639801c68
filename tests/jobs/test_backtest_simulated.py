"""Parents traded in a simulated market: stored, measured and reported as those of a replay."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.jobs.simulate import simulate_run
from tcakit.simulator.lobster_export import write_lobster
from tcakit.simulator.market_parameters import MarketParameters, parameters_of, parameters_text, usual_world
from tcakit.store import results
from tcakit.store.database import Store
from tests.made_days import made_day
from tests.simulator.markets import DATE, MODEL, WORLD


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    made = simulate_run(folder / "store", "SIM", DATE, 7, MarketParameters(MODEL, WORLD))
    assert made["trades"] > 100
    return folder / "store"


def config(*algos: str, together: bool = False, quantity: float = 2_000) -> BacktestConfig:
    parents = expand(
        ["SIM"], ["buy"], [quantity], [parse_algorithm(algo) for algo in algos], [DATE], start="10:02", end="10:05",
        limit=None,
    )  # fmt: skip
    return BacktestConfig(parents=tuple(parents), engine="simulated", together=together)


def test_parameters_are_a_file_and_back():
    text = parameters_text(MarketParameters(MODEL, WORLD))
    again = parameters_of(text)
    assert again.world.as_dict() == WORLD.as_dict()
    assert parameters_text(again) == text


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("background = true", "background = 1", "no switch"),
        ('kind = "market-maker"', 'kind = "market-makers"', "no participant"),
        ("lean_ticks = 2.0", "lean_tick = 2.0", "did you mean lean_ticks"),
        ("latency_ms = 1.0", "latency_ms = -1.0", "latency_ms"),
        ('self_match = "cancel-newest"', 'self_match = "cancel"', "known are"),
        ("opening_call_seconds = 20.0", "opening_calls = 20.0", "did you mean opening_call_seconds"),
    ],
)
def test_what_a_file_may_not_say_is_named(line, instead, message):
    text = parameters_text(MarketParameters(MODEL, WORLD))
    assert line in text
    with pytest.raises(UsageError, match=message):
        parameters_of(text.replace(line, instead, 1), "file.toml")


def test_a_file_without_a_world_has_the_usual_one():
    text = parameters_text(MarketParameters(MODEL, WORLD)).split("# --- the world")[0]
    assert parameters_of(text).world == usual_world(MODEL)


def test_parents_trade_are_measured_and_reported(stored):
    ran = backtest(stored, config("twap", "pov:10"))
    assert ran["kind"] == "simulated"
    assert [parent["filled_shares"] > 0 for parent in ran["parents"]] == [True, True]
    assert all(each["at_end_bps"] is not None for each in ran["twin"])
    store = Store(stored)
    fills = results.table(store, "fills", ran["run_id"])
    parents = results.table(store, "tca_parents", ran["run_id"])
    assert fills["quantity"].sum() == parents["filled_shares"].sum()
    again = backtest(stored, config("twap", "pov:10"))
    assert again["stored_before"]
    anew = backtest(stored, config("twap", "pov:10"), again=True)
    assert anew["cost_bps"] == ran["cost_bps"]
    told = report(stored, ReportRequest(run=ran["run_id"]))
    assert len(told["parents"]) == 2


def test_the_verifier_finds_nothing_wrong_in_the_report_of_a_simulated_run(stored, tmp_path):
    ran = backtest(stored, config("twap", quantity=20_000))
    report(stored, ReportRequest(run=ran["run_id"], out=tmp_path / "page.html"))
    verifier = next(tmp_path.glob("*verify*.py"))
    done = subprocess.run(
        [sys.executable, str(verifier), str(tmp_path / "page.html.evidence.jsonl"), "--without-intervals"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "WRONG" not in done.stdout + done.stderr, (done.stdout + done.stderr)[-2000:]
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def test_parents_of_one_market_meet_each_other(stored):
    alone = backtest(stored, config("twap", "is:10m", quantity=20_000))
    together = backtest(stored, config("twap", "is:10m", together=True, quantity=20_000))
    assert together["cost_bps"] > alone["cost_bps"]


def test_a_recorded_day_does_not_answer(tmp_path):
    files = write_lobster(made_day("SIM", DATE, 1, 500), tmp_path / "files")
    ingest(tmp_path / "store", IngestRequest([str(path) for path in files]))
    with pytest.raises(UsageError, match="cannot answer"):
        backtest(tmp_path / "store", config("twap"))
