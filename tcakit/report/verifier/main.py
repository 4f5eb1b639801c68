"""Check a report against its evidence: python verify_evidence.py NAME.evidence.jsonl [REPORT] [--without-intervals]

Needs Python 3.9 or newer and nothing else; it shares no code with the program that wrote the report. It checks that
no byte of the evidence or of the report has changed since, works out every number anew from the fills and quotes in the
evidence, and compares it with the number printed. Exit code 0: all agrees; 1: something does not, and is named.
Intervals are drawn anew, which takes minutes for thousands of orders: --without-intervals leaves them out. A file that
was packed with gzip is read too.

Each line of the evidence is a row: {"row": n, "table": name, "values": [...], "hash": h}, h being the SHA-256 of the
previous row's hash (64 digits) and of the line's bytes before `,"hash"`. The first row names the columns of each table.
"""

import gc
import gzip
import json
import math
import sys
import zlib
from pathlib import Path

from .benchmarks import KNOWN_OF_SYMBOLS, benchmark_cost_numbers, benchmark_values, order_benchmark_numbers
from .blocks import block_numbers
from .compared import comparison_numbers
from .control import attribution_numbers, control_numbers, outlier_numbers
from .draws import Draws
from .estimates import estimate_numbers, one_model
from .executive import executive_numbers
from .facts import with_facts
from .given import GIVEN_OF_ORDERS, Checked, count_of_each, stands_as_given
from .groups import table_numbers
from .monitoring import monitoring_numbers
from .orders import AMOUNTS, SPREADS_OF_FILLS, fill_numbers, markout_of_mid, order_numbers, price_of, realised_of_mid
from .pictures import distribution_numbers, heat_numbers, intraday_numbers, participation_numbers
from .quality import count_numbers, quality_numbers, rate_numbers, run_numbers
from .rows import Broken, check_report, numbers_of, printed_together, read_evidence
from .sums import by
from .venues import venue_numbers

SHOWN = 20
MONEY = (
    *(name for name in AMOUNTS if name != "fees"),
    *("order_delay_cost", "order_trading_cost", "order_opportunity_cost", "market_timing_cost"),
    *("broker_execution_cost", "realised_cost", "delay_to_close_cost"),
    *("cost", "notional", "not_attributed", "not_attributed_cost", "trading_cost_not_split"),
)


def verify(evidence, report=None, intervals=True, say=None):
    """Counts (rows, recomputed, given, unfounded, and unfounded_names by name), names of numbers `without_draws` and
    `stated`, and what is `wrong`.

    `evidence` and `report` are bytes; `intervals` says whether draws are made. Broken if bytes have changed.
    """
    held = read_evidence(evidence)
    if report is not None:
        check_report(report, held.told, held.sums)
    checked = Checked()
    fills = held.tables["fill"]
    parents = [row._asdict() for row in held.tables["parent"]]
    _check_fills(checked, fills)
    _check_orders(checked, held, parents, fills)
    before = [row._asdict() for row in held.tables["previous_parent"]]
    printed = checked.recomputed, checked.given
    _check_fills(checked, held.tables["previous_fill"])
    _check_orders(checked, held, before, held.tables["previous_fill"], "previous_")
    checked.recomputed, checked.given = printed  # of the orders before only sums are printed
    found, draws, unfounded, worth = summary_numbers(held, parents, before, fills, checked)
    waiting = set(draws.paths())
    if intervals:
        found.update(draws.made(say))
        waiting = set()
    else:
        found.update(draws.found)
    checked.scale = math.fsum(row["paper_notional"] or 0.0 for row in parents)
    stated = _check_printed(checked, held, found, waiting, unfounded, worth)
    if report is not None and held.told["name"].endswith(".json"):
        checked.wrong += _report_against_rows(json.loads(report), held, parents)
    return {
        "rows": held.count,
        "stated": stated,
        "without_draws": [name_of(path) for path in held.printed if path in waiting],
        **checked.counts(),
    }


def _check_fills(checked, fills):
    """Whether each fill's mid, spreads and place follow from its quote, and its markouts from their mids."""
    for fill in fills:
        told = fill_numbers(fill)
        for name in SPREADS_OF_FILLS:
            stated = getattr(fill, name)
            if name not in told:
                checked.without_ground[f"{name} of fills"] += stated is not None
                continue
            checked.recomputed += stated is not None
            if differs(name, stated, told[name], 0.0, abs(price_of(fill))):
                said = f"row {fill.row}: {name} of fill {fill.fill_id} is {stated!r}"
                checked.wrong.append(f"{said}; its quote gives {told[name]!r}")
        for name, values, looked_up in (
            ("markout", fill.markouts, [markout_of_mid(fill, mid) for mid in fill.mids]),
            ("realised spread", fill.realised, [realised_of_mid(fill, mid) for mid in fill.after]),
        ):
            for place, stated in enumerate(values or ()):
                found = looked_up[place]
                if stated is None:
                    continue
                if found is None:
                    checked.without_ground[f"{name} of fills"] += 1
                    continue
                checked.recomputed += 1
                if differs("bps", stated, found, 0.0):
                    said = f"row {fill.row}: {name} {place} of fill {fill.fill_id} is {stated!r}"
                    checked.wrong.append(f"{said}; its mid gives {found!r}")


def _check_orders(checked, held, parents, fills, period=""):
    """Every number of every order of a period; leaves in `parents` what their tables need."""
    markets = {row.parent_id: row._asdict() for row in held.tables[f"{period}market"]}
    rates = {(row.date, row.own): row.value for row in held.tables[f"{period}rate"]}
    fills_of = by(fills, lambda fill: fill.parent_id)
    asked = held.header["scope"]["currency"]
    for parent in parents:
        own = fills_of.get(parent["parent_id"], [])
        found = order_numbers(parent, markets.get(parent["parent_id"]), own, rates, asked)
        # A column that no order has a number in may be wrongly missing: the header does not name it.
        for name in dict.fromkeys((*held.header["of_orders"], *(name for name in found if name in parent))):
            stated = parent[name]
            said = f"{name} of order {parent['parent_id']} is {stated!r}"
            if name not in found:
                checked.without_ground[name] += stated is not None
                continue
            if name in GIVEN_OF_ORDERS:
                checked.given += stated is not None
            else:
                checked.recomputed += stated is not None
            if differs(name, stated, found[name], parent["paper_notional"] or 0.0):
                checked.wrong.append(f"row {parent['row']}: {said}; its fills and quotes give {found[name]!r}")
        parent["facts"] = with_facts(parent)


def summary_numbers(held, parents, earlier, fills, checked):
    """Every number of the summary by its path, the draws that the others wait for, the paths of those that rest on
    something else, and what single orders' money is of; `earlier` are the orders of the period before."""
    out, draws = {}, Draws()
    scope, horizons = held.header["scope"], held.header["horizons_s"]
    asked = tuple(scope["by"])
    days = {(row.symbol, row.date): row for row in held.tables["day"]}
    orders = {row["parent_id"]: row for row in parents}
    run_numbers(out, held.one("run").values)
    count_numbers(out, held, parents, fills)
    quality_numbers(out, held, parents, fills, draws)
    curves = held.tables["curve"]
    points = estimate_numbers(out, held.tables["estimate"], orders, draws)
    values, without = _benchmarks(checked, held, orders, fills)
    unfounded, worth = order_benchmark_numbers(out, parents, values, without)
    for currency, rows in by(parents, lambda row: row["currency"]).items():
        path = ("currencies", currency)
        out.update(block_numbers(path, rows, fills, horizons, draws))
        mine = [row.values for row in curves if row.currency == currency]
        out.update(venue_numbers(path, rows, fills, held.header, draws))
        out.update(heat_numbers((*path, "heatmaps"), rows, draws))
        out.update(participation_numbers((*path, "participation"), rows, points, mine, draws))
        out.update(intraday_numbers((*path, "intraday"), rows, fills, days))
        out.update(distribution_numbers((*path, "distribution"), rows))
        if values:
            benchmark_cost_numbers(out, (*path, "benchmark_costs"), rows, values, draws)
    estimated = one_model(held.tables["estimate"], orders, held.header["half_spreads_in_estimates"])
    places = dict.fromkeys(("groups", "tests", "outliers", "control", "attribution"), 0)
    before = by(earlier, lambda row: row["currency"])
    if held.header["previous"]:
        out[("previous", "orders")] = len(earlier)
    for place, (currency, rows) in enumerate(sorted(by(parents, lambda row: row["currency"]).items())):
        old = before.get(currency, [])
        executive_numbers(out, ("executive", place), rows, old, estimated, held.header["tags"], draws)
        places["groups"] += table_numbers(out, places["groups"], rows, fills, asked, draws)
        places["tests"] += comparison_numbers(out, places["tests"], rows, asked, estimated, draws)
        found = {
            "outliers": outlier_numbers(("outliers", places["outliers"]), rows),
            "control": control_numbers(("control", places["control"], "rows"), rows, draws),
            "attribution": attribution_numbers(("attribution", places["attribution"]), rows, estimated),
        }
        for name, numbers in found.items():
            out.update(numbers)
            places[name] += bool(numbers)
    if scope["currency"] is not None:
        rate_numbers(out, held.tables["rate"], parents, scope["currency"])
    for policy in held.tables["policy"]:
        monitoring_numbers(out, policy, parents, fills, max((row["date"] or "" for row in parents), default=""))
    return out, draws, unfounded, worth


def _benchmarks(checked, held, orders, fills):
    """The further benchmarks of each order by its id, and the names of those that rest on something else."""
    fills_of = by(fills, lambda fill: fill.parent_id)
    children = {row.parent_id: row.orders for row in held.tables["children"]}
    values, without = {}, {}
    letters = {row.parent_id: row.letters for row in held.tables["benchmark"]}
    # A run that was measured without facts of its symbols has them from the days stored since.
    measured_with = any(row.adv_shares is not None for row in held.tables["measured_benchmark"])
    for row in held.tables["measured_benchmark"]:
        name = row.parent_id
        if name in orders:
            own = fills_of.get(name, []), held.header["horizons_s"], children.get(name, [])
            stored = {column: value for column, value in row._asdict().items() if column != "row"}
            values[name], without[name] = benchmark_values(orders[name], letters.get(name, {}), stored, *own)
            checked.without_ground.update(without[name])
            for known in KNOWN_OF_SYMBOLS if measured_with else ():
                of_order = orders[name][known]
                if of_order is not None and differs(known, stored[known], of_order, 0.0):
                    said = f"row {row.row}: {known} of order {name} is {stored[known]!r}"
                    checked.wrong.append(f"{said}; the order's own row says {of_order!r}")
    return values, without


def _check_printed(checked, held, found, waiting, unfounded, worth):
    """Compare every printed number; gives the names of those that no formula here gives."""
    stated = []
    for path, (value, row) in held.printed.items():
        if path in waiting:
            continue
        if path not in found:
            stated.append(name_of(path))
            continue
        if stands_as_given(path):
            checked.given += 1
        elif path not in unfounded:
            checked.recomputed += 1
        if differs(path[-1], value, found[path], worth.get(path, checked.scale)):
            checked.wrong.append(f"row {row}: {name_of(path)} is {value!r}; the rows give {found[path]!r}")
    checked.wrong += [
        f"{name_of(path)} is not printed; the rows give {value!r}"
        for path, value in found.items()
        if value is not None and path not in held.printed
    ]
    return stated


def differs(name, stated, found, scale, least=0.0):
    """Whether two numbers are not the same but for the rounding of doubles of that size; no number is like NaN."""
    if stated is None or found is None:
        return stated is not found
    if isinstance(stated, str) or isinstance(found, str):
        return stated != found
    if isinstance(stated, int) and isinstance(found, int):
        return stated != found
    largest = max(abs(stated), abs(found))
    if not largest < math.inf:
        return True
    if name in ("p_value", "q_value", "p_by_day"):
        return not abs(stated - found) <= 1e-7 * largest
    # A cost is the small difference of two large amounts of money, whose last digits are rounding.
    least = 1e-9 * least + (1e-14 * abs(scale) if name in MONEY else 0.0)
    # Basis points of orders that cancel are rounding alone below this.
    least += 1e-9 if "bps" in str(name) or name in ("value", "low", "high", "slope", "z") else 1e-12
    return not abs(stated - found) <= 1e-9 * largest + least


def _report_against_rows(summary, held, parents):
    """Sentences on each number of a JSON report that is not the evidence's."""
    orders = {row["parent_id"]: row for row in parents}
    wrong = []
    for row in summary.pop("parents"):
        own = orders.pop(row["parent_id"], None)
        if own is None:
            wrong.append(f"order {row['parent_id']} of the report is not in the evidence")
            continue
        names = [path[0] for path, value in numbers_of(row) if own.get(path[0]) != value]
        wrong += [
            f"row {own['row']}: {name} of order {row['parent_id']} is {row[name]!r} in the report" for name in names
        ]
    wrong += [f"row {row['row']}: order {name} is not in the report" for name, row in orders.items()]
    shown = {
        (*path, name): value for path, names, values in printed_together(summary) for name, value in zip(names, values)
    }
    for path, (value, row) in held.printed.items():
        if shown.pop(path, None) != value:
            wrong.append(f"row {row}: {name_of(path)} is {value!r}, and is another in the report")
    return wrong + [f"{name_of(path)} of the report is not in the evidence" for path in shown if path[0] != "evidence"]


def name_of(path):
    """A path as words."""
    return ".".join(str(part) for part in path)


def _unpacked(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def main(arguments):
    """Check what the command line names and print what was found; gives the exit code."""
    gc.disable()  # nothing here forms circles, and looking for them among millions of rows takes a third of the time
    names = [name for name in arguments if name != "--without-intervals"]
    if not 1 <= len(names) <= 2 or any(name.startswith("-") for name in names):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    try:
        data = [Path(name).read_bytes() for name in names]
        found = verify(_unpacked(data[0]), *data[1:], intervals=len(names) == len(arguments), say=sys.stderr)
    except (Broken, ValueError, KeyError, TypeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        print(f"NOT AS WRITTEN: {error}")
        return 1
    except OSError as error:
        print(f"{error.filename} cannot be read ({error.strerror})", file=sys.stderr)
        return 2
    for sentence in found["wrong"][:SHOWN]:
        print(f"WRONG: {sentence}")
    if len(found["wrong"]) > SHOWN:
        print(f"and {len(found['wrong']) - SHOWN} more")
    what = "rows and the report" if len(data) > 1 else "rows"
    print(f"{found['rows']} {what} are as written.")
    print(f"{found['recomputed']} numbers worked out anew from the rows; {len(found['wrong'])} found wrong.")
    print(f"{found['given']} numbers are inputs that stand as they were given.")
    if found["without_draws"]:
        print(f"{len(found['without_draws'])} bounds of intervals were left out, as asked.")
    if found["unfounded"]:
        what = "numbers of orders and fills rest on inputs that are not in the evidence"
        print(f"{found['unfounded']} {what}: {count_of_each(found['unfounded_names'])}.")
        print("Sums worked out anew take these as they are stated.")
    if found["stated"]:
        print(
            f"{len(found['stated'])} printed numbers are held by their hash alone: {', '.join(found['stated'][:SHOWN])}"
        )
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
