"""What the page and the terminal say of the market data used and of the brokers' clocks."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import example
from rich.console import Console

from tcakit.report import ReportData, render, summarise
from tcakit.report.terminal import print_summary

CLOCK = {"low_s": -1.4, "high_s": -1.1, "inside_before": 0.41, "inside_after": 0.995, "fills": 1234, "applied_s": None}


def check(symbol: str, name: str, count: int, worst: float | None, unit: str) -> dict[str, Any]:
    return {
        "date": example.DATE, "symbol": symbol, "venue": "X", "check": name, "count": count, "worst": worst,
        "unit": unit,
    }  # fmt: skip


def checked() -> ReportData:
    rows = [
        check("ACME", "gap", 1, 72.5, "s"), check("ACME", "locked quote", 12, None, ""),
        check("ACME", "stale quote", 0, None, "s"), check("BORA", "gap", 2, 145.0, "s"),
        check("BORA", "locked quote", 0, None, ""), check("BORA", "stale quote", 0, None, "s"),
    ]  # fmt: skip
    clocks = [{"broker": "G<x>", "offset_s": -1.25, **CLOCK}, {"broker": "OK", "offset_s": 0.0, **CLOCK, "high_s": 0.1}]
    return replace(example.report_data(), checks=rows, clocks=clocks)


def test_checks_are_summed_over_the_days_and_the_worst_is_named() -> None:
    quality = summarise(checked())["quality"]
    assert quality["market_days"] == 2
    told = {
        row["check"]: (row["count"], row["days"], row["worst"], row["worst_at"]) for row in quality["market_checks"]
    }
    assert told == {
        "gap": (3, 2, 145.0, f"BORA {example.DATE}"),
        "locked quote": (12, 1, None, None),
        "stale quote": (0, 0, None, None),
    }
    assert {row["broker"]: row["agrees"] for row in quality["clock_offsets"]} == {"G<x>": False, "OK": True}


def test_the_page_shows_them_and_is_silent_where_nothing_was_looked_at() -> None:
    data = checked()
    text = re.sub(r"<[^>]*>", "|", render(data, summarise(data)))
    assert "Market data of 2 symbol-days" in text
    assert re.search(r"gap\|+3\|+2\|+145(\.00)? s\|+BORA 2024-03-14", text)
    assert "Found nothing: stale quote." in text
    assert re.search(r"G&lt;x&gt;\|+−1\.250\|+−1\.400 to −1\.100\|+41\.0 %\|+99\.5 %\|+1,234", text)
    assert "does not hold zero: G&lt;x&gt;." in text
    plain = example.report_data()
    text = render(plain, summarise(plain))
    assert "Market data of" not in text
    assert "clocks against the tape" not in text


def test_the_terminal_tells_what_was_found_alone() -> None:
    out = io.StringIO()
    print_summary(summarise(checked()), Console(file=out, width=200))
    text = out.getvalue()
    assert "clock of G<x>: -1.250 s would put it on the tape (-1.400 to -1.100)" in text
    assert f"market data: 3 times gap on 2 days, worst 145.00 s (BORA {example.DATE})" in text
    assert "clock of OK" not in text
    assert "stale" not in text
