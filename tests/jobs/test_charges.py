"""Fees that count the volume of a whole run, under both engines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, config_from_toml
from tcakit.jobs.charges import charged, tier_notes
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.venue.fees import FeeSchedule, FeeTier

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
PARENTS = """[[parents]]
symbol = "ALFA"
side = ["buy", "sell"]
quantity = 300
algo = ["twap", "twap,interval=2s"]
date = ["2026-03-03", "2026-03-04"]
start = "10:00"
end = "10:20"
"""
TIERS = """[fees]
taker_per_share = 0.005
maker_per_share = 0.001
traded_before = 100
[[fees.tiers]]
from_shares = 500
taker_per_share = 0.003
maker_per_share = -0.001
[[fees.tiers]]
from_shares = 1_000
taker_per_share = 0.002
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charges")
    ingest(folder / "store", IngestRequest([str(path) for path in (SAMPLE / "lobster").glob("ALFA*.zip")]))
    return folder / "store"


def share_by_share(fills: pl.DataFrame, start: int) -> dict[str, float]:
    """Every share at the rate of the place it has in the volume, in the order of time."""
    fees, volume = {}, start
    for row in fills.sort("ts_ns", maintain_order=True).iter_rows(named=True):
        maker = row["liquidity"] == "maker"
        fee = 0.0
        for _ in range(row["quantity"]):
            fee += (
                (0.001 if maker else 0.005) if volume < 500 else -0.001 if maker else 0.003 if volume < 1_000 else 0.002
            )
            volume += 1
        fees[row["fill_id"]] = fee
    return fees


@pytest.mark.parametrize(
    ("rules", "flows"),
    [
        ("[backtest]\n", 2),
        ("[backtest]\ntogether = true\n", 1),
        ('[backtest]\nengine = "bars"\n[bars]\nimpact = "none"\n', 2),
    ],
)
def test_tiers_count_what_an_algorithm_did_on_all_days_of_the_run(
    store: Path, tmp_path: Path, rules: str, flows: int
) -> None:
    (tmp_path / "run.toml").write_text(rules + TIERS + PARENTS)
    config = config_from_toml(tmp_path / "run.toml")
    run = backtest(store, config)
    fills = results.table(Store(store), "fills", run["run_id"])
    parents = results.table(Store(store), "parents", run["run_id"]).select("parent_id", "params")
    joined = fills.join(parents, on="parent_id", maintain_order="left")
    groups = joined.partition_by("params") if flows == 2 else [joined]
    assert len(groups) == flows
    expected: dict[str, float] = {}
    for group in groups:
        assert group["quantity"].sum() > 1_000
        expected |= share_by_share(group, 100)
    assert dict(fills.select("fill_id", "fee").iter_rows()) == pytest.approx(expected)
    total = sum(row["quantity"] for row in fills.iter_rows(named=True)) / flows
    note = next(note for note in run["notes"] if note.startswith("fee tiers"))
    assert "100 shares traded before" in note
    assert f"{100 + total:,.0f} (tier 2 of 2)" in note


def a_plan(name: str, currency: str = "USD", multiplier: float | None = None) -> Any:
    algo = SimpleNamespace(name="twap", params={}, label="twap")
    return SimpleNamespace(
        parent=SimpleNamespace(parent_id=name),
        spec=SimpleNamespace(algo=algo),
        day=SimpleNamespace(instrument=SimpleNamespace(currency=currency)),
        multiplier=multiplier,
    )


def some_fills() -> pl.DataFrame:
    """`b` trades before `a`, whose contract is worth 50 a point; fees as nobody has worked them out."""
    return pl.DataFrame(
        {
            "fill_id": ["1", "2"],
            "parent_id": ["a", "b"],
            "order_id": ["a.0", "b.0"],
            "ts_ns": [200, 100],
            "side": [1, 1],
            "price": [1_000, 2_000],
            "price_scale": [100, 100],
            "quantity": [40, 30],
            "size_scale": [10, 10],
            "liquidity": ["taker", None],
            "fee": [None, None],
        },
        schema_overrides={"fee": pl.Float64},
    )


def test_contracts_count_by_what_they_are_worth_and_rows_stay_where_they_are() -> None:
    fees = FeeSchedule(taker_bps=10.0, tiers=(FeeTier(60.0, taker_bps=0.0),), tiers_by_value=True)
    config, plans = BacktestConfig((), fees=fees), [a_plan("a", multiplier=50.0), a_plan("b")]
    got = charged(some_fills(), plans, config)
    # b: 3 x 20 = 60 at 10 bps. a: 4 x 10 x 50, all beyond.
    assert got["fee"].to_list() == pytest.approx([0.0, 0.06])
    assert got.columns == some_fills().columns
    assert got["fill_id"].to_list() == ["1", "2"]
    assert "twap 2,060 (tier 1 of 1)" in tier_notes(got, plans, config)[0]
    assert charged(some_fills().clear(), plans, config).height == 0


def test_value_in_several_currencies_has_no_sum() -> None:
    fees = FeeSchedule(tiers=(FeeTier(60.0, taker_bps=0.0),), tiers_by_value=True)
    with pytest.raises(UsageError, match="EUR, USD"):
        charged(some_fills(), [a_plan("a", "EUR"), a_plan("b")], BacktestConfig((), fees=fees))
    by_shares = BacktestConfig((), fees=FeeSchedule(taker_per_share=1.0, tiers=(FeeTier(5.0, taker_per_share=0.0),)))
    assert charged(some_fills(), [a_plan("a", "EUR"), a_plan("b")], by_shares)["fee"].to_list() == [2.0, 3.0]
