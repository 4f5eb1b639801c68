"""Which rows of several blotters stand: reckoned by hand, file after file."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tcakit.jobs.standing import StandingFills, standing_fills, standing_rows
from tcakit.market.schema import FILLS, ORDERS, PARENTS

DAY = "2026-03-03"
CAME = {"first": 1_000, "second": 2_000, "third": 3_000}


def fill(key: str, name: str, ts_ns: int = 100, price: int | None = 105_000, **said: Any) -> dict[str, Any]:
    row = {
        "run_id": key, "fill_id": name, "order_id": "c1", "parent_id": "p1", "symbol": "ACME", "date": DAY,
        "ts_ns": ts_ns, "side": 1, "price": price, "price_scale": 10_000, "quantity": 50, "size_scale": 1,
    }  # fmt: skip
    return row | said


def change(key: str, kind: str, name: str, revises: str | None, ts_ns: int, **said: Any) -> dict[str, Any]:
    return fill(key, name, ts_ns, change=kind, revises=revises, known_ns=ts_ns, **said)


def stand(*rows: dict[str, Any], as_of: int | None = None) -> StandingFills:
    frame = FILLS.conform(pl.DataFrame(rows, schema_overrides=FILLS.polars_schema()))
    found = standing_fills(frame, CAME, as_of)
    assert found.fills.columns == FILLS.names
    return found


def told(found: StandingFills) -> list[tuple[str, int, int]]:
    return found.fills.select("fill_id", "ts_ns", "price").rows()


def test_the_same_row_of_two_files_is_one_whatever_its_units() -> None:
    finer = {"price": 10_500_000, "price_scale": 1_000_000, "quantity": 500, "size_scale": 10}
    again = fill("second", "a") | finer | {"ts_resolution_ns": 10**9}
    found = stand(fill("first", "a"), fill("first", "b", 101), again, fill("second", "c", 102))
    assert told(found) == [("a", 100, 105_000), ("b", 101, 105_000), ("c", 102, 105_000)]
    assert (found.corrected, found.cancelled, found.unknown) == (0, 0, ())


def test_a_later_file_revises_by_the_same_id_and_only_of_the_same_day() -> None:
    moved = fill("second", "a", 103, 106_000)
    other_day = fill("second", "b", 5_000, 99_000, date="2026-03-04")
    found = stand(fill("first", "a"), fill("first", "b", 101), moved, other_day)
    assert told(found) == [("a", 103, 106_000), ("b", 101, 105_000), ("b", 5_000, 99_000)]
    assert found.corrected == 1
    # A third file that takes the first one's word again is the last word.
    assert told(stand(fill("first", "a"), moved, fill("third", "a"))) == [("a", 100, 105_000)]


def test_the_order_of_files_is_that_of_their_coming_not_that_of_the_rows() -> None:
    assert told(stand(fill("second", "a", 100, 106_000), fill("first", "a"))) == [("a", 100, 106_000)]


def test_a_correction_in_a_later_file_keeps_the_time_of_the_execution() -> None:
    silent = {"parent_id": None, "order_id": None}
    found = stand(
        fill("first", "a"), fill("first", "b"), change("second", "correct", "n", "a", 900, price=107_000, **silent)
    )
    assert told(found) == [("n", 100, 107_000), ("b", 100, 105_000)]
    assert found.fills["parent_id"].to_list() == ["p1", "p1"]
    assert found.fills["order_id"].to_list() == ["c1", "c1"]


def test_corrections_of_corrections_and_cancels_of_them() -> None:
    rows = [
        fill("first", "a"),
        change("first", "correct", "b", "a", 200, price=106_000),
        change("second", "correct", "c", "b", 300, price=107_000),
        change("second", "correct", "d", "a", 400, price=108_000),
    ]
    assert told(stand(*rows)) == [("d", 100, 108_000)]
    found = stand(*rows, change("third", "cancel", "e", "c", 500, price=None, quantity=None))
    assert (told(found), found.corrected, found.cancelled) == ([], 0, 1)


def test_a_day_s_export_that_is_given_again_changes_nothing() -> None:
    rows = [fill("first", "a"), change("first", "correct", "b", "a", 200, price=106_000), fill("first", "x"),
            change("first", "cancel", "y", "x", 300)]  # fmt: skip
    again = [row | {"run_id": "second"} for row in rows]
    found = stand(*rows, *again)
    assert (told(found), found.corrected, found.cancelled) == ([("b", 100, 106_000)], 1, 1)
    # Nor does an export of another day that tells the corrected fill as if it had been the execution.
    assert told(stand(*rows, fill("third", "b", 100, 106_000))) == [("b", 100, 106_000)]


def test_a_change_may_come_before_its_fill_and_without_an_id_of_its_own() -> None:
    early = change("first", "cancel", "a", "a", 200)
    assert told(stand(early, fill("second", "a"), fill("second", "b"))) == [("b", 100, 105_000)]
    assert told(stand(change("first", "cancel", "a", None, 200), fill("first", "a"))) == []


def test_a_change_next_day_means_the_latest_fill_of_that_id_before_it() -> None:
    days = [fill("first", "a"), fill("first", "a", 5_000, date="2026-03-04")]
    late = change("second", "cancel", "z", "a", 9_000, date="2026-03-05")
    assert told(stand(*days, late)) == [("a", 100, 105_000)]
    same = change("second", "cancel", "z", "a", 900)
    assert told(stand(*days, same)) == [("a", 5_000, 105_000)]


def test_a_change_that_names_nobody_s_fill_is_kept_apart() -> None:
    found = stand(fill("first", "a"), change("second", "cancel", "y", "x", 200))
    assert told(found) == [("a", 100, 105_000)]
    assert [(row["fill_id"], row["revises"]) for row in found.unknown] == [("y", "x")]


@pytest.mark.parametrize(
    ("as_of", "standing"),
    [
        (99, []),
        (100, [("a", 100, 105_000)]),
        (899, [("a", 100, 105_000)]),
        (900, [("n", 100, 107_000)]),
        (2_000, [("n", 100, 107_000)]),
        (2_999, [("n", 100, 107_000)]),
        (3_000, [("a", 100, 111_000)]),
    ],
)
def test_as_it_stood_at_a_time(as_of: int, standing: list[tuple[str, int, int]]) -> None:
    """Executions from their time, changes from their own stamp, another file's word from when it came."""
    rows = [
        fill("first", "a"),
        change("second", "correct", "n", "a", 900, price=107_000),
        fill("third", "a", 100, 111_000),
    ]
    assert told(stand(*rows, as_of=as_of)) == standing


def test_a_change_without_a_stamp_is_known_when_its_file_came() -> None:
    rows = [fill("first", "a"), change("second", "cancel", "z", "a", 150) | {"known_ns": None}]
    assert (told(stand(*rows, as_of=1_999)), told(stand(*rows, as_of=2_000))) == ([("a", 100, 105_000)], [])


def test_dropping_one_of_two_files_leaves_the_row_of_the_other() -> None:
    assert told(stand(fill("second", "a"))) == told(stand(fill("first", "a"), fill("second", "a")))


def parent(key: str, name: str, quantity: int, arrival_ns: int = 50) -> dict[str, Any]:
    return {
        "run_id": key, "parent_id": name, "symbol": "ACME", "matched": False, "date": DAY, "side": 1,
        "quantity": quantity, "size_scale": 1, "price_scale": 10_000, "arrival_ns": arrival_ns,
    }  # fmt: skip


def test_the_last_file_s_word_on_a_parent_counts() -> None:
    rows = [
        parent("second", "p1", 500),
        parent("first", "p1", 300),
        parent("first", "p2", 70),
        parent("third", "p2", 70),
    ]
    frame = PARENTS.conform(pl.DataFrame(rows, schema_overrides=PARENTS.polars_schema()))
    found, differing = standing_rows("parents", frame, CAME)
    assert (found.select("parent_id", "quantity").rows(), differing) == ([("p1", 500), ("p2", 70)], 1)
    before, _ = standing_rows("parents", frame, CAME, 1_999)
    assert before["quantity"].to_list() == [300, 70]
    assert standing_rows("parents", frame, CAME, 49)[0].height == 0


def test_an_order_sent_at_another_instant_is_another_order() -> None:
    row = {
        "run_id": "first", "order_id": "o", "symbol": "ACME", "side": 1, "type": "limit", "time_in_force": "day",
        "price_scale": 1, "quantity": 10, "filled": 0, "size_scale": 1, "state": "live", "submitted_ns": 60,
    }  # fmt: skip
    rows = [row, row | {"run_id": "second", "filled": 10, "state": "filled"}, row | {"submitted_ns": 90}]
    frame = ORDERS.conform(pl.DataFrame(rows, schema_overrides=ORDERS.polars_schema()))
    found, differing = standing_rows("orders", frame, CAME)
    assert (found.select("submitted_ns", "state").rows(), differing) == ([(60, "filled"), (90, "live")], 1)
