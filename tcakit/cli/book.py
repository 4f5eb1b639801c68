"""tcakit book"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcakit.cli.common import DEFAULT_STORE, DateOption, JsonOption, Out, QuietOption, StoreOption, VerboseOption


def book(
    symbol: Annotated[str, typer.Argument(help="The store's symbol.")],
    at: Annotated[str, typer.Option("--at", help="Clock time of the exchange, or ISO 8601 with a zone.")],
    date: DateOption = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue, where the symbol has several.")] = None,
    levels: Annotated[int, typer.Option("--levels", min=1, help="Levels a side.")] = 10,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show the displayed book at an instant, after all events up to and at that time.

    Example: tcakit book ALFA --at 11:30:00 --date 2026-03-03
    """
    from tcakit.jobs.book import book_at

    out = Out(json, quiet, verbose)
    result = book_at(Path(store), symbol, at, date=date, venue=venue, levels=levels)

    def show(console: object) -> None:
        from itertools import zip_longest

        from rich.table import Table

        table = Table(title=f"{symbol} ({result['venue']}) at {result['ts']}")
        for name in ("orders", "bid size", "bid", "ask", "ask size", "orders"):
            table.add_column(name, justify="right")
        nothing = [None, None, None]
        for bid, ask in zip_longest(result["bids"], result["asks"], fillvalue=nothing):
            cells = [bid[2], bid[1], bid[0], ask[0], ask[1], ask[2]]
            table.add_row(*("" if cell is None else f"{cell:,.10g}" for cell in cells))
        console.print(table)  # type: ignore[attr-defined]

    out.result(result, show)
