"""Every number of an order follows from the formula that is shown for it, with the numbers that stand in it."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.console import Console
from test_evidence import measured_data

from tcakit.errors import UsageError
from tcakit.market.schema import TCA_PARENTS
from tcakit.report.explain import explain, print_explained
from tcakit.tca.formulas import FORMULAS, LETTERS

DATA = measured_data()
ORDERS = DATA.tca_parents.filter(pl.col("priced"))["parent_id"].to_list()


@pytest.mark.parametrize("order", ORDERS)
def test_each_formula_gives_the_number_of_the_report(order: str) -> None:
    told = explain(DATA, order)
    assert [row["metric"] for row in told["formulas"]] == list(FORMULAS)
    for row in told["formulas"]:
        assert row["agrees"] is True or row["reported"] is None, row
        if row["value"] is not None and "?" not in row["worked"]:
            # What is shown is what was computed: the line can be typed into any calculator.
            assert eval(row["worked"]) == pytest.approx(row["value"], rel=1e-12, abs=1e-9)


def test_every_letter_has_a_meaning_and_every_formula_a_column() -> None:
    columns = {column.name for column in TCA_PARENTS.columns}
    for name, formula in FORMULAS.items():
        assert name in columns
        assert set(formula.letters()) <= set(LETTERS)
    money = [
        c.name for c in TCA_PARENTS.columns if c.type == "f64" and c.name not in ("ordered_shares", "filled_shares")
    ]
    assert set(money) - set(FORMULAS) == {"decision_price"}


def test_one_metric_of_one_order() -> None:
    told = explain(DATA, "P-1001", "fill_rate")
    assert [(row["worked"], row["value"]) for row in told["formulas"]] == [("12000 / 12000", 1.0)]


def test_an_order_that_filled_in_full_needs_no_price_at_its_end() -> None:
    numbers = {"M": 1.0, "s": 1.0, "S_q": 10.0, "Q": 10.0, "P_n": None, "P_d": 5.0, "paid": 51.0, "F": 0.5}
    assert FORMULAS["total_cost"].value(numbers) == 1.5
    assert FORMULAS["total_cost"].value(numbers | {"S_q": 11.0}) is None
    assert FORMULAS["average_price"].value({"paid": 0.0, "Q": 0.0}) is None


def test_brackets_are_kept() -> None:
    shown = FORMULAS["participation"].worked({"Q": 3.0, "volume_I": 12.0, "size_scale": 2.0})
    assert shown == "3 / (12 / 2)"
    assert FORMULAS["spread_cost"].worked({"M": 1.0, "s": -1.0, "paid": 2.5, "at_mid": None}) == "1 * (-1) * (2.5 - ?)"


def test_an_order_without_market_says_why() -> None:
    told = explain(DATA, "P-1007")
    assert told["unpriced_reason"]
    assert {row["metric"] for row in told["formulas"] if row["value"] is not None} == {"fill_rate"}
    stream = io.StringIO()
    print_explained(told, Console(file=stream, width=160))
    assert f"not priced: {told['unpriced_reason']}" in stream.getvalue()
    assert "something is missing" in stream.getvalue()


def test_it_is_printed_with_quotes_and_letters() -> None:
    stream = io.StringIO()
    print_explained(explain(DATA, "P-1001"), Console(file=stream, width=160))
    text = stream.getvalue()
    assert "arrival: quote of 2024-03-14T10:" in text
    assert "P_d = 84.05  price at the decision" in text
    assert "the report says" not in text


@pytest.mark.parametrize(
    ("order", "metric", "said"),
    [("P-1O01", None, "P-1001"), ("P-1008", None, "not matched"), ("P-1001", "vwap_bps", "vwap_bps_of_executed")],
)
def test_what_is_not_there_is_told_with_the_nearest(order: str, metric: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        explain(DATA, order, metric)


def test_a_false_number_is_shown_beside_the_right_one() -> None:
    fields = {name: getattr(DATA, name) for name in type(DATA).__slots__}
    false = type(DATA)(**fields | {"tca_parents": DATA.tca_parents.with_columns(pl.col("fees") + 1.0)})
    told = explain(false, "P-1001", "fees")
    assert told["formulas"][0]["agrees"] is False
    stream = io.StringIO()
    print_explained(told, Console(file=stream, width=160))
    assert "the report says" in stream.getvalue()
