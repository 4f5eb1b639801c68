"""What `tcakit simulate score` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tcakit.cli.tables import Column, number, printable, show_table

if TYPE_CHECKING:
    from rich.console import Console

_GROUPS = {
    "unconditional": "distributions: the benchmark's 21",
    "conditional": "one quantity given another: the benchmark's 3",
    "further": "further distributions",
}
_MUCH_UNMATCHED = 0.01
_DISTANCES = {"total_variation": "total variation", "wasserstein": "Wasserstein"}


def show_score(result: dict[str, Any], console: Console) -> None:
    """Every score beside its floor, the averages, the facts of both days, and what it comes to."""
    made, real = (f"{result[name]['symbol']} {result[name]['date']}" for name in ("made", "real"))
    console.print(
        printable(f"{made} against {real}; floor: {result['floor']}; levels: {result['levels']}"), style="bold"
    )
    console.print()
    for group, title in _GROUPS.items():
        _show_scores([row for row in result["scores"] if row["group"] == group], title, console)
    _show_averages(result["averages"], console)
    _show_responses(result["responses"], console)
    _show_facts(result["facts"], console)
    for words in result["told"]:
        console.print(f"{printable(words)}", markup=False, highlight=False)
    for words in result["notes"]:
        console.print(f"note: {printable(words)}", markup=False, style="dim")
    if "out" in result:
        console.print(f"page: {printable(result['out'])}", markup=False)


def _show_scores(rows: list[dict[str, Any]], title: str, console: Console) -> None:
    columns = [Column("score"), Column("total\nvariation", True), Column("99 % interval", True, rank=2)]
    columns += [Column("floor", True), Column("floors", True), Column("Wasserstein", True, rank=1)]
    columns += [Column("99 % interval", True, rank=3), Column("floor", True, rank=1), Column("floors", True, rank=1)]
    cells, unknown = [], []
    for row in rows:
        if row["reason"] is not None:
            unknown.append(f"{row['label']}: not known, {row['reason']}")
            continue
        if row["floor_reason"] is not None:
            unknown.append(f"{row['label']}: no floor, {row['floor_reason']}")
        if (row["unmatched"] or 0.0) > _MUCH_UNMATCHED:
            unknown.append(f"{row['label']}: {row['unmatched']:.1%} of all values lie in bins that only one day has")
        variation, moved = row["total_variation"], row["wasserstein"] or {}
        cells.append(
            [row["label"], number(variation["value"], 3), _between(variation), number(variation["floor"], 3),
             number(variation["ratio"], 1), number(moved.get("value"), 3), _between(moved),
             number(moved.get("floor"), 3), number(moved.get("ratio"), 1)]
        )  # fmt: skip
    if cells:
        show_table(console, columns, cells, title)
    for words in unknown:
        console.print(printable(words), markup=False, style="dim")
    console.print()


def _show_averages(averages: dict[str, Any], console: Console) -> None:
    columns = [Column("over the 21"), Column("average"), Column("value", True), Column("99 % interval", True, rank=1)]
    columns += [Column("floor", True), Column("floors", True)]
    cells = [
        [label, kind, number(row["value"], 3), _between(row), number(row["floor"], 3), number(row["ratio"], 1)]
        for name, label in _DISTANCES.items()
        for kind, row in averages[name].items()
        if kind != "scores"
    ]
    show_table(console, columns, cells)
    console.print()


def _show_responses(told: dict[str, Any], console: Console) -> None:
    if told["score"] is None:
        console.print(f"response curves: not known, {printable(told['reason'])}", markup=False, style="dim")
        return
    columns = [Column("response after"), Column("", rank=1), Column("score, ticks", True)]
    columns += [Column("99 % interval", True, rank=2), Column("floor", True), Column("floors", True)]
    rows = [*told["kinds"], {"kind": "mean", "label": "", "score": told["score"]}]
    cells = [
        [row["kind"], row["label"], number(row["score"]["value"], 2), _between(row["score"], 2),
         number(row["score"]["floor"], 2), number(row["score"]["ratio"], 1)]
        for row in rows
        if row["score"] is not None
    ]  # fmt: skip
    show_table(console, columns, cells)
    console.print()


def _show_facts(facts: list[dict[str, Any]], console: Console) -> None:
    columns = [Column("fact"), Column("usual", rank=3), Column("real", True), Column("95 % interval", True, rank=1)]
    columns += [Column("made", True), Column("95 % interval", True, rank=1), Column("apart", True, rank=2)]
    columns += [Column("floor", True, rank=2), Column("floors", True, rank=2)]
    cells, unknown = [], []
    for row in facts:
        unknown += [
            f"{row['label']}, {name} day: {row[name]['reason']}"
            for name in ("real", "made")
            if row[name]["reason"] is not None
        ]
        if row["floor_reason"] is not None:
            unknown.append(f"{row['label']}: no floor, {row['floor_reason']}")
        cells.append(
            [row["label"], row["usual"], number(row["real"]["value"], 3), _between(row["real"]),
             number(row["made"]["value"], 3), _between(row["made"]), number(row["gap"], 3), number(row["floor"], 3),
             number(row["ratio"], 1)]
        )  # fmt: skip
    show_table(console, columns, cells, "facts of markets")
    for words in unknown:
        console.print(printable(words), markup=False, style="dim")
    console.print()


def _between(row: dict[str, Any], decimals: int = 3) -> str:
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f"{number(row['low'], decimals)} to {number(row['high'], decimals)}"
