"""Orders made of the tape against a slow dealer, and the law of size against markets whose law is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tapes import SECOND, SESSION_S, tape

from tcakit.errors import DataError, UsageError
from tcakit.impact.random_traders import ProxyOrders, fit_size_law, prefactor_at, proxy_orders, size_sums
from tcakit.impact.tape import Tape
from tcakit.impact.tape_scale import TapeScale
from tcakit.jobs.tape_random_traders import random_traders_view

SCALE = TapeScale(1_000.0, 0.01, 20)


def slow_orders(day: Tape, traders: int, seed: int) -> set[tuple[float, float, int]]:
    """Trader by trader, trade by trade: (shares, moved, children), rounded."""
    signed = [row for row in range(len(day.trade_ns)) if day.trade_sign[row]]
    who = np.random.default_rng(seed).integers(0, traders, len(signed))
    found = set()
    for trader in range(traders):
        runs: list[list[int]] = []
        for row in (row for row, owner in zip(signed, who, strict=True) if owner == trader):
            if runs and day.trade_sign[runs[-1][-1]] == day.trade_sign[row]:
                runs[-1].append(row)
            else:
                runs.append([row])
        for run in runs:
            start = day.mid_before(day.trade_ns[run[:1]])[0]
            end = day.mid_at(day.trade_ns[run[-1:]])[0]
            if len(run) >= 2 and np.isfinite(start):
                moved = day.trade_sign[run[0]] * np.log(end / start)
                found.add((float(day.trade_shares[run].sum()), round(float(moved), 9), len(run)))
    return found


def market(count: int, seed: int, *, decay: float = 0.0, unknown: float = 0.0) -> Tape:
    """Trades of one share with sides left to a coin, each moving the price a tick, which fades as lag^-decay."""
    random = np.random.default_rng([7, seed])
    signs = random.choice([-1.0, 1.0], count)
    price = 1e5 + np.convolve(signs, np.arange(1.0, count + 1.0) ** -decay)[:count]
    ns = np.sort(random.choice(SESSION_S * 1_000, count, replace=False)) * (SECOND // 1_000) + 1
    told = np.where(random.random(count) < unknown, 0.0, signs)
    levels, ones = np.concatenate([[1e5], price]), np.ones(count + 1)
    return tape(
        quote_ns=np.concatenate([[0], ns]), bid=levels, bid_size=ones, ask=levels, ask_size=ones,
        trade_ns=ns, trade_sign=told, trade_shares=np.ones(count),
    )  # fmt: skip


@given(st.integers(0, 500), st.integers(1, 60), st.integers(1, 5))
def test_orders_are_those_of_the_slow_dealer(seed, count, traders):
    day = market(count, seed, unknown=0.2)
    orders = proxy_orders(day, SCALE, traders, np.random.default_rng(seed))
    found = {
        (round(shares * SCALE.adv_shares, 9), round(moved * SCALE.volatility_daily, 9), children)
        for shares, moved, children in zip(
            orders.size_adv.tolist(), orders.moved.tolist(), orders.children.tolist(), strict=True
        )
    }
    assert found == slow_orders(day, traders, seed)
    assert (orders.duration >= orders.size_adv - 1e-12).all()


def law_of(days: list[Tape], traders: int) -> object:
    # Not a market's own seed: its coins and the dealer's would be the same.
    random = np.random.default_rng(12_345)
    sums = [
        size_sums(own, np.zeros(len(own), np.int64), 1)
        for own in (proxy_orders(day, SCALE, traders, random) for day in days)
    ]
    return fit_size_law(np.concatenate(sums, axis=1))


def test_lasting_impact_of_trades_left_to_a_coin_is_linear_in_size():
    """Others' trades cancel, so that an order moves the price by a tick a child, whoever it was."""
    law = law_of([market(4_000, seed) for seed in range(10)], 5)
    per_day = SCALE.adv_shares * 1e-5 / SCALE.volatility_daily
    assert law.exponent == pytest.approx(1.0, abs=0.05)
    assert law.prefactor * 0.003**law.exponent == pytest.approx(per_day * 0.003, rel=0.03)
    assert law.exponent_interval[0] < 1.0 < law.exponent_interval[1]
    assert law.clusters == 10


def test_impact_that_fades_is_concave_and_more_so_where_children_are_far_apart():
    few, many = (law_of([market(8_000, seed, decay=0.5) for seed in range(10)], traders) for traders in (2, 20))
    assert 0.35 < few.exponent < 0.75
    assert 0.0 < many.exponent < few.exponent - 0.1


def orders_of(size, moved, duration):
    ones = np.ones(len(size), np.int64)
    return ProxyOrders(size, moved, duration, ones, 2 * ones)


@pytest.mark.parametrize(("exponent", "prefactor"), [(0.5, 0.9), (0.62, 1.4), (1.0, 20.0)])
def test_a_law_without_noise_is_found_exactly(exponent, prefactor):
    size = np.logspace(-4, -1, 400)
    sums = size_sums(orders_of(size, prefactor * size**exponent, 10.0 * size), np.arange(400) % 5, 5)
    law = fit_size_law(sums)
    assert law.exponent == pytest.approx(exponent, abs=5e-3)
    assert law.prefactor * 0.01**law.exponent == pytest.approx(prefactor * 0.01**exponent, rel=2e-2)
    assert prefactor_at(sums, exponent) == pytest.approx(prefactor, rel=0.2)


def test_intervals_of_a_noisy_law_hold_it():
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        size = 10.0 ** random.uniform(-4, -1.5, 4_000)
        duration = size / 0.1
        moved = 0.9 * size**0.5 + np.sqrt(duration / 3.0) * random.normal(size=4_000)
        low, high = fit_size_law(
            size_sums(orders_of(size, moved, duration), np.arange(4_000) % 40, 40)
        ).exponent_interval
        held.append(low < 0.5 < high)
    assert np.mean(held) >= 0.88


def test_moves_the_other_way_count_too():
    """Leaving them out, as logarithms do, would find half as much again and more of a prefactor."""
    random = np.random.default_rng(1)
    size = 10.0 ** random.uniform(-3, -1.5, 40_000)
    moved = 0.9 * size**0.5 + np.sqrt(size / 0.3) * random.normal(size=40_000)
    law = fit_size_law(size_sums(orders_of(size, moved, 10.0 * size), np.arange(40_000) % 40, 40))
    assert law.prefactor * 0.01**law.exponent == pytest.approx(0.09, rel=0.1)
    assert moved[moved > 0.0].mean() > 1.5 * moved.mean()


def test_the_view_sweeps_the_number_of_traders_and_shuffles_signs():
    days = [market(4_000, seed) for seed in range(3)]
    view = random_traders_view(days, traders=(5, 20, 4_000), deals=2, seed=99)
    assert [row["traders"] for row in view["by_traders"]] == [5, 20, 4_000]
    for row in view["by_traders"][:2]:
        assert row["exponent"] == pytest.approx(1.0, abs=0.1)
        assert abs(row["sign_shuffle_prefactor"]) < 0.2 * row["prefactor"]
        assert sum(own["orders"] for own in row["by_size"]) == pytest.approx(2 * row["orders_a_deal"])
        assert row["by_size"][-1]["moved"] > row["by_size"][0]["moved"] > 0.0
    assert random_traders_view(days, traders=(5,), deals=2) == random_traders_view(days, traders=(5,), deals=2)


def test_too_few_orders_are_null_and_none_at_all_is_said():
    day = market(300, 1)
    view = random_traders_view([day], traders=(2, 3_000), deals=2)
    assert view["by_traders"][0]["exponent"] is not None
    assert view["by_traders"][1]["exponent"] is None
    assert (
        view["rests_on"].startswith("intervals rest on 14 half-hours of one day") or "13 half-hours" in view["rests_on"]
    )
    with pytest.raises(DataError, match="no 100 orders"):
        random_traders_view([day], traders=(3_000,), deals=1)
    with pytest.raises(UsageError, match="0 traders"):
        proxy_orders(day, SCALE, 0, np.random.default_rng(0))
