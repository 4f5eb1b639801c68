"""The parts of a shortfall add up, whatever the order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError
from tcakit.tca.shortfall import bps, shortfall, shortfall_of_sums

prices = st.floats(0.01, 5_000.0)


@dataclass
class Order:
    side: int
    ordered: float
    decision: float
    fills: list[tuple[int, float]]
    fees: float
    end: float
    arrival: float

    def arguments(self) -> tuple[Any, ...]:
        return self.side, self.ordered, self.decision, self.fills, self.fees, self.end, self.arrival

    @property
    def scale(self) -> float:
        """The largest amount that enters a sum: what rounding is measured against."""
        dearest = max([self.decision, self.end, self.arrival, *(price for _, price in self.fills)])
        return self.ordered * dearest + abs(self.fees) + 1.0


@st.composite
def orders(draw: st.DrawFn) -> Order:
    fills = draw(st.lists(st.tuples(st.integers(1, 10_000), prices), max_size=8))
    unfilled = draw(st.integers(0, 10_000))
    ordered = sum(quantity for quantity, _ in fills) + unfilled
    side = draw(st.sampled_from([1, -1]))
    return Order(side, ordered or 1, draw(prices), fills, draw(st.floats(-100, 1_000)), draw(prices), draw(prices))


@given(orders())
def test_both_bases_give_the_same_total(order: Order) -> None:
    cost = shortfall(*order.arguments())
    executed = [cost.delay, cost.trading, cost.opportunity, cost.fees]
    ordered = [cost.order_delay, cost.trading, cost.order_opportunity, cost.fees]
    near = 1e-12 * order.scale
    assert None not in executed + ordered
    assert sum(part for part in executed if part is not None) == pytest.approx(cost.total, abs=near)
    assert sum(part for part in ordered if part is not None) == pytest.approx(cost.total, abs=near)


@given(orders())
def test_perold_by_both_routes(order: Order) -> None:
    cost = shortfall(*order.arguments())
    assert cost.perold_total == pytest.approx(cost.total, abs=1e-12 * order.scale)


@given(orders())
def test_a_sell_mirrors_a_buy(order: Order) -> None:
    """Mirroring every price around one level and turning the side leaves every cost as it was."""
    level = 10_000.0
    mirrored = Order(
        -order.side,
        order.ordered,
        level - order.decision,
        [(quantity, level - price) for quantity, price in order.fills],
        order.fees,
        level - order.end,
        level - order.arrival,
    )
    one, other = shortfall(*order.arguments()), shortfall(*mirrored.arguments())
    near = 1e-12 * (order.ordered * level + abs(order.fees) + 1.0)
    for part in ("delay", "trading", "opportunity", "order_delay", "order_opportunity", "fees", "total"):
        assert getattr(one, part) == pytest.approx(getattr(other, part), abs=near), part


@given(orders())
def test_other_side_same_fills_costs_the_opposite(order: Order) -> None:
    one = shortfall(*order.arguments())
    order.side = -order.side
    other = shortfall(*order.arguments())
    assert one.total is not None
    assert other.total is not None
    assert one.total - one.fees == pytest.approx(-(other.total - other.fees), abs=1e-12 * order.scale)


def test_a_missing_price_leaves_only_what_needs_it_unknown() -> None:
    partial = shortfall(1, 100, 10.0, [(60, 10.5)], 2.0, None, arrival_price=10.2)
    assert partial.delay == pytest.approx(12.0)
    assert partial.trading == pytest.approx(18.0)
    assert (partial.opportunity, partial.total, partial.perold_total) == (None, None, None)
    without_arrival = shortfall(1, 60, 10.0, [(60, 10.5)], 2.0, None)
    assert (without_arrival.delay, without_arrival.trading) == (None, None)
    assert without_arrival.total == pytest.approx(32.0)
    assert without_arrival.perold_total == pytest.approx(32.0)


def test_an_order_that_never_traded_is_all_opportunity() -> None:
    cost = shortfall(-1, 1_000, 20.0, [], 0.0, 19.5)
    assert (cost.delay, cost.trading, cost.opportunity, cost.total) == (0.0, 0.0, 500.0, 500.0)
    assert cost.average_price is None
    assert cost.arrival_bps_of_executed is None


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ((0, 100, 10.0, [], 0.0, 10.0), "side 0"),
        ((1, 0, 10.0, [], 0.0, 10.0), "not positive"),
        ((1, 100, 10.0, [(101, 10.0)], 0.0, 10.0), "filled 101 of 100"),
        ((1, 100, float("nan"), [], 0.0, 10.0), "not finite"),
        ((1, 100, 10.0, [(0, 10.0)], 0.0, 10.0), "positive quantity"),
    ],
)
def test_what_cannot_be_an_order_is_refused(order: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        shortfall(*order)


def test_sums_and_fills_agree() -> None:
    fills = [(10, 1.5), (20, 2.5)]
    assert shortfall(1, 40, 1.0, fills, 3.0, 2.0, 1.2) == shortfall_of_sums(1, 40, 1.0, 30, 65.0, 3.0, 2.0, 1.2)


def test_basis_points_of_nothing_are_none() -> None:
    assert bps(1.0, 0.0) is None
    assert bps(1.0, None) is None
    assert bps(None, 1.0) is None
