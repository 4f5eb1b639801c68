"""Which messages of a FIX log speak of one order: ClOrdID and OrigClOrdID from cancel to replace, OrderID else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tcakit.feeds.fix_chain_kernel import BY_NAME, BY_ORDER, BY_REPLACED, follow_chains

_ID_TAGS = ("11", "41", "37")
_NO_ID = [spelled for word in ("", "0", "none", "unknown", "n/a") for spelled in {word, word.upper(), word.title()}]


@dataclass(frozen=True, slots=True)
class Chains:
    """The orders of a log through their replacements.

    `frame` has a row a chain: `root`, the id that names it (its first ClOrdID), `session` and `day` of its first
    message. `names` has a row for each ClOrdID that a chain bears: `name`, `chain`.
    """

    frame: pl.DataFrame
    names: pl.DataFrame


def chains_of(events: pl.DataFrame) -> tuple[pl.DataFrame, Chains]:
    """Add to each event the column `chain`, null where neither ClOrdID nor OrderID say whose it is.

    `events` are in the order of the log, with columns of tags and `session`, `day` (of sending) and `opens` (a new
    order, or its first acknowledgement). An id that opens again on another day is another order.
    """
    texts = events.select(pl.when(~pl.col(tag).is_in(_NO_ID)).then(tag).alias(tag) for tag in _ID_TAGS)
    session = events["session"]
    ids = texts
    if session.n_unique() > 1:
        ids = texts.select(pl.concat_str(pl.lit(session), tag, separator="\x01").alias(tag) for tag in _ID_TAGS)
    numbers = _numbers(pl.concat([ids["11"], ids["41"]]))
    rows = events.height
    chains, begun, named_by, borne, bearer = follow_chains(
        numbers[:rows].to_numpy(),
        numbers[rows:].to_numpy(),
        _numbers(ids["37"]).to_numpy(),
        _numbers(events["day"]).to_numpy(),
        events["opens"].to_numpy(),
        2 * rows,
    )
    first, how = texts[begun], pl.lit(pl.Series(named_by))
    frame = first.select(
        root=pl.when(how == BY_REPLACED).then("41").when(how == BY_NAME).then("11").when(how == BY_ORDER).then("37"),
        session=session.gather(begun),
        day=events["day"].gather(begun),
    )
    # The number of an id is the row where it first stands, the 41s behind the 11s.
    names = pl.concat([texts["11"], texts["41"]]).gather(borne)
    number = pl.Series(chains).to_frame("chain").select(pl.when(pl.col("chain") >= 0).then("chain"))["chain"]
    return events.with_columns(number), Chains(frame, pl.DataFrame({"name": names, "chain": pl.Series(bearer)}))


def _numbers(texts: pl.Series) -> pl.Series:
    """Texts as numbers: the row where each first stands, -1 for none."""
    frame = pl.DataFrame({"text": texts}).with_row_index("row")
    number = pl.when(pl.col("text").is_not_null()).then(pl.col("row").min().over("text").cast(pl.Int64)).otherwise(-1)
    return frame.select(number=number)["number"]


def order_ids(chains: Chains) -> pl.Series:
    """An id for each chain, unique within the log: its first ClOrdID, with its day or session where that repeats."""
    day = pl.col("day")
    dated = pl.concat_str("root", pl.lit("@"), day.str.slice(0, 4), pl.lit("-"), day.str.slice(4, 2), pl.lit("-"),
                          day.str.slice(6, 2))  # fmt: skip
    frame = chains.frame.with_row_index("number").with_columns(dated=dated)
    if not frame["root"].is_duplicated().any():
        return frame["root"]
    return frame.select(
        pl.when(pl.len().over("root") == 1)
        .then("root")
        .when(pl.len().over("dated") == 1)
        .then("dated")
        .otherwise(pl.concat_str("dated", pl.lit("@"), "session", pl.lit("#"), pl.col("number").cast(pl.String)))
        .alias("root")
    )["root"]


def parent_links(
    chains: Chains, candidates: Sequence[Sequence[str]], kinds: Sequence[tuple[str, int]], believed: bool
) -> tuple[list[int | None], list[str | None]]:
    """(the chain that is each chain's parent, else the id of a parent that the log does not hold), by chain.

    `candidates` are the linking ids that a chain bears, `kinds` its symbol and side. An id links to the order of the
    log that bears it as a ClOrdID and trades the same symbol and side. One that no order bears is a parent from
    elsewhere if `believed` (the user named the tag), or if two orders or more of one symbol and side share it and no
    order of another does: a list of several symbols is no parent.
    """
    count = chains.frame.height
    named: dict[str, list[int]] = {}
    for name, number in chains.names.iter_rows():
        named.setdefault(name, []).append(number)
    sharing: dict[str, list[tuple[str, int]]] = {}
    for number, ids in enumerate(candidates):
        for value in set(ids):
            sharing.setdefault(value, []).append(kinds[number])
    above: list[int | None] = [None] * count
    outside: list[str | None] = [None] * count
    for number, ids in enumerate(candidates):
        for value in ids:
            own = [other for other in named.get(value, []) if other != number and kinds[other] == kinds[number]]
            if own:
                above[number] = max((o for o in own if o < number), default=own[0])
                break
            shared = sharing[value]
            if believed or (value not in named and len(shared) > 1 and len(set(shared)) == 1):
                outside[number] = value
                break
    return [_top(above, number) for number in range(count)], [
        _inherited(above, outside, number) for number in range(count)
    ]


def _climb(above: Sequence[int | None], number: int) -> int | None:
    """The order at the top of a chain of links; None where they go in a circle."""
    seen = {number}
    at = number
    while (up := above[at]) is not None:
        if up in seen:
            return None
        seen.add(up)
        at = up
    return at


def _top(above: Sequence[int | None], number: int) -> int | None:
    top = _climb(above, number)
    return None if top is None or top == number else top


def _inherited(above: Sequence[int | None], outside: Sequence[str | None], number: int) -> str | None:
    top = _climb(above, number)
    return outside[number if top is None else top]
