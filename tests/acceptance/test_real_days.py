"""The real days, message by message: what is stored is what the files say, and the counts are the published ones."""

from __future__ import annotations

import json
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acceptance_data import FILES, Ingested
from raw_lobster import ASK, BID, HIDDEN, NEW, RawDay, as_array, read_raw, sql, tcakit

from tcakit.book.plain_book import PlainBook
from tcakit.jobs.book import book_at
from tcakit.jobs.market import market_day
from tcakit.market import codes
from tcakit.store.database import Store
from tcakit.store.market_data import book_events, find_symbol_day, plain
from tcakit.tca.benchmarks import interval_sums, twap

pytestmark = pytest.mark.real
DATE = "2012-06-21"
MESSAGE_KINDS = {
    codes.ADD: 1, codes.REDUCE: 2, codes.DELETE: 3, codes.EXECUTE: 4, codes.PRINT_HIDDEN: 5, codes.PRINT_CROSS: 6,
}  # fmt: skip
# Levels coming into and going out of the window, counted on the raw files.
CAME_AND_WENT = {"AMZN": (33_840, 35_386), "AAPL": (30_071, 34_279)}


@pytest.fixture(scope="module")
def oracle(real_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((real_data.parent / "oracles" / "market_data.json").read_text())["lobster"]
    return found


@pytest.fixture(scope="module")
def rebuilt(ingested: Ingested) -> dict[str, np.ndarray]:
    """The book after each message, from the store's rows alone and by the slow witness."""
    return {symbol: rebuild(ingested.store, symbol, 5 if symbol == "AMZN" else 1) for symbol in FILES}


def rebuild(folder: Path, symbol: str, levels: int) -> np.ndarray:
    store = Store(folder)
    events = book_events(store, find_symbol_day(store, symbol))
    columns = [plain(events[name], -1).tolist() for name in ("kind", "side", "price", "level_size")]
    book, windows, begun = PlainBook(), [], False
    for kind, side, price, level_size in zip(*columns, strict=True):
        if kind in MESSAGE_KINDS:
            if begun:
                windows.append(window(book))
            begun = True
        if kind == codes.LEAVE:
            book.set_level(side, price, 0)
        elif kind in codes.BOOK_KINDS:
            book.set_level(side, price, level_size)
    windows.append(window(book))
    return as_array(windows, levels)


def window(book: PlainBook) -> dict[int, dict[int, int]]:
    return {side: {p: book.size_at(side, p) for p in book.levels[side]} for side in (codes.BUY, codes.SELL)}


@pytest.mark.parametrize("symbol", FILES)
def test_each_message_explains_its_own_level_and_the_window_the_rest(raw_days: dict[str, RawDay], symbol: str) -> None:
    day = raw_days[symbol]
    came = went = 0
    for row in range(1, len(day.ns)):
        before, after = day.windows[row - 1], day.windows[row]
        own = (day.side[row], day.price[row])
        change = {NEW: day.size[row], HIDDEN: 0}.get(day.kind[row], -day.size[row])
        held, left = before[own[0]].get(own[1], 0), after[own[0]].get(own[1], 0)
        assert left - held == change, f"row {row + 1}"
        for side in (BID, ASK):
            for price in before[side].keys() | after[side].keys():
                if (side, price) == own or (before[side].get(price) == after[side].get(price)):
                    continue
                # Only a level that is beyond all that the shorter window shows can come or go unsaid.
                assert (price in before[side]) != (price in after[side]), f"row {row + 1}"
                other = after[side] if price in before[side] else before[side]
                stays = [p for p in other if p in before[side] or (side, p) == own]
                assert all((p - price) * side > 0 for p in stays if p in after[side]), f"row {row + 1}"
                if price in after[side]:
                    came += 1
                else:
                    went += 1
                    assert len(after[side]) == day.levels
    assert (came, went) == CAME_AND_WENT[symbol]


@pytest.mark.parametrize("symbol", FILES)
def test_rows_stored_are_the_messages_and_what_came_and_went(
    ingested: Ingested, raw_days: dict[str, RawDay], symbol: str
) -> None:
    rows = sql(
        ingested.store,
        "SELECT kind, count(*) AS n FROM book_events JOIN instruments USING (instrument_id, date) "
        f"WHERE symbol = '{symbol}' GROUP BY kind",
    )
    counts = {row["kind"]: row["n"] for row in rows}
    messages = Counter(raw_days[symbol].kind)
    assert counts.pop(codes.SNAPSHOT) == 2 * raw_days[symbol].levels - (symbol == "AAPL")
    assert (counts.pop(codes.ENTER), counts.pop(codes.LEAVE)) == CAME_AND_WENT[symbol]
    # No corrections, halts or anything else: all that is left are the messages, none lost, none made up.
    assert {MESSAGE_KINDS[kind]: n for kind, n in counts.items()} == dict(messages)
    assert ingested.files[symbol]["faults"] == 0
    assert tcakit("catalog", "--faults", "--store", ingested.store)["faults"] == []


@pytest.mark.parametrize("symbol", FILES)
def test_book_from_the_store_is_the_orderbook_file_at_every_row(
    rebuilt: dict[str, np.ndarray], raw_days: dict[str, RawDay], symbol: str
) -> None:
    expected = as_array(raw_days[symbol].windows, raw_days[symbol].levels)
    assert rebuilt[symbol].shape == expected.shape
    assert np.array_equal(rebuilt[symbol], expected)


@pytest.mark.parametrize("symbol", FILES)
def test_stored_messages_have_the_files_times_sizes_and_prices(
    ingested: Ingested, raw_days: dict[str, RawDay], symbol: str
) -> None:
    store = Store(ingested.store)
    events = book_events(store, find_symbol_day(store, symbol))
    kind = plain(events["kind"])
    own = np.isin(kind, list(MESSAGE_KINDS))
    day = raw_days[symbol]
    assert plain(events["ts_ns"])[own].tolist() == day.ns
    assert plain(events["size"])[own].tolist() == day.size
    assert plain(events["price"])[own].tolist() == day.price
    assert plain(events["side"])[own].tolist() == day.side


@pytest.mark.parametrize("symbol", FILES)
def test_counts_and_volume_weighted_prices_are_the_published_ones(
    ingested: Ingested, oracle: dict[str, Any], symbol: str
) -> None:
    store = Store(ingested.store)
    day = market_day(store, find_symbol_day(store, symbol))
    derived = oracle["derived"][symbol]
    volume, traded = interval_sums(day, [day.print_ns[0]], [day.print_ns[-1]])
    assert Fraction(int(traded[0]), int(volume[0])) == _ratio(derived["vwap_type4_5"])
    assert f"{int(traded[0])}/{int(volume[0])}/1e4" == derived["vwap_type4_5"].split(" = ")[0]
    shown = day.print_displayed
    displayed = int((day.print_price[shown] * day.print_size[shown]).sum()), int(day.print_size[shown].sum())
    assert "/".join(map(str, displayed)) + "/1e4" == derived["vwap_type4"].split(" = ")[0]
    close = day.instrument.session_close_ns
    assert close is not None
    mean, covered = twap(day, [day.quote_ns[0]], [close])
    assert covered[0] == 1.0
    digits = len(str(derived["twap_mid_to_16:00"]).split(".")[1])
    assert mean[0] == pytest.approx(derived["twap_mid_to_16:00"], abs=10.0**-digits)
    # The published figures are of the level-1 files; level 5 holds the same trades, and more messages.
    published = oracle["published"][f"{symbol}_L1"]
    assert len(day.print_ns) == published["trades_type4_5"]
    assert int(volume[0]) == published["shares_type4_5"]
    lowest, highest = (day.instrument.price(int(edge)) for edge in (day.print_price.min(), day.print_price.max()))
    assert (lowest, highest) == (published["px_min"], published["px_max"])
    # Time-weighted spread, from the stored quotes.
    lasting = np.diff(np.append(day.quote_ns, close))
    spread = float(((day.ask - day.bid) * lasting).sum() / lasting.sum())
    assert spread == pytest.approx(derived["tw_spread"], rel=1e-12)


def _ratio(text: str) -> Fraction:
    traded, volume, _ = text.split(" = ")[0].split("/")
    return Fraction(int(traded), int(volume))


def test_level_one_file_has_the_published_number_of_messages(
    real_data: Path, tmp_path: Path, oracle: dict[str, Any], raw_days: dict[str, RawDay]
) -> None:
    path = real_data / "lobster" / "LOBSTER_SampleFile_AMZN_2012-06-21_1.zip"
    tcakit("ingest", path, "--store", tmp_path / "store")
    kinds = ", ".join(map(str, MESSAGE_KINDS))
    found = sql(tmp_path / "store", f"SELECT count(*) AS n FROM book_events WHERE kind IN ({kinds})")
    assert found == [{"n": oracle["published"]["AMZN_L1"]["messages"]}]
    assert len(raw_days["AAPL"].ns) == oracle["published"]["AAPL_L1"]["messages"]


def test_imbalance_at_the_touch_foretells_the_next_mid_as_published(
    rebuilt: dict[str, np.ndarray], oracle: dict[str, Any]
) -> None:
    table = oracle["published"]["AAPL_L1_imbalance_next_mid_move"]
    ask, ask_size, bid, bid_size = rebuilt["AAPL"][:, 0].T
    twice_mid = ask + bid
    first = np.flatnonzero(np.diff(twice_mid, prepend=-1) != 0)
    up = twice_mid[first][1:] > twice_mid[first][:-1]
    first = first[:-1]
    imbalance = ((bid_size - ask_size) / (bid_size + ask_size))[first]
    assert len(first) == table["intervals_labelled"]
    assert round(float(up.mean()), 4) == table["base_up"]
    for low, high, count, share in table["buckets"]:
        inside = (imbalance >= low) & ((imbalance < high) | (high == 1.0))
        assert int(inside.sum()) == count
        assert round(float(up[inside].mean()), 4) == share


def _row_at(day: RawDay, ns: int) -> dict[int, dict[int, int]]:
    return day.windows[int(np.searchsorted(np.asarray(day.ns), ns, side="right")) - 1]


def _shown(levels: list[list[Any]]) -> list[tuple[int, int]]:
    return [(round(price * 10_000), int(size)) for price, size, _ in levels]


def _expected(window: dict[int, dict[int, int]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    return sorted(window[BID].items(), reverse=True), sorted(window[ASK].items())


def test_book_at_half_past_eleven_is_the_files_own_row(ingested: Ingested, raw_days: dict[str, RawDay]) -> None:
    answer = tcakit("book", "AMZN", "--at", "11:30:00", "--store", ingested.store)
    day = raw_days["AMZN"]
    midnight = day.ns[0] - day.ns[0] % (86_400 * 10**9) + 4 * 3_600 * 10**9
    expected = _expected(_row_at(day, midnight + 41_400 * 10**9))
    assert (_shown(answer["bids"]), _shown(answer["asks"])) == expected
    assert answer["bids"][0][:2] == [223.79, 8.0]


@pytest.mark.parametrize("symbol", FILES)
def test_book_at_random_times_is_the_files_own_row(
    ingested: Ingested, raw_days: dict[str, RawDay], symbol: str
) -> None:
    day = raw_days[symbol]
    draw = random.Random(20120621)
    midnight = day.ns[0] - day.ns[0] % (86_400 * 10**9) + 4 * 3_600 * 10**9
    for _ in range(50 if symbol == "AMZN" else 10):
        # Half of them at the very instant of a message: the book after all messages of that instant counts.
        ns = draw.choice(day.ns) if draw.random() < 0.5 else draw.randrange(day.ns[0], day.ns[-1])
        seconds, rest = divmod(ns - midnight, 10**9)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:09d}"
        answer = book_at(ingested.store, symbol, clock)
        assert (_shown(answer["bids"]), _shown(answer["asks"])) == _expected(_row_at(day, ns)), clock


def test_ten_levels_without_a_newline_at_the_end(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "lobster" / "aapl_l10_first1000"
    assert not next(folder.glob("*_message_10.csv")).read_bytes().endswith(b"\n")
    day = read_raw(folder)
    answer = tcakit("ingest", folder, "--store", tmp_path / "store")
    assert (answer["faults"], len(answer["files"])) == (0, 1)
    found = rebuild(tmp_path / "store", "AAPL", 10)
    assert found.shape == (len(day.ns), 10, 4) == (999, 10, 4)
    assert np.array_equal(found, as_array(day.windows, 10))


def test_messages_alone_are_refused_for_want_of_an_orderbook(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "lobster" / "amzn_2021-04-12_partial"
    error = tcakit("ingest", folder, "--store", tmp_path / "store", expect=3)["error"]
    assert error["code"] == "data"
    assert "no orderbook file" in error["message"]
    assert "AMZN_2021-04-12" in error["place"]
    assert not (tmp_path / "store" / "days" / "2021-04-12.duckdb").exists()


def test_fewer_levels_of_a_stored_day_are_refused_naming_both_files(ingested: Ingested, real_data: Path) -> None:
    second = real_data / "lobster" / "LOBSTER_SampleFile_AMZN_2012-06-21_1.zip"
    error = tcakit("ingest", second, "--store", ingested.store, expect=3)["error"]
    assert error["place"] == str(second)
    assert FILES["AMZN"] in error["message"]
    assert error["remedy"]
    assert {file["path"] for file in tcakit("catalog", "--files", "--store", ingested.store)["files"]} == {
        str(real_data / "lobster" / name) for name in FILES.values()
    }
