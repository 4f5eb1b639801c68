"""Sweeps: the numbers of single backtests, for any number of processes, however often they were killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import tcakit.jobs.workers as workers_module
from tcakit.errors import ConfigError, TcakitError, UsageError
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import config_from_toml
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.sweep import best_set, sweep
from tcakit.jobs.sweep_config import SweepConfig, sweep_from_toml
from tcakit.jobs.workers import Workers
from tcakit.store import results
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAYS = ["2026-03-03", "2026-03-04"]
PARENTS = '[[parents]]\nsymbol = "ALFA"\nside = ["buy", "sell"]\nquantity = 200\nstart = "10:00"\nend = "10:05"\n'
SETS = '[[sets]]\nalgo = "twap"\ninterval = ["2s", "5s"]\n[[sets]]\nalgo = "pov"\nrate = [0.1, 0.3]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster" / f"ALFA_{date}_34200000_57600000_5.zip") for date in DAYS]))
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "store")
    return tmp_path / "store"


def config_of(folder: Path, text: str = PARENTS + SETS) -> SweepConfig:
    (folder / "sweep.toml").write_text(text)
    return sweep_from_toml(folder / "sweep.toml")


def tables(folder: Path, run_id: str) -> dict[str, pl.DataFrame]:
    return {name: results.table(Store(folder), name, run_id) for name in results.RUN_TABLES}


def assert_same_runs(one: Path, two: Path, run_ids: list[str]) -> None:
    for run_id in run_ids:
        for name, frame in tables(one, run_id).items():
            assert_frame_equal(frame, tables(two, run_id)[name], check_exact=True)


def figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in run.items() if name != "stored_before"} for run in result["runs"]]


def test_each_set_is_the_run_of_a_backtest_for_any_number_of_processes(store: Path, made: Path, tmp_path: Path) -> None:
    config = config_of(tmp_path)
    alone = sweep(store, config, jobs=1)
    shutil.copytree(made, tmp_path / "other")
    several = sweep(tmp_path / "other", config, jobs=3)
    assert (alone["jobs"], several["jobs"], several["units"]) == (1, 3, 8)
    assert figures(alone) == figures(several)
    run_ids = [run["run_id"] for run in alone["runs"]]
    assert len(set(run_ids)) == 4
    assert_same_runs(store, tmp_path / "other", run_ids)
    shutil.copytree(made, tmp_path / "single")
    file = tmp_path / "backtest.toml"
    file.write_text(PARENTS + f'algo = "pov,rate=0.3"\ndate = {json.dumps(DAYS)}\n')
    found = backtest(tmp_path / "single", config_from_toml(file))
    assert found["run_id"] == run_ids[3]
    assert_same_runs(store, tmp_path / "single", [found["run_id"]])
    assert results.run(Store(store), run_ids[3])["notes"] == found["notes"]  # type: ignore[index]
    assert alone["runs"][3]["cost_bps"] == found["algorithms"][0]["shortfall_bps"]
    assert alone["runs"][3]["ci"] == found["algorithms"][0]["shortfall_ci"]
    assert alone["runs"][3]["params"] == {"rate": 0.3}
    assert {(run["parents"], run["days"]) for run in alone["runs"]} == {(4, 2)}


def test_the_same_sweep_again_does_nothing_unless_told_to(store: Path, tmp_path: Path) -> None:
    config = config_of(tmp_path, PARENTS + '[[sets]]\nalgo = "twap"\ninterval = ["2s", "3s"]\n')
    first = sweep(store, config, jobs=1)
    created = results.run(Store(store), first["runs"][0]["run_id"])["created_ns"]  # type: ignore[index]
    second = sweep(store, config, jobs=1)
    assert (second["units"], [run["stored_before"] for run in second["runs"]]) == (0, [True, True])
    assert figures(second) == figures(first)
    assert results.run(Store(store), first["runs"][0]["run_id"])["created_ns"] == created  # type: ignore[index]
    third = sweep(store, config, jobs=1, again=True)
    assert (third["units"], third["units_kept"]) == (4, 0)
    assert figures(third) == figures(first)
    assert results.run(Store(store), first["runs"][0]["run_id"])["created_ns"] > created  # type: ignore[index]
    # One more value is one more set to do.
    more = config_of(tmp_path, PARENTS + '[[sets]]\nalgo = "twap"\ninterval = ["2s", "3s", "4s"]\n')
    assert [run["stored_before"] for run in sweep(store, more, jobs=1)["runs"]] == [True, True, False]


def test_what_is_done_comes_as_it_is_done(store: Path, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    result = sweep(store, config_of(tmp_path), jobs=1, told=events.append)
    units = [event for event in events if event["kind"] == "unit"]
    assert [event["done"] for event in units] == list(range(1, 9))
    # All sets of a day before the next day.
    assert [event["date"] for event in units] == [DAYS[0]] * 4 + [DAYS[1]] * 4
    stored = {event["run_id"]: event["cost_bps"] for event in events if event["kind"] == "run"}
    assert stored == {run["run_id"]: run["cost_bps"] for run in result["runs"]}
    for event in units[4:]:
        assert event["left"] == 0
        assert event["so_far_bps"] == pytest.approx(stored[event["run_id"]])
    assert not any((store / "sweeps").iterdir())


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_a_killed_sweep_goes_on_where_it_was(store: Path, made: Path, tmp_path: Path) -> None:
    text = PARENTS.replace("10:05", "10:40") + '[[sets]]\nalgo = "twap"\ninterval = ["2s", "3s", "4s", "5s", "6s"]\n'
    config = config_of(tmp_path, text)
    words = [sys.executable, "-m", "tcakit", "sweep", str(tmp_path / "sweep.toml"), "--store", str(store)]
    killed = subprocess.Popen([*words, "--jobs", "2", "--stream"], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    lines = [json.loads(killed.stdout.readline()) for _ in range(2)]
    workers = children(killed.pid)
    os.kill(killed.pid, signal.SIGKILL)
    lines += [json.loads(line) for line in killed.stdout if line.endswith("\n")]
    killed.wait()
    assert len(workers) >= 2
    until = time.monotonic() + 30
    while any(is_alive(pid) for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in workers)
    assert len(lines) < 10
    assert {line["kind"] for line in lines} == {"unit"}
    resumed = sweep(store, config, jobs=1)
    assert resumed["units"] == 10
    assert 2 <= resumed["units_kept"] < 10
    shutil.copytree(made, tmp_path / "whole")
    whole = sweep(tmp_path / "whole", config, jobs=1)
    assert whole["units_kept"] == 0
    assert figures(resumed) == figures(whole)
    assert_same_runs(store, tmp_path / "whole", [run["run_id"] for run in whole["runs"]])


def test_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    bad = (
        '[sweep]\nmeasure = "luck"\nfrom = "2026-03-05"\nto = "2026-03-01"\n[walk_forward]\ntrain_days = 1\n'
        '[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 5\nalgo = "twap"\n'
        '[[sets]]\ninterval = "2s"\n[[sets]]\nalgo = "pov"\nrate = [0.1, 2]\n[[sets]]\nalgo = "twap"\nhorizon = []\n'
        '[[sets]]\nalgo = "is"\nhalf_life = ["3m", "3m"]\n'
    )
    with pytest.raises(ConfigError) as refused:
        config_of(tmp_path, bad)
    told = "\n".join(f"{place}: {message}" for place, message, _ in refused.value.mistakes)
    expected = (
        "'luck'", "ends before", "[walk_forward]", "sets say the algorithms", "'algo' is missing",
        "no participation rate", "[sets].horizon: is no value", "is half_life=3m is there twice",
    )  # fmt: skip
    for words in expected:
        assert words in told
    assert len(refused.value.mistakes) == 8
    with pytest.raises(ConfigError, match="no parameter sets"):
        config_of(tmp_path, PARENTS)
    with pytest.raises(ConfigError, match="a sweep replays"):
        config_of(tmp_path, f'[backtest]\nengine = "bars"\n{PARENTS}{SETS}')


def test_what_cannot_be_swept_is_told(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no day of ALFA"):
        sweep(store, config_of(tmp_path, f'[sweep]\nfrom = "2027-01-01"\n{PARENTS}{SETS}'))
    with pytest.raises(UsageError, match="no page"):
        sweep(store, config_of(tmp_path), page=tmp_path / "page.txt")
    one = sweep(store, config_of(tmp_path, f'[sweep]\nto = "2026-03-03"\n{PARENTS}[[sets]]\nalgo = "twap"\n'), jobs=1)
    assert one["dates"] == DAYS[:1]
    assert one["best"]["tried"] == 1
    assert not any("best of" in note for note in one["notes"])


def dies(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 3:
        raise UsageError("three is refused")
    return number * number


def where(number: int) -> int:
    return os.getpid()


def test_without_a_number_they_begin_when_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "cores", lambda: 2)
    monkeypatch.setattr(workers_module, "_TRIAL_S", 0.05)
    monkeypatch.setattr(workers_module, "_WORTH_S", 0.05)
    with Workers() as workers:
        found = dict(workers.results(slowly, list(range(8))))
        assert workers.jobs == 2
    assert sorted(found) == list(range(8))
    assert found[0] == os.getpid()
    assert os.getpid() not in (found[6], found[7])


def slowly(number: int) -> int:
    time.sleep(0.03)
    return os.getpid()


def test_workers_give_all_results_and_tell_of_their_ends() -> None:
    with Workers(2) as workers:
        assert sorted(workers.results(dies, [1, 4, 5, 6, 7])) == [(n, n * n) for n in (1, 4, 5, 6, 7)]
        assert workers.jobs == 2
    with Workers() as workers:
        # What is done in no time is done here.
        assert list(workers.results(where, [1, 4])) == [(1, os.getpid()), (4, os.getpid())]
        assert workers.jobs == 1
    with pytest.raises(UsageError, match="three"), Workers(2) as workers:
        list(workers.results(dies, [1, 3]))
    with pytest.raises(TcakitError, match="was killed"), Workers(2) as workers:
        list(workers.results(dies, [1, 2]))


def test_the_best_of_many_is_told_with_what_chance_gives() -> None:
    generator = np.random.default_rng(5)
    rows = [
        pl.DataFrame({
            "date": [f"2026-03-{day:02d}" for day in range(1, 31)],
            "total_cost": generator.normal(5, 3, 30), "paper_notional": np.full(30, 1e4),
        })
        for _ in range(12)
    ]  # fmt: skip
    rows[7] = rows[7].with_columns(pl.col("total_cost") - 4)
    runs = [
        {"cost_bps": frame["total_cost"].sum() / 30, "run_id": str(at), "set": f"set {at}"}
        for at, frame in enumerate(rows)
    ]
    best = best_set(runs, rows, "shortfall_bps_of_paper")
    assert best is not None
    assert (best["set"], best["tried"], best["days"]) == ("set 7", 12, 30)
    assert best["gain_bps"] > 2.5 > best["chance_bps"] > 0
    assert best["p_value"] < 0.01
    few = best_set(runs, [frame.head(4) for frame in rows], "shortfall_bps_of_paper")
    assert few is not None
    assert few["p_value"] is None
