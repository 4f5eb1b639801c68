"""A synthetic day into the store, or into files in other formats."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tcakit import __version__
from tcakit.errors import UsageError
from tcakit.jit import kernels_hash
from tcakit.market.schema import FAULTS
from tcakit.simulator.order_flow import FlowParameters, make_day
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.store import ingest as stored
from tcakit.store.database import Store
from tcakit.store.staging import MarketRows, Staging

EXPORTS = ("lobster", "itch", "csv")
VENUE = "XSIM"
READER_VERSION = 1


def simulate_run(
    folder: Path,
    symbol: str,
    date: str,
    seed: int,
    parameters: FlowParameters,
    *,
    out: Path | None = None,
    formats: tuple[str, ...] = ("lobster",),
    levels: int = 5,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Make a day and store it as level-3 data, or write it to files when `out` is given."""
    _check_formats(formats)
    begun = time.perf_counter()
    day = make_day(symbol, date, seed, parameters)
    result: dict[str, Any] = {
        "symbol": symbol,
        "date": date,
        "seed": seed,
        "events": len(day.ts_ns),
        "trades": day.trades().height,
        "parameters": parameters.as_dict(),
    }
    if out is not None:
        result["files"] = [str(path) for path in _write(day, out, formats, levels)]
    else:
        result["ingest_key"] = _store(folder, day, seed, parameters.as_dict(), wait_s)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def simulate_market(
    folder: Path,
    symbol: str,
    date: str,
    seed: int,
    parameters: Path,
    *,
    dark: bool | None = None,
    out: Path | None = None,
    formats: tuple[str, ...] = ("lobster",),
    levels: int = 5,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Run a market that reacts, of a parameter file, over one day with nobody of ours in it; store or write the day.

    `dark` says whether there is a dark venue, None as the file says; its prints are stored as the symbol's at that
    venue, and no file in a format of the displayed venue has them. A stored day remembers what it was made of, so that
    parents can be traded in the same market (`backtest --market simulated`).
    """
    from tcakit.simulator.dark_tape import dark_instrument, dark_trades, write_dark_csv
    from tcakit.simulator.market_parameters import parameters_text, read_parameters
    from tcakit.simulator.sources import make_market
    from tcakit.simulator.tape import day_of

    _check_formats(formats)
    begun = time.perf_counter()
    found = read_parameters(parameters)
    if dark is not None:
        found = replace(found, world=replace(found.world, is_dark_on=dark))
    market = make_market(found.model, found.world, date, seed, symbol=symbol, venue=VENUE)
    close_ns = market.instrument.session_close_ns
    assert close_ns is not None
    market.advance(close_ns + 1)
    day = day_of(market, date)
    result: dict[str, Any] = {
        "symbol": symbol,
        "date": date,
        "seed": seed,
        "events": len(day.ts_ns),
        "trades": day.trades().height,
    }
    beside = []
    if market.dark_venue is not None:
        trades = dark_trades(market)
        result |= {"dark_venue": market.dark_venue, "dark_trades": trades.height, "dark_volume": market.dark_volume}
        beside = [MarketRows("trades", trades, dark_instrument(market), date, "trades", None)] if trades.height else []
    if out is not None:
        result["files"] = [str(path) for path in _write(day, out, formats, levels)]
        if beside and "csv" in formats:
            result["files"].append(str(write_dark_csv(market, date, out)))
    else:
        options = {"parameters_toml": parameters_text(found), "seed": seed}
        result["ingest_key"] = _store(folder, day, seed, options, wait_s, beside)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def _check_formats(formats: tuple[str, ...]) -> None:
    for name in formats:
        if name not in EXPORTS:
            raise UsageError(f"no format {name!r} to write", place="--format", remedy=f"known are {', '.join(EXPORTS)}")


def _write(day: RecordedDay, out: Path, formats: tuple[str, ...], levels: int) -> list[Path]:
    from tcakit.simulator import csv_export, itch_export, lobster_export

    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    if "lobster" in formats:
        written += lobster_export.write_lobster(day, out, levels)
    if "itch" in formats:
        written.append(itch_export.write_itch(day, out))
    if "csv" in formats:
        written += csv_export.write_day(day, out)
    return written


def _store(
    folder: Path,
    day: RecordedDay,
    seed: int,
    options: dict[str, Any],
    wait_s: float,
    beside: Sequence[MarketRows] = (),
) -> str:
    facts = [day.instrument.symbol, day.date, seed, options, kernels_hash(), __version__]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
    record = stored.FileRecord(
        ingest_key=key,
        sha256=key,
        path=f"simulated:{day.instrument.symbol}:{day.date}:seed={seed}",
        format="simulated",
        reader_version=READER_VERSION,
        options=json.dumps(options, sort_keys=True),
    )
    store = Store(folder, create=True, wait_s=wait_s)
    with store.writer("simulate"):
        stored.recover(store)
        if not stored.is_stored(store, key):
            rows = MarketRows("book_events", day.book_events(), day.instrument, day.date, "book-l3", None)
            with Staging(lambda: store, key) as staged:
                for each in (rows, *beside):
                    staged.add(each)
                stored.put(store, record, staged, [], FAULTS.empty())
    return key
