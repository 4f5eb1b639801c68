"""What a model of whole orders does a share at a time, against what it says of the order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.concave_book import AlfonsiFruthSchied
from tcakit.impact.decay import SumOfExponentials
from tcakit.impact.facts import OrderFacts
from tcakit.impact.linear import Linear
from tcakit.impact.power_law import SquareRoot
from tcakit.impact.replay_impact import ReplayImpact
from tcakit.impact.trades import schedule_cost
from tcakit.impact.transient import ObizhaevaWang, Propagator

ADV, VOLATILITY, PRICE, SESSION_NS = 2e6, 0.018, 40.0, 23_400 * 10**9
FACTS = {"adv_shares": ADV, "volatility_daily": VOLATILITY, "price": PRICE, "session_ns": SESSION_NS}


@pytest.mark.parametrize(
    ("model", "within"),
    [
        (Linear(coefficient=1.5), 1e-3),
        (ObizhaevaWang(transient=2.0, half_life=0.05, permanent=0.3), 1e-3),
        (Propagator(prefactor=0.5, concavity=1.0), 0.03),
        (Propagator(prefactor=0.5, concavity=0.5), 0.03),
        (Propagator(prefactor=0.5, concavity=0.6, decay_exponent=0.4, lag_scale=0.001), 0.03),
    ],
)
def test_many_small_trades_cost_what_the_model_says_of_the_order(model, within):
    """5 % of the volume for a fifth of the day, in 2,000 trades."""
    participation, duration = 0.05, 0.2
    shares = participation * duration * ADV
    impact = ReplayImpact.of_model(model, participation=participation, **FACTS)
    times = (np.arange(2_000) + 0.5) / 2_000 * duration * SESSION_NS
    decay = SumOfExponentials((*impact.weights, 0.0), (*impact.rates, 0.0))
    cost = schedule_cost(times, np.full(2_000, shares / 2_000), decay, impact.permanent)
    facts = OrderFacts.of(quantity_adv=shares / ADV, volatility_daily=VOLATILITY, duration=duration)
    assert cost / shares / PRICE * 1e4 == pytest.approx(model.cost_bps(facts)[0], rel=within)


@pytest.mark.parametrize(
    ("model", "facts", "said"),
    [
        (SquareRoot(), {}, "square-root is a law of whole orders: it says nothing of how impact fades"),
        (Almgren2005(), {}, "almgren-2005 is a law of whole orders: it says nothing of how impact fades"),
        (Propagator(prefactor=1.0), {}, "concave propagator has no impact a share"),
        (Propagator(prefactor=1.0), {"participation": 1.5}, "concave propagator"),
        (AlfonsiFruthSchied(prefactor=1.0, half_life=0.1), {}, "concave book has no impact a share"),
        (Linear(coefficient=1.0), {"adv_shares": 0.0}, "average daily volume is 0"),
        (Linear(coefficient=1.0), {"volatility_daily": math.nan}, "daily volatility is nan"),
        (Linear(coefficient=1.0), {"session_ns": -1}, "session is -1"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(model, facts, said):
    with pytest.raises(UsageError, match=said):
        ReplayImpact.of_model(model, **(FACTS | facts))


def test_a_concave_propagator_says_what_was_made_of_it():
    made = ReplayImpact.of_model(Propagator(prefactor=1.0), participation=0.04, **FACTS)
    assert any("made linear at a participation of 4.00%" in note for note in made.notes)
    assert any("exponentials, within" in note for note in made.notes)


def test_a_concave_book_without_an_end_is_made_linear_at_the_flow_it_settles_at():
    """v / ρ of a day's volume; c σ J^δ is then what a constant rate ends at."""
    model = AlfonsiFruthSchied(prefactor=0.9, half_life=0.1, concavity=0.5)
    made = ReplayImpact.of_model(model, participation=0.04, **FACTS)
    flow = 0.04 * 0.1 / math.log(2.0)
    assert made.weights[0] * ADV * flow == pytest.approx(0.9 * VOLATILITY * PRICE * math.sqrt(flow))
    assert any(f"{flow:.3%} of a day's volume" in note for note in made.notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": (1.0,)},
        {"weights": (-1.0,), "rates": (1.0,)},
        {"weights": (1.0,), "rates": (math.inf,)},
        {"permanent": math.nan},
        {"passive_weight": 1.5},
        {"refill_half_life_ns": 0},
        {"refill_half_life_ns": 5, "keeps_taken": False},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(UsageError):
        ReplayImpact(**wrong)


def test_layers_are_left_out_one_by_one():
    whole = ReplayImpact((1.0,), (2.0,), 3.0, refill_half_life_ns=7)
    assert whole.with_layers(["ledger", "transient", "permanent"]) == whole
    assert whole.with_layers(["transient"]) == ReplayImpact((1.0,), (2.0,), keeps_taken=False)
    assert whole.with_layers(["permanent", "ledger"]) == ReplayImpact(permanent=3.0, refill_half_life_ns=7)
    with pytest.raises(UsageError, match="no layer 'temporary'"):
        whole.with_layers(["temporary"])
