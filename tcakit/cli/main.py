"""The command line: verbs by name, and every error as a sentence with its exit code."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated

import typer

from tcakit import __version__
from tcakit.cli import backtest, batch, book, catalog, demo, drop, ingest, report, simulate, sql
from tcakit.errors import TcakitError

app = typer.Typer(
    name="tcakit",
    help="Prove and improve execution: market files and blotters in, replays, costs and reports out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Start with `tcakit demo`, then `tcakit ingest FILE`, `tcakit backtest --help`, `tcakit report --help`.",
)
app.command("ingest")(ingest.ingest)
app.command("drop")(drop.drop)
app.command("catalog")(catalog.catalog)
app.command("book")(book.book)
app.command("sql")(sql.sql)
app.add_typer(simulate.app, name="simulate")
app.command("backtest")(backtest.backtest)
app.command("report")(report.report)
app.command("batch")(batch.batch)
app.command("demo")(demo.demo)


def _version(asked: bool) -> None:
    if asked:
        print(f"tcakit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Prove and improve execution: market files and blotters in, replays, costs and reports out."""


_CLICK_ERROR = typer.BadParameter.__mro__[2]  # click's own base of usage errors, wherever typer keeps it


def _complain(error: TcakitError, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": error.as_dict(), **error.done}, default=str) + "\n")
    else:
        print(f"tcakit: {error}", file=sys.stderr)
    return error.exit_code


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        # Not standalone: errors come back to be told in our own words.
        code = app(given, standalone_mode=False)
        status = code if isinstance(code, int) else 0
    except TcakitError as error:
        status = _complain(error, as_json)
    except typer.Abort:
        status = _complain(_error("interrupted", "interrupted", 130), as_json)
    except KeyboardInterrupt:
        status = _complain(_error("interrupted", "interrupted; what was under way is not stored", 130), as_json)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except MemoryError:
        status = _complain(_error("unexpected", "out of memory", 1), as_json)
    except Exception as error:
        if isinstance(error, _CLICK_ERROR):
            message = getattr(error, "format_message", lambda: str(error))()
            status = _complain(_error("usage", message, 2, "see --help"), as_json)
        elif os.environ.get("TCAKIT_TRACEBACK"):
            raise
        else:
            remedy = "set TCAKIT_TRACEBACK=1 to see where, and report it"
            status = _complain(_error("unexpected", f"{type(error).__name__}: {error}", 1, remedy), as_json)
    raise SystemExit(status)


def _error(code: str, message: str, exit_code: int, remedy: str | None = None) -> TcakitError:
    error = TcakitError(message, remedy=remedy)
    error.code, error.exit_code = code, exit_code
    return error
