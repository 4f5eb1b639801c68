"""What a memory of trades that is leant against leaves of a flow of one side, in mean field."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LATE_FROM = 4  # children from which exponents are fitted
POOLED_FROM = 16  # and from which shares of impact are compared


def damping(kappa: float, tau_s: float, beta: float, every_s: float, children: int) -> NDArray[np.float64]:
    """Mean field: net flow in children after each child, x_n = 1 - kappa sum of (1 + t / tau)^-beta x, summed up.

    >>> damping(0.0, 10.0, 0.5, 5.0, 3).tolist()
    [1.0, 2.0, 3.0]
    """
    memory = (1.0 + every_s * np.arange(1, children + 1) / tau_s) ** -beta
    flow = np.empty(children)
    for step in range(children):
        flow[step] = 1.0 - kappa * float(memory[:step][::-1] @ flow[:step])
    return np.cumsum(flow)


class MeanField(NamedTuple):
    """By rising share of the impact alone that is left from 16 children on: the exponent of impact, and kappa."""

    shares: NDArray[np.float64]
    exponents: NDArray[np.float64]
    kappas: NDArray[np.float64]


def mean_field(tau_s: float, beta: float, every_s: float, children: int) -> MeanField:
    """How shares left, exponents and kappa hang together for a child every `every_s` seconds.

    >>> law = mean_field(10.0, 0.5, 5.0, 64)
    >>> bool(law.shares[-1] > 0.99 and law.exponents[-1] > 0.99 and law.exponents[0] < 0.6)
    True
    """
    numbers = np.arange(1, children + 1)
    late = numbers >= LATE_FROM
    kappas = np.geomspace(1e-4, 1.0, 60)
    shares, exponents = np.empty(len(kappas)), np.empty(len(kappas))
    for place, kappa in enumerate(kappas):
        net = damping(float(kappa), tau_s, beta, every_s, children)
        shares[place] = net[POOLED_FROM - 1 :].sum() / numbers[POOLED_FROM - 1 :].sum()
        exponents[place] = np.polyfit(np.log(numbers[late]), np.log(np.maximum(net[late], 1e-9)), 1)[0]
    order = np.argsort(shares)
    return MeanField(shares[order], np.maximum.accumulate(exponents[order]), kappas[order])
