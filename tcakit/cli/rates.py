"""tcakit rates"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

app = typer.Typer(help="Exchange rates.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Exchange rates."""


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV of rates, or the ECB's eurofxref-hist.csv.")],
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Store exchange rates with their source.

    Columns: date, base, quote, rate, source; or Date and a column a currency, per euro. A rate of the same date, pair
    and source replaces the one stored before. If a row is wrong nothing is stored, and all mistakes are told.

    \b
    Example: tcakit rates import rates.csv
    """
    from tcakit.jobs.reference import import_rates

    out = Out(json, quiet, verbose)
    result = import_rates(Path(store), file, wait_s=wait)
    out.result(
        result,
        lambda console: console.print(
            f"{result['rates']:,} rates of {result['pairs']:,} pairs, {result['first']} to {result['last']}, "
            f"from {', '.join(result['sources'])}",
            markup=False,
        ),
    )
