"""tcakit backtest --against: which rules of the replay fill real child orders as they were filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from tcakit.cli.common import Out, was_given

_READ = ("against", "queue", "latency", "fills", "store", "wait", "json", "quiet", "verbose", "context")


def against_fills(context: typer.Context, flags: dict[str, Any], out: Out) -> None:
    """Run it from the flags of `backtest` and show it; UsageError for flags that it does not read."""
    from tcakit.errors import UsageError
    from tcakit.jobs.against_fills import LATENCIES_NS, AgainstRequest
    from tcakit.jobs.against_fills import against_fills as run
    from tcakit.jobs.backtest_config import QUEUE_RULES
    from tcakit.jobs.config import one_of
    from tcakit.jobs.replay_rules import FILLS
    from tcakit.market.clock import parse_duration

    given = [name for name in flags if name not in _READ and was_given(context, name)]
    if given:
        named = ", ".join("FILE.toml" if name == "file" else f"--{name}".replace("_", "-") for name in given)
        raise UsageError(
            f"--against, and {named} too", place="backtest", remedy="give --queue, --latency, --fills only"
        )
    for name, known in (("queue", QUEUE_RULES), ("fills", list(FILLS))):
        if flags[name] is not None:
            try:
                one_of(known)(flags[name])
            except UsageError as error:
                error.place = f"--{name}"
                raise
    request = AgainstRequest(
        source=flags["against"],
        rules=None if flags["queue"] is None else (flags["queue"],),
        latencies_ns=(parse_duration(flags["latency"], "--latency"),)
        if was_given(context, "latency")
        else LATENCIES_NS,
        fills=flags["fills"] if was_given(context, "fills") else AgainstRequest.fills_of(flags["against"]),
    )
    with out.kernels(), out.progress("replay") as progress:
        result = run(Path(flags["store"]), request, progress=progress, wait_s=flags["wait"])
    out.result(result, lambda console: show(result, console))


def show(result: dict[str, Any], console: Any) -> None:
    """The settings, the best first, how sure that is, and whoever was left out."""
    from tcakit.cli.compare import show_left_out
    from tcakit.cli.tables import Column, number, printable, show_table

    columns = [
        Column("queue"), Column("latency\nms", True), Column("score", True), Column("best in\n% of draws", True),
        Column("filled in\nboth, %", True, rank=1), Column("neither\n%", True, rank=2),
        Column("only\nreal, %", True, rank=1), Column("only\nreplay, %", True, rank=1),
        Column("filled share\nerror, %", True, rank=3), Column("time error, s\n10 / 50 / 90 %", True, rank=4),
        Column("price error\nbps", True, rank=5),
    ]  # fmt: skip

    def cells(row: dict[str, Any]) -> list[str]:
        shares = [number(row[name], 1, 100) for name in ("both", "neither", "only_real", "only_replayed")]
        times = " / ".join(number(row["time_error_s"][q], 2) or "-" for q in ("0.1", "0.5", "0.9"))
        return [
            row["queue"], f"{row['latency_ns'] / 1e6:g}", number(row["score"], 5), number(row["chosen"], 0, 100),
            *shares, number(row["filled_share_error"], 1, 100), times, number(row["price_error_bps"], 3),
        ]  # fmt: skip

    title = f"{result['orders']:,} child orders of {result['parents']} parents and {result['days']} days"
    show_table(
        console, columns, [cells(row) for row in result["settings"]], title,
        caption="score: 0 is every share at its very time; errors are of the replay less what was real",
    )  # fmt: skip
    best = result["best"]
    console.print()
    console.print(f"fits best: --queue {best['queue']} --latency {best['latency_ns'] / 1e6:g}ms", markup=False)
    if result["held_out"] is not None:
        held = result["held_out"]
        console.print(
            f"chosen on all days but one and tried on that: score {held['score']:.5f}; "
            f"{held['same_choice']} of {held['days']} days choose the same"
        )
    show_left_out(result["left_out"], console)
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
