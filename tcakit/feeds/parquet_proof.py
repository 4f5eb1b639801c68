"""Whether a Parquet file can be read at all, tried in a process of its own: a spoilt length in one can end a process.

polars asks for as much memory as such a file says it needs, and where there is not as much, the process is at an end.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

# It may take as much memory as the machine has, where the system can be asked for such a limit.
_CHILD = """
import json, os, sys
import polars as pl
try:
    import resource
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0])
    most = (held + os.sysconf("SC_PHYS_PAGES")) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
except (ImportError, OSError, ValueError):
    pass
print(flush=True)
for line in sys.stdin:
    try:
        with open(json.loads(line), "rb") as file:
            pl.read_parquet(file)
    except BaseException:
        pass
    print(flush=True)
"""

_lock = threading.Lock()
_child: subprocess.Popen[str] | None = None


def survives(content: Path | bytes) -> bool:
    """Whether a process lives through reading it; whether it is a good file is another question."""
    if isinstance(content, bytes):
        with tempfile.NamedTemporaryFile(prefix="tcakit-", suffix=".parquet") as file:
            file.write(content)
            file.flush()
            return _lived(Path(file.name))
    return _lived(content)


def _lived(path: Path) -> bool:
    global _child
    with _lock:
        if _child is None or _child.poll() is not None:
            # One for all files of this process: to start it takes a quarter of a second.
            _child = subprocess.Popen(
                [sys.executable, "-I", "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert _child.stdout is not None
            if _child.stdout.readline() == "":
                _child.wait()
                return True  # it never began, for which no file is to blame
        assert _child.stdin is not None
        assert _child.stdout is not None
        try:
            _child.stdin.write(json.dumps(str(path.resolve())) + "\n")
            _child.stdin.flush()
            return _child.stdout.readline() != ""
        except OSError:
            return False


@atexit.register
def _end() -> None:
    if _child is not None:
        with suppress(OSError):
            _child.kill()
            _child.wait()
