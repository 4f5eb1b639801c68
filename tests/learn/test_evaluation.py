"""Policies without learning, and how policies are set side by side."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.evaluation import evaluate
from tcakit.learn.features import FEATURES
from tcakit.learn.policies import (
    AlmgrenChrissPolicy,
    Chance,
    Immediate,
    Learned,
    Policy,
    Pov,
    SubmitAndLeave,
    Twap,
    Vwap,
    baselines,
)
from tcakit.learn.task import OBJECTIVES


def left_after_steps(played: ExecutionEnvironment, policy: Policy, draw: int = 4) -> list[int]:
    observation, info = played.reset(options={"draw": draw, "side": 1})
    policy.start(played, draw)
    left, over = [info["left"]], False
    while not over:
        observation, _, over, _, info = policy.step(played, observation)
        left.append(info["left"])
    return left


def test_schedules_keep_to_what_they_promise(environment: Any) -> None:
    played = environment()
    assert left_after_steps(played, Twap()) == [1_500, 1_312, 1_125, 937, 750, 562, 375, 187, 0]
    risk_averse = left_after_steps(played, AlmgrenChrissPolicy(2.0))
    even = np.arange(1, 8)
    assert np.allclose(risk_averse[1:8], 1_500 * np.sinh(2.0 * (1 - even / 8)) / np.sinh(2.0), atol=0.5)
    assert left_after_steps(played, Immediate())[1] < 100
    start = played.arrays.account[el.START_NS]
    late = VolumeCurve("late", start + np.array([0, 60, 120]) * 10**9, np.array([0.2, 0.3, 0.6]))
    assert left_after_steps(played, Vwap(late))[4] == 1_125
    nothing = VolumeCurve("none", start + np.array([0, 120]) * 10**9, np.array([0.5, 0.5]))
    assert left_after_steps(played, Vwap(nothing)) == left_after_steps(played, Twap())


def test_a_share_of_the_volume_follows_it(environment: Any) -> None:
    played = environment()
    observation, _ = played.reset(options={"draw": 9})
    policy = Pov(0.25)
    over = False
    while not over:
        seen = int(played.arrays.account[el.VOLUME])
        observation, _, over, _, info = policy.step(played, observation)
        if not over:
            assert info["filled"] == pytest.approx(min(1_500, seen / 3), abs=1.0)


def test_submit_and_leave_leaves(environment: Any) -> None:
    played = environment()
    observation, _ = played.reset(options={"draw": 1})
    policy = SubmitAndLeave(-1)
    orders, over = set(), False
    while not over:
        observation, _, over, _, _ = policy.step(played, observation)
        orders.add(int(played.arrays.account[el.ORDER]))
    assert len(orders - {el.NO_ORDER}) == 1


def test_policies_side_by_side(environment: Any) -> None:
    played = environment()
    policies = [*baselines(), Learned("even", lambda observation: 2)]
    found = evaluate(played, policies, episodes=12, first_draw=3, tried_before=4)
    rows = {row["policy"]: row for row in found.table.to_dicts()}
    assert set(rows) == {policy.name for policy in policies}
    assert found.trials == len(policies) - 1 + 4
    assert rows["twap"]["difference_bps"] is None
    # A rate of 1 is TWAP but for the rounding of slices.
    assert rows["even"]["difference_bps"] == pytest.approx(0.0, abs=0.2)
    assert rows["almgren-chriss"]["variance_ratio"] > 3.0
    for name, row in rows.items():
        costs = found.episodes.filter(policy=name)["cost_bps"].to_numpy()
        assert len(costs) == row["episodes"] == 12
        assert row["cost_bps"] == pytest.approx(costs.mean())
        assert row["cost_low"] <= row["cost_bps"] <= row["cost_high"]
        assert row["cost_p95"] <= costs.max()
        assert row["reward"] == pytest.approx(-row["cost_bps"])
        assert 0.0 <= row["completed"] <= row["filled"] <= 1.0
        if name != "twap":
            assert row["difference_bps"] == pytest.approx(row["cost_bps"] - rows["twap"]["cost_bps"])
            assert row["difference_low"] <= row["difference_bps"] <= row["difference_high"]
            assert row["p_value"] <= row["q_value"] <= 1.0
    assert rows["immediate"]["completed"] > rows["submit-and-leave"]["completed"]


def test_the_same_evaluation_twice(environment: Any) -> None:
    one = evaluate(environment(), [Twap(), Chance()], episodes=4)
    played = environment()
    played.reset(seed=77)
    other = evaluate(played, [Chance(), Twap()], episodes=4)
    assert one.episodes.sort("policy", "draw").equals(other.episodes.sort("policy", "draw"))


def test_what_cannot_be_compared_is_refused(environment: Any) -> None:
    with pytest.raises(UsageError, match="no policy 'twap'"):
        evaluate(environment(), [Chance()])
    with pytest.raises(UsageError, match="one name"):
        evaluate(environment(), [Twap(), Twap()])
    with pytest.raises(UsageError, match="episodes"):
        evaluate(environment(), [Twap()], episodes=1)
    with pytest.raises(UsageError, match="participation"):
        Pov(1.0)


def test_the_examples_of_the_page_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "learning-environment.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python file=(\w+\.py)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    said = []
    for name, text in found:
        (tmp_path / name).write_text(text, encoding="utf-8")
        runpy.run_path(str(tmp_path / name))
        said.append(capsys.readouterr().out)
    assert "hurry" in said[0]
    assert len(re.findall(r"\d", said[1])) >= 8
    for name, feature in FEATURES.items():
        assert f"| `{name}` | {feature.low:g} | {feature.high:g} | {feature.what} |" in page
    for name, what in OBJECTIVES.items():
        assert f"| `{name}` | {what} |" in page
