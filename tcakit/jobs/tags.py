"""The desk's own columns of its orders, out of the store and as columns that reports are cut and chosen by."""

from __future__ import annotations

import json

import polars as pl

from tcakit.market.schema import PARENTS, TCA_PARENTS
from tcakit.report.dimensions import BY_NAMES, OF_FILLS, OF_ORDERS
from tcakit.tca.filter_words import RESERVED
from tcakit.tca.order_facts import order_facts

_OWN = "own_"


def tags_of(parents: pl.DataFrame) -> pl.DataFrame | None:
    """parent_id and a column of texts a tag, names sorted; None where no order has one.

    A tag that bears the name of a column that orders have anyway (say `cost`) is called `own_cost`.
    """
    texts = parents["tags"].drop_nulls().unique().to_list()
    if not texts:
        return None
    told = {text: json.loads(text) for text in texts}
    names = sorted({name for row in told.values() for name in row})
    taken = _taken()
    columns = {
        f"{_OWN}{name}" if name in taken else name: parents["tags"].replace_strict(
            {text: row.get(name) for text, row in told.items()}, default=None, return_dtype=pl.String
        )
        for name in names
    }
    return pl.DataFrame({"parent_id": parents["parent_id"], **columns}).unique(
        "parent_id", keep="first", maintain_order=True
    )


def _taken() -> set[str]:
    """Names that mean something else in a condition or a table."""
    facts = order_facts(PARENTS.empty(), TCA_PARENTS.empty()).columns
    return {*facts, *OF_ORDERS, *OF_FILLS, *BY_NAMES, *RESERVED}
