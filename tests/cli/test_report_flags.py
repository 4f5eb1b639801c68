"""Each flag of `report` as a person would give it: what it changes, and what a mistake in it is told."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tcakit.report import pdf

PAGE = "<!doctype html>"
SECTION = """
from tcakit.report.sections import Section

def desk(summary):
    text = "<p>{{ orders }} orders of our desk</p>"
    return Section("our-desk", "Our desk", text, {"orders": len(summary["parents"])})

def none(summary):
    return None

ours = ("control", "desk_sections:desk")
"""
POLICY = """
[policy]
name = "Equities"
version = "1"
owner = "Head of trading"
[[threshold]]
name = "cost"
measure = "arrival_bps_of_executed"
by = "algo"
{bound}
least_orders = 1
"""


@pytest.fixture
def folder(store: Path) -> Path:
    """The folder that the command is given in, with a desk's section and two policies."""
    (store.parent / "desk_sections.py").write_text(SECTION)
    (store.parent / "strict.toml").write_text(POLICY.format(bound="at_most = -1000"))
    (store.parent / "lax.toml").write_text(POLICY.format(bound="at_most = 100000"))
    return store.parent


def test_the_latest_run_is_called_so(tcakit: Callable, folder: Path) -> None:
    told = tcakit("report", "--orders", "--json").json
    by_name, by_id = (tcakit("report", "--run", name, "--json").json for name in ("latest", told["run"]["run_id"][:6]))
    assert by_name["run"]["run_id"] == by_id["run"]["run_id"] == told["run"]["run_id"]
    assert tcakit("compare", "latest/TWAP", "latest/VWAP").code in (0, 2)


def test_templates_of_the_house(tcakit: Callable, folder: Path) -> None:
    for template in ("tca", "best-execution"):
        done = tcakit("report", "--orders", "--template", template, "--out", f"{template}.html")
        assert (done.code, done.out.strip().splitlines()[-1]) == (0, f"written to {template}.html")
    whole, part = ((folder / f"{name}.html").read_text() for name in ("tca", "best-execution"))
    assert whole.lower().startswith(PAGE)
    assert 'id="through-the-day"' in whole or whole.count("<section") > part.count("<section") > 3
    trend = tcakit("report", "--template", "trend", "--json").json
    assert {row["run_id"] for row in trend["runs"]}
    written = tcakit("report", "--template", "trend", "--out", "trend.html")
    assert written.code == 0
    assert "tca.html" in (folder / "trend.html").read_text()


def test_a_desks_own_section_and_template(tcakit: Callable, folder: Path) -> None:
    asked = ("--section", "desk_sections:desk", "--section", "desk_sections:none")
    assert tcakit("report", "--orders", *asked, "--out", "a.html").code == 0
    orders = len(tcakit("report", "--orders", "--json").json["parents"])
    assert f"{orders} orders of our desk" in (folder / "a.html").read_text()
    assert tcakit("report", "--orders", "--template", "desk_sections:ours", "--out", "b.html").code == 0
    page = (folder / "b.html").read_text()
    assert f"{orders} orders of our desk" in page
    assert page.count("<section") < (folder / "a.html").read_text().count("<section")


def test_an_order_that_is_named_can_be_opened(tcakit: Callable, folder: Path) -> None:
    rows = tcakit("report", "--orders", "--json").json["parents"]
    middle = sorted(rows, key=lambda row: row["shortfall_bps_of_paper"] or 0.0)[len(rows) // 2]["parent_id"]
    assert tcakit("report", "--orders", "--order", middle, "--out", "a.html").code == 0
    assert f'<span class="id">{middle}</span>' in (folder / "a.html").read_text()


def test_conditions_are_met_together(tcakit: Callable, folder: Path) -> None:
    every = tcakit("report", "--orders", "--json").json["parents"]
    told = tcakit("report", "--orders", "--where", "side = buy", "--where", "symbol = ALFA or not priced", "--json")
    wanted = {
        row["parent_id"] for row in every if row["side"] == "buy" and (row["symbol"] == "ALFA" or not row["priced"])
    }
    assert {row["parent_id"] for row in told.json["parents"]} == wanted
    assert 0 < len(wanted) < len(every)


def test_tables_by_dimension(tcakit: Callable, folder: Path) -> None:
    told = tcakit("report", "--orders", "--by", " broker , algo", "--json").json
    assert told["scope"]["by"] == ["broker", "algo"]
    (table,) = [group for group in told["groups"] if group["asked"] and group["currency"] == "USD"]
    counted: dict[tuple[str, str], int] = {}
    for row in told["parents"]:
        if row["currency"] == "USD":
            counted[row["broker"], row["algo"]] = counted.get((row["broker"], row["algo"]), 0) + 1
    assert {(cell["key"]["broker"], cell["key"]["algo"]): cell["n"] for cell in table["cells"]} == counted
    assert "NORTHGATE" in tcakit("report", "--orders", "--by", "broker,algo").out


def test_another_currency_and_the_order_without_a_rate(tcakit: Callable, folder: Path) -> None:
    assert tcakit("rates", "import", "rates.csv").code == 0
    told = tcakit("report", "--orders", "--currency", "EUR", "--json").json
    assert list(told["currencies"]) == ["EUR"]
    (lost,) = told["currency"]["without_rate"]
    row = next(row for row in told["parents"] if row["parent_id"] == lost["parent_id"])
    assert row["total_cost"] is None
    assert lost["reason"] == "no rate from GBP to EUR on 2026-03-03 or the 7 days before"
    assert row["unpriced_reason"] == f"ZZTQ LN Equity is no symbol of the store; {lost['reason']}"
    assert row["shortfall_bps_of_paper"] is not None


def test_names_are_masked_on_the_terminal_and_in_files(tcakit: Callable, folder: Path) -> None:
    asked = ("report", "--orders", "--redact", "trader, broker", "--by", "broker")
    shown = tcakit(*asked, "--out", "a.html")
    text = (folder / "a.html").read_text() + (folder / "a.html.evidence.jsonl").read_text() + shown.out
    with (folder / "sample_data" / "blotter" / "parents.csv").open() as file:
        names = {row[column] for row in csv.DictReader(file) for column in ("trader", "broker") if row[column]}
    assert not [name for name in names if name in text]
    assert "broker-" in shown.out


def test_a_breached_policy_ends_with_six_once_all_is_written(tcakit: Callable, folder: Path) -> None:
    breached = tcakit("report", "--orders", "--policy", "strict.toml", "--out", "a.html", "--json")
    assert breached.code == 6
    assert breached.json["monitoring"]["open_breaches"]
    assert "Best-execution monitoring" in (folder / "a.html").read_text()
    kept = tcakit("report", "--orders", "--policy", "lax.toml", "--json")
    assert (kept.code, kept.json["monitoring"]["open_breaches"]) == (0, 0)


def test_formulas_of_one_order(tcakit: Callable, folder: Path) -> None:
    rows = tcakit("report", "--orders", "--json").json["parents"]
    order = next(row for row in rows if row["priced"] and row["filled_shares"])
    shown = tcakit("report", "--orders", "--explain", order["parent_id"]).out
    assert order["parent_id"] in shown
    assert "trading_cost" in shown
    alone = tcakit("report", "--orders", "--explain", order["parent_id"], "--metric", "trading_cost", "--json").json
    (told,) = alone["explained"]["formulas"]
    assert (told["metric"], told["value"]) == ("trading_cost", pytest.approx(order["trading_cost"]))


@pytest.mark.parametrize("kind", ["html", "json", "csv", "md", "xlsx", "pdf"])
def test_every_kind_of_file_holds_the_orders(tcakit: Callable, folder: Path, kind: str) -> None:
    if kind == "pdf" and not any(shutil.which(name) for name in pdf.BROWSERS):
        pytest.skip("no browser is installed")
    done = tcakit("report", "--orders", "--out", f"a.{kind}", "--json")
    assert (done.code, done.json["out"]) == (0, f"a.{kind}")
    data, names = (folder / f"a.{kind}").read_bytes(), [row["parent_id"] for row in done.json["parents"]]
    if kind == "json":
        assert [row["parent_id"] for row in json.loads(data)["parents"]] == names
    elif kind == "csv":
        assert sorted(row["parent_id"] for row in csv.DictReader(data.decode().splitlines())) == sorted(names)
    elif kind == "pdf":
        assert data.startswith(b"%PDF-")
    elif kind == "xlsx":
        assert data.startswith(b"PK")
    else:
        assert all(name in data.decode() for name in names)
    assert (folder / f"a.{kind}.evidence.jsonl").exists()


MISTAKES = [
    # words after `report --orders`, words of the message
    ("--where", "", "nothing is asked"),
    ("--where", "brokr = KITE", "did you mean broker"),
    ("--where", "adv_pct >", "a value for 'adv_pct' was expected"),
    ("--where", "adv_pct > KITE", "no column 'KITE'"),
    ("--where", "adv_pct > 5bps", "not in bps"),
    ("--where", "broker KITE", "a comparison of 'broker' was expected"),
    ("--where", "broker = 'KITE", "cannot be read"),
    ("--where", "(side = buy", "')' was expected"),
    ("--where", "side = buy)", "and, or, or the end was expected"),
    ("--where", "side = buy and", "the name of a column was expected"),
    ("--where", "time > noon", "is a time of day"),
    ("--where", "priced = perhaps", "is true or false"),
    ("--where", "side = buy; drop table parents", "cannot be read"),
    ("--where", "adv_pct > 1000", "none of"),
    ("--by", "brokr", "did you mean broker"),
    ("--by", "broker,broker", "twice"),
    ("--currency", "euro", "no currency"),
    ("--currency", "JPY", "rates import"),
    ("--redact", "tradr", "did you mean 'trader'"),
    ("--policy", "nope.toml", "nope.toml"),
    ("--explain", "NOBODY", "NOBODY"),
    ("--template", "nice", "nice"),
    ("--template", "nomodule:X", "nomodule"),
    ("--section", "desk_sections:nothing", "nothing"),
    ("--order", "NOBODY", "NOBODY"),
    ("--index", "SPY", "no symbol of the store"),
    ("--as-of", "yesterday", "yesterday"),
    ("--from", "03/03/2026", "03/03/2026"),
    ("--out", "a.doc", ".html"),
]


@pytest.mark.parametrize(("flag", "value", "words"), MISTAKES)
def test_a_mistake_is_told_in_a_sentence(
    tcakit: Callable, folder: Path, held: Callable, flag: str, value: str, words: str
) -> None:
    out = () if flag == "--out" else ("--out", "a.html")
    told = tcakit("report", "--orders", flag, value, *out)
    assert told.code == 2, told.out
    assert words in told.err.replace("\n", " ")
    assert told.err.startswith("tcakit: ")
    assert not (folder / "a.html").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--metric trading_cost", "--metric without --explain"),
        ("--as-of 2026-03-03", "--as-of without --orders"),
        ("--index ALFA", "--index without --orders"),
        ("--run latest", "no run is stored"),
        ("--template trend --by broker", "--by with --template trend"),
    ],
)
def test_flags_that_do_not_go_together(tcakit: Callable, folder: Path, words: str, said: str) -> None:
    told: Any = tcakit("report", *words.split())
    assert told.code == 2
    assert said in told.err
