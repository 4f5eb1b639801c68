"""Words that files use for buy and sell, bid and offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tcakit.market.codes import BUY, SELL

if TYPE_CHECKING:
    import polars as pl

TAKER_WORDS: dict[str, int] = {
    **dict.fromkeys(("buy", "b", "bid", "1", "+1", "1.0", "bought", "buyer"), BUY),
    **dict.fromkeys(("sell", "s", "ask", "a", "offer", "-1", "-1.0", "sold", "seller"), SELL),
    **dict.fromkeys(("", "0", "0.0", "n", "none", "unknown", "u", "null"), 0),
}
BOOK_WORDS: dict[str, int] = {
    **dict.fromkeys(("bid", "b", "buy", "bids", "1", "+1"), BUY),
    **dict.fromkeys(("ask", "a", "sell", "s", "offer", "o", "asks", "-1"), SELL),
}
ORDER_WORDS: dict[str, int] = {
    **dict.fromkeys(("buy", "b", "1", "+1", "1.0", "bot", "bought", "bc", "buy to cover", "cover", "bl"), BUY),
    **dict.fromkeys(
        ("sell", "s", "-1", "-1.0", "2", "sld", "sold", "ss", "sl", "sell short", "short", "short sell", "5"),
        SELL,
    ),
}
BOOL_WORDS: dict[str, int] = {
    **dict.fromkeys(("true", "t", "1", "yes", "y"), 1),
    **dict.fromkeys(("false", "f", "0", "no", "n"), 0),
}


def side_codes(text: pl.Series, words: Mapping[str, int]) -> pl.Series:
    """Each word's code as int8, null where the word is not known; case and blanks around it do not matter.

    >>> import polars as pl
    >>> side_codes(pl.Series(["Buy ", "s", "?"]), ORDER_WORDS).to_list()
    [1, -1, None]
    """
    import polars as pl

    word = pl.col("t").fill_null("").str.strip_chars().str.to_lowercase()
    code = word.replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.Int8)
    return text.cast(pl.String).to_frame("t").select_seq(code).to_series().alias(text.name)
