"""Some hundred spoilt files of each format in every test run, and whether fuzzing would notice what it looks for."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import DataError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.market.instrument import Instrument
from tests.contracts.samples import SAMPLES, one
from tests.fuzz import cases, oracle, seeds, workers
from tests.fuzz.mutate import spoil, spoil_line
from tests.fuzz.oracle import Finding

FEW = 100


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same cases on every machine, whether real files stand there or not."""
    monkeypatch.setattr(seeds, "real_folder", lambda: None)
    cases.forget()
    yield
    cases.forget()


@pytest.mark.parametrize("format", cases.FORMATS)
def test_spoilt_files_give_rows_faults_or_one_error(format: str, by_hand: None) -> None:
    cases.warm_up(format)
    came = [cases.run(format, number) for number in range(FEW)]
    # Neither all refused nor all taken: both ways through the reader are walked.
    assert 0 < came.count("refused") < FEW


def test_a_case_is_the_same_each_time(by_hand: None) -> None:
    content = SAMPLES["csv"][0].members[0][1]
    assert spoil(random.Random(5), content) == spoil(random.Random(5), content) != content
    line = content.split(b"\n")[1]
    spoilt = [spoil_line(random.Random(number), line) for number in range(200)]
    assert not any(b"\n" in entry or b'"' in entry for entry in spoilt)
    assert len(set(spoilt)) > 100


class _Broken:
    """A reader that does one wrong thing."""

    name, version = "broken", 1

    def __init__(self, wrong: str) -> None:
        self.wrong = wrong

    def sniff(self, path: Path, head: bytes) -> bool:
        return True

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        wrong = self.wrong
        if wrong == "crash":
            raise ZeroDivisionError
        if wrong == "no remedy":
            raise DataError("bad", place="x")
        if wrong == "no place":
            raise DataError("bad", remedy="mend it")
        if wrong == "no line":
            faults.add("x", 0, "bad")
        if wrong == "no count":
            faults.add("x", 1, "bad")
        ts = {"early": -1, "late": oracle.LATEST_NS, "other day": 20 * oracle.DAY_NS}.get(wrong, 5)
        row: dict[str, Any] = {"seq": 0, "ts_ns": ts, "price": 1, "size": 1, "aggressor": 0}
        row |= {
            "negative": {"size": -1},
            "undefined": {"price": (1 << 63) - 1},
            "side": {"aggressor": 2},
            "null": {"price": None},
            "float": {"price": 1.5},
        }.get(wrong, {})
        frame = pl.DataFrame([row] * (1000 if wrong == "rows" else 1), schema_overrides={"aggressor": pl.Int8})
        instrument = Instrument("" if wrong == "symbol" else "A", tick_size=0 if wrong == "tick" else 1)
        yield Batch("trades", frame, instrument, "yesterday" if wrong == "date" else "1970-01-01", "trades")


def broken(wrong: str) -> tuple[list[Batch], Faults]:
    return oracle.read(_Broken(wrong), one("x", "x", b"ten bytes.").source(), ReaderOptions())


def test_the_oracle_takes_what_is_sound() -> None:
    batches, faults = broken("nothing")
    assert (batches[0].frame.height, faults.rows) == (1, 0)
    assert len(oracle.values(batches)) == 1


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        ("crash", "ZeroDivisionError"),
        ("no remedy", "an error without a remedy"),
        ("no place", "an error without a place"),
        ("no line", "a fault without a line"),
        ("no count", "more rows refused than seen"),
        ("early", "ts_ns outside"),
        ("late", "ts_ns outside"),
        ("other day", "a time far from its day"),
        ("negative", "size below zero"),
        ("undefined", "price undefined"),
        ("side", "aggressor that is none"),
        ("null", "rows that do not fit their table trades"),
        ("float", "rows that do not fit their table trades"),
        ("rows", "more rows than bytes"),
        ("symbol", "an instrument without a symbol"),
        ("tick", "a tick or lot not above zero"),
        ("date", "a trade date that is none"),
    ],
)
def test_the_oracle_finds_each_broken_promise(wrong: str, promise: str) -> None:
    with pytest.raises(Finding, match=promise):
        broken(wrong)


def test_a_changed_row_of_another_line_is_found(by_hand: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known = oracle.values

    def one_cent_more(batches: Any) -> list[tuple[Any, ...]]:
        return [(*row, "moved") if number == 1 else row for number, row in enumerate(known(batches))]

    sample = SAMPLES["csv"][0]
    batches, _ = oracle.read(cases._reader("csv"), sample.source(), sample.reader_options())
    rows, lines = known(batches), sample.members[0][1].rstrip(b"\n").split(b"\n")

    def spoil_lines() -> None:
        for number in range(20):
            cases._one_line(random.Random(number), sample, lines, rows)

    spoil_lines()
    monkeypatch.setattr(oracle, "values", one_cent_more)
    with pytest.raises(Finding, match="rows of other lines"):
        spoil_lines()


def test_time_is_limited() -> None:
    def endless() -> None:
        while True:
            pass

    with pytest.raises(cases.TooSlow), cases.time_limit(0.05):
        endless()


def test_where_no_signal_arrives_the_time_is_told_afterwards() -> None:
    came: list[str] = []

    def slow() -> None:
        end = time.process_time() + 0.02
        try:
            with cases.time_limit(0.01):
                while time.process_time() < end:
                    pass
        except cases.TooSlow:
            came.append(threading.current_thread().name)

    workers.within_polars(slow)
    assert len(came) == 1
    assert came != [threading.main_thread().name]


def _misbehaving(format: str, number: int) -> str:
    """Dies at 3, hangs at 5, finds something at 7."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 5:
        time.sleep(600)
    if number == 7:
        raise Finding("a broken promise")
    return "rows"


def test_a_process_that_dies_or_hangs_is_a_finding_and_the_rest_goes_on() -> None:
    tally = workers.fuzz("csv", 0, 10, 2, lambda _: None, _misbehaving, hang_seconds=1.0, warm=False)
    assert {told: numbers for told, (numbers, _) in tally.findings.items()} == {
        "the process died with exit code -9": [3],
        "the process hangs: no end within 1 seconds": [5],
        "a broken promise": [7],
    }
    assert tally.done == 10
    assert tally.outcomes["rows"] >= 4


def test_a_headline_spoilt_into_naming_two_symbols_is_sound(by_hand: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = SAMPLES["news"][0]
    batches, _ = oracle.read(cases._reader("news"), sample.source(), sample.reader_options())
    rows, lines = oracle.values(batches), sample.members[0][1].rstrip(b"\n").split(b"\n")
    monkeypatch.setattr(cases, "spoil_line", lambda _, line: line.replace(b"ACME", b"ACM;E").replace(b"BETA", b"B;A"))
    for number in range(len(rows)):
        cases._one_line(random.Random(number), sample, lines, rows)
