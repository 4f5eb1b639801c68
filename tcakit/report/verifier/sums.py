"""Sums, ratios and middles, as plain as they are defined."""

import math

BPS = 10_000.0


def total(values):
    """The sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def bps(cost, notional):
    """Cost in basis points of a notional, None unless that is above zero."""
    return None if cost is None or notional is None or not notional > 0 else cost * BPS / notional


def times(value, factor):
    """A product, None where either is unknown."""
    return None if value is None or factor is None else value * factor


def by(rows, key):
    """Rows by what a function says of each, in the order in which they come."""
    found = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def quantile(ordered, share):
    """The value below which that share of ascending values lies, between neighbours in a straight line."""
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    low, high, part = ordered[below], ordered[above], place - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def median(values):
    """The middle of some values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def mean(values):
    """The mean of some values."""
    return math.fsum(values) / len(values)


def deviation(values, taken=0):
    """The standard deviation; `taken` degrees of freedom less."""
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - taken))


def ratio_bps(pairs):
    """Sum of cost over sum of notional in basis points, never a mean of basis points."""
    return bps(total(cost for cost, _ in pairs), total(notional for _, notional in pairs))
