"""The command line: verbs by name, and every error as a sentence with its exit code."""

from __future__ import annotations

import errno
import gc
import importlib
import json
import logging
import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer

from tcakit import __version__
from tcakit.errors import Interrupted, TcakitError

# Verbs in the order of the help, each with its file; a file has a function of the verb's name, or an `app` of verbs.
_VERBS = {
    "ingest": "ingest",
    "drop": "drop",
    "quality": "quality",
    "coverage": "firm",
    "align": "firm",
    "data-request": "firm",
    "catalog": "catalog",
    "book": "book",
    "sql": "sql",
    "instruments": "instruments",
    "rates": "rates",
    "simulate": "simulate",
    "backtest": "backtest",
    "sweep": "sweep",
    "fill-curves": "fill_curves",
    "estimate": "estimate",
    "schedule": "schedule",
    "compare": "compare",
    "runs": "compare",
    "report": "report",
    "fit": "fit",
    "batch": "batch",
    "demo": "demo",
}


def application(verb: str | None = None) -> typer.Typer:
    """The command line, with all verbs, or with one alone: nobody waits for the files and flags of the others."""
    app = typer.Typer(
        name="tcakit",
        help="Prove and improve execution: market files and blotters in, replays, costs and reports out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        epilog="Start with `tcakit demo`, then `tcakit ingest FILE`, `tcakit backtest --help`, `tcakit report --help`.",
    )
    app.callback()(root)
    for name in [verb] if verb in _VERBS else _VERBS:
        file = importlib.import_module(f"tcakit.cli.{_VERBS[str(name)]}")
        if hasattr(file, "app"):
            app.add_typer(file.app, name=name)
        else:
            app.command(name)(getattr(file, str(name).replace("-", "_")))
    return app


def _version(asked: bool) -> None:
    if asked:
        print(f"tcakit {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Prove and improve execution: market files and blotters in, replays, costs and reports out."""


_PATH_ERRORS = {
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG,
}  # fmt: skip
_OBJECTS_BETWEEN_COLLECTIONS = 200_000
_CLICK_ERROR = typer.BadParameter.__mro__[2]  # click's own base of usage errors, wherever typer keeps it


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    # What a command loads it keeps: looking through that for garbage took a tenth of the time until it began.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    given = sys.argv[1:] if arguments is None else arguments
    _mend_streams()
    as_json = "--json" in given
    _tell_of_waiting(given)
    try:
        status = _run(given, as_json)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = _complain(_interrupted(), as_json)
    except OSError as error:
        # What we print could not be written: at the end, or while telling of an error.
        status = _cannot_print(error)
    raise SystemExit(status)


class _ToStderr(logging.Handler):
    """Lines of the log on what stderr is at that moment: above a progress bar where one is drawn."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):
            print(f"tcakit: {record.getMessage()}", file=sys.stderr, flush=True)


def _tell_of_waiting(given: list[str]) -> None:
    """Say at a terminal for whom we wait; elsewhere only an error at the end tells, so that cron mails only trouble."""
    log = logging.getLogger("tcakit.store")
    for handler in log.handlers[:]:
        if isinstance(handler, _ToStderr):
            log.removeHandler(handler)
    if sys.stderr.isatty() and not {"-q", "--quiet"} & set(given):
        log.addHandler(_ToStderr())
        log.setLevel(logging.INFO)


def _run(given: list[str], as_json: bool) -> int:
    try:
        # Not standalone: errors come back to be told in our own words.
        app = application(given[0] if given else None)
        code = app(given, prog_name="tcakit", standalone_mode=False)
        if code == Interrupted.exit_code:
            return _complain(_interrupted(), as_json)
        return code if isinstance(code, int) else 0
    except TcakitError as error:
        return _complain(error, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return _complain(_interrupted(), as_json)
    except SystemExit as error:
        # rich and click leave so when the reader of our output has gone (`| head`): nobody is left to tell.
        _hush()
        return 0 if error.code == 1 else int(error.code or 0)
    except MemoryError:
        return _complain(_error("unexpected", "out of memory", 1, "give it fewer days or symbols at a time"), as_json)
    except Exception as error:
        if isinstance(error, _CLICK_ERROR):
            return _usage(error, as_json)
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC) and error.filename is None:
            raise
        if _from_interrupt(error):
            return _complain(_interrupted(), as_json)
        if os.environ.get("TCAKIT_TRACEBACK"):
            raise
        if isinstance(error, OSError):
            return _complain(_of_the_system(error), as_json)
        remedy = "set TCAKIT_TRACEBACK=1 to see where, and report it"
        return _complain(_error("unexpected", f"{type(error).__name__}: {error}", 1, remedy), as_json)


def _of_the_system(error: OSError) -> TcakitError:
    """A path that cannot be used is a wrong call; a full or broken disk is not."""
    message = error.strerror or str(error)
    place = None if error.filename is None else os.fsdecode(error.filename)
    if place is not None and error.errno in _PATH_ERRORS:
        return _error("usage", message, 2, "check the path and its permissions", place)
    return _error("unexpected", message, 1, "check the disk", place)


def _usage(error: Exception, as_json: bool) -> int:
    """A wrong call in click's words; without any words on it the help, as it stands."""
    message = getattr(error, "format_message", lambda: str(error))()
    if type(error).__name__ == "NoArgsIsHelpError":
        if as_json:
            return _complain(_error("usage", "no verb", 2, "see --help"), as_json)
        print(message)
        return 2
    context = getattr(error, "ctx", None)
    place = None if context is None else context.command_path
    return _complain(_error("usage", message.rstrip("."), 2, "see --help", place), as_json)


def _complain(error: TcakitError, as_json: bool) -> int:
    if as_json:
        from tcakit.cli.common import plain

        told: dict[str, Any] = {"error": error.as_dict(), **error.done}
        sys.stdout.write(json.dumps(plain(told), default=str) + "\n")
    else:
        text = _one_piece(error)
        print(text if text.startswith(("tcakit ", "tcakit:")) else f"tcakit: {text}", file=sys.stderr)
    return error.exit_code


def _one_piece(error: TcakitError) -> str:
    """The error for a terminal: what files and users bring into it may not command the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in str(error))


def _interrupted() -> TcakitError:
    return Interrupted("interrupted; what was under way is not stored")


def _from_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C stands behind an error: libraries turn it into errors of their own."""
    seen = 0
    while error is not None and seen < 10:
        # DuckDB says "Query interrupted" with an error of no kind of its own.
        if isinstance(error, KeyboardInterrupt) or str(error) == "Query interrupted":
            return True
        error = error.__cause__ or error.__context__
        seen += 1
    return False


def _cannot_print(error: OSError) -> int:
    """0 when the reader has gone, 1 when the output is lost for another reason (a full disk)."""
    _hush()
    if error.errno == errno.EPIPE:
        return 0
    with suppress(OSError):
        print(f"tcakit: cannot print: {error.strerror}; make room", file=sys.stderr)
    return 1


def _hush() -> None:
    """Let nothing more go to an output that nobody reads."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mend_streams() -> None:
    """Streams that the caller closed lead nowhere; letters that an output cannot show become question marks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _error(code: str, message: str, exit_code: int, remedy: str | None, place: str | None = None) -> TcakitError:
    error = TcakitError(message, remedy=remedy, place=place)
    error.code, error.exit_code = code, exit_code
    return error
