"""Execution reports of a FIX log: what each one says, repeats taken once, busts and corrections applied."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tcakit.feeds.contract import Faults

STATUS, FILL, BUST, CORRECTION, OTHER = "status", "fill", "bust", "correction", "other"


def with_kinds(reports: pl.DataFrame) -> pl.DataFrame:
    """Add `kind` of each report, by ExecTransType (20, up to 4.2) and ExecType (150).

    Up to 4.2 a fill is 150=1 or 2 with 20=0, and 20 says bust, correct and status; from 4.3 on these are 150=F, H, G
    and I. FIX 4.0 has no 150: OrdStatus (39) stands for it.
    """
    trans = pl.col("20").fill_null("0")
    type_ = pl.coalesce("150", "39")
    return reports.with_columns(
        kind=pl.when((trans == "3") | (type_ == "I"))
        .then(pl.lit(STATUS))
        .when((trans == "1") | (type_ == "H"))
        .then(pl.lit(BUST))
        .when((trans == "2") | (type_ == "G"))
        .then(pl.lit(CORRECTION))
        .when(type_.is_in(["1", "2", "F"]) & ~pl.col("32").fill_null("x").str.contains(r"^0*\.?0*$"))
        .then(pl.lit(FILL))
        .otherwise(pl.lit(OTHER))
    )


def without_repeats(reports: pl.DataFrame, faults: Faults, place: str) -> pl.DataFrame:
    """Each execution once: later reports of the same session, ExecID and day are dropped and counted.

    One that says something else under the same ExecID is refused: which of the two holds is not ours to choose.
    """
    keyed = reports.with_columns(exec_day=pl.col("60").str.slice(0, 8))
    named = pl.col("17").is_not_null()
    key = ["session", "17", "exec_day"]
    repeated = keyed.select(again=named & ~pl.struct(key).is_first_distinct())["again"]
    if not repeated.any():
        return reports
    said = pl.concat_str(pl.col("37", "39", "150", "20", "32", "31", "14", "60").fill_null(""), separator="\x01")
    keyed = keyed.with_columns(said=said)
    firsts = keyed.filter(named & ~repeated).select(*key, first_said="said", first_line="line")
    later = keyed.filter(repeated).join(firsts, on=key, how="left", nulls_equal=True)
    other = later.filter(pl.col("said") != pl.col("first_said"))
    for line, name, first in other.select("line", "17", "first_line").iter_rows():
        faults.add(place, line, f"ExecID {name} stands at line {first} with other contents")
    faults.count("repeated execution reports", later.height - other.height)
    return reports.filter(~repeated)


@dataclass(slots=True)
class _Execution:
    """What is left of an execution: the line of the report that holds now (None when busted), and when it traded."""

    line: int | None
    trade_ns: int


def final_fills(reports: pl.DataFrame, faults: Faults, place: str) -> tuple[pl.DataFrame, list[int]]:
    """The executions that stand at the end of the log, each by the report that holds, with `trade_ns`; and of each bust
    the chain whose execution it took out.

    A correction takes the place of the fill it names by ExecRefID (19) and keeps that fill's time, which is when the
    trade was made; a bust takes it out.
    """
    fills = reports.filter(pl.col("kind") == FILL)
    changes = reports.filter(pl.col("kind").is_in([BUST, CORRECTION])).sort("line")
    fills = fills.with_columns(trade_ns=pl.col("at_ns"))
    if not changes.height:
        return fills, []
    named = fills.filter(pl.col("17").is_in(changes["19"].drop_nulls().unique().to_list()))
    standing: dict[tuple[str, str], _Execution] = {
        (session, name): _Execution(line, at_ns)
        for session, name, line, at_ns in named.select("session", "17", "line", "at_ns").rows()
    }
    gone: set[int] = set()
    moved: dict[int, int] = {}
    busted: list[int] = []
    said = changes.select("session", "17", "19", "kind", "line", "chain")
    for session, name, refers, kind, line, chain in said.iter_rows():
        execution = None if refers is None else standing.get((session, refers))
        if execution is None or execution.line is None:
            word = "busts" if kind == BUST else "corrects"
            why = "which is busted already" if execution is not None else "which this log does not hold"
            faults.add(place, line, f"{word} execution {refers}, {why}")
            continue
        gone.add(execution.line)
        moved.pop(execution.line, None)
        if kind == BUST:
            execution.line = None
            busted.append(chain)
            faults.count("busted executions")
        else:
            execution.line = line
            moved[line] = execution.trade_ns
            faults.count("corrected executions")
            if name is not None:
                standing[session, name] = execution
    kept = fills.filter(~pl.col("line").is_in(list(gone)))
    if not moved:
        return kept, busted
    times = pl.DataFrame(
        {"line": list(moved), "trade_ns": list(moved.values())}, schema=dict.fromkeys(("line", "trade_ns"), pl.Int64)
    )
    corrected = changes.join(times, on="line", how="inner")
    return pl.concat([kept, corrected], how="diagonal").sort("trade_ns", "line"), busted
