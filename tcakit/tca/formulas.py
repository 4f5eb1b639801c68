"""How each number of an order is worked out: the one list of formulas, as text that is also what is computed.

Letters: s is +1 for a buy and -1 for a sell, S the ordered and Q the filled quantity, paid the sum of q p over the
fills, at_mid the same sum at the mid just before each fill, P the average price, P_d the price at the decision, P_0 the
mid at arrival, P_n the mid at the end of the order, F explicit costs, M the multiplier of a contract.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

SPLIT = "exact split of trading at each fill's mid"
PEROLD = "Perold (1988), executed basis of the CFA Institute"
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """One number: the column it stands in, its name, its formula over the letters, its unit and where it is from.

    `of` is what basis points and fractions are of, "" for the others.
    """

    column: str
    name: str
    text: str
    unit: str
    of: str
    source: str

    def letters(self) -> list[str]:
        """The letters that the formula needs, in the order they stand."""
        found = [node.id for node in ast.walk(ast.parse(self.text, mode="eval")) if isinstance(node, ast.Name)]
        return sorted(dict.fromkeys(found), key=lambda letter: _place(self.text, letter))

    def value(self, numbers: Mapping[str, float | None]) -> float | None:
        """The number itself; None where a letter it hangs on is missing, or it would divide by zero.

        What is multiplied by zero may be missing: an order filled in full needs no price at its end.

        >>> FORMULAS["fill_rate"].value({"Q": 300.0, "S": 400.0})
        0.75
        """
        return _value(ast.parse(self.text, mode="eval").body, numbers)

    def worked(self, numbers: Mapping[str, float | None]) -> str:
        """The formula with its numbers in it; a question mark stands for what is missing.

        >>> FORMULAS["fill_rate"].worked({"Q": 300.0, "S": None})
        '300 / ?'
        """
        return _shown(ast.parse(self.text, mode="eval").body, numbers)


def _place(text: str, letter: str) -> int:
    found = re.search(rf"\b{letter}\b", text)
    return found.start() if found else len(text)


def _value(node: ast.AST, numbers: Mapping[str, float | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return numbers.get(node.id)
    assert isinstance(node, ast.BinOp)
    left, right = _value(node.left, numbers), _value(node.right, numbers)
    if isinstance(node.op, ast.Mult) and 0.0 in (left, right):
        return 0.0
    if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0.0):
        return None
    return _OPERATORS[type(node.op)](left, right)


_RANK = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2}
_SIGN = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _shown(node: ast.AST, numbers: Mapping[str, float | None], above: int = 0, right: bool = False) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        value = numbers.get(node.id)
        text = "?" if value is None else str(int(value)) if value == int(value) else repr(value)
        return f"({text})" if text.startswith("-") else text
    assert isinstance(node, ast.BinOp)
    rank = _RANK[type(node.op)]
    left_text = _shown(node.left, numbers, rank)
    text = f"{left_text} {_SIGN[type(node.op)]} {_shown(node.right, numbers, rank, right=True)}"
    return f"({text})" if rank < above or (right and rank == above) else text


_ALL = (
    Formula("average_price", "Average price", "paid / Q", "currency", "", "sum of q p over sum of q"),
    Formula("arrival_price", "Arrival mid", "(bid_0 + ask_0) / 2", "currency", "", "the quote that stood at arrival"),
    Formula("end_price", "End mid", "(bid_n + ask_n) / 2", "currency", "", "the quote that stood at the order's end"),
    Formula("close_price", "Closing mid", "(bid_c + ask_c) / 2", "currency", "", "the quote that stood at the close"),
    Formula(
        "interval_vwap",
        "Interval VWAP",
        "traded_I / volume_I / price_scale",
        "currency",
        "",
        "prints from arrival to the last fill",
    ),
    Formula(
        "window_vwap",
        "Window VWAP",
        "traded_W / volume_W / price_scale",
        "currency",
        "",
        "prints from arrival to the end of the order",
    ),
    Formula("twap", "TWAP", "base + area / covered", "currency", "", "time integral of the mid as a step function"),
    Formula(
        "market_shares", "Market volume", "volume_I / size_scale", "shares", "", "prints from arrival to last fill"
    ),
    Formula("participation", "Participation", "Q / (volume_I / size_scale)", "fraction", "market volume", "own fills"),
    Formula("fill_rate", "Fill rate", "Q / S", "fraction", "ordered shares", "own fills"),
    Formula("maker_fraction", "Passive share", "passive / Q", "fraction", "filled shares", "own fills"),
    Formula("fees", "Fees", "fees_of_order + fees_of_fills", "currency", "", "commissions, taxes, fees less rebates"),
    Formula("paper_notional", "Paper notional", "M * S * P_d", "currency", "", PEROLD),
    Formula("executed_notional", "Executed notional", "M * Q * P_0", "currency", "", PEROLD),
    Formula("delay_cost", "Delay", "M * s * Q * (P_0 - P_d)", "currency", "", PEROLD),
    Formula("trading_cost", "Trading", "M * s * (paid - Q * P_0)", "currency", "", PEROLD),
    Formula("spread_cost", "Spread", "M * s * (paid - at_mid)", "currency", "", SPLIT),
    Formula("drift_cost", "Drift", "M * s * (at_mid - Q * P_0)", "currency", "", SPLIT),
    Formula("opportunity_cost", "Opportunity", "M * s * (S_q - Q) * (P_n - P_d)", "currency", "", PEROLD),
    Formula(
        "total_cost",
        "Shortfall",
        "M * s * (paid - Q * P_d) + M * s * (S_q - Q) * (P_n - P_d) + F",
        "currency",
        "",
        PEROLD,
    ),
    Formula(
        "shortfall_bps_of_paper", "Shortfall", "total / (M * S * P_d) * 10000", "bps", "paper notional, M S P_d", PEROLD
    ),
    Formula(
        "arrival_bps_of_executed",
        "Against arrival",
        "(P - P_0) / P_0 * s * 10000",
        "bps",
        "executed notional, M Q P_0",
        "trading cost over executed notional",
    ),
    Formula(
        "vwap_bps_of_executed",
        "Against interval VWAP",
        "(P - VWAP) / VWAP * s * 10000",
        "bps",
        "Q at that VWAP",
        "slippage against a benchmark",
    ),
    Formula(
        "twap_bps_of_executed",
        "Against TWAP",
        "(P - TWAP) / TWAP * s * 10000",
        "bps",
        "Q at that TWAP",
        "slippage against a benchmark",
    ),
    Formula(
        "close_bps_of_executed",
        "Against close",
        "(P - P_c) / P_c * s * 10000",
        "bps",
        "Q at that close",
        "slippage against a benchmark",
    ),
)
FORMULAS: dict[str, Formula] = {formula.column: formula for formula in _ALL}
"""Every formula by the column of `tca_parents` that it gives."""
LETTERS = {
    "s": "+1 buy, -1 sell",
    "S": "ordered shares",
    "S_q": "ordered shares; the filled ones where more was filled",
    "Q": "filled shares",
    "paid": "sum of q p over the fills",
    "at_mid": "sum of q x the mid just before each fill",
    "P": "average price",
    "P_d": "price at the decision",
    "P_0": "mid at arrival",
    "P_n": "mid at the end of the order",
    "P_c": "mid at the close",
    "F": "fees that are known",
    "M": "multiplier",
    "total": "shortfall",
    "VWAP": "interval VWAP",
    "TWAP": "time-weighted mid",
    "bid_0": "bid at arrival",
    "ask_0": "offer at arrival",
    "bid_n": "bid at the end",
    "ask_n": "offer at the end",
    "bid_c": "bid at the close",
    "ask_c": "offer at the close",
    "traded_I": "sum of stored price x stored size of the prints from arrival to the last fill",
    "volume_I": "stored size of those prints",
    "traded_W": "sum of stored price x stored size of the prints from arrival to the end",
    "volume_W": "stored size of those prints",
    "price_scale": "stored price of one unit of currency",
    "size_scale": "stored size of one share",
    "base": "first mid of the window",
    "area": "integral of the mid above it, currency x ns",
    "covered": "ns in which a mid stood",
    "passive": "shares filled as maker",
    "fees_of_order": "fees given for the whole order",
    "fees_of_fills": "fees of its fills",
}


def formula_table(formulas: Iterable[Formula] = _ALL) -> str:
    """The formulas as a Markdown table."""
    lines = ["| column | formula | unit | of | source |", "|---|---|---|---|---|"]
    lines += [f"| `{f.column}` | {f.text} | {f.unit} | {f.of} | {f.source} |".replace("*", "·") for f in formulas]
    return "\n".join(lines)
