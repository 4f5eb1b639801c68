"""tcakit book"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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

    \b
    Example: tcakit book ALFA --at 11:30:00 --date 2026-03-03
    """
    from tcakit.jobs.book import book_at

    out = Out(json, quiet, verbose)
    result = book_at(Path(store), symbol, at, date=date, venue=venue, levels=levels)

    def show(console: Any) -> None:
        from itertools import zip_longest

        from tcakit.cli.tables import Column, number, price_decimals, show_table

        sides = result["bids"], result["asks"]
        decimals = price_decimals([level[0] for side in sides for level in side])
        counted = any(level[2] is not None for side in sides for level in side)
        names = ["bid size", "bid", "ask", "ask size"]
        if counted:
            names = ["orders", *names, "orders"]
        rows = []
        for bid, ask in zip_longest(*sides, fillvalue=[None, None, None]):
            prices = [number(bid[0], decimals), number(ask[0], decimals)]
            sizes = ["" if level[1] is None else f"{level[1]:,.10g}" for level in (bid, ask)]
            cells = [sizes[0], *prices, sizes[1]]
            rows.append([bid[2], *cells, ask[2]] if counted else cells)
        title = f"{result['symbol']} ({result['venue']}) at {result['ts']}, {result['currency']}"
        show_table(console, [Column(name, True) for name in names], rows, title)

    out.result(result, show)
