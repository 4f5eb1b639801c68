"""The page of a report as a PDF file, printed by a browser that is installed on the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tcakit.errors import UsageError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
BROWSER_VARIABLE = "TCAKIT_BROWSER"
_SECONDS = 180
_DATE = re.compile(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)")


def find_browser() -> str:
    """The browser that prints: the one of TCAKIT_BROWSER, else the first that is installed; UsageError if none is."""
    named = os.environ.get(BROWSER_VARIABLE)
    found = next((path for name in ([named] if named else BROWSERS) if (path := shutil.which(name))), None)
    if found is None:
        said = (
            f"{named!r} is no program"
            if named
            else "a PDF file is printed by Chromium, Chrome or Edge; none is installed"
        )
        raise UsageError(
            said,
            place="--out",
            remedy=f"install one (apt install chromium) or name it in {BROWSER_VARIABLE}, or write .html",
        )
    return found


def printed(page: str) -> bytes:
    """The PDF of an HTML page, A4 as its style sheet says; nothing is fetched, and the dates in the file are fixed.

    UsageError where no browser is there, or the one that is does not print.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="tcakit-pdf-") as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            *(browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *(f"--user-data-dir={folder}/profile", "--no-pdf-header-footer", "--virtual-time-budget=20000"),
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            *(f"--print-to-pdf={target}", source.as_uri()),
        ]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"{browser} does not print: {error}", place="--out", remedy="write .html") from None
        if not target.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            reason = said[-1] if said else f"exit code {done.returncode}"
            raise UsageError(f"{browser} printed nothing: {reason}", place="--out", remedy="write .html")
        return without_dates(target.read_bytes())


def without_dates(pdf: bytes) -> bytes:
    """The same file with the dates of its making blotted out, letter for letter, so that nothing else moves.

    >>> without_dates(b"/CreationDate (D:20260714093000+00'00')")
    b"/CreationDate (D:19800101000000+00'00')"
    """
    fixed = b"19800101000000+00'00'"

    def blot(match: re.Match[bytes]) -> bytes:
        before, mark, rest = match.group().partition(b"(D:")
        return before + mark + fixed[: len(rest) - 1].ljust(len(rest) - 1) + b")"

    return _DATE.sub(blot, pdf)
