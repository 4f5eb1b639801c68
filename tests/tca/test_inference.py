"""Ratios of sums, and intervals that draw whole orders."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from acme_market import build_day, fill, frame_of, parent

from tcakit.errors import UsageError
from tcakit.market.day import MarketDay
from tcakit.market.schema import FILLS, MARKOUT_HORIZONS_S, PARENTS
from tcakit.tca import COST_MEASURES, aggregate, markout_curve, measure, summarise, waterfall
from tcakit.tca.inference import bootstrap_ratio


def test_the_figure_is_a_ratio_of_sums_not_a_mean() -> None:
    frame = pl.DataFrame({"broker": ["A", "A"], "cost": [10.0, 10.0], "notional": [1_000.0, 99_000.0]})
    row = aggregate(frame, ["broker"], "cost", "notional").row(0, named=True)
    assert row["bps"] == pytest.approx(2.0)  # the mean of 100 and 1.01 would be 50.5
    assert (row["n"], row["rows"], row["left_out"]) == (2, 2, 0)
    assert row["cost"] == 20.0
    assert row["notional"] == 100_000.0
    assert row["low_bps"] <= row["bps"] <= row["high_bps"]


def test_no_interval_from_one_order_and_no_figure_from_none() -> None:
    frame = pl.DataFrame(
        {"venue": ["X", "Y", "Z", "Z"], "cost": [1.0, None, 2.0, 3.0], "notional": [100.0, 100.0, 0.0, None]}
    )
    rows = {row["venue"]: row for row in aggregate(frame, ["venue"], "cost", "notional").iter_rows(named=True)}
    assert (rows["X"]["n"], rows["X"]["bps"], rows["X"]["low_bps"]) == (1, 100.0, None)
    assert (rows["Y"]["n"], rows["Y"]["left_out"], rows["Y"]["bps"]) == (0, 1, None)
    assert (rows["Z"]["n"], rows["Z"]["left_out"], rows["Z"]["bps"]) == (0, 2, None)


def test_fills_of_one_order_are_drawn_together() -> None:
    fills = pl.DataFrame(
        {"parent_id": ["A"] * 50 + ["B"] * 50, "cost": [1.0] * 50 + [-1.0] * 50, "notional": [100.0] * 100}
    )
    apart = aggregate(fills, [], "cost", "notional").row(0, named=True)
    together = aggregate(fills, [], "cost", "notional", cluster="parent_id").row(0, named=True)
    assert (apart["n"], together["n"], together["rows"]) == (100, 2, 100)
    assert together["high_bps"] == pytest.approx(100.0)
    assert apart["high_bps"] < 30.0
    loose = fills.with_columns(parent_id=pl.lit(None, dtype=pl.String))
    assert aggregate(loose, [], "cost", "notional", cluster="parent_id")["n"][0] == 100


def test_the_same_seed_gives_the_same_interval_and_groups_do_not_disturb_each_other() -> None:
    generator = np.random.default_rng(1)
    frame = pl.DataFrame(
        {"side": [1, -1] * 40, "cost": generator.normal(size=80), "notional": generator.uniform(1, 2, 80)}
    )
    both = aggregate(frame, ["side"], "cost", "notional", seed=7)
    alone = aggregate(frame.filter(pl.col("side") == 1), ["side"], "cost", "notional", seed=7)
    assert both.filter(pl.col("side") == 1).equals(alone)
    assert not aggregate(frame, ["side"], "cost", "notional", seed=8).equals(both)
    with pytest.raises(UsageError, match="nowhere"):
        aggregate(frame, ["nowhere"], "cost", "notional")


def test_the_interval_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    covered = 0
    for trial in range(200):
        notional = generator.uniform(1, 3, 100)
        cost = notional * (0.5 + generator.normal(size=100))
        low, high = bootstrap_ratio(cost, notional, draws=400, seed=trial)
        covered += int(low[0] <= 0.5 <= high[0])
    # 95 % of 200, less four standard errors of the count and a little for small samples.
    assert covered >= 176
    assert covered < 200


def test_ten_thousand_draws_over_a_thousand_orders_spread_as_the_normal_approximation_says() -> None:
    generator = np.random.default_rng(5)
    cost, notional = generator.normal(size=1_000), generator.uniform(1, 2, 1_000)
    low, high = bootstrap_ratio(cost, notional, draws=10_000)
    # The normal approximation of a ratio estimator's spread.
    ratio = cost.sum() / notional.sum()
    spread = np.sqrt(np.var(cost - ratio * notional, ddof=1) / 1_000) / notional.mean()
    assert (high[0] - low[0]) / 2 == pytest.approx(1.96 * spread, rel=0.05)


@pytest.fixture
def measured_day(day: MarketDay) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    parents = [
        parent(parent_id="P1", broker="B1"),
        parent(parent_id="P2", broker="B1", side=-1, quantity=100, fees=None),
        parent(parent_id="P3", broker="B2", fees=None),
        parent(parent_id="P4", broker="B2", end_ns=None),
    ]
    fills = [
        fill("F1", 12, 100.12, 100),
        fill("F2", 20, 100.20, 200, liquidity="maker"),
        fill("F3", 41, 100.38, 100, parent_id="P2", side=-1, fee=None),
        fill("F4", 12, 100.14, 50, parent_id="P4"),
        fill("F5", 12, 100.14, 50, parent_id=None),
    ]
    given = frame_of(fills, FILLS)
    out = measure(frame_of(parents, PARENTS), given, {("ACME", day.date): day}, run_id="R1")
    return out.parents, given, out.markouts


def test_every_measure_is_the_parents_own_figure_on_one_order(
    measured_day: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
) -> None:
    one = measured_day[0].filter(pl.col("parent_id") == "P1")
    for name in COST_MEASURES:
        row = summarise(one, [], name).row(0, named=True)
        assert row["bps"] == pytest.approx(one[name][0]), name
        assert (row["n"], row["low_bps"]) == (1, None)
    with pytest.raises(UsageError, match="no measure"):
        summarise(one, [], "slippage")


def test_the_waterfall_adds_up(measured_day: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    parents = measured_day[0]
    for by in ([], ["broker"]):
        out = waterfall(parents, by)
        for row in out.iter_rows(named=True):
            parts = ("delay", "spread", "drift", "opportunity", "fees")
            assert sum(row[f"{part}_cost"] for part in parts) == pytest.approx(row["total_cost"])
            assert sum(row[f"{part}_bps_of_paper"] for part in parts) == pytest.approx(row["total_bps_of_paper"])
    assert waterfall(parents, ["broker"]).select("broker", "n", "left_out").rows() == [
        ("B1", 2, 0),
        ("B2", 1, 1),
    ]
    # The order that never traded is all opportunity, and no reason to leave it out.
    second = waterfall(parents, ["broker"]).row(1, named=True)
    assert second["opportunity_cost"] == second["total_cost"] == pytest.approx(200.0)
    with pytest.raises(UsageError, match="nowhere"):
        waterfall(parents, ["nowhere"])


def test_markout_curve_is_weighted_by_notional(
    measured_day: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
) -> None:
    _, fills, markouts = measured_day
    curve = markout_curve(markouts, fills)
    assert curve["horizon_s"].to_list() == list(MARKOUT_HORIZONS_S)
    at_10 = curve.filter(pl.col("horizon_s") == 10.0).row(0, named=True)
    # Mids 10 s on: 100.2 after 12 s, none after 20 s (the bid is empty at 30 s), 100.4 after 41 s.
    gains = 100 * (100.2 - 100.12) - 100 * (100.4 - 100.38) + 2 * 50 * (100.2 - 100.14)
    notional = 100 * 100.12 + 100 * 100.38 + 2 * 50 * 100.14
    assert at_10["markout_bps_of_price"] == pytest.approx(gains / notional * 1e4, abs=1e-6)
    assert (at_10["n"], at_10["n_fills"]) == (4, 4)
    assert at_10["low_bps"] <= at_10["markout_bps_of_price"] <= at_10["high_bps"]
    before = curve.filter(pl.col("horizon_s") == -60.0).row(0, named=True)
    assert (before["n"], before["markout_bps_of_price"], before["low_bps"]) == (0, None, None)


def test_markout_curve_by_liquidity(measured_day: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    _, fills, markouts = measured_day
    curve = markout_curve(markouts, fills, ["liquidity"])
    maker = curve.filter((pl.col("liquidity") == "maker") & (pl.col("horizon_s") == 30.0)).row(0, named=True)
    assert maker["n"] == maker["n_fills"] == 1
    assert maker["markout_bps_of_price"] == pytest.approx((100.4 - 100.20) / 100.20 * 1e4)
    assert maker["low_bps"] is None


def test_a_curve_of_nothing_is_empty() -> None:
    market = build_day([(0, 1.0, 2.0), (5, 1.0, 2.0)])
    out = measure(frame_of([], PARENTS), frame_of([], FILLS), {("ACME", market.date): market}, run_id="R1")
    assert markout_curve(out.markouts, frame_of([], FILLS)).height == 0
    assert summarise(out.parents).row(0, named=True)["n"] == 0


def test_a_curve_weighs_fills_by_what_they_were_worth() -> None:
    """A share at 10 with a multiplier of 100 and a rate of 2 weighs as 2,000; one of unknown worth does not."""
    fills = pl.DataFrame(
        {"fill_id": ["a", "b", "c"], "parent_id": ["P1", "P2", "P3"], "price": [10, 20, 30], "price_scale": [1] * 3,
         "quantity": [1, 50, 7], "size_scale": [1] * 3, "unit": [200.0, 1.0, None]}
    )  # fmt: skip
    markouts = pl.DataFrame(
        {"fill_id": ["a", "b", "c"], "horizon_s": [1.0] * 3, "markout_bps_of_price": [3.0, 9.0, 99.0]}
    )
    point = markout_curve(markouts, fills).row(0, named=True)
    assert point["markout_bps_of_price"] == pytest.approx((3.0 * 2_000 + 9.0 * 1_000) / 3_000)
    assert (point["n"], point["n_fills"]) == (2, 2)
    plain = markout_curve(markouts, fills.drop("unit")).row(0, named=True)
    assert plain["markout_bps_of_price"] == pytest.approx((3.0 * 10 + 9.0 * 1_000 + 99.0 * 210) / 1_220)
