"""The firm's own orders of two periods, brokers, algorithms or any two conditions, set against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.belief import FEW_DAYS, FEW_PARENTS
from tcakit.jobs.report import ReportRequest, markets_of_parents, measured_blotter
from tcakit.jobs.report_scope import chosen_parents, known_before
from tcakit.jobs.tags import tags_of
from tcakit.report.data import Scope
from tcakit.store import results
from tcakit.store.database import Store


@dataclass(frozen=True, slots=True)
class CompareOrdersRequest:
    """Two sets of the blotter's orders, each by its dates and a condition as `tca.order_filter` reads it.

    What the second does not say is as the first's. `measure` is one of `tca.paired.MEASURES`.
    """

    date_from: str | None = None
    date_to: str | None = None
    where: str | None = None
    against_from: str | None = None
    against_to: str | None = None
    against_where: str | None = None
    measure: str = "arrival"


def compare_orders(folder: Path, request: CompareOrdersRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """What the first orders cost less what the second did, with interval and p-value; see `tca.unpaired.set_against`.

    UsageError where both are the same, or one has no orders.
    """
    from tcakit.tca.paired import MEASURES
    from tcakit.tca.unpaired import set_against

    first = request.date_from, request.date_to, request.where
    dated = request.against_from is not None or request.against_to is not None
    second = (
        request.against_from if dated else request.date_from,
        request.against_to if dated else request.date_to,
        request.where if request.against_where is None else request.against_where,
    )
    if first == second:
        raise UsageError(
            "both sets of orders are the same",
            place="compare",
            remedy="give --against-from and --against-to, or --against-where",
        )
    store = Store(folder, wait_s=wait_s)
    told = set_against(_chosen(store, *first), _chosen(store, *second), request.measure)
    names = [_name(*asked) for asked in (first, second)]
    return {
        **told,
        "measure": request.measure,
        "measure_is": MEASURES[request.measure][0],
        "first": names[0],
        "second": names[1],
        "notes": [*told["notes"], *_doubts(told)],
    }


def _chosen(store: Store, date_from: str | None, date_to: str | None, where: str | None) -> pl.DataFrame:
    run_id, own = measured_blotter(store, ReportRequest(None, True, date_from, date_to))
    rows = results.table(store, "tca_parents", run_id)
    if where is not None:
        parents = own["parents"]
        known, markets = known_before(store, run_id, parents), markets_of_parents(store, parents)
        kept = chosen_parents(Scope(where), parents, rows, known, markets, tags_of(store, parents))
        rows = rows.filter(pl.col("parent_id").is_in(kept))
    if not rows.height:
        raise UsageError(f"no order: {_name(date_from, date_to, where)}", place="compare", remedy="ask for other dates")
    return rows


def _name(date_from: str | None, date_to: str | None, where: str | None) -> str:
    dates = date_from or "the first day"
    if date_to != date_from or date_to is None:
        dates += f" to {date_to or 'the last'}"
    return dates + (f", {where}" if where else "")


def _doubts(told: dict[str, Any]) -> list[str]:
    notes = []
    few = min(told["n_first"], told["n_second"])
    if few < FEW_PARENTS:
        notes.append(f"{few} orders on one side are few: the interval is a rough guess")
    days = min(told["days_first"], told["days_second"])
    if days < 2:
        notes.append("one side is of a single day: other days are not in the interval")
    elif days < FEW_DAYS:
        notes.append(f"{days} days on one side are few: the interval is too narrow")
    if told["left_out"]:
        notes.append(f"{told['left_out']} orders have no such cost and are left out")
    notes.append("the two sets are different orders: how hard they were is in the difference")
    return notes
