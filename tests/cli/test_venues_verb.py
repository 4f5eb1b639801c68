"""tcakit venues at the terminal and for machines."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.feeds.rule605_files import GOOD, changed, detailed, summary

pytestmark = pytest.mark.usefixtures("store")


def test_a_table_for_people_and_one_object_for_machines(tcakit: Callable) -> None:
    told = tcakit("venues", "acme.csv", "--by-size")
    assert (told.code, told.err) == (0, "")
    assert "$1k to $5k" in told.out
    assert "0.900" in told.out
    assert "averages without counts" in told.out
    told = tcakit("venues", "acme.csv", "--json")
    assert (told.code, told.err) == (0, "")
    assert {"files", "rows", "notes"} == told.json.keys()
    assert [row["size"] for row in told.json["rows"]] == ["all below $200k"]
    assert tcakit("venues", "acme.csv", "-q").out == ""


def test_check_lists_every_defect_and_fails(tcakit: Callable) -> None:
    Path("bad.csv").write_bytes(summary(changed(Sp500="X", OrderSize="7"), changed(AvgEFQPct="90")))
    told = tcakit("venues", "bad.csv", "--check")
    assert told.code == 3
    assert "fault: bad.csv:2 Sp500: found 'X', allowed is Y or N" in told.out
    assert "fault: bad.csv:2 OrderSize" in told.out
    assert "remark: bad.csv:3 AvgEFQPct: '90' is odd, expected is 0.900000, a fraction: percent was written" in told.out
    assert told.err.startswith("tcakit: bad.csv:2 Sp500: 2 faults; the first: found 'X'")
    told = tcakit("venues", "bad.csv", "--check", "--json")
    assert told.code == 3
    assert told.json["error"]["code"] == "data"
    (file,) = told.json["files"]
    assert (file["refused"], file["remarks"], file["good_rows"]) == (2, 1, 1)
    assert [fault["column"] for fault in file["faults"]] == ["Sp500", "OrderSize", "AvgEFQPct"]


def test_of_very_many_faults_the_first_are_shown(tcakit: Callable) -> None:
    Path("bad.csv").write_bytes(summary(*(changed(OrderSize=str(7 + number)) for number in range(60))))
    assert "and 20 more in bad.csv (--json)" in tcakit("venues", "bad.csv", "--check").out
    Path("many.txt").write_bytes(detailed({}, *({"symbol": f"S{number}", "orders": "x"} for number in range(300))))
    told = tcakit("venues", "many.txt", "--check")
    assert "and 260 more in many.txt (--json)" in told.out


def test_the_terminal_is_not_commanded_by_a_file(tcakit: Callable) -> None:
    Path("odd.csv").write_bytes(summary(GOOD, changed(Sp500="\x1b[31mX")))
    told = tcakit("venues", "odd.csv", "--check")
    assert told.code == 3
    assert "\x1b" not in told.out + told.err


def test_a_blotter_without_child_orders_says_so(tcakit: Callable) -> None:
    told = tcakit("venues", "--orders")
    assert (told.code, told.err) == (0, "")
    assert "the blotter tells no child orders" in told.out
    assert "whose child order is not known" in told.out
    told = tcakit("venues", "--orders", "--write", "own.csv")
    assert told.code == 2
    assert "no covered order was executed" in told.err
    assert not Path("own.csv").exists()


def test_our_own_stand_beside_the_venues_and_are_written(tcakit: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "180")
    window = "--start 10:00 --end 10:05 --date 2026-03-03"
    assert tcakit(*shlex.split(f"backtest --symbol ALFA --side buy --quantity 300 --algo pov:10 {window}")).code == 0
    words = "venues acme.csv --run latest --ioc --participant Q --entity DESK --write own.csv"
    told = tcakit(*shlex.split(words))
    assert (told.code, told.err) == (0, "")
    assert "Q DESK (own)" in told.out
    assert "not known: Sp500 needs the symbols in the S&P 500" in told.out
    assert "not yet as the schema asks" in told.out
    Path("index.txt").write_text("ALFA\n")
    told = tcakit(*shlex.split(words), "--sp500", "index.txt", "--json")
    assert told.json["written"]["complete"]
    assert tcakit("venues", "own.csv", "--check").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("venues", 2, "no report is given"),
        ("venues gone.csv", 2, "gone.csv: no such file"),
        ("venues sweep.toml", 3, "no report of Rule 605 begins with"),
        ("venues acme.csv --run latest", 2, "no run is stored"),
        ("venues --orders --run latest", 2, "give one of them"),
        ("venues --check", 2, "no report is given"),
        ("venues acme.csv --check --orders", 2, "looks at files alone"),
        ("venues acme.csv --write own.csv", 2, "say whose executions"),
        ("venues acme.csv --ioc", 2, "whose executions?"),
        ("venues --orders --participant q", 2, "write it in capital letters"),
        ("venues --orders --sp500 gone.txt", 2, "gone.txt"),
        ("venues acme.csv --orders --store nowhere", 2, "there is no store here"),
    ],
)
def test_mistakes_are_told(tcakit: Callable, words: str, code: int, said: str) -> None:
    told = tcakit(*shlex.split(words))
    assert told.code == code
    assert said in told.err
