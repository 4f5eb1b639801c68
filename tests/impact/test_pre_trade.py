"""One order asked of many models: what is added for the spread, which bands are told, and what is left unsaid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tcakit.errors import UsageError
from tcakit.impact.contract import MODELS, parse_model
from tcakit.impact.facts import OrderFacts, timing_risk_bps
from tcakit.impact.fitted import OWN_FILLS, PUBLISHED, TAPE_PROXY, FittedModel
from tcakit.impact.pre_trade import (
    GIVEN,
    asked_by_hand,
    facts_outside,
    half_spreads_paid,
    missing_facts,
    pre_trade,
    published_models,
)
from tcakit.impact.ranges import FittedRange

ALL_KNOWN = {
    "quantity_adv": 0.02,
    "participation": 0.1,
    "volatility_daily": 0.015,
    "half_spread_bps": 1.5,
    "shares_outstanding_adv": 200.0,
    "price": 50.0,
}
DRAWS = np.random.default_rng(3).normal(0.8, 0.1, (400, 1))


def fitted(source: str = OWN_FILLS, half_spreads: float = 0.0, draws: np.ndarray = DRAWS) -> FittedModel:
    span = FittedRange("ours", {"quantity_adv": (0.001, 0.05), "participation": (0.01, 0.3)})
    return FittedModel(
        "square-root", ("prefactor",), (0.8,), draws, source=source, range=span, half_spreads=half_spreads
    )


def test_every_registered_model_is_listed_once_and_answers_or_says_why_not() -> None:
    listed = published_models()
    assert [asked.name for asked in listed] == list(MODELS)
    facts = OrderFacts.of(**ALL_KNOWN)
    for asked in listed:
        if asked.fitted is None:
            assert "nothing is published" in asked.reason
            assert f"{asked.name}," in asked.reason
            continue
        answer = pre_trade(asked.fitted, facts)
        model = parse_model(asked.name)
        spread = 0.0 if asked.name == "half-spread" else 1.5
        assert answer.mean_bps[0] == pytest.approx(model.cost_bps(facts)[0] + spread, rel=1e-12)
        assert np.isnan(answer.mean_low[0])
        assert asked.fitted.source == PUBLISHED


def test_the_band_of_a_single_order_is_timing_risk_where_the_error_is_unknown() -> None:
    facts = OrderFacts.of(**ALL_KNOWN)
    answer = pre_trade(asked_by_hand("square-root").fitted, facts, coverage=0.9)
    reach = norm.ppf(0.95) * timing_risk_bps(facts)[0]
    assert answer.order_high[0] - answer.mean_bps[0] == pytest.approx(reach, rel=1e-12)
    assert answer.mean_bps[0] - answer.order_low[0] == pytest.approx(reach, rel=1e-12)


def test_a_fit_s_bands_are_those_of_its_draws() -> None:
    facts = OrderFacts.of(**ALL_KNOWN)
    answer = pre_trade(fitted(), facts)
    costs = np.array([parse_model(f"square-root,prefactor={draw}").cost_bps(facts)[0] for draw in DRAWS[:, 0]])
    assert [answer.mean_low[0], answer.mean_high[0]] == pytest.approx(np.percentile(costs, [2.5, 97.5]), rel=1e-9)
    assert answer.mean_low[0] < answer.mean_bps[0] < answer.mean_high[0]
    assert answer.order_low[0] < answer.mean_low[0]


@pytest.mark.parametrize("half_spreads", [-0.4, 0.0, 0.3, 1.2])
def test_a_fit_of_own_fills_is_taken_at_its_word_for_the_spread(half_spreads: float) -> None:
    facts = OrderFacts.of(**ALL_KNOWN)
    model = fitted(half_spreads=half_spreads)
    own = pre_trade(model, facts)
    assert half_spreads_paid(model) == half_spreads
    assert own.spread_bps[0] == pytest.approx(half_spreads * 1.5)
    assert own.mean_bps[0] == pytest.approx(model.cost_bps(facts)[0])
    assert own.impact_bps[0] == pytest.approx(parse_model("square-root,prefactor=0.8").cost_bps(facts)[0])
    assert [own.mean_low[0], own.mean_high[0]] == pytest.approx([end[0] for end in model.mean_band(facts)])


def test_other_fits_do_not_know_the_spread_unless_they_found_it() -> None:
    facts = OrderFacts.of(**ALL_KNOWN)
    proxy, found = (fitted(TAPE_PROXY, half_spreads) for half_spreads in (0.0, 0.4))
    assert (half_spreads_paid(proxy), half_spreads_paid(found)) == (1.0, 0.4)
    assert pre_trade(proxy, facts).mean_bps[0] - pre_trade(found, facts).mean_bps[0] == pytest.approx(0.6 * 1.5)


def test_spread_and_impact_found_together_are_in_the_bounds_together() -> None:
    facts = OrderFacts.of(**ALL_KNOWN)
    together = replace(fitted(half_spreads=0.5), half_spread_draws=0.5 + 2.0 * (0.8 - DRAWS[:, 0]))
    costs = np.array([together.drawn(row).cost_bps(facts)[0] for row in range(len(DRAWS))])
    costs += together.half_spread_draws * 1.5
    answer = pre_trade(together, facts)
    assert [answer.mean_low[0], answer.mean_high[0]] == pytest.approx(np.percentile(costs, [2.5, 97.5]), rel=1e-9)
    unknown = pre_trade(together, OrderFacts.of(**(ALL_KNOWN | {"half_spread_bps": np.nan})))
    assert unknown.mean_low[0] < unknown.mean_bps[0] == unknown.impact_bps[0] < unknown.mean_high[0]


def test_an_unknown_spread_is_in_no_mean_and_said_to_be_unknown() -> None:
    facts = OrderFacts.of(**(ALL_KNOWN | {"half_spread_bps": np.nan}))
    answer = pre_trade(fitted(half_spreads=0.5), facts)
    assert np.isnan(answer.spread_bps[0])
    assert answer.mean_bps[0] == answer.impact_bps[0]


def test_orders_of_which_a_fact_is_missing_are_left_out_and_the_others_are_not() -> None:
    facts = OrderFacts.of(quantity_adv=[0.01, 0.02, 0.5], volatility_daily=[0.02, np.nan, 0.02], participation=0.1)
    answer = pre_trade(fitted(), facts)
    assert answer.known.tolist() == [True, False, True]
    assert answer.outside.tolist() == [False, False, True]
    assert np.isnan(answer.mean_bps).tolist() == [False, True, False]
    alone = pre_trade(fitted(), facts.take(np.array([2])))
    assert alone.mean_bps[0] == answer.mean_bps[2]
    assert alone.order_high[0] == answer.order_high[2]


def test_what_lies_outside_is_named_with_its_bound() -> None:
    assert facts_outside(fitted(), OrderFacts.of(quantity_adv=0.2, participation=0.5)) == [
        "quantity_adv 0.2 is above 0.05",
        "participation 0.5 is above 0.3",
    ]
    assert facts_outside(fitted(), OrderFacts.of(quantity_adv=0.0005)) == ["quantity_adv 0.0005 is below 0.001"]


def test_parameters_given_by_hand_are_not_called_published() -> None:
    asked = asked_by_hand("power-law, prefactor=0.5 , exponent=0.6")
    assert asked.fitted.source == GIVEN
    assert asked.fitted.point().parameters == {"prefactor": 0.5, "exponent": 0.6}
    with pytest.raises(UsageError, match="no parameter"):
        asked_by_hand("power-law,level=1")
    assert missing_facts(parse_model("i-star"), OrderFacts.of(quantity_adv=0.1)) == [
        "volatility_daily",
        "participation",
    ]


@given(
    size=st.floats(1e-4, 0.05),
    more=st.floats(1.01, 5.0),
    draws=st.integers(2, 50),
    half_spreads=st.sampled_from([0.0, 0.7]),
    source=st.sampled_from([OWN_FILLS, TAPE_PROXY]),
)
def test_bands_hold_the_mean_and_the_order_s_holds_the_mean_s(
    size: float, more: float, draws: int, half_spreads: float, source: str
) -> None:
    drawn = np.linspace(0.6, 1.0, draws)[:, None]
    facts = OrderFacts.of(quantity_adv=[size, size * more], participation=0.2, volatility_daily=0.02, half_spread_bps=1)
    answer = pre_trade(fitted(source, half_spreads, drawn), facts)
    assert np.all(answer.mean_low <= answer.mean_bps)
    assert np.all(answer.mean_bps <= answer.mean_high)
    assert np.all(answer.order_low < answer.mean_low)
    assert np.all(answer.mean_high < answer.order_high)
    assert answer.mean_bps[0] < answer.mean_bps[1]
