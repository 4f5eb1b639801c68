"""Mappings of blotters: all mistakes at once, and drafts that load."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.feeds.mapping import FIELDS, built_in, compile_mapping, load, require_columns
from tcakit.feeds.suggest import suggest

FILLS = {"fill_id": "Id", "symbol": "Sym", "side": "BS", "time": "T", "price": "Px", "quantity": "Q"}


def mistakes(raw: dict[str, object]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        compile_mapping(raw, place="desk.toml")
    return caught.value.mistakes


def test_no_price_column_for_fills() -> None:
    columns = {name: column for name, column in FILLS.items() if name != "price"}
    ((place, message, remedy),) = mistakes({"table": "fills", "columns": columns})
    assert place == "desk.toml, fills"
    assert message == "no column for price"
    assert 'price = "the column\'s name"' in remedy


def test_all_mistakes_at_once_with_the_nearest_word() -> None:
    found = mistakes(
        {
            "timezon": "UTC",
            "timezone": "Mars",
            "decimal_comma": "yes",
            "separator": "::",
            "fills": {**FILLS, "prise": "x", "venue": 3},
            "sides": {"L": "long"},
            "scale": {"prices": 1, "price": "zero", "fee": True},
            "constants": {"brocker": "X"},
            "rows": {"fills": [], "parents": ["new"], "kind": "x"},
        }
    )
    places = [place.removeprefix("desk.toml").removeprefix(", ") for place, _, _ in found]
    wanted = ["", "timezone", "decimal_comma", "separator", "sides.L", "scale", "scale.price", "scale.fee"]
    wanted += ["constants", "rows", "rows", "rows.fills", "rows.parents", "fills", "fills.venue"]
    assert sorted(places) == sorted(wanted)
    told = " ".join(remedy for _, _, remedy in found)
    assert "did you mean 'timezone'?" in told
    assert "did you mean 'price'?" in told
    assert all(remedy for _, _, remedy in found)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "no columns are mapped"),
        ({"table": "fill", "columns": FILLS}, "'fill' is no table of a blotter"),
        ({"columns": FILLS}, "does not say of which table"),
        ({"table": "fills", "columns": FILLS, "fills": FILLS}, "stands beside"),
        ({"fills": FILLS, "rows": {"column": "kind"}}, "does not say which rows are fills"),
        ({"fills": "x"}, "is not a table"),
    ],
)
def test_wrong_mappings(raw: dict[str, object], message: str) -> None:
    assert any(message in found for _, found, _ in mistakes(raw))


def test_loading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text('name = "desk"\n[fills]\n' + "".join(f'{k} = "{v}"\n' for k, v in FILLS.items()), "utf-8")
    assert load(path)["fills"] == FILLS
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(ConfigError, match="not TOML"):
        load(path)
    path.write_text("[fills]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"6 mistakes(.|\n)*desk\.toml, fills: no column for price"):
        load(path)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        load(path)
    with pytest.raises(UsageError, match="no such mapping file"):
        load(tmp_path / "none.toml")


def test_columns_that_the_file_lacks_come_with_the_nearest() -> None:
    mapping = compile_mapping({"name": "desk", "fills": FILLS})
    require_columns(mapping, [*FILLS.values(), "more"], "a.csv")
    with pytest.raises(DataError, match=r"'Px' \(nearest is 'Pxx'\).*it has Id, Sym, BS, T, Pxx, Q") as caught:
        require_columns(mapping, ["Id", "Sym", "BS", "T", "Pxx", "Q"], "a.csv")
    assert caught.value.place == "a.csv:1"


def test_our_own_names_need_no_mapping() -> None:
    for table, fields in FIELDS.items():
        raw = built_in(fields)
        assert raw is not None
        assert raw["table"] == table
        (part,) = compile_mapping(raw).tables
        assert set(part.columns) == set(fields)
    assert built_in(["timestamp", "price", "size"]) is None


def test_a_draft_loads_once_it_is_complete() -> None:
    header = ["ExecId", "OrderId", "Ticker", "B/S", "Exec Time", "Last Px", "Last Qty", 'Desk "A"']
    row = ["1", "o", "IBM", "KAUF", "21.06.2012 09:30:00.5", "1.234,5", "10", "x"]
    text = suggest(header, [row, ["2", "o", "IBM", "B", "13.06.2012 09:30:00.5", "9,5", "1", "x"]])
    raw = tomllib.loads(text)
    assert raw["fills"] == {
        "fill_id": "ExecId",
        "parent_id": "OrderId",
        "symbol": "Ticker",
        "side": "B/S",
        "time": "Exec Time",
        "price": "Last Px",
        "quantity": "Last Qty",
    }
    assert raw["decimal_comma"] is True
    assert raw["time_format"] == "%d.%m.%Y %H:%M:%S%.f"
    assert '# "KAUF" = "buy"' in text
    assert "# timezone" in text
    assert '# Columns without a field: "Desk \\"A\\""' in text
    compile_mapping(raw)


def test_a_draft_says_what_it_could_not_find() -> None:
    text = suggest(["fill_id", "when"], [])
    assert '# price = "?"' in text
    assert any(message == "no column for price" for _, message, _ in mistakes(tomllib.loads(text)))


@given(st.lists(st.text(max_size=8), max_size=6), st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=3))
def test_a_draft_is_always_toml(header: list[str], rows: list[list[str]]) -> None:
    assert tomllib.loads(suggest(header, rows))["name"] == "draft"
