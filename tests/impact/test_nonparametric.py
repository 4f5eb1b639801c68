"""Models without a law win where the law misses something, and lose where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_orders import made_orders

from tcakit.impact import nonparametric
from tcakit.impact.fit_impact import fit_impact
from tcakit.impact.held_out import day_blocks, held_out
from tcakit.impact.nonparametric import LEARNERS, held_out_learner, nonparametric_rows

QUICK = ["support-vectors", "neural-network", "monotone-boosting"]


@pytest.fixture(autouse=True)
def _few_networks(monkeypatch):
    monkeypatch.setattr(nonparametric, "_NETWORKS", 3)


@pytest.fixture(scope="module")
def lawful():
    return fit_impact(made_orders(1, 1_500, 60), "square-root", draws=2)


def test_no_learner_wins_against_the_law_that_made_the_orders(lawful):
    rows = nonparametric_rows(lawful, draws=200)
    assert [row["model"] for row in rows] == list(LEARNERS)
    for row in rows:
        assert not row["wins"], row
        assert row["skill"]["skill"] < 0.01
        assert row["law_loss"] == pytest.approx(np.mean(held_out(lawful.problem, lawful.sums).losses))


def test_what_the_law_misses_is_learned():
    sample = made_orders(2, 1_500, 60, noise=0.4)
    hidden = 60.0 * (sample.facts.volatility_daily > 0.022) * (sample.facts.participation > 0.03)
    fit = fit_impact(replace(sample, cost_bps=sample.cost_bps + hidden), "square-root", draws=2)
    for row in nonparametric_rows(fit, draws=200):
        assert row["wins"], row


@pytest.mark.parametrize("name", QUICK)
def test_a_block_is_said_without_its_own_costs(lawful, name):
    block = day_blocks(lawful.sample)
    moved = lawful.sample.cost_bps + np.where(block == 1, 300.0, 0.0)
    other = fit_impact(replace(lawful.sample, cost_bps=moved), "square-root", draws=2)
    before, after = held_out_learner(lawful, name), held_out_learner(other, name)
    assert after[block == 1] == pytest.approx(before[block == 1])
    assert not np.allclose(after[block == 2], before[block == 2])


def test_boosted_costs_never_fall_with_size(lawful):
    sample = lawful.sample
    one = sample.take(np.zeros(40, np.int64))
    sizes = np.geomspace(1e-3, 0.1, 40)
    grid = replace(one, facts=replace(one.facts, quantity_adv=sizes))
    said = nonparametric._learned("monotone-boosting", 0, sample, lawful.predicted_bps, grid, np.zeros(40))
    assert (np.diff(said) >= 0.0).all()
    assert said[-1] > said[0]


def test_unknown_facts_are_taken_as_ordinary(lawful):
    facts = replace(lawful.sample.facts, half_spread_bps=np.full(1_500, np.nan))
    fit = fit_impact(replace(lawful.sample, facts=facts), "square-root", draws=2)
    assert np.isfinite(held_out_learner(fit, "support-vectors")).all()
