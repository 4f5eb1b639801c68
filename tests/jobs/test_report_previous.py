"""The period before a report: the days just before in the blotter, the last run of that kind, or words that none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.jobs.report_previous import days_before

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("previous") / "store"
    ingest(store, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    return store


@pytest.mark.parametrize(
    ("asked", "start", "end", "words"),
    [
        (("2024-03-01", "2024-03-31"), "2024-02-01", "2024-02-29", "the month before"),
        (("2024-01-01", "2024-03-31"), "2023-10-01", "2023-12-31", "the 3 months before"),
        (("2024-03-02", "2024-03-31"), "2024-02-01", "2024-03-01", "the 30 days before"),
        (("2024-03-14", "2024-03-14"), "2024-03-13", "2024-03-13", "the weekday before"),
        (("2024-03-18", "2024-03-18"), "2024-03-15", "2024-03-17", "the weekday before"),
        (("2024-03-11", "2024-03-15"), "2024-03-04", "2024-03-10", "the 5 weekdays before"),
        (("2024-03-12", "2024-03-13"), "2024-03-08", "2024-03-11", "the 2 weekdays before"),
        (("2024-12-01", "2025-01-31"), "2024-10-01", "2024-11-30", "the 2 months before"),
    ],
)
def test_months_are_set_against_months_and_weekdays_against_weekdays(
    asked: tuple[str, str], start: str, end: str, words: str
) -> None:
    assert days_before(*asked) == (start, end, words)


def test_a_day_of_the_blotter_is_set_against_the_day_before(folder: Path) -> None:
    first = report(folder, ReportRequest(orders=True, date_from="2026-03-03", date_to="2026-03-03"))
    second = report(folder, ReportRequest(orders=True, date_from="2026-03-04", date_to="2026-03-04"))
    held = second["previous"]
    assert (held["what"], held["from"], held["to"]) == ("the weekday before", "2026-03-03", "2026-03-03")
    assert held["orders"] == len(first["parents"])
    one, two = ({held["currency"]: held["measures"] for held in told["executive"]}["USD"] for told in (first, second))
    for now, row in zip(one, two, strict=True):
        assert row["previous_bps"] == pytest.approx(now["bps"], rel=1e-12)
        assert row["previous_n"] == now["n"]
    assert first["previous"]["what"].startswith("none stored: no orders of the weekday before (2026-03-02")
    assert first["executive"][0]["measures"][0]["previous_bps"] is None


def test_the_condition_holds_for_the_period_before_too(folder: Path) -> None:
    asked = ReportRequest(orders=True, date_from="2026-03-03", date_to="2026-03-03", where="broker = HARBOUR")
    first = report(folder, asked)
    second = report(folder, ReportRequest(orders=True, date_from="2026-03-04", where="broker = HARBOUR"))
    assert second["previous"]["orders"] == len(first["parents"]) > 0
    second = report(folder, ReportRequest(orders=True, date_from="2026-03-04", where="date = 2026-03-04"))
    assert second["previous"]["what"].startswith("none to compare with: of the weekday before")
    assert second["previous"]["orders"] == 0
