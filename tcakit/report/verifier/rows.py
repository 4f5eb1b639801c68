"""The rows of an evidence file and their hashes, and the report's own bytes."""

import collections
import hashlib
import json
import zlib
from typing import Any, Dict, List  # the words of old interpreters: the reader's may be one

EVIDENCE_VERSION = 2
PIECE_BYTES = 4096
WORDS_OF_FILLS = ("parent_id", "symbol", "date", "liquidity", "venue", "order_type", "time_in_force")
# By part of the summary: the texts that name what numbers are of.
NAMES = {
    "currencies": ("algo", "venue", "time", "key", "parent_id"),
    "tests": ("first", "second", "group"),
    "outliers": ("parent_id",),
    "control": ("period",),
    "executive": ("key", "by", "group", "parent_id"),
    "order_benchmarks": ("parent_id",),
    "monitoring": ("threshold", "class", "group", "state"),
    "quality": ("check", "broker", "reason", "note", "name"),
    "estimates": ("model", "source", "parent_id", "reason"),
    "currency": ("from",),
}


class Broken(Exception):
    """The evidence or the report is not as it was written."""


class Evidence:
    """The rows by table, each with its number as `row`; `printed` is (number, row) by path, `told` the report's own."""

    def __init__(self):
        self.header: Dict[str, Any] = {}
        self.tables: Dict[str, List[Any]] = collections.defaultdict(list)
        self.printed: Dict[Any, Any] = {}
        self.told: Dict[str, Any] = {}
        self.sums: List[int] = []
        self.count = 0

    def one(self, table):
        """The only row of a table."""
        return self.tables[table][0]


def read_rows(data):
    """The rows of an evidence file as (table, values), each hash checked; Broken names the first that is not so."""
    previous, count, ended, start = "0" * 64, 0, False, 0
    while True:
        end = data.find(b"\n", start)
        if end < 0:
            break
        line, start, count = data[start:end], end + 1, count + 1
        body, mark, rest = line.rpartition(b',"hash":"')
        digest = hashlib.sha256(previous.encode() + body).hexdigest()
        if not mark or rest != digest.encode() + b'"}':
            raise Broken(f"row {count} has changed: {_clip(line)}")
        row = json.loads(line)
        if row["row"] != count or ended:
            raise Broken(f"row {count} stands where it does not belong")
        previous, ended = digest, row["table"] == "end"
        yield row["table"], row["values"]
    if not ended:
        raise Broken(f"row {count + 1} is missing: the file ends too early")
    if start < len(data):
        raise Broken(f"row {count + 1} does not belong to the file: something stands after its end")


def read_evidence(data):
    """An evidence file as `Evidence`; Broken where its bytes have changed or its version is another."""
    held = Evidence()
    kinds: Dict[str, Any] = {}
    # Of the words of fills, which are a few over and over, one of each is kept.
    words: Dict[str, str] = {}
    alike: List[int] = []
    for table, values in read_rows(data):
        held.count += 1
        if table == "header":
            if values["evidence_version"] != EVIDENCE_VERSION:
                raise Broken(f"row 1: version {values['evidence_version']}; this program reads {EVIDENCE_VERSION}")
            held.header = values
            kinds = {name: collections.namedtuple(name, ["row", *columns]) for name, columns in values["rows"].items()}
            alike = [place for place, name in enumerate(values["rows"]["fill"]) if name in WORDS_OF_FILLS]
        elif table == "printed":
            path, names, numbers = values
            for name, number in zip(names, numbers):
                held.printed[(*path, name)] = (number, held.count)
        elif table == "pieces":
            held.sums += [int(values[0][at : at + 8], 16) for at in range(0, len(values[0]), 8)]
        elif table == "report":
            held.told = values
        elif table == "fill":
            for place in alike:
                values[place] = words.setdefault(values[place], values[place])
            held.tables[table].append(kinds[table](held.count, *values))
        elif table in kinds:
            held.tables[table].append(kinds[table](held.count, *values))
    return held


def pieces(data):
    """Offset and bytes of each piece of a report: its lines, the long ones cut every 4,096 bytes."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        end = min(end, start + PIECE_BYTES)
        yield start, data[start:end]
        start = end


def check_report(data, told, sums):
    """Broken, with the place, unless the report is the one that the evidence was written for."""
    number = 0
    for number, (offset, piece) in enumerate(pieces(data), start=1):
        if number > len(sums) or zlib.crc32(piece) != sums[number - 1]:
            line = data.count(b"\n", 0, offset) + 1
            raise Broken(f"{told['name']} has changed in line {line} (byte {offset} on): {_clip(piece)}")
    if number != len(sums) or len(data) != told["bytes"] or hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise Broken(f"{told['name']} has changed: it has {len(data)} bytes, not the {told['bytes']} it had")


def numbers_of(value, path=()):
    """(path, number) of every number in a JSON value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numbers_of(item, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from numbers_of(item, (*path, place))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def is_name(path):
    """Whether a text of a summary names what the numbers beside it are of, so that it must be theirs."""
    head, above, last = path[0], path[-2] if len(path) > 1 else "", path[-1]
    if head == "groups" and (above == "key" or path[2] == "by"):
        return True
    if head == "currencies" and len(path) > 4 and path[2] == "heatmaps" and above in ("rows", "columns"):
        return True
    if head == "monitoring" and path[1] != "checks":
        return False
    return last in NAMES.get(head, ())


def printed_together(value, path=()):
    """(path, names, values) of every object and list in a JSON value: its own numbers, and what names them."""
    names, values, inner = [], [], []
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        kind = type(item)
        if kind is float or kind is int or (kind is str and is_name((*path, name))):
            names.append(name)
            values.append(item)
        elif kind is dict or kind is list:
            inner.append((name, item))
        elif kind is not bool and isinstance(item, (int, float)):
            names.append(name)
            values.append(item)
    if names:
        yield path, names, values
    for name, item in inner:
        yield from printed_together(item, (*path, name))


def _clip(line):
    text = line[:120].decode("utf-8", "replace").rstrip()
    return text + ("..." if len(line) > 120 else "")
