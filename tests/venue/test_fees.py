"""Fees worked by hand."""

import numpy as np
import pytest

from tcakit.market.codes import BUY, SELL
from tcakit.venue.fees import FeeSchedule


def _fees(schedule, price, shares, *, maker=False, side=BUY, order=0):
    many = len(price)
    return schedule.fees(
        np.array(price, np.float64),
        np.array(shares, np.float64),
        np.full(many, maker),
        side=np.full(many, side),
        order=np.broadcast_to(np.array(order), many),
    ).tolist()


@pytest.mark.parametrize(
    ("shares", "price", "fee"),
    [
        (1000, 25.0, 5.0),  # half a cent a share
        (100, 25.0, 1.0),  # 0.50 is below the minimum
        (1000, 0.25, 2.5),  # 5.00 is above 1 % of 250
        (10, 0.25, 0.025),  # the minimum of 1.00 is above 1 % of 2.50
    ],
)
def test_an_order_pays_no_less_than_its_minimum_and_no_more_than_its_maximum(shares, price, fee):
    schedule = FeeSchedule(taker_per_share=0.005, order_minimum=1.0, order_maximum_percent=1.0)
    assert _fees(schedule, [price], [shares]) == pytest.approx([fee])


def test_fills_of_an_order_share_one_minimum_whatever_lies_between_them():
    schedule = FeeSchedule(taker_per_share=0.005, order_minimum=1.0)
    got = _fees(schedule, [10.0] * 5, [100, 300, 60, 100, 100], order=[7, 3, 7, 7, 3])
    # Order 7 owes 1.00, 1.00, 1.30 as it fills; order 3 owes 1.50, 2.00.
    assert got == pytest.approx([1.0, 1.5, 0.0, 0.3, 0.5])


def test_tax_is_of_one_side_and_beside_the_bounds():
    schedule = FeeSchedule(taker_bps=1.0, order_maximum_percent=0.001, buy_tax_bps=50.0, sell_tax_bps=2.0)
    # The maximum is 0.10 of 10 000; the commission of 1.00 is cut to it.
    assert _fees(schedule, [100.0], [100.0]) == pytest.approx([50.1])
    assert _fees(schedule, [100.0], [100.0], side=SELL) == pytest.approx([2.1])


def test_a_fill_pays_by_value_by_share_and_by_itself_as_maker_or_taker():
    schedule = FeeSchedule(maker_bps=-1, taker_bps=2, maker_per_share=-0.01, taker_per_share=0.02, per_fill=0.5)
    assert _fees(schedule, [10.0, 20.0], [100.0, 100.0]) == pytest.approx([2.7, 2.9])
    assert _fees(schedule, [10.0, 20.0], [100.0, 100.0], maker=True) == pytest.approx([-0.6, -0.7])


def test_a_contract_pays_by_value_on_what_it_is_worth_and_by_share_as_before():
    whole = FeeSchedule(taker_bps=1, taker_per_share=1, per_fill=1, order_maximum_percent=0.03, sell_tax_bps=1)
    # 2 contracts at 100 of 50 each: value 10 000. 1 + 2 + 1 owed, at most 3; tax 1.
    assert _fees(whole.of_contracts(50.0), [100.0], [2.0], side=SELL) == pytest.approx([4.0])


def test_no_fills_cost_nothing():
    assert _fees(FeeSchedule(order_minimum=1.0), [], []) == []
