"""Fits on the tape of real days, from the files through the store: published findings come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acceptance_data import Ingested
from raw_lobster import tcakit

from tcakit.jobs.fit_tape import fit_tape
from tcakit.store.database import Store

pytestmark = pytest.mark.real


def by_symbol(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["symbol"]: entry for entry in found["symbols"]}


@pytest.fixture(scope="module")
def one_day(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    store = tmp_path_factory.mktemp("tape") / "store"
    tcakit("ingest", *sorted((real_data / "lobster").glob("*_1.zip")), "--store", store)
    return by_symbol(fit_tape(Store(store)))


@pytest.fixture(scope="module")
def five_days(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    store = tmp_path_factory.mktemp("week") / "store"
    tcakit("ingest", real_data / "lean" / "equity" / "usa" / "tick", "--store", store)
    return by_symbol(fit_tape(Store(store)))


def test_half_hours_of_one_day_move_with_the_flow_of_orders(one_day: dict[str, dict[str, Any]]) -> None:
    for symbol, squared in (("AMZN", 0.52), ("AAPL", 0.51)):
        view = one_day[symbol]["order_flow"]
        assert view["intervals"] == 13
        assert view["order_flow"]["mean_r_squared"] == pytest.approx(squared, abs=0.02)
        assert view["order_flow"]["mean_r_squared"] > view["trade_imbalance"]["mean_r_squared"]
        assert view["rests_on"].startswith("intervals rest on 13 half-hours of one day")


def test_impact_of_one_days_flow_is_concave_and_decays(one_day: dict[str, dict[str, Any]]) -> None:
    for symbol in ("AMZN", "AAPL"):
        assert one_day[symbol]["source"] == one_day[symbol]["model"]["source"] == "tape-proxy"
        for row in one_day[symbol]["random_traders"]["by_traders"]:
            assert 0.4 < row["exponent"] < 0.65
            assert abs(row["sign_shuffle_prefactor"]) < 0.1 * row["prefactor"]
        controls = one_day[symbol]["flow_state"]["null_controls"]
        for control in controls.values():
            assert control["r_squared"] < 0.05 * one_day[symbol]["flow_state"]["kernels"][0]["r_squared"]
    decay = one_day["AAPL"]["propagator"]
    assert decay["is_identified"]
    assert 0.1 < decay["exponent"] < 0.4
    assert decay["sign_shuffle"]["r_squared"] < 0.01 * decay["r_squared"]
    # Too few trades to tell, and that is said.
    assert one_day["AMZN"]["propagator"]["model"] is None


def test_deeper_books_change_nothing_at_the_touch(ingested: Ingested, one_day: dict[str, dict[str, Any]]) -> None:
    five_levels = by_symbol(fit_tape(Store(ingested.store), ["AMZN"]))["AMZN"]["order_flow"]
    one_level = one_day["AMZN"]["order_flow"]
    assert five_levels["order_flow"]["mean_r_squared"] == pytest.approx(
        one_level["order_flow"]["mean_r_squared"], abs=0.005
    )


def test_five_days_of_two_shares(five_days: dict[str, dict[str, Any]]) -> None:
    """Cont, Kukanov and Stoikov found 65 % against 32 %, slopes of c / depth^λ with λ near 1, twice as steep early."""
    for symbol in ("IBM", "BAC"):
        view = five_days[symbol]["order_flow"]
        assert view["intervals"] == 65
        assert 0.6 < view["order_flow"]["mean_r_squared"] < 0.75
        assert 0.15 < view["trade_imbalance"]["mean_r_squared"] < 0.3
        assert view["order_flow"]["share_significant"] > 0.95
        assert view["profile"][-1]["relative"] < 0.7
        assert "5 days are few" in view["rests_on"]
        state = five_days[symbol]["flow_state"]
        assert all(kernel["r_squared_out_of_sample"] > 0.04 for kernel in state["kernels"])
        assert all(abs(control["coefficient_over_fitted"]) < 0.1 for control in state["null_controls"].values())
    low, high = five_days["IBM"]["order_flow"]["depth_scaling"]["exponent_ci"]
    assert low < 1.0 < high
