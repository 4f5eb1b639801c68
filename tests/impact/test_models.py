"""What all impact models keep to, and what each says that the others do not."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError, UsageError
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.contract import MODELS, parse_model, require
from tcakit.impact.facts import OrderFacts, timing_risk_bps
from tcakit.impact.i_star import IStar
from tcakit.impact.linear import Linear, kyle_equilibrium
from tcakit.impact.power_law import PowerLaw, SquareRoot
from tcakit.impact.ranges import FittedRange
from tcakit.impact.transient import ObizhaevaWang, Propagator

# What must be given to those that have no default.
GIVEN = {
    "linear": ",coefficient=3",
    "logarithm": ",prefactor=0.1,bend=1000",
    "propagator": ",prefactor=0.4",
    "obizhaeva-wang": ",transient=3,half_life=0.05",
}
EVERY = {name: parse_model(name + GIVEN.get(name, "")) for name in MODELS}
FACTS = [field.name for field in fields(OrderFacts)]
WHOLE = {
    "quantity_adv": [0.001, 0.01, 0.1, 0.0],
    "volatility_daily": [0.01, 0.02, 0.03, 0.02],
    "duration": [0.01, 0.2, 0.5, 0.1],
    "half_spread_bps": [1.0, 2.0, 0.0, 4.0],
    "shares_outstanding_adv": [100.0, 250.0, 500.0, 80.0],
    "price": [20.0, 30.0, 500.0, 1.0],
    "participation": [0.1, 0.05, 0.2, 0.3],
}
ANSWERS = ("peak_bps", "cost_bps", "permanent_bps")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_an_order_alone_as_among_others(name):
    model, facts = EVERY[name], OrderFacts.of(**WHOLE)
    assert name.startswith(model.name)
    assert set(model.needs) <= set(FACTS)
    assert all(isinstance(value, float) for value in model.parameters.values())
    assert type(model)(**model.parameters) == model
    assert str(model.range)
    for answer in ANSWERS:
        together = getattr(model, answer)(facts)
        assert together.shape == (4,)
        assert together.dtype == np.float64
        alone = [getattr(model, answer)(facts.take(np.array([row])))[0] for row in range(4)]
        assert np.array_equal(together, alone, equal_nan=True)
    with pytest.raises(FrozenInstanceError):
        setattr(model, next(iter(model.parameters)), 2.0)


@pytest.mark.parametrize("name", MODELS)
def test_a_cost_is_no_more_than_the_peak_and_no_less_than_half_of_it(name):
    facts = OrderFacts.of(**WHOLE)
    cost, peak = EVERY[name].cost_bps(facts), EVERY[name].peak_bps(facts)
    assert (cost >= 0.0).all()
    if name.startswith("i-star"):
        assert np.isnan(peak).all()
    else:
        assert (cost <= peak).all()
        assert (cost >= peak / 2.0 - 1e-12).all()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "half-spread"])
def test_an_order_of_nothing_costs_nothing_and_a_larger_one_never_less(name):
    sizes = np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.1])
    facts = OrderFacts.of(**{**{key: values[1] for key, values in WHOLE.items()}, "quantity_adv": sizes})
    cost = EVERY[name].cost_bps(facts)
    assert cost[0] == 0.0
    assert (np.diff(cost) > 0.0).all()


@pytest.mark.parametrize(("name", "fact"), [(name, fact) for name in MODELS for fact in EVERY[name].needs])
def test_a_missing_fact_is_named_with_the_order_that_lacks_it(name, fact):
    other = {"duration": "participation", "participation": "duration"}.get(fact)
    whole = {key: list(values) for key, values in WHOLE.items()}
    for key in filter(None, (fact, other)):
        whole[key][2] = np.nan
    facts = OrderFacts.of(**whole)
    for answer in ANSWERS:
        with pytest.raises(DataError, match=f"order 2: {EVERY[name].name} needs {fact}, .* 1 of 4 orders"):
            getattr(EVERY[name], answer)(facts)
    left = facts.take(facts.known(EVERY[name].needs))
    assert len(left) == 3
    assert np.isfinite(EVERY[name].cost_bps(left)).all()


def test_a_fact_that_no_model_needs_may_be_missing():
    facts = OrderFacts.of(quantity_adv=0.02, volatility_daily=0.02, duration=0.1)
    assert Almgren2005(shares_exponent=0.0).permanent_bps(facts) == pytest.approx([1e4 * 0.314 * 0.02 * 0.02])
    with pytest.raises(DataError, match="fitted without them"):
        Almgren2005().permanent_bps(facts)


@given(st.floats(1e-4, 0.5), st.floats(0.5, 1.0), st.floats(0.001, 0.1), st.floats(0.1, 2.0), st.floats(0.2, 1.0))
def test_the_cost_is_the_mean_of_the_peaks_on_the_way(size, duration, volatility, prefactor, exponent):
    """An order that trades at a constant rate passes through the peaks of all smaller orders."""
    part = (np.arange(4000) + 0.5) / 4000
    along = OrderFacts.of(quantity_adv=size * part, duration=duration * part, volatility_daily=volatility)
    whole = OrderFacts.of(quantity_adv=size, duration=duration, volatility_daily=volatility)
    for model in (
        Linear(prefactor),
        PowerLaw(prefactor, exponent),
        SquareRoot(prefactor),
        Almgren2005(prefactor, prefactor, 1.0, exponent, 0.0),
        Propagator(prefactor, 0.4, exponent),
        Propagator(prefactor, 0.6, exponent, lag_scale=0.01),
        ObizhaevaWang(prefactor, 0.03, 0.5),
    ):
        assert model.cost_bps(whole) == pytest.approx(model.peak_bps(along).mean(), rel=2e-3)


@given(st.floats(1e-4, 0.5), st.floats(0.5, 1.0), st.floats(0.1, 0.9))
def test_a_decay_that_matches_its_concavity_is_a_law_of_size_alone(size, duration, concavity):
    facts = OrderFacts.of(quantity_adv=size, duration=duration, volatility_daily=0.02)
    model = Propagator(0.5, 1.0 - concavity, concavity)
    assert model.peak_bps(facts) == pytest.approx(PowerLaw(0.5 / concavity, concavity).peak_bps(facts))


def test_impact_that_hardly_decays_is_linear_impact():
    facts = OrderFacts.of(**WHOLE)
    slow = ObizhaevaWang(2.0, half_life=1e7)
    assert slow.peak_bps(facts) == pytest.approx(Linear(2.0).peak_bps(facts), rel=1e-6)
    assert slow.cost_bps(facts) == pytest.approx(Linear(2.0).cost_bps(facts), rel=1e-6)
    stays = ObizhaevaWang(0.0, 1.0, permanent=2.0)
    for answer in ANSWERS:
        assert getattr(stays, answer)(facts) == pytest.approx(getattr(Linear(2.0), answer)(facts))


def test_the_price_counts_where_it_was_fitted():
    facts = OrderFacts.of(**WHOLE)
    scaled = IStar(a5=0.5).cost_bps(facts)[:3] / IStar().cost_bps(facts)[:3]
    assert scaled == pytest.approx(np.sqrt(WHOLE["price"][:3]))


def test_orders_outside_the_fitted_range_are_told():
    facts = OrderFacts.of(quantity_adv=[0.001, 0.01, 0.2], participation=[np.nan, 0.1, 0.1])
    assert Almgren2005().range.outside(facts).tolist() == [True, False, True]
    assert FittedRange("x", {"participation": (0.0, 0.05)}).outside(facts).tolist() == [False, True, True]
    assert str(FittedRange("x", {"participation": (0.0, 0.05)})) == "x; participation 0 to 0.05"


def test_of_duration_and_participation_one_gives_the_other():
    facts = OrderFacts.of(quantity_adv=[0.01, 0.02, 0.0, 0.03], duration=[0.1, np.nan, np.nan, np.nan],
                          participation=[np.nan, 0.1, 0.1, np.nan])  # fmt: skip
    assert facts.participation == pytest.approx([0.1, 0.1, 0.1, np.nan], nan_ok=True)
    assert facts.duration == pytest.approx([0.1, 0.2, np.nan, np.nan], nan_ok=True)
    assert timing_risk_bps(OrderFacts.of(quantity_adv=0, duration=0.3, volatility_daily=0.02))[0] == pytest.approx(
        200 * 0.1**0.5
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity_adv": [0.1, -0.1]}, "order 1: quantity_adv is -0.1"),
        ({"quantity_adv": np.nan}, "quantity_adv is nan"),
        ({"quantity_adv": 0.1, "participation": 1.5}, "at most 1"),
        ({"quantity_adv": 0.2, "duration": 0.1}, "order 0: 0.2 of a day's volume while 0.1 of it trades"),
        ({"quantity_adv": 0.1, "volatility_daily": np.inf}, "0.02 for 2 %"),
        ({"quantity_adv": 0.1, "duration": 0.0}, "above 0"),
        ({"quantity_adv": [0.1, 0.2], "price": [1.0, 2.0, 3.0]}, "different lengths"),
        ({"quantity_adv": [[0.1, 0.2]]}, "different lengths"),
    ],
)
def test_impossible_facts_are_refused(given, said):
    with pytest.raises(DataError, match=said):
        OrderFacts.of(**given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("square-rot", "did you mean 'square-root'"),
        ("square-root,prefacter=1", "did you mean 'prefactor'"),
        ("square-root,1", "write it like prefactor=0.8"),
        ("square-root,prefactor=much", "no number"),
        ("square-root,prefactor=-1", "zero or more"),
        ("linear", "needs a parameter"),
        ("power-law,exponent=1.5", "0.5 is usual"),
        ("i-star,b1=1.2", "at most 1"),
        ("half-spread,half_spreads=3", "from -1 to 1"),
        ("almgren-2005,eta=nan", "eta is nan"),
        ("propagator,prefactor=1,decay_exponent=1.2", "between 0 and 1"),
        ("obizhaeva-wang,transient=1,half_life=0", "above zero"),
        ("tcakit.impact.power_law:NoSuch", "cannot be loaded"),
    ],
)
def test_a_model_that_cannot_be_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        parse_model(text)


def test_a_model_of_the_users_own_is_found_and_held_to_its_needs():
    assert parse_model("tcakit.impact.power_law:SquareRoot,prefactor=0.5") == SquareRoot(0.5)
    require(SquareRoot(), OrderFacts.of(quantity_adv=0.1, volatility_daily=0.01))


def test_in_kyles_auction_the_informed_trade_half_of_what_would_take_all():
    found = kyle_equilibrium(value_deviation=3.0, noise_shares=600.0)
    assert 1.0 / found.shares_per_price == pytest.approx(2.0 * found.price_per_share)
    # Against that λ, an insider who knows the value v gains most with (v - p₀) / (2 λ) shares, which is β of them.
    mispricing = 0.7
    shares = np.linspace(0.0, 400.0, 40_001)
    gain = shares * (mispricing - found.price_per_share * shares)
    assert shares[np.argmax(gain)] == pytest.approx(found.shares_per_price * mispricing, abs=0.01)
    assert found.depth_shares == pytest.approx(400.0)
    with pytest.raises(UsageError, match="above zero"):
        kyle_equilibrium(0.0, 1.0)
