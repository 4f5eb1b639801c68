"""Odd orders by the way a desk's orders go: files into a store, measured, and told as numbers and as a page."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tests.jobs.blotters import write_csv

DAY = "2025-03-07"
NEW_YORK = "America/New_York"
# name: what is odd of the order, its fills (time, price, quantity and what is odd of them), and the reason in words.
ORDERS: dict[str, tuple[dict[str, str], list[dict[str, str]], str]] = {
    "GOOD": ({}, [{}], ""),
    "NOFILL": ({}, [], "not filled"),
    "INSTANT": (
        {"arrival_time": f"{DAY}T10:01:00", "end_time": f"{DAY}T10:01:00"},
        [{}],
        "outside the order's window|",
    ),
    "ONEBAR": ({"symbol": "BARRED"}, [{"symbol": "BARRED"}], "no two-sided quote at arrival"),
    "NOQUOTE": ({"symbol": "PRINTED"}, [{"symbol": "PRINTED"}], "no two-sided quote at arrival"),
    "NODAY": (
        {"arrival_time": "2025-03-06T10:00:00", "end_time": "2025-03-06T10:05:00"},
        [{"time": "2025-03-06T10:01:00"}],
        "no market data of ODDY on 2025-03-06",
    ),
    "UNKNOWN": ({"symbol": "ZZTOP"}, [{"symbol": "ZZTOP"}], "ZZTOP is no symbol of the store"),
    "EURO": ({"currency": "EUR"}, [{}], "the order is in EUR, the market data in USD"),
    "HALTED": ({"symbol": "STOP"}, [{"symbol": "STOP", "price": "50.01"}], "trading was halted during the order"),
    "OTHERSIDE": ({}, [{"side": "sell"}], "1 of 1 fills are on the other side"),
    "OTHERNAME": ({}, [{"symbol": "STOP", "price": "50.01"}], "1 of 1 fills are in another symbol"),
    "LATE": ({}, [{"time": f"{DAY}T10:30:00"}], "1 of 1 fills lie outside the order's window"),
    "EARLY": ({}, [{"time": f"{DAY}T09:59:00"}], "1 of 1 fills lie outside the order's window"),
    "OVER": ({}, [{"quantity": "150"}], "filled 150 of 100 ordered"),
    "LIMIT": ({"limit_price": "99"}, [{}], "1 of 1 fills are worse than the limit"),
    "AFTER": (
        {"arrival_time": f"{DAY}T17:00:00", "end_time": f"{DAY}T17:10:00"},
        [{"time": f"{DAY}T17:01:00"}],
        "no two-sided quote at arrival|after the session",
    ),
    "MIDNIGHT": (
        {"symbol": "COIN", "arrival_time": f"{DAY}T23:50:00Z", "end_time": "2025-03-08T00:10:00Z"},
        [
            {"symbol": "COIN", "time": f"{DAY}T23:55:00Z"},
            {"symbol": "COIN", "time": "2025-03-08T00:05:00Z", "quantity": "40"},
        ],
        "filled on 2 days|cover the order's whole window|ends on 2025-03-08",
    ),
    # Clocks went from 02:00 to 03:00 on 9 March, and from 02:00 back to 01:00 on 2 November.
    "SPRING": (
        {"symbol": "COIN", "arrival_time": "2025-03-09T01:59:00", "end_time": "2025-03-09T03:01:00"},
        [{"symbol": "COIN", "time": "2025-03-09T03:00:30"}],
        "",
    ),
    "AUTUMN": (
        {"symbol": "COIN", "arrival_time": "2025-11-02T01:59:00-04:00", "end_time": "2025-11-02T01:01:00-05:00"},
        [{"symbol": "COIN", "time": "2025-11-02T01:00:30-05:00"}],
        "",
    ),
}
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "SKIPPED": ({"arrival_time": "2025-03-09T02:30:00"}, "arrival_time: .*(skipped|does not exist|no such)"),
    "TWICE": ({"arrival_time": "2025-11-02T01:30:00"}, "arrival_time: .*(twice|repeated)"),
    "NOTHING": ({"quantity": "0"}, "quantity is not above zero"),
    "BACKWARDS": ({"end_time": f"{DAY}T09:00:00"}, "end_time is before arrival_time"),
    "GOOD": ({}, "parent_id stands before, at .*orders.csv:2"),
    "SIDELESS": ({"side": "exchange"}, "side is neither buy nor sell"),
    "BELOW": ({"limit_price": "-0.25"}, "limit_price is not above zero"),
}
REFUSED_FILLS = {
    "FREE": ({"price": "0"}, "price is not above zero"),
    "SPREAD": ({"price": "-1.5"}, "price is not above"),
}


def order(name: str, **odd: str) -> dict[str, str]:
    row = {
        "parent_id": name, "symbol": "ODDY", "side": "buy", "quantity": "100", "limit_price": "", "decision_time": "",
        "arrival_time": f"{DAY}T10:00:00", "end_time": f"{DAY}T10:05:00", "currency": "USD", "algo": "vwap",
    }  # fmt: skip
    return row | odd


def fill(name: str, parent: str, **odd: str) -> dict[str, str]:
    row = {
        "fill_id": name, "parent_id": parent, "symbol": "ODDY", "side": "buy", "time": f"{DAY}T10:01:00.5",
        "price": "100.02", "quantity": "60", "liquidity": "taker",
    }  # fmt: skip
    return row | odd


def market_files(folder: Path) -> list[tuple[list[Path], ReaderOptions]]:
    """An equity with quotes and prints, one with prints, one with bars, one halted, and a coin of three days."""

    def quotes(symbol: str, date: str, hours: range, step: int, zone: str) -> list[dict[str, object]]:
        return [
            {"symbol": symbol, "time": f"{date}T{hour:02d}:{minute:02d}:00{zone}", "bid": 100.0, "bid_size": 500,
             "ask": 100.04, "ask_size": 500}
            for hour in hours for minute in range(0, 60, step)
        ]  # fmt: skip

    def trades(rows: list[dict[str, object]], symbol: str) -> list[dict[str, object]]:
        return [{"symbol": symbol, "time": row["time"], "price": 100.02, "size": 10} for row in rows]

    equity = quotes("ODDY", DAY, range(10, 16), 1, "")
    coin = [
        row
        for date, hours in (
            (DAY, range(24)), ("2025-03-08", range(24)), ("2025-03-09", range(24)), ("2025-11-02", range(24)),
        )
        for row in quotes("COIN", date, hours, 1, "Z")
    ]  # fmt: skip
    bars = folder / "equity" / "usa" / "minute" / "barred" / f"{DAY.replace('-', '')}_trade.zip"
    bars.parent.mkdir(parents=True)
    with zipfile.ZipFile(bars, "w") as packed:
        lines = [f"{(600 + minute) * 60_000},1000000,1010000,990000,1005000,900\n" for minute in range(30)]
        packed.writestr(f"{DAY.replace('-', '')}_barred_minute_trade.csv", "".join(lines))
    start, book = 36_000, "500200,300,500000,300\n"
    messages = [
        f"{start}.0,1,1,300,500000,1", f"{start + 1}.0,1,2,300,500200,-1", f"{start + 90}.0,7,0,0,-1,-1",
        f"{start + 200}.0,7,0,0,1,-1", f"{start + 900}.0,4,1,10,500000,1",
    ]  # fmt: skip
    shown = ["9999999999,0,500000,300\n", book, book, book, "500200,300,500000,290\n"]
    name = f"STOP_{DAY}_34200000_57600000"
    (folder / f"{name}_message_1.csv").write_text("".join(f"{line}\n" for line in messages))
    (folder / f"{name}_orderbook_1.csv").write_text("".join(shown))
    desk = ReaderOptions(timezone=NEW_YORK, venue="XNAS", currency="USD")
    return [
        ([write_csv(folder / "oddy_quotes.csv", equity), write_csv(folder / "oddy_trades.csv", trades(equity, "ODDY")),
          write_csv(folder / "printed.csv", trades(equity, "PRINTED")), bars], desk),
        ([write_csv(folder / "coin_quotes.csv", coin), write_csv(folder / "coin_trades.csv", trades(coin, "COIN"))],
         ReaderOptions(venue="XCRY", currency="USD")),
        ([folder / f"{name}_message_1.csv"], ReaderOptions()),
    ]  # fmt: skip


def fix_log(folder: Path) -> Path:
    """An order filled twice, of which one fill was busted, and one whose only fill was."""
    lines: list[bytes] = []

    def say(body: str) -> None:
        inner = f"{body}|34={len(lines) + 1}|49=BRK|56=DESK|52={DAY.replace('-', '')}-15:02:00.000".replace("|", "\x01")
        whole = b"8=FIX.4.2\x019=%d\x01" % (len(inner) + 1) + inner.encode() + b"\x01"
        lines.append(whole + b"10=%03d\x01\n" % (sum(whole) % 256))

    stamp = f"60={DAY.replace('-', '')}-15:0"
    for name in ("BUST", "BUSTALL"):
        terms = f"37=V{name}|11={name}|55=ODDY|54=1|38=100|40=1|59=0"
        say(f"35=8|{terms}|17={name}0|20=0|150=0|39=0|14=0|151=100|6=0|{stamp}0:00.000")
        fills = ("1", "2") if name == "BUST" else ("1",)
        for number in fills:
            done = 50 * int(number)
            say(f"35=8|{terms}|17={name}{number}|20=0|150=1|39=1|32=50|31=100.03|14={done}|151={100 - done}|6=100.03|"
                f"{stamp}{number}:00.000")  # fmt: skip
        left = 50 * (len(fills) - 1)
        say(f"35=8|{terms}|17={name}B|19={name}1|20=1|150=1|39=1|32=50|31=100.03|14={left}|151={100 - left}|6=100.03|"
            f"{stamp}3:00.000")  # fmt: skip
    path = folder / "desk.fix"
    path.write_bytes(b"".join(lines))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("odd")
    for files, options in market_files(base):
        ingest(base / "store", IngestRequest([str(path) for path in files], options, max_faults=0.5))
    orders = [order(name, **odd) for name, (odd, _, _) in ORDERS.items()]
    orders += [order(name, **odd) for name, (odd, _) in REFUSED.items()]
    fills = [
        fill(f"{name}-{number}", name, **odd)
        for name, (_, given, _) in ORDERS.items()
        for number, odd in enumerate(given)
    ]
    fills += [fill(name, "NOFILL", **odd) for name, (odd, _) in REFUSED_FILLS.items()]
    fills += [fill("LOST", "NOBODY"), fill("LOOSE", "")]
    files = [write_csv(base / "orders.csv", orders), write_csv(base / "fills.csv", fills), fix_log(base)]
    ingest(
        base / "store", IngestRequest([str(path) for path in files], ReaderOptions(timezone=NEW_YORK), max_faults=0.5)
    )
    return base


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    return report(folder / "store", ReportRequest(orders=True, out=folder / "page.html"))


def test_every_order_is_a_row(told: dict[str, Any]) -> None:
    names = {row["parent_id"] for row in told["parents"]}
    assert names == {*ORDERS, "BUST", "BUSTALL"}


@pytest.mark.parametrize("name", ORDERS)
def test_an_odd_order_says_why(told: dict[str, Any], name: str) -> None:
    row = next(row for row in told["parents"] if row["parent_id"] == name)
    words = f"{row['unpriced_reason'] or ''}; {row['notes'] or ''}"
    assert re.search(ORDERS[name][2], words), words
    assert row["priced"] == (row["unpriced_reason"] is None)
    if name in ("GOOD", "SPRING", "AUTUMN", "MIDNIGHT"):
        assert row["priced"], words
        assert row["arrival_bps_of_executed"] == pytest.approx(0.0, abs=1e-9), words
    if not row["priced"]:
        assert row["arrival_bps_of_executed"] is None


def test_busted_fills_are_told_and_not_counted(told: dict[str, Any]) -> None:
    rows = {row["parent_id"]: row for row in told["parents"]}
    assert (rows["BUST"]["filled_shares"], rows["BUSTALL"]["filled_shares"]) == (50.0, 0.0)
    for name in ("BUST", "BUSTALL"):
        assert "1 of its fills cancelled (busted) and not counted" in rows[name]["notes"]
        assert rows[name]["notes"].count("order and parent are one") == 1


@pytest.mark.parametrize("name", [*REFUSED, *REFUSED_FILLS])
def test_what_cannot_be_an_order_is_a_refused_row(told: dict[str, Any], name: str) -> None:
    reason = {**REFUSED, **REFUSED_FILLS}[name][1]
    rows = [row for row in told["quality"]["faults"] if row["text"].startswith(f"{name},")]
    assert any(re.search(reason, row["reason"]) for row in rows), told["quality"]["faults"]


def test_the_page_holds_all_of_them_and_its_evidence_stands(told: dict[str, Any], folder: Path) -> None:
    page = (folder / "page.html").read_text()
    for name in (*ORDERS, "BUST", "BUSTALL"):
        assert name in page
    for reason in (
        "ZZTOP is no symbol of the store",
        "skipped or repeated when the clocks",
        "quantity is not above zero",
    ):
        assert reason in page
    # The FIX log names no currency.
    assert set(told["currencies"]) == {"USD", "EUR", "currency not stated"}
    evidence = folder / "page.html.evidence.jsonl"
    ran = subprocess.run(
        [sys.executable, next(folder.glob("verify_evidence*")), evidence, folder / "page.html"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_good_order_is_measured_as_if_it_were_alone(told: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    for files, options in market_files(tmp_path)[:1]:
        ingest(tmp_path / "store", IngestRequest([str(path) for path in files], options, max_faults=0.5))
    files = [
        write_csv(tmp_path / "orders.csv", [order("GOOD")]), write_csv(tmp_path / "fills.csv", [fill("GOOD-0", "GOOD")])
    ]  # fmt: skip
    ingest(
        tmp_path / "store",
        IngestRequest([str(path) for path in files], ReaderOptions(timezone=NEW_YORK), max_faults=0.5),
    )
    (alone,) = report(tmp_path / "store", ReportRequest(orders=True))["parents"]
    among = next(row for row in told["parents"] if row["parent_id"] == "GOOD")
    changing = {"rank"}
    assert {k: v for k, v in among.items() if k not in changing} == {
        k: v for k, v in alone.items() if k not in changing
    }
