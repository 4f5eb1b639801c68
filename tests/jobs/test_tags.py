"""A desk's own columns of its orders, from the file to the tables, conditions and masks of a report."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tcakit.errors import ConfigError, UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.compare_orders import CompareOrdersRequest, compare_orders
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.jobs.tags import tags_of
from tcakit.market.schema import PARENTS
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tests.jobs.blotters import write_csv

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DAY = str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")
STRATEGIES = ("rebalance", "alpha, fast", "")


def sample_orders() -> list[dict[str, str]]:
    with (SAMPLE / "blotter" / "parents.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def tagged(orders: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Columns of the desk's own beside ours: a strategy (a third have none), a manager, and one named like ours."""
    return [
        {**row, "Strategy": STRATEGIES[place // 3 % 3], "Fund Manager": row["trader"].upper(), "Cost": "k"}
        for place, row in enumerate(orders)
    ]


def stored_tags(folder: Path) -> dict[str, dict[str, str]]:
    with Store(folder).read_results() as connection:
        rows = frame(connection, PARENTS)
    return {row["parent_id"]: json.loads(row["tags"] or "{}") for row in rows.to_dicts()}


def asked_table(told: dict[str, Any]) -> dict[str, Any]:
    """The table that --by asked for, of the orders in dollars."""
    return next(group for group in told["groups"] if group["asked"] and group["currency"] == "USD")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("tags")
    blotter = write_csv(base / "parents.csv", tagged(sample_orders()))
    fills = str(SAMPLE / "blotter" / "fills.csv")
    ingest(base / "store", IngestRequest([DAY, str(blotter), fills, str(SAMPLE / "blotter" / "aliases.csv")]))
    return base / "store"


def test_columns_beside_ours_are_kept_with_each_order(folder: Path) -> None:
    held = stored_tags(folder)
    for place, row in enumerate(sample_orders()):
        strategy = {"strategy": STRATEGIES[place // 3 % 3]} if STRATEGIES[place // 3 % 3] else {}
        assert held[row["parent_id"]] == {"cost": "k", "fund_manager": row["trader"].upper(), **strategy}
    with Store(folder).read_results() as connection:
        texts = frame(connection, PARENTS)["tags"].to_list()
    assert all(list(json.loads(text)) == sorted(json.loads(text)) for text in texts)


def test_a_report_is_cut_and_chosen_by_them(folder: Path) -> None:
    whole = report(folder, ReportRequest(orders=True, by=("strategy", "side")))
    asked = asked_table(whole)
    assert asked["by"] == ["strategy", "side"]
    assert {cell["key"]["strategy"] for cell in asked["cells"]} == {"rebalance", "alpha, fast", None}
    wanted = {row["parent_id"] for place, row in enumerate(sample_orders()) if place // 3 % 3 == 1}
    told = report(folder, ReportRequest(orders=True, where="strategy == 'alpha, fast' and own_cost = k"))
    assert {row["parent_id"] for row in told["parents"]} == wanted
    sums = {cell["key"]["strategy"]: 0.0 for cell in asked["cells"]}
    for cell in asked["cells"]:
        sums[cell["key"]["strategy"]] += cell["cost"] or 0.0
    known = [row["total_cost"] for row in told["parents"] if row["total_cost"] is not None]
    assert sums["alpha, fast"] == pytest.approx(sum(known))
    none = report(folder, ReportRequest(orders=True, where="strategy is null"))
    assert len(none["parents"]) == sum(place // 3 % 3 == 2 for place in range(len(sample_orders())))
    with pytest.raises(UsageError, match="stratgy") as told_wrong:
        report(folder, ReportRequest(orders=True, by=("stratgy",)))
    assert "strategy" in str(told_wrong.value)


def test_two_strategies_are_set_against_each_other(folder: Path) -> None:
    asked = CompareOrdersRequest(where="strategy = rebalance", against_where="strategy = 'alpha, fast'")
    told = compare_orders(folder, asked)
    assert min(told["n_first"], told["n_second"]) > 0


def test_a_tag_can_be_masked_and_says_no_masked_name(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    asked = ReportRequest(orders=True, by=("strategy",), redact=("strategy",), out=out)
    told = report(folder, asked)
    keys = {cell["key"]["strategy"] for cell in asked_table(told)["cells"]}
    assert all(key is None or key.startswith("strategy-") for key in keys)
    assert len(keys) == 3
    for file in (out, tmp_path / f"{out.name}.evidence.jsonl"):
        text = file.read_text()
        assert "rebalance" not in text
        assert "alpha, fast" not in text
    # The manager is the trader's name in capitals: whoever masks it in the one place has it masked in that alone.
    by = report(folder, ReportRequest(orders=True, by=("fund_manager",), redact=("trader",)))
    assert all(cell["key"]["fund_manager"].isupper() for cell in asked_table(by)["cells"])


def test_a_traders_name_in_a_tag_is_masked_with_the_trader(tmp_path: Path) -> None:
    rows = [{**row, "owner": row["trader"]} for row in sample_orders()]
    blotter = write_csv(tmp_path / "parents.csv", rows)
    ingest(tmp_path / "store", IngestRequest([DAY, str(blotter), str(SAMPLE / "blotter" / "fills.csv")]))
    told = report(tmp_path / "store", ReportRequest(orders=True, by=("owner",), redact=("trader",)))
    assert all(cell["key"]["owner"].startswith("trader-") for cell in asked_table(told)["cells"])


MAPPING = """
name = "desk"
{top}
[parents]
parent_id = "No"
symbol = "Name"
side = "Side"
quantity = "Shares"
arrival_time = "Arrived"

[tags]
strategy = ["Strategy", "Old strategy"]
"""
ROW = {
    "No": "1", "Name": "ALFA", "Side": "buy", "Shares": "100", "Arrived": "2026-03-03T15:00:00Z", "Strategy": "",
    "Old strategy": "swing", "Region": "Nordics",
}  # fmt: skip


@pytest.mark.parametrize(
    ("top", "expected"),
    [("", {"strategy": "swing", "region": "Nordics"}), ("keep_unmapped = false", {"strategy": "swing"})],
)
def test_a_mapping_names_tags_and_says_whether_the_rest_is_kept(
    tmp_path: Path, top: str, expected: dict[str, str]
) -> None:
    (tmp_path / "desk.toml").write_text(MAPPING.format(top=top))
    blotter = write_csv(tmp_path / "orders.csv", [ROW])
    ingest(tmp_path / "store", IngestRequest([str(blotter)], mapping=str(tmp_path / "desk.toml")))
    assert stored_tags(tmp_path / "store") == {"1": expected}


def test_all_mistakes_in_tags_are_told_at_once(tmp_path: Path) -> None:
    wrong = '[tags]\nBasket = "B"\nbroker = "C"\nfund = 3\n'
    (tmp_path / "desk.toml").write_text(MAPPING.format(top="").replace("[tags]\n", wrong))
    blotter = write_csv(tmp_path / "orders.csv", [ROW])
    with pytest.raises(ConfigError) as told:
        ingest(tmp_path / "store", IngestRequest([str(blotter)], mapping=str(tmp_path / "desk.toml")))
    for words in ("tags.Basket", "basket", "tags.broker", "put broker in [parents]", "tags.fund", "3 is no column"):
        assert words in str(told.value)


def test_a_row_of_each_fill_gives_a_tag_where_all_agree(tmp_path: Path) -> None:
    row = {
        "OrderId": "7", "RouteId": "1", "FillId": "1", "ExecType": "FILL", "Ticker": "ALFA", "Side": "BUY",
        "Amount": "200", "NyOrderCreateAsOfDateTime": "2026-03-03T10:00:00", "DateTimeOfFill": "2026-03-03T10:05:00",
        "FillPrice": "186.5", "FillShares": "100", "BasketName": "March", "AssetClass": "Equity", "LastCapacity": "A",
    }  # fmt: skip
    again = {**row, "FillId": "2", "AssetClass": "ETF"}
    blotter = write_csv(tmp_path / "emsx.csv", [row, again])
    ingest(tmp_path / "store", IngestRequest([str(blotter)], mapping="emsx"))
    assert stored_tags(tmp_path / "store") == {"7": {"basket": "March"}}


def test_tags_of_a_fix_log_are_named_by_their_numbers(tmp_path: Path) -> None:
    def message(body: str) -> bytes:
        inner = body.replace("|", "\x01").encode()
        whole = b"8=FIX.4.4\x019=%d\x01" % len(inner) + inner
        return whole + b"10=%03d\x01\n" % (sum(whole) % 256)

    order = "35=D|34=1|49=DESK|56=BRK|52=20260303-15:00:00.000|11=A1|55=ALFA|54=1|38=100|40=1|60=20260303-15:00:00.000|"
    log = message(order + "5010=pairs|5011=North|")
    (tmp_path / "log.fix").write_bytes(log + message(order.replace("11=A1", "11=A2").replace("34=1", "34=2")))
    (tmp_path / "fix.toml").write_text('format = "fix"\n[tags]\nstrategy = 5010\nregion = [5012, 5011]\n')
    request = IngestRequest([str(tmp_path / "log.fix")], ReaderOptions(), mapping=str(tmp_path / "fix.toml"))
    ingest(tmp_path / "store", request)
    held = {name: tags for name, tags in stored_tags(tmp_path / "store").items()}
    assert sorted(held.values(), key=len) == [{}, {"region": "North", "strategy": "pairs"}]
    (tmp_path / "fix.toml").write_text('format = "fix"\n[tags]\nStrategy = 5010\nalgo = 5011\nregion = "x"\n')
    with pytest.raises(ConfigError) as told:
        ingest(tmp_path / "other", request)
    for words in ("tags.Strategy", "tags.algo", "tags.region"):
        assert words in str(told.value)


def test_names_that_mean_something_else_are_told_apart(tmp_path: Path) -> None:
    odd = {"and": "a", "adv": "b", "half_hour": "c", "Desk": "d"}
    rows = [{**sample_orders()[0], **odd}, {**sample_orders()[1], "parent_id": "BARE", **dict.fromkeys(odd, "")}]
    ingest(tmp_path / "store", IngestRequest([str(write_csv(tmp_path / "parents.csv", rows))]))
    store = Store(tmp_path / "store")
    parents = load_blotter(store).parents
    told = tags_of(store, parents)
    assert told is not None
    assert told.to_dicts() == [
        {"parent_id": rows[0]["parent_id"], "own_adv": "b", "own_and": "a", "desk": "d", "own_half_hour": "c"},
        {"parent_id": "BARE", "own_adv": None, "own_and": None, "desk": None, "own_half_hour": None},
    ]
    # A night without tags is cut by them all the same.
    bare = tags_of(store, parents.filter(pl.col("parent_id") == "BARE"))
    assert bare is not None
    assert bare.columns == told.columns
    ingest(tmp_path / "other", IngestRequest([str(SAMPLE / "blotter" / "parents.csv")]))
    assert tags_of(Store(tmp_path / "other"), parents) is None


def test_a_day_without_a_tag_is_cut_by_it(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(folder, store)
    late = {**sample_orders()[0], "parent_id": "LATER", "decision_time": "", "arrival_time": "2026-03-05T15:00:00Z"}
    ingest(
        store, IngestRequest([str(write_csv(tmp_path / "more.csv", [{**late, "end_time": "2026-03-05T16:00:00Z"}]))])
    )
    asked = ReportRequest(orders=True, by=("strategy",), redact=("strategy",), date_from="2026-03-05")
    (cell,) = asked_table(report(store, asked))["cells"]
    assert cell["key"] == {"strategy": None}


def test_a_store_of_before_takes_tags_in(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "store"
    shutil.copytree(folder, old)
    with duckdb.connect(str(old / "results.duckdb")) as connection:
        connection.execute("ALTER TABLE parents DROP COLUMN tags")
    told = report(old, ReportRequest(orders=True))
    assert len(told["parents"]) == len(sample_orders())
    extra = write_csv(tmp_path / "more.csv", [{**sample_orders()[0], "parent_id": "NEW", "desk": "Paris"}])
    ingest(old, IngestRequest([str(extra)]))
    assert stored_tags(old)["NEW"] == {"desk": "Paris"}


def test_the_period_before_meets_the_same_condition(tmp_path: Path) -> None:
    blotter = write_csv(tmp_path / "parents.csv", tagged(sample_orders()))
    fills, days = str(SAMPLE / "blotter" / "fills.csv"), str(SAMPLE / "lobster" / "ALFA*")
    ingest(tmp_path / "store", IngestRequest([days, str(blotter), fills]))
    for where in ("strategy = rebalance", "strategy is null"):
        asked = ReportRequest(orders=True, where=where, redact=("strategy",), date_from="2026-03-04")
        usd = next(row for row in report(tmp_path / "store", asked)["executive"] if row["currency"] == "USD")
        told = next(row for row in usd["measures"] if row["key"] == "arrival_bps_of_executed")
        before = report(tmp_path / "store", ReportRequest(orders=True, where=where, date_to="2026-03-03"))
        costed = [row for row in before["parents"] if row["arrival_bps_of_executed"] is not None]
        assert told["previous_n"] == len(costed) > 0
        sums = [sum(row[name] for row in costed) for name in ("trading_cost", "executed_notional")]
        assert told["previous_bps"] == pytest.approx(sums[0] / sums[1] * 1e4)
