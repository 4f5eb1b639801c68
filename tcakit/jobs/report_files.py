"""Writing a report in the form that its file's name asks for, with its evidence and the program that checks it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tcakit.errors import UsageError

if TYPE_CHECKING:
    from tcakit.report import ReportData

FORMATS = (".html", ".json", ".csv", ".xlsx", ".md", ".pdf")


def check_format(out: Path) -> None:
    """UsageError, before anything is measured, where a report of that name cannot be written on this machine."""
    kind = out.suffix.lower()
    if kind not in FORMATS:
        raise UsageError(
            f"{out.suffix or 'no suffix'} is no kind of report",
            place="--out",
            remedy=f"give a file that ends in {', '.join(FORMATS)}",
        )
    if kind == ".pdf":
        from tcakit.report.pdf import find_browser

        find_browser()
    if kind == ".xlsx":
        from tcakit.report.workbook import writer_library

        writer_library()


def write_report(
    out: Path, data: ReportData, summary: dict[str, Any], redacted: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Write the report, its evidence and the verifier; gives the summary as it was written, with `evidence` in it.

    `evidence` says the file's name, how many rows it holds before the report's own, and their seal: the hash of the
    last, which holds all before it. So the report vouches for the rows, and the rows after them for the report.
    """
    from tcakit.report.evidence import EvidenceFile, add_rows, evidence_name
    from tcakit.report.verifier_file import VERIFIER, verifier_file

    # What was asked of one order is told at once; the written report is of all of them.
    explained = summary.get("explained")
    summary = {name: value for name, value in summary.items() if name != "explained"}
    target = evidence_name(out)
    with whole_file(target) as stream:
        evidence = EvidenceFile(stream.write)
        add_rows(evidence, data, summary, redacted)
        told = {"file": target.name, "rows": evidence.rows, "seal": evidence.seal, "verifier": VERIFIER}
        summary = summary | {"evidence": told}
        content = rendered(out.suffix.lower(), data, summary)
        evidence.close(out.name, content)
        write_whole(out, content)
    write_whole(out.with_name(VERIFIER), verifier_file())
    return summary if explained is None else summary | {"explained": explained}


def rendered(kind: str, data: ReportData, summary: dict[str, Any]) -> bytes:
    """A report as the bytes of a file of that kind."""
    if kind == ".xlsx":
        from tcakit.report.workbook import workbook

        return workbook(summary)
    if kind == ".pdf":
        from tcakit.report import render
        from tcakit.report.pdf import printed

        return printed(render(data, summary))
    return _text(kind, data, summary).encode("utf-8")


def _text(kind: str, data: ReportData, summary: dict[str, Any]) -> str:
    if kind == ".html":
        from tcakit.report import render

        return render(data, summary)
    if kind == ".json":
        return json.dumps(summary, indent=1, default=str)
    from tcakit.report.text_tables import csv_table, markdown

    return markdown(summary) if kind == ".md" else csv_table(data.tca_parents.columns, data.tca_parents.rows())


def write_whole(out: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; UsageError where it cannot be written."""
    with whole_file(out) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def whole_file(out: Path) -> Iterator[IO[bytes]]:
    """A file to write that stands under its name only once the block is done; UsageError where it cannot be written."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(out)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", place=str(out), remedy="give another --out") from None
    finally:
        # Where the folder is none there is nothing to remove either.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
