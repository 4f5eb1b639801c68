"""Orders of a blotter set against an index: named on the command line or, with betas, by the security master."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import ConfigError, UsageError
from tcakit.jobs.batch_config import load_batch
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import market_day
from tcakit.jobs.reference import import_instruments
from tcakit.jobs.report import ReportRequest, measured_blotter
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DATE = "2026-03-03"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two symbols of one day, each of which serves as an index of the other, and the desk's orders."""
    files = [str(path) for path in sorted((SAMPLE / "lobster").glob(f"*{DATE}*"))]
    ingest(tmp_path / "store", IngestRequest([*files, str(SAMPLE / "blotter")]))
    return Store(tmp_path / "store")


def rows_of(store: Store, index: str | None = None) -> dict[str, dict[str, Any]]:
    run_id, _ = measured_blotter(store, ReportRequest(orders=True, date_from=DATE, date_to=DATE, index=index))
    costs = {row["parent_id"]: row for row in results.table(store, "tca_parents", run_id).to_dicts()}
    more = results.table(store, "tca_benchmarks", run_id).to_dicts()
    return {row["parent_id"]: costs[row["parent_id"]] | row | {"why": row["notes"] or ""} for row in more}


def index_cost(store: Store, index: str, order: dict[str, Any]) -> float:
    """s (VWAP of the index from arrival to the last fill - its mid at arrival) / its mid at arrival, slowly."""
    held = next(day for day in symbol_days(store, DATE) if day.instrument.symbol == index)
    day = market_day(store, held)
    at = int(np.searchsorted(day.quote_ns, order["arrival_ns"], side="right")) - 1
    mid = (float(day.bid[at]) + float(day.ask[at])) / 2
    prints = zip(day.print_ns.tolist(), day.print_price.tolist(), day.print_size.tolist(), strict=True)
    met = [(price, size) for ns, price, size in prints if order["arrival_ns"] <= ns <= order["last_fill_ns"]]
    vwap = math.fsum(price * size for price, size in met) / sum(size for _, size in met) / day.instrument.price_scale
    return float(order["side"] * (vwap - mid) / mid * 1e4)


def test_an_index_of_the_command_line_is_for_all_but_itself(store: Store) -> None:
    rows = rows_of(store, "ALFA")
    adjusted = [row for row in rows.values() if row["market_adjusted_bps_of_executed"] is not None]
    assert {row["symbol"] for row in adjusted} == {"BRVO"}
    for row in adjusted:
        assert row["beta"] == 1.0
        assert row["index_cost_bps"] == pytest.approx(index_cost(store, "ALFA", row), rel=1e-9)
        expected = row["arrival_bps_of_executed"] - row["index_cost_bps"]
        assert row["market_adjusted_bps_of_executed"] == pytest.approx(expected, rel=1e-9)
    assert all(row["beta"] is None for row in rows.values() if row["symbol"] != "BRVO")
    without = rows_of(store)
    assert all(row["index_cost_bps"] is None and "index" not in row["why"] for row in without.values())
    with pytest.raises(UsageError, match="did you mean ALFA"):
        rows_of(store, "ALFAX")


def test_the_security_master_names_indices_and_betas(store: Store, tmp_path: Path) -> None:
    master = tmp_path / "master.csv"
    master.write_text("symbol,index_symbol,beta\nALFA,BRVO,1.5\nBRVO,,-0.5\n")
    import_instruments(store.folder, str(master))
    filled = [row for row in rows_of(store, "ALFA").values() if row["arrival_bps_of_executed"] is not None]
    assert {row["symbol"] for row in filled} == {"ALFA", "BRVO"}
    for row in filled:
        index, beta = {"ALFA": ("BRVO", 1.5), "BRVO": ("ALFA", -0.5)}[row["symbol"]]
        assert row["beta"] == beta
        expected = row["arrival_bps_of_executed"] - beta * index_cost(store, index, row)
        assert row["market_adjusted_bps_of_executed"] == pytest.approx(expected, rel=1e-9)
    master.write_text("symbol,index_symbol,beta\nBRVO,SPYX,2\n")
    import_instruments(store.folder, str(master))
    for row in rows_of(store).values():
        if row["symbol"] == "BRVO" and row["arrival_bps_of_executed"] is not None:
            assert (row["beta"], row["market_adjusted_bps_of_executed"]) == (2.0, None)
            assert f"no market data of SPYX, its index, on {DATE}" in row["why"]
    master.write_text("symbol,index_symbol,beta\nALFA,BRVO,steep\n")
    with pytest.raises(ConfigError, match="beta 'steep' is no number"):
        import_instruments(store.folder, str(master))


def test_a_job_names_an_index_for_pages_of_orders(tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text('[[report]]\nout = "a.html"\norders = true\nindex = "SPY"\n')
    assert load_batch(job).reports[0].index == "SPY"
    job.write_text(
        '[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 1\n[[report]]\nout = "a.html"\nindex = "SPY"\n'
    )
    with pytest.raises(ConfigError, match="an index for a backtest"):
        load_batch(job)
