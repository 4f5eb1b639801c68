"""tcakit backtest --orders: the firm's parents under other algorithms, for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from tcakit.cli.common import Out, was_given

_NOT_OF_ORDERS = ("file", "symbol", "side", "quantity", "start", "end", "date", "limit", "together", "engine")


def backtest_orders(
    context: typer.Context, flags: dict[str, Any], rules_of: Callable[[dict[str, Any]], Any], out: Out
) -> None:
    """Run it from the flags of `backtest`, whose rules `rules_of` reads, and show it.

    UsageError for flags that the firm's own orders answer.
    """
    from tcakit.errors import UsageError
    from tcakit.jobs.backtest_orders import OrdersRequest, known_group, parse_where, split_algorithms
    from tcakit.jobs.backtest_orders import backtest_orders as run
    from tcakit.market.clock import parse_date

    given = [name for name in _NOT_OF_ORDERS if was_given(context, name)]
    if given:
        named = ", ".join("FILE.toml" if name == "file" else f"--{name}" for name in given)
        raise UsageError(f"--orders, and {named} too", place="backtest", remedy="choose by --from, --to and --where")
    if not flags["algo"]:
        raise UsageError("--algo is missing", place="backtest", remedy="add --algo vwap,pov:10,is:30m")
    for name in ("from", "to"):
        if flags[f"date_{name}"]:
            parse_date(flags[f"date_{name}"], f"--{name}")
    request = OrdersRequest(
        algorithms=split_algorithms(flags["algo"]),
        rules=rules_of(flags),
        date_from=flags["date_from"],
        date_to=flags["date_to"],
        where=parse_where(flags["where"] or []),
        by=None if flags["by"] is None else known_group(flags["by"], "--by"),
    )
    with out.kernels(), out.progress("replay") as progress:
        result = run(Path(flags["store"]), request, again=flags["again"], progress=progress, wait_s=flags["wait"])
    out.result(result, lambda console: show(result, request.by, console))


def show(result: dict[str, Any], by: str | None, console: Any) -> None:
    """Differences by algorithm, the pairs that differ most, and whoever was left out."""
    from tcakit.cli.compare import show_left_out, show_pairs
    from tcakit.cli.tables import Column, number, printable, show_table

    columns = [
        Column("algorithm"), *([Column(by)] if by else []), Column("orders", True), Column("days", True, rank=4),
        Column("replayed\nbps", True, rank=1), Column("happened\nbps", True, rank=2), Column("difference\nbps", True),
        Column("95 % interval"), Column("p", True, rank=3), Column("run", rank=5),
    ]  # fmt: skip

    def cells(run: dict[str, Any], told: dict[str, Any], group: list[str]) -> list[str]:
        ci = told["ci"]
        p = told["p_value"]
        return [
            run["algo"], *group, f"{told['n']:,}", f"{told['days']:,}", number(told["first_bps"], 2),
            number(told["second_bps"], 2), number(told["difference_bps"], 2),
            "" if ci is None else f"{ci[0]:+.2f} to {ci[1]:+.2f}", "" if p is None else f"{p:.3g}", run["run_id"][:8],
        ]  # fmt: skip

    rows = []
    for run in result["runs"]:
        rows.append(cells(run, run, ["all"] if by else []))
        rows += [cells(run, part, [printable(part[by])]) for part in run.get("by", [])]
    if rows:
        title = f"the firm's orders replayed, less what happened: {result['measure']}"
        show_table(console, columns, rows, title, caption="below zero the algorithm would have been cheaper")
    for run in result["runs"]:
        if run["differ_most"]:
            console.print()
            show_pairs(run["differ_most"][:5], run["algo"], "happened", console)
    console.print()
    if not result["runs"]:
        console.print("no order could be replayed")
    show_left_out(result["left_out"], console)
    for run in result["runs"][:1]:
        show_left_out([row for row in run["unpaired"] if row["reason"] not in _ELSEWHERE], console)
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    console.print(f"{result['orders']:,} orders, {result['fills']:,} fills in {result['seconds']:.2f} s")


_ELSEWHERE = ("the other run has no such parent",)
