"""A Parquet file that would end the process is refused, and the next one is read."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import polars as pl
import pytest

from tcakit.errors import DataError
from tcakit.feeds import parquet_proof
from tcakit.feeds.contract import Faults
from tcakit.feeds.parquet_proof import survives
from tcakit.feeds.raw_table import read_table


def parquet(rows: int = 3) -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"price": [1.5] * rows}).write_parquet(file)
    return file.getvalue()


def test_good_and_damaged_files_are_lived_through(tmp_path: Path) -> None:
    path = tmp_path / 'it\'s "one"\n.parquet'
    path.write_bytes(parquet())
    assert survives(path)
    assert survives(parquet())
    assert survives(b"PAR1" + b"\xff" * 40)  # an error, no more
    assert survives(tmp_path / "none.parquet")


def test_a_file_that_ends_the_process_is_refused_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert survives(parquet())
    child = parquet_proof._child
    assert child is not None
    # As the system does with a process that asks for 2^61 bytes.
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    monkeypatch.setattr(child, "poll", lambda: None)
    with pytest.raises(DataError, match=r"more memory than there is") as caught:
        read_table("x.parquet", parquet(), Faults())
    assert caught.value.remedy
    monkeypatch.undo()
    assert read_table("x.parquet", parquet(), Faults()).frame.height == 3


def test_no_file_is_blamed_where_the_other_process_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_proof, "_child", None)
    monkeypatch.setattr(parquet_proof, "_CHILD", "raise SystemExit(1)")
    assert survives(parquet())
    assert read_table("x.parquet", parquet(), Faults()).frame.height == 3


def test_whatever_length_is_spoilt_the_process_goes_on() -> None:
    """All sizes and counts of the first page in turn larger than any memory: rows, or one error with a remedy."""
    whole, refused = parquet(1_000), []
    for at in range(4, 60):
        spoilt = bytearray(whole)
        spoilt[at : at + 9] = b"\xff" * 8 + b"\x7f"
        try:
            read_table("x.parquet", bytes(spoilt), Faults())
        except DataError as error:
            refused.append(error)
    assert refused
    assert all(error.remedy for error in refused)
    assert read_table("x.parquet", whole, Faults()).frame.height == 1_000
