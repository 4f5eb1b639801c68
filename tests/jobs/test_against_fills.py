"""Orders that a replay filled are replayed again: the rule and the latency that filled them are found."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from blotters import write_blotter, write_fix_log

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.against_fills import AgainstRequest, against_fills
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.replay_rules import LatencyRules
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.tca.fill_agreement import best_setting, order_score

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("against") / "store"
    ingest(folder, IngestRequest([str(path) for path in (SAMPLE / "lobster").glob("ALFA*.zip")]))
    return folder


@pytest.mark.parametrize(("queue", "latency_ns"), [("risk-averse", 10_000_000), ("power", 1_000_000)])
def test_the_rule_and_latency_that_made_the_fills_are_found(store: Path, queue: str, latency_ns: int) -> None:
    dates = ["2026-03-03", "2026-03-04"]
    window = {"start": "10:00", "end": "10:20", "limit": None}
    parents = expand(["ALFA"], ["buy", "sell"], [1500.0], [parse_algorithm("twap")], dates, **window)
    rules = LatencyRules(entry_ns=latency_ns, response_ns=latency_ns)
    run_id = backtest(store, BacktestConfig(tuple(parents), queue=queue, latency=rules))["run_id"]
    found = against_fills(store, AgainstRequest(run_id, fills="partial"))
    best = found["best"]
    assert (best["queue"], best["latency_ns"]) == (queue, latency_ns)
    assert found["ties"] == [{"queue": queue, "latency_ns": latency_ns}]
    assert best["score"] == pytest.approx(0.0, abs=1e-3)
    assert best["chosen"] > 2 * max(row["chosen"] for row in found["settings"][1:])
    assert best["only_real"] == best["only_replayed"] == 0.0
    assert found["settings"][1]["score"] > 2 * best["score"]
    assert found["held_out"]["same_choice"] == 2
    assert found["left_out"] == []
    assert (found["parents"], found["days"]) == (4, 2)


def test_a_fix_log_of_the_desk_gives_back_the_rule_that_filled_it(store: Path, tmp_path: Path) -> None:
    """The whole way of real orders: a log, the store, the replay under many rules."""
    window = {"start": "10:00", "end": "10:20", "limit": None}
    parents = expand(["ALFA"], ["buy", "sell"], [1500.0], [parse_algorithm("twap")], ["2026-03-03"], **window)
    rules = LatencyRules(entry_ns=10_000_000, response_ns=10_000_000)
    config = BacktestConfig(tuple(parents), queue="power", latency=rules)
    run_id = backtest(store, config)["run_id"]
    log = write_fix_log(Store(store), run_id, tmp_path / "desk.log")
    parents_file = write_blotter(Store(store), run_id, tmp_path)[0]
    folder = tmp_path / "desk"
    market = next((SAMPLE / "lobster").glob("ALFA_2026-03-03*.zip"))
    ingest(folder, IngestRequest([str(market), str(parents_file), str(log)]))
    found = against_fills(folder, AgainstRequest())
    assert found["left_out"] == []
    assert found["orders"] == results.table(Store(store), "orders", run_id).height
    assert (found["best"]["queue"], found["best"]["latency_ns"]) == ("power", 10_000_000)
    assert found["best"]["score"] < 1e-3
    assert any("one day" in note for note in found["notes"])


def test_a_blotter_that_does_not_say_when_orders_were_sent_is_told_so(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(next((SAMPLE / "lobster").glob("ALFA*.zip"))), str(SAMPLE / "blotter")]))
    with pytest.raises(UsageError, match="not when it was sent"):
        against_fills(folder, AgainstRequest())


SPECIAL = """
class Special:
    def __init__(self, parent):
        self.parent = parent

    def on_start(self, gateway):
        bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
        gateway.submit(1, 100, bid)
        self.changed = gateway.submit(1, 100, bid - 5)
        gateway.submit(1, 300, bid, display_quantity=100)
        gateway.submit(1, 100, ask + 50, stop_tick=ask + 40)
        gateway.wake_at(gateway.now_ns + 1_000_000_000)

    def on_time(self, gateway):
        gateway.modify(self.changed, 100, gateway.best_bid_tick)

    def on_fill(self, gateway, fill): ...
"""


def test_orders_whose_life_a_script_cannot_follow_are_listed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "against_special.py").write_text(SPECIAL)
    monkeypatch.syspath_prepend(tmp_path)
    algo = parse_algorithm("against_special:Special")
    window = {"start": "10:00", "end": "10:05", "limit": None}
    parents = expand(["ALFA"], ["buy"], [1500.0], [algo], ["2026-03-03"], **window)
    run_id = backtest(store, BacktestConfig(tuple(parents)))["run_id"]
    found = against_fills(store, AgainstRequest(run_id, ("risk-averse",), (1_000_000,), "partial"))
    assert found["orders"] == 1
    reasons = sorted(row["reason"] for row in found["left_out"])
    assert reasons == ["it was changed on its way", *2 * ["stops, icebergs and pegged orders are not replayed"]]


def test_the_score_is_that_of_a_slow_sum_over_instants() -> None:
    generator = np.random.default_rng(4)
    for _ in range(50):
        real, made = (
            [(int(ns), 0.25) for ns in np.sort(generator.integers(1, 60, size=generator.integers(0, 5)))] for _ in "ab"
        )
        end = int(generator.integers(20, 60))

        def share(steps: list, at: int) -> float:
            return sum(part for ns, part in steps if ns <= at)

        area = sum((share(real, at) - share(made, at)) ** 2 for at in range(end)) / end
        last = (share(real, end) - share(made, end)) ** 2
        assert order_score(real, made, 0, end) == pytest.approx(0.5 * last + 0.5 * area)


def test_the_best_setting_is_sure_only_where_the_days_agree() -> None:
    days = [f"d{at}" for at in range(8) for _ in range(3)]
    generator = np.random.default_rng(1)
    clear = generator.uniform(0.2, 0.3, size=(24, 3)) - np.array([0.1, 0.0, 0.0])
    sure = best_setting(clear, days)
    assert (sure["best"], sure["chosen"][0], sure["held_out"]["same_choice"]) == (0, 1.0, 8)
    assert sure["held_out"]["score"] == pytest.approx(sure["mean"][0])
    alike = np.repeat(generator.uniform(size=(24, 1)), 2, axis=1)
    unsure = best_setting(alike, days)
    assert unsure["ties"] == [0, 1]
    assert unsure["chosen"] == pytest.approx([0.5, 0.5])
    assert best_setting(alike, ["one"] * 24)["held_out"] is None
    for one, two in itertools.pairwise(sorted(sure["mean"])):
        assert one <= two
