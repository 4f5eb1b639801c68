"""Which tags of a FIX log hold what brokers and desks put in tags of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tcakit.errors import ConfigError
from tcakit.feeds.mapping_checks import Checker

FORMAT = "fix"
# Field of ours -> the standard's tags for it, best first.
STANDARD: dict[str, tuple[int, ...]] = {
    "parent": (526, 583, 66),
    "algo": (847,),
    "broker": (76,),
    "trader": (),
    "account": (1,),
    "decision_time": (),
    "decision_price": (),
}
_TOP = ("name", "format", "fix")
_LARGEST_TAG = 65_535


def compile_fix_mapping(raw: Mapping[str, Any], place: str = "mapping") -> dict[str, tuple[int, ...]]:
    """Tags by field, those of the standard where the mapping says nothing; ConfigError with all mistakes at once.

    >>> compile_fix_mapping({"format": "fix", "fix": {"parent": 5001}})["parent"]
    (5001,)
    """
    check = Checker(place)
    for key in raw:
        if key not in _TOP:
            check.unknown("", key, _TOP)
    check.typed(raw, "name", str, "unnamed")
    tags = dict(STANDARD)
    for key, value in check.typed(raw, "fix", dict, {}).items():
        if key not in STANDARD:
            check.unknown("fix", key, tuple(STANDARD))
            continue
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(
            isinstance(tag, int) and not isinstance(tag, bool) and 0 < tag <= _LARGEST_TAG for tag in listed
        ):
            check.add(f"fix.{key}", f"{value!r} is no tag", f"write {key} = 5001 or [5001, 526]")
            continue
        tags[key] = tuple(listed)
    if check.mistakes:
        raise ConfigError(check.mistakes)
    return tags
