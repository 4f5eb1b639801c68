"""The sample data that ships with the project: two made-up days of two made-up stocks, and a blotter on them.

Made anew by `python -m tcakit.simulator.sample sample_data`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tcakit.errors import TcakitError
from tcakit.simulator.blotter import make_blotter
from tcakit.simulator.csv_export import write_day
from tcakit.simulator.lobster_export import write_lobster
from tcakit.simulator.order_flow import FlowParameters, SimulatedDay, make_day

DATES = ("2026-03-03", "2026-03-04")
SEED = 20_260_303
LEVELS = 5
PARENTS_PER_DAY = 15
SYMBOLS = {
    # Few shares at each of many prices, as a stock of a high price shows.
    "ALFA": FlowParameters(
        events_per_day=36_000,
        start_price=187.40,
        spread_ticks=6.0,
        daily_volatility=0.008,
        resting_orders=220,
        typical_lots=1.2,
    ),
    # A queue at each cent, as a stock of a low price shows.
    "BRVO": FlowParameters(
        events_per_day=36_000,
        start_price=24.10,
        spread_ticks=1.2,
        daily_volatility=0.012,
        resting_orders=300,
        typical_lots=2.5,
    ),
}


def sample_days(seed: int = SEED) -> list[SimulatedDay]:
    """The days the sample is made of, by symbol, then by date; a stock opens where it last closed."""
    days: list[SimulatedDay] = []
    for symbol, parameters in SYMBOLS.items():
        for date in DATES:
            day = make_day(symbol, date, seed, parameters)
            days.append(day)
            last = day.quotes().row(-1, named=True)
            middle = day.instrument.price((last["bid"] + last["ask"]) / 2)
            parameters = replace(parameters, start_price=round(middle, 2))
    return days


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

    days = sample_days(seed)
    parts: list[dict[str, Any]] = []
    for day in days:
        quotes, trades = day.quotes().height, day.trades().height
        row_of, _ = day.top(LEVELS, quotes_only=False)
        note(write_lobster(day, folder / "lobster", LEVELS, zipped=True), rows=len(row_of), levels=LEVELS)
        trades_path, quotes_path = write_day(day, folder / "csv")
        note([trades_path], rows=trades)
        note([quotes_path], rows=quotes)
        parts.append({"symbol": day.symbol, "date": day.date, "parameters": day.parameters.as_dict()})
    blotter = make_blotter(days, seed, PARENTS_PER_DAY)
    for path, frame in zip(
        blotter.write(folder / "blotter"), (blotter.parents, blotter.fills, blotter.aliases), strict=True
    ):
        note([path], rows=frame.height)
    metadata = {
        "title": "Two made-up trading days of two made-up stocks, and a made-up desk's orders on them",
        "synthetic": True,
        "licence": "CC0-1.0",
        "made_by": "python -m tcakit.simulator.sample sample_data",
        "how": "seeded order flow around a latent value on a price-time order book; see docs/simulator.md",
        "seed": seed,
        "timezone": "America/New_York",
        "days": parts,
        "files": dict(sorted(files.items())),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    return metadata


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
