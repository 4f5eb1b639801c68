"""The firm's own parents re-executed by other algorithms, each set against what really happened."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import TcakitError, UsageError
from tcakit.execution.algorithms import TWO_SIDED, AlgorithmSpec, parse_algorithm
from tcakit.jobs.backtest import run_replay
from tcakit.jobs.backtest_config import SIDES, BacktestConfig, ParentSpec
from tcakit.jobs.backtest_plan import Planned, Planner
from tcakit.jobs.backtest_run import run_id_of
from tcakit.jobs.belief import told_of_run
from tcakit.jobs.compare import differ_most, sample_notes
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.market import market_day
from tcakit.jobs.report import ReportRequest, measured_blotter
from tcakit.market.clock import format_time
from tcakit.market.schema import PARENTS
from tcakit.registry import nearest
from tcakit.store import results
from tcakit.store.database import Store

GROUPS = ("symbol", "date", "side", "algo", "broker", "trader", "account")
"""Columns of the firm's parents that can be asked for and grouped by."""
_WORDS = {code: word for word, code in SIDES.items()}
_HALF_LIFE_OF_WINDOW = 4
OWN_NOTE = (
    "the recorded market holds the firm's own orders: what they did to prices is in it, and replayed ones came on top"
)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class OrdersRequest:
    """Which of the ingested parents, by which algorithms (texts as of --algo), under which rules of the replay.

    `rules` is a configuration without parents; `where` keeps parents whose column has one of some values (text, a side
    as buy or sell); `by` groups the differences by a column. Dates are trade dates, both included.
    """

    algorithms: tuple[str, ...]
    rules: BacktestConfig
    date_from: str | None = None
    date_to: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: str | None = None


def split_algorithms(texts: Sequence[str]) -> tuple[str, ...]:
    """One algorithm each from lists like `vwap,pov:10,twap,interval=2s`: a piece with `=` belongs to the one before.

    >>> split_algorithms(["vwap,pov:10,interval=2s"])
    ('vwap', 'pov:10,interval=2s')
    """
    out: list[str] = []
    for text in texts:
        begun = len(out)
        for piece in text.split(","):
            if "=" in piece and len(out) > begun:
                out[-1] += f",{piece.strip()}"
            else:
                out.append(piece.strip())
    return tuple(dict.fromkeys(out))


def parse_where(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Conditions like `broker=NORTHGATE` or `symbol=ALFA,BRVO`; UsageError for a column that has none.

    >>> parse_where(["symbol=ALFA,BRVO"])
    {'symbol': ('ALFA', 'BRVO')}
    """
    out: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is no condition", place="--where", remedy="write broker=NORTHGATE")
        out[known_group(name.strip(), "--where")] = tuple(value.strip() for value in values.split(","))
    return out


def known_group(name: str, place: str) -> str:
    """A name out of `GROUPS`; UsageError if it is none."""
    if name not in GROUPS:
        guess = nearest(name, list(GROUPS))
        remedy = f"did you mean {guess}?" if guess else f"known are {', '.join(GROUPS)}"
        raise UsageError(f"no column {name!r}", place=place, remedy=remedy)
    return name


def backtest_orders(
    folder: Path,
    request: OrdersRequest,
    *,
    again: bool = False,
    progress: Progress | None = None,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Replay each of the firm's parents on its own day, window, side, quantity and limit under each algorithm.

    Each algorithm is a run of its own, whose parents bear the firm's ids. Gives for each the paired difference of cost,
    algorithm less what happened (bps of the paper notional; without fees unless the rules have some), and every parent
    that could not be replayed or paired with its reason. UsageError where no parent is left.
    """
    begun = time.perf_counter()
    store = Store(folder, wait_s=wait_s)
    chosen = [_Algorithm.of(text) for text in request.algorithms]
    happened, own = measured_blotter(store, ReportRequest(None, True, request.date_from, request.date_to))
    actual = results.table(store, "tca_parents", happened)
    rows = chosen_parents(own["parents"], request.where)
    if not rows.height:
        raise UsageError("no stored parent is left", place="--from, --to, --where", remedy="ask for more of them")
    fees = request.rules.fees
    has_fees = any(getattr(fees, name) for name in fees.__slots__)
    measure = "shortfall" if has_fees else "shortfall-before-fees"
    specs, left_out = _specs(store, rows, own["fills"])
    runs, table, told = [], [], {"orders": 0, "fills": 0, "events": 0}
    for number, algorithm in enumerate(chosen):
        planned, refused = _planned(store, specs, algorithm)
        left_out += refused if number == 0 else []
        if not planned:
            break
        run = _run(store, request.rules, algorithm, planned, rows, again, progress)
        compared, pairs = _against(store, run["run_id"], actual, rows, request.by, measure)
        runs.append({"algo": algorithm.label, "run_id": run["run_id"], "cost_bps": run["cost_bps"], **compared})
        table += [{"algo": algorithm.label, **row} for row in pairs]
        told = {name: told[name] + (run[name] or 0) for name in told}
    notes = [OWN_NOTE]
    if not has_fees:
        notes.append("fees are left out on both sides: give --maker-fee and --taker-fee to count them")
    if any(algorithm.spec is None for algorithm in chosen):
        notes.append("is without urgency: its half-life is a quarter of each parent's window")
    if len(runs) > 1:
        notes.append(f"{len(runs)} algorithms were tried: the best of several looks better than it is")
    if runs:
        notes += sample_notes(runs[0])
    return {
        "run_id": runs[0]["run_id"] if runs else None,
        "happened_run_id": happened,
        "measure": measure,
        "runs": runs,
        "parents": table,
        "left_out": left_out,
        **told,
        "cost_bps": runs[0]["cost_bps"] if runs else None,
        "notes": notes,
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": None,
    }


# --- algorithms and parents -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Algorithm:
    """An algorithm by its label; `spec` None is implementation shortfall with an urgency by each parent's window."""

    label: str
    spec: AlgorithmSpec | None

    @classmethod
    def of(cls, text: str) -> _Algorithm:
        if text == "is":
            return cls("is", None)
        spec = parse_algorithm(text)
        if spec.name in TWO_SIDED:
            raise UsageError(
                f"{spec.name} trades both sides, and would not do what the orders asked for",
                place="--algo",
                remedy="take another algorithm, or leave --orders out",
            )
        return cls(text if spec.params else spec.label, spec)

    def for_window(self, window_ns: int) -> AlgorithmSpec:
        if self.spec is not None:
            return self.spec
        return AlgorithmSpec("is", {"half_life": f"{max(1, window_ns // _HALF_LIFE_OF_WINDOW)}ns"})


def chosen_parents(parents: pl.DataFrame, where: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """The parents whose columns have one of the values of `parse_where`."""
    for name, values in where.items():
        column = pl.col(name)
        if name == "side":
            column = column.replace_strict(_WORDS, default=None, return_dtype=pl.String)
        parents = parents.filter(column.is_in(list(values)).fill_null(False))
    return parents


@dataclass(frozen=True, slots=True)
class _Order:
    """One of the firm's parents as a parent to be, its algorithm still open."""

    spec: ParentSpec
    venue: str | None
    start_ns: int
    end_ns: int


def _specs(store: Store, rows: pl.DataFrame, fills: pl.DataFrame) -> tuple[list[_Order], list[dict[str, Any]]]:
    """The parents that can be replayed, and the others with their reasons."""
    last = fills.group_by("parent_id").agg(pl.col("ts_ns").max().alias("last_ns"), pl.col("date").max().alias("to"))
    joined = rows.join(last, on="parent_id", how="left", maintain_order="left")
    twice = set(rows.filter(pl.col("parent_id").is_duplicated())["parent_id"].to_list())
    open_algo = AlgorithmSpec("twap", {})
    orders, left_out = [], []
    for row in joined.iter_rows(named=True):
        end_ns = row["end_ns"] if row["end_ns"] is not None else row["last_ns"]
        reason = _unfit(row, end_ns, twice)
        if reason is not None:
            left_out.append(_left(row, reason))
            continue
        spec = ParentSpec(
            symbol=row["symbol"],
            side=_WORDS[row["side"]],
            quantity=row["quantity"] / row["size_scale"],
            algo=open_algo,
            start=format_time(row["arrival_ns"]),
            end=format_time(end_ns),
            date=row["date"],
            limit=None if row["limit_price"] is None else row["limit_price"] / row["price_scale"],
            parent_id=row["parent_id"],
        )
        orders.append(_Order(spec, row["venue"], row["arrival_ns"], end_ns))
    return orders, left_out


def _unfit(row: dict[str, Any], end_ns: int | None, twice: set[str]) -> str | None:
    """Why a parent cannot be replayed at all, None if nothing speaks against it yet."""
    if not row["matched"]:
        return "its name is no symbol of the store"
    if row["parent_id"] in twice:
        return "several parents have its id"
    if row["side"] not in _WORDS or row["quantity"] <= 0:
        return "it says no side or no quantity"
    if end_ns is None:
        return "it has neither an end nor a fill, so that its window is not known"
    if end_ns <= row["arrival_ns"]:
        return "its end is not after its arrival"
    if row["to"] is not None and row["to"] != row["date"]:
        return "it was worked over several days"
    return None


def _left(row: Mapping[str, Any], reason: str) -> dict[str, Any]:
    return {"parent_id": row["parent_id"], "symbol": row["symbol"], "date": row["date"], "reason": reason}


def _planned(store: Store, orders: list[_Order], algorithm: _Algorithm) -> tuple[list[Planned], list[dict[str, Any]]]:
    """The parents on their days, and those that cannot be set there."""
    planner = Planner(store)
    planned, left_out = [], []
    for number, order in enumerate(orders, start=1):
        spec = replace(order.spec, algo=algorithm.for_window(order.end_ns - order.start_ns))
        try:
            plan = planner.plan(number, spec, order.venue)
            volume = _printed(store, plan, order)
        except TcakitError as error:
            told = {"parent_id": spec.parent_id, "symbol": spec.symbol, "date": spec.date}
            left_out.append(_left(told, error.message))
            continue
        if volume < plan.parent.quantity:
            told = {"parent_id": spec.parent_id, "symbol": spec.symbol, "date": spec.date}
            left_out.append(_left(told, "it is larger than all that was printed in its window"))
            continue
        planned.append(plan)
    return planned, left_out


def _printed(store: Store, plan: Planned, order: _Order) -> int:
    """The size that the market printed in a parent's window, in stored units."""
    market = market_day(store, plan.day)
    begin, end = np.searchsorted(market.print_ns, [order.start_ns, order.end_ns + 1])
    return int(market.print_size[begin:end].sum())


# --- runs and pairs --------------------------------------------------------------------------------------------------


def _run(
    store: Store,
    rules: BacktestConfig,
    algorithm: _Algorithm,
    planned: list[Planned],
    rows: pl.DataFrame,
    again: bool,
    progress: Progress | None,
) -> dict[str, Any]:
    """One algorithm's run, measured from the firm's own decision, arrival and end."""
    begun = time.perf_counter()
    config = replace(rules, parents=tuple(plan.spec for plan in planned))
    set_impact(store, config.impact, planned, config.together)
    keys = sorted({key for plan in planned for key in plan.day.data_keys})
    of_plan = {plan.parent.parent_id: plan for plan in planned}
    kept = rows.filter(pl.col("parent_id").is_in(list(of_plan)))
    facts = [run_id_of(config, planned, keys), algorithm.label, kept.drop("run_id").rows()]
    run_id = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]
    if not again and results.run(store, run_id) is not None:
        return told_of_run(store, run_id)
    plans = [of_plan[name] for name in kept["parent_id"].to_list()]
    notes = ["; ".join(plan.parent.notes) or None for plan in plans]
    params = [json.dumps(plan.parent.params, sort_keys=True) for plan in plans]
    parents = kept.with_columns(
        pl.lit(run_id).alias("run_id"),
        pl.lit(algorithm.label).alias("algo"),
        pl.Series("params", params, pl.String),
        pl.Series("venue", [plan.day.instrument.venue for plan in plans], pl.String),
        pl.lit(None, pl.String).alias("broker"),
        pl.lit(None, pl.Float64).alias("fees"),
        pl.Series("notes", notes, pl.String),
    )
    about = [f"the firm's own parents, replayed by {algorithm.label}", OWN_NOTE]
    return run_replay(
        store, config, plans, run_id, keys, begun=begun, progress=progress, parents=PARENTS.conform(parents),
        notes=about,
    )  # fmt: skip


def _against(
    store: Store, run_id: str, actual: pl.DataFrame, rows: pl.DataFrame, by: str | None, measure: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run set against what happened: the difference and its groups, and every pair."""
    from tcakit.tca.paired import difference, pair

    mine = results.table(store, "tca_parents", run_id)
    happened = actual.filter(pl.col("parent_id").is_in(mine["parent_id"].to_list()))
    found = pair(mine, happened, measure)
    out = {
        **difference(found.pairs),
        "differ_most": differ_most(found.pairs),
        "unpaired": [row | {"run": "replay" if row["run"] == 1 else "happened"} for row in found.unpaired],
    }
    if by is not None:
        held = rows.select("parent_id", pl.col(by).cast(pl.String).alias("group"))
        if by == "side":
            held = rows.select(
                "parent_id", pl.col("side").replace_strict(_WORDS, return_dtype=pl.String).alias("group")
            )
        grouped = found.pairs.join(held, left_on="parent_id_1", right_on="parent_id", how="left")
        out["by"] = [
            {by: group, **difference(part)}
            for (group,), part in sorted(grouped.group_by("group"), key=lambda item: str(item[0][0]))
        ]
    names = {"parent_id_1": "parent_id", "bps_1": "bps", "bps_2": "happened_bps"}
    kept = found.pairs.rename(names).select(*names.values(), "symbol", "date", "side", "difference_bps", "weight")
    shares = mine.select("parent_id", "fill_rate", "average_price", "participation", "maker_fraction")
    return out, kept.join(shares, on="parent_id", how="left", maintain_order="left").to_dicts()
