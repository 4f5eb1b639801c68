"""Parents of two runs find their partners, and the difference is told with how sure it is."""

from __future__ import annotations

import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.market.schema import TCA_PARENTS
from tcakit.tca.paired import difference, pair


def measured(*rows: dict[str, object]) -> pl.DataFrame:
    """A `tca_parents` frame: a thousand bought at 10, all filled, unless a row says otherwise."""
    usual = {
        "run_id": "r", "symbol": "ACME", "date": "2026-03-03", "side": 1, "priced": True, "ordered_shares": 1000.0,
        "filled_shares": 1000.0, "fills": 3, "arrival_ns": 1, "end_ns": 9, "fill_rate": 1.0, "paper_notional": 10_000.0,
        "decision_price": 10.0, "currency": "USD",
    }  # fmt: skip
    return TCA_PARENTS.conform(pl.DataFrame([usual | row for row in rows], infer_schema_length=None))


def test_partners_by_id_and_the_difference_weighs_by_notional() -> None:
    first = measured(
        {"parent_id": "A", "total_cost": 10.0},
        {"parent_id": "B", "total_cost": 90.0, "paper_notional": 30_000.0, "date": "2026-03-04"},
    )
    second = measured(
        {"parent_id": "B", "total_cost": 30.0, "paper_notional": 30_000.0, "date": "2026-03-04"},
        {"parent_id": "A", "total_cost": 20.0},
    )
    found = pair(first, second)
    assert found.unpaired == []
    assert found.pairs["parent_id_1"].to_list() == found.pairs["parent_id_2"].to_list() == ["A", "B"]
    assert found.pairs["difference_bps"].to_list() == pytest.approx([-10.0, 20.0])
    told = difference(found.pairs)
    # Sum of costs over sum of notional: (100 - 50) / 40,000.
    assert told["difference_bps"] == pytest.approx(12.5)
    assert told["first_bps"] - told["second_bps"] == pytest.approx(12.5)
    assert (told["n"], told["days"], told["cluster"], told["p_value"]) == (2, 2, "day", 1.0)
    assert told["ci"] == pytest.approx([-10.0, 20.0])
    turned = difference(pair(second, first).pairs)
    assert turned["difference_bps"] == pytest.approx(-12.5)
    assert turned["p_value"] == told["p_value"]


def test_partners_by_window_where_ids_differ() -> None:
    first = measured({"parent_id": "twap-1", "total_cost": 1.0}, {"parent_id": "twap-2", "total_cost": 1.0, "side": -1})
    second = measured(
        {"parent_id": "vwap-1", "total_cost": 2.0}, {"parent_id": "vwap-2", "total_cost": 5.0, "side": -1}
    )
    found = pair(first, second)
    assert dict(found.pairs.select("parent_id_1", "parent_id_2").rows()) == {"twap-1": "vwap-1", "twap-2": "vwap-2"}
    assert found.unpaired == []
    shorter = pair(first, second.with_columns(end_ns=pl.lit(8, pl.Int64)))
    assert shorter.pairs.height == 0
    assert len(shorter.unpaired) == 4


def test_what_finds_no_partner_is_told_with_its_reason() -> None:
    first = measured(
        {"parent_id": "A", "total_cost": 1.0},
        {"parent_id": "C", "total_cost": 1.0, "ordered_shares": 5.0},
        {"parent_id": "D", "priced": False, "unpriced_reason": "no market data of ACME", "side": -1},
        {"parent_id": "x-1", "total_cost": 1.0, "ordered_shares": 7.0},
        {"parent_id": "x-2", "total_cost": 1.0, "ordered_shares": 7.0},
    )
    second = measured(
        {"parent_id": "A", "total_cost": 1.0},
        {"parent_id": "D", "total_cost": 3.0, "side": -1},
        {"parent_id": "y", "total_cost": 1.0, "ordered_shares": 7.0},
    )
    found = pair(first, second)
    assert found.pairs["parent_id_1"].to_list() == ["A"]
    told = {(row["run"], row["parent_id"]): row["reason"] for row in found.unpaired}
    assert told[1, "C"] == told[2, "y"] == "the other run has no such parent"
    assert told[1, "D"] == "no market data of ACME"
    assert "several" in told[1, "x-1"]
    assert "several" in told[1, "x-2"]
    assert (2, "D") not in told  # it is told once, by the run that has no cost


def test_fees_are_left_out_where_asked_and_currencies_are_not_added() -> None:
    first = measured({"parent_id": "A", "total_cost": 10.0, "fees": 4.0})
    second = measured({"parent_id": "A", "total_cost": 10.0})
    assert difference(pair(first, second).pairs)["difference_bps"] == 0.0
    assert difference(pair(first, second, "shortfall-before-fees").pairs)["difference_bps"] == pytest.approx(-4.0)
    rows = [{"parent_id": "A", "total_cost": 10.0}]
    yen = {"parent_id": "B", "total_cost": 3e6, "paper_notional": 1e9, "currency": "JPY", "date": "2026-03-05"}
    both = pair(measured(*rows, yen), measured(*rows, yen | {"total_cost": 1e6}))
    assert difference(both.pairs)["difference_bps"] == pytest.approx(10.0)  # the mean of 0 and 20
    assert any("currencies" in note for note in both.notes)
    with pytest.raises(UsageError, match="shortfal"):
        pair(first, second, "shortfal")


def test_decisions_at_other_prices_are_told() -> None:
    first = measured({"parent_id": "A", "total_cost": 10.0})
    second = measured({"parent_id": "A", "total_cost": 10.0, "decision_price": 10.01})
    assert any("decided" in note for note in pair(first, second).notes)
    first = first.with_columns(arrival_bps_of_executed=pl.lit(3.0))
    second = second.with_columns(arrival_bps_of_executed=pl.lit(1.0))
    by_arrival = pair(first, second, "arrival")
    assert by_arrival.notes == ()
    assert difference(by_arrival.pairs)["difference_bps"] == pytest.approx(2.0)
