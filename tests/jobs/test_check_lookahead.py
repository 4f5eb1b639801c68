"""`backtest --check-lookahead` on stored days: what it says of good strategies and of cheats."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs import stored_days
from tcakit.jobs.backtest_config import BacktestConfig, ParentSpec
from tcakit.jobs.backtest_plan import plan_parents
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.lookahead import lookahead
from tcakit.jobs.market import market_day
from tcakit.market.day import MarketDay
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAYS = ["2026-03-03", "2026-03-04"]
CHEAT = """
from tcakit.market.codes import BUY, IOC

class Clairvoyant:
    def __init__(self, parent, store):
        self.parent = parent

    def on_start(self, gateway):
        self.on_time(gateway)

    def on_time(self, gateway):
        if later(gateway, gateway.now_ns + 5_000_000_000) > gateway.best_ask_tick:
            gateway.submit(BUY, 10, gateway.best_ask_tick, IOC)
        if gateway.now_ns < self.parent.end_ns:
            gateway.wake_at(gateway.now_ns + 1_000_000_000)

    def on_fill(self, gateway, fill): ...


def later(gateway, ns):
    from tcakit.replay.columns import Feed
    seen, left = set(), [gateway]
    while not isinstance(left[-1], Feed):
        thing = left.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            names = [*getattr(type(thing), "__slots__", ()), *getattr(thing, "__dict__", {})]
            left += [getattr(thing, name) for name in names if hasattr(thing, name)]
    feed = left[-1]
    return feed.best_ask[min(feed.ns.searchsorted(ns), len(feed.ns) - 1)] + feed.base_tick
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ahead") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / f"ALFA_{date}_34200000_57600000_5.zip") for date in DAYS]))
    return folder


def config_of(*algos: str, date: str = DAYS[0], together: bool = False) -> BacktestConfig:
    parents = tuple(ParentSpec("ALFA", "buy", 300, parse_algorithm(algo), "10:00", "10:10", date) for algo in algos)
    return BacktestConfig(parents, together=together)


@pytest.mark.parametrize("together", [False, True])
def test_ready_algorithms_pass_alone_and_together(store: Path, together: bool) -> None:
    found = lookahead(store, config_of("twap", "vwap", "pov:20", "is:2m", together=together), times=3)
    assert found["parents"] == 4
    assert found["times"] == (3 if together else 12)
    assert found["calls"] > 100
    assert found["events"] > 0


def test_a_cheat_is_named_with_its_first_decision(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_cheats.py").write_text(CHEAT)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r"looks ahead.* in place of ") as refused:
        lookahead(store, config_of("own_cheats:Clairvoyant,store=x"), times=10)
    assert "Clairvoyant, parent ALFA-2026-03-03-buy" in (refused.value.place or "")
    assert refused.value.exit_code == 2


def test_the_volume_curve_reads_earlier_days_alone(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def noted(store: Store, day: SymbolDay) -> MarketDay:
        read.append(day.date)
        return market_day(store, day)

    monkeypatch.setattr(stored_days, "market_day", noted)
    curves = [plan_parents(Store(store), config_of("vwap", date=date))[0].curve for date in DAYS]
    assert read == DAYS[:1]
    assert [curve.name for curve in curves if curve] == ["default U-shape", "mean of 1 earlier day"]
