"""What every verb shares: its options, where output goes, progress bars, and what --verbose tells."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

SIDE_WORDS = {1: "buy", -1: "sell"}


def _seconds(value: float) -> float:
    """A waiting time that ends."""
    if not 0 <= value <= _LONGEST_WAIT_S:
        raise typer.BadParameter(f"{value:g} is not between 0 and {_LONGEST_WAIT_S} seconds")
    return value


_LONGEST_WAIT_S = 86_400
StoreOption = Annotated[
    Path,
    typer.Option("--store", envvar="TCAKIT_STORE", help="Folder of the store.", show_envvar=True),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but trouble.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more: compile seconds of each kernel, timings.")
]
WaitOption = Annotated[
    float,
    typer.Option("--wait", callback=_seconds, help="Seconds to wait for another process that holds the store."),
]
DateOption = Annotated[str | None, typer.Option("--date", help="Trade date, YYYY-MM-DD.")]
_PIPE_WIDTH = 200
DEFAULT_STORE = Path("tcakit-store")


@dataclass(slots=True)
class Out:
    """Where a verb's words go: tables on stdout for people, one JSON object for machines, progress on stderr."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def console(self) -> Console:
        from rich.console import Console

        # A pipe has no width: rich would cut columns at 80, and the numbers with them.
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
        return Console(width=width, highlight=False, emoji=False, soft_wrap=False)

    def result(self, result: dict[str, Any], show: Callable[[Console], None] | None = None) -> None:
        """Print a result the way it was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(result), allow_nan=False, default=str) + "\n")
        elif not self.quiet and show is not None:
            show(self.console)

    def say(self, text: str) -> None:
        """A line for people, on stdout."""
        if not (self.as_json or self.quiet):
            print(text, flush=True)

    def note(self, text: str) -> None:
        """A line on stderr under --verbose."""
        if self.verbose:
            print(text, file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[str, int, int], None] | None]:
        """A progress bar on stderr where it is a terminal; None elsewhere."""
        if self.as_json or self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)

            def step(name: str, done: int, total: int) -> None:
                # A path's end says which file it is; the bar needs the rest of the line.
                bar.update(task, description=f"{what} {_end_of(name)}", completed=done, total=total)

            yield step

    @contextmanager
    def kernels(self) -> Iterator[None]:
        """Under --verbose, say afterwards which kernels were compiled and how long each took."""
        if not self.verbose:
            yield
            return
        from tcakit.jit import compile_times

        begun = time.perf_counter()
        with compile_times() as seconds:
            yield
        for name, taken in sorted(seconds.items(), key=lambda item: -item[1]):
            self.note(f"compiled {name} in {taken:.2f} s")
        if not seconds:
            self.note("compiled nothing: all kernels came from the cache")
        self.note(f"took {time.perf_counter() - begun:.3f} s")


def _end_of(name: str, most: int = 36) -> str:
    from rich.markup import escape

    end = name.rpartition("/")[2]
    return escape(end if len(end) <= most else f"…{end[1 - most :]}")


def was_given(context: typer.Context, name: str) -> bool:
    """Whether the user said a parameter, by flag or environment, rather than leaving its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")


def flags_given(context: typer.Context, names: Iterable[str]) -> str:
    """Those of the parameters that the user said, as he wrote or could have written them; empty if none."""
    wanted = set(names)
    return ", ".join(
        parameter.opts[0] for parameter in context.command.params
        if parameter.name in wanted and was_given(context, parameter.name)
    )  # fmt: skip


def process_start() -> float:
    """When this process began, by `time.perf_counter`; now where the system does not say."""
    now = time.perf_counter()
    try:
        with open("/proc/self/stat") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
        with open("/proc/uptime") as file:
            up = float(file.read().split()[0])
        return now - (up - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return now


def plain(value: Any) -> Any:
    """Values that JSON knows: not-a-number becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
