"""How strongly takers' mood leans: from the memory of the sides of trades beyond what the book explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.calibration_feedback import SideTrades
from tcakit.simulator.flow_layout_kernel import MOST_WAVES
from tcakit.simulator.flow_parameters import FeedbackLaw, MoodLaw
from tcakit.simulator.mean_field import damping

_SHORTEST_TRADES = 10  # mean times between trades: what is shorter is a burst's
_LONGEST_OF_DAY = 0.25
_LAGS = np.unique(np.geomspace(10, 400, 20).round().astype(np.int64))
_FEWEST = 2_000
_STRONGEST = 1.0  # of a wave
_FAR = 512  # children: further on, mean field is a power


def fit_mood(trades: SideTrades, seconds: float) -> MoodLaw:
    """Waves from ten mean times between trades to a quarter of the session, of `seconds`, as strong as the products of
    signs 10 to 400 trades apart say, the odds that the book gave each side taken out; none for too few trades.

    Least squares of those products on the waves' own correlation at these lags.
    """
    count = len(trades.sign)
    if count < _FEWEST or seconds <= 0.0:
        return MoodLaw()
    between = seconds / count
    shortest = float(f"{_SHORTEST_TRADES * between:.3g}")
    waves = int(np.clip(np.log2(max(1.0, _LONGEST_OF_DAY * seconds / shortest)) + 1, 1, MOST_WAVES))
    expected = -np.tanh(0.5 * trades.log_odds)
    left = trades.sign - expected
    lags = _LAGS[count // 4 > _LAGS]
    products = np.array([float(np.mean(left[:-lag] * left[lag:])) for lag in lags])
    free = float(np.mean(1.0 - expected**2))
    law = wave_correlation(lags.astype(np.float64) * between, shortest, waves) * free**2
    variance = max(0.0, float((products @ law) / (law @ law)))
    return MoodLaw(shortest, (_rounded(np.sqrt(variance / waves)),) * waves if variance > 0.0 else ())


def against_feedback(mood: MoodLaw, feedback: FeedbackLaw, kappa: float, every_s: float) -> MoodLaw:
    """The mood that leaves as much memory of signs as `mood` does alone, where trades are leant against.

    In mean field with `kappa` a child every `every_s` seconds, what is left of a lean that lasts falls with its length:
    each wave is as much stronger.
    """
    net = damping(kappa, feedback.tau_s, feedback.beta, every_s, _FAR)
    strengths = []
    for wave, strength in enumerate(mood.strengths):
        children = max(1.0, mood.shortest_s * 2.0**wave / every_s)
        left = net[min(_FAR, round(children)) - 1] / min(_FAR, round(children))
        left *= min(1.0, _FAR / children) ** (1.0 - feedback.beta)
        strengths.append(_rounded(strength / max(left, 1e-3)))
    return replace(mood, strengths=tuple(strengths))


def _rounded(strength: float) -> float:
    return float(f"{min(_STRONGEST, strength):.3g}")


def wave_correlation(apart_s: NDArray[np.float64], shortest_s: float, waves: int) -> NDArray[np.float64]:
    """Correlation of the mood with itself so many seconds apart: mean of those of straight waves of doubling lengths.

    >>> wave_correlation(np.array([0.0, 1e6]), 10.0, 3).round(3).tolist()
    [1.0, 0.0]
    """
    found = np.zeros(len(apart_s))
    for wave in range(waves):
        part = np.asarray(apart_s, float) / (shortest_s * 2.0**wave)
        near = 1.0 - 1.5 * part**2 + 0.75 * part**3
        far = 0.25 * np.maximum(2.0 - part, 0.0) ** 3
        found += np.where(part < 1.0, near, far)
    return found / waves
