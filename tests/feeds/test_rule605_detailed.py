"""Detailed reports of Rule 605, new and old: fields, identities, and what is remarked on."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from rule605_files import OLD_ROW, detailed, old

from tcakit.errors import DataError
from tcakit.feeds.rule605_detailed import LISTED, read_detailed
from tcakit.feeds.rule605_forms import DETAILED, OLD
from tests.fuzz.mutate import spoil


def defects(data: bytes) -> list[tuple[int, str | None, bool]]:
    """(line, column, whether it is a remark) of each defect."""
    return [(fault.line, fault.column, fault.kept) for fault in read_detailed("x.txt", data)[2]]


def old_row(**cells: object) -> str:
    """The old form's good row with other fields, by our names."""
    row = dict(zip(OLD.fields, OLD_ROW.split("|"), strict=True)) | cells
    return "|".join(str(row[field]) for field in OLD.fields)


def test_the_forms_have_the_plans_fields() -> None:
    assert (len(DETAILED.names), len(set(DETAILED.fields)), DETAILED.names[0], DETAILED.names[-1]) == (
        55, 55, "DsgntParticipant", "FilledOrderWghtdAvgTime",
    )  # fmt: skip
    assert (len(OLD.fields), len(set(OLD.fields))) == (26, 26)


def test_a_good_row_of_each_form() -> None:
    form, rows, faults = read_detailed("x.txt", detailed({}))
    assert (form, list(faults)) == (DETAILED, [])
    row = rows.row(0, named=True)
    assert (row["line"], row["symbol"], row["shares"], row["execution_time"]) == (2, "XYZ", 1000.0, 16.0)
    assert row["realised_50ms"] is None
    form, rows, faults = read_detailed("x.txt", old(OLD_ROW))
    assert (form, list(faults)) == (OLD, [])
    row = rows.row(0, named=True)
    assert (row["line"], row["shares"], row["outside_time"]) == (1, 600.0, 9.0)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"participant": ""}, "DsgntParticipant"),
        ({"entity": "a b"}, "RprtEntityCd"),
        ({"month": "202413"}, "RptDate"),
        ({"symbol": ""}, "Symbol"),
        ({"lot": ""}, "LotSizeFlag"),
        ({"size": "199999"}, "OrderSize"),
        ({"order_type": "M"}, "OrderType"),
        ({"orders": ""}, "CvrdOrderCnt"),
        ({"executed_shares": "seven"}, "CvrdOrderExctdQty"),
        ({"improved_shares": "-1"}, "ExctdPIOrdersQty"),
        ({"effective_spread": "1.2.3"}, "AvgEffctvSprd"),
        ({"effective_spread": "1e999"}, "AvgEffctvSprd"),
        ({"execution_time": "nan"}, "FilledOrderWghtdAvgTime"),
    ],
)
def test_a_wrong_field_refuses_its_row(cells: dict[str, object], column: str) -> None:
    _, rows, faults = read_detailed("x.txt", detailed({}, {"symbol": "ABC"} | cells))
    assert [(fault.line, fault.column) for fault in faults.refusing] == [(3, column)]
    assert rows["line"].to_list() == [2]


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"cancelled_shares": 150}, "CvrdOrderQty", "950, the sum of CvrdOrderCnclQty + CvrdOrderExctdQty"),
        ({"later_shares": 1}, "CvrdOrderExctdQty + CvrdOrderExctdAwayQty", "801, the sum of CvrdOrderQtyto100microsec"),
        ({"outside_shares": 99}, "CvrdOrderExctdQty + CvrdOrderExctdAwayQty", "799, the sum of ExctdPIOrdersQty"),
        ({"at_best_shares": 499.5}, "CvrdOrderExctdQty + CvrdOrderExctdAwayQty", "799.5, the sum of ExctdPIOrderRltv"),
        ({"effective_over_quoted": 75}, "AvgEFQPct", "0.75, a fraction: percent was written"),
        ({"notional": 0.1}, "CvrdOrderSize", "about 20000.0: this is 0.0001 a share at a mid of 20.0"),
        ({"notional": 999_999_990}, "CvrdOrderSize", "about 20000.0: this is 999999.99 a share at a mid of 20.0"),
        ({"notional": 0.1, "average_mid": ""}, "CvrdOrderSize", "shares times a price: this is 0.0001 a share"),
        ({"effective_of_mid": 1.98}, "AvgEffctvSprdPct", "a fraction of the mid between -1 and 1"),
        ({"quoted_spread": 30, "effective_over_quoted": ""}, "ExctdOrderAvgQuotSprd", "at most the mid of 20.0"),
    ],
)
def test_a_row_that_contradicts_itself_is_remarked_on_and_stays(
    cells: dict[str, object], column: str, words: str
) -> None:
    _, rows, faults = read_detailed("x.txt", detailed(cells))
    (fault,) = faults
    assert (fault.line, fault.column, fault.kept) == (2, column, True)
    assert fault.allowed.startswith(words)
    assert rows.height == 1


def test_a_sum_with_an_empty_field_says_nothing() -> None:
    assert defects(detailed({"within_1s_shares": "", "better_than_best_shares": ""})) == []


def test_counts_of_the_old_form_add_up_too() -> None:
    assert defects(old(old_row(cancelled_shares=99))) == [(1, "field 8", True)]
    assert defects(old(old_row(within_30min_shares=21))) == [(1, "field 10 + field 11", True)]
    assert defects(old(old_row(outside_shares=51))) == [(1, "field 10 + field 11", True)]
    # Limit orders that rest have no improvement: the last nine fields are empty.
    resting = dict.fromkeys(OLD.fields[17:], "")
    assert defects(old(old_row(order_type="13", **resting))) == []
    assert defects(old(old_row(size="25"))) == [(1, "field 6", False)]
    assert defects(old(old_row(within_10s_shares=""))) == [(1, "field 12", False)]


def test_a_key_stands_once() -> None:
    _, rows, faults = read_detailed("x.txt", detailed({}, {"lot": "ODD"}, {"orders": 11}))
    assert rows["line"].to_list() == [2, 3]
    (fault,) = faults
    assert (fault.line, fault.kept, fault.found) == (4, False, "Q ACME 202608 XYZ ROUND 1000 MXXNN")


def test_lines_of_other_lengths_and_blank_ones() -> None:
    assert defects(old(OLD_ROW, OLD_ROW + "|1", old_row(size="22"), "")) == [(2, None, False)]
    assert defects(detailed({}) + b"a|b\n") == [(3, None, False)]


def test_of_many_alike_the_first_are_listed_and_all_counted() -> None:
    many = LISTED + 7
    wrong = [{"symbol": f"S{number}", "cancelled_shares": 0} for number in range(many)]
    _, rows, faults = read_detailed("x.txt", detailed(*wrong))
    assert (rows.height, len(faults.remarks), faults.odd, faults.refused) == (many, LISTED, many, 0)
    _, rows, faults = read_detailed("x.txt", detailed({}, *({"symbol": f"S{n}", "orders": "x"} for n in range(many))))
    assert (rows.height, len(faults.refusing), faults.refused, faults.odd) == (1, LISTED, many, 0)


def test_a_header_that_is_not_the_forms() -> None:
    text = detailed({})
    swapped = text.replace(b"CvrdOrderQty|CvrdOrderCnclQty", b"CvrdOrderCnclQty|CvrdOrderQty", 1)
    found = defects(swapped)
    assert found[0] == (1, "CvrdOrderCnclQty", False)
    with pytest.raises(DataError, match="no column CvrdOrderQty"):
        read_detailed("x.txt", text.replace(b"|CvrdOrderQty|", b"|CvrdOrderQuantity|", 1))
    with pytest.raises(DataError, match="no detailed report"):
        read_detailed("x.txt", b"time|price|size\n1|2|3\n")


@pytest.mark.parametrize("whole", [detailed({}, {"symbol": "ABC"}), old(OLD_ROW, old_row(symbol="ABC"))])
def test_ends_of_lines_and_a_byte_order_mark_do_not_matter(whole: bytes) -> None:
    plain = read_detailed("x.txt", whole)[1]
    assert plain.height == 2
    for data in (whole.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + whole, whole.rstrip(b"\n")):
        _, rows, faults = read_detailed("x.txt", data)
        assert (list(faults), rows.equals(plain)) == ([], True)


def test_a_byte_that_is_no_text_is_told_with_its_line() -> None:
    with pytest.raises(DataError) as told:
        read_detailed("x.txt", old(OLD_ROW, OLD_ROW).replace(b"\nT|", b"\n\xff|", 1))
    assert told.value.place == "x.txt:2"


def test_a_spoilt_file_gives_rows_faults_or_one_error() -> None:
    wholes = [detailed({}, {"symbol": "ABC"}, {"size": "0"}), old(OLD_ROW, old_row(size="22"), old_row(symbol="ABC"))]
    read = 0
    for seed in range(400):
        data = bytes(spoil(random.Random(seed), wholes[seed % 2]))
        try:
            form, rows, faults = read_detailed("x.txt", data)
        except DataError:
            continue
        read += 1
        assert rows.select(pl.col(form.required).null_count()).row(0) == (0,) * len(form.required)
        assert set(rows["line"]) & {fault.line for fault in faults.refusing if fault.line > 1} == set()
    assert read > 100


@pytest.mark.real
def test_a_real_months_report_adds_up(real_data: Path) -> None:
    data = (real_data / "sec605" / "VIRTU0817.txt").read_bytes()
    form, rows, faults = read_detailed("VIRTU0817.txt", data)
    assert (form, faults.rows, rows.height, list(faults)) == (OLD, 31_802, 31_802, [])
    assert rows["symbol"].n_unique() == 5_637
    # Told from the file by other means: shares executed, and those of the first field of ten seconds.
    lines = [line.split("|") for line in data.decode().splitlines() if line]
    assert int(rows["executed_shares"].sum()) == sum(int(line[9]) for line in lines)
    assert int(rows["within_10s_shares"].sum()) == sum(int(line[11]) for line in lines)
    # One share less in one row, and the row is found.
    spoilt = data.replace(b"|53033|", b"|53032|", 1)
    (fault,) = read_detailed("VIRTU0817.txt", spoilt)[2]
    assert (fault.line, fault.column, fault.kept) == (2, "field 8", True)
