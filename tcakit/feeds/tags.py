"""A desk's own columns of its orders (strategy, fund, region): the tags that reports are cut and chosen by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tcakit.feeds.mapping_checks import Checker

if TYPE_CHECKING:
    import polars as pl

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def tag_name(column: str) -> str:
    """What a column is called as a tag: small letters, digits and underlines, as conditions and tables name it.

    >>> tag_name("Fund Manager"), tag_name("ESG-Score %"), tag_name("2nd desk")
    ('fund_manager', 'esg_score', '_2nd_desk')
    """
    name = re.sub(r"\W+", "_", column.strip().lower(), flags=re.ASCII).strip("_")
    return name if _NAME.fullmatch(name) else f"_{name}"


def checked_tags(check: Checker, raw: Mapping[str, Any], fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The section [tags] of a mapping: tag <- column, or several of which the first that says something counts.

    Mistakes go to `check`: a name that cannot be written in a condition, one of `fields`, or no column.
    """
    tags: dict[str, tuple[str, ...]] = {}
    for name, value in check.typed(raw, "tags", dict, {}).items():
        listed = [value] if isinstance(value, str) else value
        if not _NAME.fullmatch(name):
            check.add(f"tags.{name}", "is no name of a tag", f"write small letters, digits and _: {tag_name(name)}")
        elif name in fields:
            check.add(f"tags.{name}", "is a column of orders already", f"put {name} in [parents]")
        elif not isinstance(listed, list) or not listed or not all(isinstance(v, str) and v for v in listed):
            check.add(f"tags.{name}", f"{value!r} is no column", f'write {name} = "Column" or ["First", "Second"]')
        else:
            tags[name] = tuple(listed)
    return tags


def unmapped_tags(columns: Sequence[str], taken: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Tags of the columns that no mapping names; two columns of one name as a tag get a number each.

    >>> unmapped_tags(["id", "Desk", "DESK"], ["id"])
    {'desk': ('Desk',), 'desk_2': ('DESK',)}
    """
    tags: dict[str, tuple[str, ...]] = {}
    for column in columns:
        if column in taken:
            continue
        name, number = tag_name(column), 1
        while name in tags:
            number += 1
            name = f"{tag_name(column)}_{number}"
        tags[name] = (column,)
    return tags


def as_json(tags: Mapping[str, pl.Series], count: int) -> pl.Series:
    """Each row's tags as one JSON object, its names sorted; null where a row has none.

    >>> import polars as pl
    >>> as_json({"fund": pl.Series(["A", None]), "desk": pl.Series(["x", None])}, 2).to_list()
    ['{"desk": "x", "fund": "A"}', None]
    """
    import polars as pl

    if not tags:
        return pl.Series([None] * count, dtype=pl.String)
    names = sorted(tags)
    told = (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*(tags[name].to_list() for name in names), strict=True)
    )
    return pl.Series([json.dumps(row, ensure_ascii=False) if row else None for row in told], dtype=pl.String)
