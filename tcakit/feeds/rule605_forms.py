"""The two forms of the detailed report of SEC Rule 605(a)(1): 55 named fields since 2025, 26 nameless ones before.

Both are lines of text apart by `|`, a row a symbol, size and type of order. Sources: Exhibit A of the Rule 605 NMS Plan
as amended (names of the fields), and the plan as it stood until then (their order).
"""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.market.rule605 import DETAILED_TYPE_WORDS, OLD_SIZE_WORDS, OLD_TYPE_WORDS, SIZE_WORDS


@dataclass(frozen=True, slots=True)
class Identity:
    """Counts that add up: the sum of `whole` is that of `parts`, in every row that has all of them."""

    whole: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One form: the file's `names` in order, our `fields` for them, and what holds of each row.

    `keys` are text and name a row; the other fields are numbers; `counts` may not be below zero, `required` are always
    there. `seconds` says that times are in seconds, not milliseconds.
    """

    name: str
    header: bool
    names: tuple[str, ...]
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    counts: tuple[str, ...]
    required: tuple[str, ...]
    sizes: dict[str, str]
    types: dict[str, str]
    months: str
    identities: tuple[Identity, ...]
    seconds: bool

    @property
    def numbers(self) -> tuple[str, ...]:
        """Our names of the fields that hold numbers."""
        return tuple(field for field in self.fields if field not in self.keys)

    def called(self, field: str) -> str:
        """The file's name of one of our fields."""
        return self.names[self.fields.index(field)]


_REQUIRED = ("orders", "shares", "cancelled_shares", "executed_shares", "away_shares")
_EXECUTED = ("executed_shares", "away_shares")
_AT_QUOTE = ("improved_shares", "at_quote_shares", "outside_shares")
_TIMES = (
    "within_100us_shares", "within_1ms_shares", "within_10ms_shares", "within_1s_shares", "within_10s_shares",
    "within_30s_shares", "within_5min_shares", "later_shares",
)  # fmt: skip
_AT_BEST = ("better_than_best_shares", "at_best_shares", "worse_than_best_shares")
# The file's name and ours, in the order of the form.
_DETAILED = {
    "DsgntParticipant": "participant", "RprtEntityCd": "entity", "RptDate": "month", "Symbol": "symbol",
    "LotSizeFlag": "lot", "OrderSize": "size", "OrderType": "order_type", "CvrdOrderCnt": "orders",
    "CvrdOrderSize": "notional", "CvrdOrderQty": "shares", "CvrdOrderCnclQty": "cancelled_shares",
    "CvrdOrderExctdQty": "executed_shares", "CvrdOrderExctdAwayQty": "away_shares",
    "CvrdOrderQtyto100microsec": "within_100us_shares", "CvrdOrderQtyto1millisec": "within_1ms_shares",
    "CvrdOrderQtyto10millisec": "within_10ms_shares", "CvrdOrderQtyto1sec": "within_1s_shares",
    "CvrdOrderQtyto10sec": "within_10s_shares", "CvrdOrderQtyto30sec": "within_30s_shares",
    "CvrdOrderQtyto5min": "within_5min_shares", "CvrdOrderQtyOthr": "later_shares",
    "AvgRealSprd50millisec": "realised_50ms", "AvgRealSprdPct50millisec": "realised_50ms_of_mid",
    "AvgRealSprd1sec": "realised_1s", "AvgRealSprdPct1sec": "realised_1s_of_mid", "AvgRealSprd15sec": "realised_15s",
    "AvgRealSprdPct15sec": "realised_15s_of_mid", "AvgRealSprd1min": "realised_60s",
    "AvgRealSprdPct1min": "realised_60s_of_mid", "AvgRealSprd5min": "realised_300s",
    "AvgRealSprdPct5min": "realised_300s_of_mid", "ExctdOrderMidPtAvg": "average_mid",
    "ExctdOrderAvgQuotSprd": "quoted_spread", "AvgEffctvSprd": "effective_spread",
    "AvgEffctvSprdPct": "effective_of_mid", "AvgEFQPct": "effective_over_quoted",
    "ExctdPIOrdersQty": "improved_shares", "ExctdPIOrdWghtdAvgAmtPerShare": "improvement_per_share",
    "ExctdPIOrdWghtdAvgTime": "improved_time", "ExctdOrderAtQuotQty": "at_quote_shares",
    "ExctdAtQuotOrdWghtdAvgTime": "at_quote_time", "ExctdOrderOutQuotQty": "outside_shares",
    "ExctdOutQuotOrdWghtdAvgAmt": "outside_per_share", "ExctdOutQuotOrdWghtdAvgTime": "outside_time",
    "ExctdPIOrderRltvBestPrQty": "better_than_best_shares",
    "ExctdPIOrderRltvBestPrWghtdAvg": "better_than_best_per_share", "ExctdOrderAtBestPrQty": "at_best_shares",
    "ExctdOrderOutBestPrQty": "worse_than_best_shares", "ExctdOrderOutBestPrWghtdAvgAmt": "worse_than_best_per_share",
    "ExctdOrderSizeBnchmrkQty": "size_benchmark_shares", "ExctdSIOutsizedQty": "size_improved_shares",
    "FilledOrderCnt": "filled_orders", "RegExctdOrderQty": "regular_shares",
    "RegExctdOrderOnXchngQty": "regular_on_exchange_shares", "FilledOrderWghtdAvgTime": "execution_time",
}  # fmt: skip
_OLD_FIELDS = (
    "participant", "entity", "month", "symbol", "order_type", "size", "orders", "shares", "cancelled_shares",
    "executed_shares", "away_shares", "within_10s_shares", "within_30s_shares", "within_60s_shares",
    "within_5min_shares", "within_30min_shares", "realised_300s", "effective_spread", "improved_shares",
    "improvement_per_share", "improved_time", "at_quote_shares", "at_quote_time", "outside_shares",
    "outside_per_share", "outside_time",
)  # fmt: skip
_OLD_TIMES = (
    "within_10s_shares", "within_30s_shares", "within_60s_shares", "within_5min_shares", "within_30min_shares",
)  # fmt: skip


def _counts(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in fields if name.endswith(("shares", "orders", "time")) or name == "notional")


DETAILED = Form(
    name="detailed",
    header=True,
    names=tuple(_DETAILED),
    fields=tuple(_DETAILED.values()),
    keys=("participant", "entity", "month", "symbol", "lot", "size", "order_type"),
    counts=_counts(tuple(_DETAILED.values())),
    required=_REQUIRED,
    sizes={code: words for code, words in SIZE_WORDS.items() if code != "199999"},
    types=DETAILED_TYPE_WORDS,
    months=r"^20(?:2[5-9]|[3-9][0-9])(?:0[1-9]|1[012])$",
    identities=(
        Identity(("shares",), ("cancelled_shares", *_EXECUTED)),
        Identity(_EXECUTED, _TIMES),
        Identity(_EXECUTED, _AT_QUOTE),
        Identity(_EXECUTED, _AT_BEST),
    ),
    seconds=False,
)
OLD = Form(
    name="detailed until 2025",
    header=False,
    names=tuple(f"field {number}" for number in range(1, len(_OLD_FIELDS) + 1)),
    fields=_OLD_FIELDS,
    keys=("participant", "entity", "month", "symbol", "order_type", "size"),
    counts=_counts(_OLD_FIELDS),
    required=(*_REQUIRED, *_OLD_TIMES),
    sizes=OLD_SIZE_WORDS,
    types=OLD_TYPE_WORDS,
    months=r"^20[0-9]{2}(?:0[1-9]|1[012])$",
    identities=(
        Identity(("shares",), ("cancelled_shares", *_EXECUTED)),
        Identity(_EXECUTED, _OLD_TIMES),
        Identity(_EXECUTED, _AT_QUOTE),
    ),
    seconds=True,
)


def form_of(first_line: str) -> Form | None:
    """The detailed form whose file begins with this line; None if neither does.

    >>> form_of("T|ACME|201708|XYZ|11|21|" + "|".join("0" * 20)).name
    'detailed until 2025'
    >>> form_of("|".join(DETAILED.names)).name
    'detailed'
    >>> form_of("time|price|size") is None
    True
    """
    cells = [cell.strip() for cell in first_line.split("|")]
    if 2 * len(set(cells) & set(DETAILED.names)) >= len(DETAILED.names):
        return DETAILED
    if len(cells) >= 2 and 2 * len(cells) > len(OLD.names) and cells[2].isdecimal() and len(cells[2]) == 6:
        return OLD
    return None
