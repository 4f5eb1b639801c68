"""Fees worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tcakit.market.codes import BUY, SELL
from tcakit.venue.fees import FeeSchedule, FeeTier


def _fees(schedule, price, shares, *, maker=False, side=BUY, order=0, multiplier=1.0):
    many = len(price)
    return schedule.fees(
        np.array(price, np.float64),
        np.array(shares, np.float64),
        np.full(many, maker),
        side=np.full(many, side),
        order=np.broadcast_to(np.array(order), many),
        multiplier=multiplier,
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
    assert _fees(whole, [100.0], [2.0], side=SELL, multiplier=50.0) == pytest.approx([4.0])


def test_no_fills_cost_nothing():
    assert _fees(FeeSchedule(order_minimum=1.0), [], []) == []


# --- volume tiers -----------------------------------------------------------------------------------------

TIERED = FeeSchedule(
    taker_per_share=0.005,
    maker_per_share=-0.001,
    per_fill=0.1,
    tiers=(FeeTier(1_000, taker_per_share=0.003), FeeTier(2_000, taker_per_share=0.002, per_fill=0.0)),
)


def test_each_share_pays_the_tier_it_falls_in_and_the_fee_per_fill_is_that_of_its_beginning():
    got = _fees(TIERED, [10.0] * 4, [900, 300, 1_000, 10])
    # 900 x 0.005; 100 x 0.005 + 200 x 0.003; 800 x 0.003 + 200 x 0.002; 10 x 0.002. Each but the last + 0.1.
    assert got == pytest.approx([4.6, 1.2, 2.9, 0.02])


def test_what_was_traded_before_counts_and_a_tier_leaves_other_charges_as_they_are():
    before = replace(TIERED, traded_before=1_999.0)
    assert _fees(before, [10.0], [2]) == pytest.approx([0.003 + 0.002 + 0.1])
    assert _fees(before, [10.0, 10.0], [1, 100], maker=True) == pytest.approx([-0.001 + 0.1, -0.1])


def test_tiers_by_value_count_value_and_a_fill_may_span_them_all():
    tiers = (FeeTier(10_000, taker_bps=8), FeeTier(30_000, taker_bps=5))
    by_value = FeeSchedule(taker_bps=10, tiers=tiers, tiers_by_value=True)
    # 40 000 at once: 10 000 at 10 bps, 20 000 at 8, 10 000 at 5.
    assert _fees(by_value, [100.0], [400.0]) == pytest.approx([10 + 16 + 5])
    # The same as 20 contracts of 20 each.
    assert _fees(by_value, [100.0], [20.0], multiplier=20.0) == pytest.approx([31])
    # Prices below zero are worth as much.
    assert _fees(replace(by_value, taker_bps=0), [-100.0, -100.0], [100.0, 100.0]) == pytest.approx([0, -8])


def test_minimum_and_maximum_of_an_order_bound_what_its_tiers_make():
    bounded = replace(TIERED, per_fill=0.0, tiers=(FeeTier(1_000, taker_per_share=0.0),), order_minimum=1.0)
    assert _fees(bounded, [10.0] * 3, [1_000, 100, 500], order=[0, 1, 1]) == pytest.approx([5.0, 1.0, 0.0])


def test_in_pieces_shares_pay_as_they_do_at_once():
    shares = [137.0, 862.0, 1.0, 1.0, 999.0, 3.0]
    plain = replace(TIERED, per_fill=0.0, tiers=(FeeTier(1_000, taker_per_share=0.003), FeeTier(2_000, taker_bps=7)))
    whole = _fees(plain, [10.0], [sum(shares)])
    assert sum(_fees(plain, [10.0] * len(shares), shares)) == pytest.approx(whole[0])
