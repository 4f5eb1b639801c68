"""Reports of the sample with all that can be asked of them: their evidence leaves no number without a formula."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.reference import import_rates
from tcakit.jobs.report import ReportRequest, report
from tcakit.report.verifier import verify
from tcakit.report.verifier.main import main

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
POLICY = """
[policy]
name = "Best execution"
version = "7"
exceptions = "exceptions.csv"
[[threshold]]
name = "cost"
measure = "arrival_bps_of_executed"
by = "broker"
at_most = -100.0
least_orders = 2
[[threshold]]
name = "spread"
measure = "effective_over_quoted"
by = "venue"
at_most = 0.5
[[threshold]]
name = "speed"
measure = "first_fill_s"
by = "algo"
at_most = 1e9
"""
DECIDED = """threshold,class,group,disposition,owner,remediation,decided,until
cost,other,HARBOUR,accepted,desk,none,2026-03-05,
cost,other,QUAYSIDE,accepted,desk,none,2026-03-01,2026-03-02
"""
ASKED: dict[str, dict[str, Any]] = {
    "plain": {},
    "scope": {"currency": "EUR", "by": ("broker", "venue", "adv"), "where": "side = buy"},
    "orders": {"currency": "EUR", "by": ("month", "participation", "symbol")},
    "redacted": {"redact": ("broker", "trader", "parent_id")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("evidence") / "store"
    ingest(store, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    rates = store.parent / "rates.csv"
    rates.write_text("date,base,quote,rate,source\n2026-03-02,EUR,USD,1.25,ECB\n", encoding="utf-8")
    import_rates(store, str(rates))
    (store.parent / "exceptions.csv").write_text(DECIDED, encoding="utf-8")
    (store.parent / "policy.toml").write_text(POLICY, encoding="utf-8")
    return store


@pytest.mark.parametrize("asked", list(ASKED))
def test_every_number_of_a_report_follows_from_its_evidence(folder: Path, asked: str) -> None:
    out = folder.parent / f"{asked}.json"
    report(folder, ReportRequest(orders=True, out=out, policy=folder.parent / "policy.toml", **ASKED[asked]))
    found = verify(out.with_name(f"{asked}.json.evidence.jsonl").read_bytes(), out.read_bytes())
    assert found["wrong"] == []
    assert found["stated"] == []
    assert (found["unfounded"], found["without_draws"]) == (0, [])
    assert found["recomputed"] > 1_000


def test_the_command_says_what_it_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "page.json"
    report(folder, ReportRequest(orders=True, out=out, where="side = sell"))
    evidence = out.with_name("page.json.evidence.jsonl")
    assert main([str(evidence), str(out)]) == 0
    whole = int(re.findall(r"(\d+) numbers", capsys.readouterr().out)[0])
    packed = evidence.with_suffix(".gz")
    packed.write_bytes(gzip.compress(evidence.read_bytes()))
    assert main([str(packed), str(out), "--without-intervals"]) == 0
    told = capsys.readouterr().out
    left_out, some = int(re.findall(r"(\d+) bounds", told)[0]), int(re.findall(r"(\d+) numbers", told)[0])
    assert left_out > 100
    assert some + left_out == whole
    packed.write_bytes(packed.read_bytes()[:-100])
    assert main([str(packed)]) == 1
    assert main([str(evidence), str(folder.parent / "no such file")]) == 2
    assert main(["--help"]) == 2
    changed = json.loads(out.read_text(encoding="utf-8"))
    changed["counts"]["fills"] += 1
    out.write_text(json.dumps(changed, indent=1), encoding="utf-8")
    assert main([str(evidence), str(out)]) == 1
    assert "NOT AS WRITTEN: page.json has changed in line" in capsys.readouterr().out
