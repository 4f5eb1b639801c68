"""The life of each order of a FIX log, from what was sent and what came back."""

from __future__ import annotations

import polars as pl

# OrdStatus -> the last state, where the status says it by itself.
_STATES = {
    "A": "new",
    "0": "acknowledged",
    "D": "acknowledged",
    "1": "partial",
    "2": "filled",
    "3": "expired",  # done for the day
    "4": "cancelled",
    "6": "pending cancel",
    "8": "rejected",
    "C": "expired",
}
_ENDED = ("2", "3", "4", "8", "B", "C")
_TIMES_IN_FORCE = {"0": "day", "1": "gtc", "2": "opening", "3": "ioc", "4": "fok", "6": "gtd", "7": "closing"}
_LIMITED = ("2", "4", "7", "8", "B", "H", "P")  # order types that may bear a limit price
# Statuses whose report still speaks of terms that were asked for, not granted.
_PENDING = ("A", "6", "E", "8")
TERMS = ("38", "40", "44", "59", "18")
_FACTS = ("55", "65", "48", "54", "1", "15", "100", "207", "76", "847", "526", "583", "66")


def lives(events: pl.DataFrame, extra: list[str]) -> pl.DataFrame:
    """One row a chain: what it is, its terms as last granted, its first and last reports and its end.

    `events` are new orders (35=D, the first of each chain), replace requests (G), cancel requests (F), cancel
    rejects (9) and execution reports without repeats and status answers, in the order of the log, with `chain`,
    `at_ns` (TransactTime, else SendingTime) and `day`. `extra` names columns taken as the first value of each chain.
    """
    told = _with_granted_terms(events)
    is_report = pl.col("35") == "8"
    granted = ~(is_report & pl.col("39").is_in(_PENDING).fill_null(False))
    live = pl.col("39").is_in(["0", "1", "2", "D", "5"]) | (pl.col("150") == "0")
    first_facts = [pl.col(tag).drop_nulls().first() for tag in dict.fromkeys((*_FACTS, *extra))]
    # A refused order has terms too: those of its first message, where none was ever granted.
    terms = [
        pl.coalesce(pl.col(tag).filter(granted).drop_nulls().last(), pl.col(tag).drop_nulls().first()).alias(tag)
        for tag in TERMS
    ]
    said = ["39", "14", "6", "151", "425", "58", "line", "at_ns"]
    frame = told.group_by("chain", maintain_order=True).agg(
        *first_facts,
        *terms,
        pl.col("line").first().alias("first_line"),
        pl.col("35").first().alias("first_kind"),
        pl.col("at_ns").first().alias("submitted_ns"),
        pl.col("at_ns").filter(is_report & live).first().alias("acknowledged_ns"),
        (is_report & ((pl.col("150") == "5") | (pl.col("39") == "5"))).any().alias("replaced"),
        pl.when(pl.col("35").first() == "D")
        .then(pl.col("56").first())
        .otherwise(pl.col("49").first())
        .alias("sent_to"),
        pl.when(pl.col("35").first() == "D").then(pl.col("50").first()).alias("sub_id"),
        *[pl.col(tag).filter(is_report).last().alias(f"last_{tag}") for tag in said],
    )
    asked = events.filter(pl.col("35") == "F").group_by("chain").agg(asked_line=pl.col("line").max())
    denied = events.filter(pl.col("35") == "9").group_by("chain").agg(denied_line=pl.col("line").max())
    frame = frame.join(asked, on="chain", how="left", maintain_order="left")
    return frame.join(denied, on="chain", how="left", maintain_order="left").with_columns(
        ended=pl.col("last_39").is_in(_ENDED).fill_null(False)
    )


def _with_granted_terms(events: pl.DataFrame) -> pl.DataFrame:
    """New orders and reports; a report that grants a replace without its terms takes them from the request."""
    told = events.filter(pl.col("35").is_in(["D", "8"]))
    requests = events.filter(pl.col("35") == "G")
    grants = (pl.col("35") == "8") & ((pl.col("150") == "5") | (pl.col("39") == "5"))
    if not requests.height or not told.select(grants.any()).item():
        return told
    asked = requests.unique(subset=["chain", "11"], keep="last").select("chain", "11", *(f"{t}" for t in TERMS))
    joined = told.join(asked, on=["chain", "11"], how="left", maintain_order="left", suffix="_asked")
    filled = [pl.when(grants).then(pl.coalesce(tag, f"{tag}_asked")).otherwise(tag).alias(tag) for tag in TERMS]
    return joined.with_columns(filled).drop(f"{tag}_asked" for tag in TERMS)


def states(frame: pl.DataFrame) -> pl.Series:
    """The last state of each order in the store's words; needs `filled_any` and `complete` beside `lives`."""
    resting = pl.when("filled_any").then(pl.lit("partial")).otherwise(pl.lit("acknowledged"))
    # Replaced, stopped, suspended, restated, waiting for a replace: live, whatever was done before.
    by_status = (
        pl.when(pl.col("last_39") == "B")
        .then(pl.when("complete").then(pl.lit("filled")).otherwise(pl.lit("expired")))
        .otherwise(pl.col("last_39").replace_strict(_STATES, default=None, return_dtype=pl.String))
        .fill_null(resting)
    )
    answered = pl.max_horizontal(
        pl.col("last_line").fill_null(0), pl.col("denied_line").fill_null(0), pl.col("first_line")
    )
    state = (
        pl.when(~pl.col("ended") & (pl.col("asked_line") > answered))
        .then(pl.lit("pending cancel"))
        .when(pl.col("last_line").is_null())
        .then(pl.lit("new"))
        .otherwise(by_status)
    )
    return frame.select(state=state)["state"]


def order_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns `type`, `time_in_force`, `limit_text` (null for orders without a limit) and `reason`.

    Where the log shows the order itself (35=D), a missing TimeInForce means day, as the standard has it; where it
    shows reports alone, what they leave out is unknown.
    """
    limit = pl.when(pl.col("40").is_null() | pl.col("40").is_in(_LIMITED)).then(
        pl.when(~pl.col("44").str.contains(r"^0*\.?0*$")).then("44")
    )
    return frame.select(
        type=pl.when(limit.is_not_null())
        .then(pl.lit("limit"))
        .when(pl.col("40").is_null())
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("market")),
        # ExecInst 6: participate, don't initiate.
        time_in_force=pl.when(pl.col("18").fill_null("").str.contains(r"(^| )6( |$)"))
        .then(pl.lit("post-only"))
        .when(pl.col("59").is_null() & (pl.col("first_kind") == "D"))
        .then(pl.lit("day"))
        .otherwise(pl.col("59").replace_strict(_TIMES_IN_FORCE, default="unknown", return_dtype=pl.String)),
        limit_text=limit,
        reason=pl.when(pl.col("last_39").is_in(["3", "4", "8", "C"])).then("last_58"),
    )
