"""A best-execution policy: read with all its mistakes at once, held against orders, breaches and what was decided."""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tcakit.errors import ConfigError
from tcakit.jobs.policy import EXCEPTION_COLUMNS, load_policy
from tcakit.report.monitoring import FACTORS, MEASURES, dimensions_of, monitored, with_labels
from tcakit.report.redaction import label, redacted
from tcakit.report.summary import summarise
from tcakit.report.terminal_monitoring import print_monitoring

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from test_evidence import measured_data

POLICY = """
[policy]
name = "Equities"
version = "2026.2"
owner = "Head of trading"
exceptions = "exceptions.csv"
salt = "the desk's own"
[models]
impact = "square root, June"
[[class]]
name = "large"
symbols = ["ACME"]
[[threshold]]
name = "cost by algo"
measure = "arrival_bps_of_executed"
by = "algo"
at_most = 20
least_orders = 1
[[threshold]]
name = "fills by venue"
factor = "price"
measure = "effective_over_quoted"
by = "venue"
at_most = 0.5
class = "large"
[[threshold]]
name = "filled"
measure = "filled_in_full"
at_least = 0.9
least_orders = 50
"""


def policy_file(folder: Path, text: str = POLICY, rows: tuple[str, ...] = ()) -> Path:
    (folder / "exceptions.csv").write_text("\n".join([",".join(EXCEPTION_COLUMNS), *rows]) + "\n")
    (folder / "policy.toml").write_text(text)
    return folder / "policy.toml"


def told(path: Path) -> dict[str, Any]:
    data = measured_data()
    return monitored(load_policy(path), data, summarise(data))


def test_checks_are_ratios_of_sums_by_class_and_group(tmp_path: Path) -> None:
    found = told(policy_file(tmp_path))
    data = measured_data()
    rows = summarise(data)["parents"]
    by_algo = [check for check in found["checks"] if check["threshold"] == "cost by algo"]
    assert {(check["class"], check["group"]) for check in by_algo} == {
        ("large" if row["symbol"] == "ACME" else "other", row["algo"]) for row in rows
    }
    for check in by_algo:
        held = [
            r for r in rows if r["algo"] == check["group"] and (r["symbol"] == "ACME") == (check["class"] == "large")
        ]
        known = [r for r in held if r["trading_cost"] is not None and r["executed_notional"]]
        assert check["n"] == len(known)
        if not known:
            assert (check["value"], check["state"]) == (None, "not measured")
            continue
        value = sum(r["trading_cost"] for r in known) / sum(r["executed_notional"] for r in known) * 1e4
        assert check["value"] == pytest.approx(value)
        assert check["state"] == ("breached" if value > 20 else "within")
    assert any(check["state"] == "breached" for check in by_algo)
    assert any(check["state"] == "within" for check in by_algo)
    assert {check["state"] for check in found["checks"] if check["threshold"] == "filled"} == {"too few"}
    assert found["breaches"] == found["open_breaches"] > 0


def test_measures_of_fills_are_weighted_by_shares(tmp_path: Path) -> None:
    check = next(check for check in told(policy_file(tmp_path))["checks"] if check["threshold"] == "fills by venue")
    data = measured_data()
    rows = data.fills.join(data.tca_fills, on="fill_id").filter(symbol="ACME")
    expected = (rows["effective_spread"] * rows["quantity"]).sum() / (rows["quoted_spread"] * rows["quantity"]).sum()
    assert (check["group"], check["class"]) == ("XNAS", "large")
    assert check["value"] == pytest.approx(expected)
    assert check["n"] == rows.height


def test_a_decision_closes_a_breach_until_it_runs_out(tmp_path: Path) -> None:
    plain = told(policy_file(tmp_path))
    first = next(check for check in plain["checks"] if check["open"])
    row = f"{first['threshold']},{first['class']},{first['group']},accepted,compliance,fewer sweeps,2024-03-20,"
    decided = told(policy_file(tmp_path, rows=(row,)))
    assert decided["open_breaches"] == plain["open_breaches"] - 1
    assert decided["breaches"] == plain["breaches"]
    check = next(c for c in decided["checks"] if (c["group"], c["class"]) == (first["group"], first["class"]))
    assert (check["disposition"], check["owner"], check["remediation"]) == ("accepted", "compliance", "fewer sweeps")
    expired = told(policy_file(tmp_path, rows=(row + "2024-03-13",)))
    assert expired["open_breaches"] == plain["open_breaches"]
    stands = told(policy_file(tmp_path, rows=(row + "2024-03-14",)))
    assert stands["open_breaches"] == plain["open_breaches"] - 1
    idle = told(policy_file(tmp_path, rows=("filled,large,North Desk,accepted,compliance,,2024-03-20,",)))
    assert [held["threshold"] for held in idle["decisions_without_breach"]] == ["filled"]


def test_a_decision_still_closes_its_breach_where_names_are_masked(tmp_path: Path) -> None:
    text = POLICY.replace('by = "algo"', 'by = "broker"').replace("at_most = 20", "at_most = -1e6")
    row = "cost by algo,large,North Desk,accepted,compliance,,2024-03-20,"
    policy = load_policy(policy_file(tmp_path, text, (row,)))
    data = redacted(measured_data(), ["broker"], "salt")
    masked = with_labels(policy, ["broker"], lambda column, value: label(column, value, "salt"))
    checks = monitored(masked, data, summarise(data))["checks"]
    check = next(c for c in checks if c["disposition"])
    assert check["group"] == label("broker", "North Desk", "salt")
    assert not check["open"]


def test_versions_signatures_and_the_hash_of_what_was_read(tmp_path: Path) -> None:
    found = told(policy_file(tmp_path))
    assert found["policy"]["version"] == "2026.2"
    assert found["models"] == {"impact": "square root, June"}
    assert [line["role"] for line in found["sign_off"]] == ["Head of trading", "Compliance"]
    other = told(policy_file(tmp_path, rows=("filled,large,x,accepted,c,,2024-03-20,",)))
    assert other["policy"]["sha256"] != found["policy"]["sha256"]
    assert load_policy(tmp_path / "policy.toml").salt == "the desk's own"


def test_it_is_printed(tmp_path: Path) -> None:
    stream = io.StringIO()
    found = told(policy_file(tmp_path))
    print_monitoring(found, Console(file=stream, width=200))
    assert "Equities, version 2026.2" in stream.getvalue()
    assert f"{found['breaches']} of {len(found['checks'])} checks are breached" in stream.getvalue()


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """[policy]
name = "Equities"
exceptions = "exceptions.csv"
[[class]]
name = "large"
symbols = ["ACME", "BORA"]
[[class]]
name = "small"
symbols = ["BORA"]
[[threshold]]
name = "a"
measure = "arival_bps_of_executed"
at_most = 1
[[threshold]]
name = "b"
factor = "speed"
measure = "fees_bps_of_executed"
by = "venue"
class = "lrge"
[[threshold]]
name = "c"
measure = "fill_rate_of_paper"
at_least = 0.9
at_most = 0.5
[thresold]
"""
    rows = ("z,large,x,accepted,c,,2024-03-20,", "c,huge,x,,c,,yesterday,", "c,large")
    with pytest.raises(ConfigError) as trouble:
        load_policy(policy_file(tmp_path, text, rows))
    said = str(trouble.value)
    for words in (
        "'version' is missing",
        "'BORA' stands in 'large' too",
        "did you mean 'arrival_bps_of_executed'?",
        "fees_bps_of_executed is no measure of speed",
        "fees_bps_of_executed is not known by venue",
        "did you mean 'large'?",
        "no limit",
        "at_least is above at_most",
        "did you mean [threshold]?",
        "no threshold 'z'",
        "no class 'huge'",
        "disposition missing",
        "'yesterday' is no date",
        "2 columns instead of 8",
    ):
        assert words in said, words
    assert len(trouble.value.mistakes) == 14


@pytest.mark.parametrize("measure", list(MEASURES))
def test_every_measure_has_a_factor_and_dimensions_and_a_value(measure: str, tmp_path: Path) -> None:
    assert MEASURES[measure].factor in FACTORS
    by = dimensions_of(measure)[-1]
    text = f"""[policy]
name = "x"
version = "1"
[[threshold]]
name = "t"
measure = "{measure}"
by = "{by}"
at_most = 1e9
"""
    checks = told(policy_file(tmp_path, text))["checks"]
    assert checks
    assert any(check["value"] is not None and math.isfinite(check["value"]) for check in checks)
    assert {check["state"] for check in checks} <= {"within", "too few", "not measured"}


@pytest.mark.parametrize("written", ["models = 3", "[[models]]"])
def test_models_that_are_no_table_are_told(written: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    before, after = POLICY.split('[models]\nimpact = "square root, June"\n')
    file.write_text(
        f"{written}\n{before}{after}" if "=" in written else f"{before}{written}\n{after}", encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="models"):
        load_policy(file)
