"""Our own executions, of a run or of the blotter, in the form of a Rule 605 summary, with all that it lacks named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.report import markets_of_parents, write_whole
from tcakit.market.day import MarketDay
from tcakit.market.rule605 import OES_NAMES, SUMMARY_KEY, SUMMARY_NUMBERS
from tcakit.store import results
from tcakit.store.database import Store

ASSUMED = (
    "covered orders are told by type, hours and quote alone: not-held orders and other special handling are not known",
    "an order's notional is its shares at the mid of its receipt; E/Q is a fraction, as in the SEC's own sample",
)


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """Whose executions (`run`: a run's id or "latest"; None: the ingested blotter) and what the orders do not tell.

    `sp500` is a file of symbols, one a line, that were in the S&P 500 on the month's first day; `with_ioc` counts
    immediate-or-cancel orders, which the rule's summary leaves out.
    """

    run: str | None = None
    participant: str | None = None
    entity: str | None = None
    sp500: Path | None = None
    with_ioc: bool = False


@dataclass(frozen=True, slots=True)
class OwnSummary:
    """Rows of `tca.execution_summary.summary_rows`, child orders left out by reason, and what to know of the numbers.

    `missing` names each column that needs what was not there, and what that is.
    """

    rows: pl.DataFrame
    left_out: dict[str, int]
    notes: list[str]
    missing: dict[str, str]


def own_summary(store: Store, request: OwnRequest) -> OwnSummary:
    """Measure child orders of a run or of the blotter; UsageError where there is none, or a code is no code."""
    from tcakit.tca.covered_orders import covered_orders
    from tcakit.tca.execution_summary import summary_rows

    for flag, code in (("--participant", request.participant), ("--entity", request.entity)):
        if code is not None and not re.fullmatch("[A-Z]+", code):
            raise UsageError(f"{code!r} is no code", place=flag, remedy="write it in capital letters")
    index = None if request.sp500 is None else symbols_of(request.sp500)
    notes: list[str] = []
    if request.run is None:
        blotter = load_blotter(store)
        parents, orders, fills = blotter.parents, blotter.orders, blotter.fills
        notes += blotter.notes
        # Fills restated after a split no longer have the prices that the day's quotes have.
        restated = [name for name, _ in blotter.restated]
        replaced = set(fills.filter(pl.col("fill_id").is_in(restated))["order_id"].drop_nulls())
        if not orders.height:
            notes.append("the blotter tells no child orders: ingest a FIX log, or a file of orders")
    else:
        run_id = results.find_run(store, None if request.run == "latest" else request.run)["run_id"]
        parents, orders, fills = (results.table(store, name, run_id) for name in ("parents", "orders", "fills"))
        events = results.table(store, "order_events", run_id)
        replaced = set(events.filter(pl.col("event") == "replaced")["order_id"].to_list())
        notes.append("these are replayed orders: a recorded market that does not react to them")
    if not fills.height and not orders.height:
        raise UsageError("no child order is stored", place="--orders", remedy="ingest a FIX log or a file of orders")
    # An order may live on after its parent's first day: the days of its fills are wanted too.
    days = pl.concat([parents.select("symbol", "date", "venue"), fills.select("symbol", "date")], how="diagonal")
    markets = markets_of_parents(store, days.unique(["symbol", "date"], keep="first", maintain_order=True))
    covered = covered_orders(parents, orders, fills, markets, changed=replaced, with_ioc=request.with_ioc)
    rows = summary_rows(covered, request.participant, request.entity, index)
    notes += _caveats(rows, markets, orders, request, index, covered.orders)
    return OwnSummary(rows, covered.left_out, notes, _missing(rows, request))


def write_oes(store: Store, request: OwnRequest, out: Path, own: OwnSummary | None = None) -> dict[str, Any]:
    """Write our own summary as an OES file and read it back by the schema's rules.

    Gives `written` (rows), `not_executed` (rows without an execution, which the form cannot say and which are left
    out), `complete` and `faults`: the cells that the schema does not let pass. UsageError where nothing was executed.
    """
    from tcakit.feeds.oes import read_summary, summary_text

    own = own or own_summary(store, request)
    kept = own.rows.filter(pl.col("executed_shares") > 0)
    idle = own.rows.filter(pl.col("executed_shares") == 0)
    if not kept.height:
        raise UsageError(
            "no covered order was executed",
            place="--write",
            remedy="see what is left out; --ioc counts such orders too",
        )
    text = summary_text(kept)
    try:
        write_whole(out, text)
    except UsageError as error:
        raise UsageError(error.message, place=error.place, remedy="give another file to --write") from None
    _, faults = read_summary(str(out), text.encode())
    return {
        "out": str(out),
        "written": kept.height,
        "not_executed": idle.select(*SUMMARY_KEY, "orders", "shares").to_dicts(),
        "complete": not faults.refusing,
        "faults": [fault.as_dict() for fault in faults],
    }


def symbols_of(path: Path) -> set[str]:
    """Symbols of a file, one a line, what follows a # or a comma left aside; UsageError or DataError if there is none.

    >>> Path("index.txt").write_text("AAPL, Apple\\n# gone: XYZ\\nMSFT\\n") > 0
    True
    >>> sorted(symbols_of(Path("index.txt")))
    ['AAPL', 'MSFT']
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", place=str(path), remedy="check the path") from None
    except UnicodeDecodeError:
        raise DataError("the list is not UTF-8 text", place=str(path), remedy="save it as UTF-8") from None
    found = {re.split("[#,]", line)[0].strip() for line in text.splitlines()} - {""}
    if not found:
        raise DataError("no symbol in the list", place=str(path), remedy="write one symbol a line")
    return found


def _caveats(
    rows: pl.DataFrame,
    markets: dict[tuple[str, str], MarketDay],
    orders: pl.DataFrame,
    request: OwnRequest,
    index: set[str] | None,
    covered: pl.DataFrame,
) -> list[str]:
    venues = sorted({day.instrument.venue for day in markets.values()})
    told = [*ASSUMED]
    if venues:
        told.append(f"quotes are those of {', '.join(venues)}: the rule's are the consolidated best bid and offer")
    if request.with_ioc:
        told.append("immediate-or-cancel and fill-or-kill orders are counted: the rule's summary leaves them out")
    late = orders.filter(pl.col("acknowledged_ns").is_null()).height
    if late:
        told.append(f"of {late} orders no receipt is told: the time they were sent stands for it")
    if index is not None and covered.height and not set(covered["symbol"]) & index:
        told.append("none of the orders' symbols is in the list of the S&P 500")
    for name in ("15s", "60s"):
        short = rows.filter(pl.col(f"realised_{name}_shares") < pl.col("executed_shares")).height
        if short:
            told.append(f"in {short} rows the realised spread after {name} rests on fewer shares than were executed")
    return told


def _missing(rows: pl.DataFrame, request: OwnRequest) -> dict[str, str]:
    """Columns of the file that stand empty, and what they need."""
    missing = {}
    if request.participant is None:
        missing["DsgntParticipant"] = "the code of the designated participant: --participant"
    if request.entity is None:
        missing["RprtEntityCd"] = "the reporter's code as that participant assigned it: --entity"
    if request.sp500 is None:
        missing["Sp500"] = "the symbols in the S&P 500 on the month's first day: --sp500 FILE"
    executed = rows.filter(pl.col("executed_shares") > 0)
    for name, field in zip(OES_NAMES[len(SUMMARY_KEY) :], SUMMARY_NUMBERS, strict=True):
        lacking = executed[field].null_count()
        if lacking:
            missing[name] = f"{_NEEDS[field]} ({lacking} of {executed.height} rows)"
    return missing


# What an executed row can lack; its other numbers come from the receipt's quote, which every covered order has.
_NEEDS = {
    "effective_over_quoted": "a quoted spread above zero",
    "realised_15s_of_mid": "quotes 15 s after the executions",
    "realised_60s_of_mid": "quotes a minute after the executions",
}
