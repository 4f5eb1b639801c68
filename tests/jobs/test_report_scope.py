"""Reports of some orders, in another currency, and two sets of orders compared, on the sample's blotter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tcakit.errors import UsageError
from tcakit.jobs.compare_orders import CompareOrdersRequest, compare_orders
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.reference import import_rates
from tcakit.jobs.report import ReportRequest, report

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("scope") / "store"
    ingest(store, IngestRequest([str(SAMPLE / "lobster"), str(SAMPLE / "blotter")]))
    rates = store.parent / "rates.csv"
    rates.write_text("date,base,quote,rate,source\n2026-03-02,EUR,USD,1.25,ECB\n", encoding="utf-8")
    import_rates(store, str(rates))
    return store


def test_a_condition_keeps_its_orders_and_their_fills_alone(folder: Path) -> None:
    whole = report(folder, ReportRequest(orders=True))
    some = report(
        folder, ReportRequest(orders=True, where="side = buy and broker in (NORTHGATE, HARBOUR)", by=("adv",))
    )
    wanted = [row for row in whole["parents"] if row["side"] == "buy" and row["broker"] in ("NORTHGATE", "HARBOUR")]
    assert {row["parent_id"] for row in some["parents"]} == {row["parent_id"] for row in wanted}
    assert some["counts"]["fills"] == sum(row["fills"] for row in wanted)
    assert some["groups"][0]["by"] == ["adv_bucket"]
    day = report(folder, ReportRequest(orders=True, where="adv_pct > 1", date_from="2026-03-04"))
    assert 0 < len(day["parents"]) < 30
    assert {row["date"] for row in day["parents"]} == {"2026-03-04"}
    with pytest.raises(UsageError, match="adv_pct is"):
        report(folder, ReportRequest(orders=True, where="adv_pct > 1000"))


def test_the_order_without_a_rate_keeps_its_row(folder: Path) -> None:
    told = report(folder, ReportRequest(orders=True, currency="EUR"))
    plain = report(folder, ReportRequest(orders=True))
    assert list(told["currencies"]) == ["EUR"]
    sums = plain["currencies"]["USD"]["totals"]["total_cost"]
    assert told["currencies"]["EUR"]["totals"]["total_cost"] == pytest.approx(sums / 1.25)
    assert told["currency"]["sources"] == ["ECB"]
    assert {rate["rate_date"] for rate in told["currency"]["rates"]} == {"2026-03-02"}
    assert [row["parent_id"] for row in told["currency"]["without_rate"]] == ["260303-ZZTQ-01"]
    for currency, words in (("JPY", "rates import"), ("euro", "no currency")):
        with pytest.raises(UsageError, match=words):
            report(folder, ReportRequest(orders=True, currency=currency))


def test_the_same_report_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    asked = ReportRequest(orders=True, currency="EUR", by=("broker", "algo"), where="symbol = ALFA")
    one, two = (json.dumps(report(folder, asked), sort_keys=True) for _ in range(2))
    assert one == two


def test_two_periods_and_two_brokers_are_set_against_each_other(folder: Path) -> None:
    rows = report(folder, ReportRequest(orders=True))["parents"]
    first = CompareOrdersRequest("2026-03-03", "2026-03-03", against_from="2026-03-04", against_to="2026-03-04")
    told = compare_orders(folder, first)
    for side, date in (("first", "2026-03-03"), ("second", "2026-03-04")):
        mine = [row for row in rows if row["date"] == date and row["executed_notional"]]
        expected = sum(row["trading_cost"] for row in mine) / sum(row["executed_notional"] for row in mine) * 1e4
        assert told[f"{side}_bps"] == pytest.approx(expected)
        assert told[f"n_{side}"] == len(mine)
    brokers = CompareOrdersRequest(where="broker = HARBOUR", against_where="broker = QUAYSIDE")
    found = compare_orders(folder, brokers)
    names = [row["broker"] for row in rows if row["executed_notional"]]
    assert (found["n_first"], found["n_second"]) == (names.count("HARBOUR"), names.count("QUAYSIDE"))
    assert found["ci"][0] <= found["difference_bps"] <= found["ci"][1]
    with pytest.raises(UsageError, match="the same"):
        compare_orders(folder, CompareOrdersRequest(where="broker = HARBOUR"))
