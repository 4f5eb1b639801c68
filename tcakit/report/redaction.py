"""A report without names: each value of chosen columns becomes a label, the same one wherever it stands."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.registry import nearest
from tcakit.report.data import ReportData
from tcakit.tca.filter_words import words_of
from tcakit.tca.order_facts import OTHER_NAMES

COLUMNS = ("trader", "account", "broker", "algo", "venue", "parent_id", "order_id", "fill_id", "client", "prepared_by")
"""What can be masked; `client` and `prepared_by` are titles of the report, the others columns of its rows."""
WITHHELD = "withheld"
_FREE_TEXTS = ("notes", "params", "reason", "options")
_LETTERS = 12
_SHORTEST_IN_TEXT = 2


def check_columns(names: Sequence[str], tags: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns to mask, each once; UsageError, with the nearest name, for one that cannot be."""
    known = [*COLUMNS, *tags]
    for name in names:
        if name not in known:
            guess = nearest(name, known)
            hint = f"did you mean {guess!r}? " if guess else ""
            raise UsageError(f"no column {name!r}", place="--redact", remedy=f"{hint}known are {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def label(column: str, value: str, salt: str) -> str:
    """What stands for a value: HMAC-SHA-256 under the salt, so that nobody without it can try names until one fits.

    >>> label("trader", "M. Okafor", "a salt of the desk")
    'trader-9e8585093491'
    """
    digest = hmac.new(salt.encode(), f"{column}\0{value}".encode(), hashlib.sha256).hexdigest()
    return f"{column}-{digest[:_LETTERS]}"


def redacted(data: ReportData, columns: Sequence[str], salt: str) -> ReportData:
    """The same rows with the values of `columns` masked everywhere: in every table, in notes, titles and settings.

    Rows of files that were refused are withheld, since they can hold anything, and so are the files' paths. Everything
    made from the result (page, workbook, evidence) holds no masked value. Equal values get equal labels.
    """
    chosen = check_columns(columns, [name for name in data.tag_names if name not in COLUMNS])
    if not chosen:
        return data
    labels = _labels(data, chosen, salt)
    in_text = _in_text(labels)
    changed: dict[str, Any] = {}
    for field in fields(data):
        value = getattr(data, field.name)
        if isinstance(value, pl.DataFrame):
            # A tag may say who somebody is in words of its own: all of them are searched as free texts are.
            searched = data.tag_names if field.name == "tags" else _FREE_TEXTS
            changed[field.name] = _masked(value, labels, in_text, searched)
    changed["faults"] = changed["faults"].with_columns(text=pl.lit(WITHHELD), path=pl.lit(WITHHELD))
    changed["files"] = changed["files"].with_columns(path=pl.concat_str(pl.lit("file "), pl.int_range(1, pl.len() + 1)))
    changed["run"] = in_text_of(data.run, in_text)
    changed["titles"] = {name: labels.get(name, {}).get(text, in_text(text)) for name, text in data.titles.items()}
    changed["clocks"] = [
        {**row, "broker": labels.get("broker", {}).get(row["broker"], row["broker"])} for row in data.clocks
    ]
    changed["scope"] = replace(data.scope, where=_condition(data.scope.where, chosen, in_text))
    of_orders = labels.get("parent_id", {})
    changed["page"] = replace(data.page, orders=tuple(of_orders.get(name, name) for name in data.page.orders))
    if data.previous is not None:
        # Words on it may quote the condition.
        where, told = data.scope.where, data.previous.what
        told = told.replace(where, changed["scope"].where) if where else told
        own = data.previous.data
        changed["previous"] = replace(
            data.previous, what=in_text(told), data=None if own is None else redacted(own, columns, salt)
        )
    return replace(data, **changed)


def _condition(where: str | None, columns: Sequence[str], in_text: Callable[[str], str]) -> str | None:
    """A condition as written; withheld where it asks a masked column, whose values it may name in any spelling."""
    if not where:
        return where
    names = {word.written.lower() for word in words_of(where) if word.kind == "name"}
    asked = {*names, *(OTHER_NAMES.get(name, name) for name in names)}
    return WITHHELD if asked & {column.lower() for column in columns} else in_text(where)


def _labels(data: ReportData, columns: Sequence[str], salt: str) -> dict[str, dict[str, str]]:
    """Label by value, by column: of every value that stands in any table, title or clock."""
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        values = {str(data.titles[column])} if data.titles.get(column) else set()
        for field in fields(data):
            frame = getattr(data, field.name)
            if isinstance(frame, pl.DataFrame) and column in frame.columns and frame.schema[column] == pl.String:
                values |= set(frame[column].drop_nulls().unique().to_list())
        if column == "broker":
            values |= {str(row["broker"]) for row in data.clocks if row["broker"]}
        found[column] = {value: label(column, value, salt) for value in sorted(values) if value}
    return found


def _in_text(labels: Mapping[str, Mapping[str, str]]) -> Callable[[str], str]:
    """A function that masks the values where they stand inside a longer text, as words of their own."""
    known = {value: mark for held in labels.values() for value, mark in held.items() if len(value) >= _SHORTEST_IN_TEXT}
    if not known:
        return lambda text: text
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(value) for value in longest_first) + r")(?!\w)")
    return lambda text: pattern.sub(lambda match: known[match.group()], text)


def in_text_of(value: Any, in_text: Callable[[str], str]) -> Any:
    """A JSON-able value with all its texts, names of settings too, put through a function."""
    if isinstance(value, str):
        return in_text(value)
    if isinstance(value, Mapping):
        return {in_text_of(name, in_text): in_text_of(item, in_text) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_text_of(item, in_text) for item in value]
    return value


def _masked(
    frame: pl.DataFrame,
    labels: Mapping[str, Mapping[str, str]],
    in_text: Callable[[str], str],
    searched: Sequence[str],
) -> pl.DataFrame:
    """The frame with its masked columns replaced and its free texts searched; columns that link rows stay linked."""
    out = []
    for name, kind in frame.schema.items():
        if kind != pl.String:
            continue
        # `revises` names a fill.
        held = labels.get("fill_id" if name == "revises" else name)
        if held is not None:
            out.append(pl.col(name).replace_strict(held, default=pl.col(name), return_dtype=pl.String))
        elif name in searched:
            texts = frame[name].drop_nulls().unique().to_list()
            out.append(
                pl.col(name).replace_strict({t: in_text(t) for t in texts}, default=None, return_dtype=pl.String)
            )
    return frame.with_columns(out)
