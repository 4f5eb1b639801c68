"""Bootstraps anew: which row a draw takes is a hash of (seed, draw, position), in whole numbers.

A number is the finaliser of SplitMix64 (Steele, Lea, Flood 2014) of a key and a position; the key is that of seed and
draw. A row out of n is the upper half of the number times n, without its lower 32 bits.
"""

import array
import hashlib
import sys
import time
from operator import itemgetter

from .sums import quantile

GOLDEN = 0x9E3779B97F4A7C15
ALL_BITS = 0xFFFFFFFFFFFFFFFF
SAY_EVERY_S = 5.0


def mixed(word):
    """The finaliser of SplitMix64."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & ALL_BITS
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & ALL_BITS
    return word ^ (word >> 31)


class Stream:
    """The upper halves of the numbers of one draw, made as far as they are asked for."""

    def __init__(self, seed, draw):
        first = mixed((seed + GOLDEN) & ALL_BITS)
        self.key = mixed((first + (draw + 1) * GOLDEN) & ALL_BITS)
        self.halves = []

    def upto(self, count):
        """The first `count` halves, or more."""
        halves = self.halves
        if len(halves) < count:
            word = (self.key + (len(halves) + 1) * GOLDEN) & ALL_BITS
            for _ in range(count - len(halves)):
                z = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & ALL_BITS
                z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & ALL_BITS
                halves.append((z ^ (z >> 31)) >> 32)
                word = (word + GOLDEN) & ALL_BITS
        return halves


class Rows:
    """Sums of columns over `size` rows drawn with replacement, of all rows alike."""

    def __init__(self, columns, size=None):
        self.columns = columns
        self.count = len(columns[0])
        self.size = self.count if size is None else size
        self.moving = [place for place, column in enumerate(columns) if any(column)]

    def key(self):
        """What the sums of its draws hang on."""
        return _digest(self.columns, "rows", self.size)

    def draw(self, stream):
        """The sums of one draw."""
        count = self.count
        halves = stream.upto(self.size)
        taken = halves if len(halves) == self.size else halves[: self.size]
        rows = [half * count >> 32 for half in taken]
        sums = [0.0] * len(self.columns)
        for place, total in zip(self.moving, _sums_at(rows, [self.columns[place] for place in self.moving])):
            sums[place] = total
        return sums


class Days:
    """As `Rows`, days drawn first, then as many rows of each drawn day as it has; `days` names the day of each row."""

    def __init__(self, columns, days):
        self.columns = columns
        places = {}
        for place, day in enumerate(days):
            places.setdefault(day, []).append(place)
        self.days = [places[day] for day in sorted(places)]

    def key(self):
        """What the sums of its draws hang on."""
        return _digest(self.columns, "days", [place for day in self.days for place in (len(day), *day)])

    def draw(self, stream):
        """The sums of one draw."""
        rows, position, count = [], 0, len(self.days)
        for _ in range(count):
            day = self.days[stream.upto(position + 1)[position] * count >> 32]
            size = len(day)
            halves = stream.upto(position + 1 + size)[position + 1 : position + 1 + size]
            rows += [day[half * size >> 32] for half in halves]
            position += 1 + size
        return _sums_at(rows, self.columns)


class Signs:
    """The sum of values whose signs are left to a coin each: less where the first bit of the number is 1."""

    def __init__(self, values):
        self.values = values

    def key(self):
        """What the sums of its draws hang on."""
        return _digest([self.values], "signs", 0)

    def draw(self, stream):
        """The sum of one draw."""
        halves = stream.upto(len(self.values))
        return [sum(-value if half >> 31 else value for value, half in zip(self.values, halves))]


def _sums_at(rows, columns):
    """The sum of each column over some of its rows, a row as often as it is named."""
    if len(rows) == 1:
        return [column[rows[0]] for column in columns]
    taken = itemgetter(*rows)
    return [sum(taken(column)) for column in columns]


def _digest(columns, *more):
    digest = hashlib.sha256(repr(more).encode())
    for column in columns:
        digest.update(array.array("d", column).tobytes() + b"|")
    return digest.digest()


class Draws:
    """Draws that are asked for first and made together: all of one seed share its numbers, and equals are made once."""

    def __init__(self):
        self.asked = []
        self.samplers = {}
        self.found = {}

    def ask(self, sampler, draws, seed, paths, then):
        """Make `draws` of a sampler, then call `then` with the sums of each draw; it gives the numbers of `paths`."""
        key = seed, sampler.key()
        kept, most = self.samplers.get(key, (sampler, 0))
        self.samplers[key] = kept, max(most, draws)
        self.asked.append((key, draws, paths, then))

    def paths(self):
        """All that waits for draws."""
        return [path for _, _, paths, _ in self.asked for path in paths]

    def made(self, say=sys.stderr):
        """Make all draws: the numbers by path."""
        sums = {key: [] for key in self.samplers}
        begun = said = time.monotonic()
        rounds = sorted({(seed, draw) for (seed, _), (_, most) in self.samplers.items() for draw in range(most)})
        for done, (seed, draw) in enumerate(rounds):
            stream = Stream(seed, draw)
            for key, (sampler, most) in self.samplers.items():
                if key[0] == seed and draw < most:
                    sums[key].append(array.array("d", sampler.draw(stream)))
            if say is not None and time.monotonic() - said > SAY_EVERY_S:
                said = time.monotonic()
                print(f"draw {done + 1:,} of {len(rounds):,} ({said - begun:.0f} s)", file=say, flush=True)
        for key, draws, paths, then in self.asked:
            self.found.update(zip(paths, then(sums[key][:draws])))
        return self.found


def bounds(values, confidence=0.95):
    """The interval that holds the middle 95 % of drawn values, (None, None) of none."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None, None
    tail = (1.0 - confidence) / 2.0
    return quantile(ordered, tail), quantile(ordered, 1.0 - tail)


def ask_ratios(draws, paths, tops, bottoms, known, count, seed=0, factor=1.0):
    """Ask for the intervals of several ratios of sums, drawn together: `paths` are those of low and high of each.

    `tops` and `bottoms` are columns, one value a cluster, zero where there is none; an interval is told where at least
    two clusters are `known` to say something of it.
    """
    if len(tops[0]) < 2:
        draws.found.update(dict.fromkeys(paths))
        return
    width = len(tops)

    def intervals(sums):
        for place in range(width):
            ratios = [row[place] / row[width + place] if row[width + place] > 0 else None for row in sums]
            low, high = bounds(ratios) if known[place] >= 2 else (None, None)
            yield None if low is None else low * factor
            yield None if high is None else high * factor

    draws.ask(Rows([*tops, *bottoms]), count, seed, paths, intervals)
