"""The strength of the feedback, so that simulated metaorders move the price as a root of their size does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.calibration_feedback import SideLikelihood
from tcakit.simulator.calibration_mood import against_feedback
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.mean_field import POOLED_FROM, MeanField, mean_field
from tcakit.simulator.metaorder_experiment import (
    MetaorderImpact,
    MetaorderSetting,
    Opener,
    of_background,
    round_trips,
    run_experiment,
    setting_for,
)

TARGET_EXPONENT = 0.56  # inside what is found for metaorders, 0.4 to 0.7
_BETA = 0.5  # by a mean-field argument impact then grows as the root of time
_TAU_TRADES = 3.0  # tau in mean times between trades
_FIRST_TIMES = 0.3  # of the strength that theory gives: where the search begins
_LITTLE, _MUCH = 0.12, 0.6  # of the impact alone that is left: outside, another strength is tried first
_STEP, _MOVES = 3.0, 5
_TURN_CHILDREN = 4.0  # after how many children impact should have bent
_LEAST_DAMPED = 0.05  # of the impact alone: less is noise
_SURE = 2.0  # standard errors
_HALVINGS = 4


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Mean gain (ticks a share) of buying `children` and selling them again, or the other way round, with its error.

    `child_size` 0 stands for children like the background's takers; `pause` steps are waited in between.
    """

    children: int
    child_size: int
    pause: int
    gain: float
    standard_error: float

    @property
    def loses(self) -> bool:
        """Whether it surely does not earn."""
        return self.gain + _SURE * self.standard_error < 0.0


@dataclass(frozen=True, slots=True)
class ImpactFit:
    """The flow with its feedback, and what it was chosen by: `tried` (strength, share left of the impact alone,
    exponent), how far exponents are `off_mean_field`, impact with the feedback (`reacting`) and of the background
    alone, and round trips. `halved` times the strength was cut in two because a round trip did not surely lose.
    """

    model: FlowModel
    tried: tuple[tuple[float, float, float], ...]
    off_mean_field: float
    alone: MetaorderImpact
    reacting: MetaorderImpact
    trips: tuple[RoundTrip, ...]
    halved: int
    setting: MetaorderSetting


def fit_feedback(
    model: FlowModel, likelihood: SideLikelihood | None = None, *, starts: int = 3_000, search_starts: int = 400
) -> ImpactFit:
    """Find the strength at which metaorders of takers like the background's have `TARGET_EXPONENT`.

    tau and beta come from the sides of trades where these turn against past trades (`likelihood`). Where they follow
    them, as signs of real trades do, whose metaorders the background does not have, nothing is learned of tau and beta
    from the sides: beta is 0.5 and tau three mean times between trades.

    How much of the impact without feedback is left is measured well, the exponent badly. In mean field they hang
    together (`damping`), and by how much the exponent lies off mean field is measured over all strengths tried at once:
    so the strength is that of the share which goes with the exponent wanted. It is tried in turn, and chosen anew with
    what was learned. The mood of takers, which is leant against too, is made as much stronger. Impact is then measured
    in markets that had no part in the search. Round trips must lose; the strength is halved until they do.
    """
    setting = setting_for(of_background(model), starts=starts)
    between_trades = setting.every_s * setting.participation
    against = likelihood.best_against if likelihood else None
    tau, beta = (against[0], against[1]) if against else (_TAU_TRADES * between_trades, _BETA)
    tau = float(f"{tau:.3g}")
    model = model.with_feedback(tau_s=tau, beta=beta, strength=0.0)
    guess = _strength_by_theory(model, setting, tau)
    search = _Search(model, replace(setting, starts=search_starts, decay_children=()))
    search.bracket(_FIRST_TIMES * guess)
    search.widen()
    search.attempt(search.strength(), answered=True)
    strength = float(f"{search.strength():.3g}")
    setting = replace(setting, seed=setting.seed + 2_000)
    halved = 0
    while True:
        fitted = search.answered(strength)
        trips = check_round_trips(of_background(fitted), setting, lot=model.lot_size)
        if all(trip.loses for trip in trips) or halved == _HALVINGS:
            break
        strength, halved = 0.5 * strength, halved + 1
    return ImpactFit(
        model=fitted,
        tried=tuple((attempt.strength, attempt.share, attempt.exponent) for attempt in search.tried),
        off_mean_field=search.off_mean_field(),
        alone=run_experiment(of_background(model), replace(setting, starts=max(2, starts // 4))),
        reacting=run_experiment(of_background(fitted), setting),
        trips=trips,
        halved=halved,
        setting=setting,
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    strength: float
    share: float
    exponent: float
    error: float


class _Search:
    """Strengths tried, and what was learned of them; `setting` is that of each attempt."""

    def __init__(self, model: FlowModel, setting: MetaorderSetting) -> None:
        self.model, self.setting = model, setting
        self.tried: list[_Attempt] = []
        self.whole = _pooled(run_experiment(of_background(model), setting).impact)

    def bracket(self, strength: float) -> None:
        """Look for a strength that leaves a fair part of the impact, and try half and twice of it too."""
        for _ in range(_MOVES):
            share = self.attempt(strength)
            if _LITTLE <= share <= _MUCH:
                break
            strength *= _STEP if share > _MUCH else 1.0 / _STEP
        for times in (0.5, 2.0):
            self.attempt(times * strength)

    def widen(self) -> None:
        """Try greater strengths while the one wanted would be greater than all that were tried."""
        for _ in range(_MOVES):
            greatest = max(attempt.strength for attempt in self.tried)
            if self.strength() < greatest or min(attempt.share for attempt in self.tried) < _LITTLE:
                return
            self.attempt(_STEP * greatest)

    def attempt(self, strength: float, answered: bool = False) -> float:
        """Measure what metaorders do at a strength; gives the share of the impact alone that is left.

        `answered`: with the mood made as much stronger as it is leant against, in twice as many other markets.
        """
        setting, model = self.setting, self.model.with_feedback(strength=strength)
        if answered:
            setting = replace(setting, starts=2 * setting.starts, seed=setting.seed + 1_000)
            model = self.answered(strength)
        found = run_experiment(of_background(model), setting)
        share = _pooled(found.impact) / self.whole if self.whole > 0.0 else math.nan
        self.tried.append(_Attempt(strength, share, found.exponent, max(found.exponent_error, 1e-3)))
        return share

    def off_mean_field(self) -> float:
        """By how much exponents are above those of mean field with as much impact left; 0 if nothing is known."""
        usable = self._usable()
        if not usable:
            return 0.0
        law = self._law()
        apart = [attempt.exponent - float(np.interp(attempt.share, law.shares, law.exponents)) for attempt in usable]
        return float(np.average(apart, weights=[attempt.error**-2 for attempt in usable]))

    def _law(self) -> MeanField:
        feedback, setting = self.model.feedback, self.setting
        return mean_field(feedback.tau_s, feedback.beta, setting.every_s, setting.children)

    def strength(self) -> float:
        """Where the share left is the one that goes with the exponent wanted: a power of the strength."""
        law = self._law()
        wanted = float(np.interp(TARGET_EXPONENT - self.off_mean_field(), law.exponents, law.shares))
        slope, level = self._line()
        logs = np.log([attempt.strength for attempt in self._usable()] or [self.tried[-1].strength])
        if slope >= 0.0:
            return float(np.exp(logs.min()))
        return float(np.exp(np.clip((math.log(wanted) - level) / slope, logs.min(), logs.max())))

    def answered(self, strength: float) -> FlowModel:
        """The flow with a strength, and a mood that is as much stronger as it is leant against."""
        law, (slope, level) = self._law(), self._line()
        share = math.exp(min(0.0, level + slope * math.log(strength)))
        model = self.model.with_feedback(strength=strength)
        kappa = float(np.interp(share, law.shares, law.kappas))
        return replace(model, mood=against_feedback(model.mood, model.feedback, kappa, self.setting.every_s))

    def _usable(self) -> list[_Attempt]:
        return [attempt for attempt in self.tried if attempt.share > _LEAST_DAMPED]

    def _line(self) -> tuple[float, float]:
        """Slope and level of the logarithm of the share left over that of the strength; flat where nothing is known."""
        usable = self._usable()
        if len({attempt.strength for attempt in usable}) < 2:
            return 0.0, math.log(usable[0].share) if usable else 0.0
        logs = np.log([(attempt.strength, attempt.share) for attempt in usable])
        slope, level = np.polyfit(logs[:, 0], logs[:, 1], 1)
        return float(slope), float(level)


def check_round_trips(
    opened: Opener, setting: MetaorderSetting, trips: int = 150, *, lot: int = 1
) -> tuple[RoundTrip, ...]:
    """Push the price one way and trade back, quickly and after a pause, in usual and in the smallest sizes."""
    tried = []
    for children, child_size, pause in ((16, 0, 0), (16, 0, 16), (8, 0, 32), (32, lot, 0)):
        gain, error = round_trips(
            opened, child_size, setting.every_s, children, trips, seed=setting.seed + 1, pause=pause
        )
        tried.append(RoundTrip(children, child_size, pause, gain, error))
    return tuple(tried)


def _strength_by_theory(model: FlowModel, setting: MetaorderSetting, tau: float) -> float:
    """Mean field: takers of one side, each worth `share` of a queue, answer with rate kappa = m * rate * share a unit
    of phi; impact bends after 1 / (kappa^2 tau pi) seconds (beta 0.5).
    """
    one_side = 0.5 / (setting.every_s * setting.participation)
    share = float(np.clip(np.abs(model.clearing[:, 0]).mean(), 0.1, 1.0))
    kappa = 1.0 / math.sqrt(_TURN_CHILDREN * setting.every_s * tau * math.pi)
    return kappa / (one_side * share)


def _pooled(impact: NDArray[np.float64]) -> float:
    return float(impact[POOLED_FROM - 1 :].sum())
