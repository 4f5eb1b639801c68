"""How memory and time grow with an ITCH file: `python -m benchmarks.itch_growth [MESSAGES ...]`.

Each made file goes into a new store in a process of its own; a line says the most memory it held and its speed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.itch_file import itch_parts
from tcakit.jobs.ingest import IngestRequest, ingest

SIZES = (1_000_000, 50_000_000)
SYMBOLS = 500
_NAME = "03032025.NASDAQ_ITCH50"


def child(path: Path) -> dict[str, float]:
    """Store a file; gives what that took."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        done = ingest(Path(folder) / "store", IngestRequest([str(path)]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": done["rows"], "faults": done["faults"], "peak_mib": round(peak), "cpu_s": time.process_time()}


def main(arguments: list[str]) -> None:
    """Measure each size, smallest first."""
    for messages in sorted(int(text) for text in arguments) or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _NAME
            with path.open("wb") as file:
                file.writelines(itch_parts(messages, SYMBOLS))
            command = [sys.executable, "-m", "benchmarks.itch_growth", "--child", str(path)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        speed = {"messages": messages, "messages_per_cpu_s": round(messages / told["cpu_s"])}
        print(json.dumps({**speed, **told}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(Path(sys.argv[2]))))
    else:
        main(sys.argv[1:])
