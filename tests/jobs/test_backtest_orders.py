"""The firm's parents re-executed: the same algorithm gives the same costs, and nothing is dropped in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from blotters import write_blotter, write_csv

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.backtest_orders import OrdersRequest, backtest_orders, parse_where, split_algorithms
from tcakit.jobs.compare import CompareRequest, compare
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.replay_rules import LatencyRules
from tcakit.market.clock import format_time, parse_time
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.venue.fees import FeeSchedule

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
RULES = BacktestConfig((), latency=LatencyRules(entry_ns=2_000_000, response_ns=3_000_000))


def market(store: Path, symbols: str = "ALFA") -> Path:
    ingest(store, IngestRequest([str(path) for path in (SAMPLE / "lobster").glob(f"{symbols}*.zip")]))
    return store


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store whose blotter is what twap did in a replay of its market, and that run's id."""
    folder = tmp_path_factory.mktemp("orders")
    store = market(folder / "store")
    dates = ["2026-03-03", "2026-03-04"]
    window = {"start": "10:00", "end": "10:12", "limit": None}
    parents = expand(["ALFA"], ["buy", "sell"], [400.0], [parse_algorithm("twap")], dates, **window)
    parents += expand(
        ["ALFA"], ["buy"], [900.0], [parse_algorithm("twap")], dates, start="11:00", end="11:20", limit=186.0
    )
    run_id = backtest(store, replace(RULES, parents=tuple(parents)))["run_id"]
    files = write_blotter(Store(store), run_id, folder / "blotter")
    ingest(store, IngestRequest([str(path) for path in files]))
    return store, run_id


def test_what_a_replay_did_is_done_again_to_the_share(desk: tuple[Path, str]) -> None:
    store, first = desk
    found = backtest_orders(store, OrdersRequest(("twap",), RULES))
    run = found["runs"][0]
    assert (run["n"], run["days"], found["left_out"], run["unpaired"]) == (6, 2, [], [])
    assert run["difference_bps"] == pytest.approx(0.0, abs=1e-9)
    assert all(row["difference_bps"] == pytest.approx(0.0, abs=1e-9) for row in found["parents"])
    columns = ["parent_id", "ts_ns", "price", "quantity", "liquidity"]
    again, before = (results.table(Store(store), "fills", run_id) for run_id in (run["run_id"], first))
    assert again.select(columns).sort(columns).equals(before.select(columns).sort(columns))
    # Orders with a limit that left shares undone are paired too: what was not done costs by the end price.
    assert results.table(Store(store), "tca_parents", first)["fill_rate"].min() < 1.0


def test_each_algorithm_is_a_run_and_compare_tells_the_same(desk: tuple[Path, str]) -> None:
    store, _ = desk
    found = backtest_orders(store, OrdersRequest(("vwap", "pov:10", "is"), RULES, by="broker"))
    assert [run["algo"] for run in found["runs"]] == ["vwap", "pov:10", "is"]
    assert len(found["parents"]) == 18
    assert any("best of several" in note for note in found["notes"])
    for run in found["runs"]:
        alone = compare(store, CompareRequest(run["run_id"], None, "shortfall-before-fees"))
        for name in ("difference_bps", "ci", "p_value", "n", "first_bps", "second_bps"):
            assert alone[name] == pytest.approx(run[name])
        assert run["first_bps"] - run["second_bps"] == pytest.approx(run["difference_bps"])
        assert [(part["broker"], part["n"]) for part in run["by"]] == [("HARBOUR", 2), ("NORTHGATE", 4)]
    assert abs(found["runs"][1]["difference_bps"]) > 0.01
    again = backtest_orders(store, OrdersRequest(("vwap", "pov:10", "is"), RULES, by="broker"))
    assert [run["run_id"] for run in again["runs"]] == [run["run_id"] for run in found["runs"]]


def test_filters_keep_what_was_asked_for(desk: tuple[Path, str]) -> None:
    store, _ = desk
    found = backtest_orders(
        store, OrdersRequest(("twap",), RULES, "2026-03-04", "2026-03-04", parse_where(["side=sell"]))
    )
    assert [(row["date"], row["side"]) for row in found["parents"]] == [("2026-03-04", -1)]
    assert any("one day" in note for note in found["notes"])
    with pytest.raises(UsageError, match="no stored parent"):
        backtest_orders(store, OrdersRequest(("twap",), RULES, where=parse_where(["broker=NOBODY"])))


def test_fees_count_on_both_sides_once_the_replay_has_some(desk: tuple[Path, str]) -> None:
    store, _ = desk
    rules = replace(RULES, fees=FeeSchedule(maker_per_share=0.01, taker_per_share=0.01))
    found = backtest_orders(store, OrdersRequest(("twap",), rules))
    assert found["measure"] == "shortfall"
    # A cent a share on about 187, of what was filled; the blotter's fees are none.
    assert 0.2 < found["runs"][0]["difference_bps"] < 0.54


def test_what_cannot_be_replayed_is_told_with_its_reason(tmp_path: Path) -> None:
    store = market(tmp_path / "store", "ALFA_2026-03-03")
    date, zone = "2026-03-03", "America/New_York"

    def parent(name: str, symbol: str = "ALFA", shares: float = 300, begin: str = "10:00", end: str | None = "10:10",
               day: str = date) -> dict:  # fmt: skip
        begun = format_time(parse_time(begin, date=day, timezone=zone))
        ended = "" if end is None else format_time(parse_time(end, date=day, timezone=zone))
        return {"parent_id": name, "symbol": symbol, "side": "buy", "quantity": shares, "arrival_time": begun,
                "end_time": ended}  # fmt: skip

    parents = [
        parent("good"),
        parent("no end", end=None),
        parent("no fill", end=None),
        parent("huge", shares=9_000_000),
        parent("stranger", symbol="ZZZZ"),
        parent("other day", day="2026-03-05"),
        parent("night", begin="03:00", end="04:00"),
        parent("two days"),
    ]

    def fill(name: str, at: str, day: str = date) -> dict:
        when = format_time(parse_time(at, date=day, timezone=zone))
        names = {"fill_id": f"f {name} {at} {day}", "parent_id": name, "symbol": "ALFA"}
        return names | {"side": "buy", "time": when, "price": 187.35, "quantity": 100}

    fills = [
        fill("good", "10:05"),
        fill("no end", "10:06"),
        fill("two days", "10:05"),
        fill("two days", "10:05", "2026-03-04"),
    ]
    files = [write_csv(tmp_path / "parents.csv", parents), write_csv(tmp_path / "fills.csv", fills)]
    ingest(store, IngestRequest([str(path) for path in files]))
    found = backtest_orders(store, OrdersRequest(("twap",), RULES))
    reasons = {row["parent_id"]: row["reason"] for row in found["left_out"]}
    unpaired = {row["parent_id"]: row["reason"] for row in found["runs"][0]["unpaired"]}
    replayed = {row["parent_id"] for row in found["parents"]}
    assert set(reasons) | set(unpaired) | replayed == {row["parent_id"] for row in parents}
    assert "good" in replayed
    assert "larger than all that was printed" in reasons["huge"]
    assert "no symbol" in reasons["stranger"]
    assert "no market data" in reasons["other day"]
    assert "outside the recorded session" in reasons["night"]
    assert "window is not known" in reasons["no fill"]
    assert "several days" in reasons["two days"]
    assert "no end" not in reasons  # it ended, for all we know, with its last fill


def test_lists_of_algorithms_and_conditions_are_read() -> None:
    assert split_algorithms(["vwap, pov:10,interval=2s,is:30m", "twap", "vwap"]) == (
        "vwap", "pov:10,interval=2s", "is:30m", "twap",
    )  # fmt: skip
    assert parse_where(["broker=A,B", "side=buy"]) == {"broker": ("A", "B"), "side": ("buy",)}
    with pytest.raises(UsageError, match="brokr"):
        parse_where(["brokr=A"])
    with pytest.raises(UsageError, match="no condition"):
        parse_where(["broker"])
