"""Read a best-execution policy: thresholds, classes, decisions on breaches, who signs; all mistakes told at once."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

from tcakit.errors import TcakitError
from tcakit.jobs.config import Checker, Field, at_least, finite, load_toml, one_of
from tcakit.market.clock import parse_date
from tcakit.registry import nearest
from tcakit.report.monitoring import (
    FACTORS,
    FILL_DIMENSIONS,
    MEASURES,
    NO_CLASS,
    ORDER_DIMENSIONS,
    Disposition,
    Policy,
    Threshold,
    dimensions_of,
)

_TABLES = ["policy", "models", "class", "threshold"]
_POLICY = {
    "name": Field((str,), required=True),
    "version": Field((str,), required=True),
    "owner": Field((str,)),
    "signatures": Field((str,), many=True),
    "exceptions": Field((str,)),
    "salt": Field((str,)),
}
_CLASS = {"name": Field((str,), required=True), "symbols": Field((str,), required=True, many=True)}
_THRESHOLD = {
    "name": Field((str,), required=True),
    "factor": Field((str,), check=one_of(list(FACTORS))),
    "measure": Field((str,), required=True, check=one_of(list(MEASURES))),
    "by": Field((str,), check=one_of([*ORDER_DIMENSIONS, *FILL_DIMENSIONS])),
    "class": Field((str,)),
    "at_most": Field((float,), check=finite),
    "at_least": Field((float,), check=finite),
    "least_orders": Field((int,), check=at_least(1)),
}
EXCEPTION_COLUMNS = ("threshold", "class", "group", "disposition", "owner", "remediation", "decided", "until")


def load_policy(path: Path) -> Policy:
    """The policy of a TOML file and of the table of exceptions that it names; ConfigError with every mistake."""
    raw, text = load_toml(path)
    checker = Checker(path, text)
    checker.tables(raw, _TABLES)
    head = checker.section("policy", raw.get("policy", {}), _POLICY)
    named = raw["models"] if isinstance(raw.get("models"), dict) else {}
    models = checker.section("models", raw.get("models", {}), {name: Field((str,)) for name in named})
    classes = _classes(raw.get("class", []), checker)
    thresholds = _thresholds(raw.get("threshold", []), classes, checker)
    if not thresholds and not checker.mistakes:
        checker.add(f"{path}:1", "the policy has no threshold", "add [[threshold]] tables")
    file = path.parent / head["exceptions"] if "exceptions" in head else None
    decided = _dispositions(file, thresholds, classes, checker) if file is not None else []
    checker.finish()
    content = text.encode() + (file.read_bytes() if file is not None else b"")
    return Policy(
        name=head["name"],
        version=head["version"],
        owner=head.get("owner"),
        thresholds=tuple(thresholds),
        classes=classes,
        models=models,
        dispositions=tuple(decided),
        signatures=tuple(head.get("signatures", ("Head of trading", "Compliance"))),
        sha256=hashlib.sha256(content).hexdigest(),
        salt=head.get("salt"),
    )


def _tables_of(raw: Any, name: str, checker: Checker) -> list[Any]:
    if isinstance(raw, list):
        return raw
    checker.add(checker.place(name), "is one table where several may stand", f"write [[{name}]]")
    return []


def _classes(raw: Any, checker: Checker) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    member: dict[str, str] = {}
    for index, table in enumerate(_tables_of(raw, "class", checker)):
        values = checker.section("class", table, _CLASS, index)
        if len(values) < len(_CLASS):
            continue
        name = values["name"]
        if name in found or name == NO_CLASS:
            checker.add(checker.place("class", "name", index), f"{name!r} is taken", "give each class its own name")
        for symbol in values["symbols"]:
            if symbol in member:
                checker.add(
                    checker.place("class", "symbols", index),
                    f"{symbol!r} stands in {member[symbol]!r} too",
                    "put each symbol into one class",
                )
            member[symbol] = name
        found[name] = tuple(values["symbols"])
    return found


def _thresholds(raw: Any, classes: dict[str, tuple[str, ...]], checker: Checker) -> list[Threshold]:
    found: list[Threshold] = []
    for index, table in enumerate(_tables_of(raw, "threshold", checker)):
        values = checker.section("threshold", table, _THRESHOLD, index)
        place = checker.place("threshold", None, index)
        if not any(isinstance(table, dict) and key in table for key in ("at_most", "at_least")):
            checker.add(place, "no limit", "give at_most or at_least")
        if values.get("at_least", float("-inf")) > values.get("at_most", float("inf")):
            checker.add(place, "at_least is above at_most", "turn them round")
        if "name" not in values or "measure" not in values:
            continue
        measure, by = values["measure"], values.get("by", "broker")
        if any(values["name"] == held.name for held in found):
            checker.add(checker.place("threshold", "name", index), "the name is taken", "name each threshold apart")
        if values.get("factor", MEASURES[measure].factor) != MEASURES[measure].factor:
            checker.add(
                checker.place("threshold", "factor", index),
                f"{measure} is no measure of {values['factor']}",
                f"write factor = {MEASURES[measure].factor!r}",
            )
        if by not in dimensions_of(measure):
            known = ", ".join(dimensions_of(measure))
            checker.add(
                checker.place("threshold", "by", index), f"{measure} is not known by {by}", f"known are {known}"
            )
        if "class" in values and values["class"] not in [*classes, NO_CLASS]:
            checker.add(*_unknown(checker.place("threshold", "class", index), "class", values["class"], list(classes)))
        found.append(
            Threshold(
                name=values["name"],
                factor=MEASURES[measure].factor,
                measure=measure,
                by=by,
                at_most=values.get("at_most"),
                at_least=values.get("at_least"),
                least_orders=values.get("least_orders", 5),
                class_name=values.get("class"),
            )
        )
    return found


def _unknown(place: str, what: str, word: str, known: list[str]) -> tuple[str, str, str]:
    guess = nearest(word, known)
    return (
        place,
        f"no {what} {word!r}",
        f"did you mean {guess!r}?" if guess else f"known are {', '.join(known) or 'none'}",
    )


def _dispositions(
    file: Path, thresholds: list[Threshold], classes: dict[str, tuple[str, ...]], checker: Checker
) -> list[Disposition]:
    place = checker.place("policy", "exceptions")
    try:
        lines = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError):
        checker.add(place, f"{file.name} cannot be read", f"give a CSV table of {', '.join(EXCEPTION_COLUMNS)}")
        return []
    if not lines or tuple(lines[0]) != EXCEPTION_COLUMNS:
        checker.add(place, f"{file.name} has other columns", f"begin it with {','.join(EXCEPTION_COLUMNS)}")
        return []
    found = []
    names = [threshold.name for threshold in thresholds]
    for number, cells in enumerate(lines[1:], start=2):
        at = f"{file}:{number} "
        if len(cells) != len(EXCEPTION_COLUMNS):
            checker.add(at, f"{len(cells)} columns instead of {len(EXCEPTION_COLUMNS)}", "check its commas and quotes")
            continue
        values = dict(zip(EXCEPTION_COLUMNS, cells, strict=True))
        if values["threshold"] not in names:
            checker.add(*_unknown(at, "threshold", values["threshold"], names))
        if values["class"] not in [*classes, NO_CLASS]:
            checker.add(*_unknown(at, "class", values["class"], [*classes, NO_CLASS]))
        empty = [name for name in ("disposition", "owner", "decided") if not values[name]]
        if empty:
            checker.add(at, f"{' and '.join(empty)} missing", "say who decided what, and when")
        for name in ("decided", "until"):
            if values[name] and not _is_date(values[name]):
                checker.add(at, f"{name} {values[name]!r} is no date", "write YYYY-MM-DD")
        found.append(
            Disposition(
                threshold=values["threshold"],
                class_name=values["class"],
                group=values["group"],
                disposition=values["disposition"],
                owner=values["owner"],
                remediation=values["remediation"],
                decided=values["decided"],
                until=values["until"] or None,
            )
        )
    return found


def _is_date(text: str) -> bool:
    try:
        return parse_date(text, "") == text
    except TcakitError:
        return False
