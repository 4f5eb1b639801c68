"""The concave book between the two models it meets, and its cost by a slow sum."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.impact.concave_book import AlfonsiFruthSchied
from tcakit.impact.facts import OrderFacts
from tcakit.impact.power_law import PowerLaw
from tcakit.impact.transient import ObizhaevaWang

FACTS = OrderFacts.of(quantity_adv=[0.001, 0.02, 0.1], duration=[0.01, 0.2, 0.9], volatility_daily=[0.01, 0.02, 0.03])


@pytest.mark.parametrize("concavity", [0.4, 0.5, 0.8])
def test_what_never_fades_is_the_power_law_of_size(concavity):
    model, law = AlfonsiFruthSchied(0.7, 1e12, concavity), PowerLaw(0.7, concavity)
    assert model.peak_bps(FACTS) == pytest.approx(law.peak_bps(FACTS))
    assert model.cost_bps(FACTS) == pytest.approx(law.cost_bps(FACTS), rel=1e-4)


def test_without_concavity_it_is_the_linear_book():
    model, book = AlfonsiFruthSchied(3.0, 0.05, 1.0), ObizhaevaWang(3.0, 0.05)
    for answer in ("peak_bps", "cost_bps", "permanent_bps"):
        assert getattr(model, answer)(FACTS) == pytest.approx(getattr(book, answer)(FACTS))


def test_the_cost_is_the_mean_of_the_move_on_the_way():
    model = AlfonsiFruthSchied(1.2, 0.07)
    steps = 200_000
    elapsed = (np.arange(steps) + 0.5)[:, None] / steps * FACTS.duration
    left = FACTS.quantity_adv / FACTS.duration * model.decay.integral(elapsed)
    slow = (1e4 * 1.2 * FACTS.volatility_daily * np.sqrt(left)).mean(axis=0)
    assert model.cost_bps(FACTS) == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize("wrong", [{"prefactor": -1.0}, {"half_life": 0.0}, {"concavity": 0.0}, {"concavity": 1.1}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError):
        AlfonsiFruthSchied(**({"prefactor": 1.0, "half_life": 0.1} | wrong))


@pytest.mark.parametrize("fading", [0.1, 1.0, 10.0])
def test_buying_slowly_and_selling_at_once_does_not_pay(fading):
    """It does where each trade's root decays by itself: see `manipulation.pump_and_dump_cost`."""
    decay = AlfonsiFruthSchied(1.0, np.log(2.0) / fading).decay
    elapsed = (np.arange(100_000) + 0.5) / 100_000
    bought = np.sqrt(decay.integral(elapsed)).mean()
    left = float(decay.integral(1.0))
    # Selling all of it walks the state from what is left down through nothing.
    received = 2.0 / 3.0 * (left**1.5 - (1.0 - left) ** 1.5)
    assert bought - received > 0.0
