"""tcakit schedule, for the terminal."""

from __future__ import annotations

from typing import Any

_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(part: float, whole: float, width: int = _BAR) -> str:
    """A bar of blocks as long as a part of a whole.

    >>> bar(1.0, 2.0, 4), bar(0.0, 2.0, 4)
    ('██', '')
    """
    eighths = round(8 * width * part / whole) if whole > 0.0 else 0
    full, rest = divmod(max(eighths, 0), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def show_day(result: dict[str, Any], console: Any) -> None:
    """A schedule of a day: the order, what it costs, its slices, the ready algorithms, and what must be known."""
    from tcakit.cli.estimate import facts_shown
    from tcakit.cli.tables import Column, number, printable, show_table
    from tcakit.report.schedule_page import rows_of

    whose = f" {result['symbol']}" if result["symbol"] else ""
    console.print(
        f"{result['side']} {result['quantity']:,.10g}{printable(whose)} on {result['date']} by "
        f"{printable(result['algo'])}, times of {printable(result['timezone'])}",
        markup=False,
    )
    facts_shown(result, console)
    console.print()
    rows = rows_of(result)
    largest = max(row["quantity"] for row in rows)
    columns = [
        Column("slice"),
        Column("shares", True),
        Column("", rank=2),
        Column("left", True, rank=3),
        Column("expected\nvolume", True, rank=4),
        Column("our\nshare", True, rank=1),
    ]
    cells = [
        [
            row["name"],
            number(row["quantity"], 0),
            bar(row["quantity"], largest),
            number(row["left"], 0),
            number(row["volume"], 0),
            f"{row['participation']:.1%}",
        ]
        for row in rows
    ]
    show_table(console, columns, cells)
    console.print()
    _costs(result, console)
    _algorithms(result, console, "bps")
    if "regret" in result:
        _regret(result["regret"], console)
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    if "out" in result:
        console.print(f"page: {printable(result['out'])}", markup=False)


def show_formula(result: dict[str, Any], console: Any) -> None:
    """A schedule by numbers: its trades, and what they cost in currency."""
    from tcakit.cli.tables import Column, number, printable, show_table

    console.print(f"{result['quantity']:,.10g} by {printable(result['algo'])}", markup=False)
    console.print()
    largest = max(result["quantities"], default=0.0)
    columns = [Column(f"time\n{result['time_unit']}", True), Column("shares", True), Column("", rank=1)]
    cells = [
        [f"{time:.6g}", number(shares, 1), bar(shares, largest), number(left, 1)]
        for time, shares, left in zip(result["times"], result["quantities"], result["left"], strict=True)
    ]
    show_table(console, [*columns, Column("left", True, rank=2)], cells)
    console.print()
    told = f"expected cost {number(result['expected_cost'], 2)}"
    if result["deviation"] is not None:
        told += f", standard deviation {number(result['deviation'], 2)}"
    if "even_cost" in result:
        told += f"; in even parts {number(result['even_cost'], 2)}"
    console.print(f"{told} (currency)", markup=False)
    _algorithms(result, console, "currency")
    for note in result["notes"]:
        console.print(f"note: {printable(note)}", markup=False)
    if "out" in result:
        console.print(f"page: {printable(result['out'])}", markup=False)


_PLANS = {
    "morning": "planned in the morning",
    "solved_again": "solved again after each slice",
    "knew_the_day": "as if the day's volume were known",
}


def _regret(told: dict[str, Any], console: Any) -> None:
    """What solving the plan again was worth on that day."""
    from tcakit.cli.tables import Column, number, show_table

    columns = [Column("plan"), *(Column(f"{name}\nbps", True) for name in ("cost", "deviation", "regret"))]
    cells = [
        [words, *(number(told[plan][f"{name}_bps"], 3) for name in ("cost", "deviation", "regret"))]
        for plan, words in _PLANS.items()
    ]
    seen, expected = sum(told["volume"]), sum(told["expected_volume"])
    title = f"at the volume that really traded, {seen / expected:.0%} of what was expected"
    show_table(console, columns, cells, title, caption="regret: cost and risk above those of the last")
    console.print()


def _costs(result: dict[str, Any], console: Any) -> None:
    """Expected cost and its deviation, in bps and in currency."""
    from tcakit.cli.tables import number, printable

    if result["expected_cost"] is None:
        return
    cost, deviation = number(result["expected_cost"], 2), number(result["deviation"], 2)
    told = f"expected cost {cost} bps, standard deviation {deviation} bps"
    if result["expected_cost_currency"] is not None:
        told += f" ({number(result['expected_cost_currency'], 0)} and {number(result['deviation_currency'], 0)}"
        told += f" {result['currency'] or 'in currency'})"
    if result.get("vwap_cost") is not None:
        told += f"; along expected volume {number(result['vwap_cost'], 2)} bps"
    if result["gap"] is not None:
        told += f"; no schedule is better by more than {result['gap']:.2g} bps, risk and all"
    console.print(printable(told), markup=False)
    console.print()


def _algorithms(result: dict[str, Any], console: Any, unit: str) -> None:
    """Where the ready algorithms stand, and the frontier in a few points where it was asked for."""
    from tcakit.cli.tables import Column, number, show_table

    key = "_bps" if unit == "bps" else ""
    if result.get("algorithms"):
        columns = [Column("algorithm"), Column(f"cost\n{unit}", True), Column(f"deviation\n{unit}", True)]
        cells = [
            [
                row["name"] + (" (this)" if row["chosen"] else ""),
                number(row[f"cost{key}"], 2),
                number(row[f"deviation{key}"], 2),
                number(row["unfilled"], 0) if row["unfilled"] else "",
            ]
            for row in result["algorithms"]
        ]
        show_table(console, [*columns, Column("left undone", True, rank=1)], cells, "against arrival")
        console.print()
    if result.get("frontier"):
        columns = [Column("risk aversion", True), Column(f"cost\n{unit}", True), Column(f"deviation\n{unit}", True)]
        cells = [
            [f"{row['risk_aversion']:.3g}", number(row[f"cost{key}"], 2), number(row[f"deviation{key}"], 2)]
            for row in result["frontier"][::4]
        ]
        show_table(console, columns, cells, "the efficient frontier, every fourth point")
        console.print()
