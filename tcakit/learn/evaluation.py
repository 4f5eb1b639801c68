"""Policies set side by side in the same episodes: what each cost, against another, and how sure that is.

All policies play the same episodes (common random numbers), so that what they differ by is theirs and not the market's.
Intervals are bootstraps of blocks and then of episodes within them; p-values flip the signs of whole blocks
(`tca.resampling`). Whoever tries many policies finds one that looks good: q-values take their number into account
(Benjamini and Hochberg, 1995), also of those that were tried before and are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.policies import Policy
from tcakit.tca.resampling import DRAWS, ratio_interval, sign_flip

_LEAST = 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`table` has a row a policy, `episodes` a row a policy and episode.

    `table`: policy, episodes, blocks, cost_bps and its interval (cost_low, cost_high), cost_p95, deviation_bps (from
    episode to episode), reward (mean sum), completed (mean share filled before the closing market order), filled
    (mean share filled at all), participation (of all that was traded), difference_bps (cost less that of the reference)
    with difference_low, difference_high, p_value, q_value over all `trials`, and variance_ratio: how many times less a
    paired difference varies than one of different episodes would. Null for the reference, and where it cannot be told.
    """

    table: pl.DataFrame
    episodes: pl.DataFrame
    reference: str
    trials: int


def evaluate(
    environment: ExecutionEnvironment,
    policies: Sequence[Policy],
    *,
    episodes: int = 200,
    first_draw: int = 0,
    reference: str = "twap",
    tried_before: int = 0,
    draws: int = DRAWS,
    seed: int = 0,
) -> Evaluation:
    """Play episodes `first_draw` and the next ones with every policy, and set each against the `reference`.

    `tried_before` counts the policies that were tried on these episodes and are not among these. UsageError where the
    reference is not among the policies, or two have one name.

    The episodes a policy was trained on say nothing about it: evaluate on days, or draws, that it has not seen.
    """
    names = [policy.name for policy in policies]
    if len(set(names)) < len(names):
        raise UsageError("two policies have one name", place="policies", remedy="name them apart")
    if reference not in names:
        raise UsageError(f"no policy {reference!r}", place="reference", remedy=f"there are {', '.join(names)}")
    if episodes < _LEAST:
        raise UsageError(f"{episodes} episodes", place="episodes", remedy=f"play at least {_LEAST}")
    duration_ns = environment.task.duration_ns
    most = environment.source.episodes(duration_ns)
    if most is not None and episodes > most:
        raise UsageError(
            f"{episodes} episodes of {most} starts: some would count twice",
            place="episodes",
            remedy=f"play at most {most}, or let starts lie closer together, or take more days",
        )
    played = range(first_draw, first_draw + episodes)
    blocks = [environment.source.block(draw, duration_ns) for draw in played]
    rows = [
        _play(environment, policy, draw) | {"policy": policy.name, "draw": draw, "block": block}
        for policy in policies
        for draw, block in zip(played, blocks, strict=True)
    ]
    frame = pl.DataFrame(rows).select("policy", "draw", "block", pl.exclude("policy", "draw", "block"))
    costs = {name: frame.filter(policy=name)["cost_bps"].to_numpy() for name in names}
    table = [_row(frame.filter(policy=name), costs, name, reference, blocks, draws, seed) for name in names]
    trials = len(names) - 1 + tried_before
    for row, q_value in zip(table, _q_values([row["p_value"] for row in table], trials), strict=True):
        row["q_value"] = q_value
    return Evaluation(pl.DataFrame(table, infer_schema_length=None), frame, reference, trials)


def _play(environment: ExecutionEnvironment, policy: Policy, draw: int) -> dict[str, Any]:
    """One episode of one policy."""
    observation, info = environment.reset(options={"draw": draw})
    policy.start(environment, draw)
    reward, over = 0.0, False
    while not over:
        observation, earned, over, _, info = policy.step(environment, observation)
        reward += earned
    filled, ordered = info["filled"], info["filled"] + info["left"]
    traded = filled + info["volume"]
    return {
        "side": info["side"],
        "cost_bps": info["cost_bps"],
        "reward": reward,
        "completed": 1.0 - info["left_at_end"] / ordered,
        "filled": filled / ordered,
        "participation": filled / traded if traded else None,
    }


def _row(
    frame: pl.DataFrame,
    costs: dict[str, NDArray[np.float64]],
    name: str,
    reference: str,
    blocks: list[str],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """What is told of a policy."""
    cost, ones = costs[name], np.ones(len(blocks))
    low, high = ratio_interval(cost, ones, blocks, draws=draws, seed=seed)
    row: dict[str, Any] = {
        "policy": name,
        "episodes": len(cost),
        "blocks": len(set(blocks)),
        "cost_bps": float(cost.mean()),
        "cost_low": low,
        "cost_high": high,
        "cost_p95": float(np.quantile(cost, 0.95)),
        "deviation_bps": float(cost.std(ddof=1)),
        **{what: frame[what].mean() for what in ("reward", "completed", "filled", "participation")},
        **dict.fromkeys(
            ("difference_bps", "difference_low", "difference_high", "p_value", "q_value", "variance_ratio")
        ),
    }
    if name != reference:
        other = costs[reference]
        apart = cost - other
        varies = float(apart.var(ddof=1))
        row["difference_bps"] = float(apart.mean())
        row["difference_low"], row["difference_high"] = ratio_interval(apart, ones, blocks, draws=draws, seed=seed)
        row["p_value"] = sign_flip(apart, blocks, seed=seed).p_value
        if varies > 0.0:
            row["variance_ratio"] = float(cost.var(ddof=1) + other.var(ddof=1)) / varies
    return row


def _q_values(p_values: list[float | None], trials: int) -> list[float | None]:
    """For each p-value the share of false discoveries if it and all smaller ones of so many trials were believed."""
    from tcakit.tca.significance import benjamini_hochberg

    known = sum(value is not None for value in p_values)
    return benjamini_hochberg([*p_values, *[1.0] * max(0, trials - known)])[: len(p_values)]
