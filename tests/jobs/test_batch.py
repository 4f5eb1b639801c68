"""The nightly job: what is done, what is done again, what is told."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from tcakit.errors import ConfigError, DataError, TcakitError, UsageError
from tcakit.jobs.batch import run_batch
from tcakit.jobs.batch_config import load_batch, trade_dates
from tcakit.jobs.batch_log import batch_log
from tcakit.jobs.catalog import catalog, drop
from tcakit.market.clock import parse_time

JOB = """
[job]
name = "desk"
store = "store"
holidays = ["2026-03-05"]

[[ingest]]
path = "in/quotes-{date}.csv"
symbol = "ALFA"
tz = "America/New_York"
min_rows = 100

[[ingest]]
path = "in/late-{yyyymmdd}.csv"
symbol = "LATE"
tz = "America/New_York"
optional = true

[[parents]]
symbol = "ALFA"
side = "buy"
quantity = 100
algo = "twap"
start = "10:00"
end = "10:01"

[[report]]
out = "pages/{date}.json"
"""
NAMES = ["ingest 1", "ingest 2", "backtest", "report 1"]


def _quotes(path: Path, day: str, rows: int = 200, bid: float = 20.0) -> None:
    begin = parse_time("09:59:00", date=day, timezone="America/New_York")
    lines = ["ts,bid,bid_size,ask,ask_size"]
    for row in range(rows):
        price = bid + 0.01 * (row % 3)
        lines.append(f"{begin + row * 1_000_000_000},{price:.2f},300,{price + 0.02:.2f},300")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def night(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the job; the folder has the files of Tuesday and Wednesday."""
    (tmp_path / "job.toml").write_text(JOB)
    for day in ("2026-03-03", "2026-03-04"):
        _quotes(tmp_path / "in" / f"quotes-{day}.csv", day)

    def run(date: str | None = "2026-03-03", catch_up: int = 0, again: bool = False, today: str = "2026-03-05") -> Any:
        return run_batch(
            tmp_path / "job.toml", None, date=date, catch_up=catch_up, again=again, say=lambda _: None,
            today=Date.fromisoformat(today),
        )  # fmt: skip

    return run


def _status(result: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in result["steps"]}


def _all(status: str) -> dict[str, str]:
    return dict.fromkeys(NAMES, status)


def test_a_second_run_does_nothing(night: Callable, tmp_path: Path) -> None:
    assert _status(night()) == _all("done")
    assert (tmp_path / "pages" / "2026-03-03.json").exists()
    assert _status(night()) == _all("skipped")
    (tmp_path / "job.toml").write_text(JOB + "# a word\n")
    assert _status(night()) == _all("skipped")


def test_again_does_all_of_it(night: Callable) -> None:
    night()
    assert _status(night(again=True)) == _all("done")


def test_the_last_business_day_and_those_before_it_are_done(night: Callable) -> None:
    result = night(date="last-business-day", catch_up=1, today="2026-03-06")  # the fifth is a holiday of the job
    assert result["dates"] == ["2026-03-03", "2026-03-04"]
    assert [step["status"] for step in result["steps"]] == ["done"] * 8


def test_a_failed_night_goes_on_where_it_stopped(night: Callable, tmp_path: Path) -> None:
    page = tmp_path / "pages"
    page.write_text("in the way")
    with pytest.raises(UsageError, match=r"desk, 2026-03-03, report 1") as trouble:
        night()
    assert _status(trouble.value.done) == {**_all("done"), "report 1": "failed"}
    failed = batch_log(tmp_path / "store", only_failed=True)["steps"]
    assert [(row["step"], row["date"]) for row in failed] == [("report 1", "2026-03-03")]
    page.unlink()
    assert _status(night()) == {**_all("skipped"), "report 1": "done"}
    assert batch_log(tmp_path / "store", only_failed=True)["steps"] == []


def test_one_bad_date_does_not_stop_the_others(night: Callable) -> None:
    with pytest.raises(DataError) as trouble:
        night(date="2026-03-04", catch_up=3)
    assert trouble.value.exit_code == 3
    assert "2026-02-27" in str(trouble.value)
    assert "2026-03-02, ingest 1" in str(trouble.value)
    statuses = {(step["date"], step["status"]) for step in trouble.value.done["steps"]}  # type: ignore[attr-defined]
    assert statuses == {
        ("2026-02-27", "failed"), ("2026-03-02", "failed"), ("2026-03-03", "done"), ("2026-03-04", "done"),
    }  # fmt: skip


def test_a_file_that_comes_late_is_taken_by_the_next_run(night: Callable, tmp_path: Path) -> None:
    late = tmp_path / "in" / "quotes-2026-03-04.csv"
    late.rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="expected for 2026-03-04 is not there"):
        night(date="2026-03-04")
    (tmp_path / "elsewhere").rename(late)
    result = night(date="2026-03-04", catch_up=1)
    assert [step["status"] for step in result["steps"]] == ["done"] * 8


def test_an_optional_file_that_comes_late_is_taken(night: Callable, tmp_path: Path) -> None:
    night()
    _quotes(tmp_path / "in" / "late-20260303.csv", "2026-03-03", bid=5.0)
    assert _status(night())["ingest 2"] == "done"
    assert {day["symbol"] for day in catalog(tmp_path / "store")["days"]} == {"ALFA", "LATE"}
    assert _status(night()) == _all("skipped")


def test_a_weekend_is_named(night: Callable) -> None:
    with pytest.raises(DataError, match="2026-03-07 is a Saturday"):
        night(date="2026-03-07")


def test_a_short_file_is_not_stored(night: Callable, tmp_path: Path) -> None:
    path = tmp_path / "in" / "quotes-2026-03-03.csv"
    _quotes(path, "2026-03-03", rows=50)
    with pytest.raises(DataError, match="50 rows where at least 100 are expected; nothing of it is stored"):
        night()
    assert catalog(tmp_path / "store")["days"] == []
    _quotes(path, "2026-03-03", rows=200)
    assert _status(night()) == _all("done")


def test_a_file_delivered_again_takes_the_place_of_the_former(night: Callable, tmp_path: Path) -> None:
    first = night()
    page = (tmp_path / "pages" / "2026-03-03.json").read_text()
    _quotes(tmp_path / "in" / "quotes-2026-03-03.csv", "2026-03-03", rows=300, bid=21.0)
    again = night()
    assert _status(again) == {**_all("done"), "ingest 2": "skipped"}
    assert again["steps"][2]["detail"] != first["steps"][2]["detail"]
    assert [day["quotes"] for day in catalog(tmp_path / "store")["days"]] == [300]
    assert len(catalog(tmp_path / "store", files=True)["files"]) == 1
    assert (tmp_path / "pages" / "2026-03-03.json").read_text() != page


def test_a_broken_second_delivery_leaves_the_first(night: Callable, tmp_path: Path) -> None:
    night()
    (tmp_path / "in" / "quotes-2026-03-03.csv").write_text("ts,bid,bid_size,ask,ask_size\nx,y,z,a,b\n")
    with pytest.raises(DataError):
        night()
    assert [day["quotes"] for day in catalog(tmp_path / "store")["days"]] == [200]


def test_a_touched_file_is_looked_at_and_nothing_more(night: Callable, tmp_path: Path) -> None:
    night()
    path = tmp_path / "in" / "quotes-2026-03-03.csv"
    path.write_text(path.read_text())
    assert _status(night()) == {**_all("skipped"), "ingest 1": "done"}


def test_the_same_hours_from_another_path_are_refused(night: Callable, tmp_path: Path) -> None:
    night()
    old, new = 'path = "in/quotes-{date}.csv"', 'path = "in/other-{date}.csv.gz"'
    (tmp_path / "job.toml").write_text(JOB.replace(old, new))
    _quotes(tmp_path / "plain", "2026-03-03", bid=22.0)
    (tmp_path / "in" / "other-2026-03-03.csv.gz").write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    with pytest.raises(DataError, match="tcakit drop"):
        night()
    assert [day["quotes"] for day in catalog(tmp_path / "store")["days"]] == [200]


def test_a_changed_setting_does_that_step_and_what_rests_on_it(night: Callable, tmp_path: Path) -> None:
    night()
    (tmp_path / "job.toml").write_text(JOB.replace("quantity = 100", "quantity = 200"))
    changed = {**_all("skipped"), "backtest": "done", "report 1": "done"}
    assert _status(night()) == changed
    (tmp_path / "job.toml").write_text(JOB.replace("quantity = 100", "quantity = 200").replace("pages/", "other/"))
    assert _status(night()) == {**_all("skipped"), "report 1": "done"}


def test_what_was_taken_away_is_made_again(night: Callable, tmp_path: Path) -> None:
    run_id = night()["steps"][2]["detail"].split()[1].rstrip(":")
    drop(tmp_path / "store", run_id)
    assert _status(night())["backtest"] == "done"
    shutil.rmtree(tmp_path / "pages")
    assert _status(night()) == {**_all("skipped"), "report 1": "done"}
    drop(tmp_path / "store", "quotes-2026-03-03.csv")
    assert _status(night())["ingest 1"] == "done"


def test_an_interrupt_is_logged_and_raised(night: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tcakit.jobs.batch_steps.backtest", interrupted)
        with pytest.raises(KeyboardInterrupt):
            night()
    assert batch_log(tmp_path / "store", only_failed=True)["steps"][0]["detail"] == "KeyboardInterrupt"
    assert _status(night()) == {**_all("done"), "ingest 1": "skipped", "ingest 2": "skipped"}


def test_the_store_stands_beside_the_job_unless_named(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('[[ingest]]\npath = "none-{date}.csv"\noptional = true\n')
    told = {"date": "2026-03-03", "catch_up": 0, "again": False, "say": lambda _: None}
    assert run_batch(tmp_path / "job.toml", None, **told)["store"] == str(tmp_path / "tcakit-store")
    assert run_batch(tmp_path / "job.toml", tmp_path / "mine", **told)["store"] == str(tmp_path / "mine")


def test_the_mistakes_of_a_job_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(
        '[job]\nholidays = ["May"]\n[[ingest]]\npath = "{dat}.csv"\ntz = "Mars"\nformat = "lobstr"\ntick_size = "x"\n'
        '[[report]]\nout = "x.doc"\n[jobb]\n'
    )
    with pytest.raises(ConfigError) as trouble:
        load_batch(tmp_path / "job.toml")
    lines = [place.rpartition(":")[2].split()[0] for place, _, _ in trouble.value.mistakes]
    assert lines == ["2", "4", "5", "6", "7", "9", "10"]
    assert "did you mean {date}?" in str(trouble.value)


@pytest.mark.parametrize("text", ["", "[job]\nname = 'x'\n", '[[report]]\nout = "x.html"\n'])
def test_a_job_that_has_nothing_to_do_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.toml").write_text(text)
    with pytest.raises(ConfigError):
        load_batch(tmp_path / "job.toml")


@pytest.mark.parametrize(
    ("today", "catch_up", "dates"),
    [
        ("2026-03-05", 0, ["2026-03-04"]),
        ("2026-03-07", 0, ["2026-03-06"]),
        ("2026-03-09", 1, ["2026-03-05", "2026-03-06"]),
        ("2026-12-28", 1, ["2026-12-23", "2026-12-24"]),
    ],
)
def test_business_days(today: str, catch_up: int, dates: list[str]) -> None:
    assert trade_dates(None, catch_up, Date.fromisoformat(today), {"2026-12-25"}) == dates


@pytest.mark.parametrize(("date", "catch_up"), [("2026-02-30", 0), ("yesterday", 0), (None, -1), (None, 10_000)])
def test_wrong_dates_are_refused(date: str | None, catch_up: int) -> None:
    with pytest.raises(TcakitError):
        trade_dates(date, catch_up, Date(2026, 3, 5))
