"""How the displayed size ahead of a resting order shrinks when its level shrinks without a print.

Probability rules after the queue models of hftbacktest (order fill documentation): `ahead` is what stands before us,
`behind` what came after; p is the probability that a decrease came from behind.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import LOG_PROB, LOG_PROB2, POWER_PROB, POWER_PROB2, RISK_AVERSE
from tcakit.replay.power_kernel import logarithm
from tcakit.replay.power_kernel import power as power_of


@bare_call
def _smaller(a, b):
    """Minimum that ignores NaN (0/0 in the power rules means: nothing is known, so believe the level)."""
    if a != a:
        return b
    if b != b:
        return a
    return a if a < b else b


@bare_call
def _behind_probability(rule, power, ahead, behind):
    if rule == LOG_PROB:
        weight = logarithm(1.0 + behind)
        return weight / (weight + logarithm(1.0 + ahead))
    if rule == LOG_PROB2:
        return logarithm(1.0 + behind) / logarithm(1.0 + behind + ahead)
    if rule == POWER_PROB:
        weight = power_of(behind, power)
        return weight / (weight + power_of(ahead, power))
    if rule == POWER_PROB2:
        return power_of(behind, power) / power_of(behind + ahead, power)
    return 1.0 - power_of(ahead / (ahead + behind), power)


@bare_call
def after_level_change(rule, power, unit, ahead, printed, before, after):
    """Size ahead of us once the level went from `before` to `after`, `printed` of it by prints already counted.

    Sizes are in stored units; the probability is that of sizes in shares, contracts or coins, `unit` of which one is.
    """
    if rule == RISK_AVERSE:
        return _smaller(ahead, after)
    change = before - after - printed
    if change < 0.0:
        return _smaller(ahead, after)
    behind = before - ahead
    p = _behind_probability(rule, power, ahead / unit, behind / unit)
    if p == np.inf or p == -np.inf:
        p = 1.0
    estimate = ahead - (1.0 - p) * change + _smaller(behind - p * change, 0.0)
    return _smaller(estimate, after)
