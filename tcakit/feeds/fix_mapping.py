"""Which tags of a FIX log hold what brokers and desks put in tags of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tcakit.errors import ConfigError
from tcakit.feeds.mapping_checks import Checker
from tcakit.feeds.tags import tag_name

FORMAT = "fix"
OWN = "tag "
"""What the fields begin with that are tags of the desk's own: "tag strategy"."""
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
_TOP = ("name", "format", "fix", "tags")
_LARGEST_TAG = 65_535


def compile_fix_mapping(raw: Mapping[str, Any], place: str = "mapping") -> dict[str, tuple[int, ...]]:
    """Tags by field, those of the standard where the mapping says nothing; ConfigError with all mistakes at once.

    Tags of the desk's own, from [tags], are fields named "tag NAME".

    >>> compile_fix_mapping({"format": "fix", "fix": {"parent": 5001}, "tags": {"strategy": 5002}})["tag strategy"]
    (5002,)
    """
    check = Checker(place)
    for key in raw:
        if key not in _TOP:
            check.unknown("", key, _TOP)
    check.typed(raw, "name", str, "unnamed")
    tags = dict(STANDARD)
    asked = {f"fix.{key}": value for key, value in check.typed(raw, "fix", dict, {}).items()}
    asked |= {f"tags.{key}": value for key, value in check.typed(raw, "tags", dict, {}).items()}
    for place, value in asked.items():
        section, _, key = place.partition(".")
        if section == "fix" and key not in STANDARD:
            check.unknown("fix", key, tuple(STANDARD))
            continue
        if section == "tags" and (key != tag_name(key) or key in STANDARD):
            check.add(place, "is no name of a tag", "write small letters, digits and _, and none of [fix]")
            continue
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(
            isinstance(tag, int) and not isinstance(tag, bool) and 0 < tag <= _LARGEST_TAG for tag in listed
        ):
            check.add(place, f"{value!r} is no tag", f"write {key} = 5001 or [5001, 526]")
            continue
        tags[key if section == "fix" else OWN + key] = tuple(listed)
    if check.mistakes:
        raise ConfigError(check.mistakes)
    return tags
