"""The sample data that ships with the project: two made-up days of two made-up stocks, and a made-up desk's orders.

Made anew by `python -m tcakit.simulator.sample sample_data`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import TcakitError
from tcakit.simulator.blotter import make_blotter
from tcakit.simulator.csv_export import write_day
from tcakit.simulator.desk import WorkedDay, work_day
from tcakit.simulator.lobster_export import write_lobster
from tcakit.simulator.market import SimulatedMarket, TradingRules
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.published import published
from tcakit.simulator.sample_market import opening_at, sample_market
from tcakit.simulator.sources import make_market
from tcakit.simulator.world import Halt, News
from tcakit.venue.latency import ConstantLatency

DATES = ("2026-03-03", "2026-03-04")
SEED = 20_260_303
LEVELS = 5
PARENTS_PER_DAY = 15
_MS = 1_000_000
DESK = TradingRules(ConstantLatency(feed_ns=0, entry_ns=2 * _MS, response_ns=2 * _MS))
"""Messages of the desk are under way for so long."""


@dataclass(frozen=True, slots=True)
class Special:
    """What happens on one of the days, beside what happens on all."""

    news: tuple[News, ...] = ()
    halts: tuple[Halt, ...] = ()


SPECIAL = {
    ("ALFA", "2026-03-04"): Special(news=(News("13:40", 90.0),)),
    ("BRVO", "2026-03-03"): Special(halts=(Halt("11:20", 300.0, 60.0),)),
    ("BRVO", "2026-03-04"): Special(news=(News("14:25", -90.0),)),
}
SYMBOLS = ("ALFA", "BRVO")


def sample_days(seed: int = SEED) -> tuple[list[WorkedDay], np.random.Generator]:
    """The days the sample is made of, by symbol, then by date, and the desk's own draws; a stock opens near where it
    last closed."""
    desk = np.random.Generator(np.random.PCG64([seed, SEED]))
    days: list[WorkedDay] = []
    for symbol in SYMBOLS:
        parameters = sample_market(symbol.lower())
        for date in DATES:
            special = SPECIAL.get((symbol, date), Special())
            world = replace(parameters.world, news=special.news, halts=special.halts)
            make = partial(_market, replace(parameters, world=world), symbol, date, seed)
            worked = work_day(make, date, desk, PARENTS_PER_DAY)
            days.append(worked)
            parameters = opening_at(parameters, float(worked.market_day.mid[-1]))
    return days, desk


def _market(parameters: MarketParameters, symbol: str, date: str, seed: int) -> SimulatedMarket:
    return make_market(parameters.model, parameters.world, date, seed, symbol=symbol, venue="XSIM", rules=DESK)


def write_sample(folder: Path, seed: int = SEED) -> dict[str, Any]:
    """Write lobster/, csv/, blotter/ and metadata.json under `folder`; returns what metadata.json holds."""
    files: dict[str, dict[str, Any]] = {}

    def note(paths: list[Path], **facts: Any) -> None:
        for path in paths:
            content = path.read_bytes()
            files[path.relative_to(folder).as_posix()] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                **facts,
            }

    days, desk = sample_days(seed)
    parts: list[dict[str, Any]] = []
    for worked in days:
        day = published(worked.day)
        quotes, trades = day.quotes().height, day.trades().height
        row_of, _ = day.top(LEVELS, quotes_only=False)
        note(write_lobster(day, folder / "lobster", LEVELS, zipped=True), rows=len(row_of), levels=LEVELS)
        trades_path, quotes_path = write_day(day, folder / "csv")
        note([trades_path], rows=trades)
        note([quotes_path], rows=quotes)
        parts.append(_told(day.symbol, day.date))
    blotter = make_blotter(days, desk)
    for path, frame in zip(
        blotter.write(folder / "blotter"), (blotter.parents, blotter.fills, blotter.aliases), strict=True
    ):
        note([path], rows=frame.height)
    metadata = {
        "title": "Two made-up trading days of two made-up stocks, and a made-up desk's orders on them",
        "synthetic": True,
        "licence": "CC0-1.0",
        "made_by": "python -m tcakit.simulator.sample sample_data",
        "how": "a simulated market with a desk trading in it; see docs/simulator.md",
        "seed": seed,
        "timezone": "America/New_York",
        "days": parts,
        "files": dict(sorted(files.items())),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    return metadata


def _told(symbol: str, date: str) -> dict[str, Any]:
    special = SPECIAL.get((symbol, date), Special())
    return {
        "symbol": symbol,
        "date": date,
        "parameters": f"tcakit/simulator/sample_markets/{symbol.lower()}.toml",
        "news": [{"time": each.time, "jump_bps": each.jump_bps} for each in special.news],
        "halts": [
            {"time": each.time, "seconds": each.seconds, "call_seconds": each.call_seconds} for each in special.halts
        ],
    }


def main(arguments: list[str]) -> int:
    """Write the sample into the folder named on the command line; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tcakit.simulator.sample FOLDER\n")
        return 2
    try:
        metadata = write_sample(Path(arguments[0]))
    except TcakitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    total = sum(entry["bytes"] for entry in metadata["files"].values())
    sys.stdout.write(f"{len(metadata['files'])} files, {total:,} bytes in {arguments[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
