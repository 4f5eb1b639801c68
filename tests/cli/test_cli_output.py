"""What each verb prints for people, for machines, and for nobody."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

import tcakit.cli.main as cli

_BACKTEST = "backtest --symbol ALFA --side buy --quantity 200 --algo pov:10 --start 10:00 --end 10:10 --date 2026-03-03"
VERBS = {
    "ingest": ("ingest sample_data/lobster/ALFA_2026-03-04_34200000_57600000_5.zip", {"files", "rows", "faults"}),
    "drop": ("drop ALFA_2026-03-03_34200000_57600000_5.zip", {"rows"}),
    "catalog": ("catalog --files --faults", {"days", "files", "faults"}),
    "book": ("book ALFA --at 11:30:00", {"ts", "bids", "asks"}),
    "fill-curves": (
        "fill-curves ALFA --every 60s --levels 2 --out curves.html",
        {"orders", "levels", "by_queue", "by_spread", "notes", "out"},
    ),
    "estimate": (
        "estimate --symbol ALFA --quantity 20000 --participation 10% --date 2026-03-04",
        {"models", "facts", "quantity_adv", "notes"},
    ),
    "schedule": (
        "schedule --symbol ALFA --quantity 20000 --algo is:30m --date 2026-03-04 --frontier --out plan.html",
        {"times", "quantities", "expected_cost", "variance", "frontier", "algorithms", "facts", "notes", "out"},
    ),
    "sql": ("sql 'SELECT count(*) FROM fills'", {"columns", "rows"}),
    "simulate run": ("simulate run --events 2000", {"events", "trades", "seconds", "seed"}),
    "simulate fit": (
        "simulate fit ALFA --date 2026-03-03 --no-feedback --out alfa.toml",
        {"events", "trades", "sides", "feedback", "notes", "file", "seconds"},
    ),
    "backtest": (
        _BACKTEST,
        {"run_id", "parents", "orders", "fills", "cost_bps", "seconds", "events_per_second", "algorithms"},
    ),
    "sweep": ("sweep sweep.toml --jobs 1 --out sweep.html", {"runs", "best", "seconds", "notes", "out"}),
    "runs": ("runs", {"runs"}),
    "report": ("report --orders", {"currencies", "parents"}),
    "instruments import": ("instruments import instruments.csv", {"instruments", "rows", "aliases", "splits"}),
    "rates import": ("rates import rates.csv", {"rates", "pairs", "sources"}),
    "batch status": ("batch status", {"steps"}),
    "batch why": ("batch why", {"steps"}),
}
_CASES = [pytest.param(words, names, id=verb) for verb, (words, names) in VERBS.items()]
_ORDERS = "backtest --orders --algo twap,pov:20 --where symbol=ALFA --from 2026-03-03 --to 2026-03-03 --by broker"
_CASES.append(pytest.param(_ORDERS, VERBS["backtest"][1] - {"algorithms"} | {"runs", "left_out"}, id="backtest orders"))
_CASES.append(pytest.param("estimate --orders", {"orders", "models", "notes"}, id="estimate orders"))
_NUMBERS = "--quantity 1e6 --days 5 --slices 5 --volatility-currency 0.95 --permanent 2.5e-7 --temporary 2.5e-6"
_AC = f"schedule --algo almgren-chriss {_NUMBERS} --fixed 0.0625 --risk-aversion 1e-6 --frontier --out plan.html"
_CASES.append(pytest.param(_AC, {"times", "quantities", "expected_cost", "variance", "out"}, id="schedule by numbers"))
_CASES.append(pytest.param(f"{_BACKTEST} --engine bars --impact none", VERBS["backtest"][1], id="backtest by bars"))


@pytest.mark.parametrize(("words", "names"), _CASES)
@pytest.mark.usefixtures("store")
def test_json_is_one_object_and_nothing_else(tcakit: Callable, words: str, names: set[str]) -> None:
    told = tcakit(*shlex.split(words), "--json")
    assert (told.code, told.err) == (0, "")
    assert names <= told.json.keys()


@pytest.mark.parametrize(("words", "names"), _CASES)
@pytest.mark.usefixtures("store")
def test_quiet_says_nothing_and_people_are_told_on_stdout_alone(tcakit: Callable, words: str, names: set[str]) -> None:
    told = tcakit(*shlex.split(words))
    assert (told.code, told.err) == (0, "")
    assert told.out
    if not words.startswith(("drop", "ingest")):
        told = tcakit(*shlex.split(words), "-q")
        assert (told.code, told.out, told.err) == (0, "", "")


def _verbs() -> list[tuple[str, str]]:
    """Every verb and its help."""
    found = []
    tree = typer.main.get_command(cli.application())
    for name, command in tree.commands.items():
        inner = getattr(command, "commands", None) or {"": command}
        found += [(f"{name} {below}".strip(), one.help) for below, one in inner.items()]
    return found


@pytest.mark.parametrize(("verb", "help_text"), _verbs())
def test_the_example_of_the_help_runs(tcakit: Callable, store: Path, verb: str, help_text: str) -> None:
    (store.parent / "nightly.toml").write_text(
        '[[ingest]]\npath = "sample_data/blotter/*.csv"\n[job]\nholidays = []\n', encoding="utf-8"
    )
    found = re.search(r"Example: tcakit (.*)", help_text)
    assert found, verb
    assert found[1].startswith(verb)
    if verb == "compare":
        assert tcakit(*shlex.split(f"{_BACKTEST} --algo twap --algo vwap")).code == 0
    if verb != "demo":  # which test_docs and `make demo` run, taking its time
        told = tcakit(*shlex.split(found[1]))
        # The sample's two days are too few to fit impact on, which is what it says.
        assert told.code == (3 if verb == "fit impact" else 0), told.err


@pytest.mark.usefixtures("store")
def test_a_sweep_streams_lines_and_then_the_whole(tcakit: Callable) -> None:
    told = tcakit("sweep", "sweep.toml", "--jobs", "1", "--stream")
    assert (told.code, told.err) == (0, "")
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [line["kind"] for line in lines] == ["unit", "unit", "run", "run", "sweep"]
    assert [line["cost_bps"] for line in lines[2:4]] == [run["cost_bps"] for run in lines[4]["runs"]]
    assert [line["kind"] for line in map(json.loads, tcakit("sweep", "sweep.toml", "--stream").out.splitlines())] == [
        "sweep"
    ]


@pytest.mark.usefixtures("store")
def test_a_backtest_tells_that_nothing_looks_ahead(tcakit: Callable) -> None:
    told = tcakit(*shlex.split(_BACKTEST), "--check-lookahead", "--check-times", "2", "--json")
    assert told.json["lookahead"]["times"] == 2
    assert "no look-ahead: with noise after 2 instants" in tcakit(
        *shlex.split(_BACKTEST), "--check-lookahead", "--check-times", "2"
    ).out  # fmt: skip


@pytest.mark.usefixtures("store")
def test_times_have_a_zone(tcakit: Callable) -> None:
    assert "09:30:00-05:00" in tcakit("catalog").out
    assert "2026-03-03T11:30:00.000000000-05:00" in tcakit("book", "ALFA", "--at", "11:30:00").out
    assert tcakit("catalog", "--json").json["days"][0]["first_ts"].endswith("-05:00")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.usefixtures("store")
def test_tables_fit_the_terminal_and_cut_no_number(
    tcakit: Callable, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    plain = ("catalog", "book ALFA --at 11:30:00", "sweep sweep.toml --jobs 1", "sql 'FROM fills LIMIT 3'")
    for words in (_BACKTEST, VERBS["fill-curves"][0], VERBS["estimate"][0], VERBS["schedule"][0], _AC, *plain):
        told = tcakit(*shlex.split(words))
        assert max(map(len, told.out.splitlines())) <= width
        assert "…" not in told.out
    assert "buy 200 ALFA" in tcakit(*shlex.split(_BACKTEST)).out


def test_alone_it_shows_the_help(tcakit: Callable) -> None:
    told = tcakit()
    assert told.code == 2
    assert told.out.startswith("Usage: tcakit")
    assert told.err == ""
    assert tcakit("--help").code == 0
    assert "--install-completion" in told.out


def test_the_version_is_told(tcakit: Callable) -> None:
    told = tcakit("--version")
    assert told.code == 0
    assert re.fullmatch(r"tcakit \d+\.\d+\.\d+\n", told.out)


@pytest.mark.usefixtures("store")
def test_names_from_files_cannot_command_the_terminal(tcakit: Callable, tmp_path: Path) -> None:
    Path("odd.csv").write_text(
        'ts,symbol,price,size\n2026-03-03T15:00:00Z,"[red]\x1b[2JA",10.01,100\n2026-03-03T15:00:01Z,ÄÖ☃,10.02,100\n',
        encoding="utf-8",
    )
    told = tcakit("ingest", "odd.csv", "--store", tmp_path / "odd")
    assert told.code == 0
    shown = tcakit("catalog", "--store", tmp_path / "odd").out
    assert "\x1b[2J" not in told.out + shown
    assert "[red]?[2JA" in shown
    assert "ÄÖ☃" in shown
