"""How cost analysis grows with fills: `python -m benchmarks.tca_growth [FILLS ...]`.

The standard job (10 million quotes, 5 million prints, 20,000 parents) with so many fills, out of a store with its
columns mapped, in a process of its own. A line says the processor time of the job, that of a fill once the time of the
smallest job is taken off, and the most memory that the process held, mapped columns included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_tca import Market
from benchmarks.bench_tca_job import Orders, orders, whole
from benchmarks.tca_store import days_of, stored
from tcakit.store.database import Store

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_OF_MARKET = ("parent_symbol", "arrival_ns", "end_ns")
_OF_FILLS = tuple(field.name for field in fields(Orders) if field.name != "made")


def write(folder: Path, given: Orders) -> None:
    """The columns of parents and fills, one file each."""
    columns = {name: getattr(given.made, name) for name in _OF_MARKET}
    columns |= {name: getattr(given, name) for name in _OF_FILLS}
    for name, values in columns.items():
        np.save(folder / name, values)


def child(folder: Path, kept: Path, date: str) -> dict[str, Any]:
    """Do the job of a folder, twice; gives what the second time took."""
    columns = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    store = Store(kept)

    def run() -> int:
        made = Market(days_of(store, date), *(columns[name] for name in _OF_MARKET))
        given = Orders(made, *(columns[name] for name in _OF_FILLS))
        whole(given, made.days)
        return int(given.fill_ns.size)

    run()
    begun = time.process_time()
    count = run()
    used = time.process_time() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"fills": count, "cpu_s": round(used, 4), "most_gb": round(most / 1e9, 3)}


def main(arguments: list[str]) -> None:
    """Measure each size, smallest first."""
    least: dict[str, Any] | None = None
    with tempfile.TemporaryDirectory(prefix="tcakit-bench-") as temporary:
        kept, folder = Path(temporary) / "store", Path(temporary) / "orders"
        folder.mkdir()
        for count in sorted(int(text) for text in arguments) or SIZES:
            given = orders(1.0, fills=count)
            if not kept.exists():
                stored(given.made, kept)
            write(folder, given)
            date = given.made.days[0].date
            del given
            command = [sys.executable, "-m", "benchmarks.tca_growth", "--child", str(folder), str(kept), date]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            least = least or found
            more = found["fills"] - least["fills"]
            found["ns_a_fill"] = round((found["cpu_s"] - least["cpu_s"]) / more * 1e9, 1) if more else None
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])))
    else:
        main(sys.argv[1:])
