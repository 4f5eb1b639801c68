"""Reports read, checked and set side by side; our own executions in that form, from a run and from its FIX log."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from blotters import write_blotter, write_fix_log

from tcakit.errors import DataError, SeveralErrors, TcakitError, UsageError
from tcakit.execution.algorithms import parse_algorithm
from tcakit.feeds.oes import read_summary
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.rule605 import OwnRequest
from tcakit.jobs.venues import VenuesRequest, venues
from tcakit.store import results
from tcakit.store.database import Store
from tests.feeds.rule605_files import GOOD, OLD_ROW, changed, detailed, old, summary
from tests.fuzz.mutate import spoil

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def read(tmp_path: Path, **files: bytes) -> dict[str, Any]:
    """The comparison of these files, by size."""
    for name, data in files.items():
        (tmp_path / f"{name}.csv").write_bytes(data)
    request = VenuesRequest([str(tmp_path / f"{name}.csv") for name in files], by_size=True)
    return venues(tmp_path / "no-store", request)


def test_all_three_forms_stand_side_by_side(tmp_path: Path) -> None:
    result = read(tmp_path, a=summary(GOOD), b=detailed({}), c=old(OLD_ROW))
    told = [(row["source"], row["order_type"], row["size"], row["executed_shares"]) for row in result["rows"]]
    assert told == [
        ("summary", "market", "$1k to $5k", None),
        ("detailed", "market", "$1k to $5k", 800.0),
        ("detailed until 2025", "marketable limit", "100 to 499 shares", 500.0),
    ]
    assert [file["form"] for file in result["files"]] == ["summary", "detailed", "detailed until 2025"]
    assert [row["effective_over_quoted"] for row in result["rows"]] == [0.9, pytest.approx(0.75), None]


def test_a_faulty_file_is_told_and_the_good_rows_are_compared(tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        read(tmp_path, a=summary(GOOD, changed(Sp500="X")), b=detailed({}))
    assert told.value.place == f"{tmp_path / 'a.csv'}:3 Sp500"
    assert told.value.exit_code == 3
    done = told.value.done
    assert len(done["rows"]) == 2
    assert (done["files"][0]["refused"], done["files"][0]["good_rows"]) == (1, 1)
    assert done["files"][0]["faults"][0]["found"] == "X"


def test_what_is_no_report_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no report of Rule 605") as told:
        read(tmp_path, a=b"date,open\n1,2\n", b=detailed({}))
    assert len(told.value.done["rows"]) == 1
    with pytest.raises(SeveralErrors, match="2 things are not in order") as several:
        read(tmp_path, a=b"date,open\n1,2\n", b=b"  \n")
    assert several.value.exit_code == 3


def test_a_row_that_two_files_have_is_counted_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a row that no other file has") as told:
        read(tmp_path, a=detailed({}, {"symbol": "ABC"}), b=detailed({}, {"symbol": "ABC"}, {"symbol": "DEF"}))
    (row,) = told.value.done["rows"]
    assert row["orders"] == 30.0
    assert told.value.done["files"][1]["refused"] == 2


def test_an_archive_is_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("a.csv", summary(GOOD))
        archive.writestr("b.txt", detailed({}))
    result = venues(tmp_path, VenuesRequest([str(tmp_path / "both.zip")]))
    assert sorted(file["path"] for file in result["files"]) == ["a.csv", "b.txt"]


def test_caveats_are_told(tmp_path: Path) -> None:
    rows = detailed({"effective_spread": ""}, {"symbol": "ABC", "effective_over_quoted": 75})
    notes = "\n".join(read(tmp_path, a=summary(changed(AvgEFQPct="90")), b=rows, c=old(OLD_ROW))["notes"])
    assert "averages without counts" in notes
    assert "a.csv has E/Q in percent, a hundred times the form's: brought to fractions here" in notes
    assert "b.csv has E/Q in percent, a hundred times the form's: not used" in notes
    assert "times in steps of 0.1 s" in notes
    assert "E/Q rests on 800 of 1,600 executed shares" in notes


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (VenuesRequest(), "venues"),
        (VenuesRequest(["x.csv"], write=Path("o.csv")), "--write"),
        (VenuesRequest(["x.csv"], check=True, own=OwnRequest()), "--check"),
        (VenuesRequest(own=OwnRequest(participant="q")), "--participant"),
        (VenuesRequest(own=OwnRequest(entity="A1")), "--entity"),
        (VenuesRequest(own=OwnRequest(sp500=Path("gone.txt"))), "gone.txt"),
    ],
)
def test_a_wrong_call_is_told(traded: Path, request_: VenuesRequest, place: str) -> None:
    with pytest.raises(UsageError) as told:
        venues(traded, request_)
    assert told.value.place == place


# --- our own ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a replayed morning of two parents, and the FIX log of what was sent and filled."""
    folder = tmp_path_factory.mktemp("own") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")]))
    window = {"start": "10:00", "end": "10:20", "limit": None}
    parents = expand(["ALFA"], ["buy", "sell"], [2000.0], [parse_algorithm("twap")], ["2026-03-03"], **window)
    done = backtest(folder, BacktestConfig(tuple(parents)))
    log = write_fix_log(Store(folder), done["run_id"], folder.parent / "desk.log")
    asked = write_blotter(Store(folder), done["run_id"], folder.parent)[0]
    ingest(folder, IngestRequest([str(asked), str(log)]))
    return folder


def own_rows(traded: Path, own: OwnRequest) -> pl.DataFrame:
    result = venues(traded, VenuesRequest(own=own))
    return pl.DataFrame(result["own"]["rows"], infer_schema_length=None)


def test_a_runs_effective_spread_is_that_of_its_measured_fills(traded: Path) -> None:
    """The one number that is measured elsewhere too: at the quote of receipt, of orders that took."""
    store = Store(traded)
    run = results.find_run(store, None)["run_id"]
    orders, fills, measured = (results.table(store, name, run) for name in ("orders", "fills", "tca_fills"))
    took = orders.filter(pl.col("time_in_force") == "ioc").select("order_id", "type")
    mine = fills.join(measured, on="fill_id").join(took, on="order_id")
    shares, mid = pl.col("quantity") / pl.col("size_scale"), pl.col("mid_at_receipt")
    want = mine.group_by("type").agg((pl.col("effective_spread_at_receipt") * shares).sum() / (mid * shares).sum())
    known = {"M" if kind == "market" else "ML": value for kind, value in want.rows()}
    rows = own_rows(traded, OwnRequest(run="latest", with_ioc=True))
    told = dict(rows.filter(pl.col("size") == "199999").select("order_type", "effective_of_mid").rows())
    assert told == {kind: pytest.approx(value, rel=1e-6) for kind, value in known.items()}


def test_the_log_of_a_run_gives_the_runs_numbers(traded: Path) -> None:
    of_run = own_rows(traded, OwnRequest(run="latest", with_ioc=True))
    of_log = own_rows(traded, OwnRequest(with_ioc=True))
    assert of_run.height > 2
    names = ["size", "order_type", "orders", "shares", "executed_shares"]
    assert of_log.select(names).rows() == of_run.select(names).rows()
    for name in ("effective_of_mid", "quoted_of_mid", "improved_share", "execution_ms"):
        assert of_log[name].to_list() == pytest.approx(of_run[name].to_list(), nan_ok=True), name


def test_what_is_written_is_as_the_schema_asks(traded: Path, tmp_path: Path) -> None:
    index, out = tmp_path / "index.txt", tmp_path / "own.csv"
    index.write_text("ALFA\n")
    own = OwnRequest("latest", "Q", "DESK", index, with_ioc=True)
    result = venues(traded, VenuesRequest(own=own, write=out))
    assert result["written"]["complete"]
    assert result["own"]["missing"] == {}
    rows, faults = read_summary("own.csv", out.read_bytes())
    assert list(faults) == []
    assert rows.height == result["written"]["written"] > 2
    assert set(rows.select("participant", "entity", "month", "sp500").unique().rows()) == {("Q", "DESK", "202603", "Y")}
    assert result["own"]["left_out"]["its limit could not be executed at receipt"] > 0
    # The file of our own is compared like any other.
    again = venues(traded, VenuesRequest([str(out)]))
    assert [row["effective_bps"] for row in again["rows"]] == pytest.approx(
        [row["effective_bps"] for row in result["rows"]], abs=0.005
    )


def test_what_is_not_known_stands_empty_and_is_named(traded: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    result = venues(traded, VenuesRequest(own=OwnRequest("latest", with_ioc=True), write=out))
    assert set(result["own"]["missing"]) == {"DsgntParticipant", "RprtEntityCd", "Sp500"}
    assert not result["written"]["complete"]
    _, faults = read_summary("own.csv", out.read_bytes())
    assert {fault.column for fault in faults.refusing} == {"DsgntParticipant", "RprtEntityCd", "Sp500"}
    assert {(fault["line"], fault["column"]) for fault in result["written"]["faults"]} == {
        (fault.line, fault.column) for fault in faults
    }


def test_without_a_covered_execution_nothing_is_written(traded: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    with pytest.raises(UsageError, match="no covered order was executed") as told:
        venues(traded, VenuesRequest(own=OwnRequest("latest"), write=out))
    assert "it is immediate-or-cancel or fill-or-kill" in told.value.done["own"]["left_out"]
    assert not out.exists()


def test_spoilt_files_give_a_comparison_or_one_error(tmp_path: Path) -> None:
    wholes = [summary(GOOD, changed(OrderSize="199999")), detailed({}, {"size": "0"}), old(OLD_ROW)]
    compared = refused = 0
    for seed in range(240):
        path = tmp_path / f"{seed}.csv"
        path.write_bytes(bytes(spoil(random.Random(seed), wholes[seed % 3])))
        try:
            result = venues(tmp_path, VenuesRequest([str(path)], by_size=True))
        except TcakitError as error:
            refused += 1
            result = error.done
        compared += len(result["rows"])
    assert refused > 20
    assert compared > 50
