"""Detailed reports of SEC Rule 605(a)(1), new and old: rows by symbol, size and type of order, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.cell_faults import CellFaults
from tcakit.feeds.contract import Faults
from tcakit.feeds.raw_table import RawTable, read_table
from tcakit.feeds.rule605_checks import remark_rows
from tcakit.feeds.rule605_forms import Form, form_of

LISTED = 100
"""Of each kind of defect so many rows are listed; the others are counted."""
_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"


def read_detailed(path: str, data: bytes) -> tuple[Form, pl.DataFrame, CellFaults]:
    """The form, the good rows with our names (`line`, keys as text, numbers as float64, null where empty), and defects.

    Rows that a field refuses are left out. Rows whose counts do not add up stay, with a remark. DataError where the
    first line begins neither form.

    >>> row = "T|ACME|201708|XYZ|11|21|2|300|100|200|0|200|0|0|0|0|0.02|0.01|0|0.0|0.0|200|0.1|0|0.0|0.0"
    >>> form, rows, faults = read_detailed("a.txt", row.encode())
    >>> form.name, rows["executed_shares"].to_list(), list(faults)
    ('detailed until 2025', [200.0], [])
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    first = data[: data.find(b"\n")] if b"\n" in data else data
    form = form_of(first.decode("utf-8", "replace").rstrip("\r"))
    if form is None:
        raise DataError(
            f"no detailed report of Rule 605: its first line is {first[:80].decode('utf-8', 'replace')!r}",
            place=f"{path}:1",
            remedy="a report has 55 fields under their names, or 26 without, apart by |",
        )
    faults = CellFaults(path)
    table, before = _table(path, data, form)
    for line, reason in before:
        faults.add(line, None, reason, f"{len(form.names)} fields apart by |")
    # The table's own header is not a row.
    shift = 0 if form.header else 1
    names = [name.strip() for name in table.frame.columns]
    if form.header:
        faults.check_header(1, names, form.names)
    lacking = [name for name in form.names if name not in names]
    if lacking:
        raise DataError(
            f"no column {', '.join(lacking)}", place=f"{path}:1", remedy=f"the form has {len(form.names)} columns"
        )
    known = dict(zip(form.names, form.fields, strict=True))
    text = table.frame.rename(dict(zip(table.frame.columns, names, strict=True)))
    text = text.select(pl.col(name).str.strip_chars().alias(field) for name, field in known.items())
    text = text.with_columns(line=pl.Series(table.lines - shift, dtype=pl.Int64))
    del table  # a large market center's file is large in memory too
    faults.rows = text.height + len(before)
    rules = {field: (wrong, allowed) for field, wrong, allowed in _rules(form)}
    bad = text.select(wrong.fill_null(True).alias(field) for field, (wrong, _) in rules.items())
    for field in bad.columns:
        if bad[field].any():
            _list(faults, form.called(field), text.filter(bad[field]), field, rules[field][1])
    refused = bad.select(pl.any_horizontal(pl.all()).alias("refused"))["refused"]
    rows = text.select("line", *form.keys, pl.col(form.numbers).cast(pl.Float64, strict=False))
    del text
    keys = [pl.col(name) for name in form.keys]
    doubled = rows.select(~pl.struct(keys).is_first_distinct())[:, 0] & ~refused
    refused |= doubled
    _list_doubles(faults, form, rows, doubled)
    rows = rows.filter(~refused)
    remark_rows(form, rows, faults, LISTED)
    return form, rows, faults


def _table(path: str, data: bytes, form: Form) -> tuple[RawTable, list[tuple[int, str]]]:
    """The file as text, and the lines that have a wrong number of fields."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"byte {data[error.start]:#04x} is not UTF-8 text", place=f"{path}:{line}", remedy="save it as UTF-8"
        ) from None
    found = Faults()
    shift = 0 if form.header else 1
    head = b"" if form.header else "|".join(form.names).encode() + b"\n"
    table = read_table(path, head + data, found, separator="|")
    return table, [(fault.line - shift, fault.reason) for fault in found.found]


def _rules(form: Form) -> Iterator[tuple[str, pl.Expr, str]]:
    """Our name of a field, where it is wrong, and what is allowed."""
    for name in form.keys:
        field = pl.col(name)
        if name == "month":
            yield name, ~field.str.contains(form.months), "a month YYYYMM of this form"
        elif name in ("size", "order_type"):
            words = form.sizes if name == "size" else form.types
            yield name, ~field.is_in(list(words)), f"one of {', '.join(words)}"
        elif name in ("participant", "entity"):
            yield name, ~field.str.contains(r"^[A-Z0-9]+$"), "capital letters"
        else:
            yield name, field.is_null() | (field == ""), "a text"
    for name in form.numbers:
        field = pl.col(name)
        number = field.str.contains(_NUMBER) & field.cast(pl.Float64, strict=False).is_finite()
        allowed = "a number"
        if name in form.counts:
            number &= field.cast(pl.Float64, strict=False) >= 0
            allowed = "a number from 0"
        empty = field.is_null() | (field == "")
        if name in form.required:
            yield name, empty | ~number, f"{allowed}; it may not be empty"
        else:
            yield name, ~empty & ~number.fill_null(False), f"{allowed}, or nothing"


def _list(faults: CellFaults, column: str, bad: pl.DataFrame, field: str, allowed: str) -> None:
    for line, found in bad.select("line", field).head(LISTED).iter_rows():
        faults.add(line, column, "" if found is None else found, allowed)
    faults.unlisted += max(0, bad.height - LISTED)


def _list_doubles(faults: CellFaults, form: Form, rows: pl.DataFrame, doubled: pl.Series) -> None:
    if not doubled.any():
        return
    again = rows.filter(doubled)
    firsts = rows.group_by(form.keys, maintain_order=True).agg(pl.col("line").first().alias("before"))
    for row in again.head(LISTED).join(firsts, on=form.keys, how="left", maintain_order="left").iter_rows(named=True):
        key = " ".join(row[name] for name in form.keys)
        faults.add(row["line"], None, key, f"a key that no other row has: line {row['before']} has it")
    faults.unlisted += max(0, again.height - LISTED)
