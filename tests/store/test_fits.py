"""Fitted models are stored whole, and found by name and by date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.ranges import FittedRange
from tcakit.jobs.sql import query
from tcakit.store.database import Store
from tcakit.store.fits import find_fit, fits, latest_fit, put_fit

FACTS = OrderFacts.of(quantity_adv=[0.01, 0.04], volatility_daily=0.02, duration=0.12, half_spread_bps=3.0)


def _model() -> FittedModel:
    draws = np.array([[0.6, 0.45], [0.7, 0.5], [0.8, 0.55]])
    span = FittedRange("own fills", {"quantity_adv": (0.001, 0.1)})
    return FittedModel("power-law", ("prefactor", "exponent"), (0.7, 0.5), draws, range=span, half_spreads=0.5)


def _row(fit_id: str, **given: Any) -> dict[str, Any]:
    row = {
        "fit_id": fit_id, "kind": "impact", "model": "power-law", "source": "own-fills", "symbol": None,
        "date_from": "2026-03-02", "date_to": "2026-03-03", "created_ns": 1, "fitted": _model().as_dict(),
        "diagnostics": {"orders": 3}, "data_keys": ["a"], "versions": {"tcakit": "x"},
    }  # fmt: skip
    return row | given


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True)


def test_a_fit_comes_back_as_it_was(store: Store) -> None:
    put_fit(store, _row("abc1"))
    put_fit(store, _row("abc1", created_ns=2))
    (found,) = fits(store)
    assert found == _row("abc1", created_ns=2)
    again = FittedModel.of_dict(found["fitted"])
    assert again.cost_bps(FACTS).tolist() == _model().cost_bps(FACTS).tolist()
    assert again.range == _model().range


@pytest.mark.parametrize("use", [fits, lambda store: query(store.folder, "FROM fits")["rows"], lambda store: []])
def test_a_store_that_was_made_before_fits_were_kept_has_none(store: Store, use: Callable[[Store], list[Any]]) -> None:
    with store.write_results() as connection:
        connection.execute("DROP TABLE fits")
    assert use(store) == []
    put_fit(store, _row("abc1"))
    assert len(fits(store)) == 1


def test_only_what_was_known_then_counts_and_a_symbols_own_fit_comes_first(store: Store) -> None:
    put_fit(store, _row("early", date_to="2026-03-02", created_ns=1))
    put_fit(store, _row("late", created_ns=3))
    put_fit(store, _row("own", symbol="ALFA", created_ns=2))
    put_fit(store, _row("other", kind="volume", created_ns=9))
    assert latest_fit(store, "impact")["fit_id"] == "late"  # type: ignore[index]
    assert latest_fit(store, "impact", "ALFA")["fit_id"] == "own"  # type: ignore[index]
    assert latest_fit(store, "impact", "ALFA", before="2026-03-03")["fit_id"] == "early"  # type: ignore[index]
    assert latest_fit(store, "impact", before="2026-03-02") is None


def test_a_fit_is_found_by_the_beginning_of_its_name(store: Store) -> None:
    for name in ("abc1", "abd2"):
        put_fit(store, _row(name))
    assert find_fit(store, "abc")["fit_id"] == "abc1"
    with pytest.raises(UsageError, match="2 fits called 'ab'"):
        find_fit(store, "ab")
    with pytest.raises(UsageError, match="no fit called 'x'"):
        find_fit(store, "x")


def test_the_band_of_the_mean_is_that_of_the_draws_and_one_order_scatters_by_its_timing_risk() -> None:
    model = _model()
    costs = np.stack([model.drawn(row).cost_bps(FACTS) + 1.5 for row in range(3)])
    low, high = model.mean_band(FACTS, 0.9)
    assert low.tolist() == np.percentile(costs, 5.0, axis=0).tolist()
    assert high.tolist() == np.percentile(costs, 95.0, axis=0).tolist()
    below, above = model.order_band(FACTS)
    half = (above - below) / 2.0
    np.testing.assert_allclose(half, 1.959963985 * np.hypot(40.0, costs.std(axis=0, ddof=1)), rtol=1e-9)
    np.testing.assert_allclose((above + below) / 2.0, model.cost_bps(FACTS), rtol=1e-12)
    below, above = replace(model, dispersion=4.0).order_band(FACTS)
    np.testing.assert_allclose(
        (above - below) / 2.0, 1.959963985 * np.hypot(80.0, costs.std(axis=0, ddof=1)), rtol=1e-9
    )
    assert model.interval("exponent", 1.0) == (0.45, 0.55)
    assert model.standard_error("prefactor") == pytest.approx(0.1)


def test_without_draws_no_band_of_the_mean_is_made_up() -> None:
    model = FittedModel("square-root", ("prefactor",), (0.7,), np.empty((0, 1)), source="published")
    assert np.isnan(model.mean_band(FACTS)).all()
    assert np.isnan(model.interval("prefactor")).all()
    assert np.isnan(model.standard_error("prefactor"))
    assert np.isfinite(model.order_band(FACTS)).all()
