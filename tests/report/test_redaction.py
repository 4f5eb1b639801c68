"""Masked values stand nowhere: not in the summary, the page, the workbook, the evidence or the notes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from test_evidence import measured_data

from tcakit.errors import UsageError
from tcakit.jobs.report_files import FORMATS, write_report
from tcakit.report.data import Previous, ReportData, Scope
from tcakit.report.redaction import check_columns, label, redacted
from tcakit.report.summary import summarise
from tcakit.report.verifier import verify

SECRETS = ("M. Okafor", "Osei Traders", "North Desk", "Kite & Sons", "Meridian Pension Fund")
COLUMNS = ("trader", "broker", "account", "client")


def named_data() -> ReportData:
    data = measured_data()
    names = pl.Series(["North Desk", "Kite & Sons"] * 4)
    parents = data.parents.with_columns(
        broker=names,
        account=pl.lit("Osei Traders"),
        notes=pl.lit("M. Okafor asked Kite & Sons for a block"),
    )
    measured = data.tca_parents.with_columns(
        broker=data.tca_parents.select("parent_id").join(parents, on="parent_id", how="left")["broker"]
    )
    run = data.run | {"notes": ["clock of North Desk was late"], "config": {"broker": "Kite & Sons"}}
    clock = dict(offset_s=1.0, low_s=0.5, high_s=1.5, inside_before=0.5, inside_after=0.9, fills=3, applied_s=0.0)
    faults = data.faults.with_columns(text=pl.lit("Osei Traders,x,1"))
    clocks = [{"broker": "North Desk", **clock}]
    return replace(data, parents=parents, tca_parents=measured, run=run, clocks=clocks, faults=faults)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != ".pdf"])
def test_no_masked_value_reaches_any_file(kind: str, tmp_path: Path) -> None:
    data = redacted(named_data(), COLUMNS, "salt")
    summary = write_report(tmp_path / f"page{kind}", data, summarise(data), COLUMNS)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        for secret in SECRETS:
            assert secret.encode() not in content, (path.name, secret)
    assert not any(secret in json.dumps(summary) for secret in SECRETS)
    assert label("broker", "Kite & Sons", "salt") in json.dumps(summary)


def test_numbers_and_their_evidence_are_those_of_the_report_with_names(tmp_path: Path) -> None:
    plain, masked = summarise(named_data()), summarise(redacted(named_data(), COLUMNS, "salt"))
    text = json.dumps(plain["currencies"])
    for broker in {row["broker"] for row in plain["parents"]} - {None}:
        text = text.replace(json.dumps(broker), json.dumps(label("broker", broker, "salt")))
    assert masked["currencies"] == json.loads(text)
    assert [row["broker"] for row in masked["parents"]] == [
        label("broker", row["broker"], "salt") for row in plain["parents"]
    ]
    data = redacted(named_data(), (*COLUMNS, "parent_id", "fill_id", "order_id"), "salt")
    write_report(tmp_path / "page.json", data, summarise(data))
    found = verify((tmp_path / "page.json.evidence.jsonl").read_bytes(), (tmp_path / "page.json").read_bytes())
    assert found["wrong"] == []
    assert found["unfounded"] == 0
    assert b"P-1001" not in (tmp_path / "page.json.evidence.jsonl").read_bytes()


def test_equal_values_share_a_label_and_another_salt_gives_others() -> None:
    data = redacted(named_data(), ["broker"], "one")
    assert data.parents["broker"].n_unique() == 2
    assert set(data.tca_parents["broker"].to_list()) <= set(data.parents["broker"].to_list())
    other = redacted(named_data(), ["broker"], "two")
    assert not set(other.parents["broker"].to_list()) & set(data.parents["broker"].to_list())
    assert data.parents["trader"].to_list() == ["M. Okafor"] * 8
    assert redacted(named_data(), [], "one").parents["broker"].to_list() == named_data().parents["broker"].to_list()


def test_a_column_that_cannot_be_masked_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'trader'"):
        check_columns(["tradr"])
    assert check_columns(["desk", "trader", "trader"], tags=["desk"]) == ("desk", "trader")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("notional > 10k and symbol = ACME", "notional > 10k and symbol = ACME"),
        ("Trader = 'm. okafor'", "withheld"),
        ("portfolio = GROWTH or notional > 1", "withheld"),
    ],
)
def test_a_condition_is_withheld_where_it_asks_what_is_masked(where: str, told: str) -> None:
    before = Previous(f"none to compare with: none of 3 orders meets {where!r}")
    data = replace(named_data(), scope=Scope(where=where), previous=before)
    summary = summarise(redacted(data, COLUMNS, "salt"))
    assert summary["scope"]["where"] == told
    assert told in summary["previous"]["what"]
    assert "okafor" not in json.dumps(summary).lower()
