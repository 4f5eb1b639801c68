"""Chains of orders in a FIX log: the kernel against dictionaries of ids, and the frames made of it."""

from __future__ import annotations

import random

import numpy as np
import polars as pl

from tcakit.feeds.fix_chain_kernel import BY_NAME, BY_ORDER, BY_REPLACED, NO_CHAIN, follow_chains
from tcakit.feeds.fix_chains import chains_of, order_ids


def witness(messages: list[tuple[int, int, int, int, bool]]) -> tuple[list[int], list[tuple[int, int]]]:
    """(chain of each message, (id, chain) in the order in which chains came to bear ids)."""
    chains: list[dict[str, int]] = []
    live: dict[int, int] = {}
    by_order: dict[int, int] = {}
    found, borne = [], []
    for name, before, order, day, opens in messages:
        chain = live.get(name) if name >= 0 else None
        reopened = chain is not None and opens and chains[chain]["day"] != day
        if reopened and chain is not None and not (order >= 0 and chains[chain]["order"] == order):
            chain, before = None, -1
        elif chain is None:
            chain = live.get(before) if before >= 0 else None
            if chain is None and order >= 0 and not opens:
                chain = by_order.get(order)
        if chain is None:
            if name < 0 and before < 0 and order < 0:
                found.append(NO_CHAIN)
                continue
            chain = len(chains)
            chains.append({"day": day, "order": order})
        if before >= 0 and before not in live:
            live[before] = chain
            borne.append((before, chain))
        if name >= 0 and live.get(name) != chain:
            live[name] = chain
            borne.append((name, chain))
        if order >= 0:
            if chains[chain]["order"] < 0:
                chains[chain]["order"] = order
            by_order[order] = chain
        found.append(chain)
    return found, borne


def test_random_logs_against_dictionaries():
    chance = random.Random(7)
    for _ in range(200):
        count, ids = chance.randrange(0, 40), chance.choice((2, 5, 12))
        messages = [
            (
                chance.randrange(-1, ids), chance.choice((-1, -1, chance.randrange(ids))), chance.randrange(-1, ids),
                chance.randrange(2), chance.random() < 0.3,
            )
            for _ in range(count)
        ]  # fmt: skip
        columns = [np.array([message[at] for message in messages], np.int64) for at in range(4)]
        opens = np.array([message[4] for message in messages], np.bool_)
        chains, begun, named_by, borne, bearer = follow_chains(*columns, opens, ids)
        wanted, wanted_borne = witness(messages)
        assert chains.tolist() == wanted
        assert list(zip(borne.tolist(), bearer.tolist(), strict=True)) == wanted_borne
        assert [chains[row] for row in begun] == list(range(len(begun)))
        for row, how in zip(begun.tolist(), named_by.tolist(), strict=True):
            name, before = messages[row][:2]
            assert how in (BY_REPLACED, BY_NAME, BY_ORDER)
            assert (how != BY_ORDER) or (name < 0 and before < 0)


def test_ids_of_two_sessions_are_not_one():
    events = pl.DataFrame(
        {
            "11": ["A", "A", "B", "none", None],
            "41": [None, None, "A", None, None],
            "37": ["O", None, "NONE", "O", "0"],
            "session": ["s", "t", "s", "s", "s"],
            "day": ["20240102"] * 5,
            "opens": [True, True, False, False, False],
        },
        schema_overrides={"37": pl.String},
    )
    found, chains = chains_of(events)
    assert found["chain"].to_list() == [0, 1, 0, 0, None]
    assert chains.names.rows() == [("A", 0), ("A", 1), ("B", 0)]
    assert order_ids(chains).to_list() == ["A@2024-01-02@s#0", "A@2024-01-02@t#1"]
    assert chains_of(events.clear())[1].frame.height == 0
