"""Two sets of orders: a known difference is found, equal sets are not told apart, and what is missing is counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.market.schema import TCA_PARENTS
from tcakit.tca.unpaired import set_against


def orders(name: str, mean_bps: float, count: int = 200, seed: int = 1, currency: str = "USD") -> pl.DataFrame:
    random = np.random.default_rng(seed)
    notional = random.uniform(1e5, 1e6, count)
    bps = random.normal(mean_bps, 4.0, count)
    return TCA_PARENTS.empty().select(
        "parent_id", "date", "currency", "arrival_bps_of_executed", "vwap_bps_of_executed", "total_cost", "fees",
        "paper_notional", "executed_notional",
    ).vstack(
        pl.DataFrame(
            {
                "parent_id": [f"{name}{number}" for number in range(count)],
                "date": [f"2026-03-{1 + number % 20:02d}" for number in range(count)],
                "currency": [currency] * count, "arrival_bps_of_executed": bps, "vwap_bps_of_executed": bps / 2,
                "total_cost": bps * notional / 1e4 + 10.0, "fees": [10.0] * count, "paper_notional": notional,
                "executed_notional": notional,
            }
        )
    )  # fmt: skip


def test_a_difference_is_found_with_its_size() -> None:
    told = set_against(orders("a", 7.0), orders("b", 3.0, seed=2))
    assert told["ci"][0] < 4.0 < told["ci"][1]
    assert told["ci"][0] > 0.0
    assert told["p_value"] < 1e-9
    assert told["difference_bps"] == pytest.approx(told["first_bps"] - told["second_bps"])
    turned = set_against(orders("b", 3.0, seed=2), orders("a", 7.0))
    assert turned["difference_bps"] == pytest.approx(-told["difference_bps"])
    assert turned["p_value"] == pytest.approx(told["p_value"])


def test_fees_are_in_a_shortfall_and_not_in_that_before_them() -> None:
    one, two = orders("a", 5.0), orders("b", 5.0, seed=2)
    paper = one["paper_notional"].sum()
    with_fees, without = (set_against(one, two, name)["first_bps"] for name in ("shortfall", "shortfall-before-fees"))
    assert with_fees - without == pytest.approx(2_000.0 / paper * 1e4)


def test_equal_sets_are_not_told_apart_and_shared_orders_are_said() -> None:
    told = set_against(orders("a", 5.0), orders("a", 5.0))
    assert (told["difference_bps"], told["p_value"]) == (0.0, 1.0)
    assert told["ci"][0] < 0.0 < told["ci"][1]
    assert told["notes"] == ["200 orders are in both sets"]


def test_what_is_missing_is_counted_and_currencies_are_not_added() -> None:
    lacking = orders("a", 5.0).with_columns(
        arrival_bps_of_executed=pl.when(pl.col("parent_id") == "a0").then(None).otherwise("arrival_bps_of_executed")
    )
    other = orders("b", 5.0, currency="JPY").with_columns(pl.col("executed_notional") * 150.0)
    told = set_against(lacking, other)
    assert (told["n_first"], told["n_second"], told["left_out"]) == (199, 200, 1)
    assert told["second_bps"] == pytest.approx(other["arrival_bps_of_executed"].mean())
    assert "several currencies" in told["notes"][0]
    nothing = set_against(lacking.clear(), orders("b", 1.0))
    assert (nothing["difference_bps"], nothing["ci"], nothing["p_value"]) == (None, None, None)
    with pytest.raises(UsageError, match="did you mean arrival"):
        set_against(lacking, other, "arival")
