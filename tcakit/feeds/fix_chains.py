"""Which messages of a FIX log speak of one order: ClOrdID and OrigClOrdID from cancel to replace, OrderID else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

_NO_ID = ("", "NONE", "0", "UNKNOWN", "N/A")
_KEY = ("session", "11", "41", "37", "day", "opens")


@dataclass(slots=True)
class Chain:
    """One order through its replacements: the first ClOrdID, its session, its day, and its OrderID if any."""

    number: int
    root: str
    session: str
    day: str
    order_id: str | None
    names: list[str] = field(default_factory=list)


def chains_of(events: pl.DataFrame) -> tuple[pl.DataFrame, list[Chain]]:
    """Add to each event the column `chain`, null where neither ClOrdID nor OrderID say whose it is.

    `events` are in the order of the log, with columns of tags and `session`, `day` (of sending) and `opens` (a new
    order, or its first acknowledgement). An id that opens again on another day is another order.
    """
    ids = events.select(_KEY)
    keys = ids.select(key=pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator="\x01"))["key"]
    places = _Places()
    known: dict[str, int | None] = {}
    numbers = []
    for row, key in enumerate(keys.to_list()):
        if key not in known:
            known[key] = places.find(*ids.row(row))
        numbers.append(known[key])
    return events.with_columns(chain=pl.Series(numbers, dtype=pl.Int64)), places.chains


class _Places:
    """Chains by the ids that are live for them."""

    def __init__(self) -> None:
        self.chains: list[Chain] = []
        self.live: dict[tuple[str, str], Chain] = {}
        self.by_order: dict[tuple[str, str], Chain] = {}

    def find(
        self, session: str, given: str | None, before: str | None, order: str | None, day: str, opens: bool
    ) -> int | None:
        """The number of the chain that a message with these ids speaks of, a new one if none is live."""
        name = None if given is None or given.upper() in _NO_ID else given
        order_id = None if order is None or order.upper() in _NO_ID else order
        chain = None if name is None else self.live.get((session, name))
        if chain is not None and opens and chain.day != day and _differs(chain.order_id, order_id):
            chain = before = None
        elif chain is None:
            if before is not None:
                chain = self.live.get((session, before))
            if chain is None and order_id is not None and not opens:
                chain = self.by_order.get((session, order_id))
        root = before or name or order_id
        if chain is None:
            if root is None:
                return None
            chain = Chain(len(self.chains), root, session, day, order_id)
            self.chains.append(chain)
        if before is not None and (session, before) not in self.live:
            self._name(chain, before)
        if name is not None and self.live.get((session, name)) is not chain:
            self._name(chain, name)
        if order_id is not None:
            chain.order_id = chain.order_id or order_id
            self.by_order[session, order_id] = chain
        return chain.number

    def _name(self, chain: Chain, name: str) -> None:
        self.live[chain.session, name] = chain
        chain.names.append(name)


def _differs(held: str | None, given: str | None) -> bool:
    return held is None or given is None or held != given


def order_ids(chains: Sequence[Chain]) -> list[str]:
    """An id for each chain, unique within the log: its first ClOrdID, with its day or session where that repeats."""
    plain = Counter(chain.root for chain in chains)
    if len(plain) == len(chains):
        return [chain.root for chain in chains]
    dated = Counter(_dated(chain) for chain in chains)
    ids = []
    for chain in chains:
        if plain[chain.root] == 1:
            ids.append(chain.root)
        elif dated[_dated(chain)] == 1:
            ids.append(_dated(chain))
        else:
            ids.append(f"{_dated(chain)}@{chain.session}#{chain.number}")
    return ids


def _dated(chain: Chain) -> str:
    day = chain.day
    return f"{chain.root}@{day[:4]}-{day[4:6]}-{day[6:8]}"


def parent_links(
    chains: Sequence[Chain], candidates: Sequence[Sequence[str]], kinds: Sequence[tuple[str, int]], believed: bool
) -> tuple[list[int | None], list[str | None]]:
    """(the chain that is each chain's parent, else the id of a parent that the log does not hold), by chain.

    `candidates` are the linking ids that a chain bears, `kinds` its symbol and side. An id links to the order of the
    log that bears it as a ClOrdID and trades the same symbol and side. One that no order bears is a parent from
    elsewhere if `believed` (the user named the tag), or if two orders or more of one symbol and side share it and no
    order of another does: a list of several symbols is no parent.
    """
    if not any(candidates):
        return [None] * len(chains), [None] * len(chains)
    named: dict[str, list[int]] = {}
    for chain in chains:
        for name in chain.names:
            named.setdefault(name, []).append(chain.number)
    sharing: dict[str, list[tuple[str, int]]] = {}
    for number, ids in enumerate(candidates):
        for value in set(ids):
            sharing.setdefault(value, []).append(kinds[number])
    above: list[int | None] = [None] * len(chains)
    outside: list[str | None] = [None] * len(chains)
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
    return [_top(above, number) for number in range(len(chains))], [
        _inherited(above, outside, number) for number in range(len(chains))
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
