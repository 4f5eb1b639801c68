"""The security master, the calendar and the stored orders at work: on ingest, in backtests and in reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.jobs.catalog import catalog
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.ingest_facts import settle
from tcakit.jobs.reference import import_instruments
from tcakit.jobs.report import ReportRequest, report
from tcakit.market.clock import parse_time
from tcakit.market.instrument import Instrument
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day, quotes
from tcakit.store.reference import References
from tcakit.store.staging import MarketRows, Staging

DATE = "2024-11-29"  # the day after Thanksgiving: New York closes at 13:00


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def quote_file(
    folder: Path, name: str = "quotes.csv", prices: tuple[str, ...] = ("10.50", "11.00"), **more: str
) -> str:
    """Quotes of ESZ4 (or of `symbols`), half a point wide, a minute apart."""
    rows = []
    for symbol in more.get("symbols", "ESZ4").split():
        for minute, price in enumerate(prices):
            stamp = f"{more.get('date', DATE)}T15:{minute:02d}:00Z"
            rows.append(f"{stamp},{symbol},{more.get('venue', 'XNAS')},{price},10,{float(price) + 0.5:.2f},20")
    return write(folder, name, "ts,symbol,venue,bid,bid_size,ask,ask_size\n" + "\n".join(rows) + "\n")


def put(store: Path, *paths: str, **options: Any) -> dict[str, Any]:
    wanted = {name: options.pop(name) for name in ("symbols_from", "dry_run") if name in options}
    return ingest(store, IngestRequest(list(paths), ReaderOptions(**options), **wanted))


def master(folder: Path, store: Path, text: str, name: str = "master.csv") -> None:
    import_instruments(store, write(folder, name, text))


def instrument(store: Path, symbol: str = "ESZ4", date: str = DATE) -> Any:
    return find_symbol_day(Store(store), symbol, date).instrument


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def tick(store: Path, symbol: str = "ESZ4") -> tuple[float, str]:
    found = instrument(store, symbol)
    return found.price(found.tick_size), found.tick_from


def test_the_tick_is_the_flag_s_then_the_reference_s_then_inferred(tmp_path: Path, store: Path) -> None:
    file = quote_file(tmp_path)
    put(store, file)
    assert tick(store)[1] == "inferred"
    text = "symbol,tick_size,lot_size,valid_from,valid_to\nESZ4,0.25,5,2024-01-01,2024-12-20\n"
    master(tmp_path, store, text)
    second = tmp_path / "second"
    put(second, file)
    master(tmp_path, second, text)
    put(second, quote_file(tmp_path, "again.csv", ("10.50", "11.50")), venue="BATS")
    found = find_symbol_day(Store(second), "ESZ4", DATE, "BATS").instrument
    assert (found.price(found.tick_size), found.tick_from, found.lot_size) == (0.25, "reference", 5)
    put(second, file, venue="XNYS", tick_size="0.05", lot_size="1")
    found = find_symbol_day(Store(second), "ESZ4", DATE, "XNYS").instrument
    assert (found.price(found.tick_size), found.tick_from, found.lot_size) == (0.05, "flag", 1)
    told = {row["venue"]: (row["tick_size"], row["tick_from"]) for row in catalog(second)["days"]}
    assert told == {"BATS": (0.25, "reference"), "XNYS": (0.05, "flag")}  # the same file elsewhere


def test_a_reference_of_other_days_is_not_asked(tmp_path: Path, store: Path) -> None:
    master(tmp_path, store, "symbol,tick_size,valid_from\nESZ4,0.25,2024-11-30\n")
    put(store, quote_file(tmp_path))
    assert tick(store)[1] == "inferred"


def test_a_reference_tick_that_prices_contradict_is_not_applied_and_told(tmp_path: Path, store: Path) -> None:
    master(tmp_path, store, "symbol,tick_size\nESZ4,0.25\n")
    told = put(store, quote_file(tmp_path, prices=("10.50", "10.60", "11.00")))
    assert tick(store) == (0.1, "inferred") or tick(store) == (0.01, "inferred")
    (fault,) = catalog(store, faults=True)["faults"]
    assert fault["reason"] == "2 of 6 prices of ESZ4 lie off its reference tick 0.25, 10.6 for one: not applied"
    assert told["rows"] == 3


def test_a_tick_finer_than_the_file_s_prices_is_told(tmp_path: Path, store: Path) -> None:
    master(tmp_path, store, "symbol,tick_size\nESZ4,0.00390625\n")
    put(store, quote_file(tmp_path))
    assert tick(store)[1] == "inferred"
    (fault,) = catalog(store, faults=True)["faults"]
    assert "finer than the file's prices" in fault["reason"]


def test_prints_may_lie_off_the_reference_tick_one_in_ten(tmp_path: Path, store: Path) -> None:
    master(tmp_path, store, "symbol,tick_size\nA,0.05\nB,0.05\n")
    for symbol, odd in (("A", 2), ("B", 3)):
        rows = [
            f"{DATE}T15:{n // 60:02d}:{n % 60:02d}Z,{symbol},{'10.02' if n < odd else f'{10 + n * 0.05:.2f}'},5"
            for n in range(24)
        ]
        put(store, write(tmp_path, f"{symbol}.csv", "ts,symbol,price,size\n" + "\n".join(rows) + "\n"), venue="XNAS")
    assert tick(store, "A") == (0.05, "reference")
    assert tick(store, "B")[1] == "inferred"


def test_two_files_of_a_symbol_agree_on_who_says_the_tick(tmp_path: Path, store: Path) -> None:
    master(tmp_path, store, "symbol,tick_size\nESZ4,0.25\n")
    put(store, quote_file(tmp_path))
    later = write(tmp_path, "trades.csv", f"ts,symbol,price,size\n{DATE}T17:00:00Z,ESZ4,10.5,1\n")
    put(store, later, venue="XNAS", tick_size="0.5")
    assert tick(store) == (0.25, "reference")  # prints do not overrule what is displayed on a finer grid


def test_a_definition_in_the_file_comes_before_the_reference(store: Path) -> None:
    said = [{"symbol": "ESZ4", "venue": None, "tick_size": "0.5", "lot_size": "5", "currency": None}]
    facts = References([{**row, "valid_from": None, "valid_to": None} for row in said])
    rows = pl.DataFrame({"seq": [0], "ts_ns": [1], "bid": [105_000], "ask": [110_000]}).with_columns(
        pl.lit(None, dtype=pl.Int64).alias(name) for name in ("recv_ns", "bid_size", "ask_size")
    )
    made = Store(store, create=True)
    for who, expected in (("definition", (2_500, 1, "definition")), ("inferred", (5_000, 5, "reference"))):
        own = Instrument("ESZ4", venue="GLBX", tick_size=2_500, tick_from=who)
        with Staging(lambda: made, who) as staged:
            staged.add(MarketRows("quotes", rows, own, DATE, "quotes", None))
            settle(staged, ReaderOptions(), facts, Faults(), "file")
            found = staged.instrument_on(0, DATE)
        assert (found.tick_size, found.lot_size, found.tick_from) == expected


def test_hours_come_from_the_venue_s_calendar(tmp_path: Path, store: Path) -> None:
    put(store, quote_file(tmp_path))
    found = instrument(store)
    assert found.session_open_ns == parse_time(f"{DATE}T09:30:00-05:00")
    assert found.session_close_ns == parse_time(f"{DATE}T13:00:00-05:00")
    put(store, quote_file(tmp_path, "b.csv", venue="KRAKEN", symbols="BTC"))
    assert instrument(store, "BTC").session_open_ns is None
    put(store, quote_file(tmp_path, "c.csv", date="2024-11-28", symbols="HOL"))
    assert instrument(store, "HOL", "2024-11-28").session_open_ns is None


BLOTTER = """parent_id,symbol,side,quantity,arrival_time,end_time,decision_price
P1,{symbol},buy,4,{date}T15:00:30Z,{date}T15:03:30Z,10.70
"""
FILLS = """fill_id,parent_id,symbol,side,time,price,quantity
F1,P1,{symbol},buy,{date}T15:01:30Z,11.00,{first}
F2,P1,{symbol},buy,{later}T15:02:30Z,{price},{second}
"""


def blotter(
    folder: Path, symbol: str = "ESZ4", later: str = DATE, price: str = "11.5", sizes: str = "2 1"
) -> list[str]:
    first, second = sizes.split()
    facts = {"symbol": symbol, "date": DATE, "later": later, "price": price, "first": first, "second": second}
    return [
        write(folder, "parents.csv", BLOTTER.format(**facts)),
        write(folder, "fills.csv", FILLS.format(**facts)),
    ]


def test_only_what_the_orders_need_is_kept_of_a_whole_market(tmp_path: Path, store: Path) -> None:
    whole = quote_file(tmp_path, symbols="ESZ4 NQZ4 AAPL")
    other_day = quote_file(tmp_path, "other.csv", symbols="ESZ4", date="2024-11-27")
    with pytest.raises(UsageError, match="no orders are stored"):
        put(store, whole, symbols_from="orders")
    assert not store.exists()
    put(store, *blotter(tmp_path, "AAPL US Equity"))
    told = put(store, whole, other_day, symbols_from="orders")
    assert [file["rows"] for file in told["files"]] == [2, 0]
    assert [file["passed_over"] for file in told["files"]] == [
        {"rows of other symbols": 4},
        {"rows of other symbols": 2},
    ]
    assert [row["symbol"] for row in catalog(store)["days"]] == ["AAPL"]
    assert put(store, whole, symbols_from="orders")["files"][0]["skipped"]
    more = tmp_path / "more"
    more.mkdir()
    put(store, write(more, "parents.csv", BLOTTER.format(symbol="NQZ4", date=DATE).replace("P1", "P2")))
    assert put(store, whole, symbols_from="orders")["rows"] == 4
    assert [row["symbol"] for row in catalog(store)["days"]] == ["AAPL", "NQZ4"]
    with pytest.raises(UsageError, match="unknown"):
        put(store, whole, symbols_from="order")


def test_a_report_values_contracts_by_their_multiplier(tmp_path: Path, store: Path) -> None:
    put(store, *blotter(tmp_path), quote_file(tmp_path, prices=("10.50", "10.50", "11.00", "11.00", "11.00")))
    before = costs(store)
    master(tmp_path, store, "symbol,venue,multiplier,valid_from\nESZ4,XNAS,50,2024-01-01\n")
    after = costs(store)
    for name in ("trading_cost", "delay_cost", "opportunity_cost", "paper_notional", "executed_notional", "total_cost"):
        assert before[name]
        assert after[name] == pytest.approx(50 * before[name])
    assert after["shortfall_bps_of_paper"] == pytest.approx(before["shortfall_bps_of_paper"])


def costs(store: Path) -> dict[str, Any]:
    report(store, ReportRequest(orders=True))
    held = Store(store)
    run = results.find_run(held, None)
    return results.table(held, "tca_parents", run["run_id"]).row(0, named=True)


def test_a_backtest_values_contracts_by_their_multiplier(tmp_path: Path, store: Path) -> None:
    from tcakit.jobs.backtest import backtest
    from tcakit.jobs.backtest_config import config_from_toml

    prices = tuple(f"{10.5 + n % 3 * 0.5:.2f}" for n in range(40))
    put(store, quote_file(tmp_path, prices=prices))
    text = (
        '[fees]\ntaker_bps = 1.0\n[[parents]]\nsymbol = "ESZ4"\nside = "buy"\nquantity = 5\nalgo = "twap"\n'
        'start = "15:01"\nend = "15:30"\n'
    )
    config = config_from_toml(Path(write(tmp_path, "backtest.toml", text)))
    found = []
    for multiplier in ("1", "50"):
        master(tmp_path, store, f"symbol,multiplier\nESZ4,{multiplier}\n")
        run_id = backtest(store, config)["run_id"]
        row = results.table(Store(store), "tca_parents", run_id).row(0, named=True)
        parents = results.table(Store(store), "parents", run_id)
        assert parents["multiplier"].to_list() == [float(multiplier)]
        found.append(row)
    assert found[0]["filled_shares"] == found[1]["filled_shares"] > 0
    for name in ("trading_cost", "executed_notional", "fees", "total_cost"):
        assert found[1][name] == pytest.approx(50 * found[0][name])
    assert found[1]["shortfall_bps_of_paper"] == pytest.approx(found[0]["shortfall_bps_of_paper"])


def test_fills_after_a_split_are_restated_into_the_shares_of_the_arrival(tmp_path: Path, store: Path) -> None:
    # Two old shares at 11.00; then the three new shares of a 3:2 split at 7.40 are two old ones at 11.10.
    later = "2024-12-02"
    put(store, *blotter(tmp_path, later=later, price="7.40", sizes="2 3"))
    put(store, quote_file(tmp_path), quote_file(tmp_path, "later.csv", ("7.30",), date=later))
    master(tmp_path, store, "symbol,split,valid_from\nESZ4,3:2,2024-12-02\n")
    found = load_blotter(Store(store))
    one, two = found.fills.sort("fill_id").to_dicts()
    assert (one["price"] / one["price_scale"], one["quantity"] / one["size_scale"]) == (11.0, 2.0)
    assert two["price"] * 10 == 111 * two["price_scale"]
    assert two["quantity"] == 2 * two["size_scale"]
    assert found.restated == {("F2", later): 1.5}
    assert found.parents["notes"].to_list() == [
        f"split 3:2 on {later} after its arrival: 1 fills are restated into shares and prices of the arrival day"
    ]
    row = costs(store)
    assert (row["filled_shares"], row["average_price"]) == (4.0, pytest.approx(11.05))


def test_a_split_on_the_arrival_day_or_after_the_order_changes_nothing(tmp_path: Path, store: Path) -> None:
    put(store, *blotter(tmp_path, later="2024-12-02"))
    master(tmp_path, store, f"symbol,split,valid_from\nESZ4,2,{DATE}\nESZ4,2,2024-12-03\n")
    found = load_blotter(Store(store))
    assert found.restated == {}
    assert found.parents["notes"].to_list() == [None]


def test_uneven_splits_are_exact_by_finer_scales(tmp_path: Path, store: Path) -> None:
    put(store, *blotter(tmp_path, later="2024-12-02", price="7.41", sizes="1 5"))
    master(tmp_path, store, "symbol,split,valid_from\nESZ4,7:3,2024-12-02\n")
    fill = load_blotter(Store(store)).fills.filter(pl.col("fill_id") == "F2").row(0, named=True)
    assert fill["price"] * 3 * 100 == 741 * 7 * fill["price_scale"]
    assert fill["quantity"] * 7 == 5 * 3 * fill["size_scale"]


def test_quotes_of_a_restated_fill_are_restated_too(tmp_path: Path, store: Path) -> None:
    from tcakit.jobs.coverage import markets_of
    from tcakit.tca import measure

    later = "2024-12-02"
    put(store, *blotter(tmp_path, later=later, price="5.55", sizes="2 4"))
    # The mid at the later fill is 5.50 new, 11.00 old: it paid 0.10 old too much, so its effective spread is 0.20.
    put(store, quote_file(tmp_path), quote_file(tmp_path, "later.csv", ("5.25",) * 4, date=later))
    master(tmp_path, store, "symbol,split,valid_from\nESZ4,2,2024-12-02\n")
    held = load_blotter(Store(store))
    markets = markets_of(Store(store), held)
    found = measure(held.parents, held.fills, markets, run_id="R", restated=held.restated).fills
    row = found.filter(pl.col("fill_id") == "F2").row(0, named=True)
    assert (row["mid_at_fill"], row["quoted_spread"]) == (pytest.approx(11.0), pytest.approx(1.0))
    assert row["effective_spread"] == pytest.approx(0.2)


def test_what_is_stored_of_prices_does_not_depend_on_the_reference(tmp_path: Path, store: Path) -> None:
    put(store, quote_file(tmp_path))
    second = tmp_path / "second"
    master(tmp_path, second, "symbol,tick_size\nESZ4,0.25\n")
    put(second, quote_file(tmp_path))
    columns = [quotes(Store(at), find_symbol_day(Store(at), "ESZ4")) for at in (store, second)]
    assert columns[0]["bid"].tolist() == columns[1]["bid"].tolist()
