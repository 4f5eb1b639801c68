"""What is dear to make and the same for every report, kept beside the compiled kernels, where only we may write."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress

import jinja2
from jinja2.bccache import Bucket

from tcakit.jit import compiled_folder


def kept(ground: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, read from the user's cache where it was made before of the same `ground`.

    Where the cache cannot be read or written, what is asked for is made.
    """
    path = compiled_folder() / f"report-{hashlib.sha256(ground.encode()).hexdigest()[:32]}"
    with suppress(OSError):
        whole = path.read_bytes()
        # A file that was cut off by a full disk or a lost machine is made anew.
        if whole[:32] == hashlib.sha256(whole[32:]).digest():
            return whole[32:]
    made = make()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        temporary.write_bytes(hashlib.sha256(made).digest() + made)
        temporary.replace(path)
    return made


class KeptTemplates(jinja2.FileSystemBytecodeCache):
    """Templates that are compiled once, not in every process: pass it to an environment as `bytecode_cache`."""

    def __init__(self) -> None:
        super().__init__(str(compiled_folder()), f"jinja-{jinja2.__version__}-%s")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template; where the disk is full it is not kept."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
