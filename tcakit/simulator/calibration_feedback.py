"""How recorded trades lean on those before them: the feedback's time and power by profile likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator import calibration_kernel as kernel
from tcakit.simulator.calibration_count import Counted
from tcakit.simulator.calibration_day import CalibrationDay
from tcakit.simulator.feedback_terms import exponential_terms
from tcakit.simulator.flow_layout_kernel import TAKE
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.memory_kernel import memory_before

TAUS_S = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
BETAS = (0.25, 0.5, 0.75, 1.0, 1.5)
_ROUNDS = 30
_FEWEST = 100
_SURE_GAIN = 1.92  # in log likelihood: 95 % of one degree of freedom


@dataclass(frozen=True, slots=True)
class SideTrades:
    """The day's signed trades: `seconds` of operational time, `sign` +1 where a buyer took, `share` of the queue it
    took, and `log_odds` of a seller against a buyer by the book as it stood.
    """

    seconds: NDArray[np.float64]
    sign: NDArray[np.float64]
    share: NDArray[np.float64]
    log_odds: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SideLikelihood:
    """What the sides of trades say of the feedback. `table` has a row (tau_s, beta, strength, gain in log likelihood
    over no memory) for each pair tried; the best row's strength is below zero where trades follow those before them
    rather than turn against them.
    """

    trades: int
    table: tuple[tuple[float, float, float, float], ...]

    @property
    def best(self) -> tuple[float, float, float, float]:
        """The row of greatest likelihood."""
        return max(self.table, key=lambda row: row[3])

    @property
    def best_against(self) -> tuple[float, float, float, float] | None:
        """The best row if trades turn against past ones there, surely; else None: nothing is learned of the memory."""
        if not self.table or self.best[2] <= 0.0 or self.best[3] < _SURE_GAIN:
            return None
        return self.best


def side_trades(day: CalibrationDay, counted: Counted, model: FlowModel) -> SideTrades:
    """The trades of a day with the odds that the fitted background gives each side."""
    found = counted.found
    trade = found[found[:, kernel.EVENT] == TAKE]
    take = model.rates.by_state["take"]
    place = np.searchsorted(model.spread_from, trade[:, kernel.SPREAD], side="right") - 1
    own = take[place, trade[:, kernel.IMBALANCE_BIN]]
    other = take[place, model.imbalance_bins - 1 - trade[:, kernel.IMBALANCE_BIN]]
    bids = trade[:, kernel.SIDE_ROW] == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(own) - np.log(other)
    odds = np.where(np.isfinite(odds), odds, 0.0)
    return SideTrades(
        seconds=day.seconds[trade[:, kernel.ROW]],
        sign=np.where(bids, -1.0, 1.0),
        share=trade[:, kernel.EVENT_SIZE] / np.maximum(1.0, trade[:, kernel.QUEUE_SIZE]),
        log_odds=np.where(bids, odds, -odds),
    )


def side_likelihood(trades: SideTrades, size_power: float = 1.0) -> SideLikelihood:
    """Strength by maximum likelihood for each tau and beta of a grid.

    A trade is a sale with log odds those of the book plus strength times phi, phi as it stood before the trade:
    logistic regression with an offset, concave in the strength.
    """
    if len(trades.sign) < _FEWEST:
        return SideLikelihood(len(trades.sign), ())
    sold = (trades.sign < 0.0).astype(np.float64)
    jumps = trades.sign * trades.share**size_power
    table = []
    for tau in TAUS_S:
        for beta in BETAS:
            weights, rates = exponential_terms(tau, beta, 3600.0)
            phi = memory_before(trades.seconds, jumps, weights, rates)
            strength = _maximum(phi, sold, trades.log_odds)
            gain = _log_likelihood(strength, phi, sold, trades.log_odds) - _log_likelihood(
                0.0, phi, sold, trades.log_odds
            )
            table.append((tau, beta, round(strength, 5), round(gain, 3)))
    return SideLikelihood(len(trades.sign), tuple(table))


def _log_likelihood(
    strength: float, phi: NDArray[np.float64], sold: NDArray[np.float64], offset: NDArray[np.float64]
) -> float:
    odds = offset + strength * phi
    return float((sold * odds - np.logaddexp(0.0, odds)).sum())


def _maximum(phi: NDArray[np.float64], sold: NDArray[np.float64], offset: NDArray[np.float64]) -> float:
    strength = 0.0
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-(offset + strength * phi)))
        bend = float((chance * (1.0 - chance) * phi * phi).sum())
        if bend <= 0.0:
            break
        step = float(((sold - chance) * phi).sum()) / bend
        strength += max(-1.0, min(1.0, step))
        if abs(step) < 1e-9:
            break
    return strength
