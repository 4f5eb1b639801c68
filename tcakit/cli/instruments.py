"""tcakit instruments"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, JsonOption, Out, QuietOption, StoreOption, VerboseOption, WaitOption

app = typer.Typer(help="What is traded: the firm's security master.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """What is traded: the firm's security master."""


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, Excel, JSON or Parquet with a header row.")],
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Store ticks, lots, multipliers, splits, indices and other names of symbols, by date.

    Columns: symbol, and any of venue, name, currency, tick_size, lot_size, multiplier, split, valid_from, valid_to,
    index_symbol, beta, ticker, ric, isin, figi, bloomberg, sedol, cusip. A row of the same symbol, venue and first day
    replaces the one stored before. If a row is wrong nothing is stored, and all mistakes are told.

    \b
    Example: tcakit instruments import instruments.csv
    """
    from tcakit.jobs.reference import import_instruments

    out = Out(json, quiet, verbose)
    result = import_instruments(Path(store), file, wait_s=wait)
    out.result(
        result,
        lambda console: console.print(
            f"{result['instruments']:,} instruments in {result['rows']:,} rows, {result['aliases']:,} other names, "
            f"{result['splits']:,} splits"
        ),
    )
