"""What is counted: orders, fills, files, refused rows, checks of the market, brokers' clocks, rates."""

from collections import Counter

from .draws import Rows, bounds
from .rows import numbers_of
from .sums import by

FAULTS_SHOWN = 25
CLOCK_DRAWS = 400


def run_numbers(out, run):
    """What the program says of its own run: these numbers are rows of the evidence as they stand."""
    for name, value in run.items():
        out.update(numbers_of(value, tuple(name.split("."))))


def count_numbers(out, held, parents, fills):
    """Counts of orders, child orders and fills."""
    children = [child for row in held.tables["children"] for child in row.orders]
    counts = {
        "parents": len(parents),
        "parents_matched": sum(row["matched"] for row in parents),
        "parents_priced": sum(row["priced"] for row in parents),
        "parents_filled_in_full": sum((row["fill_rate"] or 0.0) >= 1.0 for row in parents),
        "parents_without_fill": sum(not row["filled_shares"] for row in parents),
        "child_orders": len(children),
        "fills": len(fills),
    }
    out.update({("counts", name): value for name, value in counts.items()})
    for state, count in Counter(child[3] for child in children).items():
        out[("child_orders_by_state", state)] = count
    out[("period", "days")] = len({row["date"] for row in parents if row["date"]})


def quality_numbers(out, held, parents, fills, draws):
    """What a reader must know of the data."""
    files, faults = held.tables["file"], held.tables["fault"]
    for place, row in enumerate(files):
        out[("quality", "files", place, "rows")] = row.rows
        out[("quality", "files", place, "faults")] = row.faults
    inside = [fill.inside_quote for fill in fills if fill.inside_quote is not None]
    counts = {
        "rows_stored": sum(row.rows for row in files),
        "rows_refused": sum(row.faults for row in files),
        "faults_left_out": max(len(faults) - FAULTS_SHOWN, 0),
        "fills": len(fills),
        "fills_with_quote": len(inside),
        "fills_inside_quote": sum(inside),
        "fills_without_parent": sum(fill.parent_id is None for fill in fills),
        "fills_without_liquidity": sum(fill.liquidity is None for fill in fills),
        "fees_known": sum(fill.fee is not None for fill in fills),
        "market_days": len({(row.date, row.symbol, row.venue) for row in held.tables["check"]}),
    }
    out.update({("quality", name): value for name, value in counts.items()})
    for place, row in enumerate(faults[:FAULTS_SHOWN]):
        out.update({("quality", "faults", place, name): getattr(row, name) for name in ("line", "reason")})
    _most_common(out, "faults_by_reason", ("reason", "rows"), [row.reason for row in faults])
    unpriced = [row["unpriced_reason"] or "no reason given" for row in parents if not row["priced"]]
    _most_common(out, "unpriced_by_reason", ("reason", "parents"), unpriced)
    unmatched = [row["raw_symbol"] or row["symbol"] for row in parents if not row["matched"]]
    _most_common(out, "unmatched", ("name", "parents"), unmatched)
    _most_common(out, "parent_notes", ("note", "parents"), [row["notes"] for row in parents if row["notes"]])
    _check_numbers(out, held.tables["check"])
    for place, row in enumerate(held.tables["clock"]):
        out[("quality", "clock_offsets", place, "broker")] = row.broker
        orders = [order for order in held.tables["clock_order"] if order.clock == place]
        if orders:
            _clock_numbers(out, ("quality", "clock_offsets", place), row, orders, draws)


def _most_common(out, name, columns, values):
    for place, found in enumerate(Counter(values).most_common()):
        out.update({("quality", name, place, column): value for column, value in zip(columns, found)})


def _check_numbers(out, checks):
    for place, held in enumerate(by(checks, lambda row: row.check).values()):
        found = [row for row in held if row.count_found]
        path = ("quality", "market_checks", place)
        out[(*path, "check")] = held[0].check
        out[(*path, "count")] = sum(row.count_found for row in found)
        out[(*path, "days")] = len(found)
        out[(*path, "worst")] = max((row.worst for row in found if row.worst is not None), default=None)


def _clock_numbers(out, path, row, orders, draws):
    """By how much a clock differs: the middle of the longest run of shifts that puts most fills inside the quote."""
    shifts, fills = row.shifts_ns, sum(order.fills for order in orders)
    inside = [_from_runs(order.inside) for order in orders]
    scores = [sum(column) for column in zip(*inside)]
    first, last = _plateau(scores, shifts)
    best = (first + last) / 2.0
    nearest = min(range(len(shifts)), key=lambda at: abs(shifts[at] - best))
    told = {"offset_s": best / 1e9, "fills": fills, "applied_s": row.applied_s}
    told["inside_before"] = scores[shifts.index(0)] / fills
    told["inside_after"] = scores[nearest] / fills
    out.update({(*path, name): value for name, value in told.items()})

    def interval(sums):
        plateaus = [_plateau(row.tolist(), shifts) for row in sums]
        return [bounds([low for low, _ in plateaus])[0] / 1e9, bounds([high for _, high in plateaus])[1] / 1e9]

    draws.ask(Rows([*zip(*inside)]), CLOCK_DRAWS, 0, [(*path, "low_s"), (*path, "high_s")], interval)


def _from_runs(runs):
    return [value for value, times in zip(runs[::2], runs[1::2]) for _ in range(times)]


def _plateau(scores, shifts):
    """The first and last shift of the longest run that scores best; of equals the one nearest to no shift."""
    best, runs = max(scores) - 1e-9, []
    for place, score in enumerate(scores):
        if score >= best:
            if runs and runs[-1][-1] == place - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
    run = max(runs, key=lambda run: (len(run), -abs(sum(shifts[place] for place in run) / len(run))))
    return float(shifts[run[0]]), float(shifts[run[-1]])


def rate_numbers(out, rates, parents, asked):
    """The rates that were used, and for how many orders."""
    used = Counter((row["trade_currency"], row["date"]) for row in parents if row["trade_currency"] != asked)
    known = {(row.own, row.date): row.value for row in rates}
    for place, key in enumerate(sorted(key for key in used if key in known)):
        out[("currency", "rates", place, "from")] = key[0]
        out[("currency", "rates", place, "rate")] = known[key]
        out[("currency", "rates", place, "orders")] = used[key]
