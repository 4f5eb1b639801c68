"""Own orders correct the level of a tape: the more of them there are, the less the tape says."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.errors import DataError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import TAPE_PROXY, FittedModel
from tcakit.impact.own_level import OwnLevel, drawn_to_own, own_level
from tcakit.impact.sample import FittingSample
from tcakit.impact.transient import ObizhaevaWang

TRUTH = 3.0
HALF_LIFE = 0.08


def _tape(level: float = 8.0, error: float = 0.25) -> FittedModel:
    random = np.random.default_rng(5)
    levels = level * np.exp(error * random.standard_normal(400))
    draws = np.column_stack([levels, np.full(400, HALF_LIFE)])
    names = ("transient", "half_life")
    return FittedModel("obizhaeva-wang", names, (level, HALF_LIFE), draws, source=TAPE_PROXY)


def _orders(days: int, seed: int = 0, *, noise: float = 1.0) -> FittingSample:
    random = np.random.default_rng(seed)
    count = 40 * days
    facts = OrderFacts.of(
        quantity_adv=np.exp(random.uniform(np.log(0.002), np.log(0.1), count)),
        volatility_daily=random.uniform(0.01, 0.03, count),
        participation=random.uniform(0.05, 0.3, count),
        half_spread_bps=random.uniform(1.0, 4.0, count),
    )
    names = [f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in np.repeat(np.arange(days), 40)]
    clean = ObizhaevaWang(transient=TRUTH, half_life=HALF_LIFE).cost_bps(facts) + 0.8 * facts.half_spread_bps
    sample = FittingSample.of(facts, clean, names)
    chance = np.sqrt(0.2) * random.standard_normal(days)[sample.day]
    chance = chance + np.sqrt(0.8) * random.standard_normal(count)
    return FittingSample.of(facts, clean + noise * sample.noise_bps * chance, names)


def test_without_chance_the_level_is_exact() -> None:
    found = own_level(_tape(), "transient", _orders(10, noise=0.0))
    assert found.level == pytest.approx(TRUTH, rel=1e-9)
    assert (found.orders, found.days) == (400, 10)


def test_own_orders_override_the_tape_as_their_error_shrinks() -> None:
    found = []
    for days in (10, 200):
        own = own_level(_tape(), "transient", _orders(days, noise=0.1))
        assert abs(own.level - TRUTH) < 4.0 * own.error
        model, weight = drawn_to_own(_tape(), "transient", own)
        assert min(own.level, 8.0) <= model.values[0] <= max(own.level, 8.0)
        assert model.values[1] == HALF_LIFE
        assert np.median(model.draws[:, 0]) == pytest.approx(model.values[0], rel=0.1)
        found.append((weight, model.values[0]))
    (few, _), (many, level) = found
    assert few < many
    assert many > 0.8
    assert level == pytest.approx(TRUTH, rel=0.25)


def test_the_level_is_covered_as_often_as_it_says() -> None:
    held = 0
    for seed in range(40):
        own = own_level(_tape(), "transient", _orders(60, seed))
        held += abs(own.level - TRUTH) <= 1.96 * own.error
    assert held >= 33  # three deviations of a binomial below 38


def test_sure_and_near_it_is_the_posterior_of_two_normals_in_the_logarithm() -> None:
    tape, own = _tape(8.0, 0.2), OwnLevel(7.0, 0.14, 9_000, 300)
    model, weight = drawn_to_own(tape, "transient", own)
    logs = np.log(tape.draws[:, 0])
    precise, vague = (7.0 / 0.14) ** 2, 1.0 / np.var(logs, ddof=1)
    both = (precise * np.log(7.0) + vague * np.mean(logs)) / (precise + vague)
    assert np.log(model.values[0]) == pytest.approx(both, abs=0.001)
    assert weight == pytest.approx(precise / (precise + vague), abs=0.005)


@pytest.mark.parametrize("level", [-2.0, -0.1, 0.0, 0.5])
def test_own_orders_that_say_no_impact_draw_the_tape_down_as_far_as_they_are_sure(level: float) -> None:
    found = [drawn_to_own(_tape(), "transient", OwnLevel(level, error, 900, 30)) for error in (100.0, 4.0, 0.5)]
    levels = [model.values[0] for model, _ in found]
    assert levels[0] == pytest.approx(8.0, rel=0.05)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 4.0
    assert all((model.draws[:, 0] > 0.0).all() for model, _ in found)


def test_too_few_own_orders_are_refused_with_the_reason() -> None:
    with pytest.raises(DataError, match="at least 5 are needed"):
        own_level(_tape(), "transient", _orders(2))
