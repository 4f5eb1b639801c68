"""A blotter's mapping: canonical field <- the firm's column, with parse rules, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.feeds.fix_mapping import FORMAT as FIX
from tcakit.feeds.fix_mapping import compile_fix_mapping
from tcakit.feeds.mapping_checks import Checker
from tcakit.feeds.sides import ORDER_WORDS
from tcakit.feeds.tags import checked_tags, unmapped_tags
from tcakit.market import clock, codes
from tcakit.market.codes import BUY, MAKER, SELL, TAKER
from tcakit.registry import nearest

# Canonical field -> whether every row must have it.
FIELDS: dict[str, dict[str, bool]] = {
    "parents": {
        "parent_id": True,
        "symbol": True,
        "side": True,
        "quantity": True,
        "arrival_time": True,
        "limit_price": False,
        "decision_time": False,
        "decision_price": False,
        "end_time": False,
        "algo": False,
        "broker": False,
        "trader": False,
        "account": False,
        "currency": False,
        "fees": False,
        "venue": False,
        "notes": False,
    },
    "fills": {
        "fill_id": True,
        "symbol": True,
        "side": True,
        "time": True,
        "price": True,
        "quantity": True,
        "parent_id": False,
        "order_id": False,
        "received_time": False,
        "liquidity": False,
        "fee": False,
        "fee_currency": False,
        "venue": False,
    },
}
TIMES = {"arrival_time", "decision_time", "end_time", "time", "received_time"}
NUMBERS = {"quantity", "price", "limit_price", "decision_price", "fee", "fees"}
BUILT_IN = "tcakit"
_FLAGS = ("fixed_timezone", "optional_columns", "repeated_parents")
KEEP_UNMAPPED = "keep_unmapped"
ROW_NUMBER = "#row"  # as fill_id or parent_id: the row's line in the file serves as its id
_TOP = (
    "name",
    "table",
    "timezone",
    "time_format",
    "decimal_comma",
    "signed_quantity",
    "separator",
    "currency",
    "format",
    "sheet",
    "fixed_timezone",
    "optional_columns",
    "repeated_parents",
    KEEP_UNMAPPED,
)
_SECTIONS = ("parents", "fills", "columns", "sides", "liquidity", "scale", "constants", "rows", "corrections", "tags")
_SIDES = {"buy": BUY, "sell": SELL}
_LIQUIDITY = {"maker": MAKER, "taker": TAKER, "none": None}
_READY = Path(__file__).parent / "mappings"


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One table's fields: their columns, constants, and the values of the kind column that mark its rows."""

    table: str
    columns: dict[str, tuple[str, ...]]
    constants: dict[str, str]
    kinds: tuple[str, ...] | None = None
    joined: frozenset[str] = frozenset()  # fields made of all their columns, joined by a dash


@dataclass(frozen=True, slots=True)
class CorrectionMapping:
    """Which fills' rows correct or cancel an earlier fill, and the columns (joined by a dash) that name it."""

    column: str
    correct: tuple[str, ...]
    cancel: tuple[str, ...]
    refers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlotterMapping:
    """A checked mapping, ready to read with."""

    name: str
    tables: tuple[TableMapping, ...]
    timezone: str | None = None
    time_format: str | None = None
    decimal_comma: bool = False
    signed_quantity: bool = False
    separator: str | None = None
    sides: Mapping[str, int] = field(default_factory=lambda: dict(ORDER_WORDS))
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    kind_column: str | None = None
    sheet: str | None = None
    fixed_timezone: bool = False  # times are in `timezone` whatever --tz says, which then dates them only
    optional_columns: bool = False
    repeated_parents: bool = False  # an order stands on the row of each of its fills
    liquidity: Mapping[str, int | None] = field(default_factory=dict)
    corrections: CorrectionMapping | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of orders: name <- column(s)
    keep_unmapped: bool = True  # columns that the mapping does not name are tags of orders too

    def columns(self) -> list[str]:
        """Every column of the file that the mapping names, each once."""
        named = [self.kind_column] if self.kind_column else []
        for table in self.tables:
            for columns in table.columns.values():
                named += [column for column in columns if column != ROW_NUMBER]
        if self.corrections:
            named += [self.corrections.column, *self.corrections.refers]
        named += [column for columns in self.tags.values() for column in columns]
        return list(dict.fromkeys(named))

    def tags_of(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Tag <- column(s) of a file with these columns: those of [tags], and unless dropped all that is unmapped."""
        others = unmapped_tags(names, self.columns()) if self.keep_unmapped else {}
        return {**others, **self.tags}

    def fitted(self, names: Sequence[str]) -> BlotterMapping:
        """With `optional_columns`, the mapping less what a file with these columns does not have."""
        if not self.optional_columns:
            return self
        tables = []
        for part in self.tables:
            columns = {}
            for name, listed in part.columns.items():
                held = listed if name in part.joined else tuple(c for c in listed if c in names or c == ROW_NUMBER)
                if FIELDS[part.table][name] or (all(column in names for column in held) and held):
                    columns[name] = held or listed
            tables.append(replace(part, columns=columns))
        corrections = self.corrections
        if corrections and not {corrections.column, *corrections.refers} <= set(names):
            corrections = None
        there = {name: tuple(c for c in listed if c in names) for name, listed in self.tags.items()}
        tags = {name: listed for name, listed in there.items() if listed}
        return replace(self, tables=tuple(tables), corrections=corrections, tags=tags)


def ready_names() -> list[str]:
    """The mappings that come with the package, by the name that --mapping takes in place of a file."""
    return sorted(path.stem for path in _READY.glob("*.toml"))


def load(path: Path | str) -> dict[str, Any]:
    """The mapping of that ready name or in that TOML file.

    Raises ConfigError with every mistake in it, UsageError if there is none or it cannot be read.
    """
    file = Path(path)
    if str(path) in ready_names() and not file.exists():
        file = _READY / f"{path}.toml"
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = f"check the path given to --mapping, or name one that is ready: {', '.join(ready_names())}"
        raise UsageError("no such mapping file", place=str(file), remedy=remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=str(file), remedy="save it as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([(str(file), f"not TOML: {error}", "correct that line")]) from None
    if raw.get("format") == FIX:
        compile_fix_mapping(raw, place=str(file))
    else:
        compile_mapping(raw, place=str(file))
    return raw


def built_in(names: Iterable[str]) -> dict[str, Any] | None:
    """The mapping "tcakit" for a header in our own names: of fills, else of parents, else None."""
    header = set(names)
    for table in ("fills", "parents"):
        if all(name in header for name, needed in FIELDS[table].items() if needed):
            own = {name: name for name in FIELDS[table] if name in header}
            raw: dict[str, Any] = {"name": BUILT_IN, "table": table, "columns": own}
            if table == "fills" and {"change", "revises"} <= header:
                words = {"correct": [codes.CORRECT], "cancel": [codes.CANCEL]}
                raw["corrections"] = {"column": "change", "refers": ["revises"], **words}
            return raw
    return None


def compile_mapping(raw: Mapping[str, Any], place: str = "mapping") -> BlotterMapping:
    """Check a parsed mapping and make it ready to read with; ConfigError with all mistakes at once."""
    check = Checker(place)
    for key in raw:
        if key not in (*_TOP, *_SECTIONS):
            check.unknown("", key, (*_TOP, *_SECTIONS))
    timezone = check.typed(raw, "timezone", str, None)
    if timezone is not None:
        try:
            clock.zone(timezone)
        except UsageError as error:
            check.add("timezone", error.message, error.remedy or "")
    separator = check.typed(raw, "separator", str, None)
    if separator is not None and len(separator.encode()) != 1:
        check.add("separator", f"{separator!r} is not one character", 'write one, e.g. ";"')
        separator = None
    sides = _sides(check, raw)
    factors = _factors(check, raw)
    signed = check.typed(raw, "signed_quantity", bool, False)
    rows = check.typed(raw, "rows", dict, {})
    tables = _tables(check, raw, rows, signed)
    name = check.typed(raw, "name", str, "unnamed")
    time_format = check.typed(raw, "time_format", str, None)
    comma = check.typed(raw, "decimal_comma", bool, False)
    flags = {key: check.typed(raw, key, bool, False) for key in _FLAGS}
    sheet = check.typed(raw, "sheet", str, None)
    if raw.get("format", "blotter") != "blotter":
        check.add("format", f"{raw['format']!r} takes no mapping", 'write "blotter" or "fix"')
    liquidity = _liquidity(check, raw)
    corrections = _corrections(check, raw)
    tags = checked_tags(check, raw, list(FIELDS["parents"]))
    # A row of each fill has columns of fills too, which say nothing of the order.
    keep_unmapped = check.typed(raw, KEEP_UNMAPPED, bool, not flags["repeated_parents"])
    if check.mistakes:
        raise ConfigError(check.mistakes)
    return BlotterMapping(
        name,
        tuple(tables),
        timezone,
        time_format,
        comma,
        signed,
        separator,
        sides,
        factors,
        rows.get("column"),
        sheet,
        liquidity=liquidity,
        corrections=corrections,
        tags=tags,
        keep_unmapped=keep_unmapped,
        **flags,
    )


def _liquidity(check: Checker, raw: Mapping[str, Any]) -> dict[str, int | None]:
    words: dict[str, int | None] = {}
    for word, meaning in check.typed(raw, "liquidity", dict, {}).items():
        if str(meaning).lower() not in _LIQUIDITY:
            check.add(f"liquidity.{word}", f"{meaning!r} is neither", 'write "maker", "taker" or "none"')
        else:
            words[word.strip().lower()] = _LIQUIDITY[str(meaning).lower()]
    return words


def _corrections(check: Checker, raw: Mapping[str, Any]) -> CorrectionMapping | None:
    section = check.typed(raw, "corrections", dict, {})
    if not section:
        return None
    lists: dict[str, tuple[str, ...]] = {}
    for key in section:
        if key not in ("column", "correct", "cancel", "refers"):
            check.unknown("corrections", key, ("column", "correct", "cancel", "refers"))
    for key in ("correct", "cancel", "refers"):
        value = section.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(word, str) and word for word in listed):
            check.add(f"corrections.{key}", f"{value!r} is no list of texts", f'write {key} = ["value"]')
            listed = []
        lists[key] = tuple(listed)
    if not isinstance(section.get("column"), str) or not lists["refers"]:
        check.add("corrections", "does not say which rows, or which fill they mean", "add column and refers")
        return None
    correct, cancel = (tuple(word.strip().lower() for word in lists[key]) for key in ("correct", "cancel"))
    return CorrectionMapping(section["column"], correct, cancel, lists["refers"])


def _sides(check: Checker, raw: Mapping[str, Any]) -> dict[str, int]:
    words = dict(ORDER_WORDS)
    for word, meaning in check.typed(raw, "sides", dict, {}).items():
        code = _SIDES.get(str(meaning).lower(), meaning)
        if isinstance(code, bool) or code not in (BUY, SELL):
            check.add(f"sides.{word}", f"{meaning!r} is no side", 'write "buy" or "sell"')
        else:
            words[word.strip().lower()] = code
    return words


def _factors(check: Checker, raw: Mapping[str, Any]) -> dict[str, Decimal]:
    factors = {}
    for name, value in check.typed(raw, "scale", dict, {}).items():
        if name not in NUMBERS:
            check.unknown("scale", name, sorted(NUMBERS))
            continue
        try:
            factor = Decimal(str(value))
            if not factor.is_finite() or factor <= 0 or isinstance(value, bool):
                raise InvalidOperation
        except InvalidOperation:
            check.add(f"scale.{name}", f"{value!r} is no number above zero", 'write e.g. "0.01" for pence')
            continue
        factors[name] = factor
    return factors


def _tables(check: Checker, raw: Mapping[str, Any], rows: Mapping[str, Any], signed: bool) -> list[TableMapping]:
    sections: dict[str, Mapping[str, Any]] = {}
    table = raw.get("table")
    if table is not None and table not in FIELDS:
        guess = nearest(str(table), list(FIELDS))
        hint = f"did you mean {guess!r}? " if guess else ""
        check.add("table", f"{table!r} is no table of a blotter", f"{hint}known are {', '.join(FIELDS)}")
    for name in FIELDS:
        if name in raw:
            sections[name] = check.typed(raw, name, dict, {})
    if "columns" in raw:
        if table is None:
            check.add("columns", "does not say of which table", 'add table = "parents" or table = "fills"')
        elif table in sections:
            check.add("columns", f"stands beside [{table}]", f"put all columns in [{table}]")
        elif table in FIELDS:
            sections[table] = check.typed(raw, "columns", dict, {})
    if not sections and not check.mistakes:
        check.add("", "no columns are mapped", 'add a [fills] or a [parents] table of field = "column"')
    constants = check.typed(raw, "constants", dict, {})
    if "currency" in raw:
        constants = {"currency": check.typed(raw, "currency", str, ""), **constants}
    known_constants = {name for section in sections for name in FIELDS[section]} | {"currency"}
    for name in constants:
        if name not in known_constants:
            check.unknown("constants", name, sorted(known_constants))
    kinds = _kinds(check, rows, sections)
    return [_table(check, name, section, constants, kinds.get(name), signed) for name, section in sections.items()]


def _table(
    check: Checker,
    name: str,
    section: Mapping[str, Any],
    constants: Mapping[str, Any],
    kinds: tuple[str, ...] | None,
    signed: bool,
) -> TableMapping:
    columns: dict[str, tuple[str, ...]] = {}
    joined = set()
    for key, value in section.items():
        if key not in FIELDS[name]:
            check.unknown(name, key, list(FIELDS[name]))
            continue
        if isinstance(value, dict) and list(value) == ["join"]:
            value = value["join"]
            joined.add(key)
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(v, str) and v for v in listed):
            check.add(f"{name}.{key}", f"{value!r} is no column", f'write {key} = "Column" or ["First", "Second"]')
            continue
        columns[key] = tuple(listed)
    own = {key: str(value) for key, value in constants.items() if key in FIELDS[name] and key not in columns}
    for key, needed in FIELDS[name].items():
        by_sign = key == "side" and signed
        if needed and key not in section and key not in own and not by_sign:
            remedy = f'add {key} = "the column\'s name" to [{name}]'
            if key in ("fill_id", "parent_id"):
                remedy += f', or {key} = "{ROW_NUMBER}" to number the rows'
            elif key in ("symbol", "side"):
                remedy += f", or a constant {key} to [constants]"
            check.add(name, f"no column for {key}", remedy)
    return TableMapping(name, columns, own, kinds, frozenset(joined))


def _kinds(check: Checker, rows: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    if not rows:
        return {}
    if not isinstance(rows.get("column"), str):
        check.add("rows", "no column tells the kind of a row", 'add column = "the column\'s name"')
    kinds = {}
    for key, value in rows.items():
        if key == "column":
            continue
        if key not in FIELDS:
            check.unknown("rows", key, ["column", *FIELDS])
            continue
        if key not in sections:
            check.add(f"rows.{key}", f"there is no [{key}] table", f"add [{key}] with its columns")
        listed = [value] if isinstance(value, (str, int)) else value
        if not isinstance(listed, list) or not listed:
            check.add(f"rows.{key}", f"{value!r} is no list of values", f'write {key} = ["value"]')
            continue
        kinds[key] = tuple(str(word).strip().lower() for word in listed)
    for section in sections:
        if section not in rows:
            check.add("rows", f"does not say which rows are {section}", f'add {section} = ["value"]')
    return kinds


def require_columns(mapping: BlotterMapping, names: Sequence[str], place: str) -> None:
    """DataError, with the nearest columns, if the file lacks columns that the mapping names."""
    absent = [column for column in mapping.columns() if column not in names]
    if not absent:
        return
    hints = [f"{column!r} (nearest is {guess!r})" for column in absent if (guess := nearest(column, list(names)))]
    hints += [repr(column) for column in absent if nearest(column, list(names)) is None]
    raise DataError(
        f"the file lacks columns of mapping {mapping.name!r}: {', '.join(hints)}; it has {', '.join(names)}",
        place=f"{place}:1",
        remedy="correct the mapping",
    )
