"""The trades that a marginal cost buys, slice by slice backwards: first-order conditions of a convex schedule."""

from __future__ import annotations

from tcakit.jit import bare_jit


@bare_jit
def trades_at_marginal_cost(marginal, last, cost, exponent, linear, risk, least, most, trades):
    """Write each slice's trade; returns (shares in all, marginal cost of the first slice).

    Minimised is Σ (linear n + cost n^(1 + exponent)) + Σ risk x², x being what is left after a slice, for least <= n <=
    most. A share traded a slice later is at risk that much longer: the marginal cost of a slice is that of the next
    one plus 2 risk x. `marginal` is that of slice `last`, after which no slice trades more than its least. Going
    backwards, what is left grows from nothing, and no digits are lost however urgent the schedule is.
    """
    left = 0.0
    for slice_at in range(trades.size - 1, -1, -1):
        marginal += 2.0 * risk[slice_at] * left
        above = marginal - linear[slice_at]
        shares = least[slice_at]
        if slice_at <= last and above > 0.0:
            shares = most[slice_at]
            steep = cost[slice_at] * (1.0 + exponent[slice_at])
            # Compared before the power is taken, which may overflow.
            if steep > 0.0 and above < steep * shares ** exponent[slice_at]:
                shares = max(least[slice_at], (above / steep) ** (1.0 / exponent[slice_at]))
        trades[slice_at] = shares
        left += shares
    return left, marginal
