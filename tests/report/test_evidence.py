"""The evidence of a report gives every number anew, and no byte of it or of the report can change unnoticed."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import example
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.report import verifier
from tcakit.report.data import ReportData
from tcakit.report.evidence import EvidenceFile, add_rows
from tcakit.report.summary import summarise
from tcakit.report.verifier_file import PARTS, verifier_file
from tcakit.tca import measure

FOLDER = Path(verifier.__file__).parent


def measured_data(parents: list[dict[str, Any]] | None = None) -> ReportData:
    """The made-up run, measured by the code that measures real ones."""
    return _measured_example() if parents is None else _measured(parents)


@cache
def _measured_example() -> ReportData:
    return _measured(example.eight_parents())


def _measured(parents: list[dict[str, Any]]) -> ReportData:
    made = example.report_data(parents)
    found = measure(made.parents.filter(pl.col("matched")), made.fills, made.markets, run_id=example.RUN)
    fields = {name: getattr(made, name) for name in ReportData.__slots__}
    return ReportData(**fields | {"tca_parents": found.parents, "tca_fills": found.fills, "markouts": found.markouts})


def written(data: ReportData, summary: dict[str, Any]) -> tuple[bytes, bytes]:
    """Evidence and JSON report of a summary."""
    stream = io.BytesIO()
    evidence = EvidenceFile(stream.write)
    add_rows(evidence, data, summary)
    report = json.dumps(summary | {"evidence": {"seal": evidence.seal, "rows": evidence.rows}}, indent=1).encode()
    evidence.close("page.json", report)
    return stream.getvalue(), report


@cache
def example_files() -> tuple[bytes, bytes]:
    data = measured_data()
    return written(data, summarise(data))


def test_every_number_follows_from_fills_and_quotes() -> None:
    found = verifier.verify(*example_files())
    assert found["wrong"] == []
    assert found["unfounded"] == 0
    data = measured_data()
    assert found["stated"] == []
    numbers = [value for _, value in verifier.numbers_of(summarise(data))]
    assert found["recomputed"] > len(numbers)  # and the words that name them


def test_the_verifier_imports_nothing_but_the_standard_library_and_its_own_parts() -> None:
    parts = {path.stem: path for path in FOLDER.glob("*.py")}
    assert set(PARTS) == set(parts) - {"__init__"}
    for path in parts.values():
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= set(sys.stdlib_module_names)
            elif isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1
                assert node.module in parts
                assert not any(alias.asname for alias in node.names)  # one file has one name for each thing
            elif isinstance(node, ast.ImportFrom):
                assert str(node.module).partition(".")[0] in sys.stdlib_module_names
    alone = ast.parse(verifier_file(), feature_version=(3, 9))
    modules = [node for node in ast.walk(alone) if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in modules} <= set(sys.stdlib_module_names)


def test_no_two_parts_of_the_verifier_give_different_things_one_name() -> None:
    owners: dict[str, str] = {}
    for part in PARTS:
        for node in ast.parse((FOLDER / f"{part}.py").read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            names = [item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name)]
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names = [node.name]
            for name in names:
                assert owners.setdefault(name, part) == part, f"{name} of {part} is in {owners[name]} too"


def test_it_runs_as_a_file_of_its_own(tmp_path: Path) -> None:
    evidence, report = example_files()
    (tmp_path / "verify_evidence.py").write_text(verifier_file(), encoding="utf-8")
    (tmp_path / "e.jsonl").write_bytes(evidence)
    (tmp_path / "r.json").write_bytes(report)
    command = [sys.executable, "-I", "-S", "verify_evidence.py", "e.jsonl", "r.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 found wrong" in done.stdout
    (tmp_path / "r.json").write_bytes(report.replace(b'"fills": 117', b'"fills": 118', 1))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "page.json has changed in line" in done.stdout


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_flipped_byte_of_the_evidence_names_its_row(draw: st.DataObject) -> None:
    evidence, report = example_files()
    place = draw.draw(st.integers(0, len(evidence) - 1))
    bit = draw.draw(st.integers(0, 7))
    changed = evidence[:place] + bytes([evidence[place] ^ 1 << bit]) + evidence[place + 1 :]
    row = evidence.count(b"\n", 0, place) + 1
    with pytest.raises(verifier.Broken, match=rf"row ({row}|{row + 1})\b") as told:
        verifier.verify(changed, report)
    # Only a line's end belongs to two rows: without it the file ends too early, or two rows stand in one line.
    assert f"row {row} " in str(told.value) or evidence[place] == ord("\n")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_flipped_byte_of_the_report_names_its_line(draw: st.DataObject) -> None:
    evidence, report = example_files()
    place = draw.draw(st.integers(0, len(report) - 1))
    bit = draw.draw(st.integers(0, 7))
    changed = report[:place] + bytes([report[place] ^ 1 << bit]) + report[place + 1 :]
    line = report.count(b"\n", 0, place) + 1
    with pytest.raises(verifier.Broken, match=rf"page\.json has changed in line {line} "):
        verifier.verify(evidence, changed)


@pytest.mark.parametrize("cut", [1, 2, 500])
def test_a_file_that_is_cut_or_grows_is_told(cut: int) -> None:
    evidence, report = example_files()
    with pytest.raises(verifier.Broken, match=r"row \d+"):
        verifier.verify(evidence[:-cut], report)
    with pytest.raises(verifier.Broken, match=r"row \d+"):
        verifier.verify(evidence + b"x" * cut, report)
    with pytest.raises(verifier.Broken, match=r"page\.json"):
        verifier.verify(evidence, report[:-cut])
    with pytest.raises(verifier.Broken, match=r"page\.json"):
        verifier.verify(evidence, report + b"x" * cut)


def test_a_row_taken_out_is_told() -> None:
    evidence, _ = example_files()
    lines = evidence.splitlines(keepends=True)
    with pytest.raises(verifier.Broken, match="row 20 "):
        verifier.verify(b"".join([*lines[:19], *lines[20:]]))


@pytest.mark.parametrize(
    ("column", "name"),
    [("total_cost", "P-1001"), ("participation", "P-1003"), ("interval_vwap", "P-1004"), ("twap", "P-1002")],
)
def test_a_number_that_does_not_follow_is_named_although_the_hashes_hold(column: str, name: str) -> None:
    """Whoever writes false evidence from the start has hashes that fit: the numbers themselves do not."""
    data = measured_data()
    false = pl.when(pl.col("parent_id") == name).then(pl.col(column) * 1.001).otherwise(pl.col(column))
    fields = {field: getattr(data, field) for field in ReportData.__slots__}
    changed = ReportData(**fields | {"tca_parents": data.tca_parents.with_columns(false.alias(column))})
    found = verifier.verify(*written(changed, summarise(changed)))
    assert any(f"{column} of order {name} is" in sentence for sentence in found["wrong"])


def test_a_sum_that_does_not_follow_is_named() -> None:
    data = measured_data()
    summary = json.loads(json.dumps(summarise(data)))
    summary["currencies"]["USD"]["algos"][1]["totals"]["fees"] += 0.01
    summary["currencies"]["USD"]["measures"]["vwap_bps_of_executed"]["value"] *= -1.0
    wrong = verifier.verify(*written(data, summary))["wrong"]
    assert len(wrong) == 2
    assert any("currencies.USD.algos.1.totals.fees" in sentence for sentence in wrong)
    assert any("currencies.USD.measures.vwap_bps_of_executed.value" in sentence for sentence in wrong)


def test_a_report_whose_numbers_are_others_than_the_evidence_is_told() -> None:
    data = measured_data()
    summary = summarise(data)
    stream = io.BytesIO()
    evidence = EvidenceFile(stream.write)
    add_rows(evidence, data, summary)
    other = json.loads(json.dumps(summary))
    other["parents"][0]["fees"] = 12.0
    other["currencies"]["USD"]["totals"]["fees"] = 13.0
    report = json.dumps(other).encode()
    evidence.close("page.json", report)
    wrong = verifier.verify(stream.getvalue(), report)["wrong"]
    assert len(wrong) == 2
    assert other["parents"][0]["parent_id"] in wrong[0]
    assert "currencies.USD.totals.fees" in wrong[1]


def test_orders_without_fills_or_market_and_a_run_without_orders() -> None:
    for parents in ([], [row | {"idle": True} for row in example.eight_parents()]):
        made = measured_data(parents)
        found = verifier.verify(*written(made, summarise(made)))
        assert found["wrong"] == []
