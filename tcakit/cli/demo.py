"""tcakit demo"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import JsonOption, Out, QuietOption, VerboseOption


def demo(
    sample: Annotated[Path, typer.Option("--sample", help="Folder of the sample data.")] = Path("sample_data"),
    folder: Annotated[Path, typer.Option("--out", help="Folder for the demo's store and pages.")] = Path("demo"),
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Go the whole way on the sample data: ingest, backtest, report.

    It takes a minute or two the first time, when kernels are compiled, and then seconds.

    \b
    Example: tcakit demo
    """
    from tcakit.jobs.demo import demo as run

    out = Out(json, quiet, verbose)
    with out.kernels():
        result = run(sample, folder, out.say)

    def show(console: Any) -> None:
        from tcakit.report.terminal import print_summary

        print_summary(result["replayed"], console)
        console.print(f"\nopen {result['report']} (replayed orders) and {result['blotter_report']} (the desk's orders)")
        console.print(f"look around: tcakit catalog --store {result['store']}")

    out.result(result, show)
