"""A future worked out by hand: money is contracts times multiplier times points, and fees are money already."""

from __future__ import annotations

import pytest
from acme_market import DATE, build_day, fill, frame_of, parent

from tcakit.market.schema import FILLS, PARENTS
from tcakit.tca import measure


def es(multiplier: float | None, fees: float = 9.0) -> dict[str, object]:
    """Buy 4 contracts decided at 5000, mid 5000.25 at arrival: 2 at 5000.50 and 1 at 5001, mid 5002 at the end."""
    day = build_day([(0.0, 5000.00, 5000.50), (40.0, 5001.75, 5002.25), (60.0, 5001.75, 5002.25)], tick_size=2500)
    order = parent(quantity=4, decision_price=5000.0, fees=fees, multiplier=multiplier)
    fills = [fill("F1", 12, 5000.50, 2, fee=None), fill("F2", 20, 5001.00, 1, fee=None)]
    found = measure(
        frame_of([order], PARENTS), frame_of(fills, FILLS), {("ACME", DATE): day}, run_id="R1", restated=None
    )
    return found.parents.row(0, named=True)


def test_a_future_of_fifty_dollars_a_point() -> None:
    row = es(50.0)
    expected = {
        "delay_cost": 37.5,  # 50 x 3 x 0.25
        "trading_cost": 62.5,  # 50 x (15 002 - 3 x 5000.25)
        "spread_cost": 62.5,  # the mid stood still between the fills
        "drift_cost": 0.0,
        "opportunity_cost": 100.0,  # 50 x 1 x 2
        "fees": 9.0,
        "total_cost": 209.0,
        "paper_notional": 1_000_000.0,  # 50 x 4 x 5000
        "executed_notional": 750_037.5,  # 50 x 3 x 5000.25
        "shortfall_bps_of_paper": 2.09,
        "arrival_bps_of_executed": 62.5 / 750_037.5 * 1e4,
        "average_price": 15_002 / 3,
        "filled_shares": 3.0,
        "ordered_shares": 4.0,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_basis_points_change_by_fees_alone() -> None:
    names = ("shortfall_bps_of_paper", "arrival_bps_of_executed", "fill_rate", "arrival_price", "participation")
    with_it, without = es(50.0, fees=0.0), es(None, fees=0.0)
    assert {name: with_it[name] for name in names} == pytest.approx({name: without[name] for name in names})
    assert es(50.0)["shortfall_bps_of_paper"] < es(None)["shortfall_bps_of_paper"]
    assert without["total_cost"] == pytest.approx(4.0)
