"""Backtests with a model of impact: what is scaled by what, what is told of it, and under which impact it pays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.impact.replay_impact import NOT_IDENTIFIED
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml, expand
from tcakit.jobs.backtest_plan import plan_parents
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.impact_met import ImpactMet, impact_lines
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.impact_scenarios import break_even, impact_scenarios
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.lookahead import lookahead
from tcakit.jobs.symbol_facts import symbol_facts
from tcakit.replay.impact_result import ImpactCost
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAYS = ("2026-03-03", "2026-03-04")
MODEL = "obizhaeva-wang,transient=20,half_life=0.05,permanent=4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two days of one symbol, and the desk's blotter."""
    folder = tmp_path_factory.mktemp("impact") / "store"
    days = [str(SAMPLE / "lobster" / f"ALFA_{date}_34200000_57600000_5.zip") for date in DAYS]
    ingest(folder, IngestRequest([*days, str(SAMPLE / "blotter")]))
    return folder


def config_of(impact: ImpactRules | None, algo: str = "pov:10", date: str = DAYS[1], **more: Any) -> BacktestConfig:
    times = {"start": more.pop("start", "10:00"), "end": more.pop("end", "10:20"), "limit": None}
    parents = expand(["ALFA"], ["buy"], [1_000.0], [parse_algorithm(algo)], [date], **times)
    return BacktestConfig(parents=tuple(parents), impact=impact, **more)


def scaled(folder: Path, rules: ImpactRules, date: str = DAYS[1], **more: Any) -> Any:
    store, config = Store(folder), config_of(rules, date=date, **more)
    planned = plan_parents(store, config)
    set_impact(store, rules, planned)
    return planned[0]


def test_impact_makes_a_run_dearer_and_says_what_it_did(folder: Path) -> None:
    plain, moved = (backtest(folder, config_of(rules)) for rules in (None, ImpactRules(MODEL)))
    assert plain["run_id"] != moved["run_id"]
    cost = {run["run_id"]: run["parents"][0]["shortfall_bps_of_paper"] for run in (plain, moved)}
    assert cost[moved["run_id"]] > cost[plain["run_id"]] + 1.0
    assert any("history does not react" in note for note in plain["notes"])
    notes = "\n".join(moved["notes"])
    assert "history does not react" not in notes
    assert f"impact: {MODEL}; layers ledger, transient, permanent; passive fills count 0.5" in notes
    assert "impact of ALFA-2026-03-04-buy-pov:10-1: transient shift +" in notes
    assert NOT_IDENTIFIED in notes
    assert backtest(folder, config_of(ImpactRules(MODEL)))["stored_before"]
    other = backtest(folder, config_of(ImpactRules(MODEL, layers=("ledger", "permanent"))))
    assert other["run_id"] != moved["run_id"]
    assert "transient shift +0.00 bps" in "\n".join(other["notes"])


def test_no_impact_fills_as_without_a_model(folder: Path) -> None:
    none = ImpactRules("linear,coefficient=0")
    plain, moved = (backtest(folder, config_of(rules))["parents"][0] for rules in (None, none))
    same = ("filled_shares", "average_price", "shortfall_bps_of_paper", "fills", "maker_fraction")
    assert {name: plain[name] for name in same} == {name: moved[name] for name in same}


def test_the_model_is_scaled_by_earlier_days_alone(folder: Path) -> None:
    model = ImpactRules("linear,coefficient=1")
    second, first = (scaled(folder, model, date) for date in reversed(DAYS))
    assert "(of 1 earlier stored day)" in second.impact_notes[0]
    assert f"ALFA is known from 1 earlier day ({DAYS[0]}, of 20 asked for)" in second.impact_notes
    assert "of the day itself, as no earlier one tells it: known only when it is over" in first.impact_notes[0]
    assert any("nobody knew them while it lasted" in note for note in first.impact_notes)
    facts = symbol_facts(Store(folder), "ALFA", DAYS[1])
    # The first day's volume and volatility scale both; only the price is another one.
    prices = [float(plan.impact_notes[0].rpartition("price ")[2]) for plan in (first, second)]
    assert second.impact.permanent / first.impact.permanent == pytest.approx(prices[1] / prices[0], rel=1e-4)
    scale = facts.volatility_daily * prices[1] / facts.adv_shares
    assert second.impact.permanent == pytest.approx(scale, rel=1e-4)
    given = scaled(folder, replace(model, daily_volume=1e6, daily_volatility=0.02))
    assert given.impact.permanent == pytest.approx(0.02 * prices[1] / 1e6, rel=1e-4)
    assert "(as given)" in given.impact_notes[0]


def test_what_is_not_known_is_asked_for(folder: Path, tmp_path: Path) -> None:
    quotes = tmp_path / "store"
    ingest(quotes, IngestRequest([str(SAMPLE / "csv" / f"ALFA_{DAYS[1]}_quotes.csv.gz")]))
    with pytest.raises(DataError, match="daily volume of ALFA is not known") as caught:
        scaled(quotes, ImpactRules("linear,coefficient=1"), start=None, end=None)
    assert "--daily-volume" in str(caught.value.remedy)
    given = ImpactRules("linear,coefficient=1", daily_volume=1e6)
    assert scaled(quotes, given, start=None, end=None).impact.permanent > 0.0


def test_the_firms_own_fills_are_those_of_the_symbol_and_day(folder: Path) -> None:
    plan = scaled(folder, ImpactRules(MODEL, own_fills=True))
    fills = load_blotter(Store(folder)).fills
    mine = [row for row in fills.iter_rows(named=True) if (row["symbol"], row["date"]) == ("ALFA", DAYS[1])]
    assert len(mine) == len(plan.impact.own_fills) > 10
    signed = sum(row["side"] * row["quantity"] / row["size_scale"] for row in mine)
    assert sum(shares for _, shares in plan.impact.own_fills) == pytest.approx(signed)
    assert f"{len(mine):,} of the firm's own fills" in plan.impact_notes[-1]


def test_nobody_looks_ahead_with_impact(folder: Path) -> None:
    rules = ImpactRules(MODEL, refill_ns=20_000_000_000)
    assert lookahead(folder, config_of(rules, "passive-aggressive:10s"), times=3)["calls"] > 0


# --- scenarios ----------------------------------------------------------------------------------------------------


def test_an_order_stops_paying_where_it_costs_its_alpha(folder: Path) -> None:
    rules = ImpactRules(MODEL, standard_error=0.1, alpha_bps=20.0)
    config = config_of(rules)
    told = impact_scenarios(folder, config)
    assert [(row["name"], row["multiplier"]) for row in told["scenarios"]] == [
        ("none", 0.0),
        ("2 standard errors less", 0.8),
        ("as given", 1.0),
        ("2 standard errors more", 1.2),
        ("twice", 2.0),
    ]
    costs = [row["value"] for row in told["scenarios"]]
    assert costs == sorted(costs)
    fitted = backtest(folder, config)["parents"][0]["shortfall_bps_of_paper"]
    assert costs[2] == pytest.approx(fitted, abs=1e-9)
    even = told["break_even"]
    assert 0.5 < even < 16.0
    # To either side of it the order pays, and does not.
    around = [
        impact_scenarios(folder, replace(config, impact=replace(rules, model=_times(even * factor))))["scenarios"]
        for factor in (0.9, 1.1)
    ]
    assert around[0][2]["value"] < 20.0 < around[1][2]["value"]


def _times(factor: float) -> str:
    return f"obizhaeva-wang,transient={20 * factor},half_life=0.05,permanent={4 * factor}"


def test_without_alpha_nothing_is_said_of_when_an_order_pays(folder: Path) -> None:
    told = impact_scenarios(folder, config_of(ImpactRules(MODEL)))
    assert told["break_even"] is None
    assert "--alpha-bps" in told["break_even_note"]
    assert any("--impact-se" in note for note in told["notes"])
    assert len(told["scenarios"]) == 3


def test_a_market_maker_stops_paying_where_it_earns_nothing(folder: Path) -> None:
    told = impact_scenarios(folder, config_of(ImpactRules(MODEL), "market-maker:300"))
    assert told["measure"] == "earned"
    assert told["scenarios"][0]["value"] != told["scenarios"][2]["value"]
    assert told["break_even"] is None or told["break_even"] >= 0.0


@pytest.mark.parametrize(
    ("pays_up_to", "found"), [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0), (5.3, 5.3), (16.0, 16.0), (17.0, None)]
)
def test_the_break_even_is_found_by_halving(pays_up_to: float, found: float | None) -> None:
    even, words = break_even(lambda multiplier: pays_up_to - multiplier)
    assert (even is None) if found is None else even == pytest.approx(found, rel=0.04)
    assert "pay" in words


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (config_of(None), "no impact to vary"),
        (config_of(None, engine="bars"), "no impact to vary"),
        (config_of(ImpactRules("square-root")), "law of whole orders"),
        (config_of(ImpactRules(MODEL), fills="whole"), "walk no book"),
        (config_of(ImpactRules(MODEL, refill_ns=5, layers=("transient",))), None),
    ],
)
def test_what_cannot_be_varied_is_refused(folder: Path, config: BacktestConfig, said: str | None) -> None:
    if said is None:
        assert impact_scenarios(folder, config)["scenarios"]
        return
    with pytest.raises(UsageError, match=said):
        impact_scenarios(folder, config)


# --- what is too large ----------------------------------------------------------------------------------------------


def test_parents_too_large_for_the_model_are_named() -> None:
    cost = ImpactCost(1.0, 0.5, 0.25, -0.05, 12.0)
    small = ImpactMet("small", cost, 10_000.0, 0.09, 2.9, 0.9)
    large = ImpactMet("large", cost, 10_000.0, 0.11, 3.1, 1.1)
    unknown = ImpactMet("unknown", cost, 0.0, None, None, None)
    assert len(impact_lines([small, unknown])) == 2
    lines = impact_lines([small, large, large])
    assert lines[0] == (
        "impact of small: transient shift +1.00 bps, permanent +0.50, own push +0.25, ticks -0.05 of what was traded; "
        "the ledger withheld 12 displayed"
    )
    told = [line for line in lines if line.startswith("beyond what")]
    assert [line.rpartition("(")[2] for line in told] == ["large and 1 more)"] * 3
    assert "impact of all 25 parents: +1.70 bps" in impact_lines([small] * 25)


# --- files ------------------------------------------------------------------------------------------------------------

PARENT = '[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 100\nalgo = "twap"\n'


def read(tmp_path: Path, text: str) -> BacktestConfig:
    path = tmp_path / "impact.toml"
    path.write_text(text)
    return config_from_toml(path)


def test_a_file_says_what_the_rules_are(tmp_path: Path) -> None:
    table = (
        f'[impact]\nmodel = "{MODEL}"\nlayers = ["ledger", "transient"]\npassive_weight = 0.25\nrefill = "30s"\n'
        "standard_error = 0.1\nalpha_bps = 3\ndaily_volume = 2e6\ndaily_volatility = 0.02\nown_fills = true\n"
    )
    found = read(tmp_path, table + PARENT).impact
    assert found == ImpactRules(MODEL, ("ledger", "transient"), 0.25, 30_000_000_000, 0.1, 3, 2e6, 0.02, own_fills=True)
    assert read(tmp_path, PARENT).impact is None
    one = read(tmp_path, f'[impact]\nmodel = "{MODEL}"\nlayers = "permanent"\n' + PARENT).impact
    assert one == ImpactRules(MODEL, ("permanent",))


@pytest.mark.parametrize(
    ("table", "places"),
    [
        ("[impact]\nalpha_bps = 3\n", ["[impact]"]),
        ('[impact]\nmodel = "obizhaeva-wan"\n', ["[impact].model"]),
        (f'[impact]\nmodel = "{MODEL}"\nlayers = ["leger"]\n', ["[impact].layers"]),
        (f'[impact]\nmodel = "{MODEL}"\npassive_weight = 2\n', ["[impact].passive_weight"]),
        (f'[impact]\nmodel = "{MODEL}"\nrefill = "0s"\n', ["[impact].refill"]),
        (f'[backtest]\nengine = "bars"\n[impact]\nmodel = "{MODEL}"\n', ["[impact]"]),
    ],
)  # fmt: skip
def test_mistakes_of_a_file_are_told_with_their_places(tmp_path: Path, table: str, places: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, table + PARENT)
    assert [place.rpartition(" ")[2] for place, _, _ in caught.value.mistakes] == places
