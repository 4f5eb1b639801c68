"""Two runs, or a run and what really happened, set side by side parent by parent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import TcakitError, UsageError
from tcakit.jobs.belief import FEW_DAYS, FEW_PARENTS
from tcakit.jobs.report import ReportRequest, measured_blotter
from tcakit.registry import nearest
from tcakit.store import results
from tcakit.store.database import Store

MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Runs by id or the beginning of it, or `latest`; or RUN/ALGO for those of its parents that one algorithm worked.

    `second` None is the blotter, so far as it traded between two dates. `measure` is one of `tca.paired.MEASURES`.
    """

    first: str
    second: str | None = None
    measure: str = "shortfall"
    date_from: str | None = None
    date_to: str | None = None


def compare(folder: Path, request: CompareRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """What the first cost less what the second did: over all pairs with interval and p-value, and pair by pair.

    Raises UsageError where a run is not there, or where no parent of one has a partner in the other.
    """
    from tcakit.tca.paired import MEASURES, difference, pair

    store = Store(folder, wait_s=wait_s)
    first = _side_of(store, request.first)
    if request.second is None:
        run_id = measured_blotter(store, ReportRequest(None, True, request.date_from, request.date_to))[0]
        second: dict[str, Any] = {
            "name": "orders",
            "run_id": run_id,
            "parents": results.table(store, "tca_parents", run_id),
        }
    else:
        second = _side_of(store, request.second)
    found = pair(first["parents"], second["parents"], request.measure)
    if not found.pairs.height:
        reasons = sorted({row["reason"] for row in found.unpaired})
        raise UsageError(
            f"no parent of {first['name']} can be set against one of {second['name']} ({'; '.join(reasons[:3])})",
            place="compare",
            remedy="compare runs over the same parents: `tcakit backtest --orders` makes some of the blotter's",
        )
    told = difference(found.pairs)
    return {
        **told,
        "measure": request.measure,
        "measure_is": MEASURES[request.measure][0],
        "first": {name: first[name] for name in ("name", "run_id")},
        "second": {name: second[name] for name in ("name", "run_id")},
        "differ_most": differ_most(found.pairs),
        "unpaired": found.unpaired,
        "notes": [*found.notes, *sample_notes(told)],
    }


def _side_of(store: Store, name: str) -> dict[str, Any]:
    """The measured parents of RUN or RUN/ALGO."""
    run, slash, algo = name.partition("/")
    try:
        run_id = results.find_run(store, run)["run_id"]
    except TcakitError as error:
        error.place = "compare"
        raise
    parents = results.table(store, "tca_parents", run_id)
    if slash:
        known = parents["algo"].drop_nulls().unique().sort().to_list()
        if algo not in known:
            guess = nearest(algo, known)
            raise UsageError(
                f"run {run_id[:8]} has no parents worked by {algo!r}",
                place="compare",
                remedy=f"did you mean {run}/{guess}?" if guess else f"it has {', '.join(known)}",
            )
        parents = parents.filter(pl.col("algo") == algo)
    return {"name": run_id[:8] + (f"/{algo}" if slash else ""), "run_id": run_id, "parents": parents}


def differ_most(pairs: pl.DataFrame, most: int = MOST_TOLD) -> list[dict[str, Any]]:
    """The pairs that moved the difference most, each with its share of it in bps."""
    total = pairs["weight"].sum() or 1.0
    share = (pl.col("difference_bps") * pl.col("weight") / total).alias("of_difference_bps")
    rows = pairs.with_columns(share).sort(pl.col("of_difference_bps").abs(), descending=True, maintain_order=True)
    names = (
        "parent_id_1", "parent_id_2", "symbol", "date", "side", "algo_1", "algo_2", "bps_1", "bps_2", "difference_bps",
        "of_difference_bps",
    )  # fmt: skip
    return rows.head(most).select(names).to_dicts()


def sample_notes(told: dict[str, Any]) -> list[str]:
    """What the number of parents and days says of a difference."""
    notes = []
    if told["n"] < FEW_PARENTS:
        notes.append(f"{told['n']} pairs are few: the interval is a rough guess")
    if told["days"] < 2:
        notes.append(
            "all pairs are of one day: other days are not in the interval, and p-values flip parents, not days"
        )
    elif told["days"] < FEW_DAYS:
        notes.append(
            f"{told['days']} days are few: p cannot fall below {told['least_p']:.2g}, and the interval is too narrow"
        )
    return notes
