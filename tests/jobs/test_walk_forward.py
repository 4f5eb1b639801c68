"""Parameter sets chosen on earlier days: nothing of the test days enters the choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import ConfigError, UsageError
from tcakit.jobs.backtest_config import WalkForward, config_from_toml
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.walk_forward import folds_of, judge, walk_forward

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAYS = [f"2026-03-{day:02d}" for day in range(2, 14)]


def costs(seed: int = 0) -> pl.DataFrame:
    """Three parameter sets, two orders a day each, costs at random."""
    generator = np.random.default_rng(seed)
    rows = [
        {"date": day, "params_set": name, "total_cost": generator.normal(5, 3), "paper_notional": 1e4}
        for day in DAYS for name in ("a", "b", "c") for _ in range(2)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 4), st.integers(0, 3))
def test_tests_come_after_training_and_its_embargo(train: int, test: int, step: int, embargo: int) -> None:
    for fold in folds_of(DAYS, WalkForward(train, test, step, embargo)):
        assert len(fold.train) == train
        assert 1 <= len(fold.test) <= test
        assert DAYS.index(fold.test[0]) - DAYS.index(fold.train[-1]) == embargo + 1


def test_nothing_of_later_days_enters_a_choice() -> None:
    split = WalkForward(3, 2, 2, 1)
    before = judge(costs(), split)["folds"]
    assert len({fold["chosen"] for fold in before}) > 1
    for number, fold in enumerate(before):
        later = pl.col("date") > fold["train"][-1]
        noise = costs().with_columns(
            pl.when(later).then(pl.lit(np.random.default_rng(number).normal(0, 1e4, 72))).otherwise("total_cost")
            .alias("total_cost")
        )  # fmt: skip
        after = judge(noise, split)["folds"][number]
        assert after["chosen"] == fold["chosen"]
        assert after["sets_bps"] == fold["sets_bps"]
        assert after["test_bps"] != fold["test_bps"]


def test_the_cheapest_of_the_training_days_is_judged_on_the_test_days_alone() -> None:
    rows, split = costs(3), WalkForward(4, 2)
    told = judge(rows, split)
    cost = notional = 0.0
    for fold in told["folds"]:
        train = rows.filter(pl.col("date").is_in(fold["train"]))
        by_set = dict(train.group_by("params_set").agg(pl.col("total_cost").sum()).rows())
        assert fold["chosen"] == min(by_set, key=lambda name: by_set[name])
        test = rows.filter(pl.col("date").is_in(fold["test"]), pl.col("params_set") == fold["chosen"])
        assert fold["test_bps"] == pytest.approx(test["total_cost"].sum() / test["paper_notional"].sum() * 1e4)
        cost, notional = cost + test["total_cost"].sum(), notional + test["paper_notional"].sum()
    assert told["test_bps"] == pytest.approx(cost / notional * 1e4)
    assert told["test_ci"][0] <= told["test_bps"] <= told["test_ci"][1]
    with pytest.raises(UsageError, match="too few"):
        judge(rows, WalkForward(12, 1))


def test_a_file_asks_for_it(tmp_path: Path) -> None:
    store, file = tmp_path / "store", tmp_path / "forward.toml"
    ingest(store, IngestRequest([str(path) for path in (SAMPLE / "lobster").glob("ALFA*.zip")]))
    parents = (
        '[[parents]]\nsymbol = "ALFA"\nside = ["buy", "sell"]\nquantity = 200\nalgo = ["twap", "twap,interval=2s"]\n'
        'date = ["2026-03-03", "2026-03-04"]\nstart = "10:00"\nend = "10:06"\n'
    )
    file.write_text(f"[walk_forward]\ntrain_days = 1\ntest_days = 1\n{parents}")
    found = walk_forward(store, config_from_toml(file))["walk_forward"]
    (fold,) = found["folds"]
    assert (fold["train"], fold["test"], found["sets"], fold["orders"]) == (["2026-03-03"], ["2026-03-04"], 2, 2)
    assert fold["train_bps"] == min(fold["sets_bps"].values())
    file.write_text(f'[walk_forward]\ntrain_days = 0\nobjective = "luck"\n{parents}')
    with pytest.raises(ConfigError) as refused:
        config_from_toml(file)
    assert len(refused.value.mistakes) == 3
