"""The desk's own columns of its orders, out of the store and as columns that reports are cut and chosen by."""

from __future__ import annotations

import json

import polars as pl

from tcakit.market.schema import PARENTS, TCA_PARENTS
from tcakit.report.dimensions import BY_NAMES, OF_FILLS, OF_ORDERS
from tcakit.store.database import Store
from tcakit.tca.filter_words import RESERVED
from tcakit.tca.order_facts import order_facts

_OWN = "own_"


def tags_of(store: Store, parents: pl.DataFrame) -> pl.DataFrame | None:
    """parent_id and a column of texts for each tag that any stored order has, names sorted; None where none has one.

    So a nightly report can be cut by a tag on a day when no order bears it. A tag that has the name of a column that
    orders have anyway (say `cost`) is called `own_cost`.
    """
    names = _stored_names(store)
    if not names:
        return None
    told = {text: json.loads(text) for text in parents["tags"].drop_nulls().unique().to_list()}
    taken = _taken()
    columns = {
        column: parents["tags"].replace_strict(
            list(told), [row.get(name) for row in told.values()], default=None, return_dtype=pl.String
        )
        for name, column in zip(names, _columns(names, taken), strict=True)
    }
    frame = pl.DataFrame({"parent_id": parents["parent_id"], **columns})
    return frame.unique("parent_id", keep="first", maintain_order=True)


def _columns(names: list[str], taken: set[str]) -> list[str]:
    """A column's name for each tag: its own, or with `own_` before it as often as it takes to be nobody else's."""
    out: list[str] = []
    for name in names:
        column = name
        while column in taken or column in out or (column != name and column in names):
            column = f"{_OWN}{column}"
        out.append(column)
    return out


def _stored_names(store: Store) -> list[str]:
    with store.read_results() as connection:
        rows = connection.execute(f'SELECT DISTINCT tags FROM "{PARENTS.name}" WHERE tags IS NOT NULL').fetchall()
    return sorted({name for (text,) in rows for name in json.loads(text)})


def _taken() -> set[str]:
    """Names that mean something else in a condition or a table."""
    facts = order_facts(PARENTS.empty(), TCA_PARENTS.empty()).columns
    return {*facts, *OF_ORDERS, *OF_FILLS, *BY_NAMES, *RESERVED}
