"""What single pictures show: heat maps, cost by participation, the day's profile, the distribution of costs."""

import math
from bisect import bisect_right

from .draws import ask_ratios
from .facts import EDGES, HALF_HOUR_S, clock_words, half_hour, labels_of
from .rows import numbers_of
from .sums import BPS, by, deviation, mean, median, quantile, ratio_bps, times

HEAT_DRAWS = 500
BIN_DRAWS = 1_000
MOST_BINS = 10
BEYOND = 1.1
FEWEST_A_BIN = 5
EXTREMES = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def heat_numbers(path, rows, draws):
    """Three grids of two features each; one of a single cell is left out."""
    usable = [row for row in rows if row["trading_cost"] is not None and row["executed_notional"]]

    def size(row):
        return bisect_right(EDGES["size_bucket"][0], row["paper_notional"]) if row["paper_notional"] else None

    def share(row):
        taken = times(row["participation"], 100.0)
        return None if taken is None else bisect_right(EDGES["participation_bucket"][0], taken)

    def side(row):
        return 0 if row["side"] > 0 else 1

    words = {size: labels_of("size_bucket"), share: labels_of("participation_bucket"), side: ["buy", "sell"]}
    out, number = {}, 0
    for down, across in ((size, half_hour), (share, size), (side, half_hour)):
        places = {row["parent_id"]: (down(row), across(row)) for row in usable}
        there = [row for row in usable if None not in places[row["parent_id"]]]
        downs, acrosses = (sorted({places[row["parent_id"]][axis] for row in there}) for axis in (0, 1))
        if len(downs) * len(acrosses) < 2:
            continue
        for axis, of, labels in (("rows", down, downs), ("columns", across, acrosses)):
            named = [words[of][label] if of in words else label for label in labels]
            out.update({(*path, number, axis, place): name for place, name in enumerate(named)})
        for (one, two), held in by(there, lambda row, places=places: places[row["parent_id"]]).items():
            cell = (*path, number, "cells", downs.index(one), acrosses.index(two))
            out.update(_picture_cell(cell, held, HEAT_DRAWS, draws))
        number += 1
    return out


def _picture_cell(path, rows, count, draws):
    pairs = [(row["trading_cost"], row["executed_notional"]) for row in rows]
    tops, bottoms = zip(*pairs)
    ask_ratios(draws, [(*path, "low"), (*path, "high")], [tops], [bottoms], [len(rows)], count, factor=BPS)
    return {(*path, "value"): ratio_bps(pairs), (*path, "n"): len(rows)}


def participation_numbers(path, rows, points, curves, draws):
    """Groups of equal number of orders by participation, and the model's curve as far as orders went.

    `points` is (model, its estimates by order) of each model in turn, `curves` what each expects along participation.
    """
    usable = [row for row in rows if row["participation"] is not None and row["trading_cost"] is not None]
    usable = [row for row in usable if row["executed_notional"] and row["arrival_bps_of_executed"] is not None]
    usable.sort(key=lambda row: (row["participation"], row["parent_id"]))
    out = {(*path, "orders"): len(usable), (*path, "left_out"): len(rows) - len(usable)}
    own = {row["parent_id"] for row in usable}
    answers = ((model, {name: bps for name, bps in held if name in own}) for model, held in points)
    model, estimated = next(((model, answer) for model, answer in answers if answer), (None, {}))
    curve = next((curve for curve in curves if model == f"{curve['model']} ({curve['source']})"), None)
    if curve is not None and usable:
        most = usable[-1]["participation"] * BEYOND
        kept = [point for point in curve["points"] if point["participation"] <= most]
        if len(kept) > 1:
            out.update(numbers_of({**curve, "points": kept}, (*path, "curve")))
    count = min(MOST_BINS, len(usable) // FEWEST_A_BIN)
    start = 0
    for place in range(count):
        # The first bins take what does not divide.
        size = len(usable) // count + (place < len(usable) % count)
        held, start = usable[start : start + size], start + size
        bin_path = (*path, "bins", place)
        asked = [
            (estimated[row["parent_id"]], row["executed_notional"]) for row in held if row["parent_id"] in estimated
        ]
        weight = math.fsum(notional for _, notional in asked)
        out.update(_picture_cell(bin_path, held, BIN_DRAWS, draws))
        out[(*bin_path, "participation_low")] = held[0]["participation"]
        out[(*bin_path, "participation_high")] = held[-1]["participation"]
        out[(*bin_path, "participation_mean")] = mean([row["participation"] for row in held])
        out[(*bin_path, "estimated_n")] = len(asked)
        whole = math.fsum(bps * notional for bps, notional in asked)
        out[(*bin_path, "estimated_bps")] = whole / weight if weight else None
    return out


def intraday_numbers(path, rows, fills, days):
    """Half hours of the exchange's day: what was printed, quoted and filled on the days of some orders.

    `days` are rows of the market by (symbol, date): the clock's distance from UTC, and by half hour the shares printed,
    the sum of spread times seconds, and seconds.
    """
    own = {row["parent_id"] for row in rows}
    wanted = {(row["symbol"], row["date"]) for row in rows if row["known"]}
    sums = {}
    for key, day in days.items():
        if key in wanted:
            for place, shares, top, seconds in day.half_hours:
                held = sums.setdefault(place, [0.0, 0.0, 0.0, 0.0])
                for at, amount in enumerate((shares, top, seconds)):
                    held[at] += amount
    for fill in fills:
        key = fill.symbol, fill.date
        if fill.parent_id in own and key in wanted and key in days and fill.quantity:
            place = (fill.ts_ns // 1_000_000_000 + days[key].utc_offset_s) % 86_400 // HALF_HOUR_S
            sums.setdefault(place, [0.0, 0.0, 0.0, 0.0])[3] += fill.quantity / fill.size_scale
    out = {}
    for number, (begins, (printed, top, seconds, filled)) in enumerate(sorted(sums.items())):
        out[(*path, number, "time")] = clock_words(begins)
        out[(*path, number, "market_shares")] = printed
        out[(*path, number, "own_shares")] = filled
        out[(*path, number, "spread_bps")] = top / seconds if seconds else None
        out[(*path, number, "participation")] = filled / printed if printed else None
    return out


def distribution_numbers(path, rows):
    """How the costs of single orders against arrival spread, raw and drawn in at 1 % and 99 %."""
    costed = [row for row in rows if row["arrival_bps_of_executed"] is not None]
    if not costed:
        return {}
    ordered = sorted(row["arrival_bps_of_executed"] for row in costed)
    low, high = quantile(ordered, 0.01), quantile(ordered, 0.99)
    out = {(*path, "winsorised_at", 0): low, (*path, "winsorised_at", 1): high}
    out.update(_described((*path, "raw"), ordered))
    out.update(_described((*path, "winsorised"), [min(max(value, low), high) for value in ordered]))
    for place, share in enumerate(QUANTILES):
        out[(*path, "quantiles", place, "share")] = share
        out[(*path, "quantiles", place, "value")] = quantile(ordered, share)
    ranked = sorted(costed, key=lambda row: (-row["arrival_bps_of_executed"], row["parent_id"]))
    for name, held in (("worst", ranked[:EXTREMES]), ("best", ranked[::-1][:EXTREMES])):
        for place, row in enumerate(held):
            out.update({(*path, name, place, word): row[word] for word in ("parent_id", "algo")})
            out[(*path, name, place, "value")] = row["arrival_bps_of_executed"]
            out[(*path, name, place, "cost")] = row["trading_cost"]
    return out


def _described(path, ordered):
    count = min(60, max(5, math.ceil(math.sqrt(len(ordered)))))
    low, high = ordered[0], ordered[-1]
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (high - low) / count
    edges = [place * step + low for place in range(count)] + [high]
    out = {(*path, "n"): len(ordered), (*path, "mean"): mean(ordered), (*path, "median"): median(ordered)}
    out[(*path, "deviation")] = deviation(ordered, 1) if len(ordered) > 1 else None
    counts = [0] * count
    for value in ordered:
        counts[min(bisect_right(edges, value) - 1, count - 1)] += 1
    out.update({(*path, "edges", place): edge for place, edge in enumerate(edges)})
    out.update({(*path, "counts", place): found for place, found in enumerate(counts)})
    return out
