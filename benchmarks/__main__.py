"""Run the benchmarks: one JSON line each on stdout, and, when all ran at full size, docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

import benchmarks
from benchmarks import harness

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; each bench_*.py offers `benchmarks(scale)`, one at a time to save memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="how often each is run (default 5)")
    parser.add_argument("--only", default="", help="only files whose name holds this word")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the full size")
    chosen = parser.parse_args(arguments)
    results = []
    for found in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda module: module.name):
        if not found.name.startswith("bench_") or chosen.only not in found.name:
            continue
        for benchmark in importlib.import_module(f"benchmarks.{found.name}").benchmarks(chosen.scale):
            result = harness.measure(benchmark, chosen.repeat)
            results.append(result)
            print(result.line(), flush=True)
    if not results:
        print(f"no benchmark is called {chosen.only!r}", file=sys.stderr)
        return 2
    if chosen.scale == 1.0 and not chosen.only:
        PAGE.write_text(harness.page(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
