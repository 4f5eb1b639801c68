"""A fit finds what was put in, says how sure it is, and refuses what tells it nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_orders import made_orders
from scipy.optimize import least_squares

from tcakit.errors import DataError, UsageError
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fit_bootstrap import times_drawn
from tcakit.impact.fit_diagnostics import diagnose
from tcakit.impact.fit_forms import LADDER
from tcakit.impact.fit_impact import fit_impact
from tcakit.impact.half_spread import HalfSpread
from tcakit.impact.i_star import IStar
from tcakit.impact.likelihood_profile import profile_of
from tcakit.impact.linear import Linear
from tcakit.impact.logarithm import Logarithm
from tcakit.impact.power_law import PowerLaw, SquareRoot
from tcakit.impact.pre_trade import pre_trade
from tcakit.impact.sample import FittingSample

LAWS = {
    "half-spread": HalfSpread(0.0),
    "linear": Linear(4.0),
    "square-root": SquareRoot(0.7),
    "power-law": PowerLaw(1.1, 0.62),
    "logarithm": Logarithm(0.06, 400.0),
    "almgren-2005": Almgren2005(0.31, 0.15, rate_exponent=0.64),
    "i-star": IStar(650.0, 0.52, 0.83, 0.41),
}
TRUTHS = {
    "square-root": {"prefactor": 0.8, "half_spreads": 0.6},
    "power-law": {"prefactor": 0.8, "exponent": 0.5, "half_spreads": 0.6},
    "almgren-2005": {"gamma": 0.314, "eta": 0.142, "rate_exponent": 0.6, "half_spreads": 0.6},
}


def shares_inside(model: str, same_day: float, seeds: int) -> dict[str, float]:
    """How often each true parameter lies in its 95 % interval."""
    truth = TRUTHS[model]
    law = Almgren2005() if model == "almgren-2005" else None
    inside = dict.fromkeys(truth, 0)
    for seed in range(seeds):
        fit = fit_impact(made_orders(seed, 2_000, 100, same_day=same_day, model=law), model, draws=400)
        for name, value in truth.items():
            low, high = fit.interval(name)
            inside[name] += low <= value <= high
    return {name: count / seeds for name, count in inside.items()}


@pytest.mark.parametrize("name", LADDER)
def test_without_noise_a_law_is_found_exactly(name):
    fit = fit_impact(made_orders(1, 400, 10, noise=0.0, model=LAWS[name]), name, draws=20)
    found = fit.fitted.point().parameters
    expected = LAWS[name].parameters
    if name == "half-spread":
        expected = {"half_spreads": 0.6}
    assert found == pytest.approx(expected, rel=1e-3)
    assert fit.predicted_bps == pytest.approx(fit.sample.cost_bps, rel=1e-3)
    # What is handed on says the same as the fit does.
    assert fit.fitted.cost_bps(fit.sample.facts) == pytest.approx(fit.predicted_bps, rel=1e-9)
    # Draws are read off a grid, a coarse one where there are three exponents.
    nearly = pytest.approx(fit.predicted_bps, rel=0.05 if name == "i-star" else 0.01)
    assert fit.fitted.mean_band(fit.sample.facts)[0] == nearly


@pytest.mark.parametrize("same_day", [0.1, 0.3])
def test_the_truth_lies_in_the_interval_though_days_are_shared(same_day):
    for name, share in shares_inside("power-law", same_day, 25).items():
        assert share >= 0.85, name


@pytest.mark.long
@pytest.mark.parametrize("model", TRUTHS)
@pytest.mark.parametrize("same_day", [0.1, 0.2, 0.3])
def test_the_truth_lies_in_nine_of_ten_intervals(model, same_day):
    found = shares_inside(model, same_day, 200)
    print(model, same_day, found)
    for name, share in found.items():
        assert share >= 0.90, name


def test_intervals_know_of_days_and_would_be_too_narrow_without():
    """The error of the prefactor over many samples is what the draws of days say, not what independence says."""
    held = [fit_impact(made_orders(seed, 1_000, 50, same_day=0.5, same_side=1.0), "square-root", draws=200)
            for seed in range(40)]  # fmt: skip
    true = np.std([fit.values[0] for fit in held], ddof=1)
    said = np.mean([fit.standard_error("prefactor") for fit in held])
    columns, _ = next(held[0].problem.rows(()))
    independent = np.sqrt(np.linalg.inv(columns.T @ columns)[0, 0])
    assert said == pytest.approx(true, rel=0.3)
    assert independent < 0.75 * true


def residuals(parameters, sample):
    prefactor, exponent, spreads = parameters
    facts = sample.facts
    law = 1e4 * prefactor * facts.volatility_daily * facts.quantity_adv**exponent / (1.0 + exponent)
    return (sample.cost_bps - law - spreads * facts.half_spread_bps) / sample.noise_bps


def test_it_is_the_weighted_least_squares_of_scipy_and_a_draw_is_that_of_the_days_drawn():
    sample = made_orders(4, 3_000, 30, sizes=(1e-4, 0.1))
    fit = fit_impact(sample, "power-law", draws=12, seed=5)

    def peer(orders):
        return least_squares(residuals, (1.0, 0.5, 1.0), args=(orders,), xtol=1e-12, ftol=1e-12, gtol=1e-12).x

    assert fit.values == pytest.approx(peer(fit.sample), rel=1e-4)
    (times,) = times_drawn(30, 12, seed=5)
    for draw in range(12):
        rows = np.concatenate([np.tile(np.flatnonzero(sample.day == day), int(n)) for day, n in enumerate(times[draw])])
        assert fit.draws[draw] == pytest.approx(peer(sample.take(rows)), rel=2e-3, abs=2e-3)


def test_the_same_seed_gives_the_same_and_another_does_not():
    sample = made_orders(4, 500, 20)
    one, same, other = (fit_impact(sample, draws=50, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.draws, same.draws)
    assert not np.array_equal(one.draws, other.draws)


def test_the_joint_errors_are_made_apart():
    """Pure chance put through the rows of the joint fit has unit variance and no correlation."""
    sample = made_orders(6, 40_000, 200, prefactor=0.0, half_spreads=0.0, same_day=0.0)
    sample = replace(sample, facts=replace(sample.facts, half_spread_bps=np.full(len(sample), 1e-9)))
    problem = fit_impact(sample, "almgren-2005", draws=2).problem
    (_, first), (_, second) = problem.rows((0.6,))
    assert np.std(first) == pytest.approx(1.0, abs=0.02)
    # The half spread's own chance is in the cost and nowhere in this sample's facts.
    assert 1.0 < np.std(second) < 1.1
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.0, abs=0.02)


def test_sides_left_to_a_coin_have_no_impact():
    sample = made_orders(2, 4_000, 80)
    coin = np.random.default_rng(0).choice([-1.0, 1.0], len(sample))
    fit = fit_impact(replace(sample, cost_bps=sample.cost_bps * coin), "square-root", draws=400)
    low, high = fit.interval("prefactor")
    assert low < 0.0 < high
    assert fit.fitted.values[0] >= 0.0
    assert (fit.fitted.draws >= 0.0).all()
    assert any("prefactor" in note for note in fit.notes)


def test_the_profile_holds_the_truth_and_is_least_at_the_fit():
    fit = fit_impact(made_orders(3, 20_000, 100, same_day=0.3), "power-law", draws=300)
    profile = profile_of(fit)
    low, high = profile["interval"]
    assert low < 0.5 < high
    assert profile["values"][int(np.argmin(profile["deviance"]))] == pytest.approx(fit.values[1], abs=0.011)
    assert min(profile["deviance"]) >= -1e-6
    assert profile["inflation"] >= 1.0
    # About as wide as the interval of the draws: two ways to the same.
    assert (high - low) == pytest.approx(np.subtract(*fit.interval("exponent")[::-1]), rel=0.35)
    assert profile_of(fit_impact(fit.sample, "square-root", draws=2)) is None


def test_order_of_rows_and_names_of_days_play_no_part():
    sample = made_orders(8, 600, 20)
    facts, days = sample.facts, [sample.days[place] for place in sample.day]
    mixed = np.random.default_rng(1).permutation(len(sample))
    again = FittingSample.of(
        facts.take(mixed), sample.cost_bps[mixed], [days[row] for row in mixed], side=sample.side[mixed]
    )
    one, other = fit_impact(sample, draws=30), fit_impact(again, draws=30)
    assert other.values == pytest.approx(one.values, rel=1e-6)
    assert other.draws == pytest.approx(one.draws, rel=1e-6)


def test_half_spreads_are_left_out_where_few_are_known_and_then_in_the_impact():
    sample = made_orders(5, 500, 20)
    facts = replace(sample.facts, half_spread_bps=np.full(500, np.nan))
    fit = fit_impact(replace(sample, facts=facts), "square-root", draws=10)
    assert fit.names == ("prefactor",)
    assert fit.fitted.half_spreads == 0.0
    assert any("in the impact" in note for note in fit.notes)
    some = sample.facts.half_spread_bps.copy()
    some[:100] = np.nan
    fit = fit_impact(replace(sample, facts=replace(sample.facts, half_spread_bps=some)), "square-root", draws=10)
    assert len(fit.sample) == 400
    assert fit.sample.excluded == {"half spread unknown": 100}
    with pytest.raises(DataError, match="half-spread needs half_spread_bps, which is missing for 500 of 500"):
        fit_impact(replace(sample, facts=facts), "half-spread")


def test_the_band_of_the_mean_holds_the_error_of_the_spread_too():
    fit = fit_impact(made_orders(5, 2_000, 60), "square-root", draws=300)
    facts = OrderFacts.of(quantity_adv=0.05, volatility_daily=0.02, duration=0.12, half_spread_bps=4.0)
    each = fit.draws[:, 0] * 200.0 * 0.05**0.5 / 1.5 + fit.draws[:, 1] * 4.0
    low, high = fit.fitted.mean_band(facts)
    assert (low[0], high[0]) == pytest.approx(np.percentile(each, [2.5, 97.5]))
    # An order of a wide spread: with half spreads held at one number its band would be much too narrow.
    wide = replace(facts, half_spread_bps=np.array([20.0]))
    apart = replace(fit.fitted, half_spread_draws=np.empty(0))
    own, other = (float(np.subtract(*model.mean_band(wide)[::-1])[0]) for model in (fit.fitted, apart))
    assert other < 0.7 * own


def test_what_is_paid_for_the_spread_can_be_held():
    sample = made_orders(5, 1_000, 40, half_spreads=1.0, noise=0.0)
    held = fit_impact(sample, "power-law", half_spreads=1.0, draws=20)
    assert held.names == ("prefactor", "exponent")
    assert held.values == pytest.approx((0.8, 0.5), rel=1e-3)
    assert held.predicted_bps == pytest.approx(sample.cost_bps, rel=1e-3)
    assert held.fitted.cost_bps(sample.facts) == pytest.approx(sample.cost_bps, rel=1e-3)
    noisy = made_orders(5, 1_000, 40, half_spreads=1.0)
    free, held = (fit_impact(noisy, "square-root", half_spreads=paid, draws=200) for paid in (None, 1.0))
    assert held.standard_error("prefactor") < free.standard_error("prefactor")
    found = diagnose(held, draws=100)
    assert "held" in found["ladder"][0]["reason"]
    assert found["held_out"]["skill_on_half_spread"] is None
    facts = replace(sample.facts, half_spread_bps=np.full(1_000, np.nan))
    nothing = fit_impact(replace(sample, facts=facts), "square-root", half_spreads=0.0, draws=2)
    assert len(nothing.sample) == 1_000
    with pytest.raises(UsageError, match="2 half spreads"):
        fit_impact(sample, "square-root", half_spreads=2.0)
    with pytest.raises(UsageError, match="nothing is left to fit"):
        fit_impact(sample, "half-spread", half_spreads=1.0)


def test_the_joint_fit_holds_the_spread_too():
    sample = made_orders(5, 400, 10, half_spreads=1.0, noise=0.0, model=LAWS["almgren-2005"])
    held = fit_impact(sample, "almgren-2005", half_spreads=1.0, draws=2)
    assert held.values == pytest.approx((0.31, 0.15, 0.64), rel=1e-3)


def test_an_estimate_has_the_band_of_spread_and_impact_together():
    fit = fit_impact(made_orders(5, 2_000, 60), "square-root", draws=300)
    facts = OrderFacts.of(quantity_adv=0.05, volatility_daily=0.02, duration=0.12, half_spread_bps=[4.0, np.nan])
    answer = pre_trade(fit.fitted, facts)
    low, high = fit.fitted.mean_band(facts)
    assert (answer.mean_low[0], answer.mean_high[0]) == pytest.approx((low[0], high[0]))
    assert answer.order_low[0] == pytest.approx(fit.fitted.order_band(facts)[0][0])
    assert answer.mean_low[0] < answer.mean_bps[0] < answer.mean_high[0]
    # An order whose spread nobody knows has the band of its impact.
    assert answer.mean_low[1] < answer.mean_bps[1] < answer.mean_high[1]


def test_an_exponent_can_be_held():
    fit = fit_impact(made_orders(5, 500, 20), "power-law", exponent=0.5, draws=10)
    plain = fit_impact(made_orders(5, 500, 20), "square-root", draws=10)
    assert fit.values == pytest.approx(plain.values)
    assert fit.fitted.fixed == {"exponent": 0.5}
    with pytest.raises(UsageError, match="the exponent is 3"):
        fit_impact(made_orders(5, 500, 20), "power-law", exponent=3.0)
    with pytest.raises(UsageError, match="no exponent to hold"):
        fit_impact(made_orders(5, 500, 20), "linear", exponent=0.5)
    with pytest.raises(UsageError, match="'cubic' cannot be fitted"):
        fit_impact(made_orders(5, 500, 20), "cubic")


def test_what_tells_nothing_is_refused_with_what_is_needed():
    sample = made_orders(5, 500, 20)
    with pytest.raises(DataError, match="12 orders can be fitted, and at least 30 are needed"):
        fit_impact(sample.take(np.arange(12)))
    with pytest.raises(DataError, match="are of 1 day, and at least 5 are needed"):
        fit_impact(made_orders(5, 60, 1))
    with pytest.raises(DataError, match=r"all orders are of nearly one size.*10 times is enough"):
        fit_impact(made_orders(5, 500, 20, sizes=(0.01, 0.0101)))
    fit_impact(made_orders(5, 500, 20, sizes=(0.01, 0.0101)), "square-root", draws=2)
    unknown = replace(sample.facts, volatility_daily=np.where(np.arange(500) < 480, np.nan, 0.02))
    left = FittingSample.of(unknown, sample.cost_bps, ["2026-03-02"] * 500)
    said = (
        r"20 orders can be fitted \(480 left out: 480 daily volatility unknown\).*; store earlier days of the symbols"
    )
    with pytest.raises(DataError, match=said):
        fit_impact(left)
    alike = replace(
        sample.facts,
        quantity_adv=np.full(500, 0.01),
        volatility_daily=np.full(500, 0.02),
        half_spread_bps=np.full(500, 3.0),
    )
    with pytest.raises(DataError, match="cannot be told from the half spread"):
        fit_impact(replace(sample, facts=alike), "square-root")


def test_every_order_left_out_is_counted_by_its_reason():
    facts = OrderFacts.of(
        quantity_adv=[0.01, 0.0, 0.02, 0.01, 0.01, 0.01],
        volatility_daily=[0.02, 0.02, np.nan, 0.0, 0.02, 0.02],
        duration=[0.1, 0.1, 0.1, 0.1, np.nan, 0.2],
    )
    sample = FittingSample.of(
        facts, [1.0, 2.0, 3.0, 4.0, 5.0, np.nan], list("cbaabb"), labels={"algo": list("uvwxyz")}, excluded={"x": 7}
    )
    assert sum(sample.excluded.values()) == 12
    assert sample.excluded["nothing filled"] == 1
    assert len(sample) == 1
    assert sample.labels["algo"].tolist() == ["u"]
    assert sample.days[sample.day[0]] == "c"
