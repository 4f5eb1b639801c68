"""The model's curve on the page: what it says of orders of median length, and where it was fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tcakit.impact.pre_trade import asked_by_hand
from tcakit.jobs.report_curve import impact_curves
from tcakit.report.participation import cost_by_participation
from tcakit.report.sections.participation import fitted_range, participation_figure
from tcakit.store.database import Store

NAMES = [f"P{place}" for place in range(9)]
COSTS = pl.DataFrame(
    {
        "parent_id": NAMES,
        "currency": ["USD"] * 9,
        "filled_shares": [1_000.0 * (place + 1) for place in range(9)],
        "participation": [0.02 * (place + 1) for place in range(9)],
    }
)
BEFORE = pl.DataFrame(
    {"parent_id": NAMES, "adv_shares": [1e6] * 9, "volatility_daily": [0.02] * 9, "half_spread_bps": [2.0] * 9}
)
ESTIMATES = pl.DataFrame(
    {"parent_id": NAMES, "model": ["square-root,prefactor=0.6"] * 9, "fit_id": [None] * 9,
     "source": ["given"] * 9, "mean_bps": [5.0] * 9},
    schema_overrides={"fit_id": pl.String},
)  # fmt: skip


def test_the_curve_is_the_models_own_along_participation(tmp_path: Path) -> None:
    (curve,) = impact_curves(Store(tmp_path / "store", create=True), ESTIMATES, COSTS, BEFORE, None)
    assert (curve["currency"], curve["orders"], curve["source"]) == ("USD", 9, "given")
    fitted = asked_by_hand("square-root,prefactor=0.6").fitted
    assert fitted is not None
    least, greatest = fitted.range.facts["quantity_adv"]
    # Every order lasts a twentieth of a day's volume: 1,000 of a million shares at 2 %.
    assert curve["duration"] == pytest.approx(0.05)
    for point in curve["points"]:
        size = point["participation"] * 0.05
        # The square-root law, the mean over the order being two thirds of its peak, with half a spread.
        assert point["mean_bps"] == pytest.approx(2 / 3 * 0.6 * 0.02 * np.sqrt(size) * 1e4 + 2.0)
        assert point["outside"] == (not least <= size <= greatest)
    assert {point["outside"] for point in curve["points"]} == {True, False}


def test_the_figure_shades_where_the_model_was_fitted() -> None:
    points = [
        {"participation": share, "mean_bps": 10 * share, "low_bps": None, "high_bps": None,
         "outside": not 0.05 <= share <= 0.2}
        for share in np.arange(0.01, 0.6, 0.01).tolist()
    ]  # fmt: skip
    curve = {"currency": "USD", "model": "m", "source": "own-fills", "fit_id": "f", "duration": 0.1,
             "volatility_daily": 0.02, "half_spread_bps": 1.0, "orders": 9, "fitted_on": "own orders",
             "points": points}  # fmt: skip
    rows = [
        {"parent_id": name, "participation": 0.03 * place, "trading_cost": 5.0, "executed_notional": 1e4,
         "arrival_bps_of_executed": 5.0, "currency": "USD"}
        for place, name in enumerate(NAMES, start=1)
    ]  # fmt: skip
    estimates = [{"model": "m", "source": "own-fills", "points": [{"parent_id": "P3", "mean_bps": 4.0}]}]
    told = cost_by_participation(rows, estimates, [curve])
    assert told["curve"]["points"][-1]["participation"] <= 0.27 * 1.1
    assert fitted_range(told["curve"]) == (pytest.approx(0.05), pytest.approx(0.2))
    figure = participation_figure({"participation": told, "currency": "USD"}, rows, 1)
    (shade,) = figure["layout"]["shapes"]
    assert (shade["x0"], shade["x1"]) == (pytest.approx(5.0), pytest.approx(20.0))
    assert cost_by_participation(rows, estimates, [{**curve, "model": "another"}])["curve"] is None
    assert cost_by_participation(rows, [], [curve])["curve"] is None
