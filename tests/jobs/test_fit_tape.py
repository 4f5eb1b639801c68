"""Fits on the tape of a store: what they say of made days, and what they say where there is too little."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from stored_tapes import put_days

from tcakit.errors import DataError
from tcakit.jobs.fit_tape import fit_tape
from tcakit.jobs.tape import read_tapes
from tcakit.jobs.tape_order_flow import rests_on


def test_all_symbols_and_days_are_fitted_and_told(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03", "2026-03-04"], ("ALFA", "BETA"))
    found = fit_tape(store)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [(entry["symbol"], entry["dates"]) for entry in found["symbols"]] == [
        ("ALFA", ["2026-03-03", "2026-03-04"]),
        ("BETA", ["2026-03-03", "2026-03-04"]),
    ]
    for entry in found["symbols"]:
        assert entry["source"] == "tape-proxy"
        view = entry["order_flow"]
        assert view["intervals"] == 26
        assert view["rests_on"] == rests_on(2, 26, "half-hours")
        assert "2 days are few" in view["rests_on"]
        assert [row["n_days"] for row in view["profile"]] == [2] * 13
        assert view["profile"][0]["start"] == "09:30:00"
        assert view["profile"][-1]["end"] == "16:00:00"
        low, high = view["trade_imbalance"]["mean_r_squared_ci"]
        assert low < view["trade_imbalance"]["mean_r_squared"] < high
        # What moves the price of these days is what is traded, not what is quoted.
        assert view["trade_imbalance"]["mean_slope"] == pytest.approx(0.5 / 300.0, rel=0.05)


def test_one_day_says_that_it_is_one(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03", "2026-03-04"])
    view = fit_tape(store, ["ALFA"], ["2026-03-04"])["symbols"][0]["order_flow"]
    assert view["rests_on"] == rests_on(1, 13, "half-hours")
    assert [row["date"] for row in view["by_day"]] == ["2026-03-04"]


def test_unsigned_prints_are_signed_by_the_quote_and_that_is_said(tmp_path: Path) -> None:
    recorded = read_tapes(put_days(tmp_path / "a", ["2026-03-03"]))
    guessed = read_tapes(put_days(tmp_path / "b", ["2026-03-03"], signed=False))
    assert recorded.notes == ()
    assert "of 100% of the prints the side that took is not recorded" in guessed.notes[0]
    assert np.array_equal(recorded.tapes[0].trade_sign, guessed.tapes[0].trade_sign)


def test_what_is_not_stored_is_said(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03"])
    with pytest.raises(DataError, match="no market data of 'ALFS' is stored; did you mean ALFA"):
        fit_tape(store, ["ALFS"])
    with pytest.raises(DataError, match="stored on these dates"):
        fit_tape(store, ["ALFA"], ["2026-03-09"])


def test_days_without_quotes_are_left_out_with_their_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="left out: ALFA on 2026-03-03: no quotes are stored"):
        fit_tape(put_days(tmp_path, ["2026-03-03"], contents=("trades",)))


def test_a_market_without_hours_is_fitted_on_all_that_was_recorded(tmp_path: Path) -> None:
    found = fit_tape(put_days(tmp_path, ["2026-03-03"], hours=False))
    assert "all that was recorded" in found["notes"][0]
    assert found["symbols"][0]["order_flow"]["intervals"] in (12, 13)


def test_a_view_that_a_tape_is_too_short_for_is_null_with_its_reason(tmp_path: Path) -> None:
    found = fit_tape(put_days(tmp_path, ["2026-03-03"], session_s=1_200))["symbols"][0]
    assert found["order_flow"] is None
    assert any(caveat.startswith("order_flow: ") and "1800 s" in caveat for caveat in found["caveats"])
