"""Ingest once, replace, drop, refuse, recover: on small simulated LOBSTER pairs."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from raw_lobster import query, tcakit
from store_content import content_hash

from tcakit.errors import DataError, StoreBusyError, TcakitError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.book import book_at
from tcakit.jobs.catalog import catalog, drop
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.simulator.lobster_export import write_lobster
from tcakit.store.database import Store
from tests.made_days import made_day

DATE = "2026-03-02"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    day = made_day("SIM", DATE, 3, 3_000)
    return write_lobster(day, tmp_path_factory.mktemp("pair"), 3)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def put(store: Path, *paths: Path, max_faults: float = 0.001, **options: str) -> dict[str, Any]:
    request = IngestRequest([str(path) for path in paths], ReaderOptions(**options), max_faults=max_faults)
    return ingest(store, request, wait_s=5.0)


def copy(pair: list[Path], folder: Path, **changed: dict[int, str | None]) -> list[Path]:
    """The pair with lines put in place of others (by number, from 1; None takes the line away)."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for path, role in zip(pair, ("message", "orderbook"), strict=True):
        lines: list[str | None] = list(path.read_text().splitlines())
        for number, text in changed.get(role, {}).items():
            lines[number - 1] = text
        target = folder / path.name
        target.write_text("".join(f"{line}\n" for line in lines if line is not None))
        out.append(target)
    return out


def line(path: Path, number: int) -> list[str]:
    return path.read_text().splitlines()[number - 1].split(",")


# --- once, under other options, out again -------------------------------------------------------------------------


def test_a_file_read_twice_is_stored_once(pair: list[Path], store: Path) -> None:
    first = put(store, *pair)
    held = content_hash(store)
    second = put(store, *pair)
    assert [file["skipped"] for file in (*first["files"], *second["files"])] == [False, True]
    assert second["rows"] == 0
    assert content_hash(store) == held


def test_zip_and_plain_files_are_the_same_file(pair: list[Path], store: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in reversed(pair):
            archive.write(path, path.name)
    (first,) = put(store, *pair)["files"]
    (second,) = put(store, packed)["files"]
    assert first["ingest_key"] == second["ingest_key"]
    assert second["skipped"] is True
    (third,) = put(store, pair[1])["files"]  # one of the two stands for both
    assert (third["ingest_key"], third["skipped"]) == (first["ingest_key"], True)


@pytest.mark.parametrize("options", [{"symbol": "OTHER"}, {"tick_size": "0.0001"}, {"venue": "XSIM"}])
def test_other_options_replace_what_the_file_gave_before(
    pair: list[Path], store: Path, tmp_path: Path, options: dict[str, str]
) -> None:
    put(store, *pair)
    (again,) = put(store, *pair, **options)["files"]
    assert again["skipped"] is False
    put(tmp_path / "fresh", *pair, **options)
    assert content_hash(store) == content_hash(tmp_path / "fresh")
    assert len(query(store, "SELECT * FROM files")) == 1
    (instrument,) = query(store, "SELECT symbol, venue, tick_size FROM instruments")
    assert instrument["symbol"] == options.get("symbol", "SIM")
    assert instrument["venue"] == options.get("venue", "XNAS")
    assert instrument["tick_size"] == (1 if "tick_size" in options else 100)


def test_drop_takes_a_file_out_wholly(pair: list[Path], store: Path) -> None:
    (stored,) = put(store, *pair)["files"]
    answer = drop(store, stored["ingest_key"][:12])
    assert (answer["what"], answer["rows"]) == ("file", stored["rows"])
    assert list((store / "days").iterdir()) == []
    assert query(store, "SELECT * FROM files") == []
    assert catalog(store)["days"] == []
    with pytest.raises(TcakitError, match="no stored file"):
        drop(store, stored["ingest_key"])
    (anew,) = put(store, *pair)["files"]
    assert (anew["skipped"], anew["rows"]) == (False, stored["rows"])


def test_drop_leaves_other_files_of_the_day(pair: list[Path], store: Path, tmp_path: Path) -> None:
    put(store, *pair)
    alone = content_hash(store)
    other = write_lobster(made_day("ELSE", DATE, 4, 1_000), tmp_path / "other", 2)
    (second,) = put(store, *other)["files"]
    assert content_hash(store) != alone
    drop(store, second["path"])
    assert content_hash(store) == alone


def test_overlapping_hours_of_one_symbol_are_refused(pair: list[Path], store: Path, tmp_path: Path) -> None:
    put(store, *pair)
    held = content_hash(store)
    fewer = write_lobster(made_day("SIM", DATE, 3, 3_000), tmp_path / "fewer", 1)
    with pytest.raises(DataError) as caught:
        put(store, *fewer)
    assert "fewer" in str(caught.value.place)
    assert pair[0].name.replace("_message_", "_*_") in caught.value.message
    assert caught.value.exit_code == 3
    assert content_hash(store) == held
    # As the caption says, another venue is another market.
    (second,) = put(store, *fewer, venue="XSIM")["files"]
    assert second["skipped"] is False


# --- bad rows ----------------------------------------------------------------------------------------------------


def _message_faults(pair: list[Path]) -> dict[int, tuple[str, str]]:
    """Line -> (what stands there instead, the reason that must be told)."""
    rows = {number: line(pair[0], number) for number in (11, 21, 31, 41, 51, 61, 71, 81)}
    return {
        11: (",".join([*rows[11][:3], "1x", *rows[11][4:]]), "no whole number"),
        21: (",".join(rows[21][:5]), "5 columns instead of 6"),
        31: (",".join([*rows[31], "0", "0"]), "8 columns instead of 6"),
        41: (",".join([*rows[41][:3], "-5", *rows[41][4:]]), "above zero"),
        51: (",".join(["1.5", *rows[51][1:]]), "backwards"),
        61: (",".join([rows[61][0], "9", *rows[61][2:]]), "none of 1 to 7"),
        71: (",".join([*rows[71][:5], "2"]), "neither 1 nor -1"),
        81: (",".join(["noon", *rows[81][1:]]), "no decimal number of seconds"),
    }


def test_bad_messages_become_faults_and_good_ones_stay(pair: list[Path], store: Path, tmp_path: Path) -> None:
    bad = _message_faults(pair)
    copied = copy(pair, tmp_path / "bad", message={number: text for number, (text, _) in bad.items()})
    (stored,) = put(store, *copied, max_faults=0.1)["files"]
    faults = catalog(store, faults=True)["faults"]
    in_message = {fault["line"]: fault for fault in faults if fault["path"] == str(copied[0])}
    assert in_message.keys() == bad.keys()
    for number, (text, reason) in bad.items():
        assert reason in in_message[number]["reason"], number
        assert in_message[number]["text"]
        if "columns instead" in reason:
            assert in_message[number]["text"] == text
    # The book goes on without those messages: what it shows nevertheless is told, and kept as a correction.
    others = [fault for fault in faults if fault["path"] != str(copied[0])]
    assert all(fault["path"] == str(copied[1]) and "correction" in fault["reason"] for fault in others)
    assert {fault["line"] for fault in others} <= bad.keys()
    assert stored["faults"] == len(faults)
    messages = query(store, "SELECT count(*) AS n FROM book_events WHERE kind IN (1, 2, 3, 4, 5)")
    assert messages == [{"n": len(pair[0].read_text().splitlines()) - len(bad)}]
    # And at the last row both books agree again.
    clean = tmp_path / "clean"
    put(clean, *pair)
    books = [book_at(folder, "SIM", "15:59:59.9") for folder in (store, clean)]
    assert [books[0][side] for side in ("bids", "asks")] == [books[1][side] for side in ("bids", "asks")]


def test_bad_book_rows_become_faults_and_the_messages_stay(pair: list[Path], store: Path, tmp_path: Path) -> None:
    row = {number: line(pair[1], number) for number in (15, 25)}
    bad = {15: ",".join(["x", *row[15][1:]]), 25: ",".join(row[25][:-1])}
    copied = copy(pair, tmp_path / "bad", orderbook=dict(bad))
    put(store, *copied, max_faults=0.1)
    faults = catalog(store, faults=True)["faults"]
    assert {(fault["path"], fault["line"]) for fault in faults} == {(str(copied[1]), number) for number in bad}
    assert {fault["line"]: fault["reason"] for fault in faults} == {
        15: "a field is missing or no whole number",
        25: f"{len(row[25]) - 1} columns instead of {len(row[25])}",
    }
    kinds = "SELECT count(*) AS n FROM book_events WHERE kind IN (1, 2, 3, 4, 5)"
    assert query(store, kinds) == [{"n": len(pair[0].read_text().splitlines())}]


def test_a_negative_size_in_the_book_is_a_fault(pair: list[Path], store: Path, tmp_path: Path) -> None:
    row = line(pair[1], 33)
    copied = copy(pair, tmp_path / "bad", orderbook={33: ",".join([row[0], "-" + row[1], *row[2:]])})
    put(store, *copied, max_faults=0.1)
    (fault,) = catalog(store, faults=True)["faults"]
    assert (fault["path"], fault["line"]) == (str(copied[1]), 33)
    assert "negative" in fault["reason"]


def test_more_faults_than_allowed_store_nothing(pair: list[Path], store: Path, tmp_path: Path) -> None:
    bad = {number: text for number, (text, _) in _message_faults(pair).items()}
    copied = copy(pair, tmp_path / "bad", message=bad)
    with pytest.raises(DataError, match="more than --max-faults") as caught:
        put(store, *copied)
    assert f"{copied[0]}:11" in caught.value.message
    assert not store.exists() or (Store(store).dates() == [] and query(store, "SELECT * FROM files") == [])


@pytest.mark.parametrize("role", ["message", "orderbook"])
def test_files_of_different_length_are_refused(pair: list[Path], store: Path, tmp_path: Path, role: str) -> None:
    length = len(pair[0].read_text().splitlines())
    copied = copy(pair, tmp_path / "cut", **{role: {length: None}})
    shorter, longer = length - 1, length
    expected = (shorter, longer) if role == "message" else (longer, shorter)
    with pytest.raises(DataError, match=f"{expected[0]} messages but {expected[1]} book rows"):
        put(store, *copied)
    assert not store.exists() or Store(store).dates() == []


def test_a_last_line_without_newline_counts(pair: list[Path], store: Path, tmp_path: Path) -> None:
    copied = copy(pair, tmp_path / "cut")
    for path in copied:
        path.write_text(path.read_text().rstrip("\n"))
    first = put(store, *copied)
    assert (first["rows"], first["faults"]) == (put(tmp_path / "whole", *pair)["rows"], 0)


def test_carriage_returns_are_no_part_of_the_last_field(pair: list[Path], store: Path, tmp_path: Path) -> None:
    copied = copy(pair, tmp_path / "windows")
    for path in copied:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    first = put(store, *copied)
    assert (first["rows"], first["faults"]) == (put(tmp_path / "whole", *pair)["rows"], 0)


# --- killed, and two at once ----------------------------------------------------------------------------------------


def _start(store: Path, *paths: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tcakit", "ingest", *map(str, paths), "--store", str(store), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_at_any_time_and_run_again_it_is_as_if_nothing_had_been(
    pair: list[Path], store: Path, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    put(clean, *pair)
    begun = time.monotonic()
    process = _start(tmp_path / "timed", *pair)
    assert process.wait(60) == 0
    whole = time.monotonic() - begun
    process.communicate()
    expected, draw = content_hash(clean), random.Random(5)
    for round_number in range(5):
        folder = tmp_path / f"store{round_number}"
        process = _start(folder, *pair)
        # From when it has opened the store to its end: before that there is nothing to break.
        limit = time.monotonic() + 60
        while not (folder / "writer.lock").exists() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.001)
        time.sleep(draw.random() * whole * 0.4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (folder / "store.json").exists():
            catalog(folder, files=True)  # readable as it lies there
        answer = put(folder, *pair)
        assert answer["faults"] == 0
        assert content_hash(folder) == expected
        assert not [path for path in folder.rglob("*") if "unfinished" in path.name or path.suffix == ".wal"]


def test_two_at_once_wait_for_each_other(pair: list[Path], store: Path, tmp_path: Path) -> None:
    other = write_lobster(made_day("ELSE", DATE, 4, 1_000), tmp_path / "other", 2)
    processes = [_start(store, *pair), _start(store, *other)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    days = catalog(store)["days"]
    assert [day["symbol"] for day in days] == ["ELSE", "SIM"]
    assert sum(answer["rows"] for answer in answers) == sum(day["events"] for day in days)


def test_a_store_that_is_held_is_told_with_its_holder(pair: list[Path], store: Path) -> None:
    put(store, *pair)
    with Store(store).writer("counting"):
        error = tcakit("ingest", *pair, "--store", store, "--wait", "0.2", expect=4)["error"]
    assert error["code"] == "busy"
    assert f"process {os.getpid()} (counting)" in error["message"]
    # Freed, it goes on.
    assert tcakit("ingest", *pair, "--store", store, "--wait", "0.2")["files"][0]["skipped"] is True


def test_the_lock_of_a_dead_process_holds_nobody(pair: list[Path], store: Path) -> None:
    put(store, *pair)
    (store / "writer.lock").write_text(json.dumps({"process": 999_999_999, "doing": "ingest", "since": 0}))
    assert put(store, *pair)["files"][0]["skipped"] is True
    with (store / "writer.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StoreBusyError), Store(store, wait_s=0.1).writer("test"):
            pass


def test_a_good_file_is_stored_beside_a_bad_one(pair: list[Path], store: Path, tmp_path: Path) -> None:
    alone = tmp_path / "AAA_2026-03-02_34200000_57600000_message_3.csv"
    alone.write_text("34200.5,1,1,100,500000,1\n")
    with pytest.raises(TcakitError, match="no orderbook") as caught:
        put(store, alone, *pair)
    (done,) = caught.value.done["files"]  # type: ignore[misc]
    assert done["symbols"] == ["SIM"]
    assert len(query(store, "SELECT * FROM files WHERE status = 'stored'")) == 1
