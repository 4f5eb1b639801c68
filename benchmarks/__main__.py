"""Run the benchmarks: one JSON line each on stdout, and, at full size, docs/benchmarks.md.

What was measured is kept in measured.jsonl, a line a benchmark with its day and machine, so that a part can be
measured anew (`--only`) when the machine is quiet, and the page still holds all.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks import harness

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
KEPT = Path(__file__).resolve().parent / "measured.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; each bench_*.py offers `benchmarks(scale)`, one at a time to save memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5, help="how often each is run (default 5)")
    parser.add_argument("--only", default="", help="only files whose name holds this word")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the full size")
    chosen = parser.parse_args(arguments)
    measured = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": harness.machine()}
    rows: list[dict[str, object]] = []
    for found in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda module: module.name):
        if not found.name.startswith("bench_") or chosen.only not in found.name:
            continue
        for benchmark in importlib.import_module(f"benchmarks.{found.name}").benchmarks(chosen.scale):
            result = harness.measure(benchmark, chosen.repeat)
            rows.append(result.row() | {"file": found.name} | measured)
            print(result.line(), flush=True)
    if not rows:
        print(f"no benchmark is called {chosen.only!r}", file=sys.stderr)
        return 2
    if chosen.scale == 1.0:
        anew = {row["file"] for row in rows}
        before = KEPT.read_text(encoding="utf-8").splitlines() if chosen.only and KEPT.exists() else []
        rows += [row for row in map(json.loads, before) if row["file"] not in anew]
        rows.sort(key=lambda row: str(row["file"]))
        KEPT.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        PAGE.write_text(harness.page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
