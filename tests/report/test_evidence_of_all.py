"""Everything that a report can say, worked out anew; one number of each kind made false, and named."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace
from functools import cache
from typing import Any

import example
import polars as pl
import pytest
from many_orders import report_of_many
from test_evidence import written

from tcakit.report import verifier
from tcakit.report.data import ReportData
from tcakit.report.monitoring import MEASURES, Disposition, Policy, Threshold, dimensions_of, monitored
from tcakit.report.summary import summarise
from tcakit.tca import measure
from tcakit.tca.benchmark_context import BenchmarkContext

# What a row of an order is made of stands in it as it was: these are no results.
INPUTS_OF_ORDERS = ("multiplier", "arrival_ns", "end_ns")


def policy() -> Policy:
    """A threshold for every measure, by the first and the last of its dimensions."""
    thresholds = tuple(
        Threshold(f"{name} by {by}", measure.factor, name, by, at_most=0.001, least_orders=2)
        for name, measure in MEASURES.items()
        for by in (dimensions_of(name)[0], dimensions_of(name)[-1])
    )
    decided = Disposition(thresholds[0].name, "other", "Harbour", "accepted", "desk", "none", "2024-03-20")
    return Policy("all", "1", None, thresholds, {"large": ("ACME",)}, {}, (decided,), (), "0" * 64)


@cache
def everything(currency: str | None) -> tuple[Any, dict[str, Any]]:
    data = report_of_many(currency)
    summary = summarise(data)
    return data, summary | {"monitoring": monitored(policy(), data, summary)}


def kind_of(path: tuple[Any, ...]) -> str:
    return re.sub(r"\.\d+(?=\.|$)", ".#", ".".join(map(str, path)))


def put(summary: Any, path: tuple[Any, ...], value: float) -> None:
    for step in path[:-1]:
        summary = summary[step]
    summary[path[-1]] = value


def otherwise(value: float, random_: random.Random) -> float:
    """Another number: by one where it counts, by a millionth or more where it measures."""
    if isinstance(value, int):
        return value + random_.choice([-1, 1])
    return random_.choice([-value, value * (1 + 1e-6), value + 1.0]) if value else 0.01


@pytest.mark.parametrize("currency", ["USD", None])
def test_no_number_is_without_a_formula(currency: str | None) -> None:
    data, summary = everything(currency)
    found = verifier.verify(*written(data, summary))
    assert found["wrong"] == []
    assert found["stated"] == []
    assert found["unfounded"] == 0
    assert found["recomputed"] > sum(1 for _ in verifier.numbers_of(summary))  # and the words that name them
    kinds = {kind_of(path) for path, _ in verifier.numbers_of(summary)}
    for kind in (
        "tests.#.rows.#.p_by_day", "estimates.#.slope.low", "quality.clock_offsets.#.low_s", "control.#.rows.#.low_bps",
        "groups.#.cells.#.q_value", "attribution.#.selection_cost", "tests.#.pairs.#.q_value",
        "monitoring.open_breaches", "executive.#.measures.#.difference_low", "previous.orders",
        "currencies.USD.venue_markouts.#.points.#.low", "currencies.USD.participation.curve.points.#.mean_bps",
        "currencies.USD.benchmark_costs.measures.#.low", "order_benchmarks.#.market_adjusted_bps_of_executed",
    ):  # fmt: skip
        assert kind in kinds or currency is None


@pytest.mark.parametrize("seed", range(3))
def test_a_false_number_of_any_kind_is_named(seed: int) -> None:
    """One of each kind in one file, whose hashes fit: it was written so from the start."""
    data, summary = everything("USD")
    chance = random.Random(seed)
    false = json.loads(json.dumps(summary))
    by_kind: dict[str, list[Any]] = {}
    for path, value in verifier.numbers_of(summary):
        if path[0] != "parents":
            by_kind.setdefault(kind_of(path), []).append((path, value))
    changed = []
    settled = ("config", "run", "summary_version", "quality.order_events")
    for kind, numbers in by_kind.items():
        path, value = chance.choice(numbers)
        if not kind.startswith(settled) and not (kind.startswith("monitoring.thresholds")):
            other = otherwise(value, chance)
            if isinstance(value, float) and math.isclose(other, value, rel_tol=1e-8, abs_tol=1e-8):
                continue
            put(false, path, other)
            changed.append(".".join(map(str, path)))
    assert len(changed) > 200
    wrong = verifier.verify(*written(data, false))["wrong"]
    named = {sentence.split(": ")[1].split(" is ")[0] for sentence in wrong}
    assert set(changed) - named == set()


def test_a_false_number_of_an_order_is_named() -> None:
    data, summary = everything("USD")
    chance = random.Random(1)
    false = json.loads(json.dumps(summary))
    names = {path[1] for path, _ in verifier.numbers_of(summary["parents"])} - set(INPUTS_OF_ORDERS)
    changed = []
    for name in sorted(names):
        row = chance.choice([row for row in false["parents"] if row[name] is not None])
        row[name] = otherwise(row[name], chance)
        changed.append(f"{name} of order {row['parent_id']}")
    wrong = verifier.verify(*written(data, false))["wrong"]
    assert [text for text in changed if not any(text in sentence for sentence in wrong)] == []


def odd_orders(data: ReportData, chance: random.Random) -> ReportData:
    """The same run with fills in whole seconds, on the other side, without size, parent or liquidity, in other units;
    orders without an end, filled beyond their size, with limits and times of decision.
    """
    coarse, turned, empty, lost, unknown, units = chance.sample(data.parents["parent_id"].to_list(), 6)
    own, place = pl.col("parent_id"), pl.int_range(pl.len())
    fills = data.fills.with_columns(
        ts_resolution_ns=pl.when(own == coarse).then(10**9).cast(pl.Int64),
        ts_ns=pl.when(own == coarse).then(pl.col("ts_ns") // 10**9 * 10**9).otherwise("ts_ns"),
        side=pl.when(own == turned).then(-pl.col("side")).otherwise("side").cast(pl.Int8),
        quantity=pl.when(own == empty, place % 3 == 0).then(0).otherwise("quantity"),
        parent_id=pl.when(own == lost, place % 5 == 0).then(None).otherwise("parent_id"),
        liquidity=pl.when(own != unknown).then("liquidity"),
        size_scale=pl.when(own == units, place % 2 == 0).then(10).otherwise("size_scale"),
    )
    parents = data.parents.with_columns(
        end_ns=pl.when(place % 7 > 0).then("end_ns"),
        quantity=pl.when(place % 11 == 0).then(pl.col("quantity") // 3 + 1).otherwise("quantity"),
        decision_ns=pl.when(place % 3 == 0).then(pl.col("arrival_ns") - 30 * 10**9),
        limit_price=pl.when(place % 4 == 0).then(840_000),
    )
    context = BenchmarkContext(orders=data.orders)
    found = measure(parents.filter("matched"), fills, data.markets, run_id=example.RUN, context=context)
    return replace(
        data, parents=parents, fills=fills, tca_parents=found.parents, tca_fills=found.fills, markouts=found.markouts,
        benchmarks=found.benchmarks,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_odd_orders_leave_no_number_without_a_formula(seed: int) -> None:
    data = odd_orders(report_of_many("USD", seed, before=False), random.Random(seed))
    found = verifier.verify(*written(data, summarise(data)))
    assert found["wrong"] == []
    assert found["stated"] == []
    assert found["unfounded"] > 0  # quotes within a whole second are not in the evidence


def test_numbers_under_the_name_of_others_are_told() -> None:
    data, summary = everything("USD")
    false = json.loads(json.dumps(summary))
    brokers = next(table for table in false["groups"] if table["by"] == ["broker"])["cells"]
    brokers[0]["key"], brokers[1]["key"] = brokers[1]["key"], brokers[0]["key"]
    wrong = verifier.verify(*written(data, false))["wrong"]
    assert len(wrong) == 2
    assert all(".key.broker is " in sentence for sentence in wrong)


def test_a_number_that_is_not_printed_is_missed() -> None:
    data, summary = everything("USD")
    false = json.loads(json.dumps(summary))
    arrival = false["groups"][0]["total"]["measures"]["arrival_bps_of_executed"]
    assert arrival["low"] is not None
    arrival["low"] = None
    false["parents"][0]["total_cost"] = None
    wrong = verifier.verify(*written(data, false))["wrong"]
    assert any("groups.0.total.measures.arrival_bps_of_executed.low is not printed" in text for text in wrong)
    assert any(f"total_cost of order {false['parents'][0]['parent_id']} is None" in text for text in wrong)
