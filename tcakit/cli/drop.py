"""tcakit drop"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption


def drop(
    name: Annotated[
        str, typer.Argument(metavar="FILE|RUN", help="A file by its path, hash or ingest key, or a run by its id.")
    ],
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take the rows of a file, or a run, out of the store again.

    \b
    Example: tcakit drop ALFA_2026-03-03_34200000_57600000_5.zip
    """
    from tcakit.jobs.catalog import drop as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), name, wait_s=wait)
    out.result(result, lambda console: console.print(f"dropped {result['what']} {name}: {result['rows']:,} rows"))
