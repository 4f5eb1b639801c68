"""Names of symbols: check digits, matches by date, and never a silent guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import ConfigError, UsageError
from tcakit.feeds.aliases import (
    Alias,
    is_cusip,
    is_figi,
    is_isin,
    is_sedol,
    kind_of,
    match,
    match_with_kinds,
    read_alias_file,
    root_of,
)

DAY = "2024-01-02"


@pytest.mark.parametrize("name", ["US0378331005", "GB0002634946", "DE0007164600", "US0231351067"])
def test_isins(name: str) -> None:
    assert is_isin(name)
    wrong = name[:-1] + str((int(name[-1]) + 1) % 10)
    assert not is_isin(wrong)


def test_other_check_digits() -> None:
    assert is_cusip("037833100")
    assert not is_cusip("037833101")
    assert is_sedol("0263494")
    assert is_sedol("B0WNLY7")
    assert not is_sedol("0263495")
    assert is_figi("BBG000B9XRY4")
    assert not is_figi("BBG000B9XRY5")


@given(st.text(alphabet="ABC0123456789", min_size=1, max_size=14))
def test_any_word_has_a_kind(word: str) -> None:
    assert kind_of(word) in ("ticker", "isin", "cusip", "sedol", "figi", "name")


def test_roots() -> None:
    assert root_of("amzn  us equity") == ("AMZN", "bloomberg root")
    assert root_of("VOD LN") == ("VOD", "bloomberg root")
    assert root_of("AMZN.OQ") == ("AMZN", "ric root")
    assert root_of("AMZN") is None


def test_the_order_of_ways() -> None:
    names = [("AMZN", DAY), ("amzn us equity", DAY), ("AMZN.O", DAY), ("US0231351067", DAY), ("AAPL", DAY)]
    aliases = [Alias("US0231351067", "isin", "AMZN"), {"alias": "aapl", "kind": "ticker", "symbol": "APPLE"}]
    matched, unmatched = match_with_kinds(names, ["AMZN", "AAPL"], aliases)
    assert {name: (found.symbol, found.how) for (name, _), found in matched.items()} == {
        "AMZN": ("AMZN", "exact"),
        "amzn us equity": ("AMZN", "bloomberg root"),
        "AMZN.O": ("AMZN", "ric root"),
        "US0231351067": ("AMZN", "alias"),
        "AAPL": ("APPLE", "alias"),
    }
    assert unmatched == []


def test_aliases_hold_by_date() -> None:
    aliases = [Alias("FB", "ticker", "META", None, "2022-06-08"), Alias("FB", "ticker", "OTHER", "2022-06-09", None)]
    names = [("FB", "2022-06-08"), ("FB", "2022-06-09")]
    assert match(names, [], aliases)[0] == {names[0]: "META", names[1]: "OTHER"}
    ended = [Alias("FB", "ticker", "META", "2012-05-18", "2022-06-08")]
    matched, unmatched = match([*names, ("FB", "2022-06-10")], ["META"], ended)
    assert matched == {names[0]: "META"}
    assert unmatched == [("FB", 2, [])]


def test_near_names_are_candidates_only() -> None:
    matched, unmatched = match([("AMZM", DAY), ("AMZM", DAY), ("MSFT US Equity", DAY)], ["AMZN", "MSF"], [])
    assert matched == {}
    assert unmatched == [("AMZM", 2, ["AMZN"]), ("MSFT US Equity", 1, ["MSF"])]


def test_two_meanings_match_nothing() -> None:
    aliases = [Alias("X", "name", "A"), Alias("x", "name", "B")]
    assert match([("X", DAY)], ["A", "B"], aliases) == ({}, [("X", 1, ["A", "B"])])
    assert match([("aa", DAY)], ["AA", "Aa"], [])[1][0][2][:2] == ["AA", "Aa"]
    assert match([("AA", DAY)], ["AA", "Aa"], [])[0] == {("AA", DAY): "AA"}


def test_an_alias_file(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(
        "alias,kind,symbol,valid_from,valid_to\nUS0231351067,isin,AMZN,,\nAMZN US Equity,,AMZN,2020-01-01,\n", "utf-8"
    )
    assert read_alias_file(path) == [
        Alias("US0231351067", "isin", "AMZN"),
        Alias("AMZN US Equity", "bloomberg", "AMZN", "2020-01-01", None),
    ]


def test_all_mistakes_of_an_alias_file(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    rows = [
        "US0231351068,isin,AMZN,,",
        ",ticker,AMZN,,",
        "A,tikker,,2024-13-01,",
        "B,ticker,B,2024-02-01,2024-01-01",
        "C,ticker,C,,2024-01-31",
        "c,ticker,D,2024-01-31,",
        "E,ticker",
    ]
    path.write_text("alias,kind,symbol,valid_from,valid_to\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_alias_file(path)
    places = [place.rsplit(":", 1)[1] for place, _, _ in caught.value.mistakes]
    assert sorted(places) == ["2", "3", "4", "4", "4", "5", "7", "8"]
    told = " ".join(message + remedy for _, message, remedy in caught.value.mistakes)
    for word in ("check digit", "did you mean 'ticker'", "swap or correct", "'c' is D here and C at"):
        assert word in told


def test_an_alias_file_without_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("alas,symbol\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"did you mean 'alias'(.|\n)*no column 'alias'"):
        read_alias_file(path)
    with pytest.raises(UsageError, match="no such file"):
        read_alias_file(tmp_path / "none.csv")
