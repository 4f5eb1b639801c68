"""Facts of markets on prices and trades whose facts are known."""

from __future__ import annotations

import numpy as np
import pytest
from small_days import events_from, simulated, small_day

from tcakit.impact.tape import Tape
from tcakit.market import codes
from tcakit.simulator.scores import message_facts, return_facts, trade_facts
from tcakit.simulator.scores.block_draws import block_sums, blocks_of_time, estimate, power_law
from tcakit.simulator.scores.facts import facts_of, tape_halves

SECOND = 1_000_000_000


def tape(mids, signs=(), trade_ns=None, *, step_ns=SECOND):
    """A tape of mids a second, and signed trades of one share, evenly over the day unless told when."""
    quote_ns = np.arange(len(mids)) * step_ns
    signs = np.asarray(signs, np.float64)
    close = int(quote_ns[-1])
    when = np.linspace(1, close - 1, len(signs)).astype(np.int64) if trade_ns is None else trade_ns
    ones = np.ones(len(mids))
    return Tape.of(
        symbol="ALFA", date="2026-03-03", open_ns=0, close_ns=close, tick=0.01, quote_ns=quote_ns,
        bid=np.asarray(mids) - 0.5, bid_size=ones, ask=np.asarray(mids) + 0.5, ask_size=ones, trade_ns=when,
        trade_sign=signs, trade_shares=np.ones(len(signs)),
    )  # fmt: skip


def walk(moves):
    return 50_000.0 + np.concatenate([[0.0], np.cumsum(moves)])


def test_draws_of_blocks_spread_as_means_do():
    random = np.random.default_rng(1)
    values = np.repeat(random.normal(size=200), 5)  # five rows of a block hang together
    sums = block_sums(np.arange(1_000) // 5, [values, np.ones(1_000)], 200)
    found = estimate(sums, lambda drawn: drawn[..., :1] / drawn[..., 1:])
    value, low, high = found.scalar()
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.2)


def test_a_fact_that_most_draws_lack_has_no_interval():
    sums = np.array([[1.0, 1.0], *([[0.0, 0.0]] * 30)])
    found = estimate(sums, lambda drawn: drawn[..., :1] / np.where(drawn[..., 1:] > 2.5, 1.0, np.nan))
    assert np.isnan(found.value[0])
    assert np.isnan(found.low[0])


@pytest.mark.parametrize("exponent", [0.25, 0.5, 1.1])
def test_a_power_law_is_found_with_noise_about_it(exponent):
    lags = trade_facts.SIGN_LAGS.astype(np.float64)
    noise = np.random.default_rng(2).normal(0.0, 0.003, size=(20, len(lags)))
    assert power_law(lags, 0.4 * lags**-exponent + noise) == pytest.approx(np.full(20, exponent), abs=0.08)
    assert np.isnan(power_law(lags, -0.3 * lags**-exponent))


def test_signs_of_a_market_that_remembers_and_of_one_that_does_not():
    """A trade repeats the sign of one so many before it, far ones less often: Lillo, Mike and Farmer's splitting."""
    random = np.random.default_rng(3)
    lengths = np.floor(random.pareto(1.5, 20_000) + 1).astype(np.int64)
    signs = np.repeat(random.choice([-1.0, 1.0], len(lengths)), lengths)[:30_000]
    curve, exponent, why = trade_facts.sign_memory(tape(np.full(100, 5e4), signs))
    direct = [float(np.mean(signs[:-lag] * signs[lag:])) for lag in trade_facts.SIGN_LAGS.tolist()]
    assert curve.value == pytest.approx(np.array(direct))
    value, low, high = exponent.scalar()
    assert why is None
    assert low < 0.5 < high + 0.15
    assert 0.3 < value < 0.8
    none = trade_facts.sign_memory(tape(np.full(100, 5e4), random.choice([-1.0, 1.0], 30_000)))[0]
    assert np.mean((none.low < 0.0) & (none.high > 0.0)) > 0.8
    assert "1000 are needed" in (trade_facts.sign_memory(tape(np.full(100, 5e4), signs[:500]))[2] or "")


def test_impact_of_trades_that_move_the_price_for_good_is_linear_and_stays():
    signs = np.random.default_rng(4).choice([-1.0, 1.0], 20_000)
    when = np.arange(1, 20_001) * SECOND
    mids = walk(np.concatenate([signs, np.zeros(400)]))
    day = tape(mids, signs, when)
    size, why = trade_facts.size_exponent(day)
    assert why is None
    assert size.value[0] == pytest.approx(1.0, abs=0.1)
    path, left, why = trade_facts.impact_path(day)
    assert why is None
    assert left.low[0] < 1.0 < left.high[0]
    assert path.value[3] == 1.0
    assert 1 / 3 < path.value[0] < path.value[1] < path.value[2] < 1.0  # a third is there at once


def test_impact_that_is_gone_soon_leaves_little():
    random = np.random.default_rng(5)
    signs = random.choice([-1.0, 1.0], 20_000)
    moves = np.convolve(signs, np.concatenate([[1.0], -np.diff(-np.exp(-np.arange(60) / 15.0)) * 1.0]))[:20_000]
    day = tape(walk(np.concatenate([moves, np.zeros(400)])), signs, np.arange(1, 20_001) * SECOND)
    _, left, why = trade_facts.impact_path(day)
    assert why is None
    assert left.value[0] < 0.6


def test_too_few_trades_say_how_many_are_needed():
    day = tape(walk(np.ones(3_000)), [1.0, -1.0] * 20)
    assert "too few" in (trade_facts.size_exponent(day)[1] or "")
    assert "500 are needed" in (trade_facts.impact_path(day)[2] or "")


def test_a_random_walk_is_flat_normal_and_without_memory():
    day = tape(walk(np.random.default_rng(6).normal(size=23_400)))
    assert return_facts.enough(day) is None
    plot, ratio = return_facts.signature(day)
    assert plot.value[0] == pytest.approx(1.0, abs=0.05)
    assert ratio.low[0] < 1.0 < ratio.high[0]
    tails = return_facts.kurtosis(day)
    assert tails.value[0] == pytest.approx(0.0, abs=0.15)
    memory = return_facts.return_memory(day)
    assert np.mean((memory.low < 0.0) & (memory.high > 0.0)) > 0.8
    clusters, _ = return_facts.volatility_clusters(day)
    assert abs(clusters.value[0]) < 0.1


def test_a_price_that_comes_back_shows_in_signature_and_memory():
    noise = np.random.default_rng(7).normal(size=23_401)
    day = tape(5e4 + noise)
    _, ratio = return_facts.signature(day)
    assert ratio.value[0] == pytest.approx(300.0, rel=0.3)
    assert return_facts.return_memory(day).value[0] == pytest.approx(-0.5, abs=0.05)


def test_tails_and_clusters_are_found():
    random = np.random.default_rng(8)
    sizes = random.pareto(3.0, 2_340) + 1.0
    mids = np.repeat(walk(random.choice([-1.0, 1.0], 2_340) * sizes), 10)
    day = tape(mids)
    assert return_facts.hill_index(day).value[0] == pytest.approx(3.0, rel=0.25)
    loud = np.where(np.arange(23_400) // 900 % 2 == 0, 3.0, 0.5)
    found, exponent = return_facts.volatility_clusters(tape(walk(loud * random.normal(size=23_400))))
    assert found.value[0] > 0.2
    assert exponent.value[0] < 1.0


def test_short_and_still_sessions_say_why():
    assert "1500 are needed" in (return_facts.enough(tape(np.full(600, 5e4))) or "")
    assert return_facts.enough(tape(np.full(2_000, 5e4))) == "the price never moves"


def test_messages_of_a_small_day_are_counted():
    events = small_day()
    assert message_facts.cancel_share(events)[0].value[0] == pytest.approx(3 / 4)
    assert message_facts.orders_per_trade(events)[0].value[0] == pytest.approx(4 / 3)
    assert message_facts.mean_size(events, codes.ADD)[0].value[0] == pytest.approx((10 + 5 + 8 + 12) / 4)
    assert message_facts.quick_share(events)[0].value[0] == pytest.approx(2 / 12)
    assert message_facts.time_between(events).value.sum() == pytest.approx(1.0)


def test_a_day_that_is_busy_at_its_ends():
    when = np.concatenate([np.arange(0, 1_800, 2), np.arange(1_800, 21_600, 8), np.arange(21_600, 23_400, 2)])
    day = tape(np.full(23_401, 5e4), np.ones(len(when)), when * SECOND + 1)
    found, why = message_facts.ends_over_middle(day)
    assert why is None
    assert found.value[0] == pytest.approx(4.0, rel=0.02)
    shape = message_facts.day_shape(day)
    assert shape[0] == pytest.approx(4 * shape[6], rel=0.02)
    assert shape.sum() == pytest.approx(1.0)
    assert "four hours" in (message_facts.ends_over_middle(tape_halves(day)[0])[1] or "")


def test_halves_of_a_tape_know_the_quote_that_stands_between_them():
    day = tape(walk(np.ones(1_000)), [1.0] * 10)
    first, second = tape_halves(day)
    assert len(first.trade_ns) + len(second.trade_ns) == 10
    assert first.close_ns == second.open_ns == 500 * SECOND
    assert np.isfinite(second.mid_at([second.open_ns])).all()
    assert len(first.quote_ns) + len(second.quote_ns) == len(day.quote_ns) + 1


def test_every_fact_has_a_value_or_a_reason():
    small = simulated(5)
    quotes = small.quotes()
    day = Tape.of(
        symbol="ALFA", date="2026-03-03", open_ns=small.session[0], close_ns=small.session[1], tick=0.01,
        quote_ns=quotes["ts_ns"], bid=quotes["bid"], bid_size=quotes["bid_size"], ask=quotes["ask"],
        ask_size=quotes["ask_size"], trade_ns=[], trade_sign=[], trade_shares=[],
    )  # fmt: skip
    found = facts_of(events_from(small), day)
    for fact in found.facts:
        assert np.isfinite(fact.value) == (fact.reason is None), fact.name
    names = {fact.name for fact in found.facts if fact.reason is not None}
    assert {"sign_exponent", "impact_exponent", "impact_left", "day_shape"} <= names
    assert {"signature", "kurtosis", "return_correlation", "clusters"} <= {curve.name for curve in found.curves}
    assert blocks_of_time(np.array([0, 5, 10]), 0, 10, 2).tolist() == [0, 1, 1]
