"""What to backtest: parents, rules of the replay, costs; from flags or from a TOML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.algorithms import AlgorithmSpec, parse_algorithm
from tcakit.jobs.bar_settings import BAR_CHECKS, bar_model
from tcakit.jobs.config import Checker, Field, above_zero, at_least, load_toml, one_of
from tcakit.jobs.fee_settings import fees_from_table
from tcakit.jobs.impact_rules import IMPACT_FIELDS, ImpactRules, impact_rules
from tcakit.jobs.replay_rules import FILLS, LatencyRules, LimitRules, file_hash
from tcakit.market.clock import parse_date, parse_duration, parse_time
from tcakit.market.codes import QUEUE_RULE_NAMES, SELF_MATCH_NAMES
from tcakit.replay.bars import BarModel
from tcakit.venue.fees import FeeSchedule

SIDES = {"buy": 1, "sell": -1}
_LARGEST_QUANTITY = 1e12
QUEUE_RULES = list(QUEUE_RULE_NAMES.values())
SELF_MATCHES = list(SELF_MATCH_NAMES.values())
REPLAY, BARS, SIMULATED = "replay", "bars", "simulated"
ENGINES = [REPLAY, BARS, SIMULATED]


@dataclass(frozen=True, slots=True)
class ParentSpec:
    """One parent order before its day is known: times are texts, quantity in shares, limit in currency."""

    symbol: str
    side: str
    quantity: float
    algo: AlgorithmSpec
    start: str | None = None
    end: str | None = None
    date: str | None = None
    limit: float | None = None
    parent_id: str | None = None


OBJECTIVES = ["shortfall_bps_of_paper", "arrival_bps_of_executed", "vwap_bps_of_executed"]


@dataclass(frozen=True, slots=True)
class WalkForward:
    """How days are split to choose a parameter set: numbers of stored trade dates; `step_days` 0 is `test_days`."""

    train_days: int
    test_days: int
    step_days: int = 0
    embargo_days: int = 0
    objective: str = OBJECTIVES[0]


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """A whole backtest. `queue` None means: exact FIFO where the recording allows it, risk-averse elsewhere.

    With `engine` bars, `bars` and the fees alone hold; else all but `bars`.
    """

    parents: tuple[ParentSpec, ...]
    engine: str = REPLAY
    bars: BarModel = field(default_factory=BarModel)
    queue: str | None = None
    power: float = 3.0
    fills: str = "partial"
    together: bool = False
    self_match: str = "off"
    latency: LatencyRules = field(default_factory=LatencyRules)
    limits: LimitRules = field(default_factory=LimitRules)
    impact: ImpactRules | None = None
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    walk_forward: WalkForward | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able facts that determine the run."""
        if self.engine == BARS:
            out: dict[str, Any] = {
                "engine": BARS,
                "bars": {name: getattr(self.bars, name) for name in self.bars.__slots__},
            }
        else:
            apart = ("parents", "fees", "latency", "limits", "bars", "walk_forward", "impact")
            out = {name: getattr(self, name) for name in self.__slots__ if name not in apart}
            out["latency"] = {name: getattr(self.latency, name) for name in self.latency.__slots__ if name != "file"}
            out["limits"] = {name: getattr(self.limits, name) for name in self.limits.__slots__}
            if self.impact is not None:
                out["impact"] = {name: getattr(self.impact, name) for name in self.impact.__slots__}
        out["fees"] = asdict(self.fees)
        out["parents"] = [
            {name: getattr(parent, name) for name in parent.__slots__ if name != "algo"}
            | {"algo": parent.algo.name, "params": parent.algo.params}
            for parent in self.parents
        ]
        return out


def _side(text: str) -> str:
    return one_of(list(SIDES))(text.lower())


def _time(text: str) -> str:
    parse_time(text, date="2000-01-03")
    return text


def _algo(value: Any) -> AlgorithmSpec:
    return parse_algorithm(value)


def a_quantity(value: Any) -> float:
    """A number of shares, or a price: above zero and of a size that can be."""
    if not 0 < value <= _LARGEST_QUANTITY:
        raise UsageError(f"{value:g} cannot be traded", remedy=f"write a number above 0, at most {_LARGEST_QUANTITY:g}")
    return float(value)


_DURATION = Field((str,), check=parse_duration)
_NUMBER = Field((float, int))
_SECTIONS = {
    "backtest": {
        "engine": Field((str,), check=one_of(ENGINES)),
        "queue": Field((str,), check=one_of(QUEUE_RULES)),
        "power": Field((float,), check=at_least(0.01)),
        "fills": Field((str,), check=one_of(list(FILLS))),
        "together": Field((bool,)),
        "self_match": Field((str,), check=one_of(SELF_MATCHES)),
    },
    "bars": {
        name: Field((str,) if name in ("interval", "impact") else (float,), check=check)
        for name, check in BAR_CHECKS.items()
    },
    "latency": {
        **dict.fromkeys(("feed", "entry", "response", "cancel", "modify"), _DURATION),
        "sigma": Field((float,), check=at_least(0.0)),
        "seed": Field((int,), check=at_least(0)),
        "file": Field((str,)),
    },
    "limits": {
        **dict.fromkeys(
            ("max_order_size", "max_order_notional", "max_position", "price_collar_bps"),
            Field((float,), check=above_zero),
        ),
        **dict.fromkeys(
            ("price_collar_ticks", "max_open_orders", "max_messages_a_second"), Field((int,), check=at_least(1))
        ),
    },
    "impact": IMPACT_FIELDS,
}
_WALK_FORWARD = {
    **dict.fromkeys(("train_days", "test_days"), Field((int,), required=True, check=at_least(1))),
    "step_days": Field((int,), check=at_least(1)),
    "embargo_days": Field((int,), check=at_least(0)),
    "objective": Field((str,), check=one_of(OBJECTIVES)),
}
_PARENT = {
    "symbol": Field((str,), required=True, many=True),
    "side": Field((str,), required=True, many=True, check=_side),
    "quantity": Field((int, float), required=True, many=True, check=a_quantity),
    "algo": Field((str,), required=True, many=True, check=_algo),
    "date": Field((str,), many=True, check=parse_date),
    "start": Field((str,), check=_time),
    "end": Field((str,), check=_time),
    "limit": Field((float,), check=a_quantity),
    "id": Field((str,)),
}


def config_from_toml(path: Path) -> BacktestConfig:
    """Read a backtest file; ConfigError with every mistake in it."""
    raw, text = load_toml(path)
    checker = Checker(path, text)
    config = config_from_tables(raw, checker)
    checker.finish()
    return config


def config_from_tables(raw: dict[str, Any], checker: Checker) -> BacktestConfig:
    """The same from parsed tables; mistakes go to the checker."""
    checker.tables(raw, [*_SECTIONS, "fees", "walk_forward", "parents"])
    values = {
        name: checker.section(name, raw.get(name, {}), fields)
        for name, fields in _SECTIONS.items()
        # The one table that has a setting which must be there.
        if name != "impact" or name in raw
    }
    tables = raw.get("parents", [])
    if not isinstance(tables, list) or not tables:
        checker.add(checker.place("parents"), "no parent orders", "add a [[parents]] table")
        tables = []
    parents: list[ParentSpec] = []
    for index, table in enumerate(tables):
        found = checker.section("parents", table, _PARENT, index)
        if all(key in found for key in ("symbol", "side", "quantity", "algo")):
            parents.extend(
                expand(
                    found["symbol"],
                    found["side"],
                    found["quantity"],
                    found["algo"],
                    found.get("date", [None]),
                    start=found.get("start"),
                    end=found.get("end"),
                    limit=found.get("limit"),
                    parent_id=found.get("id"),
                )
            )
    named = [parent.parent_id for parent in parents if parent.parent_id]
    for name in sorted({name for name in named if named.count(name) > 1}):
        checker.add(checker.place("parents", "id"), f"two parents are called {name!r}", "give each its own id")
    split = None
    if "walk_forward" in raw:
        found = checker.section("walk_forward", raw["walk_forward"], _WALK_FORWARD)
        split = WalkForward(**found) if {"train_days", "test_days"} <= found.keys() else None
    backtest, latency = values["backtest"], values["latency"]
    engine = backtest.get("engine", REPLAY)
    for table, key in _of_the_other(engine, raw):
        checker.add(checker.place(table, key), f"the {engine} engine has no such setting", "leave it out")
    return BacktestConfig(
        parents=tuple(parents),
        engine=engine,
        bars=bar_model(values["bars"]),
        queue=backtest.get("queue"),
        power=backtest.get("power", 3.0),
        fills=backtest.get("fills", "partial"),
        together=backtest.get("together", False),
        self_match=backtest.get("self_match", "off"),
        latency=_latency(latency, checker),
        limits=LimitRules(**values["limits"]),
        impact=impact_rules(values.get("impact", {})),
        fees=fees_from_table(raw.get("fees", {}), checker),
        walk_forward=split,
    )


def _latency(found: dict[str, Any], checker: Checker) -> LatencyRules:
    """The [latency] section; a file is read at once, so that its mistakes are told with all others."""
    modelled = [name for name in ("entry", "response", "cancel", "modify", "sigma", "seed") if name in found]
    if "file" in found and modelled:
        checker.add(checker.place("latency", "file"), f"a file, and {', '.join(modelled)} too", "keep one of them")
    for name in ("cancel", "modify"):
        if "sigma" in found and name in found:
            checker.add(
                checker.place("latency", name), "drawn times are those of all messages", f"leave {name} or sigma out"
            )
    if "seed" in found and "sigma" not in found:
        checker.add(checker.place("latency", "seed"), "nothing is drawn without sigma", "add sigma, or leave seed out")
    digest = None
    if "file" in found:
        try:
            digest = file_hash(Path(found["file"]))
        except UsageError as error:
            checker.add(checker.place("latency", "file"), error.message, error.remedy or "check the path")
    return LatencyRules(
        feed_ns=found.get("feed", 0),
        entry_ns=found.get("entry", 1_000_000),
        response_ns=found.get("response", 1_000_000),
        cancel_ns=found.get("cancel"),
        modify_ns=found.get("modify"),
        sigma=found.get("sigma"),
        seed=found.get("seed", 0),
        file=found.get("file"),
        file_hash=digest,
    )


def _of_the_other(engine: str, raw: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Tables and keys of a file that only another engine reads."""
    if engine == REPLAY:
        return [("bars", None)] if "bars" in raw else []
    # The engine is known, so this is a table.
    keys = ["queue", "power", "fills", "self_match", *(["together"] if engine == BARS else [])]
    found: list[tuple[str, str | None]] = [("backtest", key) for key in keys if key in raw["backtest"]]
    tables = ("latency", "limits", "impact") if engine == BARS else ("bars", "impact")
    return [*found, *((table, None) for table in tables if table in raw)]


def expand(
    symbols: list[str],
    sides: list[str],
    quantities: list[float],
    algos: list[AlgorithmSpec],
    dates: Sequence[str | None],
    *,
    start: str | None,
    end: str | None,
    limit: float | None,
    parent_id: str | None = None,
) -> list[ParentSpec]:
    """Every combination of the lists as a parent of its own."""
    out = []
    combinations = list(product(dates, symbols, sides, quantities, algos))
    for number, (date, symbol, side, quantity, algo) in enumerate(combinations, start=1):
        name = parent_id if parent_id is None or len(combinations) == 1 else f"{parent_id}-{number}"
        out.append(ParentSpec(symbol, side, quantity, algo, start, end, date, limit, name))
    return out
