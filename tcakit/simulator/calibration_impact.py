"""The strength of the feedback, so that simulated metaorders move the price as a root of their size does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.calibration_feedback import SideLikelihood
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.simulator.metaorder_experiment import (
    MetaorderImpact,
    MetaorderSetting,
    round_trips,
    run_experiment,
    setting_for,
)

TARGET_EXPONENT = 0.55  # inside what is found for metaorders, 0.4 to 0.7
_BETA = 0.5  # by a mean-field argument impact then grows as the root of time
_TAU_TRADES = 3.0  # tau in mean times between trades
_TIMES = (0.15, 0.3, 0.6, 1.2)  # of the strength that theory gives
_TURN_CHILDREN = 4.0  # after how many children impact should have bent
_LATE_FROM = 4
_POOLED_FROM = 16  # children: damping is compared from here on
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
    """The flow with its feedback, and what it was chosen by: (strength, share left of the impact alone) tried, `wanted`
    of that share, impact with the feedback (`reacting`) and of the background alone, and round trips. `halved` times
    the strength was cut in two because a round trip did not surely lose.
    """

    model: FlowModel
    tried: tuple[tuple[float, float], ...]
    wanted: float
    alone: MetaorderImpact
    reacting: MetaorderImpact
    trips: tuple[RoundTrip, ...]
    halved: int
    setting: MetaorderSetting


def fit_feedback(
    model: FlowModel, likelihood: SideLikelihood | None = None, *, starts: int = 1_500, search_starts: int = 400
) -> ImpactFit:
    """Find the strength at which metaorders of takers like the background's have `TARGET_EXPONENT`.

    tau and beta come from the sides of trades where these turn against past trades (`likelihood`). Where they follow
    them, as signs of real trades do, whose metaorders the background does not have, nothing is learned of tau and beta
    from the sides: beta is 0.5 and tau three mean times between trades.

    The exponent itself is too uncertain to be searched for: how much of the impact without feedback is left is not. In
    mean field that share and the exponent hang together (`damping`), so the strength is chosen by the share that goes
    with the exponent wanted, out of four strengths tried. Impact is then measured anew, in markets that had no part in
    the search. Round trips must lose; the strength is halved until they do.
    """
    setting = setting_for(model, starts=starts)
    between_trades = setting.every_s * setting.participation
    against = likelihood.best_against if likelihood else None
    tau, beta = (against[0], against[1]) if against else (_TAU_TRADES * between_trades, _BETA)
    tau = float(f"{tau:.3g}")
    model = model.with_feedback(tau_s=tau, beta=beta, strength=0.0)
    guess = _strength_by_theory(model, setting, tau)
    searching = replace(setting, starts=search_starts, decay_children=())
    whole = _pooled(run_experiment(model, searching).impact)
    tried = []
    for times in _TIMES:
        found = run_experiment(model.with_feedback(strength=times * guess), searching)
        tried.append((times * guess, _pooled(found.impact) / whole if whole > 0.0 else math.nan))
    wanted = wanted_share(tau, beta, setting)
    strength = float(f"{_strength_at(wanted, tried):.3g}")
    setting = replace(setting, seed=setting.seed + 2_000)
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
        wanted=wanted,
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


def wanted_share(tau_s: float, beta: float, setting: MetaorderSetting) -> float:
    """The share of the impact alone that is left, from 16 children on, where mean field has the exponent wanted."""
    children = np.arange(1, setting.children + 1)
    low, high = 1e-4, 1.0
    for _ in range(60):
        kappa = math.sqrt(low * high)
        net = damping(kappa, tau_s, beta, setting.every_s, setting.children)
        late = children >= _LATE_FROM
        exponent = np.polyfit(np.log(children[late]), np.log(np.maximum(net[late], 1e-9)), 1)[0]
        low, high = (kappa, high) if exponent > TARGET_EXPONENT else (low, kappa)
    return _pooled(net) / _pooled(children.astype(np.float64))


def _pooled(impact: NDArray[np.float64]) -> float:
    return float(impact[_POOLED_FROM - 1 :].sum())


def _strength_at(wanted: float, tried: list[tuple[float, float]]) -> float:
    """Where the share left is the one wanted, its logarithm straight in that of the strength."""
    usable = [(strength, share) for strength, share in tried if share > _LEAST_DAMPED]
    if len(usable) < 2:
        return tried[0][0]
    logs, shares = np.log([strength for strength, _ in usable]), np.log([share for _, share in usable])
    slope, level = np.polyfit(logs, shares, 1)
    if slope >= 0.0:
        return usable[-1][0]
    return float(np.exp(np.clip((math.log(wanted) - level) / slope, logs[0], logs[-1])))
