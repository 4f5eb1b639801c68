"""A backtest under other sizes of its impact, and how large it would have to be for the strategy not to pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.impact.replay_impact import NOT_IDENTIFIED
from tcakit.jobs.backtest import Progress, groups_of, measured_run, replay_group
from tcakit.jobs.backtest_config import REPLAY, BacktestConfig
from tcakit.jobs.backtest_plan import Planned, plan_parents
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.impact_rules import FIT, LATEST, ImpactRules
from tcakit.jobs.two_sided import earnings
from tcakit.store.database import Store

LARGEST_MULTIPLIER = 16.0
_HALVINGS = 8
_CLOSE_ENOUGH = 0.03
COST, EARNED = "shortfall_bps_of_paper", "earned"


def impact_scenarios(
    folder: Path, config: BacktestConfig, *, progress: Progress | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """Replay a backtest's parents without impact, with its own, with twice as much, and two standard errors to either
    side where these are given or a fit has them; then find the multiplier at which the strategy stops paying.

    Orders pay while their mean shortfall (bps of paper, by notional) is below `alpha_bps` of the rules, two-sided
    strategies while they earn. UsageError without a model of impact, or where some parents are two-sided and others
    not. Nothing is stored.
    """
    rules = config.impact
    if config.engine != REPLAY or rules is None:
        raise UsageError("there is no impact to vary", place="--impact-scenarios", remedy="give --impact-model")
    store = Store(folder, wait_s=wait_s)
    planned = plan_parents(store, config)
    set_impact(store, rules, planned, config.together)
    measure: str | None = None
    found: dict[float, float] = {}

    def outcome(multiplier: float) -> float:
        nonlocal measure
        if multiplier not in found:
            if progress:
                progress(f"impact x{multiplier:.3g}", len(found), len(found) + 1)
            kind, value = _outcome(store, config, _times(planned, multiplier))
            measure = measure or kind
            if kind != measure:
                raise UsageError(
                    "the strategy trades on both sides under some impacts and not under others",
                    place="--impact-scenarios",
                    remedy="compare runs of your own",
                )
            found[multiplier] = value
        return found[multiplier]

    fitted = rules.model.startswith(FIT) or rules.model == LATEST
    names = {"none": 0.0, "as fitted" if fitted else "as given": 1.0, "twice": 2.0}
    error = _relative_error(rules, planned)
    if error is not None:
        names["2 standard errors less"] = max(0.0, 1.0 - 2.0 * error)
        names["2 standard errors more"] = 1.0 + 2.0 * error
    scenarios = [
        {"name": name, "multiplier": multiplier, "value": outcome(multiplier)}
        for name, multiplier in sorted(names.items(), key=lambda pair: pair[1])
    ]
    notes = [NOT_IDENTIFIED]
    if error is not None and rules.standard_error is None:
        notes.append(f"a standard error is {error:.1%} of the impact: the largest that the fit's draws have")
    if error is None:
        notes.append("the model's standard errors are not known: give --impact-se to see what two of them do")
    even, words = None, "nothing is said of when it stops paying: give --alpha-bps, what the orders earn before costs"
    if measure == EARNED:
        even, words = break_even(outcome)
    elif rules.alpha_bps is not None:
        alpha = rules.alpha_bps
        even, words = break_even(lambda multiplier: alpha - outcome(multiplier))
    return {
        "measure": measure,
        "scenarios": scenarios,
        "alpha_bps": rules.alpha_bps,
        "break_even": even,
        "break_even_note": words,
        "notes": notes,
    }


def _relative_error(rules: ImpactRules, planned: Sequence[Planned]) -> float | None:
    """A standard error relative to the impact: as given, else the largest that a fit has for a parent."""
    if rules.standard_error is not None:
        return rules.standard_error
    return max((plan.impact_error for plan in planned if plan.impact_error is not None), default=None)


def break_even(value: Callable[[float], float]) -> tuple[float | None, str]:
    """The multiplier at which a value falls to zero, and that in words; None where it is above zero up to the largest.

    Replays move in steps, so that it is found to a few per cent, by halving between one that pays and one that does
    not.

    >>> break_even(lambda multiplier: 3.0 - multiplier)[1]
    'it stops paying at about 3 times the impact'
    """
    if value(0.0) <= 0.0:
        return 0.0, "it does not pay even without impact"
    low, high = 0.0, 1.0
    while value(high) > 0.0:
        low, high = high, 2.0 * high
        if high > LARGEST_MULTIPLIER:
            return None, f"it pays even with {LARGEST_MULTIPLIER:g} times the impact, the most that was tried"
    for _ in range(_HALVINGS):
        if high - low <= _CLOSE_ENOUGH * high:
            break
        middle = (low + high) / 2.0
        low, high = (middle, high) if value(middle) > 0.0 else (low, middle)
    return high, f"it stops paying at about {high:.3g} times the impact"


def _times(planned: Sequence[Planned], multiplier: float) -> list[Planned]:
    return [plan if plan.impact is None else replace(plan, impact=plan.impact.times(multiplier)) for plan in planned]


def _outcome(store: Store, config: BacktestConfig, planned: list[Planned]) -> tuple[str, float]:
    """What a run came to: earned currency of two-sided strategies, else mean shortfall in bps of paper."""
    pieces = [replay_group(store, config, group, "scenario") for group in groups_of(planned, config.together)]
    frames = measured_run(store, config, planned, "scenario", pieces).frames
    measured = frames["tca_parents"]
    earned = earnings(frames["parents"], measured)
    if earned:
        if len(earned) < len(planned):
            raise UsageError(
                "some parents trade on both sides and others on one: they have no measure in common",
                place="--impact-scenarios",
                remedy="ask for one kind at a time",
            )
        return EARNED, sum(earned.values())
    known = measured.filter(pl.col(COST).is_not_null(), pl.col("paper_notional").is_not_null())
    if not known.height:
        raise UsageError("no parent has a cost", place="--impact-scenarios", remedy="check the parents' windows")
    costs, weights = known[COST].to_numpy(), known["paper_notional"].to_numpy()
    return COST, float(costs @ weights / weights.sum())
