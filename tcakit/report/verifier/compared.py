"""Groups of orders held against each other: of different orders, of the same orders, and of what each was given."""

import math
from collections import Counter
from itertools import combinations

from .blocks import cost_and_notional
from .draws import Days, Rows, ask_ratios, bounds
from .groups import OF_FILLS, TESTED
from .ranks import LEAST_TESTED, ask_sign_flip, benjamini_hochberg, paired_p, to_ten_digits, unpaired_p
from .sums import BPS, by, ratio_bps

MOST_GROUPS = 12
COMPARED_DRAWS = 1_000
NOT_STATED = "not stated"
COMPARED = ("algo", "broker")


def comparison_numbers(out, number, rows, asked, estimated, draws):
    """All comparisons of a currency, from `tests.number` on; gives how many there are."""
    costed = [row for row in rows if cost_and_notional(row, TESTED)]
    begun = number
    for name in dict.fromkeys([*COMPARED, *(name for name in asked if name not in OF_FILLS)]):
        number += _pairs(out, ("tests", number, "rows"), costed, name, draws)
    number += _same_orders(out, ("tests", number, "rows"), costed, draws)
    if estimated is not None:
        number += _difficulty(out, ("tests", number), costed, estimated, draws)
    return number - begun


def _most(counted):
    """The groups with most orders, those of equal number by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_GROUPS]


def _with_q_values(out, path, p_values):
    for place, (p_value, q_value) in enumerate(zip(p_values, benjamini_hochberg(p_values))):
        out[(*path, place, "p_value")] = p_value
        out[(*path, place, "q_value")] = q_value


def _pairs(out, path, costed, name, draws):
    """Every two groups of a dimension, by Mann and Whitney, with the interval of the difference of their ratios."""
    groups = by([row for row in costed if row["facts"].get(name) is not None], lambda row: row["facts"][name])
    counted = {group: len(held) for group, held in groups.items()}
    names = sorted(group for group, count in _most(counted) if count >= LEAST_TESTED)
    sums = {group: [cost_and_notional(row, TESTED) for row in groups[group]] for group in names}
    ratios = {}
    for seed, group in enumerate(names if len(names) > 1 else ()):

        def kept(sums, group=group):
            ratios[group] = [row[0] / row[1] for row in sums]
            return []

        draws.ask(Rows(list(zip(*sums[group]))), COMPARED_DRAWS, seed, [], kept)
    p_values = []
    for place, (one, two) in enumerate(combinations(names, 2)):
        first, second = ratio_bps(sums[one]), ratio_bps(sums[two])
        p_values.append(unpaired_p(*([cost / base for cost, base in sums[group]] for group in (one, two))))
        told = {"n_first": len(sums[one]), "n_second": len(sums[two]), "first_bps": first, "second_bps": second}
        told["difference_bps"] = first - second
        told.update({"first": one, "second": two})
        out.update({(*path, place, key): value for key, value in told.items()})

        def interval(_, one=one, two=two):
            return [bound * BPS for bound in bounds([a - b for a, b in zip(ratios[one], ratios[two])])]

        draws.ask(Rows([[0.0]]), 0, 0, [(*path, place, end) for end in ("low", "high")], interval)
    _with_q_values(out, path, p_values)
    return bool(p_values)


def _same_orders(out, path, costed, draws):
    """Every two algorithms that worked the same orders, by Wilcoxon's signed ranks and by signs of whole days."""
    stated = [row for row in costed if row["algo"] != NOT_STATED]
    names = sorted(name for name, _ in _most(Counter(row["algo"] for row in stated)))
    place, p_values = 0, []
    for one, two in combinations(names, 2):
        pairs = _paired(*([row for row in stated if row["algo"] == name] for name in (one, two)))
        if not pairs:
            continue
        weights, days = [pair[2] for pair in pairs], [pair[3] for pair in pairs]
        tops = [(pair[0] - pair[1]) * pair[2] for pair in pairs]
        whole = math.fsum(weights)
        told = {"first": one, "second": two, "n": len(pairs), "days": len(set(days))}
        for key, values in (("first_bps", [p[0] for p in pairs]), ("second_bps", [p[1] for p in pairs])):
            told[key] = math.fsum(value * weight for value, weight in zip(values, weights)) / whole
        told["difference_bps"] = math.fsum(tops) / whole
        out.update({(*path, place, key): value for key, value in told.items()})
        p_values.append(paired_p([to_ten_digits(pair[0]) - to_ten_digits(pair[1]) for pair in pairs]))
        ask_sign_flip(draws, [(*path, place, "p_by_day")], tops, days)
        ask_day_ratio(draws, [(*path, place, end) for end in ("low", "high")], tops, weights, days, COMPARED_DRAWS)
        place += 1
    _with_q_values(out, path, p_values)
    return bool(p_values)


def ask_day_ratio(draws, paths, tops, bottoms, days, count):
    """Ask for the interval of a ratio of sums, days and then rows within them drawn; None with fewer than two rows."""
    if len(tops) < 2:
        draws.found.update(dict.fromkeys(paths))
        return
    draws.ask(
        Days([tops, bottoms], days), count, 0, paths,
        lambda sums: bounds([row[0] / row[1] for row in sums if row[1] > 0]),
    )  # fmt: skip


def _paired(first, second):
    """(first bps, second bps, weight, day) of orders with the same symbol, day, side, window and size in both."""

    def window(row):
        return tuple(row[name] for name in ("symbol", "date", "side", "arrival_ns", "end_ns", "ordered_shares"))

    found, left = [], (list(first), list(second))
    for key in (lambda row: (row["parent_id"], *window(row)), window):
        alone = []
        for rows in left:
            times = Counter(map(key, rows))
            alone.append({key(row): row for row in rows if times[key(row)] == 1})
        shared = [name for name in alone[0] if name in alone[1]]
        found += [(alone[0][name], alone[1][name]) for name in shared]
        left = tuple([row for row in rows if key(row) not in shared] for rows in left)
    found.sort(key=lambda pair: (pair[0]["date"], pair[0]["symbol"], pair[0]["parent_id"]))
    out = []
    for pair in found:
        bps = [row[TESTED] for row in pair]
        notionals = [row["paper_notional"] for row in pair]
        if None not in bps and all(notional is not None and notional > 0 for notional in notionals):
            scaled = [value / BPS * BPS for value in bps]
            out.append((*scaled, sum(notionals) / 2, pair[0]["date"]))
    return out


def _difficulty(out, path, costed, estimated, draws):
    """Groups by what each order cost less what it was estimated to cost, weighed by 1 / risk squared."""
    known = []
    for row in costed:
        mean, risk, _ = estimated.get(row["parent_id"], (None, None, None))
        if mean is not None and risk is not None and risk > 0 and math.isfinite(risk) and row["broker"] is not None:
            cost, notional = cost_and_notional(row, TESTED)
            known.append((row["broker"], cost / notional * BPS, mean, risk))
    groups = dict(sorted(by(known, lambda item: item[0]).items()))
    if not groups:
        return 0
    out[(*path, "left_out")] = len(costed) - len(known)
    residuals, standard = {}, {}
    for place, (name, held) in enumerate(groups.items()):
        weights = [risk**-2.0 for _, _, _, risk in held]
        whole = math.fsum(weights)
        values = {
            "cost_bps": [cost for _, cost, _, _ in held],
            "estimate_bps": [mean for _, _, mean, _ in held],
            "residual_bps": [cost - mean for _, cost, mean, _ in held],
        }
        told = {
            key: math.fsum(v * w for v, w in zip(held_values, weights)) / whole for key, held_values in values.items()
        }
        told.update({"group": name, "n": len(held)})
        out.update({(*path, "groups", place, key): value for key, value in told.items()})
        residuals[name] = told["residual_bps"]
        standard[name] = [(cost - mean) / risk for _, cost, mean, risk in held]
        tops = [value * weight for value, weight in zip(values["residual_bps"], weights)]
        paths = [(*path, "groups", place, end) for end in ("low", "high")]
        ask_ratios(draws, paths, [tops], [weights], [len(held)], COMPARED_DRAWS)
    pairs = list(combinations([name for name, held in groups.items() if len(held) >= LEAST_TESTED], 2))
    for place, (one, two) in enumerate(pairs):
        out[(*path, "pairs", place, "difference_bps")] = residuals[one] - residuals[two]
        out.update({(*path, "pairs", place, "first"): one, (*path, "pairs", place, "second"): two})
    _with_q_values(out, (*path, "pairs"), [unpaired_p(standard[one], standard[two]) for one, two in pairs])
    return 1
