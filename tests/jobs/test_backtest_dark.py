"""Parents that are traded in the dark too: prints of their own venue, fills with their venue, half a spread saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.report import ReportRequest, report
from tcakit.jobs.simulate import simulate_market
from tcakit.simulator.market_parameters import MarketParameters, parameters_of, parameters_text
from tcakit.simulator.world import DarkVenue
from tcakit.store import market_data, results
from tcakit.store.database import Store
from tests.simulator.markets import DATE, MODEL, WORLD

DARK = replace(WORLD, is_dark_on=True, dark=DarkVenue(interval_s=1.0, size=200))


def simulated(folder, model, world):
    (folder / "made.toml").write_text(parameters_text(MarketParameters(model, world)))
    return simulate_market(folder / "store", "SIM", DATE, 7, folder / "made.toml")


def config(*algos: str, engine: str = "simulated") -> BacktestConfig:
    parents = expand(
        ["SIM"], ["buy"], [6_000.0], [parse_algorithm(algo) for algo in algos], [DATE], start="10:02", end="10:05",
        limit=None,
    )  # fmt: skip
    return BacktestConfig(parents=tuple(parents), engine=engine)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dark")
    made = simulated(folder, MODEL, DARK)
    assert (made["dark_venue"], made["dark_trades"] > 100) == ("XDRK", True)
    return folder / "store"


def test_both_venues_of_the_day_are_stored_and_the_displayed_one_is_meant(stored):
    days = market_data.symbol_days(Store(stored), DATE)
    assert [(day.instrument.venue, day.contents) for day in days] == [
        ("XDRK", ("trades",)),
        ("XSIM", ("book-l3",)),
    ]
    assert market_data.find_symbol_day(Store(stored), "SIM", DATE).instrument.venue == "XSIM"
    half = days[0].instrument.tick_size / 2
    prices = market_data.trades(Store(stored), days[0])["price"]
    assert (prices % half == 0).all()
    assert (prices % days[0].instrument.tick_size == half).any()
    assert market_data.trade_conditions(Store(stored), days[0]) == [("M", len(prices))]


def test_a_parent_rests_a_share_in_the_dark_and_saves_half_a_spread_there(stored):
    ran = backtest(stored, config("twap", "twap,dark=0.5"))
    store = Store(stored)
    fills = results.table(store, "fills", ran["run_id"]).join(
        results.table(store, "tca_fills", ran["run_id"]), on="fill_id"
    )
    plain, other = (row["parent_id"] for row in ran["parents"])
    assert [row["algo"] for row in ran["parents"]] == ["twap", "twap,dark=0.5"]
    assert [row["filled_shares"] for row in ran["parents"]] == [6_000.0, 6_000.0]
    assert set(fills.filter(pl.col("parent_id") == plain)["venue"]) == {"XSIM"}
    dark = fills.filter(pl.col("venue") == "XDRK")
    assert set(dark["parent_id"]) == {other}
    assert dark["quantity"].sum() > 500
    np.testing.assert_allclose(dark["spread_capture"], 0.5)
    np.testing.assert_allclose(dark["effective_spread"], 0.0, atol=1e-9)
    told = report(stored, ReportRequest(run=ran["run_id"], by=("venue",)))
    (by_venue,) = (group for group in told["groups"] if group["by"] == ["venue"])
    assert {cell["key"]["venue"] for cell in by_venue["cells"]} >= {"XSIM", "XDRK"}


def test_where_there_is_no_dark_venue_it_is_said(stored, tmp_path):
    with pytest.raises(UsageError, match="no dark venue"):
        backtest(stored, config("twap,dark=0.5", engine="replay"))
    simulated(tmp_path, MODEL, WORLD)
    with pytest.raises(UsageError, match="no dark venue"):
        backtest(tmp_path / "store", config("is:10m,dark=0.5"))
    with pytest.raises(UsageError, match="pov has no parameter 'dark'"):
        config("pov:10,dark=0.5")
    with pytest.raises(UsageError, match="no share of what is left"):
        config("twap,dark=1.5")


def test_a_middle_of_odd_ticks_is_told_exactly(tmp_path):
    model = replace(MODEL, price_scale=100, tick_size=1)
    made = simulated(tmp_path, model, DARK)
    assert made["dark_trades"] > 100
    days = market_data.symbol_days(Store(tmp_path / "store"), DATE)
    assert {(day.instrument.price_scale, day.instrument.tick_size) for day in days} == {(1_000, 10)}
    prices = market_data.trades(Store(tmp_path / "store"), days[0])["price"]
    assert set(np.unique(prices % 10)) == {0, 5}


def test_the_venue_is_in_the_parameter_file():
    text = parameters_text(MarketParameters(MODEL, DARK))
    assert parameters_of(text).world.as_dict() == DARK.as_dict()
    for line, instead, message in (
        ("dark = true", 'dark = "yes"', "no switch"),
        ("patience_s = 30.0", "patient_s = 30.0", "did you mean patience_s"),
        ("limit_share = 0.3", "limit_share = 1.3", "limit_share is 1.3"),
        ('venue = "XDRK"', 'venue = "X/Y"', "is no name of a venue"),
    ):
        assert line in text
        with pytest.raises(UsageError, match=message):
            parameters_of(text.replace(line, instead), "file.toml")


def test_prints_of_the_dark_have_a_file_of_their_own(tmp_path):
    (tmp_path / "made.toml").write_text(parameters_text(MarketParameters(MODEL, DARK)))
    made = simulate_market(
        tmp_path / "store", "SIM", DATE, 7, tmp_path / "made.toml", out=tmp_path / "out", formats=("csv", "lobster")
    )
    prints = pl.read_csv(tmp_path / "out" / f"SIM_{DATE}_XDRK_trades.csv.gz")
    assert prints.height == made["dark_trades"]
    displayed = pl.read_csv(tmp_path / "out" / f"SIM_{DATE}_trades.csv.gz")
    assert displayed.height == made["trades"]
