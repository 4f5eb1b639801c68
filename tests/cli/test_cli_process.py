"""The command as a process: start-up, closed pipes, Ctrl-C, a bare environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tcakit.store.database import FORMAT

PROGRAM = str(Path(sys.executable).with_name("tcakit"))
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
HEAVY = ("polars", "duckdb", "numba", "numpy", "plotly", "scipy", "jinja2", "rich.table")


def _imported(code: str) -> list[str]:
    script = f"import sys\n{code}\nprint([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1:]


@pytest.mark.parametrize("words", [["--help"], ["backtest", "--help"], ["--version"], ["catalgo"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = f"from tcakit.cli.main import main\ntry:\n    main({words!r})\nexcept SystemExit:\n    pass"
    assert _imported(code) == ["[]"]


@pytest.mark.parametrize("words", [["catalog"], ["catalog", "--json"], ["--help"], ["sql", "FROM range(5000)"]])
def test_a_reader_that_leaves_is_no_trouble(store: Path, words: list[str]) -> None:
    process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=store.parent)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.usefixtures("store")
def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "catalog"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "tcakit: cannot print: No space left on device; make room\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_stores_nothing_and_leaves_no_trace(tmp_path: Path, as_json: bool) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        [PROGRAM, "ingest", str(SAMPLE), "--store", str(store), *(["--json"] if as_json else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test runner in the background may have told its children to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not (store / "results.duckdb").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    if as_json:
        assert json.loads(out)["error"]["code"] == "interrupted"
        assert err == ""
    else:
        assert err == "tcakit: interrupted; what was under way is not stored\n"
    # What it left is a whole store: the same command does the rest.
    done = subprocess.run(
        [PROGRAM, "ingest", str(SAMPLE / "blotter"), "--store", str(store)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


JOB = """
[job]
store = "store"
[[ingest]]
path = "sample_data/lobster/ALFA_{date}_*.zip"
[[parents]]
symbol = "ALFA"
side = "buy"
quantity = 200
algo = "twap"
start = "10:00"
end = "10:05"
[[report]]
out = "page-{yyyymmdd}.html"
"""


def _as_cron(words: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run without a terminal, with stdin closed, from another folder."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", PROGRAM, *words],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_job_runs_as_cron_runs_it(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    (tmp_path / "job.toml").write_text(JOB)
    environment = {"TCAKIT_CACHE": os.environ["TCAKIT_CACHE"]} if "TCAKIT_CACHE" in os.environ else {}
    for _ in range(2):
        assert _as_cron(["batch", str(tmp_path / "job.toml"), "--date", "2026-03-03"], environment) == (0, "", "")
    assert (tmp_path / "page-20260303.html").stat().st_size > 10_000


def test_a_home_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    (tmp_path / "job.toml").write_text(JOB.partition("[[parents]]")[0])
    environment = {"HOME": "/dev/null", "TMPDIR": str(tmp_path)}
    assert _as_cron(["batch", str(tmp_path / "job.toml"), "--date", "2026-03-03"], environment) == (0, "", "")
    kept = [path for path in tmp_path.glob(f"tcakit-{os.geteuid()}-*") if any(path.rglob("*.nbi"))]
    assert len(kept) == 1, "compiled kernels are kept for the next night"
    assert kept[0].stat().st_mode & 0o077 == 0


def test_a_second_run_of_a_job_is_told_that_it_runs(tmp_path: Path) -> None:
    import fcntl
    import hashlib

    job = tmp_path / "job.toml"
    job.write_text(JOB)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.json").write_text(f'{{"format": {FORMAT}}}')
    (tmp_path / "store" / "days").mkdir()
    name = hashlib.sha256(str(job).encode()).hexdigest()[:16]
    with (tmp_path / "store" / f"batch-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([PROGRAM, "batch", str(job), "--date", "2026-03-03"], capture_output=True, text=True)
    assert done.returncode == 4
    assert "is running already" in done.stderr
