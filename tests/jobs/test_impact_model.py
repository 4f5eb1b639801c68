"""The model of impact of a backtest: a stored fit in place of a name, what is known of its error, and the rate at which
a concave one is made linear."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.impact.contract import parse_model
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml, expand
from tcakit.jobs.backtest_plan import Planned, plan_parents
from tcakit.jobs.impact_planned import expected_flow, set_impact
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.impact_scenarios import impact_scenarios
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.store.database import Store
from tcakit.store.fits import put_fit

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAYS = ("2026-03-03", "2026-03-04")
GIVEN: dict[str, Any] = {"daily_volume": 2e6, "daily_volatility": 0.02}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("impact-model") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / f"ALFA_{DAYS[1]}_34200000_57600000_5.zip")]))
    return folder


@pytest.fixture
def store(ingested: Path, tmp_path: Path) -> Store:
    """A store of one day, and no fits: facts of the symbol are given."""
    return Store(Path(shutil.copytree(ingested, tmp_path / "store")))


def planned(
    store: Store, rules: ImpactRules, together: bool = False, sides: tuple[str, ...] = ("buy",)
) -> list[Planned]:
    config = config_of(rules, sides)
    found = plan_parents(store, config)
    set_impact(store, rules, found, together)
    return found


def config_of(rules: ImpactRules, sides: tuple[str, ...] = ("buy",)) -> BacktestConfig:
    times = {"start": "10:00", "end": "11:00", "limit": None}
    parents = [
        parent
        for side in sides
        for parent in expand(["ALFA"], [side], [1_000.0], [parse_algorithm("twap")], [DAYS[1]], **times)
    ]
    return BacktestConfig(parents=tuple(parents), impact=rules)


def keep(
    store: Store, fit_id: str, date_to: str, created_ns: int, fitted: FittedModel, symbol: str | None = "ALFA"
) -> None:
    row = {"fit_id": fit_id, "kind": "impact", "model": fitted.model, "source": fitted.source, "symbol": symbol}
    dates = {"date_from": "2026-03-02", "date_to": date_to, "created_ns": created_ns}
    told = {"fitted": fitted.as_dict(), "diagnostics": {}, "data_keys": [], "versions": {}}
    put_fit(store, row | dates | told)


def book(transient: float, draws: tuple[float, ...] = ()) -> FittedModel:
    columns = np.array([[value, 0.05] for value in draws]).reshape(-1, 2)
    return FittedModel("obizhaeva-wang", ("transient", "half_life"), (transient, 0.05), columns)


LAW = FittedModel("square-root", ("prefactor",), (0.7,), np.empty((0, 1)))


# --- fits in place of names -------------------------------------------------------------------------------------------


def test_the_latest_fit_is_one_that_was_known_and_that_a_replay_can_have(store: Store) -> None:
    keep(store, "aaaa", DAYS[0], 1, book(1.0))
    keep(store, "bbbb", DAYS[0], 2, book(2.0))
    keep(store, "cccc", DAYS[1], 3, book(3.0))  # rests on the replayed day
    keep(store, "dddd", DAYS[0], 4, LAW)
    keep(store, "eeee", DAYS[0], 5, book(5.0), symbol="BRVO")
    keep(store, "ffff", DAYS[0], 6, book(6.0), symbol=None)
    (plan,) = planned(store, ImpactRules("fit:latest", **GIVEN))
    (named,) = planned(store, ImpactRules("obizhaeva-wang,transient=2,half_life=0.05", **GIVEN))
    assert plan.impact == named.impact
    assert plan.impact_notes[0] == (
        f"ALFA {DAYS[1]}: impact of fit bbbb (obizhaeva-wang, own-fills, 2026-03-02 to {DAYS[0]}): "
        "transient 2, half_life 0.05, permanent 0"
    )
    assert not any("LOOKS AHEAD" in note for note in plan.impact_notes)


def test_a_fit_by_its_id_may_look_ahead_and_says_so(store: Store) -> None:
    keep(store, "cccc", DAYS[1], 3, book(3.0), symbol="BRVO")
    (plan,) = planned(store, ImpactRules("fit:cc", **GIVEN))
    assert f"LOOKS AHEAD: fit cccc rests on days up to {DAYS[1]}, which nobody knew on {DAYS[1]}" in plan.impact_notes
    assert "fit cccc is of BRVO, not of ALFA" in plan.impact_notes


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("fit:latest", "no fit of impact of ALFA that a replay can have rests on days before 2026-03-04"),
        ("fit:zz", "no fit called 'zz'"),
        ("fit:dd", "square-root is a law of whole orders: it says nothing of how impact fades"),
        ("square-root", "it says nothing of how impact fades"),
    ],
)
def test_what_no_replay_can_have_is_refused(store: Store, model: str, said: str) -> None:
    keep(store, "cccc", DAYS[1], 3, book(3.0))
    keep(store, "dddd", DAYS[0], 4, LAW)
    with pytest.raises(UsageError, match=said):
        planned(store, ImpactRules(model, **GIVEN))


def test_a_file_may_name_a_fit(tmp_path: Path) -> None:
    path = tmp_path / "impact.toml"
    parent = '[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 100\nalgo = "twap"\n'
    path.write_text('[impact]\nmodel = "fit:latest"\n' + parent)
    assert config_from_toml(path).impact == ImpactRules("fit:latest")


def test_the_error_of_a_fit_is_that_of_what_it_says_of_the_order(store: Store) -> None:
    """Cost is in proportion to `transient`: the error of the cost is the one of the draws."""
    draws = (1.7, 1.9, 2.0, 2.2, 2.3)
    keep(store, "aaaa", DAYS[0], 1, book(2.0, draws))
    rules = ImpactRules("fit:latest", **GIVEN)
    (plan,) = planned(store, rules)
    error = float(np.std(draws, ddof=1)) / 2.0
    assert plan.impact_error == pytest.approx(error)
    told = impact_scenarios(store.folder, config_of(rules))
    names = {row["name"]: row["multiplier"] for row in told["scenarios"]}
    assert names["2 standard errors less"] == pytest.approx(1.0 - 2.0 * error)
    assert names["2 standard errors more"] == pytest.approx(1.0 + 2.0 * error)
    assert any(f"a standard error is {error:.1%} of the impact" in note for note in told["notes"])
    given = impact_scenarios(store.folder, config_of(replace(rules, standard_error=0.25)))
    assert [row["multiplier"] for row in given["scenarios"]] == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_nothing_is_made_up_of_the_error_of_a_fit_without_draws(store: Store) -> None:
    keep(store, "aaaa", DAYS[0], 1, book(2.0))
    (plan,) = planned(store, ImpactRules("fit:latest", **GIVEN))
    assert plan.impact_error is None


# --- where a concave one is made linear -------------------------------------------------------------------------------

CONCAVE = ImpactRules("propagator,prefactor=1,lag_scale=0.01", **GIVEN)


def test_parents_that_share_a_market_share_its_participation(store: Store) -> None:
    (alone,) = planned(store, CONCAVE)
    both = planned(store, CONCAVE, together=True, sides=("buy", "buy"))
    assert both[0].impact == both[1].impact
    assert alone.impact is not None
    assert both[0].impact is not None
    # Twice the rate, to the power of a half less one.
    assert both[0].impact.jump / alone.impact.jump == pytest.approx(2.0**-0.5)
    assert any("its 2 parents share one impact, for a joint participation" in note for note in both[0].impact_notes)
    apart = planned(store, CONCAVE, sides=("buy", "buy"))
    assert [plan.impact for plan in apart] == [alone.impact] * 2
    opposed = planned(store, CONCAVE, together=True, sides=("buy", "sell"))
    assert opposed[0].impact == opposed[1].impact == alone.impact


def test_windows_that_do_not_overlap_do_not_add_up(store: Store) -> None:
    first, second = planned(store, CONCAVE, sides=("buy", "buy"))
    length = first.parent.end_ns - first.parent.start_ns
    later = replace(
        second, parent=replace(second.parent, start_ns=first.parent.end_ns, end_ns=first.parent.end_ns + length)
    )
    alone, joint = expected_flow([first], 2e6), expected_flow([first, later], 2e6)
    assert joint.participation == pytest.approx(alone.participation)
    assert joint.duration == pytest.approx(2.0 * alone.duration)
    assert expected_flow([first, second], 2e6).participation == pytest.approx(2.0 * alone.participation)


@pytest.mark.parametrize("half_life", [0.001, 0.05, 1e6])
@pytest.mark.parametrize("concavity", [0.5, 0.8, 1.0])
def test_a_concave_book_is_exact_at_the_end_of_the_expected_order(
    store: Store, half_life: float, concavity: float
) -> None:
    """At a constant rate the linear one ends where the model does, whether it fades at once or never."""
    text = f"alfonsi-fruth-schied,prefactor=0.9,half_life={half_life},concavity={concavity}"
    (plan,) = planned(store, ImpactRules(text, **GIVEN))
    made = plan.impact
    assert made is not None
    flow = expected_flow([plan], 2e6)
    facts = OrderFacts.of(
        quantity_adv=flow.participation * flow.duration, duration=flow.duration, volatility_daily=0.02
    )
    peak = float(parse_model(text).peak_bps(facts)[0]) / 1e4
    session_ns = plan.close_ns - plan.open_ns
    length = flow.duration * session_ns
    rate = flow.participation * 2e6 / session_ns
    moved = made.weights[0] * rate * -np.expm1(-made.rates[0] * length) / made.rates[0]
    price = float(next(note for note in plan.impact_notes if "price" in note).rpartition("price ")[2])
    assert moved / price == pytest.approx(peak, rel=1e-4)
    assert any("made linear" in note for note in made.notes) is (concavity < 1.0)
