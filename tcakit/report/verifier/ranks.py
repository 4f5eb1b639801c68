"""Tests by ranks and by signs, and what is left of them when many groups were looked at.

Mann and Whitney (1947), Wilcoxon (1945) with Pratt's zeros, Benjamini and Hochberg (1995). Exact without ties up to 25
values a group, else by the normal approximation with ties corrected.
"""

import math
from collections import Counter

from .draws import Signs

LEAST_TESTED = 4
LEAST_PAIRS = 6
EXACT_UP_TO = 25
MOST_EXACT_FLIPS = 14
FLIPS = 20_000


def to_ten_digits(value):
    """A value without its last bits: what differs by the rounding of a sum alone is as large as the other."""
    mantissa, exponent = math.frexp(value)
    return math.ldexp(round(mantissa * 2.0**33), exponent - 33)


def normal_tail(z):
    """The chance of a standard normal number above z."""
    return math.erfc(z / math.sqrt(2.0)) / 2.0


def mid_ranks(values):
    """The rank of each value from 1, equals sharing theirs, and how many share each."""
    counts = Counter(values)
    rank_of, below = {}, 0
    for value in sorted(counts):
        rank_of[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return [rank_of[value] for value in values], list(counts.values())


class Ranked:
    """Values ranked once, so that many groups of them can be held against all others."""

    def __init__(self, values):
        self.values = [None if value is None else to_ten_digits(value) for value in values]
        self.known = [place for place, value in enumerate(self.values) if value is not None]
        ranks, self.ties = mid_ranks([self.values[place] for place in self.known])
        self.rank_of = dict(zip(self.known, ranks))

    def p_of(self, places):
        """Two-sided p-value of Mann and Whitney of the values at some places against all others."""
        mine = [place for place in places if place in self.rank_of]
        first, both = len(mine), len(self.known)
        second = both - first
        if min(first, second) < LEAST_TESTED:
            return None
        if len(self.ties) == 1:
            return 1.0
        above = math.fsum(self.rank_of[place] for place in mine) - first * (first + 1) / 2
        most = max(above, first * second - above)
        if max(first, second) <= EXACT_UP_TO and len(self.ties) == both:
            return min(1.0, 2.0 * _exact_tail(first, second, round(most)))
        shared = sum(count**3 - count for count in self.ties)
        spread = math.sqrt(first * second / 12 * ((both + 1) - shared / (both * (both - 1))))
        return min(1.0, max(0.0, 2.0 * normal_tail((most - first * second / 2 - 0.5) / spread)))


def unpaired_p(first, second):
    """Two-sided p-value of Mann and Whitney of two groups of values."""
    return Ranked([*first, *second]).p_of(range(len(first)))


def _exact_tail(first, second, least):
    """The chance that at least so many of all pairs have the first group's value above, were all orders alike."""
    ways = [1]  # ways by number of pairs: those of choosing `first` of all, one by one
    for place in range(1, first + 1):
        ways = _divided(_multiplied(ways, second + place), place)
    return sum(ways[least:]) / math.comb(first + second, first)


def _multiplied(ways, power):
    """A polynomial times 1 - q^power."""
    out = ways + [0] * power
    for place, value in enumerate(ways):
        out[place + power] -= value
    return out


def _divided(ways, power):
    """A polynomial over 1 - q^power, which divides it."""
    out = list(ways)
    for place in range(power, len(out)):
        out[place] += out[place - power]
    return out[: len(out) - power]


def paired_p(differences):
    """Two-sided p-value of Wilcoxon's signed ranks; None with fewer than six differences other than zero."""
    sizes = [abs(to_ten_digits(value)) for value in differences]
    moved = [size for size in sizes if size]
    if len(moved) < LEAST_PAIRS:
        return None
    ranks, _ = mid_ranks(sizes)
    up = math.fsum(rank for rank, value in zip(ranks, differences) if value > 0)
    down = math.fsum(rank for rank, value in zip(ranks, differences) if value < 0)
    count, zeros = len(sizes), len(sizes) - len(moved)
    if not zeros and len(set(sizes)) == count <= EXACT_UP_TO:
        ways = [1]
        for rank in range(1, count + 1):
            ways = [a + b for a, b in zip(ways + [0] * rank, [0] * rank + ways)]
        least = round(max(up, down))
        return min(1.0, 2.0 * sum(ways[least:]) / 2**count)
    middle = (count * (count + 1) - zeros * (zeros + 1)) / 4
    spread = count * (count + 1) * (2 * count + 1) - zeros * (zeros + 1) * (2 * zeros + 1)
    spread -= sum(times * (times**2 - 1) for times in Counter(moved).values()) / 2
    return min(1.0, 2.0 * normal_tail(abs(min(up, down) - middle) / math.sqrt(spread / 24)))


def benjamini_hochberg(p_values):
    """For each p-value the share of false discoveries among it and all smaller ones; None stays None."""
    places = sorted((place for place, value in enumerate(p_values) if value is not None), key=lambda at: p_values[at])
    out, least = [None] * len(p_values), 1.0
    for rank in range(len(places), 0, -1):
        least = min(least, p_values[places[rank - 1]] * len(places) / rank)
        out[places[rank - 1]] = least
    return out


def ask_sign_flip(draws, paths, differences, days):
    """Ask for the p-value of a sum as far from zero, were each day's sign left to a coin; None with one day only.

    Every pattern is looked at for up to 14 days, 20,000 drawn ones beyond.
    """
    sums = {}
    for value, day in zip(differences, days):
        sums[day] = sums.get(day, 0.0) + value
    if len(sums) < 2:
        draws.found.update(dict.fromkeys(paths))
        return
    values = [sums[day] for day in sorted(sums)]
    seen = abs(math.fsum(values)) - 1e-12 * math.fsum(map(abs, values))
    if len(values) <= MOST_EXACT_FLIPS:
        totals = [0.0]
        for value in values:
            totals = [total + value for total in totals] + [total - value for total in totals]
        far = sum(abs(total) >= seen for total in totals) / len(totals)
        draws.found.update(dict.fromkeys(paths, far))
        return

    def p_value(rows):
        return [(sum(abs(row[0]) >= seen for row in rows) + 1) / (FLIPS + 1)] * len(paths)

    draws.ask(Signs(values), FLIPS, 0, paths, p_value)
