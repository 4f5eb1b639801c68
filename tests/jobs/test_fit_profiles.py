"""Profiles of days whose volume, spread and volatility are known, and what is said where days are few or broken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from stored_tapes import put_days

from tcakit.errors import DataError, UsageError
from tcakit.jobs.fit_profiles import fit_spread, fit_volatility, fit_volume
from tcakit.store.database import Store

WEEK = [f"2026-03-{day:02d}" for day in (2, 3, 4, 5, 6, 9, 10)]
FITS = (fit_volume, fit_spread, fit_volatility)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("week")
    put_days(folder, WEEK)
    # The day after is a half-day.
    return put_days(folder, ["2026-03-11"], session_s=12_600, seed=3)


@pytest.mark.parametrize("fit", FITS)
def test_a_profile_has_all_bins_and_leaves_half_days_out(week: Store, fit) -> None:
    found = fit(week, "ALFA", bin_s=1_800.0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["dates"] == WEEK
    assert len(found["data_keys"]) == 7
    assert found["notes"] == ["2026-03-11 is left out: its session of 3.5 h is not as long as most"]
    assert found["caveats"][0] == "7 days are few for a usual day: 20 or more are wanted"
    profile = found["profile"]
    assert (profile[0]["start"], profile[0]["end"], profile[-1]["end"]) == ("09:30:00", "10:00:00", "16:00:00")
    assert [row["n_days"] for row in profile] == [7] * 13
    assert all(0.0 < row["se"] < row["value"] for row in profile)


def test_volume_is_spread_evenly_over_days_that_are_made_so(week: Store) -> None:
    found = fit_volume(week, "ALFA", bin_s=1_800.0)
    values = np.array([row["value"] for row in found["profile"]])
    errors = np.array([row["se"] for row in found["profile"]])
    assert values.sum() == pytest.approx(1.0)
    assert (np.abs(values - 1.0 / 13.0) < 4.5 * errors).all()
    assert found["diagnostics"]["mean_daily_shares"] == pytest.approx(11_700 * 300, rel=0.02)
    tracked = found["diagnostics"]["vwap_tracking"]
    assert tracked["days"] == 2
    # Nothing lasts in these days, so that neither way is much better.
    assert tracked["forecast_bps"] == pytest.approx(tracked["mean_shares_bps"], abs=1.0)
    assert set(found["params"]) == {"autoregression", "moving_average", "explained_by_common"}


def test_the_spread_is_two_ticks_in_a_hundred_dollars(week: Store) -> None:
    found = fit_spread(week, "ALFA", bin_s=1_800.0)
    assert [row["value"] for row in found["profile"]] == pytest.approx([2.0] * 13, rel=0.05)
    assert found["diagnostics"]["bins_without_quotes"] == 0


def test_volatility_is_that_of_the_walk(week: Store) -> None:
    """A trade in two seconds moves the price by a variance of 0.3056 + 0.09 ticks², ticks of a bp."""
    found = fit_volatility(week, "ALFA", bin_s=1_800.0)
    minute = np.sqrt(30.0 * (0.25 * 11.0 / 9.0 + 0.09))
    assert np.mean([row["value"] for row in found["profile"]]) == pytest.approx(minute, rel=0.06)
    assert found["params"]["volatility_daily"] == pytest.approx(1e-4 * minute * np.sqrt(390.0), rel=0.08)
    signature = [row["volatility_daily"] for row in found["diagnostics"]["signature"]]
    assert signature == pytest.approx([signature[0]] * 3, rel=0.1)
    assert found["unit"] == "bps in 60 s"


@pytest.mark.parametrize("fit", FITS)
def test_of_one_day_errors_are_not_known_and_that_is_said(tmp_path: Path, fit) -> None:
    found = fit(put_days(tmp_path, WEEK[:1]), "ALFA", bin_s=1_800.0)
    assert [row["se"] for row in found["profile"]] == [None] * 13
    assert found["caveats"][0].startswith("one day is no usual day")


def test_too_few_days_for_a_forecast_are_said(tmp_path: Path) -> None:
    found = fit_volume(put_days(tmp_path, WEEK[:5]), "ALFA", bin_s=1_800.0)
    assert found["params"]
    assert found["diagnostics"]["vwap_tracking"] is None
    assert "more than 5 are needed" in found["caveats"][-1]
    less = fit_volume(Store(tmp_path / "store"), "ALFA", WEEK[:3], bin_s=1_800.0)
    assert less["params"] == {}
    assert any("3 whole days are too few for a forecast" in sentence for sentence in less["caveats"])


def test_a_day_without_trades_or_quotes_is_said(tmp_path: Path) -> None:
    quotes = put_days(tmp_path / "quotes", WEEK[:1], contents=("quotes",))
    with pytest.raises(DataError, match="no day of ALFA has its volume"):
        fit_volume(quotes, "ALFA")
    assert fit_spread(quotes, "ALFA")["profile"][0]["value"] > 0.0
    trades = put_days(tmp_path / "trades", WEEK[:1], contents=("trades",))
    with pytest.raises(DataError, match="no quotes of ALFA are stored"):
        fit_spread(trades, "ALFA")
    assert fit_volume(trades, "ALFA")["dates"] == WEEK[:1]


def test_bins_that_do_not_fit_are_refused(week: Store) -> None:
    with pytest.raises(UsageError, match="bins of 1000 s do not divide"):
        fit_volume(week, "ALFA", bin_s=1_000.0)
    with pytest.raises(UsageError, match="whole returns of 60 s"):
        fit_volatility(week, "ALFA", bin_s=90.0)
    with pytest.raises(DataError, match="no market data of 'BETA'"):
        fit_spread(week, "BETA")
