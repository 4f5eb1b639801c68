"""What trading faster costs, as the family of schedules needs it, from an impact model: c (n/V)^β bps a share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tcakit.errors import UsageError
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.contract import ImpactModel
from tcakit.impact.facts import OrderFacts
from tcakit.impact.i_star import IStar

_LAWS_OF_SIZE = ("square-root", "power-law", "linear", "logarithm", "half-spread")
_DECAYING = ("obizhaeva-wang", "propagator")


@dataclass(frozen=True, slots=True)
class RateLaw:
    """Shares traded at rate n/V cost `cost_bps` (n/V)^`exponent` each; `fixed_bps` is what every schedule pays alike,
    NaN where a fact that it needs is missing."""

    cost_bps: float
    exponent: float
    fixed_bps: float


def rate_law(model: ImpactModel, facts: OrderFacts) -> RateLaw:
    """The law of one order's rate. `facts` are of that order alone.

    Of Almgren et al. (2005) the temporary impact is the law, half of the permanent one is fixed; of I-Star the part
    that depends on participation is the law, the rest is fixed. UsageError for a model that is no law of the rate.

    >>> facts = OrderFacts.of(quantity_adv=0.1, duration=1.0, volatility_daily=0.01, shares_outstanding_adv=256.0)
    >>> law = rate_law(Almgren2005(), facts)
    >>> round(law.cost_bps, 6), law.exponent, round(law.fixed_bps, 6)
    (14.2, 0.6, 6.28)
    """
    volatility_bps = 1e4 * float(facts.volatility_daily[0])
    if isinstance(model, Almgren2005):
        known = facts.known(model.needs).all()
        fixed = float(model.permanent_bps(facts)[0]) / 2.0 if known else math.nan
        return RateLaw(model.eta * volatility_bps, model.rate_exponent, fixed)
    if isinstance(model, IStar):
        at_once = float(model.instant_bps(facts)[0])
        return RateLaw(model.b1 * at_once, model.a4, (1.0 - model.b1) * at_once)
    if model.name in _LAWS_OF_SIZE:
        why = "says what size costs and not what haste does: every schedule is as good as any other"
    elif model.name in _DECAYING:
        why = f"is of impact that decays: --algo obizhaeva-wang or power-kernel can ask it ({model.name})"
    else:
        why = "is no law of the rate that a schedule can be made from"
    raise UsageError(f"{model.name} {why}", place="--model", remedy="use almgren-2005 or i-star, or a fit of them")
