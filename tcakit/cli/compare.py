"""tcakit compare, tcakit runs: stored runs listed, and two of them set side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tcakit.cli.common import (
    DEFAULT_STORE,
    SIDE_WORDS,
    JsonOption,
    Out,
    QuietOption,
    StoreOption,
    VerboseOption,
    WaitOption,
    was_given,
)


def compare(
    context: typer.Context,
    first: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run by its id or its beginning, or latest; RUN/ALGO for one algorithm."),
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="RUN", help="The run to set it against.")] = None,
    orders: Annotated[bool, typer.Option("--orders", help="Set it against the ingested blotter.")] = False,
    measure: Annotated[
        str, typer.Option("--measure", help="shortfall, shortfall-before-fees, arrival or vwap.")
    ] = "shortfall",
    date_from: Annotated[str | None, typer.Option("--from", help="Of the blotter: first trade date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Of the blotter: last trade date.")] = None,
    where: Annotated[
        str | None, typer.Option("--where", help="Without a run: the blotter's orders that meet it, broker = KITE.")
    ] = None,
    against_from: Annotated[
        str | None, typer.Option("--against-from", help="Without a run: first trade date to set them against.")
    ] = None,
    against_to: Annotated[
        str | None, typer.Option("--against-to", help="Without a run: last trade date to set them against.")
    ] = None,
    against_where: Annotated[
        str | None, typer.Option("--against-where", help="Without a run: the orders to set them against.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Set two runs over the same parents side by side: what the first cost less what the second did, and how sure.

    Parents are paired by their ids, else by symbol, date, side, window and quantity. Below zero the first was cheaper.
    Without a run, two sets of the blotter's own orders are compared: periods, brokers, algorithms.

    \b
    Example: tcakit compare latest/twap latest/vwap
    Example: tcakit compare --where "broker = KITE" --against-where "broker = NORTHGATE"
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.compare import CompareRequest
    from tcakit.jobs.compare import compare as run

    if first is None:
        if orders:
            raise UsageError("--orders without a run", place="compare", remedy="give a run, or leave --orders out")
        own_orders = (date_from, date_to, where, against_from, against_to, against_where)
        given = measure if was_given(context, "measure") else "arrival"
        _compare_orders(Path(store), (*own_orders, given), Out(json, quiet, verbose), wait)
        return
    if where or against_from or against_to or against_where:
        raise UsageError(
            "a run, and a condition on the blotter's orders too",
            place="--where, --against-from, --against-to, --against-where",
            remedy="leave the run out, or these",
        )
    if (second is None) != orders:
        raise UsageError(
            "a second run and --orders too" if orders else "nothing to compare with",
            place="compare",
            remedy="give a second run, or --orders for the blotter",
        )
    if (date_from or date_to) and not orders:
        raise UsageError("dates without --orders", place="--from, --to", remedy="leave them out")
    out = Out(json, quiet, verbose)
    with out.kernels():
        result = run(Path(store), CompareRequest(first, second, measure, date_from, date_to), wait_s=wait)
    out.result(result, lambda console: _show(result, console))


def _compare_orders(store: Path, asked: tuple[Any, ...], out: Out, wait_s: float) -> None:
    from tcakit.jobs.compare_orders import CompareOrdersRequest, compare_orders

    with out.kernels():
        result = compare_orders(store, CompareOrdersRequest(*asked), wait_s=wait_s)

    def show(console: Any) -> None:
        from tcakit.cli.tables import number, printable

        one, two = result["first"], result["second"]
        console.print(f"{one} less {two}, {result['measure']}: {result['measure_is']}", markup=False, style="bold")
        words = f"{number(result['difference_bps'], 2) or 'unknown'} bps"
        if result["ci"] is not None:
            words += f" ({result['ci'][0]:+.2f} to {result['ci'][1]:+.2f})"
        if result["p_value"] is not None:
            words += f", p = {result['p_value']:.3g} by ranks of orders"
        console.print(words, markup=False)
        for name, which in ((one, "first"), (two, "second")):
            cost = number(result[f"{which}_bps"], 2) or "unknown"
            orders, days = result[f"n_{which}"], result[f"days_{which}"]
            told = f"{orders} order{'s' if orders != 1 else ''} of {days} day{'s' if days != 1 else ''}"
            console.print(f"{name}: {cost} bps, {told}", markup=False)
        for note in result["notes"]:
            console.print(f"note: {printable(note)}", markup=False)

    out.result(result, show)


def runs(
    store: StoreOption = DEFAULT_STORE,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List the stored runs, the latest first.

    \b
    Example: tcakit runs
    """
    from tcakit.jobs.runs import runs as run

    out = Out(json, quiet, verbose)
    result = run(Path(store), wait_s=wait)

    def show(console: Any) -> None:
        from tcakit.cli.tables import Column, number, show_table

        if not result["runs"]:
            console.print("no run is stored: `tcakit backtest` makes one")
            return
        columns = [
            Column("run"), Column("kind"), Column("dates"), Column("algorithms", rank=2), Column("orders", True),
            Column("fills", True, rank=1), Column("cost\nbps", True), Column("stored (UTC)", rank=3),
        ]  # fmt: skip
        rows = [
            [
                row["run_id"][:8],
                row["kind"],
                _between(row["first_date"], row["last_date"]),
                ", ".join(row["algos"][:4]) + (", ..." if len(row["algos"]) > 4 else ""),
                f"{row['parents']:,}",
                f"{row['fills']:,}",
                number(row["cost_bps"], 2),
                row["created"][:19].replace("T", " "),
            ]
            for row in result["runs"]
        ]
        show_table(console, columns, rows, caption="cost of trading against the arrival mid, of the executed notional")

    out.result(result, show)


def _between(first: str | None, last: str | None) -> str:
    return "" if first is None else first if first == last else f"{first} to {last}"


def _show(result: dict[str, Any], console: Any) -> None:
    from tcakit.cli.tables import printable

    one, two = result["first"]["name"], result["second"]["name"]
    console.print(f"{one} less {two}, {result['measure']}: {result['measure_is']}", markup=False, style="bold")
    console.print(sentence(result), markup=False)
    console.print(f"{one} cost {result['first_bps']:+.2f} bps, {two} {result['second_bps']:+.2f} bps", markup=False)
    console.print()
    show_pairs(result["differ_most"], one, two, console)
    if result["unpaired"]:
        console.print()
        show_left_out(result["unpaired"], console, (one, two))
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)


def sentence(told: dict[str, Any]) -> str:
    """The difference in words."""
    words = f"{told['difference_bps']:+.2f} bps"
    if told["ci"] is not None:
        words += f" ({told['ci'][0]:+.2f} to {told['ci'][1]:+.2f})"
    words += f", {told['n']} pairs of {told['days']} day{'s' if told['days'] != 1 else ''}"
    if told["p_value"] is not None:
        words += f", p = {told['p_value']:.3g} by {told['cluster']}"
    return words


def show_pairs(rows: list[dict[str, Any]], one: str, two: str, console: Any) -> None:
    """The pairs that differ most, as a table."""
    from tcakit.cli.tables import Column, number, show_table

    columns = [
        Column("order"), Column("date", rank=2), Column("side", rank=3), Column(f"{one}\nbps", True),
        Column(f"{two}\nbps", True), Column("difference\nbps", True), Column("part of\nthe whole", True, rank=1),
    ]  # fmt: skip
    cells = [
        [
            row["parent_id_1"] if row["parent_id_1"] == row["parent_id_2"] else f"{row['symbol']} {row['algo_1']}",
            row["date"],
            SIDE_WORDS.get(row["side"], ""),
            number(row["bps_1"], 2),
            number(row["bps_2"], 2),
            number(row["difference_bps"], 2),
            number(row["of_difference_bps"], 2),
        ]
        for row in rows
    ]
    show_table(console, columns, cells, "parents that differ most")


def show_left_out(rows: list[dict[str, Any]], console: Any, runs: tuple[str, str] | None = None) -> None:
    """Parents that could not be used, counted by reason."""
    from tcakit.cli.tables import printable

    counted: dict[str, list[str]] = {}
    for row in rows:
        where = f"{runs[row['run'] - 1]}: " if runs else ""
        counted.setdefault(f"{where}{row['reason']}", []).append(row["parent_id"])
    for reason, names in sorted(counted.items(), key=lambda item: -len(item[1])):
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        console.print(f"left out, {len(names)}: {printable(reason)} ({printable(some)})", markup=False)
