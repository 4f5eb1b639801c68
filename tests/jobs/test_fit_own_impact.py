"""`tcakit fit impact`: from a blotter and the market of many days to a stored model, with every order accounted for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from own_orders import own_store

from tcakit.cli.main import main
from tcakit.errors import DataError, UsageError
from tcakit.impact.fitted import FittedModel
from tcakit.impact.nonparametric import LEARNERS
from tcakit.jobs.backtest_orders import parse_where
from tcakit.jobs.fit_impact import FitImpactRequest, fit_own_impact
from tcakit.jobs.fit_sample import SETTLED_NS, own_sample
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import market_day
from tcakit.jobs.report import ReportRequest, measured_blotter
from tcakit.jobs.symbol_facts import symbol_facts
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.fits import fits, latest_fit
from tcakit.store.market_data import find_symbol_day
from tcakit.tca.quotes import mid_at

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
STRONG = {"prefactor": 8.0}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_store(tmp_path_factory.mktemp("own"), **STRONG)


def fitted(store: Path, **asked: Any) -> dict[str, Any]:
    return fit_own_impact(store, FitImpactRequest(**{"model": "square-root", "draws": 300, "dry_run": True} | asked))


def test_the_law_of_the_orders_is_found_and_every_order_accounted_for(store: Path) -> None:
    found = fitted(store)
    low, high = found["params"]["prefactor"]["ci"]
    assert 0.0 < low < 8.0 < high
    assert found["orders"] + sum(found["excluded"].values()) == 22 * 8
    # The first day has no earlier one; two orders of each symbol were not filled on it.
    assert found["excluded"] == {"without fills": 4, "no earlier day tells average daily volume": 4}
    assert found["days"] == 21
    assert found["symbols"] == ["ALFA", "BRVO"]
    assert found["symbol"] is None
    assert found["diagnostics"]["null_controls"]["signs"]["p_value"] < 0.01
    assert any("21 days" in words for words in found["diagnostics"]["warnings"])
    json.dumps(found)


def test_the_facts_of_an_order_are_of_days_before_it_and_its_cost_is_the_reports(store: Path) -> None:
    opened = Store(store)
    sample = own_sample(opened).sample
    run_id, _ = measured_blotter(opened, ReportRequest(None, True))
    rows = results.table(opened, "tca_parents", run_id).filter(pl.col("filled_shares") > 0)
    by_name = {row["parent_id"]: row for row in rows.to_dicts()}
    assert len(sample) == 168
    for place in (0, 40, 167):
        row = by_name[sample.labels["parent_id"][place]]
        known = symbol_facts(opened, row["symbol"], row["date"])
        assert sample.days[sample.day[place]] == row["date"]
        assert sample.cost_bps[place] == row["arrival_bps_of_executed"]
        assert sample.facts.quantity_adv[place] == row["filled_shares"] / known.adv_shares
        assert sample.facts.duration[place] == row["market_shares"] / known.adv_shares
        assert sample.facts.volatility_daily[place] == known.volatility_daily
        assert sample.facts.half_spread_bps[place] == known.half_spread_bps
        day = market_day(opened, find_symbol_day(opened, row["symbol"], row["date"]))
        settled = mid_at(day, np.array([row["last_fill_ns"] + SETTLED_NS]))[0]
        expected = row["side"] * (settled / row["arrival_price"] - 1.0) * 1e4
        assert sample.after_bps[place] == pytest.approx(expected, nan_ok=True)
        if not np.isnan(expected):
            assert sample.after_duration[place] > sample.facts.duration[place]
    assert sample.flags["limit-priced"].sum() == sum(
        1 for name in sample.labels["parent_id"] if name.endswith("-0") and by_name[name]["side"] > 0
    )


def test_a_fit_is_kept_and_read_back_and_a_dry_run_keeps_nothing(store: Path, tmp_path: Path) -> None:
    opened = Store(store)
    assert not fitted(store)["stored"]
    assert fits(opened) == []
    one, same = (fitted(store, dry_run=False) for _ in range(2))
    other = fitted(store, dry_run=False, symbol="ALFA")
    assert one["fit_id"] == same["fit_id"] != other["fit_id"]
    assert len(fits(opened, "impact")) == 2
    kept = latest_fit(opened, "impact", "ALFA")
    assert kept is not None
    assert kept["fit_id"] == other["fit_id"]
    assert kept["diagnostics"]["params"] == other["params"]
    model = FittedModel.of_dict(kept["fitted"])
    assert model.values[0] == other["params"]["prefactor"]["value"]
    assert len(model.draws) == 300
    assert model.source == "own-fills"
    assert set(kept["data_keys"]) == {row[0] for row in _keys(opened)}


def _keys(store: Store) -> list[tuple[str]]:
    with store.read_results() as connection:
        return connection.execute("SELECT ingest_key FROM files WHERE status = 'stored'").fetchall()


def test_orders_can_be_chosen(store: Path) -> None:
    whole, half = fitted(store), fitted(store, where=parse_where(["algo=VWAP"]))
    assert half["orders"] == whole["orders"] / 2
    assert set(half["diagnostics"]["residuals"]) >= {"size", "symbol", "side"}
    assert "algo" not in half["diagnostics"]["residuals"]
    assert fitted(store, date_from="2026-01-12")["date_from"] == "2026-01-12"
    # Days before --from are still what the facts are of.
    assert "no earlier day tells average daily volume" not in fitted(store, date_from="2026-01-12")["excluded"]
    with pytest.raises(UsageError, match="no stored parent is asked for"):
        fitted(store, symbol="ALFO")


def test_the_best_of_the_ladder_and_a_held_exponent(store: Path) -> None:
    found = fitted(store, model="ladder")
    losses = {row["model"]: row["loss"] for row in found["diagnostics"]["ladder"] if "loss" in row}
    assert found["model"] == min(losses, key=losses.__getitem__)
    assert any("the best of several looks better than it is" in note for note in found["notes"])
    held = fitted(store, model="power-law", exponent=0.5)
    # Spreads hardly differ here, so that what is paid of them cannot be told.
    assert held["fixed"] == {"exponent": 0.5, "half_spreads": 1.0}
    assert any("held at 1" in note for note in held["notes"])
    assert held["params"]["prefactor"]["value"] == pytest.approx(fitted(store)["params"]["prefactor"]["value"])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same eight days: as they are, mirrored, and with ten times the shares in another currency."""
    given = {"plain": {}, "turned": {"turned": True}, "tenfold": {"shares": 10, "currency": "EUR"}}
    stores = {
        name: own_store(tmp_path_factory.mktemp(name), days=8, orders_a_day=6, **STRONG, **more)
        for name, more in given.items()
    }
    return {name: fitted(path, draws=100) for name, path in stores.items()}


def test_neither_shares_nor_currency_change_a_fit(small: dict[str, Any]) -> None:
    for name, row in small["plain"]["params"].items():
        other = small["tenfold"]["params"][name]
        assert other.pop("ci") == pytest.approx(row.pop("ci"), rel=1e-9)
        assert other == pytest.approx(row, rel=1e-9)


def test_buys_and_sells_in_a_mirrored_market_cost_the_same(small: dict[str, Any]) -> None:
    """But for the second order of a day's return: 2 % up is not 2 % down."""
    for name in small["plain"]["params"]:
        one, other = (small[which]["params"][name] for which in ("plain", "turned"))
        assert other["value"] == pytest.approx(one["value"], abs=0.1 * one["se"])


def test_the_page_holds_the_numbers(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "impact.html"
    found = fitted(store, model="power-law", out=page)
    assert found["out"] == str(page)
    text = page.read_text(encoding="utf-8")
    for name in ("size", "profile", "windows", "drift", "quantiles", "by-size", "by-side", "by-algo"):
        assert f'id="chart-{name}"' in text
    for words in (*found["notes"], *found["diagnostics"]["warnings"], found["fit_id"]):
        assert words.replace("'", "&#39;") in text
    payload = json.loads(text.partition('id="report-data">')[2].partition("</script>")[0])
    assert payload["figures"]["size"]["data"][-1]["x"]
    fitted(store, out=tmp_path / "impact.json")
    assert json.loads((tmp_path / "impact.json").read_text())["params"]["prefactor"]
    with pytest.raises(UsageError, match=r"\.csv is no kind of page"):
        fitted(store, out=tmp_path / "impact.csv")


def test_models_without_a_law_are_set_beside_it(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    found = fitted(store, nonparametric=True, out=page)
    rows = found["diagnostics"]["nonparametric"]
    assert [row["model"] for row in rows] == list(LEARNERS)
    assert sum(row["wins"] for row in rows) == sum("misses something" in w for w in found["diagnostics"]["warnings"])
    assert "Models without a law" in page.read_text(encoding="utf-8")
    assert "nonparametric" not in fitted(store)["diagnostics"]
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UsageError, match="models without a law need scikit-learn"):
        fitted(store, nonparametric=True)


def test_too_little_is_refused_with_what_is_needed(tmp_path: Path) -> None:
    few = own_store(tmp_path / "few", days=3, orders_a_day=4)
    with pytest.raises(DataError, match=r"16 orders can be fitted \(8 left out: .*\), and at least 30 are needed"):
        fitted(few)
    days = own_store(tmp_path / "days", days=3, orders_a_day=20)
    with pytest.raises(DataError, match="are of 2 days, and at least 5 are needed"):
        fitted(days)
    alone = tmp_path / "alone"
    ingest(alone, IngestRequest([str(SAMPLE / "blotter")]))
    with pytest.raises(DataError, match=r"0 orders can be fitted \(61 left out: .* not priced: "):
        fitted(alone)


def test_wrong_calls_are_told_before_anything_is_read(tmp_path: Path) -> None:
    for asked, said in (
        ({"model": "cubic"}, "'cubic' cannot be fitted"),
        ({"model": "linear", "exponent": 0.5}, "--exponent with --model linear"),
        ({"out": tmp_path / "x.pdf"}, "is no kind of page"),
    ):
        with pytest.raises(UsageError, match=said):
            fitted(tmp_path / "nowhere", **asked)


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([*words])
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


def test_people_and_machines_are_told(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("fit", "impact", "--store", str(store), "--model", "square-root", "--draws", "200", "--dry-run")
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "")
    for said in ("square-root fitted to 168 orders in 2 symbols of 21 days", "prefactor", "By size", "warning: "):
        assert said in out
    assert "stored as" not in out
    code, out, err = call(capsys, *words, "--json", "--out", str(tmp_path / "page.html"))
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {"model", "params", "diagnostics", "excluded", "notes", "seconds", "out"} <= found.keys()
    assert {"value", "se", "ci"} <= found["params"]["prefactor"].keys()
    assert call(capsys, *words, "--quiet") == (0, "", "")
    code, out, err = call(capsys, *words, "--symbol", "ALFO")
    assert (code, out) == (2, "")
    assert "no stored parent is asked for" in err
    code, out, _ = call(capsys, *words, "--to", "2026-01-06", "--json")
    assert code == 3
    assert "at least 30 are needed" in json.loads(out)["error"]["message"]
