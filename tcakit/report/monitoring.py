"""Best execution watched: measures by class and broker, venue or algorithm against the thresholds of a policy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import polars as pl

from tcakit.market.clock import NS_PER_SECOND
from tcakit.report.data import ReportData
from tcakit.report.rows import rate_of
from tcakit.report.wording import NOT_STATED
from tcakit.tca.shortfall import BPS

Row = Mapping[str, Any]
FACTORS = ("price", "cost", "speed", "likelihood")
NO_CLASS = "other"
ORDER_DIMENSIONS = ("broker", "algo", "trader", "symbol", "side", "currency", "date")
FILL_DIMENSIONS = ("venue",)
_FINISHED = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a factor: its unit, what it is of ("order" or "fill"), and its value over the rows of a group."""

    factor: str
    unit: str
    level: str
    meaning: str
    value: Callable[[Sequence[Row]], tuple[float | None, int]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a policy allows: `measure` per class and `by` dimension, between `at_least` and `at_most`.

    A group of fewer than `least_orders` orders (or fills, for a measure of fills) is told but not judged.
    """

    name: str
    factor: str
    measure: str
    by: str
    at_most: float | None = None
    at_least: float | None = None
    least_orders: int = 5
    class_name: str | None = None


@dataclass(frozen=True, slots=True)
class Disposition:
    """What was decided on a breach: by whom, what is done about it, and until which date (None: for good) it stands."""

    threshold: str
    class_name: str
    group: str
    disposition: str
    owner: str
    remediation: str
    decided: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A best-execution policy: its version, classes (name -> symbols), thresholds, dispositions and who signs."""

    name: str
    version: str
    owner: str | None
    thresholds: tuple[Threshold, ...]
    classes: Mapping[str, tuple[str, ...]]
    models: Mapping[str, str]
    dispositions: tuple[Disposition, ...]
    signatures: tuple[str, ...]
    sha256: str
    salt: str | None = None


def _ratio(top: Callable[[Row], float | None], bottom: Callable[[Row], float | None], times: float = 1.0) -> Any:
    def value(rows: Sequence[Row]) -> tuple[float | None, int]:
        pairs = [(top(row), bottom(row)) for row in rows]
        known = [(a, b) for a, b in pairs if a is not None and b is not None and b > 0]
        base = math.fsum(b for _, b in known)
        return (math.fsum(a for a, _ in known) / base * times if base > 0 else None), len(known)

    return value


def _median(of: Callable[[Row], float | None]) -> Any:
    def value(rows: Sequence[Row]) -> tuple[float | None, int]:
        known = [found for row in rows if (found := of(row)) is not None]
        return (median(known) if known else None), len(known)

    return value


def _seconds(column: str) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        return None if row[column] is None else (row[column] - row["arrival_ns"]) / NS_PER_SECOND

    return of


def _slippage(column: str, price: str) -> Any:
    def notional(row: Row) -> float | None:
        rate = rate_of(row)
        return (
            None if row[price] is None or rate is None else row["filled_shares"] * row[price] * row["multiplier"] * rate
        )

    def cost(row: Row) -> float | None:
        base = notional(row)
        return None if row[column] is None or base is None else row[column] * base / BPS

    return _ratio(cost, notional, BPS)


def _full(row: Row) -> float | None:
    return None if row["fill_rate"] is None else float(row["fill_rate"] >= _FINISHED)


def _shares(row: Row) -> float | None:
    shares: float | None = row["shares"]
    return shares


def _spread(column: str) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        known = row["effective_spread"] is not None and row["quoted_spread"] is not None
        return row[column] * row["shares"] if known else None

    return of


MEASURES: dict[str, Measure] = {
    "shortfall_bps_of_paper": Measure(
        "price", "bps", "order", "implementation shortfall over paper notional",
        _ratio(lambda row: row["total_cost"], lambda row: row["paper_notional"], BPS),
    ),
    "arrival_bps_of_executed": Measure(
        "price", "bps", "order", "trading cost against the mid at arrival",
        _ratio(lambda row: row["trading_cost"], lambda row: row["executed_notional"], BPS),
    ),
    "vwap_bps_of_executed": Measure(
        "price", "bps", "order", "cost against interval VWAP", _slippage("vwap_bps_of_executed", "interval_vwap")
    ),
    "close_bps_of_executed": Measure(
        "price", "bps", "order", "cost against the close", _slippage("close_bps_of_executed", "close_price")
    ),
    "effective_over_quoted": Measure(
        "price", "fraction", "fill", "effective over quoted spread, weighted by shares",
        _ratio(_spread("effective_spread"), _spread("quoted_spread")),
    ),
    "inside_quote": Measure(
        "price", "fraction", "fill", "share of fills inside the quote that stood",
        _ratio(lambda r: None if r["inside_quote"] is None else float(r["inside_quote"]), lambda _: 1.0),
    ),
    "fees_bps_of_executed": Measure(
        "cost", "bps", "order", "explicit costs over executed notional",
        _ratio(lambda row: row["fees"], lambda row: row["executed_notional"], BPS),
    ),
    "first_fill_s": Measure("speed", "s", "order", "median time to the first fill", _median(_seconds("first_fill_ns"))),
    "last_fill_s": Measure("speed", "s", "order", "median time to the last fill", _median(_seconds("last_fill_ns"))),
    "fill_rate_of_paper": Measure(
        "likelihood", "fraction", "order", "filled share of paper notional",
        _ratio(
            lambda r: None if r["paper_notional"] is None else r["fill_rate"] * r["paper_notional"],
            lambda row: row["paper_notional"],
        ),
    ),
    "filled_in_full": Measure(
        "likelihood", "fraction", "order", "share of orders filled in full", _ratio(_full, lambda _: 1.0)
    ),
    "passive_share": Measure(
        "likelihood", "fraction", "fill", "share of shares filled as maker",
        _ratio(lambda r: None if r["liquidity"] is None else r["shares"] * (r["liquidity"] == "maker"), _shares),
    ),
}  # fmt: skip
"""What a policy may set a threshold for."""


def dimensions_of(measure: str) -> tuple[str, ...]:
    """By what a measure may be told: orders by broker, algorithm and so on, fills by venue too."""
    return ORDER_DIMENSIONS + (FILL_DIMENSIONS if MEASURES[measure].level == "fill" else ())


def monitored(policy: Policy, data: ReportData, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Every threshold on every class and group, as a JSON-able dict.

    `thresholds` and `decisions` are those of the policy. `checks` are rows with threshold, factor, measure, class, by,
    group, value, unit, n, limits, `state` (within, breached, too few, not measured) and, on a breach, its disposition;
    `open_breaches` counts the breaches that nobody has decided on, or whose decision has run out by the last trade date
    of the report. `sign_off` is for people.
    """
    orders: list[Row] = list(summary["parents"])
    fills = _fill_rows(data, orders)
    last = summary["period"]["to"] or ""
    checks = [
        check
        for threshold in policy.thresholds
        for check in _checks(policy, threshold, fills if MEASURES[threshold.measure].level == "fill" else orders, last)
    ]
    breached = [check for check in checks if check["state"] == "breached"]
    used = {(c["threshold"], c["class"], c["group"]) for c in breached}
    return {
        "policy": {"name": policy.name, "version": policy.version, "owner": policy.owner, "sha256": policy.sha256},
        "models": dict(policy.models),
        "classes": {name: list(symbols) for name, symbols in policy.classes.items()},
        "thresholds": [asdict(threshold) for threshold in policy.thresholds],
        "decisions": [asdict(held) for held in policy.dispositions],
        "checks": checks,
        "breaches": len(breached),
        "open_breaches": sum(check["open"] for check in breached),
        "decisions_without_breach": [
            asdict(held) for held in policy.dispositions if (held.threshold, held.class_name, held.group) not in used
        ],
        "sign_off": [{"role": role, "name": None, "date": None} for role in policy.signatures],
    }


def with_labels(policy: Policy, columns: Sequence[str], label_of: Callable[[str, str], str]) -> Policy:
    """The policy with the groups of its decisions masked as the orders are, so that they are still of each other.

    `columns` are the masked ones, `label_of` gives the label of a (column, value).
    """
    by = {threshold.name: threshold.by for threshold in policy.thresholds if threshold.by in columns}
    decided = [
        replace(held, group=label_of(by[held.threshold], held.group))
        if held.threshold in by and held.group != NOT_STATED
        else held
        for held in policy.dispositions
    ]
    return replace(policy, dispositions=tuple(decided))


def _fill_rows(data: ReportData, orders: Iterable[Row]) -> list[Row]:
    """A row a fill with what measures and dimensions of fills need; its order's words where it has an order."""
    measured = data.tca_fills.unique("fill_id", keep="first").select(
        "fill_id", "effective_spread", "quoted_spread", "inside_quote"
    )
    own = data.fills.select(
        "fill_id", "parent_id", "symbol", "date", "venue", "liquidity",
        (pl.col("quantity") / pl.col("size_scale")).alias("shares"),
    ).join(measured, on="fill_id", how="left")  # fmt: skip
    words = {row["parent_id"]: {name: row[name] for name in ORDER_DIMENSIONS} for row in orders}
    nobody = dict.fromkeys(ORDER_DIMENSIONS)
    return [nobody | row | words.get(row["parent_id"], {}) for row in own.iter_rows(named=True)]


def _checks(policy: Policy, threshold: Threshold, rows: Sequence[Row], last: str) -> list[dict[str, Any]]:
    measure = MEASURES[threshold.measure]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        named = _class_of(policy, row["symbol"])
        if threshold.class_name in (None, named):
            groups.setdefault((named, str(row[threshold.by] or NOT_STATED)), []).append(row)
    out = []
    for (named, group), held in sorted(groups.items()):
        value, n = measure.value(held)
        state = _state(threshold, value, n)
        check: dict[str, Any] = {
            "threshold": threshold.name,
            "factor": threshold.factor,
            "measure": threshold.measure,
            "class": named,
            "by": threshold.by,
            "group": group,
            "value": value,
            "unit": measure.unit,
            "n": n,
            "at_least": threshold.at_least,
            "at_most": threshold.at_most,
            "state": state,
            "open": False,
        } | dict.fromkeys(("disposition", "owner", "remediation", "decided", "until"))
        if state == "breached":
            decided = _decision(policy, threshold.name, named, group)
            check["open"] = decided is None or (decided.until is not None and decided.until < last)
            if decided is not None:
                check |= {
                    name: value
                    for name, value in asdict(decided).items()
                    if name in ("disposition", "owner", "remediation", "decided", "until")
                }
        out.append(check)
    return out


def _class_of(policy: Policy, symbol: str | None) -> str:
    return next((name for name, symbols in policy.classes.items() if symbol in symbols), NO_CLASS)


def _state(threshold: Threshold, value: float | None, n: int) -> str:
    if value is None:
        return "not measured"
    if n < threshold.least_orders:
        return "too few"
    over = threshold.at_most is not None and value > threshold.at_most
    under = threshold.at_least is not None and value < threshold.at_least
    return "breached" if over or under else "within"


def _decision(policy: Policy, threshold: str, named: str, group: str) -> Disposition | None:
    """The latest decision on a breach."""
    found = [d for d in policy.dispositions if (d.threshold, d.class_name, d.group) == (threshold, named, group)]
    return max(found, key=lambda held: held.decided, default=None)
