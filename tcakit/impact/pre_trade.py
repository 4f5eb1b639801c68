"""What orders will cost, asked of many models side by side: published ones, those given by hand, and fitted ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import MODELS, ImpactModel, parse_model
from tcakit.impact.facts import OrderFacts, timing_risk_bps
from tcakit.impact.fitted import OWN_FILLS, PUBLISHED, FittedModel

GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Asked:
    """A model to be asked, under the name it is shown by; `fit_id` where it is a stored fit.

    `reason` says why it cannot be asked at all; then there is no `fitted`. `notes` is what a reader must know of it.
    """

    name: str
    fitted: FittedModel | None
    fit_id: str | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreTrade:
    """Answers of one model for n orders, bps of arrival, float64 of n each; NaN where the model says nothing.

    `impact_bps` is the cost that the mid causes, `spread_bps` what is paid for the spread (NaN where unknown; then
    `mean_bps`, their sum, is impact alone). `mean_low`, `mean_high` bound the mean, `order_low`, `order_high` a single
    order, at the coverage asked for; `peak_bps`, `permanent_bps` are moves of the mid. `known` says which orders
    have the facts that the model needs, `outside` which lie outside those it was fitted on, both bool of n.
    """

    impact_bps: NDArray[np.float64]
    spread_bps: NDArray[np.float64]
    mean_bps: NDArray[np.float64]
    mean_low: NDArray[np.float64]
    mean_high: NDArray[np.float64]
    order_low: NDArray[np.float64]
    order_high: NDArray[np.float64]
    peak_bps: NDArray[np.float64]
    permanent_bps: NDArray[np.float64]
    timing_risk_bps: NDArray[np.float64]
    known: NDArray[np.bool_]
    outside: NDArray[np.bool_]


def published_models() -> list[Asked]:
    """Every registered model, at its published parameters; where none are published the reason stands instead."""
    found = []
    for name in MODELS:
        try:
            found.append(asked_by_hand(name))
        except UsageError as error:
            found.append(Asked(name, None, reason=f"nothing is published that fits all markets; {error.remedy}"))
    return found


def asked_by_hand(text: str, place: str = "--model") -> Asked:
    """A model as `parse_model` reads it: at its published parameters, or at those given.

    >>> asked_by_hand("square-root,prefactor=0.8").fitted.source
    'given'
    """
    name, *pairs = text.split(",")
    model = parse_model(text, place)
    given = {key.strip(): float(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    bare = FittedModel(
        name.strip(),
        (),
        (),
        np.empty((0, 0)),
        fixed=given,
        source=GIVEN if given else PUBLISHED,
        resting_on="parameters given by hand" if given else model.range.source,
        range=model.range,
    )
    return Asked(text.strip(), bare)


def missing_facts(model: ImpactModel, facts: OrderFacts, order: int = 0) -> list[str]:
    """The facts that the model needs and an order does not have.

    >>> from tcakit.impact.almgren import Almgren2005
    >>> missing_facts(Almgren2005(), OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02, participation=0.1))
    ['shares_outstanding_adv']
    """
    return [name for name in model.needs if np.isnan(getattr(facts, name)[order])]


def half_spreads_paid(fitted: FittedModel) -> float:
    """Half spreads a share that an order pays under a model.

    A model that was fitted to own fills, or found what is paid for the spread, is taken at its word, even if that is
    none: what it was fitted to has the spread in it. To every other one a whole half spread is added, as an order that
    takes would pay.

    >>> half_spreads_paid(asked_by_hand("square-root").fitted)
    1.0
    """
    return fitted.half_spreads if fitted.source == OWN_FILLS or fitted.half_spreads else 1.0


def pre_trade(fitted: FittedModel, facts: OrderFacts, coverage: float = 0.95) -> PreTrade:
    """What a model says of orders; those of which it misses a fact are NaN.

    What is paid for the spread is that of `half_spreads_paid`. What is not known of the level of a model fitted to
    everybody's flow is in its draws already, and so in the bounds.

    >>> facts = OrderFacts.of(quantity_adv=0.01, duration=0.12, volatility_daily=0.02, half_spread_bps=2.0)
    >>> answer = pre_trade(asked_by_hand("square-root,prefactor=0.6").fitted, facts)
    >>> answer.mean_bps.round(6).tolist(), answer.timing_risk_bps.round(6).tolist()
    ([10.0], [40.0])
    """
    model = fitted.point()
    known = facts.known(model.needs)
    held = facts.take(known)
    # An unknown spread is in no number; what a fit found of the spread is in its bounds together with the impact.
    filled = replace(held, half_spread_bps=np.nan_to_num(held.half_spread_bps))
    cost = fitted.cost_bps(filled)
    low, high = fitted.mean_band(filled, coverage)
    order_low, order_high = fitted.order_band(filled, coverage)
    is_spread = fitted.model == "half-spread"
    if is_spread:
        impact, spread, paid = np.zeros(len(held)), cost, np.zeros(len(held))
    elif half_spreads_paid(fitted) == fitted.half_spreads:
        spread = fitted.half_spreads * held.half_spread_bps
        impact, paid = cost - np.nan_to_num(spread), np.zeros(len(held))
    else:
        impact, spread, paid = cost, held.half_spread_bps, filled.half_spread_bps

    def spread_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.full(len(facts), np.nan)
        out[known] = values
        return out

    return PreTrade(
        impact_bps=spread_out(impact),
        spread_bps=spread_out(spread),
        mean_bps=spread_out(cost + paid),
        mean_low=spread_out(low + paid),
        mean_high=spread_out(high + paid),
        order_low=spread_out(order_low + paid),
        order_high=spread_out(order_high + paid),
        peak_bps=spread_out(np.zeros(len(held)) if is_spread else model.peak_bps(held)),
        permanent_bps=spread_out(model.permanent_bps(held)),
        timing_risk_bps=timing_risk_bps(facts),
        known=known,
        outside=fitted.range.outside(facts) & known,
    )


def facts_outside(fitted: FittedModel, facts: OrderFacts, order: int = 0) -> list[str]:
    """Which facts of an order lie outside those that the model was fitted on, in words.

    >>> facts_outside(asked_by_hand("square-root").fitted, OrderFacts.of(quantity_adv=0.3))
    ['quantity_adv 0.3 is above 0.1']
    """
    found = []
    for name, (least, greatest) in fitted.range.facts.items():
        value = float(getattr(facts, name)[order])
        if value < least:
            found.append(f"{name} {value:.3g} is below {least:g}")
        elif value > greatest:
            found.append(f"{name} {value:.3g} is above {greatest:g}")
    return found
