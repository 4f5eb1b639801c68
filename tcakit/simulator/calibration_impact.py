"""The strength of the feedback, so that simulated metaorders move the price as a root of their size does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tcakit.simulator.calibration_feedback import SideLikelihood
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.metaorder_experiment import (
    MetaorderImpact,
    MetaorderSetting,
    round_trips,
    run_experiment,
    setting_for,
)

TARGET_EXPONENT = 0.55  # in the middle of what is found for metaorders, 0.4 to 0.7
_BETA = 0.5  # by a mean-field argument impact then grows as the root of time
_TAU_TRADES = 3.0  # tau in mean times between trades
_TIMES = (0.25, 0.5, 1.0, 2.0)  # of the strength that theory gives
_TURN_CHILDREN = 4.0  # after how many children impact should have bent
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
    """The flow with its feedback, and what it was chosen by: (strength, exponent) tried, impact with the feedback
    (`reacting`) and of the background alone, and round trips. `halved` times the strength was cut in two because a
    round trip did not surely lose.
    """

    model: FlowModel
    tried: tuple[tuple[float, float], ...]
    alone: MetaorderImpact
    reacting: MetaorderImpact
    trips: tuple[RoundTrip, ...]
    halved: int
    setting: MetaorderSetting


def fit_feedback(
    model: FlowModel, likelihood: SideLikelihood | None = None, *, starts: int = 1_000, search_starts: int = 250
) -> ImpactFit:
    """Find the strength at which metaorders of takers like the background's have `TARGET_EXPONENT`.

    tau and beta come from the sides of trades where these turn against past trades (`likelihood`). Where they follow
    them, as signs of real trades do, whose metaorders the background does not have, nothing is learned of tau and beta
    from the sides: beta is 0.5 and tau three mean times between trades. The exponent is measured at four strengths, a
    straight line in their logarithm says which is wanted, and the market with it is measured once more. Then round
    trips must lose; the strength is halved until they do.
    """
    setting = setting_for(model, starts=starts)
    between_trades = setting.every_s * setting.participation
    against = likelihood.best_against if likelihood else None
    tau, beta = (against[0], against[1]) if against else (_TAU_TRADES * between_trades, _BETA)
    tau = float(f"{tau:.3g}")
    model = model.with_feedback(tau_s=tau, beta=beta, strength=0.0)
    guess = _strength_by_theory(model, setting, tau)
    tried = []
    for times in _TIMES:
        strength = times * guess
        found = run_experiment(
            model.with_feedback(strength=strength), replace(setting, starts=search_starts, decay_children=())
        )
        tried.append((strength, found.exponent))
    strength = float(f"{_strength_at_target(tried):.3g}")
    halved = 0
    while True:
        fitted = model.with_feedback(strength=strength)
        trips = check_round_trips(fitted, setting)
        if all(trip.loses for trip in trips) or halved == _HALVINGS:
            break
        strength, halved = 0.5 * strength, halved + 1
    return ImpactFit(
        model=fitted,
        tried=tuple(tried),
        alone=run_experiment(model, replace(setting, starts=max(2, starts // 2))),
        reacting=run_experiment(fitted, setting),
        trips=trips,
        halved=halved,
        setting=setting,
    )


def check_round_trips(model: FlowModel, setting: MetaorderSetting, trips: int = 150) -> tuple[RoundTrip, ...]:
    """Push the price one way and trade back, quickly and after a pause, in usual and in the smallest sizes."""
    tried = []
    for children, child_size, pause in ((16, 0, 0), (16, 0, 16), (8, 0, 32), (32, model.lot_size, 0)):
        gain, error = round_trips(
            model, child_size, setting.every_s, children, trips, seed=setting.seed + 1, pause=pause
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


def _strength_at_target(tried: list[tuple[float, float]]) -> float:
    logs = np.log([strength for strength, _ in tried])
    exponents = np.clip([exponent for _, exponent in tried], 0.0, 1.2)
    slope, level = np.polyfit(logs, exponents, 1)
    if slope >= 0.0:
        # Nothing bends: the strongest is nearest.
        return float(np.exp(logs[-1]))
    return float(np.exp(np.clip((TARGET_EXPONENT - level) / slope, logs[0], logs[-1])))
