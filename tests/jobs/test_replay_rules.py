"""The rules of a replay that a backtest's configuration asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml
from tcakit.jobs.replay_rules import recorded_latency
from tcakit.market.instrument import Instrument
from tcakit.replay.replay import ReplaySettings
from tcakit.venue.latency import CANCEL, MODIFY, SUBMIT, ConstantLatency, RandomLatency, RecordedLatency
from tcakit.venue.limits import PreTradeLimits

PARENT = '\n[[parents]]\nsymbol = "ACME"\nside = "buy"\nquantity = 100\nalgo = "twap"\n'
Load = Callable[[str], BacktestConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str) -> BacktestConfig:
        path = tmp_path / "backtest.toml"
        path.write_text(text + PARENT)
        return config_from_toml(path)

    return read


def test_fixed_times_with_their_own_for_cancels_and_changes(load: Load) -> None:
    model = load('[latency]\nentry = "2ms"\ncancel = "500us"\nmodify = "5us"\nfeed = "1us"\n').latency.model()
    assert model == ConstantLatency(1_000, 2_000_000, 1_000_000, 500_000, 5_000)
    assert [model.entry(what, 1, 0) for what in (SUBMIT, CANCEL, MODIFY)] == [2_000_000, 500_000, 5_000]


def test_drawn_times_are_the_seeds(load: Load) -> None:
    one, same, other = (load(f"[latency]\nsigma = 0.5\nseed = {seed}\n").latency.model() for seed in (7, 7, 8))
    assert isinstance(one, RandomLatency)
    times = [[model.entry(SUBMIT, number, 0) for number in range(1_000)] for model in (one, same, other)]
    assert times[0] == times[1] != times[2]
    assert np.median(times[0]) == pytest.approx(1e6, rel=0.1)
    assert np.std(np.log(times[0])) == pytest.approx(0.5, rel=0.1)


def test_recorded_times_come_from_a_file(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "latency.csv"
    path.write_text("request_ns,venue_ns,response_ns\n100,150,180\n300,330,400\n500,0,900\n")
    config = load(f"[latency]\nfile = '{path}'\nfeed = \"5us\"\n")
    model = config.latency.model()
    assert isinstance(model, RecordedLatency)
    assert [model.entry(SUBMIT, 0, ns) for ns in (0, 100, 200)] == [50, 50, 40]
    # Up to the next record that got there, nothing does.
    assert [model.entry(SUBMIT, 0, ns) for ns in (300, 400)] == [-100, -250]
    table = model.responses()
    assert table is not None
    assert table.at is not None
    assert (table.at.tolist(), table.ns.tolist()) == ([150, 330], [30, 70])
    before = config.as_dict()
    path.write_text("request_ns,venue_ns,response_ns\n100,151,180\n")
    assert load(f"[latency]\nfile = '{path}'\n").as_dict()["latency"] != before["latency"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column request_ns, venue_ns, response_ns"),
        ("request_ns,venue_ns,response_ns\n1,x,3\n", "latency.csv:2"),
        ("request_ns,venue_ns,response_ns\n1,2,3\n4,5,-6\n", "latency.csv:3"),
        ("request_ns,venue_ns,response_ns\n", "no records"),
        ("request_ns,venue_ns,response_ns\n5,6,7\n4,7,8\n", "do not grow"),
        ("request_ns,venue_ns,response_ns\n5,6,4\n", "do not grow"),
    ],
)
def test_a_bad_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "latency.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        recorded_latency(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[latency]\nfile = "no/such.csv"\n', "cannot be read"),
        ("[latency]\nseed = 3\n", "nothing is drawn without sigma"),
        ('[latency]\nsigma = 0.1\ncancel = "1ms"\n', "drawn times are those of all messages"),
        ('[latency]\nfile = "x.csv"\nentry = "1ms"\n', "a file, and entry too"),
        ('[backtest]\nfills = "hole"\n', "whole"),
    ],
)
def test_mistakes_are_told(load: Load, section: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(section)
    assert said in str(caught.value)


def test_whole_fills_cannot_deplete_the_book() -> None:
    with pytest.raises(UsageError, match="cannot be depleted"):
        ReplaySettings(partial_fills=False)


def test_limits_are_shares_and_currency(load: Load) -> None:
    config = load("[limits]\nmax_order_size = 500\nmax_position = 1_000.25\nprice_collar_ticks = 3\n")
    coins = Instrument("ACME", size_scale=10)
    assert config.limits.of(coins) == PreTradeLimits(max_order_size=5_000, max_position=10_002, price_collar_ticks=3)
    assert config.as_dict() != load("").as_dict()
    assert load("").limits.of(coins) is None


@pytest.mark.parametrize(
    ("line", "told"),
    [("max_order_size = 0", "not above zero"), ("max_open_orders = 0", "below 1"), ("max_orders = 5", "max_order")],
)
def test_a_limit_that_cannot_be_is_told_with_its_line(load: Load, line: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        load(f"[limits]\n{line}\n")
    assert "backtest.toml:2" in str(error.value)
