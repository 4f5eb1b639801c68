"""The security master and exchange rates: files in, all mistakes at once, and what holds on a date."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tcakit.errors import ConfigError, UsageError
from tcakit.feeds.reference import read_reference_file
from tcakit.jobs.reference import import_instruments, import_rates
from tcakit.store.database import Store
from tcakit.store.rates import Rate, rate_on
from tcakit.store.reference import References

MASTER = """symbol,venue,name,currency,tick_size,lot_size,multiplier,split,valid_from,valid_to,isin,ric
AMZN,XNAS,Amazon,USD,0.0100,1,,,,,US0231351067,AMZN.OQ
AMZN,XNAS,,,,,,20,2022-06-06,,,
ESH6,,E-mini,USD,0.25,1,50,,2025-01-01,2026-03-20,,
"""
RATES = """date,base,quote,rate,source
2026-03-02,EUR,USD,1.08,the desk
2026-03-02,EUR,JPY,162,the desk
2026-03-06,EUR,USD,1.10,the desk
2026-03-03,GBP,USD,1.27,another
"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def tables(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(folder / "results.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall()
            for name in ("instrument_reference", "aliases", "rates")
        }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_a_security_master_is_stored_with_its_aliases_and_twice_is_once(tmp_path: Path, store: Path) -> None:
    file = write(tmp_path, "master.csv", MASTER)
    told = import_instruments(store, file)
    assert (told["instruments"], told["rows"], told["aliases"], told["splits"]) == (2, 3, 2, 1)
    first = tables(store)
    rows = {(row[0], row[8]): row for row in first["instrument_reference"]}
    assert rows["AMZN", None][4:8] == ("0.01", "1", None, None)
    assert rows["AMZN", "2022-06-06"][7] == "20:1"
    assert rows["ESH6", "2025-01-01"][6] == 50.0
    assert [row[:3] for row in first["aliases"]] == [("AMZN.OQ", "ric", "AMZN"), ("US0231351067", "isin", "AMZN")]
    assert import_instruments(store, file)["stored"] == 3
    assert tables(store) == first


def test_a_row_of_the_same_symbol_venue_and_day_replaces_and_its_aliases_go(tmp_path: Path, store: Path) -> None:
    import_instruments(store, write(tmp_path, "a.csv", "symbol,venue,tick_size,ric\nA,X,0.01,A.X\nA,Y,0.02,A.S\n"))
    import_instruments(store, write(tmp_path, "b.csv", "symbol,venue,tick_size,ric\nA,X,0.05,A.N\n"))
    found = tables(store)
    assert [row[4] for row in found["instrument_reference"]] == ["0.05", "0.02"]
    assert [row[0] for row in found["aliases"]] == ["A.N", "A.S"]


def test_aliases_from_elsewhere_stay(tmp_path: Path, store: Path) -> None:
    from tcakit.jobs.ingest import IngestRequest, ingest

    ingest(store, IngestRequest([write(tmp_path, "map.csv", "alias,kind,symbol\nAMZN.O,ric,AMZN\n")]))
    for _ in range(2):
        import_instruments(store, write(tmp_path, "master.csv", MASTER))
    assert [row[0] for row in tables(store)["aliases"]] == ["AMZN.O", "AMZN.OQ", "US0231351067"]


def test_all_mistakes_are_told_at_once_with_their_lines_and_nothing_is_stored(tmp_path: Path, store: Path) -> None:
    text = (
        "symbol,venue,tick_size,multiplier,split,valid_from,valid_to,isin\n"
        ",,0.01,,,,,\n"
        "A,,-1,,,,,\n"
        "B,,,many,,,,\n"
        "C,,,,0:1,2020-01-01,,\n"
        "D,,,,2,,,\n"
        "E,,,,,2020-13-01,,\n"
        "F,,,,,2020-02-01,2020-01-01,\n"
        "G,,,,,,,US0231351068\n"
        "H,,,,,,,\n"
        "H,,0.01,,,,,\n"
        "I,,,,,,,US0231351067\n"
        "J,,,,,,,US0231351067\n"
        "K,,,\n"
    )
    with pytest.raises(ConfigError) as caught:
        import_instruments(store, write(tmp_path, "master.csv", text))
    lines = {int(place.rpartition(":")[2]) for place, _, _ in caught.value.mistakes}
    assert lines == {2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14}
    assert not store.exists()


def test_an_unknown_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'tick_sise'; did you mean 'tick_size'"):
        read_reference_file(write(tmp_path, "master.csv", "symbol,tick_sise\nA,1\n"))
    with pytest.raises(UsageError, match="no such file"):
        read_reference_file(tmp_path / "none.csv")


def test_a_name_that_means_another_symbol_in_the_store_is_a_mistake(tmp_path: Path, store: Path) -> None:
    import_instruments(store, write(tmp_path, "a.csv", "symbol,ric\nA,Z.X\n"))
    with pytest.raises(ConfigError, match=r"'Z\.X' is B here and A at the store's aliases"):
        import_instruments(store, write(tmp_path, "b.csv", "symbol,ric\nB,Z.X\n"))


def test_json_is_read_as_well(tmp_path: Path) -> None:
    rows = [{"symbol": "A", "tick_size": 0.05, "valid_from": "2020-01-01"}]
    (found,) = read_reference_file(write(tmp_path, "master.json", json.dumps(rows)))
    assert (found.symbol, found.tick_size, found.valid_from) == ("A", "0.05", "2020-01-01")


def test_a_fact_is_that_of_the_latest_row_that_holds_and_says_it(tmp_path: Path, store: Path) -> None:
    text = (
        "symbol,venue,tick_size,multiplier,valid_from,valid_to\n"
        "A,,0.05,10,,\n"
        "A,,0.01,,2020-01-01,2020-12-31\n"
        "A,X,0.02,,2020-06-01,\n"
    )
    import_instruments(store, write(tmp_path, "master.csv", text))
    facts = References.of(Store(store))
    assert facts.fact("tick_size", "A", "Y", "2019-12-31") == "0.05"
    assert facts.fact("tick_size", "A", "Y", "2020-12-31") == "0.01"
    assert facts.fact("tick_size", "A", "Y", "2021-01-01") == "0.05"
    assert facts.fact("tick_size", "A", "X", "2020-05-31") == "0.01"
    assert facts.fact("tick_size", "A", "X", "2020-06-01") == "0.02"
    assert facts.fact("multiplier", "A", "X", "2020-06-01") == 10.0
    assert facts.fact("tick_size", "A", None, "2020-06-01") is None  # its venues differ
    assert facts.fact("multiplier", "A", None, "2020-06-01") == 10.0
    assert facts.fact("tick_size", "B", "X", "2020-06-01") is None


def test_splits_between_two_dates(tmp_path: Path, store: Path) -> None:
    text = "symbol,venue,split,valid_from\nA,X,2,2020-01-02\nA,Y,2,2020-01-02\nA,X,0.1,2020-02-03\nA,X,3:2,2020-03-03\n"
    import_instruments(store, write(tmp_path, "master.csv", text))
    facts = References.of(Store(store))
    two = [("2020-01-02", Fraction(2)), ("2020-02-03", Fraction(1, 10))]
    assert facts.splits("A", "2020-01-01", "2020-02-03") == two
    assert facts.splits("A", "2020-01-02", "2020-02-02") == []
    assert facts.splits("A", "2020-02-03", "2021-01-01") == [("2020-03-03", Fraction(3, 2))]


def test_rates_twice_are_once_and_the_same_day_pair_and_source_replaces(tmp_path: Path, store: Path) -> None:
    file = write(tmp_path, "rates.csv", RATES)
    assert import_rates(store, file)["rates"] == 4
    first = tables(store)["rates"]
    assert import_rates(store, file)["stored"] == 4
    assert tables(store)["rates"] == first
    changed = "date,base,quote,rate,source\n2026-03-02,EUR,USD,1.09,the desk\n2026-03-02,EUR,USD,1.07,another\n"
    assert import_rates(store, write(tmp_path, "more.csv", changed))["stored"] == 5
    rows = {(row[0], row[1], row[2], row[4]): row[3] for row in tables(store)["rates"]}
    assert rows["2026-03-02", "EUR", "USD", "the desk"] == 1.09
    assert rows["2026-03-02", "EUR", "USD", "another"] == 1.07


def test_the_table_of_the_ecb_is_read_with_its_holes(tmp_path: Path, store: Path) -> None:
    text = "Date,USD,JPY,CYP,\n2026-03-03,1.0812,161.5,N/A,\n2026-03-02,1.08,,0.585,\n"
    told = import_rates(store, write(tmp_path, "eurofxref-hist.csv", text))
    assert (told["rates"], told["pairs"], told["sources"]) == (4, 3, ["ECB euro reference rates"])
    assert rate_on(Store(store), "2026-03-03", "EUR", "JPY") == Rate(
        161.5, "2026-03-03", "ECB euro reference rates", "direct"
    )
    through = rate_on(Store(store), "2026-03-03", "USD", "JPY")
    assert through is not None
    assert (through.how, through.value) == ("through EUR", pytest.approx(161.5 / 1.0812))


def test_wrong_rates_are_all_told_and_none_is_stored(tmp_path: Path, store: Path) -> None:
    text = (
        "date,base,quote,rate,source\n"
        "02.03.2026,EUR,USD,1,x\n2026-03-02,euro!,USD,1,x\n2026-03-02,EUR,,1,x\n2026-03-02,EUR,EUR,1,x\n"
        "2026-03-02,EUR,USD,0,x\n2026-03-02,EUR,USD,inf,x\n2026-03-02,EUR,JPY,1,\n"
        "2026-03-02,EUR,CHF,1,x\n2026-03-02,EUR,CHF,2,x\n2026-03-02,EUR,SEK,11,x\n2026-03-02,EUR\n"
    )
    with pytest.raises(ConfigError) as caught:
        import_rates(store, write(tmp_path, "rates.csv", text))
    assert {int(place.rpartition(":")[2]) for place, _, _ in caught.value.mistakes} == {*range(2, 11), 12}
    with pytest.raises(ConfigError, match="no columns base, quote, rate, source"):
        import_rates(store, write(tmp_path, "other.csv", "date,value\n2026-03-02,1\n"))
    assert not store.exists()


def test_the_rate_of_a_date_is_the_last_before_it_and_not_older_than_a_week(tmp_path: Path, store: Path) -> None:
    import_rates(store, write(tmp_path, "rates.csv", RATES))
    held = Store(store)

    def value(date: str, base: str, quote: str) -> float | None:
        found = rate_on(held, date, base, quote)
        return None if found is None else found.value

    assert value("2026-03-01", "EUR", "USD") is None
    assert value("2026-03-05", "EUR", "USD") == 1.08
    assert value("2026-03-06", "USD", "EUR") == pytest.approx(1 / 1.10)
    assert value("2026-03-13", "EUR", "USD") == 1.10
    assert value("2026-03-14", "EUR", "USD") is None
    # 162 yen and 1.08 dollars a euro: a dollar is 150 yen.
    assert value("2026-03-04", "USD", "JPY") == pytest.approx(150.0)
    assert value("2026-03-04", "JPY", "USD") == pytest.approx(1 / 150.0)
    assert value("2026-03-04", "GBP", "JPY") is None  # no currency that both have of one source
    assert value("2026-03-04", "CHF", "USD") is None
    assert value("1999-01-01", "USD", "USD") == 1.0
    through = rate_on(held, "2026-03-09", "USD", "JPY")
    assert through == Rate(pytest.approx(150.0), "2026-03-02", "the desk", "through EUR")
