"""Rule 605 summaries: every rule of the schema, remarks on what nobody means, and the way out and back."""

from __future__ import annotations

import json
import random
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule605_files import GOOD, HEADER, changed, summary

from tcakit.errors import DataError
from tcakit.feeds.oes import SUMMARY_SCHEMA, read_summary, summary_text
from tcakit.feeds.oes_rules import CODE_RULES, NUMBER_RULES, written
from tcakit.market.rule605 import OES_NAMES, SUMMARY_KEY, SUMMARY_NUMBERS, size_class, size_limits
from tests.fuzz.mutate import spoil


def faults_of(data: bytes) -> list[tuple[int, str | None, bool]]:
    """(line, column, whether it is a remark) of each defect."""
    return [(fault.line, fault.column, fault.kept) for fault in read_summary("x.csv", data)[1]]


def test_a_good_row_comes_out_with_its_numbers() -> None:
    rows, faults = read_summary("x.csv", summary(GOOD))
    assert list(faults) == []
    assert rows.schema == pl.Schema(SUMMARY_SCHEMA)
    row = rows.row(0, named=True)
    assert (row["line"], row["entity"], row["size"], row["order_type"]) == (2, "ACME", "1000", "M")
    assert (row["average_order_notional"], row["effective_over_quoted"], row["execution_ms"]) == (2000.0, 0.9, 12.5)


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("DsgntParticipant", ["", "q", "Q1"], ["Z"]),
        ("RprtEntityCd", ["", "Acme", "A-B", "\u0410"], ["B"]),
        ("RptDate", ["", "202413", "202412", "202500", "20250", "210001", "2025-01"], ["202512", "209912"]),
        ("Sp500", ["", "y", "X", "YN"], ["N"]),
        ("OrderSize", ["", "100", "0250", "250.0", "200001"], ["1000"]),
        ("OrderType", ["", "m", "MKT", "L"], ["ML"]),
        ("AvgOrderQty", ["", "-1", "abc", "0x36", "1,5", "1e400", "1.2345678", "+", "nan", "\u0661"], ["1E2", "99."]),
        ("AvgOrderSize", ["", "-0.000001", "$2000"], ["2000.123456"]),
        ("ExctdOrderMidPtAvg", ["", "NaN", "INF"], ["2e1"]),
        ("PctExctdAtQuotOrBetter", ["", "-0.000001", "1.000001", "98%"], ["1", "0.98"]),
        ("PctExctdPI", ["", "1.1", "-1"], ["0", "0.5"]),
        ("WghtdAvgPctPI", ["", "2.000001", "nan"], ["-0.5", "0"]),
        ("AvgEffctvSprdPct", ["", "-2.000001", "INF"], ["0.0009"]),
        ("AvgPctQuotSprd", ["", "-0.000001"], ["0.001"]),
        ("AvgEFQPct", ["INF", "n/a", "0.9000001"], ["", "nan", "NaN", "inf", "+inf", "-inf", "0.9"]),
        ("AvgRealSprdPct15sec", ["INF", "none"], ["", "-0.5"]),
        ("AvgRealSprdPct1min", ["", "nan", "-inf"], ["-0.5"]),
        ("WghtdAvgExctnTime", ["", "-0.1"], ["0", "1e9"]),
    ],
)
def test_each_column_takes_what_the_schema_says(name: str, wrong: list[str], right: list[str]) -> None:
    for text in wrong:
        data = summary(changed(**{name: f'"{text}"'}))
        assert (2, name, False) in faults_of(data), text
        assert read_summary("x.csv", data)[0].height == 0, text
    for text in right:
        assert faults_of(summary(changed(**{name: text}))) == [], text


def test_a_fault_says_what_was_found_and_what_is_allowed() -> None:
    (fault,) = read_summary("x.csv", summary(changed(PctExctdPI="1.5")))[1]
    assert str(fault) == "x.csv:2 PctExctdPI: found '1.5', allowed is a number from 0 to 1 of at most 6 decimals"
    (fault,) = read_summary("x.csv", summary(changed(PctExctdPI="0.1234567")))[1]
    assert fault.allowed.endswith("of at most 6 decimals: round half up")


def test_a_key_stands_once() -> None:
    rows, faults = read_summary("x.csv", summary(GOOD, changed(Sp500="N"), changed(AvgOrderQty="101")))
    assert rows["line"].to_list() == [2, 3]
    (fault,) = faults
    assert (fault.line, fault.column, fault.found) == (4, None, "Q ACME 202501 Y 1000 M")
    assert "line 2" in fault.allowed


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"AvgEFQPct": "90"}, "AvgEFQPct"),
        ({"AvgEFQPct": "0.5"}, "AvgEFQPct"),
        ({"AvgPctQuotSprd": "0", "AvgEFQPct": "0.9"}, "AvgEFQPct"),
        ({"AvgOrderSize": "0.01"}, "AvgOrderSize"),
        ({"AvgOrderSize": "99999999"}, "AvgOrderSize"),
        ({"AvgOrderSize": "5000"}, "AvgOrderSize"),
        ({"AvgEffctvSprdPct": "1.5", "AvgPctQuotSprd": "1", "AvgEFQPct": "1.5"}, "AvgEffctvSprdPct"),
        ({"AvgEffctvSprdPct": "1", "AvgPctQuotSprd": "1.25", "AvgEFQPct": "0.8"}, "AvgPctQuotSprd"),
        ({"AvgRealSprdPct1min": "-1.01"}, "AvgRealSprdPct1min"),
        ({"PctExctdPI": "0.99"}, "PctExctdPI"),
        ({"DsgntParticipant": "S"}, "DsgntParticipant"),
        ({"AvgOrderQty": " 100 "}, "AvgOrderQty"),
    ],
)
def test_what_nobody_means_is_remarked_on_and_stays(cells: dict[str, str], column: str) -> None:
    data = summary(changed(**cells))
    assert faults_of(data) == [(2, column, True)]
    assert read_summary("x.csv", data)[0].height == 1


def test_percent_for_a_fraction_is_called_so() -> None:
    (fault,) = read_summary("x.csv", summary(changed(AvgEFQPct="90")))[1]
    assert fault.allowed == "0.900000, a fraction: percent was written"


def test_a_ratio_of_rounded_numbers_is_no_defect() -> None:
    # 0.0000005 to 0.0000015 by 0.0000025 to 0.0000035: all that a ratio of such may be.
    for ratio in ("0.15", "0.333333", "0.6"):
        row = changed(AvgEffctvSprdPct="0.000001", AvgPctQuotSprd="0.000003", AvgEFQPct=ratio)
        assert faults_of(summary(row)) == []


def test_the_header_is_the_schemas() -> None:
    names = list(OES_NAMES)
    swapped = [names[1], names[0], *names[2:]]
    cells = GOOD.split(",")
    row = ",".join([cells[1], cells[0], *cells[2:]])
    data = f"{','.join(swapped)}\r\n{row}\r\n".encode()
    assert faults_of(data) == [(1, "RprtEntityCd", False)]
    assert read_summary("x.csv", data)[0]["entity"].to_list() == ["ACME"]
    lacking = f"{','.join(names[:-1])}\r\n{','.join(cells[:-1])}\r\n".encode()
    assert faults_of(lacking) == [(1, "WghtdAvgExctnTime", False)]
    assert read_summary("x.csv", lacking)[0].height == 0
    more = f"{HEADER},Note\r\n{GOOD},x\r\n".encode()
    assert faults_of(more) == [(1, "Note", False)]
    with pytest.raises(DataError, match="no header of a Rule 605 summary"):
        read_summary("x.csv", b"date,open,high,low,close\n1,2,3,4,5\n")


def test_lines_that_are_no_rows() -> None:
    assert faults_of(summary(GOOD + ",1")) == [(2, None, False)]
    assert faults_of(summary(GOOD.replace("ACME", '"ACME'))) == [(2, None, False)]
    assert faults_of(HEADER.encode() + b"\r\n" + GOOD.encode().replace(b"ACME", b"AC\xffE") + b"\r\n") == [
        (2, None, False)
    ]
    assert faults_of(summary("", GOOD)) == [(2, None, True)]


def test_ends_of_lines_are_crlf() -> None:
    rows, faults = read_summary("x.csv", summary(GOOD, end="\n"))
    assert rows.height == 1
    assert [(fault.line, fault.allowed, fault.kept) for fault in faults] == [(1, "CR LF", True)]
    assert faults_of(b"\xef\xbb\xbf" + summary(GOOD)) == [(1, None, True)]


# --- the way out ------------------------------------------------------------------------------------------------------


@given(st.floats(-1e15, 1e15))
def test_numbers_are_rounded_half_up_at_six_decimals(value: float) -> None:
    exact = Decimal(repr(value)).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    text = written(value)
    assert Decimal(text) == exact
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]{0,5}[1-9])?", text)


def test_a_half_is_rounded_away_from_zero() -> None:
    values = (0.0000005, 0.0000025, 1.0000005, -0.0000005, 0.00000049)
    assert [written(value) for value in values] == ["0.000001", "0.000003", "1.000001", "-0.000001", "0"]


_KEYS = st.fixed_dictionaries(
    {
        "participant": st.sampled_from("QZT"),
        "entity": st.sampled_from(["ACME", "OTHER"]),
        "month": st.sampled_from(["202501", "202612"]),
        "sp500": st.sampled_from("YN"),
        "size": st.sampled_from(["0", "250", "199999", "200000"]),
        "order_type": st.sampled_from(["M", "ML"]),
    }
)
_MICRO = st.integers(0, 10**12).map(lambda value: value / 1e6)
_FRACTION = st.integers(0, 10**6).map(lambda value: value / 1e6)
_NUMBERS = st.fixed_dictionaries(
    {name: _FRACTION if name in ("at_quote_or_better", "improved_share") else _MICRO for name in SUMMARY_NUMBERS}
    | {"improvement_of_mid": _FRACTION, "effective_over_quoted": st.none() | _MICRO}
)


@given(
    st.lists(st.tuples(_KEYS, _NUMBERS), max_size=6, unique_by=lambda row: tuple(row[0][name] for name in SUMMARY_KEY))
)
def test_what_is_written_is_read_back(rows: list[tuple[dict, dict]]) -> None:
    frame = pl.DataFrame(
        [{"line": 0, **keys, **numbers} for keys, numbers in rows], schema=SUMMARY_SCHEMA, orient="row"
    )
    read, faults = read_summary("x.csv", summary_text(frame).encode())
    assert faults.refusing == []
    names = [*SUMMARY_KEY, *SUMMARY_NUMBERS]
    assert read.select(names).rows() == frame.select(names).rows()


def test_a_size_class_is_where_the_notional_lies() -> None:
    for notional in (0.0, 1.0, 249.999999, 250.0, 4999.99, 5000.0, 199_999.99, 200_000.0, 1e9):
        low, high = size_limits(size_class(notional))
        assert low <= notional < high


# --- the SEC's own files ----------------------------------------------------------------------------------------------


@pytest.mark.real
def test_the_secs_sample_has_no_fault_and_comes_back_to_the_byte(real_data: Path) -> None:
    data = (real_data / "oes" / "sample.csv").read_bytes()
    rows, faults = read_summary("sample.csv", data)
    assert faults.refusing == []
    assert rows.height == 35
    assert summary_text(rows).encode() == data
    # The rule says percent; the SEC's own files hold fractions.
    told = rows.filter(pl.col("quoted_of_mid") > 0)
    ratio = told["effective_of_mid"] / told["quoted_of_mid"]
    assert (told.height, (ratio - told["effective_over_quoted"]).abs().max() < 1e-6) == (33, True)


_SEEDED: dict[int, set[str | None]] = {
    2: {
        "RptDate", "Sp500", "OrderSize", "OrderType", "AvgOrderQty", "AvgOrderSize", "ExctdOrderMidPtAvg",
        "PctExctdAtQuotOrBetter", "PctExctdPI", "WghtdAvgPctPI", "AvgEffctvSprdPct", "AvgEFQPct", "WghtdAvgExctnTime",
    },
    # A row of empty cells: E/Q and the realised spread after 15 s may be empty.
    3: {"OrderType", *OES_NAMES[6:]} - {"AvgEFQPct", "AvgRealSprdPct15sec"},
    6: {"AvgPctQuotSprd"},
    32: {None},  # the key of line 31
    33: {"WghtdAvgExctnTime"},
    40: {"AvgPctQuotSprd"},
}  # fmt: skip
_ODD = {
    (2, "DsgntParticipant"), (2, "AvgPctQuotSprd"), (2, "AvgRealSprdPct15sec"), (2, "AvgRealSprdPct1min"),
    (3, "DsgntParticipant"),
    (8, "AvgOrderSize"), (33, "AvgOrderSize"),  # outside their size class
}  # fmt: skip


@pytest.mark.real
def test_every_seeded_fault_of_the_secs_broken_sample_is_found(real_data: Path) -> None:
    data = (real_data / "oes" / "ng.csv").read_bytes()
    rows, faults = read_summary("ng.csv", data)
    found: dict[int, set[str | None]] = {}
    for fault in faults.refusing:
        found.setdefault(fault.line, set()).add(fault.column)
    assert found == _SEEDED
    assert {(fault.line, fault.column) for fault in faults.remarks} == _ODD
    assert (faults.rows, rows.height) == (55, 55 - len(_SEEDED))


@pytest.mark.real
def test_the_rules_are_those_of_the_secs_schema(real_data: Path) -> None:
    schema = json.loads((real_data / "oes" / "oes-metadata.json").read_text())["tables"][0]["tableSchema"]
    columns = {column["name"]: column for column in schema["columns"]}
    assert tuple(columns) == OES_NAMES
    assert tuple(schema["primaryKey"]) == OES_NAMES[: len(SUMMARY_KEY)]
    for number in NUMBER_RULES:
        kind = columns[number.name]["datatype"]
        assert kind.get("minimum", float("-inf")) == number.minimum
        assert kind.get("maximum", float("inf")) == number.maximum
        assert columns[number.name].get("null", []) == list(number.absent)
    for code in CODE_RULES:
        pattern = re.compile(columns[code.name]["datatype"]["format"])
        for text in ("A", "a", "Y", "ML", "0", "250", "199999", "200001", "202412", "202501", "202613", "210001"):
            allowed = pattern.fullmatch(text) is not None
            if code.name == "RptDate":
                allowed = allowed and 202501 <= int(text) < 209913
            assert allowed == (not code.wrong(text)), (code.name, text)


# --- spoilt files -----------------------------------------------------------------------------------------------------


def test_a_spoilt_file_gives_rows_faults_or_one_error() -> None:
    whole = summary(GOOD, changed(Sp500="N"), changed(OrderSize="5000", AvgEFQPct=""), changed(OrderType="ML"))
    places = []
    for seed in range(400):
        rng = random.Random(seed)
        data = bytes(spoil(rng, whole))
        try:
            rows, faults = read_summary("x.csv", data)
        except DataError as error:
            places.append(error.place)
            continue
        # What was kept is written and read back as it is.
        read, again = read_summary("x.csv", summary_text(rows).encode())
        assert again.refusing == []
        # To the last written digit: the schema lets 1e-30 in, which has no six decimals.
        assert summary_text(read) == summary_text(rows)
        assert set(rows["line"]) & {fault.line for fault in faults.refusing} == set()
    assert set(places) == {"x.csv:1"}
    assert len(places) < 200
