"""Stored days scored against each other: floors, nulls with their reasons, the page and the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from stored_tapes import put_days
from typer.testing import CliRunner

from tcakit.cli.main import application
from tcakit.errors import UsageError
from tcakit.jobs.simulate import simulate_run
from tcakit.jobs.simulate_score import ScoreRequest, simulate_score
from tcakit.report.score_page import GROUPS, render_score, slug
from tcakit.simulator.sample_market import sample_market
from tcakit.simulator.scores.conditions import CONDITIONS
from tcakit.simulator.scores.quantities import FURTHER, QUANTITIES
from tcakit.simulator.scores.responses import KINDS

DATE, NEXT = "2026-03-03", "2026-03-04"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two symbols of unlike flow, one of them on two days."""
    folder = tmp_path_factory.mktemp("scored") / "store"
    for symbol, date, seed, like in (("ALFA", DATE, 1, "alfa"), ("ALFA", NEXT, 2, "alfa"), ("BRVO", DATE, 3, "brvo")):
        simulate_run(folder, symbol, date, seed, sample_market(like, events=28_000))
    return folder


@pytest.fixture(scope="module")
def scored(store: Path) -> dict[str, Any]:
    return simulate_score(store, ScoreRequest("BRVO", None, "ALFA", DATE, floor_date=NEXT))


def test_every_score_stands_beside_its_floor(scored: dict[str, Any]) -> None:
    assert json.loads(json.dumps(scored, allow_nan=False)) == scored
    names = [row["name"] for row in scored["scores"]]
    assert names == [one.name for one in (*QUANTITIES, *FURTHER, *CONDITIONS)]
    assert (len(QUANTITIES), len(CONDITIONS), len(KINDS)) == (21, 3, 6)
    for row in scored["scores"]:
        assert row["reason"] is None
        for name in ("total_variation", "wasserstein"):
            part = row[name]
            assert part["ratio"] == pytest.approx(part["value"] / part["floor"])
            assert part["low"] <= part["high"]
    assert scored["floor"] == f"{DATE} and {NEXT}"


def test_another_flow_is_farther_than_another_day(scored: dict[str, Any]) -> None:
    by_name = {row["name"]: row for row in scored["scores"]}
    assert by_name["spread"]["total_variation"]["ratio"] > 2.0
    median = scored["averages"]["total_variation"]["median"]
    assert median["low"] <= median["value"] <= median["high"]
    assert median["ratio"] > 1.0
    assert any("median total variation of 21 distributions" in words for words in scored["told"])


def test_a_day_is_nothing_from_itself(store: Path) -> None:
    found = simulate_score(store, ScoreRequest("ALFA", DATE))
    assert found["told"] == ["the day is compared with itself, and is nothing away: only the floor says something"]
    for row in found["scores"]:
        for name in ("total_variation", "wasserstein"):
            assert row[name]["value"] == 0.0
    assert found["responses"]["score"]["value"] == 0.0
    assert all(row["gap"] in (0.0, None) for row in found["facts"])
    assert found["floor"] == "first half against second half of the real day"
    assert any("hours differ" in words for words in found["notes"])
    by_name = {row["name"]: row for row in found["scores"]}
    assert by_name["spread | time"]["total_variation"]["floor"] is None
    assert "bins that only one of them has" in by_name["spread | time"]["floor_reason"]


def test_the_same_seed_gives_the_same(store: Path, scored: dict[str, Any]) -> None:
    again = simulate_score(store, ScoreRequest("BRVO", None, "ALFA", DATE, floor_date=NEXT))
    assert {**again, "seconds": 0} == {**scored, "seconds": 0}


def test_the_page_holds_every_curve_and_every_number(scored: dict[str, Any]) -> None:
    page = render_score(scored)
    payload = re.search(r'id="report-data">(.*?)</script>', page)
    assert payload
    figures = json.loads(payload[1])["figures"]
    expected = {"floor", "divergence-total-variation", "divergence-wasserstein"}
    expected |= {f"score-{slug(row['name'])}" for row in scored["scores"]}
    expected |= {f"response-{slug(kind)}" for kind in KINDS}
    expected |= {f"curve-{slug(row['name'])}" for row in scored["curves"]}
    assert set(figures) == expected
    assert all(f'id="chart-{name}"' in page for name in figures)
    for name, figure in figures.items():
        assert len(figure["data"]) == 2, name
    for row in scored["scores"]:
        assert row["label"] in page
        assert f"{row['total_variation']['value']:.3f}" in page
    assert all(heading in page for heading in GROUPS.values())
    assert not re.search(r"<(?:script|link|img)[^>]*\s(?:src|href)=", page)


def test_names_on_the_page_are_text(scored: dict[str, Any]) -> None:
    evil = "<script>alert(1)</script>"
    assert evil not in render_score(scored | {"made": scored["made"] | {"symbol": evil}, "notes": [evil]})


def test_quotes_alone_give_what_they_can_and_say_the_rest(tmp_path: Path, store: Path) -> None:
    put_days(tmp_path, [DATE, NEXT], session_s=4_000)
    found = simulate_score(tmp_path / "store", ScoreRequest("ALFA", NEXT, "ALFA", DATE, out=tmp_path / "page.html"))
    assert found["levels"] == 1
    by_name = {row["name"]: row for row in found["scores"]}
    assert by_name["spread"]["reason"] is None
    # One spread all day has no deviation to measure a distance by.
    assert by_name["spread"]["total_variation"]["value"] == 0.0
    assert by_name["spread"]["wasserstein"] is None
    assert by_name["ofi"]["total_variation"]["value"] < 0.3
    assert by_name["vol_per_min"]["total_variation"] is not None
    assert by_name["log_time_to_cancel"]["reason"] == "the recording names no single orders"
    assert "2 or more are needed" in by_name["ask_volume"]["reason"]
    assert found["responses"]["reason"] == "the recording names no single orders"
    reasons = {row["name"]: row["real"]["reason"] for row in found["facts"]}
    assert reasons["cancel_share"] == "the recording names no single orders"
    assert reasons["sign_exponent"] == "signs of trades are not alike over any lags"
    assert any("names no orders" in words for words in found["notes"])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "not known: the recording names no single orders" in page
    assert "chart-response" not in page


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (ScoreRequest("ALFA", DATE, "ALFS", None), "--against"),
        (ScoreRequest("ALFA", DATE, "ALFA", None), "--against-date"),
        (ScoreRequest("ALFA", DATE, "ALFA", DATE, floor_date=DATE), "--floor"),
        (ScoreRequest("ALFA", DATE, "BRVO", DATE, out=Path("page.txt")), "--out"),
    ],
)
def test_what_is_not_there_is_named(store: Path, request_: ScoreRequest, place: str) -> None:
    with pytest.raises(UsageError) as error:
        simulate_score(store, request_)
    assert error.value.place == place


def test_the_command_prints_scores_and_says_what_it_comes_to(store: Path) -> None:
    words = ["simulate", "score", "BRVO", "--against", "ALFA", "--against-date", DATE, "--store", str(store)]
    done = CliRunner().invoke(application("simulate"), words, env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    for text in ("Spread, given volatility", "MO_1", "facts of markets", "times the floor's", "no floor"):
        assert text in done.output
