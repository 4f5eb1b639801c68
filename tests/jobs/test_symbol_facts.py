"""Volume, volatility, spread and price of a symbol before a day begins, from nothing but earlier days."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.reference import import_instruments
from tcakit.jobs.symbol_facts import FactsOfSymbols, symbol_facts
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
# Monday to Thursday; New York trades from 14:30 to 21:00 UTC.
DAYS = ("2026-02-02", "2026-02-03", "2026-02-04", "2026-02-05")


def put(store: Path, folder: Path, name: str, header: str, rows: list[str], **options: str) -> None:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n")
    ingest(store, IngestRequest([str(path)], ReaderOptions(currency="USD", **options)))


def quoted(
    folder: Path,
    store: Path,
    date: str,
    mids: list[float],
    half: float = 0.05,
    symbol: str = "ACME",
    venue: str = "XNAS",
    until: float = 6.5,
) -> None:
    """A quote for each mid, at equal distances from the open until so many hours after it."""
    times = np.linspace(0.0, until * 3600.0, len(mids) + 1)[:-1]
    rows = []
    for seconds, mid in zip(times.tolist(), mids, strict=True):
        minutes, second = divmod(int(seconds) + 14 * 3600 + 1800, 60)
        stamp = f"{date}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}Z"
        rows.append(f"{stamp},{symbol},{venue},{mid - half:.2f},100,{mid + half:.2f},100")
    if until == 6.5:
        rows.append(f"{date}T21:00:00Z,{symbol},{venue},{mids[-1] - half:.2f},100,{mids[-1] + half:.2f},100")
    put(store, folder, f"{symbol}-{venue}-{date}-quotes.csv", "ts,symbol,venue,bid,bid_size,ask,ask_size", rows)


def traded(folder: Path, store: Path, date: str, sizes: list[int], symbol: str = "ACME", venue: str = "XNAS") -> None:
    rows = [f"{date}T{15 + at}:00:00Z,{symbol},{venue},10.00,{size}" for at, size in enumerate(sizes)]
    put(store, folder, f"{symbol}-{venue}-{date}-trades.csv", "ts,symbol,venue,price,size", rows)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three days of ACME: mids that swing once an hour and a half, a spread of ten cents, growing volume."""
    folder = tmp_path / "store"
    for at, date in enumerate(DAYS[:3]):
        quoted(tmp_path, folder, date, [10.0, 10.1, 10.2 + at / 10, 10.0, 10.1])
        traded(tmp_path, folder, date, [1_000, 2_000 * (at + 1)])
    return folder


def swing(at: int) -> float:
    """Squared volatility of the at-th day, from its mids: nothing moves between the changes."""
    return float(np.sum(np.diff(np.log([10.0, 10.1, 10.2 + at / 10, 10.0, 10.1])) ** 2))


def test_facts_are_means_over_strictly_earlier_days(store: Path) -> None:
    found = symbol_facts(Store(store), "ACME", DAYS[2])
    assert (found.adv_days, found.volatility_days) == (2, 2)
    assert found.adv_shares == (3_000 + 5_000) / 2
    assert found.volatility_daily == pytest.approx(math.sqrt((swing(0) + swing(1)) / 2), rel=1e-12)
    mids = np.array([[10.0, 10.1, top, 10.0, 10.1] for top in (10.2, 10.3)])
    assert found.half_spread_bps == pytest.approx(np.mean(1e4 * 0.05 / mids), rel=1e-9)
    assert (found.price, found.currency) == (pytest.approx(10.1), "USD")
    assert math.isnan(found.shares_outstanding)
    assert "2 earlier days (2026-02-02 to 2026-02-03, of 20 asked for)" in found.notes[0]


def test_the_day_itself_and_later_ones_change_nothing(store: Path, tmp_path: Path) -> None:
    before = symbol_facts(Store(store), "ACME", DAYS[2])
    quoted(tmp_path, store, DAYS[3], [99.0, 1.0])
    traded(tmp_path, store, DAYS[3], [10**9])
    assert symbol_facts(Store(store), "ACME", DAYS[2]) == before
    assert symbol_facts(Store(store), "ACME", DAYS[3]).adv_shares == pytest.approx(5_000)


def test_the_day_itself_is_told_apart(store: Path) -> None:
    found = symbol_facts(Store(store), "ACME", DAYS[2], of_day=True)
    assert (found.adv_shares, found.adv_days) == (7_000, 1)
    assert found.volatility_daily == pytest.approx(math.sqrt(swing(2)), rel=1e-12)
    assert found.price == pytest.approx(10.0)
    assert "nobody knew them" in found.notes[0]


def test_facts_of_long_ago_are_said_to_be(store: Path) -> None:
    near, far = (symbol_facts(Store(store), "ACME", date) for date in ("2026-02-18", "2026-02-19"))
    assert "days before" not in " ".join(near.notes)
    assert "the latest of them is 15 days before 2026-02-19" in " ".join(far.notes)


def test_no_more_days_than_asked_for_and_the_latest_ones(store: Path) -> None:
    found = symbol_facts(Store(store), "ACME", DAYS[3], lookback_days=1)
    assert (found.adv_shares, found.adv_days) == (7_000, 1)
    with pytest.raises(UsageError, match="0 days"):
        symbol_facts(Store(store), "ACME", DAYS[3], lookback_days=0)


def test_a_split_restates_earlier_volume_and_price(store: Path, tmp_path: Path) -> None:
    before = symbol_facts(Store(store), "ACME", DAYS[2])
    master = tmp_path / "master.csv"
    master.write_text(f"symbol,split,valid_from\nACME,4:1,{DAYS[2]}\n")
    import_instruments(store, str(master))
    found = symbol_facts(Store(store), "ACME", DAYS[2])
    assert found.adv_shares == 4 * before.adv_shares
    assert found.price == pytest.approx(before.price / 4)
    assert found.volatility_daily == before.volatility_daily
    # Once all earlier days stand after the split, nothing is left to restate.
    assert symbol_facts(Store(store), "ACME", DAYS[3], lookback_days=1).adv_shares == 7_000


def test_a_day_recorded_in_part_is_left_out_but_for_its_price(store: Path, tmp_path: Path) -> None:
    before = symbol_facts(Store(store), "ACME", DAYS[3])
    quoted(tmp_path, store, DAYS[3], [20.0, 21.0, 22.0], until=3.0)
    found = symbol_facts(Store(store), "ACME", "2026-02-06")
    assert (found.adv_shares, found.adv_days) == (before.adv_shares, 3)
    assert found.volatility_daily == before.volatility_daily
    assert found.price == pytest.approx(22.0)
    assert "1 of 4 days is recorded for less than 90%" in " ".join(found.notes)


def test_quotes_alone_tell_no_volume_and_prints_alone_no_spread(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    quoted(tmp_path, folder, DAYS[0], [10.0, 10.2], symbol="QUO")
    traded(tmp_path, folder, DAYS[0], [100] * 6, symbol="PRI")
    quotes, prints = (symbol_facts(Store(folder), symbol, DAYS[1]) for symbol in ("QUO", "PRI"))
    assert math.isnan(quotes.adv_shares)
    assert quotes.adv_days == 0
    assert any("no day tells volume" in note for note in quotes.notes)
    assert math.isnan(prints.half_spread_bps)
    assert prints.price == 10.0


def test_daily_bars_give_volume_and_the_move_from_open_to_close(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    bars = tmp_path / "equity" / "usa" / "daily" / "acme.csv"
    bars.parent.mkdir(parents=True)
    bars.write_text(
        "20260202 00:00,100000,120000,90000,110000,5000\n20260203 00:00,110000,120000,90000,99000,7000\n",
    )
    ingest(folder, IngestRequest([str(bars)], ReaderOptions(symbol="ACME"), "lean"))
    found = symbol_facts(Store(folder), "ACME", DAYS[2])
    assert (found.adv_shares, found.adv_days) == (6_000, 2)
    moves = np.log([1.1, 0.9])
    assert found.volatility_daily == pytest.approx(np.sqrt(np.mean(moves**2)), rel=1e-12)
    assert found.price == pytest.approx(9.9)
    assert math.isnan(found.half_spread_bps)


def test_days_of_several_venues_are_not_mixed(store: Path, tmp_path: Path) -> None:
    traded(tmp_path, store, DAYS[1], [50_000], venue="ARCX")
    assert symbol_facts(Store(store), "ACME", DAYS[2], venue="ARCX").adv_shares == 50_000
    found = symbol_facts(Store(store), "ACME", DAYS[3])
    assert found.adv_shares == (3_000 + 5_000 + 7_000) / 3
    assert "recorded at XNAS" in " ".join(found.notes)


def test_a_currency_that_nobody_said_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "prints.csv"
    path.write_text(f"ts,symbol,venue,price,size\n{DAYS[0]}T15:00:00Z,ACME,XNAS,10.00,100\n")
    ingest(tmp_path / "store", IngestRequest([str(path)]))
    assert symbol_facts(Store(tmp_path / "store"), "ACME", DAYS[1]).currency is None


def test_nothing_stored_is_nothing_known(store: Path) -> None:
    for symbol, date in (("NONE", DAYS[2]), ("ACME", DAYS[0])):
        found = symbol_facts(Store(store), symbol, date)
        assert (found.adv_days, found.currency) == (0, None)
        assert math.isnan(found.adv_shares)
        assert found.notes == (f"no day of {symbol} before {date} is stored: its facts must be given",)


def test_one_lookup_for_many_says_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(path) for path in (SAMPLE / "lobster").glob("*.zip")]))
    many = FactsOfSymbols(Store(folder))
    for symbol in ("ALFA", "BRVO"):
        for date in ("2026-03-04", "2026-03-05"):
            found = many.of(symbol, date)
            alone = symbol_facts(Store(folder), symbol, date)
            # Shares outstanding are NaN, which equals nothing.
            assert replace(found, shares_outstanding=0.0) == replace(alone, shares_outstanding=0.0)
            # Of the days that were made; high less low is 0.6 to 1.3 % of the price.
            assert 0.003 < found.volatility_daily < 0.012
