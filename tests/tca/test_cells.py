"""Tables of costs by dimension: sums, intervals and tests against plain loops, and orders kept whole."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.tca.cells import cell_table
from tcakit.tca.inference import bootstrap_ratio

MEASURE = {"arrival": (pl.col("cost"), pl.col("notional"))}


def orders(count: int, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    broker = random.choice(np.array(["KITE", "NORTHGATE", "QUAYSIDE"]), count)
    notional = random.uniform(1e5, 1e6, count)
    bps = random.normal(5.0, 4.0, count) + np.where(broker == "KITE", 6.0, 0.0)
    return pl.DataFrame(
        {
            "parent_id": [f"o{number}" for number in range(count)],
            "broker": broker,
            "algo": random.choice(np.array(["pov", "vwap"]), count),
            "adv_bucket": random.choice(np.array(["5 to 10 %", "below 1 %", "25 % and more"]), count),
            "cost": notional * bps / 1e4,
            "notional": notional,
        }
    )


def test_a_cell_is_a_ratio_of_sums_with_the_interval_of_its_own_orders() -> None:
    lines = orders(90)
    cells, total = cell_table(lines, ["broker", "algo"], MEASURE, "arrival")
    assert [tuple(cell["key"].values()) for cell in cells] == sorted(lines.select("broker", "algo").unique().rows())
    for cell in cells:
        mine = lines.filter(broker=cell["key"]["broker"], algo=cell["key"]["algo"])
        costs, bases = mine["cost"].to_numpy(), mine["notional"].to_numpy()
        stat = cell["measures"]["arrival"]
        assert (cell["n"], stat["n"]) == (mine.height, mine.height)
        assert stat["value"] == pytest.approx(costs.sum() / bases.sum() * 1e4, rel=1e-12)
        low, high = bootstrap_ratio(costs, bases, draws=1_000)
        assert (stat["low"], stat["high"]) == pytest.approx((low[0] * 1e4, high[0] * 1e4))
    assert total["n"] == 90
    assert total["measures"]["arrival"]["value"] == pytest.approx(lines["cost"].sum() / lines["notional"].sum() * 1e4)


def test_a_dear_broker_is_found_and_equal_ones_are_not() -> None:
    cells, _ = cell_table(orders(600), ["broker"], MEASURE, "arrival")
    dear, *others = cells
    assert dear["key"] == {"broker": "KITE"}
    assert dear["q_value"] < 1e-6
    assert dear["measures"]["arrival"]["low"] > max(cell["measures"]["arrival"]["high"] for cell in others)
    equal = orders(600).with_columns(cost=pl.col("notional") * 5e-4)
    assert {cell["p_value"] for cell in cell_table(equal, ["broker"], MEASURE, "arrival")[0]} == {1.0}


def test_fills_are_drawn_with_their_order_and_buckets_stand_by_size() -> None:
    lines = orders(40)
    split = pl.concat([lines, lines]).with_columns(pl.col("cost", "notional") / 2)
    one, two = (cell_table(frame, ["adv_bucket"], MEASURE, "arrival")[0] for frame in (lines, split))
    assert [cell["key"]["adv_bucket"] for cell in one] == ["below 1 %", "5 to 10 %", "25 % and more"]
    for single, double in zip(one, two, strict=True):
        assert double["measures"]["arrival"] == pytest.approx(single["measures"]["arrival"])
        assert (double["n"], double["lines"]) == (single["n"], 2 * single["lines"])


def test_what_is_unknown_is_a_cell_and_what_has_no_cost_is_counted_apart() -> None:
    lines = orders(12).with_columns(
        broker=pl.when(pl.col("parent_id") == "o0").then(None).otherwise("broker"),
        cost=pl.when(pl.col("parent_id") == "o1").then(None).otherwise("cost"),
    )
    cells, total = cell_table(lines, ["broker"], MEASURE, "arrival")
    assert cells[-1]["key"] == {"broker": None}
    assert (cells[-1]["n"], cells[-1]["measures"]["arrival"]["low"], cells[-1]["p_value"]) == (1, None, None)
    assert (total["n"], total["measures"]["arrival"]["n"]) == (12, 11)


def test_no_orders_make_no_cells() -> None:
    cells, total = cell_table(orders(3).clear(), ["broker"], MEASURE, "arrival")
    assert cells == []
    assert (total["n"], total["measures"]["arrival"]["value"]) == (0, None)
    with pytest.raises(UsageError, match="colour"):
        cell_table(orders(3), ["colour"], MEASURE, "arrival")


@given(st.integers(1, 60), st.integers(0, 5), st.sampled_from([["broker"], ["algo", "broker"], ["adv_bucket"]]))
def test_cells_add_up_to_the_total_however_they_are_cut(count: int, seed: int, by: list[str]) -> None:
    lines = orders(count, seed)
    cells, total = cell_table(lines, by, MEASURE, "arrival", draws=2)
    assert sum(cell["n"] for cell in cells) == total["n"] == count
    costs = [
        cell["measures"]["arrival"]["value"] * lines.filter(**cell["key"])["notional"].sum() / 1e4 for cell in cells
    ]
    assert sum(costs) == pytest.approx(lines["cost"].sum(), abs=1e-6)
    shuffled, _ = cell_table(lines.sample(fraction=1.0, shuffle=True, seed=seed), by, MEASURE, "arrival", draws=2)
    values = [[cell["measures"]["arrival"]["value"] for cell in told] for told in (cells, shuffled)]
    assert values[0] == pytest.approx(values[1])
