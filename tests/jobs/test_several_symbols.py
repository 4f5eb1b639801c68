"""`--together` over several symbols: one clock, and each symbol's orders as they are without the other symbols."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, ParentSpec
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.lookahead import lookahead
from tcakit.jobs.replay_rules import LatencyRules
from tcakit.jobs.sweep import sweep
from tcakit.jobs.sweep_config import sweep_from_toml
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "lobster"
DAYS = ["2026-03-03", "2026-03-04"]
HEDGER = """
from tcakit.market.codes import BUY, IOC, SELL

class Hedger:
    def __init__(self, parent, market):
        self.parent, self.market = parent, market

    def on_start(self, gateway):
        gateway.submit(self.parent.side, 20, None, IOC)

    def on_time(self, gateway): ...

    def on_fill(self, gateway, fill):
        if gateway.name != self.market:
            gateway.market(self.market).submit(-fill.side, fill.quantity, None, IOC)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "store"
    names = [f"{symbol}_{date}_34200000_57600000_5.zip" for symbol in ("ALFA", "BRVO") for date in DAYS]
    ingest(folder, IngestRequest([str(SAMPLE / name) for name in names]))
    return folder


def parent(symbol: str, side: str, algo: str, date: str = DAYS[0]) -> ParentSpec:
    spec = ParentSpec(symbol, side, 300, parse_algorithm(algo), "10:00", "10:10", date)
    return replace(spec, parent_id=f"{symbol}-{side}-{date}")


def frames(store: Path, config: BacktestConfig) -> dict[str, pl.DataFrame]:
    run_id = backtest(store, config)["run_id"]
    names = ("orders", "order_events", "fills", "tca_parents")
    return {name: results.table(Store(store), name, run_id).drop("run_id") for name in names}


def test_symbols_that_share_a_clock_trade_as_they_do_alone(store: Path) -> None:
    def those(*symbols: str) -> tuple[ParentSpec, ...]:
        several = [(symbol, side, date) for date in DAYS for side in ("buy", "sell") for symbol in symbols]
        return tuple(parent(symbol, side, "pov:20", date) for symbol, side, date in several)

    both = frames(store, BacktestConfig(those("ALFA", "BRVO"), together=True))
    for symbol in ("ALFA", "BRVO"):
        alone = frames(store, BacktestConfig(those(symbol), together=True))
        for name, frame in alone.items():
            key = "order_id" if "order_id" in frame.columns else "parent_id"
            found = both[name].filter(pl.col(key).str.starts_with(symbol))
            assert len(frame) > 0
            assert_frame_equal(
                found.sort(frame.columns), frame.sort(frame.columns), check_exact=True, check_column_order=False
            )


def test_the_reader_is_told_what_was_shared(store: Path) -> None:
    both = BacktestConfig((parent("ALFA", "buy", "twap"), parent("BRVO", "buy", "twap")), together=True)
    notes = backtest(store, both)["notes"]
    assert "parents of a day share its markets, which run in one clock" in notes
    one = replace(both, parents=both.parents[:1])
    assert "parents share one market" in backtest(store, one)["notes"]


def test_a_strategy_hedges_in_another_symbol_as_soon_as_it_knows(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_hedges.py").write_text(HEDGER)
    monkeypatch.syspath_prepend(str(tmp_path))
    parents = (parent("ALFA", "buy", "own_hedges:Hedger,market=BRVO"), parent("BRVO", "buy", "twap"))
    config = BacktestConfig(parents, together=True, latency=LatencyRules(entry_ns=0, response_ns=0))
    found = frames(store, config)
    own = found["fills"].filter(pl.col("parent_id").str.starts_with("ALFA"))
    bought, sold = own.filter(pl.col("symbol") == "ALFA"), own.filter(pl.col("symbol") == "BRVO")
    assert bought["quantity"].sum() == 20 == sold["quantity"].sum()
    assert set(bought["side"]) == {1}
    assert set(sold["side"]) == {-1}
    # Without latency the hedge is done at the very time of the fill.
    assert set(sold["ts_ns"]) == set(bought["ts_ns"])
    measured = {row["parent_id"]: row for row in found["tca_parents"].iter_rows(named=True)}
    hedge = measured["ALFA-buy-2026-03-03-in-BRVO"]
    assert (hedge["symbol"], hedge["side"], hedge["filled_shares"]) == ("BRVO", -1, 20)
    assert measured["ALFA-buy-2026-03-03"]["filled_shares"] == 20
    # Both against the mid of their own symbol: a few bps, not the distance between two prices.
    assert all(abs(row["arrival_bps_of_executed"]) < 100 for row in (hedge, measured["ALFA-buy-2026-03-03"]))
    assert lookahead(store, config, times=3)["times"] == 3


def test_a_sweep_of_several_symbols_is_the_run_of_the_backtest(store: Path, tmp_path: Path) -> None:
    when = 'side = "buy"\nquantity = 200\nstart = "10:00"\nend = "10:05"\ndate = "2026-03-03"\n'
    rows = [f'[[parents]]\nsymbol = "{symbol}"\n{when}' for symbol in ("ALFA", "BRVO")]
    text = "[backtest]\ntogether = true\n" + "".join(rows)
    (tmp_path / "sweep.toml").write_text(text + '[[sets]]\nalgo = "twap"\ninterval = ["2s", "5s"]\n')
    found = sweep(store, sweep_from_toml(tmp_path / "sweep.toml"), jobs=1)
    assert (found["units"], len(found["runs"])) == (2, 2)
    for run in found["runs"]:
        fills = results.table(Store(store), "fills", run["run_id"])
        assert set(fills["symbol"]) == {"ALFA", "BRVO"}
