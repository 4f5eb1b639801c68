"""Walk-forward: the parameter set is chosen on earlier days, and what it cost is told of later days alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.backtest import Progress, backtest
from tcakit.jobs.backtest_config import BacktestConfig, WalkForward
from tcakit.jobs.belief import FEW_DAYS, figure
from tcakit.store import results
from tcakit.store.database import Store


@dataclass(frozen=True, slots=True)
class Fold:
    """Days to choose on and later days to be judged on."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def folds_of(days: list[str], split: WalkForward) -> list[Fold]:
    """Windows of days that move on by `step_days`; `embargo_days` between a window and its test are in neither.

    >>> [fold.test for fold in folds_of(list("abcde"), WalkForward(2, 1, 1, 1))]
    [('d',), ('e',)]
    """
    days = sorted(set(days))
    step = split.step_days or split.test_days
    out = []
    for begin in range(0, len(days), step):
        end = begin + split.train_days
        tests = days[end + split.embargo_days : end + split.embargo_days + split.test_days]
        if not tests:
            break
        out.append(Fold(tuple(days[begin:end]), tuple(tests)))
    return out


def choose(train: pl.DataFrame, objective: str) -> tuple[str, dict[str, float | None]]:
    """The parameter set that cost least over some `tca_parents` rows with a column `params_set`, and what each cost.

    It is handed the rows of the training days and nothing else. Of equals the first by name is taken; UsageError where
    none has a cost.
    """
    costs = {str(name): figure(rows, objective)[0] for (name,), rows in train.group_by("params_set")}
    known = sorted((cost, name) for name, cost in costs.items() if cost is not None)
    if not known:
        raise UsageError("no parameter set has a cost on the training days", place="walk_forward")
    return known[0][1], dict(sorted(costs.items()))


def walk_forward(
    folder: Path,
    config: BacktestConfig,
    *,
    again: bool = False,
    progress: Progress | None = None,
    started_at: float | None = None,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Run all parameter sets over all days once, then choose fold by fold and judge on the days that follow.

    Gives what `backtest` gives and, under `walk_forward`, the folds (train and test days, the set chosen, what it cost
    on each) and `test_bps` with `test_ci` over the test days of all folds. UsageError where there are too few days.
    """
    split = config.walk_forward
    if split is None:
        raise UsageError("no [walk_forward] section", place="walk_forward", remedy="add train_days and test_days")
    result = backtest(folder, config, again=again, progress=progress, started_at=started_at, wait_s=wait_s)
    store = Store(folder, wait_s=wait_s)
    sets = results.table(store, "parents", result["run_id"]).select(
        "parent_id", (pl.col("algo") + " " + pl.col("params").fill_null("{}")).alias("params_set")
    )
    rows = results.table(store, "tca_parents", result["run_id"]).join(sets, on="parent_id", maintain_order="left")
    return result | {"walk_forward": judge(rows, split)}


def judge(rows: pl.DataFrame, split: WalkForward) -> dict[str, Any]:
    """Choices and costs fold by fold, of `tca_parents` rows with a column `params_set`; UsageError with too few."""
    days = rows["date"].unique().sort().to_list()
    folds = folds_of(days, split)
    if not folds:
        needed = split.train_days + split.embargo_days + 1
        raise UsageError(f"{len(days)} days are too few", place="walk_forward", remedy=f"give at least {needed} dates")
    told, tests = [], []
    for fold in folds:
        chosen, costs = choose(rows.filter(pl.col("date").is_in(list(fold.train))), split.objective)
        test = rows.filter(pl.col("date").is_in(list(fold.test)), pl.col("params_set") == chosen)
        tests.append(test)
        test_bps, test_ci = figure(test, split.objective)
        told.append(
            {
                "train": list(fold.train), "test": list(fold.test), "chosen": chosen, "train_bps": costs[chosen],
                "sets_bps": costs, "test_bps": test_bps, "test_ci": test_ci, "orders": test.height,
            }
        )  # fmt: skip
    # Where tests of several folds share a day, each choice counts.
    all_tests = pl.concat(tests)
    bps, ci = figure(all_tests, split.objective)
    tested = all_tests["date"].n_unique()
    notes = [f"{tested} test days are few: the interval is too narrow"] if tested < FEW_DAYS else []
    return {
        "objective": split.objective,
        "sets": rows["params_set"].n_unique(),
        "folds": told,
        "test_bps": bps,
        "test_ci": ci,
        "test_days": tested,
        "notes": notes,
    }
