"""python -m tests.fuzz: spoil files of every format, a hundred thousand times each, and read them.

A finding is told with its number; `--format itch --seed 4711` does that one again, here, with its whole traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

# Before anything compiles: what reads a spoilt file needs no second thread, and bounds checks are another compilation.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
if "--bounds-checked" in sys.argv:
    os.environ["NUMBA_BOUNDSCHECK"] = "1"

# Formats whose rows are made in compiled loops, where an index past the end would go unseen.
COMPILED = ("dbn", "fix", "lobster", "itch", "iex", "taq")


def main() -> int:
    from tests.fuzz import cases, seeds
    from tests.fuzz.workers import Tally, fuzz

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--format", action="append", choices=cases.FORMATS, help="only this one; may be repeated")
    parser.add_argument("--mutations", type=int, default=100_000, help="spoilt files a format (default 100,000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default 0)")
    parser.add_argument("--seed", type=int, help="do this number alone, in this process")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bounds-checked", action="store_true", help="with every index of compiled loops checked")
    given = parser.parse_args()
    formats = given.format or (COMPILED if given.bounds_checked else cases.FORMATS)
    if given.seed is not None:
        for format in formats:
            print(f"{format} {given.seed}: {cases.run(format, given.seed)}")
        return 0
    real = seeds.real_folder()
    print(f"real files: {real or 'none, samples made by hand alone'}", flush=True)

    told = [0.0]
    known: set[tuple[str, str]] = set()

    def progress(tally: Tally) -> None:
        for promise, (numbers, _) in tally.findings.items():
            if (tally.format, promise) not in known:
                # At once: of a run of hours, nobody waits for the end.
                known.add((tally.format, promise))
                print(f"  {tally.format:10} --seed {numbers[0]}: {promise}", flush=True)
        if time.monotonic() - told[0] > 10:
            told[0] = time.monotonic()
            print(f"  {tally.format:10} {tally.done:>9,} of {given.mutations:,}, {tally.found:,} findings", flush=True)

    tallies = []
    for format in formats:
        tally = fuzz(format, given.first, given.mutations, given.processes, progress)
        tallies.append(tally)
        for numbers, first in tally.findings.values():
            shown = " ".join(map(str, sorted(numbers)[:10]))
            print(
                f"FINDING {format}, {len(numbers)} times: --seed {shown}\n    " + first[-1500:].replace("\n", "\n    ")
            )
        print(_line(tally), flush=True)
    print(f"\n{'format':10} {'mutations':>10} {'rows':>8} {'+faults':>8} {'refused':>8} {'findings':>9} {'seconds':>8}")
    for tally in tallies:
        print(_line(tally))
    return 1 if any(tally.found for tally in tallies) else 0


def _line(tally) -> str:
    came = tally.outcomes
    return (
        f"{tally.format:10} {tally.done:>10,} {came['rows']:>8,} {came['rows and faults']:>8,} {came['refused']:>8,} "
        f"{tally.found:>9,} {tally.seconds:>8,.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
