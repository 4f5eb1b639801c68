"""Where the bar model agrees with the replay of the same parents on the same day, and where it does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest

from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.replay.bars import BarModel
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "lobster"
DATE = "2026-03-04"
AT_THE_MID = BarModel(impact="none", spread_fraction=0.0, max_participation=1.0)
CROSSING = BarModel(impact="none", spread_fraction=1.0, max_participation=1.0)
MINUTE = 60e9


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory):
    """Costs of a TWAP bought and sold in both symbols, by engine: a row a symbol and side, in order."""
    store = tmp_path_factory.mktemp("both") / "store"
    ingest(store, IngestRequest([str(path) for path in SAMPLE.glob(f"*_{DATE}_*.zip")]))

    @cache
    def found(quantity: float, start: str, end: str, model: BarModel | None) -> pl.DataFrame:
        window = {"start": start, "end": end, "limit": None}
        parents = expand(["ALFA", "BRVO"], ["buy", "sell"], [quantity], [parse_algorithm("twap")], [DATE], **window)
        config = BacktestConfig(tuple(parents))
        if model is not None:
            config = BacktestConfig(tuple(parents), engine="bars", bars=model)
        run_id = backtest(store, config)["run_id"]
        fills = results.table(Store(store), "fills", run_id)
        middle = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(0) / 2
        weighted = (middle * pl.col("quantity")).sum() / pl.col("quantity").sum()
        times = fills.group_by("parent_id").agg(weighted.alias("mean_fill_ns"))
        return results.table(Store(store), "tca_parents", run_id).join(times, on="parent_id", maintain_order="left")

    return found


def test_a_small_twap_agrees_in_quantity_timing_benchmark_and_price(costs) -> None:
    replay, bars = (costs(400.0, "10:00", "11:00", model) for model in (None, AT_THE_MID))
    assert replay["filled_shares"].to_list() == bars["filled_shares"].to_list() == [400.0] * 4
    # Mean time of a filled share: half a minute of an hour.
    assert ((replay["mean_fill_ns"] - bars["mean_fill_ns"]).abs() < 0.5 * MINUTE).all()
    # One benchmark: the replay's ends with its last fill, the model's with the last interval.
    assert ((replay["interval_vwap"] / bars["interval_vwap"] - 1).abs() * 1e4 < 0.2).all()
    assert replay["arrival_price"].to_list() == bars["arrival_price"].to_list()
    # What the replay's orders paid lies within 2 bps of the model's mean prices, which know no spread of 5 to 8 bps.
    assert ((replay["average_price"] / bars["average_price"] - 1).abs() * 1e4 < 2.0).all()


def test_the_replay_waits_where_the_model_crosses(costs) -> None:
    """Passive fills earn the spread in the replay, in the stock of short queues two in three; the model has everybody
    pay it."""
    replay, bars = (costs(400.0, "10:00", "11:00", model) for model in (None, CROSSING))
    assert (replay["maker_fraction"][:2] > 0.6).all()
    assert (replay["maker_fraction"] > 0.2).all()
    assert bars["maker_fraction"].null_count() == 4
    dearer = bars["arrival_bps_of_executed"] - replay["arrival_bps_of_executed"]
    assert dearer.min() > 0.5
    assert dearer.max() < 6.0


def test_the_model_sees_no_depth(costs) -> None:
    """2,000 shares in a minute: the book shows them, tape volume does not; the book asks more for them."""
    replay, bars = (costs(2000.0, "11:00", "11:01", model) for model in (None, CROSSING))
    printed = [543.0, 543.0, 1318.0, 1318.0]
    assert bars["filled_shares"].to_list() == printed
    assert replay["filled_shares"].to_list() == [2000.0, 978.0, 2000.0, 2000.0]
    # In the stock with a queue at each cent, half a bps dearer or more on either side than crossing to the touch alone.
    beyond = replay["arrival_bps_of_executed"] - bars["arrival_bps_of_executed"]
    assert beyond[2:].min() > 0.5


def test_size_costs_in_the_replay_and_costs_the_model_what_its_formula_says(costs) -> None:
    def by_size(model: BarModel | None) -> pl.Series:
        small, large = (costs(size, "11:00", "11:01", model)["arrival_bps_of_executed"] for size in (100.0, 1000.0))
        return (large - small)[2:]

    # 1,000 BRVO are less than the minute printed: the model without impact charges both sizes alike.
    assert by_size(CROSSING).to_list() == pytest.approx([0.0, 0.0], abs=1e-6)
    assert by_size(None).min() >= 0.0
    assert by_size(None).mean() > 0.5
    # The square-root law is a formula: 2/3 sigma of the day x (root of 1,000 / V - root of 100 / V), on either side.
    law = by_size(BarModel(max_participation=1.0, daily_volatility=0.012, daily_volume=600_000))
    expected = 2 / 3 * 0.012 * ((1000 / 600_000) ** 0.5 - (100 / 600_000) ** 0.5) * 1e4
    assert law.to_list() == pytest.approx([expected] * 2, rel=1e-3)
