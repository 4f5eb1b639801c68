"""Tables for people: columns that do not fit the terminal are left out by rank, never cut in the middle of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading (lines apart by a line break), whether it holds numbers, and when it may go.

    Columns of rank 0 stay; where the terminal is too narrow, those of the highest rank go first.
    """

    name: str
    right: bool = False
    rank: int = 0


def show_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[object]], title: str = "", caption: str = ""
) -> None:
    """Print rows under the columns that fit; says when some were left out."""
    cells = [["\n".join(map(printable, _lines(value))) for value in row] for row in rows]
    kept = fitting(columns, cells, console.width)
    heads = [columns[index].name for index in kept]
    if title:
        console.print(_text(title), style="bold")
    shown = [columns[index] for index in kept]
    body = [[row[index] for index in kept] for row in cells]
    widths = [_width([head, *(row[place] for row in body)]) for place, head in enumerate(heads)]
    if _total(widths) <= console.width and not any("\n" in cell for row in body for cell in row):
        _print_plain(console, shown, body, widths)
    else:
        _print_folded(console, shown, body)
    if caption:
        console.print(_text(caption), style="dim")
    if len(kept) < len(columns):
        gone = [columns[index].name.replace("\n", " ") for index in range(len(columns)) if index not in kept]
        console.print(_text(f"too narrow here for: {', '.join(gone)}"), style="dim")


def _print_plain(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """Lines of padded cells: a hundred times faster than a laid-out table, for the many rows of a query."""
    from rich.cells import cell_len

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, column, width in zip(cells, columns, widths, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if column.right else cell + space)
        return (" " * _GAP).join(padded).rstrip()

    height = max(column.name.count("\n") + 1 for column in columns) if columns else 0
    heads = [[""] * (height - 1 - column.name.count("\n")) + column.name.split("\n") for column in columns]
    for number in range(height):
        console.print(_text(line([head[number] for head in heads])), style="bold")
    if rows:
        console.out("\n".join(line(row) for row in rows), highlight=False)


def _print_folded(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table whose texts are folded; a number is never broken."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(_text(column.name), justify=justify, no_wrap=column.right, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    console.print(table)


def fitting(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """The places of the columns that fit into a width, in order.

    >>> fitting([Column("a"), Column("b", rank=2), Column("c", rank=1)], [["xxxx", "yyyy", "zzzz"]], 10)
    [0, 2]
    """
    widths = [_width([column.name, *(row[place] for row in cells)]) for place, column in enumerate(columns)]
    kept = list(range(len(columns)))
    while _total([widths[index] for index in kept]) > width:
        going = max(kept, key=lambda index: (columns[index].rank, index))
        if columns[going].rank == 0:
            break
        kept.remove(going)
    return kept


def _width(texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(cell_len(line) for text in texts for line in text.split("\n"))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * max(0, len(widths) - 1)


def _lines(value: object) -> list[str]:
    """A text's own lines; a value without any is one empty line."""
    return [""] if value is None else str(value).split("\n")


def printable(value: object) -> str:
    """A value as text without control characters, which would command the terminal; nothing for None."""
    if value is None:
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))


def _text(value: str) -> Text:
    from rich.text import Text

    return Text(value)


def number(value: float | None, decimals: int, factor: float = 1.0) -> str:
    """A number with thousands apart and fixed decimals; nothing for None."""
    return "" if value is None else f"{value * factor:,.{decimals}f}"


def price_decimals(prices: Sequence[float | None], least: int = 2, most: int = 8) -> int:
    """The decimals that recorded prices need, so that all of a table have the same.

    >>> price_decimals([186.5, 186.55, 0.0001])
    4
    """
    needed = least
    for price in prices:
        if price is not None:
            decimals = f"{price:.{most}f}".rstrip("0").partition(".")[2]
            needed = max(needed, len(decimals))
    return needed
