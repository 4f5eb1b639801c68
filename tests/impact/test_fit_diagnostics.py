"""Each diagnostic finds what it is for where it was put in, and nothing where there is nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from made_orders import made_orders

from tcakit.errors import DataError
from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fit_controls import null_controls
from tcakit.impact.fit_diagnostics import diagnose
from tcakit.impact.fit_impact import fit_impact
from tcakit.impact.fit_ladder import best_of, fit_ladder
from tcakit.impact.held_out import calibration, day_blocks, held_out, held_out_mean, held_out_symbols, skill
from tcakit.impact.influence import heavy_orders, without_each_day, without_outliers
from tcakit.impact.power_law import PowerLaw
from tcakit.impact.residual_tables import residual_tables
from tcakit.impact.selected_orders import selection_checks
from tcakit.impact.stability import drift_of_level, level_by_window
from tcakit.impact.sufficiency import orders_needed, sufficiency_warnings
from tcakit.impact.surprises import surprise_checks


def with_cost(sample, cost):
    return replace(sample, cost_bps=np.asarray(cost))


@pytest.fixture(scope="module")
def fit():
    return fit_impact(made_orders(1, 4_000, 80), "square-root", draws=300)


@pytest.fixture(scope="module")
def noise():
    return fit_impact(made_orders(2, 4_000, 80, prefactor=0.0, half_spreads=0.0), "square-root", draws=300)


# --- regression over days -------------------------------------------------------------------------------------------


def test_the_error_over_days_is_the_sandwich_written_out():
    random = np.random.default_rng(1)
    columns, day = random.normal(size=(60, 2)), random.integers(0, 9, 60)
    response = random.normal(size=60)
    found = clustered_regression(columns, response, day)
    left = response - columns @ np.linalg.lstsq(columns, response, rcond=None)[0]
    middle = np.zeros((2, 2))
    for one in range(60):
        for other in range(60):
            if day[one] == day[other]:
                middle += np.outer(columns[one] * left[one], columns[other] * left[other])
    outer = np.linalg.inv(columns.T @ columns)
    expected = np.sqrt(np.diag(outer @ middle @ outer) * 9 / 8)
    assert found.errors == pytest.approx(expected)
    assert found.clusters == 9
    assert 0.0 < found.p_value() < 1.0
    assert np.isnan(clustered_regression(columns, response, np.zeros(60, np.int64)).errors).all()
    assert np.isnan(clustered_regression(columns[:, [0, 0]], response, day).coefficients).all()


# --- held-out days --------------------------------------------------------------------------------------------------


def test_blocks_are_days_that_follow_each_other(fit):
    block = day_blocks(fit.sample)
    assert (np.diff(block) >= 0).all()
    assert sorted(set(block)) == [0, 1, 2, 3, 4]
    assert np.bincount(block).min() > 0.7 * len(block) / 5
    for day in np.unique(fit.sample.day):
        assert len(set(block[fit.sample.day == day])) == 1


def test_a_block_is_said_without_its_own_costs(fit):
    block = day_blocks(fit.sample)
    other = fit_impact(
        with_cost(fit.sample, fit.sample.cost_bps + np.where(block == 2, 500.0, 0.0)), "square-root", draws=2
    )
    before, after = (held_out(one.problem, one.sums).predicted_bps for one in (fit, other))
    assert after[block == 2] == pytest.approx(before[block == 2])
    assert not np.allclose(after[block == 1], before[block == 1])
    rest = fit.sample.take(block != 2)
    alone = fit_impact(rest, "square-root", draws=2)
    said = alone.fitted.cost_bps(fit.sample.facts)
    assert before[block == 2] == pytest.approx(said[block == 2], rel=1e-9)
    mean = held_out_mean(fit.sample).predicted_bps
    assert mean[block == 2] == pytest.approx(np.average(rest.cost_bps, weights=rest.noise_bps**-2.0))


def test_symbols_are_said_without_their_own_costs(fit):
    out = held_out_symbols(fit.problem)
    assert np.isfinite(out.predicted_bps).all()
    # Twenty symbols in five groups: those that share a group with one are held out with it.
    moved = np.where(fit.sample.symbol == 3, 500.0, 0.0)
    other = fit_impact(with_cost(fit.sample, fit.sample.cost_bps + moved), "square-root", draws=2)
    after = held_out_symbols(other.problem).predicted_bps
    assert after[moved > 0] == pytest.approx(out.predicted_bps[moved > 0])
    same = np.isclose(after, out.predicted_bps)
    assert len(np.unique(fit.sample.symbol[same])) == 4
    assert calibration(out)["ci"][0] < 1.0 < calibration(out)["ci"][1]
    assert held_out_symbols(fit_impact(fit.sample.take(fit.sample.symbol == 3), "square-root", draws=2).problem) is None


def test_a_true_law_has_skill_and_noise_has_none(fit, noise):
    found = skill(held_out(fit.problem, fit.sums), held_out_mean(fit.sample))
    assert 0.0 < found["ci"][0] < found["skill"] < 0.1
    assert found["p_value"] < 0.01
    nothing = skill(held_out(noise.problem, noise.sums), held_out_mean(noise.sample))
    assert nothing["ci"][0] < 0.0
    assert nothing["p_value"] > 0.05


def test_the_slope_is_one_for_a_law_and_a_half_for_one_that_says_twice_as_much(fit):
    out = held_out(fit.problem, fit.sums)
    right = calibration(out)
    assert right["ci"][0] < 1.0 < right["ci"][1]
    twice = calibration(replace(out, predicted_bps=2.0 * out.predicted_bps))
    assert twice["slope"] == pytest.approx(right["slope"] / 2.0)


# --- the ladder -----------------------------------------------------------------------------------------------------


def test_the_ladder_ends_at_the_law_that_made_the_orders():
    rows = fit_ladder(made_orders(1, 600, 20, noise=0.0, model=PowerLaw(0.8, 0.7)), True, draws=50)
    assert [row["model"] for row in rows][:3] == ["half-spread", "linear", "square-root"]
    assert best_of(rows) == "power-law"
    assert [row["model"] for row in rows if row["p_against_best"] is None] == ["power-law"]
    assert rows[0]["p_against_best"] < 0.01
    by_name = {row["model"]: row for row in rows}
    assert by_name["power-law"]["bic"] < by_name["square-root"]["bic"] < by_name["half-spread"]["bic"]
    assert by_name["power-law"]["skill"]["skill"] == pytest.approx(1.0, abs=1e-4)


def test_a_model_that_orders_cannot_tell_says_why_and_the_rest_stand():
    rows = fit_ladder(made_orders(1, 600, 20, sizes=(0.01, 0.0101)), True, draws=50)
    by_name = {row["model"]: row for row in rows}
    assert "nearly one size" in by_name["power-law"]["reason"]
    assert by_name["square-root"]["loss"] > 0.0
    with pytest.raises(DataError, match="no model can be fitted"):
        best_of([{"model": "linear", "reason": "all alike"}])


# --- residuals ------------------------------------------------------------------------------------------------------


def test_every_order_is_in_one_bucket_of_each_table():
    count = 900
    sample = made_orders(
        3,
        count,
        30,
        labels={"algo": [f"A{row % 20}" for row in range(count)], "parent_id": [str(row) for row in range(count)]},
        measures={"hours_since_open": np.where(np.arange(count) % 9 == 0, np.nan, np.arange(count) % 7)},
    )
    tables = residual_tables(fit_impact(sample, "square-root", draws=2))
    assert {"size", "participation", "volatility", "half_spread", "side", "algo", "hours_since_open"} <= tables.keys()
    assert "parent_id" not in tables
    for rows in tables.values():
        assert sum(row["orders"] for row in rows) == count
    assert tables["algo"][-1]["bucket"] == "all others"
    assert tables["hours_since_open"][-1]["bucket"] == "unknown"
    assert [row["bucket"] for row in sorted(tables["side"], key=lambda row: row["bucket"])] == ["buy", "sell"]


def test_a_wrong_law_shows_in_the_buckets_of_size():
    sample = made_orders(4, 20_000, 200, same_day=0.0, prefactor=3.0)
    right = residual_tables(fit_impact(sample, "square-root", draws=2))["size"]
    wrong = residual_tables(fit_impact(sample, "linear", draws=2))["size"]
    assert max(abs(row["z"]) for row in right) < 3.5
    assert max(abs(row["z"]) for row in wrong) > 6.0
    # A line says too much of the largest orders.
    assert wrong[-1]["residual_bps"] < 0.0


def test_chance_of_twice_the_size_is_seen(fit):
    found = surprise_checks(fit)
    assert found["sd"] == pytest.approx(1.0, abs=0.05)
    assert found["within_95"] == pytest.approx(0.95, abs=0.02)
    louder = with_cost(fit.sample, fit.predicted_bps + 2.0 * (fit.sample.cost_bps - fit.predicted_bps))
    assert surprise_checks(fit_impact(louder, "square-root", draws=2))["sd"] == pytest.approx(2.0, abs=0.1)


# --- stability ------------------------------------------------------------------------------------------------------


def test_a_change_of_impact_is_dated(fit):
    late = fit.sample.day >= 40
    extra = np.where(late, 1.5, 0.0) * 1e4 * fit.sample.facts.volatility_daily * fit.sample.facts.quantity_adv**0.5
    changed = fit_impact(with_cost(fit.sample, fit.sample.cost_bps + extra), "square-root", draws=2)
    found = drift_of_level(changed)
    assert found["p_value"] < 0.001
    assert found["before"] == "lower"
    assert abs(fit.sample.days.index(found["date"]) - 39) <= 6
    levels = [row["level"] for row in level_by_window(changed)]
    assert max(levels[:5]) < min(levels[7:])
    assert drift_of_level(fit)["p_value"] > 0.05
    assert len(level_by_window(fit)) == 12
    assert sum(row["orders"] for row in level_by_window(fit)) == len(fit.sample)


# --- influence ------------------------------------------------------------------------------------------------------


def test_the_day_and_the_order_that_decide_are_named(fit):
    odd = int(np.flatnonzero(fit.sample.day == 17)[0])
    names = [f"P{row}" for row in range(len(fit.sample))]
    cost = fit.sample.cost_bps.copy()
    cost[odd] += 200.0 * fit.sample.noise_bps[odd]
    spoilt = fit_impact(
        replace(with_cost(fit.sample, cost), labels={"parent_id": np.array(names, object)}), "square-root", draws=100
    )
    assert heavy_orders(spoilt)[0]["parent_id"] == f"P{odd}"
    day = without_each_day(spoilt)[0]
    assert day["date"] == fit.sample.days[17]
    alone = fit_impact(spoilt.sample.take(spoilt.sample.day != 17), "square-root", draws=2)
    assert list(day["without_it"].values()) == pytest.approx(alone.values)
    clean, found = fit.values[0], without_outliers(spoilt)
    assert abs(found["huber"]["prefactor"] - clean) < 0.2 * abs(found["raw"]["prefactor"] - clean)
    assert abs(found["winsorised"]["prefactor"] - clean) < 0.2 * abs(found["raw"]["prefactor"] - clean)


def test_without_outliers_the_three_agree(fit):
    found = without_outliers(fit)
    for name in ("winsorised", "huber"):
        assert found[name]["prefactor"] == pytest.approx(fit.values[0], abs=fit.standard_error("prefactor"))


# --- controls and selection -----------------------------------------------------------------------------------------


def test_controls_are_empty_of_impact_and_impact_is_not(fit, noise):
    for name in ("signs", "time"):
        found = null_controls(fit)[name]
        assert found["ci"][0] < 0.0 < found["ci"][1]
        assert found["observed"] > found["ci"][1]
        assert found["p_value"] < 0.01
        assert null_controls(noise)[name]["p_value"] > 0.05
    assert null_controls(fit_impact(fit.sample, "half-spread", draws=2)) == {}


def test_orders_that_were_chosen_are_seen(fit):
    count = len(fit.sample)
    flag, drift = np.arange(count) % 4 == 0, np.random.default_rng(1).normal(0.0, 30.0, count)
    cost = fit.sample.cost_bps - 25.0 * flag + 0.5 * drift
    marked = replace(with_cost(fit.sample, cost), flags={"cancelled": flag}, measures={"drift_bps": drift})
    found = selection_checks(fit_impact(marked, "square-root", draws=2))
    assert found["cancelled"]["difference_bps"] == pytest.approx(-25.0, abs=3.0 * found["cancelled"]["se_bps"])
    assert found["cancelled"]["p_value"] < 0.001
    assert found["drift_bps"]["slope"] == pytest.approx(0.5, abs=0.15)
    unmarked = replace(fit.sample, flags={"cancelled": flag}, measures={"drift_bps": drift})
    quiet = selection_checks(fit_impact(unmarked, "square-root", draws=2))
    assert all(row["p_value"] > 0.01 for row in quiet.values())
    few = replace(fit.sample, flags={"cancelled": np.arange(count) < 3})
    assert selection_checks(fit_impact(few, "square-root", draws=2)) == {}


# --- warnings -------------------------------------------------------------------------------------------------------


def test_too_little_is_told_with_how_much_is_needed():
    small = fit_impact(made_orders(1, 300, 20, sizes=(0.01, 0.05)), "power-law", draws=100)
    told = " | ".join(sufficiency_warnings(small))
    assert "the errors rest on 20 days: with fewer than 40" in told
    assert "takes" in told
    assert "an exponent needs 10 times or more" in told
    large = fit_impact(made_orders(1, 30_000, 250, sizes=(1e-4, 0.1), same_day=0.05), "square-root", draws=100)
    assert sufficiency_warnings(large) == []


def test_what_it_takes_does_not_depend_on_how_many_there_are():
    found = []
    for seed in range(3):
        for more in (1, 3):
            sample = made_orders(seed, 2_000 * more, 100 * more, same_day=0.0)
            found.append(orders_needed(fit_impact(sample, "square-root", draws=300)))
    # The prefactor that it is a share of is itself known to a fifth only.
    assert max(found) < 3.0 * min(found)
    assert 1_000 < np.median(found) < 4_000


def test_all_of_it_is_json_and_says_what_is_wrong():
    sample = made_orders(1, 600, 30, prefactor=0.0, noise=1.0)
    loud = with_cost(sample, 3.0 * sample.cost_bps)
    found = diagnose(fit_impact(loud, "power-law", draws=100), draws=100)
    json.dumps(found)
    told = " | ".join(found["warnings"])
    assert "times as much as timing risk says: bands of single orders are too narrow" in told
    assert "the model is not shown to say costs better than half spreads alone do" in told
