"""Fees out of a backtest file's [fees], or out of a fee file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.errors import ConfigError, UsageError
from tcakit.jobs.config import Checker, Field, at_least, finite, load_toml
from tcakit.venue.fees import CHARGES, FeeSchedule, FeeTier

_FIELDS = {
    **dict.fromkeys(CHARGES, Field((float,), check=finite)),
    **dict.fromkeys(
        ("order_minimum", "order_maximum_percent", "buy_tax_bps", "sell_tax_bps", "traded_before"),
        Field((float,), check=at_least(0.0)),
    ),
}
_STARTS = ("from_shares", "from_value")
_TIER = {
    **dict.fromkeys(_STARTS, Field((float,), check=at_least(0.0))),
    **dict.fromkeys(CHARGES, Field((float,), check=finite)),
}


def fees_from_table(table: Any, checker: Checker) -> FeeSchedule:
    """The fees of a table [fees], which may name a fee file instead; mistakes go to the checker."""
    if isinstance(table, dict) and "file" in table:
        return _named(table, checker)
    return _fees(table, checker, "fees")


def fees_from_file(path: Path) -> FeeSchedule:
    """The fees of a fee file: what stands in [fees] of a backtest file, with that heading or without.

    ConfigError with every mistake, UsageError where it cannot be read.
    """
    raw, text = load_toml(path)
    checker = Checker(path, text)
    fees = _fees(raw["fees"], checker, "fees") if set(raw) == {"fees"} else _fees(raw, checker, "")
    checker.finish()
    return fees


def fees_from_flags(file: Path | None, maker_per_share: float, taker_per_share: float) -> FeeSchedule:
    """The fees of a command line: a fee file, or currency a share; UsageError for both."""
    if file is None:
        return FeeSchedule(maker_per_share=maker_per_share, taker_per_share=taker_per_share)
    if maker_per_share or taker_per_share:
        message = "a fee file, and --maker-fee or --taker-fee too"
        raise UsageError(message, place="--fees", remedy="keep one of them")
    return fees_from_file(file)


def _fees(table: Any, checker: Checker, name: str) -> FeeSchedule:
    if not isinstance(table, dict):
        checker.add(checker.place(name), "is no table", f"write [{name}]")
        return FeeSchedule()
    prefix = f"{name}." if name else ""
    own = {key: value for key, value in table.items() if key != "tiers"}
    charges = checker.section(name, own, _FIELDS)
    tiers = _tiers(table.get("tiers", []), checker, f"{prefix}tiers")
    if "traded_before" in charges and not table.get("tiers"):
        place = checker.place(name, "traded_before")
        checker.add(place, "no tiers count it", f"add [[{prefix}tiers]], or leave it out")
    by_value = bool(tiers) and tiers[0][0] == "from_value"
    return FeeSchedule(**charges, tiers=tuple(tier for _, tier in tiers), tiers_by_value=by_value)


def _named(table: dict[str, Any], checker: Checker) -> FeeSchedule:
    """The fees of the file that a table names, whose mistakes are told with all others."""
    place, file = checker.place("fees", "file"), table["file"]
    others = sorted(set(table) - {"file"})
    if others:
        checker.add(place, f"a file, and {', '.join(others)} too", "keep one of them")
    if not isinstance(file, str):
        checker.add(place, f"{file!r} is no text", 'write file = "broker.toml"')
        return FeeSchedule()
    try:
        return fees_from_file(Path(file))
    except ConfigError as error:
        checker.mistakes.extend(error.mistakes)
    except UsageError as error:
        checker.add(place, f"{file}: {error.message}", error.remedy or "check the path")
    return FeeSchedule()


def _tiers(tables: Any, checker: Checker, name: str) -> list[tuple[str, FeeTier]]:
    """Each tier with the word of what it counts."""
    if not isinstance(tables, list):
        checker.add(checker.place(name), "is no list of tables", f"write [[{name}]]")
        return []
    found: list[tuple[str, FeeTier]] = []
    for index, table in enumerate(tables):
        place = checker.place(name, None, index)
        values = checker.section(name, table, _TIER, index)
        starts = [key for key in _STARTS if key in values]
        if len(starts) != 1:
            checker.add(place, "a tier starts from_shares or from_value", "give one of them")
            continue
        start = values.pop(starts[0])
        if not values:
            checker.add(place, "a tier without charges", f"give one of {', '.join(CHARGES)}")
        if found and starts[0] != found[0][0]:
            checker.add(place, f"{starts[0]}, where the first tier has {found[0][0]}", "count all tiers alike")
        if start <= (found[-1][1].start if found else 0.0):
            checker.add(place, f"it starts at {start:g}, not above the one before", "let tiers rise from above 0")
        found.append((starts[0], FeeTier(start, **values)))
    return found
