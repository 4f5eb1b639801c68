"""Fits of the tape and of the day's shape are kept where estimates find them, and say what they rest on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stored_tapes import put_days

from tcakit.errors import DataError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import TAPE_PROXY, FittedModel
from tcakit.jobs import keep_tape_fits
from tcakit.jobs.fit_tape import VIEWS
from tcakit.jobs.keep_tape_fits import PROFILES, TapeFitRequest, fit_profile, fit_tape_impact
from tcakit.report.tape_page import tape_figures
from tcakit.store.fits import fits, latest_fit

DAYS = ["2026-03-03", "2026-03-04"]
FACTS = OrderFacts.of(quantity_adv=0.01, duration=0.1, volatility_daily=0.02)


def test_a_model_of_the_tape_is_kept_for_each_symbol(tmp_path: Path) -> None:
    store = put_days(tmp_path, DAYS, ("ALFA", "BETA"))
    dry = fit_tape_impact(store.folder, TapeFitRequest(dry_run=True))
    assert fits(store) == []
    told = fit_tape_impact(store.folder, TapeFitRequest())
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [fit["fit_id"] for fit in told["fits"]] == [fit["fit_id"] for fit in dry["fits"]]
    assert len({fit["fit_id"] for fit in told["fits"]}) == 2
    for fit in told["fits"]:
        held = latest_fit(store, "impact", fit["symbol"])
        assert held is not None
        assert (held["fit_id"], held["source"], held["date_to"]) == (fit["fit_id"], TAPE_PROXY, DAYS[-1])
        kept = FittedModel.of_dict(held["fitted"])
        assert {name: row["value"] for name, row in fit["params"].items()} == dict(
            zip(kept.names, kept.values, strict=True)
        )
        low, high = kept.mean_band(FACTS)
        assert 0.0 < low[0] < kept.cost_bps(FACTS)[0] < high[0]
        assert set(fit["diagnostics"]) == set(VIEWS)
        (ranged,) = (row["range"] for row in fit["params"].values() if "range" in row)
        assert ranged[0] == pytest.approx(0.5 * ranged[1])
        # No own order is stored: the tape speaks alone, and that is said.
        assert fit["own_orders"]["weight"] == 0.0
        assert fit["own_orders"]["reason"]


def test_one_symbol_and_some_days_can_be_asked_for(tmp_path: Path) -> None:
    store = put_days(tmp_path, DAYS, ("ALFA", "BETA"))
    out = tmp_path / "page" / "tape.html"
    (fit,) = fit_tape_impact(store.folder, TapeFitRequest(("ALFA",), date_from=DAYS[1], out=out))["fits"]
    assert (fit["symbol"], fit["dates"]) == ("ALFA", DAYS[1:])
    page = out.read_text()
    for name in tape_figures(fit["diagnostics"]):
        assert f'id="chart-1-{name}"' in page
    assert fit["fit_id"] in page
    with pytest.raises(DataError, match="no market data of 'GAMA'"):
        fit_tape_impact(store.folder, TapeFitRequest(("GAMA",)))


@pytest.mark.parametrize("kind", list(PROFILES))
def test_the_shape_of_a_day_is_kept(tmp_path: Path, kind: str) -> None:
    store = put_days(tmp_path, DAYS, ("ALFA", "BETA"))
    told = fit_profile(store.folder, kind, TapeFitRequest(bin_s=1800.0))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [fit["symbol"] for fit in told["fits"]] == ["ALFA", "BETA"]
    for fit in told["fits"]:
        assert len(fit["profile"]) == 13
        held = latest_fit(store, kind, fit["symbol"])
        assert held is not None
        assert held["fit_id"] == fit["fit_id"]
        assert held["fitted"]["profile"] == fit["profile"]
        assert any("2 days are few" in words for words in fit["caveats"])
    if kind == "volume":
        shares = [row["value"] for row in told["fits"][0]["profile"]]
        assert sum(shares) == pytest.approx(1.0)


def test_own_orders_of_days_after_the_tape_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def no_orders(*_: object, **given: object) -> None:
        asked.append(given["date_to"])
        raise DataError("none")

    monkeypatch.setattr(keep_tape_fits, "own_sample", no_orders)
    store = put_days(tmp_path, DAYS)
    fit_tape_impact(store.folder, TapeFitRequest(date_to=DAYS[0]))
    assert asked == [DAYS[0]]
