"""What to sweep: parents, rules of the replay and parameter sets of algorithms, from a TOML file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from tcakit.errors import TcakitError
from tcakit.execution.algorithms import NAMES, AlgorithmSpec, parse_algorithm
from tcakit.jobs.backtest_config import OBJECTIVES, REPLAY, BacktestConfig, ParentSpec, config_from_tables
from tcakit.jobs.config import Checker, Field, load_toml, one_of
from tcakit.market.clock import parse_date

MOST_SETS = 100_000
_SCALARS = (str, int, float, bool)
_SWEEP = {
    "measure": Field((str,), check=one_of(OBJECTIVES)),
    "from": Field((str,), check=parse_date),
    "to": Field((str,), check=parse_date),
}


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """Every parent of `rules` under every set; `rules.parents` have no algorithm of their own yet.

    A parent without a date is one of every stored day of its symbol between `date_from` and `date_to`. Sets are judged
    by `measure`, one of `OBJECTIVES`.
    """

    rules: BacktestConfig
    sets: tuple[AlgorithmSpec, ...]
    measure: str = OBJECTIVES[0]
    date_from: str | None = None
    date_to: str | None = None

    def backtest_of(self, algo: AlgorithmSpec, parents: tuple[ParentSpec, ...]) -> BacktestConfig:
        """The backtest of dated parents under one set: the same as a backtest file would say."""
        return replace(self.rules, parents=tuple(replace(parent, algo=algo) for parent in parents))


def sweep_from_toml(path: Path) -> SweepConfig:
    """Read a sweep file; ConfigError with every mistake in it."""
    raw, text = load_toml(path)
    checker = Checker(path, text)
    found = checker.section("sweep", raw.pop("sweep", {}), _SWEEP)
    sets = _sets(raw.pop("sets", []), checker)
    if found.get("from", "") > found.get("to", "9999"):
        checker.add(checker.place("sweep", "to"), "ends before it begins", "check from and to")
    if "walk_forward" in raw:
        checker.add(
            checker.place("walk_forward"), "a sweep tries all sets on all days", "use a backtest file for walk-forward"
        )
        raw.pop("walk_forward")
    parents = raw.get("parents")
    for index, table in enumerate(parents if isinstance(parents, list) else []):
        if isinstance(table, dict):
            if "algo" in table:
                checker.add(checker.place("parents", "algo", index), "sets say the algorithms", "write it in [[sets]]")
            # Whatever it is: each set puts its own in its place.
            table["algo"] = NAMES[0]
    rules = config_from_tables(raw, checker)
    if rules.engine != REPLAY:
        checker.add(
            checker.place("backtest", "engine"), "a sweep replays", "list algorithms in a backtest file for bars"
        )
    checker.finish()
    return SweepConfig(
        rules, tuple(sets), found.get("measure", OBJECTIVES[0]), found.get("from"), found.get("to")
    )  # fmt: skip


def _sets(tables: Any, checker: Checker) -> list[AlgorithmSpec]:
    """All combinations of the lists of each [[sets]] table; mistakes go to the checker."""
    if not isinstance(tables, list) or not tables:
        checker.add(checker.place("sets"), "no parameter sets", "add a [[sets]] table with an algo")
        return []
    found: list[AlgorithmSpec] = []
    seen: set[str] = set()
    for index, table in enumerate(tables):
        if not isinstance(table, dict) or "algo" not in table:
            checker.add(checker.place("sets", None, index), "'algo' is missing", "add algo = ...")
            continue
        lists = {key: value if isinstance(value, list) else [value] for key, value in table.items()}
        wrong = [key for key, values in lists.items() if not values or not all(_is_scalar(value) for value in values)]
        for key in wrong:
            checker.add(checker.place("sets", key, index), "is no value or list of values", "write 5, or [5, 10]")
        if wrong:
            continue
        for values in product(*lists.values()):
            given = dict(zip(lists, values, strict=True))
            if len(found) >= MOST_SETS:
                checker.add(checker.place("sets", None, index), f"more than {MOST_SETS:,} sets", "take fewer values")
                return found
            try:
                spec = _spec(str(given.pop("algo")), given)
            except TcakitError as error:
                checker.add(checker.place("sets", None, index), error.message, error.remedy or "mend it")
                break
            key = repr((spec.name, sorted(spec.params.items())))
            if key in seen:
                checker.add(checker.place("sets", None, index), f"{set_name(spec)} is there twice", "take one out")
                break
            seen.add(key)
            found.append(spec)
    return found


def _is_scalar(value: Any) -> bool:
    return isinstance(value, _SCALARS) and value == value


def _spec(algo: str, params: dict[str, Any]) -> AlgorithmSpec:
    """An algorithm with its parameters, those of the ready ones read as on the command line."""
    name = algo.partition(":")[0].partition(",")[0]
    if name in NAMES or name.endswith(".py"):
        return parse_algorithm(",".join([algo, *(f"{key}={value}" for key, value in params.items())]), "algo")
    spec = parse_algorithm(algo, "algo")
    return AlgorithmSpec(spec.name, spec.params | params)


def set_name(spec: AlgorithmSpec) -> str:
    """What a set is called: its algorithm and parameters.

    >>> set_name(parse_algorithm("twap,interval=2s"))
    'twap interval=2s'
    """
    if spec.is_compiled:
        return spec.label
    name = spec.name.rpartition(":")[2] if spec.name not in NAMES else spec.name
    return " ".join([name, *(f"{key}={value}" for key, value in spec.params.items())])
