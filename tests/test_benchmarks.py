"""The benchmarks at a small size: they run, their answers agree, and the harness reckons rightly."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import harness


def _busy(seconds: float) -> int:
    stop = time.process_time() + seconds
    while time.process_time() < stop:
        pass
    return 1


_MEASURED = {"measured": "2026-03-03", "machine": "2 cores"}


def test_all_benchmarks_run_and_agree(capsys: pytest.CaptureFixture[str]) -> None:
    before = [path.read_bytes() for path in (program.PAGE, program.KEPT)]
    assert program.main(["--scale", "0.001", "--repeat", "1"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"lobster-read", "tca-asof-duckdb", "tca-asof-polars"} <= {line["name"] for line in lines}
    for line in lines:
        assert line["ours"] > 0
        assert (line["peer"] is None) == (line["ratio"] is None)
        assert line["n"] == 1
    # A small try must not pass for the measured page.
    assert [path.read_bytes() for path in (program.PAGE, program.KEPT)] == before


def test_the_page_is_what_was_measured() -> None:
    kept = [json.loads(line) for line in program.KEPT.read_text(encoding="utf-8").splitlines()]
    assert program.PAGE.read_text(encoding="utf-8") == harness.page(kept)


def test_a_part_measured_anew_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = harness.Benchmark("busy", "wait", lambda: _busy(0.001))
    monkeypatch.setattr(program, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(program, "KEPT", tmp_path / "measured.jsonl")
    for file in ("bench_csv", "bench_lobster"):
        monkeypatch.setattr(importlib.import_module(f"benchmarks.{file}"), "benchmarks", lambda scale: [job])
        assert program.main(["--only", file, "--repeat", "1"]) == 0
    assert program.main(["--only", "bench_csv", "--repeat", "1"]) == 0
    assert program.PAGE.read_text(encoding="utf-8").count("| busy | wait |") == 2


def test_an_unknown_benchmark_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--only", "nothing-like-this"]) == 2
    assert "nothing-like-this" in capsys.readouterr().err


def test_ratio_is_ours_over_peer() -> None:
    job = harness.Benchmark("busy", "wait", lambda: _busy(0.02), "slower", lambda: _busy(0.08))
    result = harness.measure(job, 3)
    assert result.peer is not None
    assert 0.02 <= result.ours < result.peer
    assert result.ratio == pytest.approx(result.ours / result.peer)
    assert "| busy | wait |" in harness.page([result.row() | _MEASURED])


def test_a_missing_peer_is_said() -> None:
    result = harness.measure(harness.Benchmark("alone", "wait", lambda: _busy(0.001), "x is not installed"), 1)
    assert (result.peer, result.ratio) == (None, None)
    assert "| x is not installed |  |  | 1 |" in harness.page([result.row() | _MEASURED])
    assert json.loads(result.line())["peer"] is None


def test_answers_that_differ_stop_the_benchmark() -> None:
    def same(one: int, other: int) -> None:
        assert one == other

    with pytest.raises(AssertionError):
        harness.measure(harness.Benchmark("wrong", "count", lambda: 1, "other", lambda: 2, same), 1)
