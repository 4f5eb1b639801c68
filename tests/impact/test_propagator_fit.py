"""A known propagator is found again in trades whose signs remember; slow witnesses for the sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tapes import tape
from made_trades import long_memory_signs, propagated

from tcakit.errors import DataError, UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.propagator_fit import fit_propagator, fit_propagator_to_tapes, trade_moves
from tcakit.impact.sign_statistics import add_statistics, sign_statistics


@pytest.mark.parametrize(("exponent", "lag_scale"), [(0.25, 5.0), (0.4, 20.0)])
def test_the_exponent_of_a_million_trades_is_found(exponent, lag_scale):
    fit = fit_propagator([propagated(1_000_000, exponent, lag_scale)])
    low, high = fit.exponent_interval
    assert fit.exponent == pytest.approx(exponent, abs=0.02)
    assert fit.exponent_half_lags == pytest.approx(exponent, abs=0.02)
    assert low < exponent < high
    assert high - low < 0.05
    assert fit.level == pytest.approx(1.0, abs=0.01)
    assert np.log(fit.lag_scale) == pytest.approx(np.log(lag_scale), abs=4.0 * fit.lag_scale_log_se)
    assert fit.is_identified
    truth = (1.0 + np.arange(1.0, 1_001.0) / lag_scale) ** -exponent
    assert np.abs(fit.fitted / truth - 1.0).max() < 0.02
    # The free kernel is the same, noisier; what follows a trade is another thing.
    assert np.abs(fit.raw / truth - 1.0)[:100].max() < 0.1
    assert fit.response[99] > 3.0 * truth[99]


def test_intervals_hold_the_truth():
    held = []
    for seed in range(40):
        days = [propagated(10_000, 0.4, 5.0, seed=100 * seed + day) for day in range(3)]
        low, high = fit_propagator(days, lags=500).exponent_interval
        held.append(low < 0.4 < high)
    assert np.mean(held) >= 0.85


def test_no_lag_crosses_a_night():
    first, second = propagated(5_000, 0.4, 5.0, seed=1), propagated(5_000, 0.4, 5.0, seed=2)
    night = np.array([500.0])
    apart = fit_propagator([first, second], lags=200)
    # What the night does to the price, were it a move of the last trade, would be seen at once.
    together = fit_propagator(
        [(np.concatenate([first[0], second[0]]), np.concatenate([first[1][:-1], night, second[1]]))], lags=200
    )
    assert apart.exponent == pytest.approx(fit_propagator([second, first], lags=200).exponent, abs=1e-3)
    assert apart.r_squared > 5.0 * together.r_squared
    parts = [sign_statistics(*day, 200)[0] for day in (first, second)]
    assert add_statistics(parts).pairs.tolist() == [2.0 * (5_000 - lag) for lag in range(200)]


def slow_sums(signs, moves, lags):
    response, likeness = np.zeros(lags), np.zeros(lags)
    for then in range(len(signs)):
        for lag in range(min(lags, len(signs) - then)):
            response[lag] += signs[then] * moves[then + lag]
            likeness[lag] += signs[then] * signs[then + lag]
    return response, likeness


@given(st.integers(0, 1_000), st.integers(4, 60), st.integers(1, 4), st.integers(1, 5))
def test_sums_are_those_of_the_slow_count_in_any_pieces(seed, count, lags, pieces):
    random = np.random.default_rng(seed)
    signs, moves = random.choice([-1.0, 0.0, 1.0], count), random.normal(size=count)
    whole = add_statistics(sign_statistics(signs, moves, lags, pieces))
    response, likeness = slow_sums(signs, moves, lags)
    assert whole.response == pytest.approx(response, abs=1e-9)
    assert whole.likeness == pytest.approx(likeness, abs=1e-9)
    assert whole.pairs == pytest.approx(slow_sums(np.abs(signs), moves, lags)[1], abs=1e-9)
    assert whole.moves_squared == pytest.approx(moves @ moves)
    assert whole.trades == count


def test_sums_are_the_same_in_blocks(monkeypatch):
    monkeypatch.setattr("tcakit.impact.sign_statistics._LEAST_BLOCK", 8)
    random = np.random.default_rng(4)
    for count in (15, 16, 17, 99):
        signs, moves = random.choice([-1.0, 1.0], count), random.normal(size=count)
        whole = add_statistics(sign_statistics(signs, moves, 3, 2))
        response, likeness = slow_sums(signs, moves, 3)
        assert whole.response == pytest.approx(response, abs=1e-12)
        assert whole.likeness == pytest.approx(likeness, abs=1e-12)
        assert whole.pairs.tolist() == [count, count - 1.0, count - 2.0]


def test_signs_that_tell_nothing_have_no_propagator():
    random = np.random.default_rng(1)
    signs, moves = propagated(50_000, 0.4, 5.0)
    shuffled = fit_propagator([(random.permutation(signs), moves)])
    real = fit_propagator([(signs, moves)])
    assert np.abs(shuffled.fitted).max() < 0.05 * real.fitted[0]
    assert not shuffled.is_identified
    against = fit_propagator([(signs, -moves)])
    assert against.level == pytest.approx(-real.level)
    assert not against.is_identified
    assert not real.is_at_bound
    blip = fit_propagator([(signs, signs - np.roll(signs, 3))])
    assert blip.is_at_bound
    assert not blip.is_identified
    with pytest.raises(DataError, match="known of no trade"):
        fit_propagator([(0.0 * signs, moves)])


def test_too_little_is_said():
    signs, moves = propagated(500, 0.4, 5.0)
    with pytest.raises(DataError, match="500 trades are too few"):
        fit_propagator([(signs, moves)])
    with pytest.raises(DataError, match="0 trades"):
        fit_propagator([])
    with pytest.raises(UsageError, match="600 lags in a day of 500"):
        sign_statistics(signs, moves, 600)
    with pytest.raises(DataError, match="missing"):
        sign_statistics([1.0, np.nan], [1.0, 1.0], 1)


def test_moves_are_from_before_a_trade_to_before_the_next_in_bps():
    rows = tape(
        quote_ns=[10, 20, 21], bid=[99, 100, 101], bid_size=[1] * 3, ask=[101, 102, 103], ask_size=[1] * 3,
        trade_ns=[5, 20, 30, 40], trade_sign=[1, 1, -1, 1], trade_shares=[1] * 4,
    )  # fmt: skip
    signs, moves = trade_moves(rows)
    assert signs.tolist() == [1.0, -1.0]
    assert moves == pytest.approx([1e4 * np.log(102 / 100), 0.0])


def test_as_a_model_it_says_what_its_trades_do_to_the_price():
    """An order that makes each of the next n trades of the tape moves the price by Σ G, here as the sum itself."""
    fit = fit_propagator([propagated(100_000, 0.4, 5.0, level=0.3)])
    model = fit.model(trades_a_day=10_000.0, volatility_daily=0.02)
    facts = OrderFacts.of(quantity_adv=0.1, participation=1.0, volatility_daily=0.02)
    added = fit.value(np.arange(1_000) + 0.5).sum()
    assert model.peak_bps(facts)[0] == pytest.approx(added, rel=1e-3)
    with pytest.raises(DataError, match="make no impact that decays"):
        fit_propagator([propagated(20_000, 1.4, 5.0)]).model(10_000.0, 0.02)


def test_ten_days_are_the_clusters_of_the_errors():
    days = [propagated(2_000, 0.4, 5.0, seed=day) for day in range(10)]
    assert (fit_propagator(days).clusters, fit_propagator(days).clustered_by) == (10, "day")
    assert fit_propagator(days[:4]).clustered_by == "piece of a day"


def test_a_tape_is_fitted_as_its_trades():
    random = np.random.default_rng(0)
    ns = np.arange(1, 4_001, dtype=np.int64) * 1_000
    signs = long_memory_signs(4_000, random)
    price = 10_000.0 + np.cumsum(signs + random.normal(size=4_000))
    size = np.ones(4_001)
    levels = np.concatenate([[10_000.0], price])
    rows = tape(
        quote_ns=np.concatenate([[0], ns + 1]), bid=levels, bid_size=size, ask=levels, ask_size=size,
        trade_ns=ns, trade_sign=signs, trade_shares=size[1:],
    )  # fmt: skip
    assert fit_propagator_to_tapes([rows]).level == fit_propagator([trade_moves(rows)]).level
    assert fit_propagator_to_tapes([rows]).fitted[0] == pytest.approx(1.0, abs=0.2)
