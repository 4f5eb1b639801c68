"""tcakit quality"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    DateOption,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
)


def quality(
    symbol: Annotated[str | None, typer.Option("--symbol", help="One symbol only.")] = None,
    date: DateOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Show checks that found nothing too.")] = False,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Check stored market data: gaps, crossed and stale quotes, odd prints, clocks, duplicate ids, partial days.

    Where a blotter is stored, the clock of each broker is set against the tape too.

    Example: tcakit quality --symbol ALFA
    """
    from tcakit.jobs.quality import quality as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), symbol=symbol, date=date, wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, show_table

        rows = [row for row in result["checks"] if everything or row["count"]]
        if result["clocks"]:
            clocks = [
                [
                    row["broker"], f"{row['offset_s']:+.3f}", f"{row['low_s']:+.3f} to {row['high_s']:+.3f}",
                    f"{row['inside_before']:.1%}", f"{row['inside_after']:.1%}", f"{row['fills']:,}",
                ]
                for row in result["clocks"]
            ]  # fmt: skip
            heads = [
                Column("clock of"), Column("offset, s", True), Column("95 % interval"), Column("inside before", True),
                Column("inside after", True), Column("fills", True, rank=1),
            ]  # fmt: skip
            show_table(console, heads, clocks)
        if not rows:
            console.print(f"{len(result['checks'])} checks found nothing")
            return
        columns = [
            Column("date"), Column("symbol"), Column("venue", rank=1), Column("check"), Column("count", True),
            Column("worst", True), Column("unit"),
        ]  # fmt: skip
        cells = [
            [
                row["date"], row["symbol"], row["venue"], row["check"], f"{row['count']:,}",
                "" if row["worst"] is None else f"{row['worst']:,.3f}", row["unit"],
            ]
            for row in rows
        ]  # fmt: skip
        show_table(console, columns, cells)

    out.result(result, show)
