"""Pre-trade cost of an order: facts from the store or by hand, fits that were known, and every number's caveat."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.execution.volume_curve import default_curve
from tcakit.impact.contract import MODELS, parse_model
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.ranges import FittedRange
from tcakit.jobs.estimate import EstimateRequest, estimate
from tcakit.jobs.estimate_parents import estimate_orders, estimate_parents
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.order_setting import GivenFacts, SettingRequest
from tcakit.jobs.symbol_facts import symbol_facts
from tcakit.store.database import Store
from tcakit.store.fits import put_fit

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
GIVEN = GivenFacts(1e6, 0.02, 2.0, 2e8, 50.0, "EUR")
HOUR_NS = 3_600 * 10**9


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("estimate") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    return folder


def by_hand(**given: Any) -> EstimateRequest:
    settings = {"date": "2026-03-04", "given": GIVEN} | given.pop("setting", {})
    return EstimateRequest(
        "buy", **({"quantity": 20_000.0, "participation": 0.1} | given), setting=SettingRequest(**settings)
    )


def rows(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in result["models"]}


def fit_row(fit_id: str, **given: Any) -> dict[str, Any]:
    model = FittedModel(
        "square-root",
        ("prefactor",),
        (0.5,),
        np.linspace(0.4, 0.6, 41)[:, None],
        source=given.get("source", "own-fills"),
        resting_on="5 days",
        range=FittedRange("own fills", {"quantity_adv": (0.001, 0.05)}),
    )
    return {
        "fit_id": fit_id, "kind": "impact", "model": "square-root", "source": "own-fills", "symbol": None,
        "date_from": "2026-03-01", "date_to": "2026-03-02", "created_ns": 1, "fitted": model.as_dict(),
        "diagnostics": {}, "data_keys": [], "versions": {},
    } | given  # fmt: skip


# --- by hand, without a store -----------------------------------------------------------------------------


def test_flags_alone_are_enough_and_every_model_is_a_row(tmp_path: Path) -> None:
    result = estimate(tmp_path / "none", by_hand())
    assert not (tmp_path / "none").exists()
    assert set(rows(result)) == set(MODELS)
    facts = OrderFacts.of(
        quantity_adv=0.02,
        participation=0.1,
        volatility_daily=0.02,
        half_spread_bps=2.0,
        shares_outstanding_adv=200.0,
        price=50.0,
    )
    answered = {name: row for name, row in rows(result).items() if row["reason"] is None}
    assert set(MODELS) - set(answered) >= {"linear", "obizhaeva-wang", "propagator"}
    for name, row in answered.items():
        spread = 0.0 if name == "half-spread" else 2.0
        assert row["mean_bps"] == pytest.approx(parse_model(name).cost_bps(facts)[0] + spread)
        assert row["cost"] == pytest.approx(row["mean_bps"] * 1e-4 * 20_000 * 50.0)
        assert row["mean_ci"] is None
        assert row["order_ci"][0] < row["mean_bps"] < row["order_ci"][1]
    assert result["currency"] == "EUR"
    assert "there is no store" in " ".join(result["notes"])
    assert "no band of the mean" in " ".join(result["notes"])
    for name in set(MODELS) - set(answered):
        assert rows(result)[name]["mean_bps"] is None


def test_what_is_missing_is_said_with_its_flag(tmp_path: Path) -> None:
    given = GivenFacts(1e6, None, None, None, None, None)
    found = rows(estimate(tmp_path, by_hand(participation=None, setting={"given": given})))
    assert found["square-root"]["reason"] == "says nothing without daily volatility: give --volatility"
    assert "--shares-outstanding" in found["almgren-2005"]["reason"]
    assert "--duration or --participation" in found["almgren-2005"]["reason"]
    assert "--half-spread" in found["half-spread"]["reason"]
    assert all(row["reason"] for row in found.values())
    with pytest.raises(UsageError, match="average daily volume is unknown"):
        estimate(tmp_path, by_hand(setting={"given": GivenFacts()}))


def test_without_a_price_there_are_bps_and_no_currency(tmp_path: Path) -> None:
    found = rows(estimate(tmp_path, by_hand(setting={"given": GivenFacts(1e6, 0.02)})))["square-root"]
    assert found["mean_bps"] == pytest.approx(found["impact_bps"])
    assert found["cost"] is None
    assert found["spread_bps"] is None


def test_a_duration_is_one_on_the_volume_s_clock(tmp_path: Path) -> None:
    day = {"session": ("09:30", "16:00"), "timezone": "America/New_York"}

    def duration(**given: Any) -> float:
        return float(estimate(tmp_path, by_hand(participation=None, setting=day, **given))["duration_adv"])

    assert duration(duration_ns=2 * HOUR_NS) == pytest.approx(2 / 6.5)
    assert duration(duration_days=3.0) == pytest.approx(3.0)
    curve = default_curve(0, round(6.5 * HOUR_NS))
    for start, since in (("09:30", 0.0), ("12:00", 2.5), ("14:00", 4.5)):
        expected = curve.fraction(round((since + 2) * HOUR_NS)) - curve.fraction(round(since * HOUR_NS))
        assert duration(duration_ns=2 * HOUR_NS, start=start) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": 0.0}, "0 shares"),
        ({"quantity": math.nan}, "nan shares"),
        ({"duration_ns": HOUR_NS}, "one follows from the other"),
        ({"participation": None, "duration_ns": 10**9}, "of a day's volume in a time"),
        ({"participation": None, "duration_ns": HOUR_NS, "start": "15:30"}, "does not lie within the session"),
        ({"coverage": 1.5}, "coverage"),
        ({"fits": ("x",)}, "no store"),
        ({"models": ("square-rot",)}, "did you mean 'square-root'"),
        ({"setting": {"session": ("16:00", "09:30")}}, "ends before it begins"),
    ],
)
def test_an_order_that_cannot_be_is_refused(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        estimate(tmp_path, by_hand(**given))


# --- from stored days -------------------------------------------------------------------------------------


def test_facts_come_from_earlier_days_unless_given(store: Path) -> None:
    known = symbol_facts(Store(store), "ALFA", "2026-03-04")
    setting = {"symbol": "ALFA", "given": GivenFacts(volatility_daily=0.05)}
    result = estimate(store, by_hand(setting=setting))
    assert result["quantity_adv"] == pytest.approx(20_000 / known.adv_shares)
    assert result["facts"]["adv_shares"] == {"value": known.adv_shares, "from": "stored days", "days": 1}
    assert result["facts"]["volatility_daily"] == {"value": 0.05, "from": "given"}
    assert result["facts"]["shares_outstanding"] == {"value": None, "from": "unknown"}
    assert result["currency"] == "USD"
    row = rows(result)["square-root"]
    peak = 1e4 * 0.05 * math.sqrt(20_000 / known.adv_shares)
    assert row["peak_bps"] == pytest.approx(peak)
    assert row["mean_bps"] == pytest.approx(peak / 1.5 + known.half_spread_bps)
    assert row["cost"] == pytest.approx(row["mean_bps"] * 2.0 * known.price)
    assert row["outside"] == []


def test_an_order_beyond_the_fitted_ones_is_marked(store: Path) -> None:
    result = estimate(
        store, by_hand(quantity=200_000.0, participation=0.5, setting={"symbol": "ALFA", "given": GivenFacts()})
    )
    row = rows(result)["square-root"]
    assert row["outside"] == [f"quantity_adv {result['quantity_adv']:.3g} is above 0.1"]
    assert any("outside the orders it was fitted on" in note for note in row["notes"])
    assert any("days of volume" in note for note in result["notes"])


@pytest.fixture
def own_store(tmp_path: Path) -> Store:
    return Store(tmp_path / "own", create=True)


def test_fits_are_asked_that_were_known_before_the_day(own_store: Store) -> None:
    for fit_id, more in {
        "aa": {},
        "bb": {"date_to": "2026-03-03", "created_ns": 2},
        "cc": {"date_to": "2026-03-04", "created_ns": 3},
        "dd": {"symbol": "ALFA"},
        "ee": {"symbol": "BRVO", "created_ns": 9},
        "ff": {"source": "tape-proxy", "created_ns": 4},
        "gg": {"kind": "volume"},
    }.items():
        put_fit(own_store, fit_row(fit_id, **more))

    def asked(**setting: Any) -> list[str | None]:
        result = estimate(own_store.folder, by_hand(setting=setting))
        return [row["fit_id"] for row in result["models"] if row["fit_id"] is not None]

    assert asked() == ["bb", "ff"]
    assert asked(symbol="ALFA") == ["dd", "ff"]
    assert asked(date="2026-03-05") == ["cc", "ff"]
    assert asked(date="2026-03-02") == []


def test_a_fit_has_bands_from_its_draws_and_says_what_it_rests_on(own_store: Store) -> None:
    put_fit(own_store, fit_row("aa11"))
    put_fit(own_store, fit_row("bb22", source="tape-proxy"))
    own, tape = estimate(own_store.folder, by_hand())["models"][:2]
    assert (own["name"], own["source"], own["rests_on"]) == ("square-root fit aa11", "own-fills", "own fills; 5 days")
    impact = 1e4 * 0.02 * math.sqrt(0.02) / 1.5
    # A fit of own fills knows what it pays for the spread: here it was held to none.
    assert own["mean_bps"] == pytest.approx(0.5 * impact)
    assert own["mean_ci"] == pytest.approx([0.405 * impact, 0.595 * impact], rel=1e-6)
    assert own["cost_ci"] == pytest.approx([end * 100.0 for end in own["mean_ci"]])
    assert own["range"] == {"source": "own fills", "facts": {"quantity_adv": [0.001, 0.05]}}
    # What is not known of the level is in a proxy's draws.
    assert tape["mean_ci"] == pytest.approx([end + 2.0 for end in own["mean_ci"]])
    assert "a range only" in tape["notes"][0]


def test_a_fit_asked_for_by_name_may_look_ahead_and_says_so(own_store: Store) -> None:
    put_fit(own_store, fit_row("cc33", date_to="2026-03-04"))
    put_fit(own_store, fit_row("gg44", kind="volume"))
    result = estimate(own_store.folder, by_hand(fits=("cc",), models=("linear,coefficient=1",)))
    assert [row["name"] for row in result["models"]] == ["square-root fit cc33", "linear,coefficient=1"]
    assert "nobody knew before 2026-03-04" in " ".join(result["notes"])
    with pytest.raises(UsageError, match="is of volume"):
        estimate(own_store.folder, by_hand(fits=("gg",)))


def test_a_fit_that_cannot_be_read_is_a_row_with_its_reason(own_store: Store) -> None:
    put_fit(own_store, fit_row("aa55", fitted={"model": "square-root"}))
    row = estimate(own_store.folder, by_hand())["models"][0]
    assert (row["fit_id"], row["mean_bps"]) == ("aa55", None)
    assert "cannot be read" in row["reason"]


# --- many stored parents ----------------------------------------------------------------------------------


def test_stored_parents_are_estimated_as_each_alone_would_be(store: Path) -> None:
    parents = load_blotter(Store(store)).parents
    found = estimate_parents(Store(store), parents, ["square-root", "i-star"])
    assert found.height == 2 * parents.height
    answered = found.drop_nulls("mean_bps")
    # No day is stored before the first.
    dates = parents.select("parent_id", "date")
    assert set(answered.join(dates, on="parent_id")["date"]) == {"2026-03-04"}
    assert answered.filter(pl.col("model") == "i-star").height > 10
    assert found.filter(pl.col("mean_bps").is_null() == pl.col("reason").is_null()).height == 0
    assert answered["model"].n_unique() == 2
    zone = "America/New_York"
    for row in parents.filter(date="2026-03-04").head(4).iter_rows(named=True):
        opens = 1772634600 * 10**9  # 09:30 in New York
        assert row["arrival_ns"] > opens
        start = f"{(row['arrival_ns'] - opens) // 10**9 + 34_200}"
        hours, rest = divmod(int(start), 3_600)
        whole = row | {"arrival_ns": opens + (int(start) - 34_200) * 10**9}
        whole |= {"end_ns": whole["arrival_ns"] + (row["end_ns"] - row["arrival_ns"])}
        request = EstimateRequest(
            "buy",
            row["quantity"] / row["size_scale"],
            SettingRequest(row["symbol"], row["date"], timezone=zone),
            start=f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}",
            duration_ns=whole["end_ns"] - whole["arrival_ns"],
            models=("square-root", "i-star"),
        )
        alone = rows(estimate(store, request))
        many = estimate_parents(Store(store), pl.DataFrame([whole], schema=parents.schema), ["square-root", "i-star"])
        for told in many.iter_rows(named=True):
            expected = alone[told["model"]]
            assert told["mean_bps"] == pytest.approx(expected["mean_bps"], rel=1e-9)
            assert [told["order_low_bps"], told["order_high_bps"]] == pytest.approx(expected["order_ci"], rel=1e-9)
            assert told["mean_low_bps"] is None


def test_each_parent_meets_only_the_fits_known_before_its_day(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    put_fit(Store(folder), fit_row("early"))
    put_fit(Store(folder), fit_row("late", date_from="2026-03-03", date_to="2026-03-03", created_ns=2))
    parents = load_blotter(Store(folder)).parents
    found = estimate_parents(Store(folder), parents).join(parents.select("parent_id", "date"), on="parent_id")
    asked = found.drop_nulls("fit_id").group_by("date").agg(pl.col("fit_id").unique()).sort("date")
    assert asked.rows() == [("2026-03-03", ["early"]), ("2026-03-04", ["late"])]
    assert found.drop_nulls("fit_id").drop_nulls("mean_bps").height > 10
    assert found.drop_nulls("fit_id").drop_nulls("mean_bps")["mean_low_bps"].null_count() == 0
    assert set(found["model"]) >= {"square-root", "almgren-2005", "half-spread"}


def test_all_stored_orders_at_once(store: Path) -> None:
    result = estimate_orders(store, ["square-root", "almgren-2005"])
    parents = load_blotter(Store(store)).parents
    first, second = result["models"]
    assert (first["model"], first["orders"]) == ("square-root", parents.height)
    own = [row["mean_bps"] for row in result["orders"] if row["model"] == "square-root" and row["mean_bps"] is not None]
    assert (first["answered"], first["mean_bps"]) == (len(own), pytest.approx(np.mean(own)))
    assert (second["answered"], second["mean_bps"]) == (0, None)
    unknown = parents.filter(pl.col("date") == "2026-03-03").height
    assert f"average daily volume is not known for {unknown} of {parents.height} parents" in result["notes"]


def test_no_parents_no_rows(store: Path) -> None:
    parents = load_blotter(Store(store)).parents
    empty = estimate_parents(Store(store), parents.head(0))
    assert empty.height == 0
    assert empty.columns[:3] == ["parent_id", "model", "fit_id"]
