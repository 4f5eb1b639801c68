#!/usr/bin/env python3
"""Check a report against its evidence: python verify_evidence.py NAME.evidence.jsonl [REPORT]

Needs Python 3.9 or newer and nothing else; it shares no code with the program that wrote the report. It checks that
no byte of the evidence or of the report has changed since, works out every number anew from the fills and quotes in the
evidence, and compares it with the number printed. Exit code 0: all agrees; 1: something does not, and is named.

Each line of the evidence is a row: {"row": n, "table": name, "values": [...], "hash": h}, h being the SHA-256 of the
previous row's hash (64 digits) and of the line's bytes before `,"hash"`. The first row names the columns of each table.
"""

import hashlib
import json
import math
import sys
import zlib
from pathlib import Path
from typing import Any, Dict, List, Tuple  # the words of old interpreters: the reader's may be one

EVIDENCE_VERSION = 1
BPS = 10_000.0
PIECE_BYTES = 4096
SHOWN = 20
Numbers = Dict[Tuple[Any, ...], Any]
GIVEN = ("delay_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees")
AMOUNTS = (*GIVEN, "trading_cost", "total_cost", "paper_notional", "executed_notional")  # told in the report's currency
MEASURES = {
    "shortfall_bps_of_paper": None,
    "arrival_bps_of_executed": None,
    "vwap_bps_of_executed": "interval_vwap",
    "twap_bps_of_executed": "twap",
    "close_bps_of_executed": "close_price",
}


class Broken(Exception):
    """The evidence or the report is not as it was written."""


# --- rows and their hashes -------------------------------------------------------------------------------------------


def read_rows(data):
    """The rows of an evidence file as (table, values), each hash checked; Broken names the first that is not so."""
    previous, count, ended = "0" * 64, 0, False
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        body, mark, rest = line.rpartition(b',"hash":"')
        digest = hashlib.sha256(previous.encode() + body).hexdigest()
        if not mark or rest != digest.encode() + b'"}':
            raise Broken(f"row {number} has changed: {_clip(line)}")
        row = json.loads(line)
        if row["row"] != number or ended:
            raise Broken(f"row {number} stands where it does not belong")
        previous, count, ended = digest, number, row["table"] == "end"
        yield row["table"], row["values"], digest
    if not ended:
        raise Broken(f"row {count + 1} is missing: the file ends too early")
    if not data.endswith(b"\n"):
        raise Broken(f"row {count + 1} does not belong to the file: something stands after its end")


def pieces(data):
    """Offset and bytes of each piece of a report: its lines, the long ones cut every 4,096 bytes."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        end = min(end, start + PIECE_BYTES)
        yield start, data[start:end]
        start = end


def check_report(data, told, sums):
    """Broken, with the place, unless the report is the one that the evidence was written for."""
    number = 0
    for number, (offset, piece) in enumerate(pieces(data), start=1):
        if number > len(sums) or zlib.crc32(piece) != sums[number - 1]:
            line = data.count(b"\n", 0, offset) + 1
            raise Broken(f"{told['name']} has changed in line {line} (byte {offset} on): {_clip(piece)}")
    if number != len(sums) or len(data) != told["bytes"] or hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise Broken(f"{told['name']} has changed: it has {len(data)} bytes, not the {told['bytes']} it had")


def _clip(line):
    text = line[:120].decode("utf-8", "replace").rstrip()
    return text + ("..." if len(line) > 120 else "")


# --- one order -------------------------------------------------------------------------------------------------------


def mid(quote):
    return None if quote is None else (quote[1] + quote[2]) / 2.0


def vwap(sums, price_scale):
    return None if sums is None else sums[4] / sums[3] / price_scale


def bps(cost, notional):
    return None if cost is None or not notional or not notional > 0 else cost * BPS / notional


def order_numbers(parent, market, fills):
    """Every number of an order that its fills and quotes give, by the name of its column.

    What the evidence has no ground for is left out.
    """
    scale = parent["size_scale"]
    found = {"ordered_shares": parent["quantity"] / scale, "fills": len(fills)}
    side, ordered = parent["side"], found["ordered_shares"]
    exact = len({(fill["price_scale"], fill["size_scale"]) for fill in fills}) == 1
    if fills and exact:
        units = fills[0]["size_scale"]
        filled = sum(fill["quantity"] for fill in fills) / units
        paid = sum(fill["price"] * fill["quantity"] for fill in fills) / (units * fills[0]["price_scale"])
    else:
        filled = math.fsum(shares_of(fill) for fill in fills)
        paid = math.fsum(price_of(fill) * shares_of(fill) for fill in fills)
    average = paid / filled if filled else None
    found |= {"filled_shares": filled, "average_price": average, "fill_rate": filled / ordered}
    if fills:
        found |= {"first_fill_ns": min(f["ts_ns"] for f in fills), "last_fill_ns": max(f["ts_ns"] for f in fills)}
    known = [parent["given_fees"], *(fill["fee"] for fill in fills)]
    found["fees"] = math.fsum(fee for fee in known if fee is not None) if any(f is not None for f in known) else None
    unknown = any(fill["liquidity"] is None for fill in fills)
    passive = math.fsum(shares_of(fill) for fill in fills if fill["liquidity"] == "maker")
    found["maker_fraction"] = passive / filled if filled and not unknown else None
    if market is not None:
        found |= _market_numbers(market, filled)
    for name, price in (("vwap", "interval_vwap"), ("twap", "twap"), ("close", "close_price")):
        if found.get(price) is not None and average is not None:
            found[f"{name}_bps_of_executed"] = bps(side * (average - found[price]), found[price])
    return found | _cost_numbers(parent, found, fills, filled, paid)


def _market_numbers(market, filled):
    found = {}
    for name in ("arrival", "end", "close"):
        if market[name] is not None:
            found[f"{name}_price"] = mid(market[name])
    for name in ("interval", "window"):
        if market[name] is not None:
            found[f"{name}_vwap"] = vwap(market[name], market["price_scale"])
    if market["interval"] is not None:
        found["market_shares"] = market["interval"][3] / market["size_scale"]
        found["participation"] = filled / found["market_shares"]
    if market["twap"] is not None:
        found["twap"] = market["twap"][3] + market["twap"][4] / market["twap"][2]
    return found


def _cost_numbers(parent, found, fills, filled, paid):
    """Implementation shortfall (Perold 1988) and its parts."""
    arrival, end = found.get("arrival_price"), found.get("end_price")
    decision = parent["given_decision_price"]
    if decision is None:
        decision = mid(parent["decision_quote"]) if parent["decision_quote"] is not None else arrival
    if decision is None:
        return {}
    times, side = parent["multiplier"] or 1.0, parent["side"]
    ordered, fees = found["ordered_shares"] * times, found["fees"] or 0.0
    filled, paid = filled * times, paid * times
    intended = filled if filled >= ordered * (1 - 1e-12) else ordered
    out = {"decision_price": decision, "paper_notional": ordered * decision}
    missed = intended - filled
    opportunity = 0.0 if not missed else None if end is None else side * missed * (end - decision)
    if opportunity is not None:
        total = side * (paid - filled * decision) + opportunity + fees
        out |= {"opportunity_cost": opportunity, "total_cost": total}
        out["shortfall_bps_of_paper"] = bps(total, out["paper_notional"])
    if arrival is not None:
        trading, notional = side * (paid - filled * arrival), filled * arrival
        out |= {"delay_cost": side * filled * (arrival - decision), "trading_cost": trading}
        out |= {"executed_notional": notional, "arrival_bps_of_executed": bps(trading, notional)}
        if fills and all(fill["mid_at_fill"] is not None for fill in fills):
            at_mid = times * math.fsum(fill["mid_at_fill"] * shares_of(fill) for fill in fills)
            out |= {"spread_cost": side * (paid - at_mid), "drift_cost": side * (at_mid - filled * arrival)}
    elif not filled:
        out |= {"delay_cost": 0.0, "trading_cost": 0.0}
    return out


def shares_of(fill):
    return fill["quantity"] / fill["size_scale"]


def price_of(fill):
    return fill["price"] / fill["price_scale"]


def markouts_of(fill, horizons):
    """(horizon, bps of the fill's price) where a mid stood: from the mids, else as measured."""
    price = price_of(fill)
    for place, horizon in enumerate(horizons):
        if fill["mids"][place] is not None and price > 0:
            yield horizon, fill["side"] * (fill["mids"][place] - price) / price * BPS
        elif fill["markouts"][place] is not None:
            yield horizon, fill["markouts"][place]


# --- many orders -----------------------------------------------------------------------------------------------------


def summary_numbers(parents, fills, horizons):
    """Every number of the summary that sums over orders give, by its path; ratios of sums, never means."""
    out: Numbers = {
        ("counts", "parents"): len(parents),
        ("counts", "parents_matched"): sum(row["matched"] for row in parents),
        ("counts", "parents_priced"): sum(row["priced"] for row in parents),
        ("counts", "parents_filled_in_full"): sum((row["fill_rate"] or 0.0) >= 1.0 for row in parents),
        ("counts", "parents_without_fill"): sum(not row["filled_shares"] for row in parents),
        ("counts", "fills"): len(fills),
        ("quality", "fills"): len(fills),
        ("quality", "fills_with_quote"): sum(fill["inside_quote"] is not None for fill in fills),
        ("quality", "fills_inside_quote"): sum(fill["inside_quote"] is True for fill in fills),
        ("quality", "fills_without_parent"): sum(fill["parent_id"] is None for fill in fills),
        ("quality", "fills_without_liquidity"): sum(fill["liquidity"] is None for fill in fills),
        ("quality", "fees_known"): sum(fill["fee"] is not None for fill in fills),
        ("period", "days"): len({row["date"] for row in parents if row["date"]}),
    }
    for currency, rows in _by(parents, "currency").items():
        path = ("currencies", currency)
        out.update(_group(path, rows))
        for step, value in enumerate(_waterfall(out, path)):
            out[(*path, "waterfall", step, "cost")] = value
            out[(*path, "waterfall", step, "bps_of_paper")] = value / out[(*path, "totals", "paper_notional")] * BPS
        for place, (_, held) in enumerate(sorted(_by(rows, "algo").items())):
            out.update(_group((*path, "algos", place), held))
        own = {row["parent_id"] for row in rows}
        held = [fill for fill in fills if fill["parent_id"] in own]
        for kind in ("all", "maker", "taker"):
            chosen = [fill for fill in held if kind in ("all", fill["liquidity"])]
            out.update(_curve((*path, "markouts", kind), chosen, horizons))
    return out


def _by(rows, name):
    found: Dict[Any, List[Any]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


def _group(path, rows):
    costed = [row for row in rows if row["total_cost"] is not None and row["paper_notional"]]
    split = [row for row in costed if row["spread_cost"] is not None and row["drift_cost"] is not None]
    totals: Dict[str, Any] = {"parents": len(rows), "parents_costed": len(costed)}
    totals["parents_priced"] = sum(row["priced"] for row in rows)
    totals["fills"] = sum(row["fills"] for row in rows)
    for name in ("paper_notional", "executed_notional", "trading_cost", *GIVEN, "total_cost"):
        totals[name] = _sum(row[name] for row in (split if name in ("spread_cost", "drift_cost") else costed))
    rest = [row["trading_cost"] for row in costed if row not in split] if len(split) < len(costed) else []
    totals["trading_cost_not_split"] = _sum(rest)
    totals["not_attributed"] = None
    if costed:
        parts = math.fsum(totals[name] or 0.0 for name in (*GIVEN, "trading_cost_not_split"))
        size = math.fsum(abs(row["total_cost"]) for row in costed)
        left = totals["total_cost"] - parts
        totals["not_attributed"] = left if abs(left) > 1e-9 * max(size, 1.0) else 0.0
    out: Numbers = {(*path, "totals", name): value for name, value in totals.items()}
    for name, price in MEASURES.items():
        pairs = [pair for pair in (_cost_and_notional(row, name, price) for row in rows) if pair]
        out[(*path, "measures", name, "n")] = len(pairs)
        out[(*path, "measures", name, "value")] = bps(_sum(c for c, _ in pairs), _sum(n for _, n in pairs))
    shares = {
        "fill_rate_of_paper": [(r["fill_rate"] * r["paper_notional"], r["paper_notional"]) for r in costed],
        "participation_of_market_notional": [
            (r["filled_shares"] * r["interval_vwap"], r["market_shares"] * r["interval_vwap"])
            for r in rows
            if r["participation"] is not None and r["interval_vwap"] and r["market_shares"]
        ],
        "maker_fraction_of_executed": [
            (r["maker_fraction"] * r["executed_notional"], r["executed_notional"])
            for r in rows
            if r["maker_fraction"] is not None and r["executed_notional"]
        ],
    }
    for name, pairs in shares.items():
        whole = math.fsum(weight for _, weight in pairs)
        out[(*path, "shares", name)] = math.fsum(part for part, _ in pairs) / whole if whole else None
    return out


def _cost_and_notional(row, name, price):
    if name == "shortfall_bps_of_paper":
        pair = row["total_cost"], row["paper_notional"]
    elif name == "arrival_bps_of_executed":
        pair = row["trading_cost"], row["executed_notional"]
    elif row[name] is None or row[price] is None:
        return None
    else:
        notional = row["filled_shares"] * row[price] * (row["exchange_rate"] or 0.0)
        pair = row[name] * notional / BPS, notional
    return pair if pair[0] is not None and pair[1] is not None and pair[1] > 0 else None


def _waterfall(out, path):
    if out[(*path, "totals", "total_cost")] is None:
        return
    for name in (*GIVEN[:3], "trading_cost_not_split", *GIVEN[3:], "not_attributed", "total_cost"):
        cost = out[(*path, "totals", name)] or 0.0
        if cost or name not in ("trading_cost_not_split", "not_attributed"):
            yield cost


def _curve(path, fills, horizons):
    cells: Dict[float, Any] = {horizon: ([], [], set()) for horizon in horizons} if fills else {}
    for fill in fills:
        if fill["price"] is None or fill["quantity"] is None:
            continue
        notional = price_of(fill) * shares_of(fill)
        for horizon, value in markouts_of(fill, horizons) if notional > 0 else ():
            tops, bottoms, orders = cells[horizon]
            tops.append(value * notional)
            bottoms.append(notional)
            orders.add(fill["parent_id"])
    out = {}
    for place, horizon in enumerate(sorted(cells)):
        tops, bottoms, orders = cells[horizon]
        point: Dict[str, Any] = {"horizon_s": horizon, "n": len(orders), "fills": len(bottoms)}
        point["value"] = math.fsum(tops) / math.fsum(bottoms) if bottoms else None
        out.update({(*path, place, name): value for name, value in point.items()})
    return out


def _sum(values):
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


# --- comparing -------------------------------------------------------------------------------------------------------


def differs(stated, found, scale):
    """Whether two numbers are not the same but for the rounding of doubles."""
    if stated is None or found is None:
        return stated is not found
    return abs(stated - found) > 1e-9 * max(abs(stated), abs(found)) + 1e-11 * abs(scale) + 1e-9


def numbers_of(value, path=()):
    """(path, number) of every number in a JSON value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numbers_of(item, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from numbers_of(item, (*path, place))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def verify(evidence, report=None):
    """Counts (rows, recomputed, unfounded), names of `stated` numbers, and what is `wrong`; Broken if bytes changed."""
    rows: Dict[str, List[Any]] = {"parent": [], "market": [], "fill": []}
    printed: Dict[Any, Any] = {}
    sums: List[int] = []
    header: Dict[str, Any] = {}
    told: Dict[str, Any] = {}
    columns: Dict[str, Any] = {}
    count = 0
    for table, values, _ in read_rows(evidence):
        count += 1
        if table == "header":
            header, columns = values, values["columns"]
            if values["evidence_version"] != EVIDENCE_VERSION:
                raise Broken(f"row 1: version {values['evidence_version']}; this program reads {EVIDENCE_VERSION}")
        elif table in rows:
            rows[table].append(dict(zip(columns[table], values), row=count))
        elif table == "printed":
            printed[tuple(values[0])] = (values[1], count)
        elif table == "pieces":
            sums += [int(values[0][at : at + 8], 16) for at in range(0, len(values[0]), 8)]
        elif table == "report":
            told = values
    if report is not None:
        check_report(report, told, sums)
    return _compare(rows, printed, header, count, report if told["name"].endswith(".json") else None)


def _compare(rows, printed, header, count, report):
    wrong, recomputed, unfounded = [], 0, 0
    markets = {row["parent_id"]: row for row in rows["market"]}
    for fill in rows["fill"]:
        unfounded += fill["mid_at_fill"] is not None and fill["bid"] is None
        if fill["bid"] is not None and differs(fill["mid_at_fill"], (fill["bid"] + fill["ask"]) / 2.0, 0.0):
            wrong.append(f"row {fill['row']}: the mid at fill {fill['fill_id']} is not that of its quote")
    usable = [f for f in rows["fill"] if (f["quantity"] or 0) > 0 and f["price"] is not None]
    fills_of = _by([fill for fill in usable if fill["size_scale"] > 0 and fill["price_scale"] > 0], "parent_id")
    for parent in rows["parent"]:
        if not parent["measured"] or parent["contradicts"]:
            continue
        market = markets.get(parent["parent_id"])
        parent["decision_quote"] = market["decision"] if market else None
        found = order_numbers(parent, market, fills_of.get(parent["parent_id"], []))
        for name in AMOUNTS:
            if found.get(name) is not None and name in parent:
                found[name] *= parent["exchange_rate"] or 1.0
        for name in header["measured"]:
            if parent[name] is None:
                continue
            if name not in found:
                unfounded += 1
            elif differs(parent[name], found[name], 0.0 if "bps" in name else parent["paper_notional"] or 0.0):
                said = f"{name} of order {parent['parent_id']} is {parent[name]!r}"
                wrong.append(f"row {parent['row']}: {said}; its fills and quotes give {found[name]!r}")
            else:
                recomputed += 1
    scale = math.fsum(row["paper_notional"] or 0.0 for row in rows["parent"])
    found = summary_numbers(rows["parent"], rows["fill"], header["horizons_s"])
    stated = []
    for path, (value, row) in printed.items():
        if path not in found:
            stated.append(_name(path))
        elif differs(value, found[path], scale if path[-1] in ("cost", *GIVEN) or "totals" in path else 0.0):
            wrong.append(f"row {row}: {_name(path)} is {value!r}; the rows give {found[path]!r}")
        else:
            recomputed += 1
    wrong += [
        f"{_name(p)} is not printed; the rows give {v!r}"
        for p, v in found.items()
        if v is not None and p not in printed
    ]
    if report is not None:
        wrong += _report_against_rows(json.loads(report), printed, rows["parent"], header["measured"])
    return {"rows": count, "recomputed": recomputed, "stated": stated, "unfounded": unfounded, "wrong": wrong}


def _report_against_rows(summary, printed, parents, measured):
    """Sentences on each number of a JSON report that is not the evidence's."""
    orders = {row["parent_id"]: row for row in parents}
    wrong = []
    for row in summary.pop("parents"):
        own = orders.pop(row["parent_id"], None)
        if own is None:
            wrong.append(f"order {row['parent_id']} of the report is not in the evidence")
            continue
        names = [name for name in measured if name in row and row[name] != own[name]]
        wrong += [
            f"row {own['row']}: {name} of order {row['parent_id']} is {row[name]!r} in the report" for name in names
        ]
    wrong += [f"row {row['row']}: order {name} is not in the report" for name, row in orders.items()]
    shown = dict(numbers_of(summary))
    for path, (value, row) in printed.items():
        if shown.pop(path, None) != value:
            wrong.append(f"row {row}: {_name(path)} is {value!r}, and is another in the report")
    return wrong + [f"{_name(path)} of the report is not in the evidence" for path in shown if path[0] != "evidence"]


def _name(path):
    return ".".join(str(part) for part in path)


def main(arguments):
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    try:
        data = [Path(name).read_bytes() for name in arguments]
        found = verify(*data)
    except OSError as error:
        print(f"{error.filename} cannot be read ({error.strerror})", file=sys.stderr)
        return 2
    except (Broken, ValueError, KeyError, TypeError) as error:
        print(f"NOT AS WRITTEN: {error}")
        return 1
    for sentence in found["wrong"][:SHOWN]:
        print(f"WRONG: {sentence}")
    if len(found["wrong"]) > SHOWN:
        print(f"and {len(found['wrong']) - SHOWN} more")
    print(
        f"{found['rows']} rows and the report are as written."
        if len(data) > 1
        else f"{found['rows']} rows are as written."
    )
    print(f"{found['recomputed']} numbers worked out anew from fills and quotes, {len(found['wrong'])} of them differ.")
    print(f"{found['unfounded']} numbers of orders rest on inputs that are not in the evidence.")
    print(f"{len(found['stated'])} printed numbers are held by their hash alone: bounds of bootstraps, other tables.")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
