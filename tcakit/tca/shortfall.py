"""Implementation shortfall of one order: what it cost against the price at which it was decided.

Costs are positive when they are bad for the client. s is +1 for a buy and -1 for a sell, S the ordered
quantity, Q the filled one, P_d the decision price, P_0 the arrival mid, P_n the price at the end of the
order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tcakit.errors import DataError
from tcakit.market.codes import BUY, SELL

BPS = 10_000.0


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What an order cost, in currency, split into parts that add up to `total`; None where a price is
    missing.

    `delay`, `trading` and `opportunity` are on the executed basis (delay on what was filled, opportunity
    from the decision price); `order_delay` and `order_opportunity` are on the order basis (delay on all
    that was ordered, opportunity from the arrival price). Trading and fees are the same in both, and both
    give the same total. `execution_cost` is s(sum of q p - Q P_d), i.e. delay + trading. `perold_total`
    is the paper return less the actual return, worked out apart from the parts.
    """

    side: int
    ordered: float
    filled: float
    average_price: float | None
    execution_cost: float
    delay: float | None
    trading: float | None
    opportunity: float | None
    order_delay: float | None
    order_opportunity: float | None
    fees: float
    total: float | None
    perold_total: float | None
    paper_notional: float
    executed_notional: float | None
    total_bps_of_paper: float | None
    arrival_bps_of_executed: float | None


def shortfall(
    side: int,
    ordered: float,
    decision_price: float,
    fills: Iterable[tuple[float, float]],
    fees: float,
    end_price: float | None,
    arrival_price: float | None = None,
) -> Shortfall:
    """Perold's implementation shortfall of one order and its parts (Perold 1988; Wagner and Edwards 1993).

    `side` is +1 or -1, `fills` are (quantity, price) pairs, prices and `fees` are in currency.
    `end_price` values what was not filled and may be None for a filled order. Raises DataError for a side
    that is neither, a quantity that is not positive, a price that is not finite, or more filled than
    ordered.

    >>> cost = shortfall(1, 5_000, 10.0, [(2_000, 10.0), (2_000, 11.0)], 80.0, 11.0, arrival_price=10.25)
    >>> cost.delay, cost.trading, cost.opportunity, cost.total, cost.total_bps_of_paper
    (1000.0, 1000.0, 1000.0, 3080.0, 616.0)
    >>> cost.order_delay, cost.order_opportunity
    (1250.0, 750.0)
    """
    pairs = list(fills)
    if any(not quantity > 0 for quantity, _ in pairs):
        raise DataError("a fill has no positive quantity", place="shortfall", remedy="leave such fills out")
    filled = math.fsum(quantity for quantity, _ in pairs)
    paid = math.fsum(quantity * price for quantity, price in pairs)
    return shortfall_of_sums(side, ordered, decision_price, filled, paid, fees, end_price, arrival_price)


def shortfall_of_sums(
    side: int,
    ordered: float,
    decision_price: float,
    filled: float,
    paid: float,
    fees: float,
    end_price: float | None,
    arrival_price: float | None = None,
) -> Shortfall:
    """`shortfall` from the sums over the fills: `filled` is the sum of q, `paid` the sum of q p in currency.

    >>> shortfall_of_sums(-1, 100, 10.0, 100, 990.0, 0.0, None).total
    10.0
    """
    _check(side, ordered, decision_price, filled, paid, fees, end_price, arrival_price)
    unfilled = ordered - filled
    execution_cost = side * (paid - filled * decision_price)
    delay = trading = opportunity = order_delay = order_opportunity = None
    if arrival_price is not None:
        delay = side * filled * (arrival_price - decision_price)
        trading = side * (paid - filled * arrival_price)
        order_delay = side * ordered * (arrival_price - decision_price)
    elif filled == 0:
        delay = trading = 0.0
    if unfilled == 0:
        opportunity = order_opportunity = 0.0
    elif end_price is not None:
        opportunity = side * unfilled * (end_price - decision_price)
        if arrival_price is not None:
            order_opportunity = side * unfilled * (end_price - arrival_price)
    total = None if opportunity is None else execution_cost + opportunity + fees
    paper_notional = ordered * decision_price
    executed_notional = None if arrival_price is None else filled * arrival_price
    return Shortfall(
        side=side,
        ordered=ordered,
        filled=filled,
        average_price=paid / filled if filled else None,
        execution_cost=execution_cost,
        delay=delay,
        trading=trading,
        opportunity=opportunity,
        order_delay=order_delay,
        order_opportunity=order_opportunity,
        fees=fees,
        total=total,
        perold_total=_paper_less_actual(side, ordered, decision_price, filled, paid, fees, end_price),
        paper_notional=paper_notional,
        executed_notional=executed_notional,
        total_bps_of_paper=bps(total, paper_notional),
        arrival_bps_of_executed=bps(trading, executed_notional),
    )


def bps(cost: float | None, notional: float | None) -> float | None:
    """A cost in basis points of a notional; None where either is missing or the notional is not positive.

    >>> bps(204_300.0, 4_800_000.0)
    425.625
    """
    if cost is None or notional is None or not notional > 0:
        return None
    return cost * BPS / notional


def _paper_less_actual(
    side: int,
    ordered: float,
    decision_price: float,
    filled: float,
    paid: float,
    fees: float,
    end_price: float | None,
) -> float | None:
    """Perold's own definition: what the paper portfolio gained less what the real one did, both valued at
    the end.
    """
    if end_price is None:
        if ordered != filled:
            return None
        end_price = decision_price  # held alike in both portfolios, so any price gives the same difference
    paper = side * ordered * (end_price - decision_price)
    actual = side * (filled * end_price - paid) - fees
    return paper - actual


def _check(
    side: int,
    ordered: float,
    decision_price: float,
    filled: float,
    paid: float,
    fees: float,
    end_price: float | None,
    arrival_price: float | None,
) -> None:
    if side not in (BUY, SELL):
        raise DataError(f"side {side!r} is neither +1 nor -1", place="shortfall")
    if not (math.isfinite(ordered) and ordered > 0):
        raise DataError(f"ordered quantity {ordered!r} is not positive", place="shortfall")
    if filled > ordered:
        raise DataError(f"filled {filled:g} of {ordered:g} ordered", place="shortfall", remedy="check the fills")
    numbers = (decision_price, paid, fees, end_price, arrival_price)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise DataError("a price or fee is not finite", place="shortfall", remedy="give None where it is unknown")
