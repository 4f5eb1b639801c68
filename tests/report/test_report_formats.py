"""Workbook, Markdown, CSV and PDF: the numbers of the summary, the same bytes each time, and no harm from words."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import stat
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import example
import fastexcel
import polars as pl
import pytest
from benchmarked import benchmarked
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.jobs.report_files import FORMATS, check_format, rendered, write_report
from tcakit.market.schema import ESTIMATES
from tcakit.report import pdf
from tcakit.report.data import Previous, ReportData, Scope
from tcakit.report.monitoring import Policy, Threshold, monitored
from tcakit.report.sheets import Sheet, sheets_of
from tcakit.report.summary import summarise
from tcakit.report.text_tables import csv_table, harmless, markdown
from tcakit.report.workbook import workbook, written

HOSTILE = "=cmd|' /C calc'!A0"
NAMES = (HOSTILE, "+1+1", "-1+1", "@SUM(A1)", "\t=1", "<script>alert(1)</script>", 'Kite, "North" & Co|x')


@cache
def example_data() -> ReportData:
    parents = example.eight_parents()
    for row, name in zip(parents, NAMES, strict=False):
        row["broker"] = row["algo"] = name
    return example.report_data(parents)


@cache
def example_summary() -> dict[str, Any]:
    return summarise(example_data())


def test_a_workbook_holds_every_order_with_numbers_as_numbers() -> None:
    book = fastexcel.read_excel(workbook(example_summary()))
    orders = book.load_sheet("Orders").to_polars().rows(named=True)
    assert len(orders) == 8
    for shown, row in zip(orders, example_summary()["parents"], strict=True):
        assert shown["parent_id"] == row["parent_id"]
        for name in ("total_cost", "shortfall_bps_of_paper", "average_price", "fill_rate", "fills"):
            assert shown[name] == (row[name] if row[name] is None else pytest.approx(row[name], rel=1e-15)), name
    assert book.load_sheet("Orders").to_polars().schema["total_cost"].is_float()


@cache
def whole_summary() -> dict[str, Any]:
    """A summary with all that one can hold: further benchmarks, estimates, a period before, a policy, outliers."""
    start = example.OPEN_NS + 900 * example.SECOND
    many = [
        example.parent(
            f"P-{place:03d}", ("ACME", "BORA")[place % 2], 1 if place % 3 else -1, 2_400 * (1 + place % 2),
            start + place * 240 * example.SECOND, 15, algo=example.ALGOS[place % 3],
            broker=("North", "Kite")[place % 4 == 0],
            decision_price=None if place % 3 else (84.05, 23.45)[place % 2],
        )
        for place in range(30)
    ]  # fmt: skip
    data = benchmarked(many)
    names = data.parents["parent_id"].to_list()
    estimates = ESTIMATES.conform(
        pl.DataFrame(
            {
                "run_id": example.RUN, "parent_id": names[:25], "model": "square-root", "source": "published",
                "mean_bps": [2.0 + place / 7 for place in range(25)], "mean_low_bps": 2.0, "mean_high_bps": 4.0,
                "order_low_bps": -50.5, "order_high_bps": 55.25, "outside": False, "made_from": "x",
            },
            schema_overrides={"outside": pl.Boolean},
        )
    )  # fmt: skip
    tags = pl.DataFrame({"parent_id": names, "strategy": ["rebalance", "alpha"] * 15})
    costs = data.tca_parents.with_columns(
        arrival_bps_of_executed=pl.when(pl.col("parent_id") == "P-004").then(900.0).otherwise("arrival_bps_of_executed")
    )
    before = Previous("the day before", "2024-03-13", "2024-03-13", example_data())
    data = replace(
        data, estimates=estimates, tags=tags, tca_parents=costs, previous=before, scope=Scope(by=("strategy",))
    )
    summary = summarise(data)
    policy = Policy(
        "Best execution", "2", None,
        (Threshold("cost", "price", "arrival_bps_of_executed", "broker", at_most=0.125),),
        {}, {"impact": "square root"}, (), ("Head of trading",), "0" * 64,
    )  # fmt: skip
    return summary | {"monitoring": monitored(policy, data, summary)}


def numbers_of(value: Any) -> Iterator[float]:
    """Every number inside a JSON-able value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def cells_of(content: bytes) -> list[str]:
    """The cells of a workbook as they are written, words looked up."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    shared = re.findall(r"<si><t[^>]*>(.*?)</t></si>", texts["xl/sharedStrings.xml"], re.DOTALL)
    pages = "".join(text for name, text in texts.items() if "worksheets/sheet" in name)
    found = re.findall(r'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?( t="[a-z]+")?><v>(.*?)</v></c>', pages)
    return [shared[int(value)] if kind == ' t="s"' else value for kind, value in found]


def test_every_number_of_the_summary_stands_in_the_workbook_and_on_the_markdown_page() -> None:
    summary = whole_summary()
    for name in ("executive", "groups", "tests", "outliers", "control", "attribution", "estimates", "order_benchmarks"):
        assert summary[name], name
    wanted = Counter(numbers_of(summary))
    assert len(wanted) > 2_500
    cells = cells_of(workbook(summary))
    found: Counter[str] = Counter()
    for cell in cells:
        with suppress(ValueError):
            found[f"{float(cell):.16G}"] += 1
    # A workbook keeps sixteen digits.
    asked: Counter[str] = Counter()
    for number, count in wanted.items():
        asked[f"{number:.16G}"] += count
    assert {number: count for number, count in asked.items() if found[number] < count} == {}
    text = Counter(cell.strip().replace("\\", "") for cell in markdown(summary).replace("\n", "|").split("|"))
    text["0"] += text["-0"]
    shown: Counter[str] = Counter()
    for number, count in wanted.items():
        shown[f"{number:.10g}" if isinstance(number, float) else str(number)] += count
    assert {number for number, count in shown.items() if text[number] < count} == set()


def test_tables_inside_rows_say_whose_they_are() -> None:
    sheets = {sheet.name: sheet for sheet in sheets_of(whole_summary())}
    points = sheets["Estimates by order"]
    assert points.columns[:2] == ("model", "source")
    assert len(points.rows) == sum(len(row["points"]) for row in whole_summary()["estimates"])
    cells = sheets["By broker"]
    assert cells.columns[:2] == ("broker", "n")
    assert [row[0] for row in cells.rows] == ["Kite", "North", "all"]
    grid = whole_summary()["currencies"]["USD"]["heatmaps"][0]
    known = [row for row in sheets["Heat maps"].rows if row[1] == grid["name"]]
    assert len(known) == sum(cell is not None for row in grid["cells"] for cell in row)
    assert "Distribution by place" in sheets


def test_panes_are_frozen_and_formats_set() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(example_summary()))) as archive:
        pages = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        styles = archive.read("xl/styles.xml").decode()
    assert all('state="frozen"' in page and "<autoFilter" in page for page in pages)
    assert "#,##0.00;[Red]-#,##0.00" in styles


def test_words_that_begin_like_formulas_stay_words() -> None:
    content = workbook(example_summary())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode()
            assert "<f>" not in text, name
            assert "<f " not in text, name
            assert "hyperlink" not in text, name
    brokers = fastexcel.read_excel(content).load_sheet("Orders").to_polars()["broker"].to_list()
    assert HOSTILE in brokers
    table = rendered(".csv", example_data(), example_summary()).decode()
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert "'" + HOSTILE in cells
    assert not [cell for cell in cells if re.match(r"[=@\t+]", cell)]
    text = markdown(example_summary())
    assert "<script>" not in text
    assert text.count("\\<script\\>") > 0


@given(st.text(max_size=12))
def test_no_word_is_a_formula(word: str) -> None:
    cell = str(harmless(word))
    assert not cell.lstrip(" ").startswith(("=", "@", "\t", "\r"))
    if cell.lstrip(" ").startswith(("+", "-")):
        float(cell)
    assert cell.removeprefix("'") == word.removeprefix("'")


def test_numbers_of_the_csv_table_read_back_exactly() -> None:
    rows = [[0.1 + 0.2, -1.5, 1_700_000_000_000_000_001, None, "a\nb"]]
    read = list(csv.reader(io.StringIO(csv_table(["a", "b", "c", "d", "e"], rows), newline="")))
    assert [float(read[1][0]), float(read[1][1]), int(read[1][2])] == rows[0][:3]
    assert read[1][3:] == ["", "a\nb"]


def test_names_of_sheets_are_ones_that_a_workbook_may_have() -> None:
    names = ["a/b:c", "A b c", "x" * 60, "x" * 61, "History", "'"]
    content = written([Sheet(name, ("n",), ((1,),)) for name in names])
    found = fastexcel.read_excel(content).sheet_names
    assert len({name.lower() for name in found}) == len(names)
    assert all(len(name) <= 31 for name in found)


def test_a_page_of_markdown_has_all_tables_and_says_what_it_leaves_out() -> None:
    text = markdown(example_summary())
    assert all(row["parent_id"] in text for row in example_summary()["parents"])
    many = example_summary() | {"parents": [example_summary()["parents"][0]] * 1_200}
    assert "200 more rows are not shown." in markdown(many)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != ".pdf"])
def test_the_same_input_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(tmp_path / folder / f"page{kind}", example_data(), example_summary())
        time.sleep(1.1 if kind == ".xlsx" else 0.0)  # a clock inside the file would have moved
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert set(one) == {f"page{kind}", f"page{kind}.evidence.jsonl", "verify_evidence.py"}


@pytest.mark.skipif(not any(shutil.which(name) for name in pdf.BROWSERS), reason="no browser is installed")
def test_a_pdf_is_printed_twice_alike() -> None:
    page = "<!doctype html><title>x</title><p>Shortfall 12.5 bps</p>"
    first = pdf.printed(page)
    time.sleep(1.1)
    assert first.startswith(b"%PDF-")
    assert first == pdf.printed(page)


def test_without_a_browser_a_pdf_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(pdf.BROWSER_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="apt install chromium"):
        check_format(tmp_path / "x.pdf")
    monkeypatch.setenv(pdf.BROWSER_VARIABLE, "nothing-here")
    with pytest.raises(UsageError, match="'nothing-here' is no program"):
        check_format(tmp_path / "x.pdf")


def test_a_browser_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\necho 'no display at all' >&2\nexit 3\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(pdf.BROWSER_VARIABLE, os.fspath(broken))
    with pytest.raises(UsageError, match="no display at all"):
        pdf.printed("<p>x</p>")


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\.doc is no kind of report"):
        check_format(Path("x.doc"))
