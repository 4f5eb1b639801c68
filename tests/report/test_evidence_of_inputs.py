"""What the market said stands in the evidence as it was looked up: false numbers of a store are told."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import example
import polars as pl
import pytest
from many_orders import report_of_many
from test_evidence import written

from tcakit.market.schema import REALISED_HORIZONS_S
from tcakit.report import verifier
from tcakit.report.data import ReportData
from tcakit.report.summary import summarise
from tcakit.report.verifier.given import stands_as_given
from tcakit.report.verifier.main import differs, main
from tcakit.tca import measure

BPS_OF_ARRIVAL = ("arrival_bps_of_executed", "shortfall_bps_of_paper", "trading_cost", "drift_cost")


def many() -> ReportData:
    return report_of_many("USD", 3, before=False)


def with_receipts() -> ReportData:
    """The same, every other child order having come three seconds before its fill, the others at its instant."""
    data = many()
    before = pl.col("ts_ns") - pl.int_range(pl.len()) % 2 * 3 * 10**9
    fills = data.fills.with_columns(received_ns=before)
    found = measure(data.parents.filter("matched"), fills, data.markets, run_id=example.RUN)
    return replace(data, fills=fills, tca_fills=found.fills)


def verified(data: ReportData) -> dict[str, Any]:
    found: dict[str, Any] = verifier.verify(*written(data, summarise(data)), intervals=False)
    return found


def times(frame: pl.DataFrame, factor: float, *names: str) -> pl.DataFrame:
    return frame.with_columns(pl.col(name) * factor for name in names)


def named(found: dict[str, Any], words: str) -> int:
    return sum(words in sentence for sentence in found["wrong"])


def test_the_store_as_it_was_measured_has_nothing_wrong_and_nothing_without_ground() -> None:
    found = verified(many())
    assert (found["wrong"], found["unfounded_names"]) == ([], {})
    assert found["given"] > 100


def test_turned_markouts_are_named() -> None:
    data = many()
    found = verified(replace(data, markouts=times(data.markouts, -1.0, "markout_bps_of_price")))
    moved = data.markouts.filter(pl.col("markout_bps_of_price").abs() > 1e-6).height
    assert named(found, "markout ") >= moved > 1_000
    assert found["unfounded"] == 0


@pytest.mark.parametrize("name", ["interval_vwap", "window_vwap", "twap", "arrival_price", "end_price", "close_price"])
def test_a_price_that_is_one_per_cent_off_is_named(name: str) -> None:
    data = many()
    found = verified(replace(data, tca_parents=times(data.tca_parents, 1.01, name)))
    assert named(found, f"{name} of order ") == data.tca_parents[name].count() > 10
    assert found["unfounded"] == 0


@pytest.mark.parametrize(
    ("name", "factor", "words"),
    [("mid_at_fill", 1.01, ": mid_at_fill of fill"), ("effective_spread", 2.0, ": effective_spread of fill"),
     ("quoted_spread", 2.0, ": quoted_spread of fill"), ("mid_at_receipt", 1.01, ": mid_at_receipt of fill"),
     ("price_improvement", -1.0, ": price_improvement of fill"),
     *((f"realised_spread_{name}", -1.0, f": realised spread {place} of fill")
       for place, name in enumerate(REALISED_HORIZONS_S))],
)  # fmt: skip
def test_a_spread_of_a_fill_that_is_not_of_its_quote_is_named(name: str, factor: float, words: str) -> None:
    data = with_receipts()
    found = verified(replace(data, tca_fills=times(data.tca_fills, factor, name)))
    differing = data.tca_fills.filter(pl.col(name).abs() > 1e-6).height
    assert named(found, words) >= differing > 0


def test_costs_follow_from_the_stated_prices_where_no_market_is_stored() -> None:
    """Without ground are the prices alone: what follows from them is worked out, and three times it is wrong."""
    data = replace(many(), markets={})
    right = verified(data)
    assert right["wrong"] == []
    assert right["unfounded_names"]["arrival_price"] > 10
    assert not {"arrival_bps_of_executed", "vwap_bps_of_executed", "total_cost"} & set(right["unfounded_names"])
    for name in (*BPS_OF_ARRIVAL, "vwap_bps_of_executed", "twap_bps_of_executed", "close_bps_of_executed"):
        found = verified(replace(data, tca_parents=times(data.tca_parents, 3.0, name)))
        assert named(found, f"{name} of order ") > 0, name


@pytest.mark.parametrize(
    "name",
    ["open_price", "day_vwap", "best_price", "pwp_10_of_filled", "rpm_volume", "reversion_60s_bps", "leakage_60s_bps",
     "permanent_impact_300s_bps", "order_delay_cost", "broker_start_price", "weighted_fill_s", "quantity_adv"],
)  # fmt: skip
def test_a_benchmark_that_is_missing_though_its_letters_are_there_is_named(name: str) -> None:
    data = many()
    known = data.benchmarks[name].count()
    gone = data.benchmarks.with_columns(pl.lit(None, data.benchmarks.schema[name]).alias(name))
    found = verified(replace(data, benchmarks=gone))
    assert named(found, f".{name} is not printed; the rows give") == known > 0


@pytest.mark.parametrize("name", ["mid_at_fill", "effective_spread", "quoted_spread", "inside_quote", "mid_at_receipt"])
def test_a_number_of_a_fill_that_is_missing_though_its_quote_is_there_is_named(name: str) -> None:
    data = with_receipts()
    known = data.tca_fills[name].count()
    gone = data.tca_fills.with_columns(pl.lit(None, data.tca_fills.schema[name]).alias(name))
    assert named(verified(replace(data, tca_fills=gone)), f": {name} of fill") == known > 0


def test_a_missing_price_of_an_order_is_named() -> None:
    data = many()
    gone = data.tca_parents.with_columns(twap=pl.lit(None, pl.Float64), close_price=pl.lit(None, pl.Float64))
    found = verified(replace(data, tca_parents=gone))
    assert named(found, "twap of order ") >= data.tca_parents["twap"].count() > 10
    assert named(found, "close_price of order ") >= data.tca_parents["close_price"].count() > 10


def test_inputs_that_are_repeated_are_counted_apart(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    data = many()
    summary = summarise(data)
    evidence, report = written(data, summary)
    found = verifier.verify(evidence, report, intervals=False)
    kinds = Counter(path[0] for path, _ in verifier.numbers_of(summary) if stands_as_given(path))
    assert {"config", "run", "summary_version", "order_benchmarks", "currencies", "currency", "quality"} <= set(kinds)
    assert found["given"] >= sum(kinds.values())
    (tmp_path / "e.jsonl").write_bytes(evidence)
    assert main([str(tmp_path / "e.jsonl"), "--without-intervals"]) == 0
    told = capsys.readouterr().out
    assert f"{found['recomputed']} numbers worked out anew from the rows; 0 found wrong." in told
    assert f"{found['given']} numbers are inputs that stand as they were given." in told


def test_numbers_without_ground_are_counted_by_name_and_not_as_worked_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    whole, data = verified(many()), replace(many(), markets={})
    found = verified(data)
    assert found["unfounded"] == sum(found["unfounded_names"].values())
    assert found["unfounded_names"]["day_vwap"] == data.benchmarks["day_vwap"].count()
    assert found["recomputed"] < whole["recomputed"] - data.benchmarks["day_vwap"].count()
    (tmp_path / "e.jsonl").write_bytes(written(data, summarise(data))[0])
    assert main([str(tmp_path / "e.jsonl"), "--without-intervals"]) == 0
    told = capsys.readouterr().out
    assert f"arrival_price {found['unfounded_names']['arrival_price']}, " in told
    assert "Sums worked out anew take these as they are stated." in told


@pytest.mark.parametrize("name", ["adv_shares", "volatility_daily", "half_spread_bps"])
def test_what_was_known_of_a_symbol_must_be_what_the_order_says(name: str) -> None:
    data = many()
    found = verified(replace(data, benchmarks=times(data.benchmarks, 2.0, name)))
    assert named(found, f"{name} of order ") == data.benchmarks[name].count() > 5


@pytest.mark.parametrize("name", ["total_cost", "p_value", "value", "delay_bps", "fees"])
def test_no_number_agrees_with_one_that_is_none(name: str) -> None:
    for odd in (math.nan, math.inf, -math.inf):
        assert differs(name, odd, 1.0, 1e9)
        assert differs(name, 1.0, odd, 1e9)
    assert differs(name, math.nan, math.nan, 1e9)
    assert not differs(name, 1.0, 1.0 + 1e-15, 1e9)
