"""Reports of SEC Rule 605 checked, and venues set side by side, with our own executions beside them if asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import DataError, SeveralErrors, TcakitError, UsageError
from tcakit.feeds.cell_faults import CellFaults
from tcakit.feeds.files import discover, sources
from tcakit.feeds.oes import is_summary_header, read_summary
from tcakit.feeds.rule605_detailed import read_detailed
from tcakit.feeds.rule605_forms import DETAILED, OLD, Form, form_of
from tcakit.jobs.rule605 import OwnRequest, OwnSummary, own_summary, write_oes
from tcakit.market.rule605 import SIZE_WORDS, SUMMARY_KEY, SUMMARY_TYPE_WORDS
from tcakit.store.database import Store

SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class VenuesRequest:
    """Files of reports; `check` only validates them; `own` sets our executions beside them, `write` writes these."""

    files: Sequence[str] = ()
    check: bool = False
    by_size: bool = False
    own: OwnRequest | None = None
    write: Path | None = None


@dataclass(slots=True)
class _Report:
    """One file as it was read: its name, form, good rows and defects."""

    path: str
    form: Form | None  # None is the summary
    rows: pl.DataFrame
    faults: CellFaults
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = SUMMARY_KEY if self.form is None else self.form.keys

    @property
    def kind(self) -> str:
        return SUMMARY if self.form is None else self.form.name


def venues(folder: Path, request: VenuesRequest, *, wait_s: float = 30.0) -> dict[str, Any]:
    """Read reports, check them, and compare what they tell.

    Gives `files` (path, form, rows, refused and remarks with their places), `rows` of `tca.venues.COLUMNS`, `notes`,
    and, where asked for, `own` and `written`. DataError, with all of that in `done`, where a file is not as its form
    says; UsageError where there is nothing to read.
    """
    if not request.files and request.own is None:
        raise UsageError("no report is given", place="venues", remedy="name a file, or --orders or --run for our own")
    if request.check and not request.files:
        raise UsageError("nothing to check", place="--check", remedy="name a file")
    if request.check and request.own is not None:
        raise UsageError("--check looks at files alone", place="--check", remedy="leave out --orders and --run")
    if request.write is not None and request.own is None:
        raise UsageError("nothing to write", place="--write", remedy="say whose executions: --orders or --run")
    troubles: list[TcakitError] = []
    reports = _read(request.files, troubles)
    _refuse_repeated(reports)
    result: dict[str, Any] = {"files": [_told(report) for report in reports], "rows": [], "notes": []}
    own, store = None, None
    if request.own is not None:
        store = Store(folder, wait_s=wait_s)
        own = own_summary(store, request.own)
        result["own"] = {"rows": own.rows.to_dicts(), "left_out": own.left_out, "missing": own.missing}
        result["notes"] += own.notes
    if not request.check:
        compared = _compared(reports, own, request.by_size)
        result["rows"] = compared.to_dicts()
        result["notes"] += _notes(reports, compared)
    troubles += [_complaint(report) for report in reports if report.faults.refused]
    if store is not None and request.own is not None and request.write is not None:
        try:
            result["written"] = write_oes(store, request.own, request.write, own)
        except TcakitError as error:
            troubles.append(error)
    if troubles:
        several = SeveralErrors(f"{len(troubles)} things are not in order:", troubles)
        told = troubles[0] if len(troubles) == 1 else several
        told.done = result
        raise told
    return result


def _read(files: Sequence[str], troubles: list[TcakitError]) -> list[_Report]:
    """Every report of the files, folders and archives named; what is none is added to `troubles`."""
    reports = []
    for source in sources(discover(list(files)), troubles) if files else ():
        for label, content in source.members:
            try:
                data = content if isinstance(content, bytes) else content.read_bytes()
                reports.append(_report(label if len(source.members) == 1 else f"{source.name}!{label}", data))
            except TcakitError as error:
                troubles.append(error)
            except OSError as error:
                troubles.append(UsageError(f"cannot be read ({error.strerror})", place=label, remedy="check the path"))
    return reports


def _report(path: str, data: bytes) -> _Report:
    if not data.strip():
        raise DataError("the file is empty", place=path, remedy="fetch it again")
    first = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    if is_summary_header(first):
        rows, faults = read_summary(path, data)
        return _Report(path, None, rows, faults)
    if form_of(first) is None:
        raise DataError(
            f"no report of Rule 605 begins with {first[:60]!r}",
            place=f"{path}:1",
            remedy="give a summary (18 columns apart by commas) or a detailed report (55 or 26 fields apart by |)",
        )
    form, rows, faults = read_detailed(path, data)
    return _Report(path, form, rows, faults)


def _refuse_repeated(reports: list[_Report]) -> None:
    """Rows that an earlier file has too are refused, so that nothing is counted twice."""
    seen: dict[str, list[_Report]] = {}
    for report in reports:
        for earlier in seen.setdefault(report.kind, []):
            keys = list(report.keys)
            again = report.rows.join(earlier.rows.select(keys), on=keys, how="semi", maintain_order="left")
            if again.height:
                report.faults.add(
                    again["line"][0], None, " ".join(again.select(keys).row(0)),
                    f"a row that no other file has: {earlier.path} has it, and {again.height:,} of this file in all",
                )  # fmt: skip
                report.faults.unlisted += again.height - 1
                report.rows = report.rows.join(earlier.rows.select(keys), on=keys, how="anti", maintain_order="left")
        seen[report.kind].append(report)


def _told(report: _Report) -> dict[str, Any]:
    faults = report.faults
    return {
        "path": report.path,
        "form": report.kind,
        "rows": faults.rows,
        "good_rows": report.rows.height,
        "refused": faults.refused,
        "remarks": faults.odd,
        "faults": [fault.as_dict() | {"text": str(fault)} for fault in faults],
    }


def _complaint(report: _Report) -> DataError:
    first = next(fault for fault in report.faults if not fault.kept)
    column = f" {first.column}" if first.column else ""
    count = report.faults.refused
    return DataError(
        f"{count:,} fault{'s' if count != 1 else ''}; the first: found {first.found!r}, allowed is {first.allowed}",
        place=f"{first.path}:{first.line}{column}",
        remedy="--check lists them; rows with a fault are not used",
    )


def _compared(reports: list[_Report], own: OwnSummary | None, by_size: bool) -> pl.DataFrame:
    from tcakit.tca.venues import of_detailed, of_own, of_summary, side_by_side

    parts = []
    # A venue may file a month in several files: their rows are of one report.
    for form in (None, DETAILED, OLD):
        of_form = [report.rows for report in reports if report.form is form]
        if not of_form:
            continue
        rows = pl.concat(of_form)
        if form is None:
            parts.append(of_summary(rows, by_size))
            continue
        words = rows.with_columns(pl.col("order_type").replace(form.types), pl.col("size").replace(form.sizes))
        parts.append(of_detailed(words, form.name, by_size, seconds=form.seconds))
    if own is not None:
        parts.append(of_own(own.rows, by_size))
    types = [*SUMMARY_TYPE_WORDS.values(), *DETAILED.types.values(), *OLD.types.values()]
    sizes = ["all", *SIZE_WORDS.values(), *OLD.sizes.values()]
    return side_by_side(parts, types, sizes)


_RESTS = {
    "effective_over_quoted": "E/Q",
    "effective": "the effective spread",
    "improvement": "price improvement",
    "execution": "the time",
}


def _notes(reports: list[_Report], rows: pl.DataFrame) -> list[str]:
    """What the numbers of this comparison do not say."""
    notes = []
    if any(report.form is None for report in reports):
        notes.append("a summary tells averages without counts: its rows are shown as filed and not added up")
    for report in reports:
        percent = [fault for fault in report.faults if fault.kept and "percent was written" in fault.allowed]
        if percent:
            brought = "brought to fractions here" if report.form is None else "not used: E/Q is made of the spreads"
            notes.append(f"{report.path} has E/Q in percent, a hundred times the form's: {brought}")
        if report.form is OLD:
            notes.append(
                f"{report.path} is of the form until 2025: no quoted spread and no mid, so no E/Q and no bps; times "
                "in steps of 0.1 s"
            )
        if report.faults.odd:
            notes.append(f"{report.path}: {report.faults.odd:,} remarks on rows that are used all the same (--check)")
    for row in rows.iter_rows(named=True):
        for name, words in _RESTS.items():
            behind, done = row[f"{name}_shares"], row["executed_shares"]
            if behind and done and behind < done * (1 - 1e-9):
                notes.append(
                    f"{row['entity'] or 'own'}, {row['order_type']}, {row['size']}: {words} rests on {behind:,.0f} of "
                    f"{done:,.0f} executed shares"
                )
    return notes
