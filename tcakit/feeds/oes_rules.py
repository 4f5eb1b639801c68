"""What each cell of an order execution summary (Rule 605(a)(2)) may hold: the SEC's CSVW schema, column by column.

A number without a value is an empty cell, never zero. Where the schema spells out what stands for "no value"
(`AvgEFQPct`, `AvgRealSprdPct15sec`) a cell may be empty; elsewhere it may not.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from tcakit.market.rule605 import OES_NAMES, SIZE_WORDS, SUMMARY_KEY, SUMMARY_NUMBERS, SUMMARY_TYPE_WORDS

MOST_DECIMALS = 6
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]{0,6})?(?:[eE][+-]?[0-9]+)?")
_ANY_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?")
_STEP = Decimal(1).scaleb(-MOST_DECIMALS)
# A double may have 309 digits before its point.
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class CodeRule:
    """A key's cell: `pattern` must match the whole of it; `allowed` says so in words."""

    name: str
    field: str
    pattern: re.Pattern[str]
    allowed: str

    def wrong(self, text: str) -> bool:
        return self.pattern.fullmatch(text) is None


@dataclass(frozen=True, slots=True)
class NumberRule:
    """A number's cell: at most six decimals, within limits that are both allowed; `absent` stand for no value."""

    name: str
    field: str
    minimum: float = -math.inf
    maximum: float = math.inf
    absent: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        limits = [f"from {self.minimum:g}"] if self.minimum > -math.inf else []
        limits += [f"to {self.maximum:g}"] if self.maximum < math.inf else []
        rest = ", or an empty cell" if self.absent else ""
        return " ".join(["a number", *limits, f"of at most {MOST_DECIMALS} decimals"]) + rest

    def value(self, text: str) -> float | None:
        """The cell's number, None where it says that there is none; ValueError, with what is allowed, if it is wrong.

        >>> NUMBER_RULES[8].value("0.935065"), NUMBER_RULES[8].value("")
        (0.935065, None)
        """
        if text in self.absent:
            return None
        if text == "":
            raise ValueError(f"{self.allowed}; it may not be empty")
        if not _NUMBER.fullmatch(text):
            many = _ANY_NUMBER.fullmatch(text) and "." in text
            raise ValueError(self.allowed if not many else f"{self.allowed}: round half up")
        number = float(text)
        if not (math.isfinite(number) and self.minimum <= number <= self.maximum):
            raise ValueError(self.allowed)
        return number


_CODES = {
    "participant": (r"[A-Z]+", "capital letters"),
    "entity": (r"[A-Z]+", "capital letters"),
    "month": (r"20(?:2[5-9]|[3-9][0-9])(?:0[1-9]|1[012])", "a month YYYYMM from 202501 to 209912"),
    "sp500": (r"[YN]", "Y or N"),
    "size": ("|".join(SIZE_WORDS), f"one of {', '.join(SIZE_WORDS)}"),
    "order_type": ("|".join(SUMMARY_TYPE_WORDS), " or ".join(SUMMARY_TYPE_WORDS)),
}
CODE_RULES: tuple[CodeRule, ...] = tuple(
    CodeRule(name, field, re.compile(_CODES[field][0]), _CODES[field][1])
    for name, field in zip(OES_NAMES, SUMMARY_KEY, strict=False)
)
_ABSENT = ("", "nan", "NaN", "inf", "+inf", "-inf")
_LIMITS: dict[str, tuple[float, float]] = {
    "average_order_shares": (0.0, math.inf),
    "average_order_notional": (0.0, math.inf),
    "at_quote_or_better": (0.0, 1.0),
    "improved_share": (0.0, 1.0),
    "improvement_of_mid": (-math.inf, 2.0),
    "effective_of_mid": (-2.0, math.inf),
    "quoted_of_mid": (0.0, math.inf),
    "execution_ms": (0.0, math.inf),
}
_MAY_LACK = ("effective_over_quoted", "realised_15s_of_mid")
NUMBER_RULES: tuple[NumberRule, ...] = tuple(
    NumberRule(name, field, *_LIMITS.get(field, (-math.inf, math.inf)), _ABSENT if field in _MAY_LACK else ())
    for name, field in zip(OES_NAMES[len(SUMMARY_KEY) :], SUMMARY_NUMBERS, strict=True)
)


def written(value: float | None) -> str:
    """A number as the summary writes it: at most six decimals, half rounded up (away from zero); no value is empty.

    >>> written(0.0000005), written(27.80), written(-0.0000001), written(None)
    ('0.000001', '27.8', '0', '')
    """
    if value is None or not math.isfinite(value):
        return ""
    text = format(Decimal(repr(float(value))).quantize(_STEP, context=_WIDE), "f").rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
