"""Fits on the tape of a store: what they say of made days, and what they say where there is too little."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from stored_tapes import put_days

from tcakit.errors import DataError, UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.jobs.fit_tape import VIEWS, fit_tape, fitted_of, model_of
from tcakit.jobs.tape import chosen_days, read_tapes
from tcakit.jobs.tape_order_flow import rests_on


def test_all_symbols_and_days_are_fitted_and_told(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03", "2026-03-04"], ("ALFA", "BETA"))
    found = fit_tape(store, views=["order_flow"])
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
    view = fit_tape(store, ["ALFA"], ["2026-03-04"], ["order_flow"])["symbols"][0]["order_flow"]
    assert view["rests_on"] == rests_on(1, 13, "half-hours")
    assert [row["date"] for row in view["by_day"]] == ["2026-03-04"]


def test_unsigned_prints_are_signed_by_the_quote_and_that_is_said(tmp_path: Path) -> None:
    read = {}
    for name, signed in (("recorded", True), ("guessed", False)):
        store = put_days(tmp_path / name, ["2026-03-03", "2026-03-04"], signed=signed)
        read[name] = read_tapes(store, chosen_days(store))
    assert read["recorded"].notes == ()
    (note,) = read["guessed"].notes
    assert note.startswith("ALFA on 2 days, 2026-03-03 to 2026-03-04: of 100% of the prints the side that took is not")
    for one, other in zip(read["recorded"].tapes, read["guessed"].tapes, strict=True):
        assert np.array_equal(one.trade_sign, other.trade_sign)


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
    found = fit_tape(put_days(tmp_path, ["2026-03-03"], hours=False), views=["order_flow"])
    assert "all that was recorded" in found["notes"][0]
    assert found["symbols"][0]["order_flow"]["intervals"] in (12, 13)


def test_a_view_that_a_tape_is_too_short_for_is_null_with_its_reason(tmp_path: Path) -> None:
    found = fit_tape(put_days(tmp_path, ["2026-03-03"], session_s=1_200))["symbols"][0]
    assert found["order_flow"] is None
    assert any(caveat.startswith("order_flow: ") and "1800 s" in caveat for caveat in found["caveats"])


def test_every_view_is_told_with_its_model_and_what_it_rests_on(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03", "2026-03-04"])
    found = fit_tape(store)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    entry = found["symbols"][0]
    assert entry["caveats"] == []
    for name in VIEWS:
        assert entry[name]["rests_on"].startswith("intervals rest on ")
    assert entry["model"]["source"] == "tape-proxy"
    low, high = entry["model"]["level_range"]
    middle, dear, fitted = model_of(entry), model_of(entry, level=high), fitted_of(entry)
    facts = OrderFacts.of(quantity_adv=0.01, duration=0.1, volatility_daily=0.01)
    assert middle.name == fitted.model == entry["model"]["name"]
    assert fitted.source == "tape-proxy"
    assert fitted.resting_on == entry["flow_state"]["rests_on"]
    assert fitted.cost_bps(facts) == pytest.approx(middle.cost_bps(facts))
    assert dear.cost_bps(facts)[0] == pytest.approx(middle.cost_bps(facts)[0] * np.sqrt(2.0))
    # The band of the mean holds what is not known of the level, and not only the error of the fit.
    cheap, most = fitted.mean_band(facts)
    assert cheap[0] < 1.1 * model_of(entry, level=low).cost_bps(facts)[0]
    assert most[0] > 0.9 * dear.cost_bps(facts)[0]
    assert len(entry["data_keys"]) == 2
    # These prices keep what each trade did to them: 0.5 ticks of 100 for 300 shares, the mean size.
    kernel = entry["propagator"]["kernel"]
    assert [row["raw_bps"] for row in kernel if row["lag_trades"] == 50] == pytest.approx([0.5], rel=0.3)
    assert entry["propagator"]["sign_shuffle"]["r_squared"] < 0.05 * entry["propagator"]["r_squared"]


def test_views_can_be_chosen(tmp_path: Path) -> None:
    store = put_days(tmp_path, ["2026-03-03"])
    entry = fit_tape(store, views=["propagator"])["symbols"][0]
    assert [name for name in VIEWS if name in entry] == ["propagator"]
    with pytest.raises(DataError, match="no model was fitted"):
        model_of(entry)
    with pytest.raises(DataError, match="no model was fitted"):
        fitted_of(entry)
    with pytest.raises(UsageError, match="no view 'orders' of the tape"):
        fit_tape(store, views=["orders"])
