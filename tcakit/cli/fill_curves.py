"""tcakit fill-curves"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import DEFAULT_STORE, DateOption, JsonOption, Out, QuietOption, StoreOption, VerboseOption


def fill_curves(
    symbol: Annotated[str, typer.Argument(help="The store's symbol.")],
    date: DateOption = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue, where the symbol has several.")] = None,
    every: Annotated[str, typer.Option("--every", help="Time between orders, e.g. 500ms.")] = "1s",
    levels: Annotated[
        int, typer.Option("--levels", min=1, max=100, help="Ticks, from the best price of each side on.")
    ] = 3,
    quantity: Annotated[
        float | None, typer.Option("--quantity", help="Shares of an order; one lot if left out.")
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option("--queue", "--queue-rule", help="risk-averse, log, log2, power, power2, power3 or fifo."),
    ] = None,
    horizon: Annotated[str, typer.Option("--horizon", help="How long an order rests, e.g. 5m.")] = "60s",
    page: Annotated[Path | None, typer.Option("--out", help="Write the charts too: FILE.html.")] = None,
    store: StoreOption = DEFAULT_STORE,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Say how likely and how soon a resting order would have been filled, and what the market did next.

    Orders that were never sent are placed at and behind the best prices of a stored day, and filled by the rules of
    the replay, each alone in the market.

    \b
    Example: tcakit fill-curves ALFA --date 2026-03-03 --every 30s --levels 2
    """
    from tcakit.errors import TcakitError
    from tcakit.jobs.backtest_config import QUEUE_RULES
    from tcakit.jobs.config import one_of
    from tcakit.jobs.fill_curves import FillCurvesRequest
    from tcakit.jobs.fill_curves import fill_curves as run
    from tcakit.market.clock import parse_date, parse_duration

    out = Out(json, quiet, verbose)
    every_ns, horizon_ns = parse_duration(every, "--every"), parse_duration(horizon, "--horizon")
    day = None if date is None else parse_date(date, "--date")
    if queue is not None:
        try:
            one_of(QUEUE_RULES)(queue)
        except TcakitError as error:
            error.place = "--queue"
            raise
    request = FillCurvesRequest(symbol, day, venue, every_ns, levels, quantity, queue, horizon_ns, page)
    with out.kernels():
        result = run(Path(store), request)
    out.result(result, lambda console: _show(result, console))


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import Column, number, printable, show_table
    from tcakit.report.fill_page import behind, bin_name
    from tcakit.report.wording import horizon

    def chance(row: dict[str, Any]) -> list[str]:
        between = "" if row["low"] is None else f"{number(row['low'], 1, 100)} to {number(row['high'], 1, 100)}"
        return [number(row["probability"], 1, 100), between]

    def shares(rows: list[dict[str, Any]], heading: str, names: list[str], title: str) -> None:
        columns = [Column(heading), Column("orders", True, rank=2), Column("filled", True, rank=2)]
        columns += [Column("%", True), Column("95 % interval", True, rank=1)]
        cells = [
            [name, f"{row['orders']:,}", f"{row['filled']:,}", *chance(row)]
            for name, row in zip(names, rows, strict=True)
        ]
        show_table(console, columns, cells, title)
        console.print()

    levels = result["levels"]
    console.print(
        f"{printable(result['symbol'])} ({printable(result['venue'])}) {result['date']}: {result['orders']:,} orders "
        f"of {result['quantity']:,.10g}, one every {horizon(result['every_s'])} and level; queue rule "
        f"{result['queue_rule']}",
        markup=False,
    )
    console.print()
    within = f"filled within {horizon(result['horizon_s'])}"
    shares(levels, "level", [behind(level["ticks_behind"]) for level in levels], within)
    for key, heading, title in (("by_queue", "ahead", "size ahead"), ("by_spread", "ticks", "spread")):
        rows = [row for row in result[key] if row["orders"]]
        shares(rows, heading, [bin_name(row) for row in rows], f"{within} at the best price, by {title} at arrival")
    names = [behind(level["ticks_behind"]) for level in levels]
    columns = [Column("after"), *(Column(f"{name}\n%", True, rank=at) for at, name in enumerate(names))]
    cells = [
        [horizon(rows[0]["time_s"]), *(number(row["probability"], 1, 100) for row in rows)]
        for rows in zip(*(level["by_time"] for level in levels), strict=True)
    ]
    show_table(console, columns, cells, "filled by the time since arrival (Kaplan and Meier)")
    console.print()
    cells = [
        [f"{row['quantile']:.0%}", *(number(level["time_to_fill"][at]["time_s"], 3) for level in levels)]
        for at, row in enumerate(levels[0]["time_to_fill"])
    ]
    columns = [Column("share"), *(Column(f"{name}\ns", True, rank=at) for at, name in enumerate(names))]
    show_table(console, columns, cells, "time until that share is filled")
    console.print()
    columns = [Column("outcome"), Column("after", True), Column("orders", True, rank=2), Column("move\nbps", True)]
    cells = [
        [
            row["outcome"],
            horizon(row["horizon_s"]),
            f"{row['orders'] - row['missing']:,}",
            number(row["move_bps"], 3),
            "" if row["low_bps"] is None else f"{number(row['low_bps'], 3)} to {number(row['high_bps'], 3)}",
        ]
        for row in levels[0]["adverse_selection"]
    ]
    show_table(
        console,
        [*columns, Column("95 % interval", True, rank=1)],
        cells,
        "move of the mid after orders at the best price",
        caption="below zero the market went against the order",
    )
    console.print()
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    if "out" in result:
        console.print(f"page: {printable(result['out'])}", markup=False)
