"""From the firm's names (ticker, RIC, Bloomberg, ISIN, FIGI, SEDOL, CUSIP) to the store's symbols."""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tcakit.errors import ConfigError, UsageError
from tcakit.market import clock
from tcakit.registry import nearest

KINDS = ("ticker", "ric", "isin", "figi", "bloomberg", "sedol", "cusip", "name")
COLUMNS = ("alias", "kind", "symbol", "valid_from", "valid_to")
_ISIN = re.compile(r"^[A-Z]{2}[A-Z0-9]{9}\d$")
_FIGI = re.compile(r"^BBG[B-DF-HJ-NP-TV-Z0-9]{8}\d$")
_CUSIP = re.compile(r"^[A-Z0-9*@#]{8}\d$")
_SEDOL = re.compile(r"^[B-DF-HJ-NP-TV-Z0-9]{6}\d$")
_BLOOMBERG = re.compile(r"^([A-Z0-9/.*-]+)(?: ([A-Z]{2}))? (EQUITY|INDEX|CURNCY|COMDTY|CORP|GOVT)$")
_BLOOMBERG_SHORT = re.compile(r"^([A-Z][A-Z0-9/.*-]*) ([A-Z]{2})$")
_RIC = re.compile(r"^([A-Z0-9]+[A-Za-z_]*)\.([A-Z]{1,3})$")


@dataclass(frozen=True, slots=True)
class Alias:
    """One row of the alias table: dates are YYYY-MM-DD, both ends included, None where open."""

    alias: str
    kind: str
    symbol: str
    valid_from: str | None = None
    valid_to: str | None = None

    def holds_on(self, date: str) -> bool:
        return (self.valid_from is None or self.valid_from <= date) and (self.valid_to is None or date <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Match:
    """The store's symbol of a name, and how it was found: alias, exact, bloomberg root or ric root."""

    symbol: str
    how: str


def normalise(name: str) -> str:
    """A name in capitals with single blanks, so that ` amzn  us equity` is AMZN US EQUITY."""
    return " ".join(name.split()).upper()


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def is_isin(name: str) -> bool:
    """Whether a name is an ISIN with its right check digit (ISO 6166: letters as numbers, then Luhn).

    >>> is_isin("US0231351067"), is_isin("US0231351068")
    (True, False)
    """
    return bool(_ISIN.match(name)) and _luhn("".join(str(int(letter, 36)) for letter in name))


def _alternate(name: str, value: Callable[[str], int]) -> bool:
    total = 0
    for place, letter in enumerate(name[:-1]):
        number = value(letter) * (2 if place % 2 else 1)
        total += number // 10 + number % 10
    return (10 - total % 10) % 10 == int(name[-1])


def is_cusip(name: str) -> bool:
    """Whether a name is a CUSIP with its right check digit (modulus 10, double add double).

    >>> is_cusip("023135106")
    True
    """
    special = {"*": 36, "@": 37, "#": 38}
    return bool(_CUSIP.match(name)) and _alternate(name, lambda c: special[c] if c in special else int(c, 36))


def is_figi(name: str) -> bool:
    """Whether a name is a FIGI with its right check digit (modulus 10, double add double).

    >>> is_figi("BBG000BVPV84")
    True
    """
    return bool(_FIGI.match(name)) and _alternate(name, lambda c: int(c, 36))


def is_sedol(name: str) -> bool:
    """Whether a name is a SEDOL with its right check digit (weights 1, 3, 1, 7, 3, 9).

    >>> is_sedol("2000019"), is_sedol("2000018")
    (True, False)
    """
    if not _SEDOL.match(name):
        return False
    weighted = sum(int(c, 36) * w for c, w in zip(name[:6], (1, 3, 1, 7, 3, 9), strict=True))
    return (10 - weighted % 10) % 10 == int(name[6])


def kind_of(name: str) -> str:
    """What kind of name it is, by its form and check digit; "ticker" or "name" where no standard claims it.

    >>> kind_of("AMZN US Equity"), kind_of("AMZN.OQ"), kind_of("US0231351067"), kind_of("AMZN")
    ('bloomberg', 'ric', 'isin', 'ticker')
    """
    text = normalise(name)
    for kind, test in (("isin", is_isin), ("figi", is_figi), ("cusip", is_cusip), ("sedol", is_sedol)):
        if test(text):
            return kind
    if _BLOOMBERG.match(text) or _BLOOMBERG_SHORT.match(text):
        return "bloomberg"
    if _RIC.match(text):
        return "ric"
    return "ticker" if re.match(r"^[A-Z0-9][A-Z0-9./_-]{0,20}$", text) else "name"


def root_of(name: str) -> tuple[str, str] | None:
    """(ticker, how) of a Bloomberg name or a RIC, None for other names.

    >>> root_of("BRK/B US Equity"), root_of("AMZN.O")
    (('BRK/B', 'bloomberg root'), ('AMZN', 'ric root'))
    """
    text = normalise(name)
    found = _BLOOMBERG.match(text) or _BLOOMBERG_SHORT.match(text)
    if found:
        return found.group(1), "bloomberg root"
    found = _RIC.match(text)
    return (found.group(1), "ric root") if found else None


def match_with_kinds(
    names: Iterable[tuple[str, str]],
    symbols: Iterable[str],
    alias_rows: Sequence[Alias | Mapping[str, str | None]],
) -> tuple[dict[tuple[str, str], Match], list[tuple[str, int, list[str]]]]:
    """Find the store's symbol of each (name, date).

    An alias that holds on the date comes first, then the same name (capitals and blanks aside), then the
    ticker of a Bloomberg name or RIC, if the store has it. Names that are merely alike are never taken: they
    are candidates. Aliases that name two symbols on one date, and symbols that differ in capitals alone,
    match nothing.

    Returns matches by (name, date), and for each name left over how often it stands and its candidates.
    """
    known = sorted(set(symbols))
    by_name: dict[str, set[str]] = {}
    for symbol in known:
        by_name.setdefault(normalise(symbol), set()).add(symbol)
    aliases: dict[str, list[Alias]] = {}
    for row in alias_rows:
        alias = row if isinstance(row, Alias) else Alias(**row)  # type: ignore[arg-type]
        aliases.setdefault(normalise(alias.alias), []).append(alias)
    wanted = Counter(names)
    matched: dict[tuple[str, str], Match] = {}
    left: Counter[str] = Counter()
    rivals: dict[str, set[str]] = {}
    for (raw, date), count in wanted.items():
        text = normalise(raw)
        named = {alias.symbol for alias in aliases.get(text, []) if alias.holds_on(date)}
        how = "alias"
        if not named:
            named, how = ({raw}, "exact") if raw in known else (by_name.get(text, set()), "exact")
        if not named and (root := root_of(raw)) is not None:
            # The store may write BRK.B where Bloomberg writes BRK/B.
            spellings = (root[0], root[0].replace("/", "."))
            named, how = next(((by_name[s], root[1]) for s in spellings if s in by_name), (set(), root[1]))
        if len(named) == 1:
            matched[raw, date] = Match(next(iter(named)), how)
        else:
            left[raw] += count
            rivals.setdefault(raw, set()).update(named)
    unmatched = [(raw, count, _candidates(raw, known, rivals[raw])) for raw, count in left.most_common()]
    return matched, unmatched


def match(
    names: Iterable[tuple[str, str]],
    symbols: Iterable[str],
    alias_rows: Sequence[Alias | Mapping[str, str | None]],
) -> tuple[dict[tuple[str, str], str], list[tuple[str, int, list[str]]]]:
    """As `match_with_kinds`, with the bare symbol of each (name, date).

    >>> match([("AMZN US Equity", "2024-01-02"), ("AMZM", "2024-01-02")], ["AMZN"], [])
    ({('AMZN US Equity', '2024-01-02'): 'AMZN'}, [('AMZM', 1, ['AMZN'])])
    """
    matched, unmatched = match_with_kinds(names, symbols, alias_rows)
    return {key: found.symbol for key, found in matched.items()}, unmatched


def _candidates(raw: str, known: Sequence[str], rivals: set[str]) -> list[str]:
    root = root_of(raw)
    text = root[0] if root else normalise(raw)
    by_name = {normalise(symbol): symbol for symbol in known}
    near = difflib.get_close_matches(text, list(by_name), n=3, cutoff=0.6)
    return list(dict.fromkeys([*sorted(rivals), *(by_name[name] for name in near)]))


def read_alias_file(path: Path | str) -> list[Alias]:
    """Read a CSV of alias, kind, symbol, valid_from, valid_to; ConfigError with all mistakes at once.

    `kind`, `valid_from` and `valid_to` may be empty or left out; an empty kind is told from the name's form.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError("no such file", place=str(file), remedy="check the path given to --symbol-map") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=str(file), remedy="save it as UTF-8 CSV") from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    mistakes: list[tuple[str, str, str]] = []
    header = [name.strip().lower() for name in reader.fieldnames or []]
    reader.fieldnames = header
    for name in header:
        if name not in COLUMNS:
            guess = nearest(name, list(COLUMNS))
            hint = f"did you mean {guess!r}? " if guess else ""
            mistakes.append((f"{file}:1", f"unknown column {name!r}", f"{hint}known are {', '.join(COLUMNS)}"))
    for name in ("alias", "symbol"):
        if name not in header:
            mistakes.append((f"{file}:1", f"no column {name!r}", f"add it; columns are {', '.join(COLUMNS)}"))
    if mistakes:
        raise ConfigError(mistakes)
    rows: list[Alias] = []
    places: list[str] = []
    try:
        for row in reader:
            place = f"{file}:{reader.line_num}"
            if None in row or None in row.values():
                mistakes.append((place, "a wrong number of columns", f"write {len(header)}"))
                continue
            alias = _alias(row, place, mistakes)
            if alias is not None:
                rows.append(alias)
                places.append(place)
    except csv.Error as error:
        mistakes.append((f"{file}:{reader.line_num}", f"not CSV: {error}", "correct that line"))
    mistakes += contradictions(rows, places)
    if mistakes:
        raise ConfigError(mistakes)
    return rows


def _alias(row: Mapping[str, str], place: str, mistakes: list[tuple[str, str, str]]) -> Alias | None:
    before = len(mistakes)
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    for name in ("alias", "symbol"):
        if not values[name]:
            mistakes.append((place, f"{name} is empty", "name it, or remove the row"))
    kind = values["kind"].lower() or kind_of(values["alias"] or "-")
    if kind not in KINDS:
        guess = nearest(kind, list(KINDS))
        hint = f"did you mean {guess!r}? " if guess else ""
        mistakes.append((place, f"unknown kind {kind!r}", f"{hint}known are {', '.join(KINDS)}"))
    checks = {"isin": is_isin, "figi": is_figi, "cusip": is_cusip, "sedol": is_sedol}
    if kind in checks and values["alias"] and not checks[kind](normalise(values["alias"])):
        mistakes.append((place, f"{values['alias']!r} is no {kind.upper()}", "check its letters and check digit"))
    for name in ("valid_from", "valid_to"):
        if values[name]:
            try:
                values[name] = clock.parse_date(values[name])
            except UsageError as error:
                mistakes.append((place, f"{name}: {error.message}", error.remedy or ""))
    if values["valid_from"] and values["valid_to"] and values["valid_from"] > values["valid_to"]:
        mistakes.append((place, "valid_from is after valid_to", "swap or correct the dates"))
    if len(mistakes) > before:
        return None
    return Alias(values["alias"], kind, values["symbol"], values["valid_from"] or None, values["valid_to"] or None)


def contradictions(rows: Sequence[Alias], places: Sequence[str]) -> list[tuple[str, str, str]]:
    """Rows that give one name two symbols on the same day."""
    mistakes = []
    by_name: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for other in by_name.get(normalise(row.alias), []):
            earlier = rows[other]
            apart = (row.valid_to or "9999") < (earlier.valid_from or "") or (earlier.valid_to or "9999") < (
                row.valid_from or ""
            )
            if earlier.symbol != row.symbol and not apart:
                mistakes.append(
                    (
                        places[number],
                        f"{row.alias!r} is {row.symbol} here and {earlier.symbol} at {places[other]}",
                        "let their dates not overlap",
                    )
                )
        by_name.setdefault(normalise(row.alias), []).append(number)
    return mistakes
