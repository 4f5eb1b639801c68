"""`backtest --algo file.py`: a compiled strategy works a parent as the same one in plain Python does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, ParentSpec
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.lookahead import lookahead
from tcakit.jobs.sweep import sweep
from tcakit.jobs.sweep_config import sweep_from_toml
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAY = "2026-03-03"
COMPILED = """
from tcakit.replay.compiled import (
    BUY, best_ask, best_bid, cancel, end_ns, integers, is_open, now_ns, parameter, parent_limit, parent_quantity,
    parent_side, position, submit, wake_at,
)

PARAMETERS = {"slice": 100, "seconds": 5}


def on_start(market, me):
    integers(me)[0] = -1
    on_time(market, me)


def on_time(market, me):
    side = parent_side(me)
    near = best_bid(market) if side == BUY else best_ask(market)
    if is_open(me, integers(me)[0]):
        if integers(me)[1] != near:
            cancel(market, me, integers(me)[0])
    else:
        left = parent_quantity(me) - side * position(me)
        if near >= 0 and left > 0 and (parent_limit(me) == -1 or (near - parent_limit(me)) * side <= 0):
            integers(me)[0] = submit(market, me, side, min(left, int(parameter(me, 0))), near)
            integers(me)[1] = near
    if now_ns(market) + int(parameter(me, 1) * 1e9) < end_ns(me):
        wake_at(market, me, now_ns(market) + int(parameter(me, 1) * 1e9))


def on_fill(market, me, fill):
    on_order(market, me, fill.order_id, 0, 0)


def on_order(market, me, order, event, reason):
    pass
"""
PLAIN = """
from tcakit.market.codes import BUY, CANCELLED

class Resting:
    def __init__(self, parent, slice=100, seconds=5):
        self.parent, self.slice, self.step_ns = parent, int(slice), int(float(seconds) * 1e9)
        self.order, self.tick, self.left_of_order, self.held = None, None, 0, 0

    def on_start(self, gateway):
        self.on_time(gateway)

    def on_time(self, gateway):
        parent = self.parent
        near = gateway.best_bid_tick if parent.side == BUY else gateway.best_ask_tick
        if self.order is not None:
            if self.tick != near:
                gateway.cancel(self.order)
        else:
            left = parent.quantity - self.held
            within = parent.limit_tick is None or (near - parent.limit_tick) * parent.side <= 0
            if near is not None and left > 0 and within:
                self.left_of_order, self.tick = min(left, self.slice), near
                self.order = gateway.submit(parent.side, self.left_of_order, near)
        if gateway.now_ns + self.step_ns < parent.end_ns:
            gateway.wake_at(gateway.now_ns + self.step_ns)

    def on_fill(self, gateway, fill):
        self.held += fill.quantity
        self.left_of_order -= fill.quantity
        if not self.left_of_order:
            self.order = None

    def on_order(self, gateway, order, event, reason):
        if event == CANCELLED:
            self.order = None
"""
# Of the tables of a run, what may differ between the two.
NAMES = ("run_id", "parent_id", "order_id", "fill_id", "algo", "params")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compiled") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / f"ALFA_{DAY}_34200000_57600000_5.zip")]))
    return folder


@pytest.fixture
def rest(tmp_path: Path) -> Path:
    path = tmp_path / "rest.py"
    path.write_text(COMPILED)
    return path


def config_of(*algos: str, side: str = "buy", limit: float | None = None, together: bool = False) -> BacktestConfig:
    parents = tuple(
        ParentSpec("ALFA", side, 2000.0, parse_algorithm(algo), "10:00", "10:40", DAY, limit) for algo in algos
    )
    return BacktestConfig(parents, together=together)


@pytest.mark.parametrize(("side", "limit"), [("buy", None), ("sell", None), ("buy", 187.3)])
def test_it_works_a_parent_as_the_same_class_does(
    store: Path, rest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str, limit: float | None
) -> None:
    (tmp_path / "own_resting.py").write_text(PLAIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    given = "slice=150,seconds=2.5"
    ran = [
        backtest(store, config_of(f"{name},{given}", side=side, limit=limit))
        for name in (str(rest), "own_resting:Resting")
    ]
    assert ran[0]["fills"] > 3
    for name in ("orders", "order_events", "fills", "tca_parents"):
        ours, theirs = (results.table(Store(store), name, told["run_id"]).drop(NAMES, strict=False) for told in ran)
        assert ours.equals(theirs), name


def test_the_run_knows_the_text_and_the_parameters(store: Path, rest: Path) -> None:
    one = backtest(store, config_of(f"{rest}:slice=50"))
    assert backtest(store, config_of(f"{rest},slice=50"))["stored_before"]
    row = results.table(Store(store), "parents", one["run_id"]).row(0, named=True)
    assert (row["algo"], json.loads(row["params"])) == ("rest:slice=50", {"slice": 50})
    rest.write_text(COMPILED.replace('"seconds": 5', '"seconds": 4'))
    other = backtest(store, config_of(f"{rest}:slice=50"))
    assert not other["stored_before"]
    assert other["run_id"] != one["run_id"]


def test_a_sweep_stores_the_runs_that_backtests_are(store: Path, rest: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.toml"
    file.write_text(
        f'[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 2000\ndate = "{DAY}"\nstart = "10:00"\nend = "10:40"\n'
        f'[[sets]]\nalgo = "{rest}"\nslice = [70, 140]\n'
    )
    swept = sweep(store, sweep_from_toml(file), jobs=1)
    assert {told["set"] for told in swept["runs"]} == {"rest:slice=70", "rest:slice=140"}
    for told in swept["runs"]:
        single = backtest(store, config_of(f"{rest},slice={told['params']['slice']}"))
        assert (single["run_id"], single["stored_before"]) == (told["run_id"], True)


def test_it_passes_the_check_for_lookahead(store: Path, rest: Path) -> None:
    found = lookahead(store, config_of(f"{rest},seconds=1"), times=4)
    assert (found["parents"], found["times"]) == (1, 4)
    assert found["calls"] > 20
    assert found["events"] > 20


def test_what_cannot_be_is_told_before_anything_is_replayed(store: Path, rest: Path) -> None:
    with pytest.raises(UsageError, match="no parameter 'slise'"):
        config_of(f"{rest},slise=5")
    with pytest.raises(UsageError, match="'many' is no number"):
        config_of(f"{rest},slice=many")
    with pytest.raises(UsageError, match="alone in its market"):
        backtest(store, config_of(str(rest), "twap", together=True))
    with pytest.raises(UsageError, match="cannot be read"):
        config_of("nowhere.py")
    rest.write_text("import pandas\n" + COMPILED)
    with pytest.raises(UsageError, match="imports pandas: a compiled strategy stands in one file") as refused:
        config_of(str(rest))
    assert refused.value.place == f"{rest}:1"
