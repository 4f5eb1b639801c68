"""What ITCH 5.0 says beside orders and prints: the fields of those messages, and the words for refused ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tcakit.feeds import itch_kernel as kernel
from tcakit.feeds.itch_frame_kernel import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

REASONS = {
    kernel.BAD_LENGTH: "the length does not fit the type of message",
    kernel.BAD_TYPE: "an unknown type of message",
    kernel.BAD_CUT: "the file ends within this message",
    kernel.BAD_TIME: "the time is no time of day",
    kernel.BAD_BACKWARDS: "the time goes backwards",
    kernel.BAD_LOCATE: "the stock locate code stands for no symbol",
    kernel.BAD_NAME: "the symbol is no text",
    kernel.BAD_OTHER_NAME: "the stock locate code stands for another symbol",
    kernel.BAD_TWO_LOCATES: "the symbol has another stock locate code already",
    kernel.BAD_REFERENCE: "the order reference does not fit 63 bits",
    kernel.BAD_LIVE: "an order of this reference is live already",
    kernel.BAD_UNKNOWN: "no live order has this reference",
    kernel.BAD_OTHER_LOCATE: "the order is one of another symbol",
    kernel.BAD_SIDE: "the side is neither B nor S",
    kernel.BAD_SIZE: "the number of shares is zero or too large",
    kernel.BAD_PRICE: "the price is zero or too large",
    kernel.BAD_LEFT: "more shares than are left of the order",
    kernel.BAD_MATCH: "the match number does not fit 63 bits",
    kernel.BAD_CODE: "a code that the format does not know",
}

# Type -> kind of notice, and its fields as (name, first byte, width); those of `_NUMBERS` big-endian, others ASCII.
_NUMBERS = {
    "round_lot_size", "etp_leverage_factor", "level_1", "level_2", "level_3", "ipo_release_time", "ipo_price",
    "reference_price", "upper_price", "lower_price", "extension", "paired_shares", "imbalance_shares", "far_price",
    "near_price", "lowest_price", "highest_price", "near_execution_price", "near_execution_time", "lower_collar",
    "upper_collar", "shares", "cross_price", "match_number",
}  # fmt: skip
_STOCK = ("stock", 11, 8)
NOTICES: dict[str, tuple[str, tuple[tuple[str, int, int], ...]]] = {
    "S": ("system event", (("event_code", 11, 1),)),
    "R": (
        "definition",
        (
            _STOCK,
            ("market_category", 19, 1),
            ("financial_status", 20, 1),
            ("round_lot_size", 21, 4),
            ("round_lots_only", 25, 1),
            ("issue_classification", 26, 1),
            ("issue_subtype", 27, 2),
            ("authenticity", 29, 1),
            ("short_sale_threshold", 30, 1),
            ("ipo_flag", 31, 1),
            ("luld_tier", 32, 1),
            ("etp_flag", 33, 1),
            ("etp_leverage_factor", 34, 4),
            ("inverse", 38, 1),
        ),
    ),
    "H": ("status", (_STOCK, ("trading_state", 19, 1), ("reason", 21, 4))),
    "Y": ("short sale restriction", (_STOCK, ("action", 19, 1))),
    "L": (
        "market maker",
        (
            ("mpid", 11, 4),
            ("stock", 15, 8),
            ("primary", 23, 1),
            ("mode", 24, 1),
            ("state", 25, 1),
        ),
    ),
    "V": ("circuit breaker levels", (("level_1", 11, 8), ("level_2", 19, 8), ("level_3", 27, 8))),
    "W": ("circuit breaker", (("level", 11, 1),)),
    "K": ("ipo quotation", (_STOCK, ("ipo_release_time", 19, 4), ("qualifier", 23, 1), ("ipo_price", 24, 4))),
    "J": (
        "auction collar",
        (_STOCK, ("reference_price", 19, 4), ("upper_price", 23, 4), ("lower_price", 27, 4), ("extension", 31, 4)),
    ),
    "h": ("operational status", (_STOCK, ("market", 19, 1), ("action", 20, 1))),
    "Q": (
        "cross",
        (
            ("shares", 11, 8),
            ("stock", 19, 8),
            ("cross_price", 27, 4),
            ("match_number", 31, 8),
            ("cross_type", 39, 1),
        ),
    ),
    "I": (
        "imbalance",
        (
            ("paired_shares", 11, 8),
            ("imbalance_shares", 19, 8),
            ("direction", 27, 1),
            ("stock", 28, 8),
            ("far_price", 36, 4),
            ("near_price", 40, 4),
            ("reference_price", 44, 4),
            ("cross_type", 48, 1),
            ("price_variation", 49, 1),
        ),
    ),
    "N": ("retail interest", (_STOCK, ("interest", 19, 1))),
    "O": (
        "direct listing",
        (
            _STOCK,
            ("eligible", 19, 1),
            ("lowest_price", 20, 4),
            ("highest_price", 24, 4),
            ("near_execution_price", 28, 4),
            ("near_execution_time", 32, 8),
            ("lower_collar", 40, 4),
            ("upper_collar", 44, 4),
        ),
    ),
}


def _column(raw: NDArray[np.uint8], name: str, first: int, width: int) -> pl.Series:
    part = raw[:, first : first + width]
    if name in _NUMBERS:
        values = np.ascontiguousarray(part).view(f">u{width}").reshape(-1)
        return pl.Series(name, values.astype(f"u{width}"))
    # What is no printable ASCII would be no text.
    plain = np.where((part >= 32) & (part <= 126), part, ord("?")).astype(np.uint8)
    letters = np.ascontiguousarray(plain).view(f"S{width}").reshape(-1)
    return pl.Series(name, letters.astype(f"U{width}").tolist(), pl.String).str.strip_chars_end(" ")


def notice_rows(buffer: NDArray[np.uint8], found: NDArray[np.int64]) -> pl.DataFrame:
    """Columns local_id, ts_ns, kind, detail of messages that the kernel set aside, in their order.

    `found` int64 (n, 2) are time and place in `buffer`. Prices stay as the message writes them: 1/10 000 of the
    currency, and 1/100 000 000 in circuit breaker levels.
    """
    place = found[:, 1]
    types = buffer[place]
    parts = [pl.DataFrame(schema={"row": pl.Int64, "local_id": pl.Int32, "kind": pl.String, "detail": pl.String})]
    for letter, (kind, fields) in NOTICES.items():
        rows = np.flatnonzero(types == ord(letter))
        if not len(rows):
            continue
        raw = buffer[place[rows, None] + np.arange(LENGTHS[ord(letter)])]
        table = pl.DataFrame([_column(raw, *field) for field in fields])
        locate = raw[:, 1].astype(np.int32) * 256 + raw[:, 2]
        parts.append(
            table.select(
                row=pl.Series(rows.astype(np.int64)),
                local_id=pl.Series(locate),
                kind=pl.lit(kind),
                detail=pl.struct(pl.all()).struct.json_encode(),
            )
        )
    frame = pl.concat(parts).sort("row")
    return frame.select("local_id", pl.Series("ts_ns", found[:, 0].copy()), "kind", "detail")
