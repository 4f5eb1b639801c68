"""A first draft of a blotter's mapping, from its header and a few of its rows, for the user to correct."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tcakit.feeds.headers import compact
from tcakit.feeds.mapping import FIELDS
from tcakit.feeds.sides import ORDER_WORDS

# Names of columns in blotters, best first, in lower case without punctuation.
_USUAL: dict[str, str] = {
    "fill_id": "fillid execid executionid tradeid fillno emsxfillid dealid id",
    "parent_id": ("parentid parentorderid orderid emsxsequence sequence ancestorpointerid basketorderid clordid id"),
    "order_id": "orderid childorderid routeid emsxrouteid brokerorderid clordid",
    "symbol": ("symbol ticker instrument ric isin security bloomberg bbgid sedol cusip figi emsxticker product pair"),
    "side": "side buysell bs direction emsxside transactiontype",
    "time": ("filltime executiontime exectime transacttime tradetime datetimeoffill timestamp datetime time date"),
    "price": ("fillprice executionprice execprice executedprice lastpx lastprice price px avgprice emsxfillprice"),
    "quantity": (
        "fillshares filledquantity fillquantity execquantity executedquantity executednotional "
        "lastqty lastshares "
        "quantity qty shares amount size orderqty notional emsxamount"
    ),
    "received_time": "receivedtime routetime",
    "liquidity": "liquidity lastliquidityind takerormaker makertaker addremove",
    "fee": "fee commission fees usercommissionamount brokercommission",
    "venue": "venue exchange lastmkt lastmarket mic market",
    "arrival_time": (
        "arrivaltime arrival ordertime createtime created createdat nyordercreateasofdatetime "
        "benchmarkdatestart "
        "starttime start timestamp datetime time date"
    ),
    "decision_time": "decisiontime pmtime ordercreated",
    "decision_price": "decisionprice pmprice",
    "end_time": "endtime end completed completedat benchmarkdateend lastfilltime",
    "limit_price": "limitprice limit pricelimit limitpx emsxlimitprice",
    "algo": "algo algorithm strategy strategytype algoid",
    "broker": "broker executingbroker brokerid counterparty",
    "trader": "trader tradername traderid",
    "account": "account accountid fund portfolio portfolioid",
    "currency": "currency ccy notionalcurrency",
    "fees": "fees commission totalcommission",
    "notes": "notes comment remark",
}
_FILL_SIGNS = (
    "fillid",
    "execid",
    "executionid",
    "fillprice",
    "executedprice",
    "lastpx",
    "execprice",
    "fillshares",
)
_ZONED = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*$|^\d{9,}(\.\d+)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?")
_COMMA_NUMBER = re.compile(r"^-?[\d.' ]+,\d+$")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found.group()):04x}", escaped)
    return f'"{escaped}"'


def suggest(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """TOML text of a mapping that fits the column names; fields it could not place are left as comments.

    >>> print(suggest(["ExecId", "Ticker", "B/S", "Px", "Qty", "Time"], []))
    ... # doctest: +ELLIPSIS
    # Draft: check each line, then ingest with --mapping FILE.
    name = "draft"
    ...
    """
    by_key: dict[str, str] = {}
    for name in header:
        by_key.setdefault(compact(name), name)
    table = "fills" if any(sign in by_key for sign in _FILL_SIGNS) else "parents"
    chosen: dict[str, str] = {}
    # Ids and times compete for the same columns: fields that rows must have choose first.
    for field in sorted(FIELDS[table], key=lambda name: not FIELDS[table][name]):
        for key in _USUAL.get(field, field).split():
            if key in by_key and by_key[key] not in chosen.values():
                chosen[field] = by_key[key]
                break
    samples = {name: [row[at] for row in rows if at < len(row) and row[at]] for at, name in enumerate(header)}
    lines = ["# Draft: check each line, then ingest with --mapping FILE.", 'name = "draft"']
    lines += _times(samples.get(chosen.get("arrival_time", chosen.get("time", "")), []))
    numbers = [
        value for field in ("price", "quantity", "limit_price") for value in samples.get(chosen.get(field, ""), [])
    ]
    if any(_COMMA_NUMBER.match(value.strip()) for value in numbers):
        lines.append("decimal_comma = true")
    lines += ["", f"[{table}]"]
    for field, needed in FIELDS[table].items():
        if field in chosen:
            lines.append(f"{field} = {_quoted(chosen[field])}")
        elif needed:
            lines.append(f'# {field} = "?"  # needed: name its column')
    unknown = {word.strip() for word in samples.get(chosen.get("side", ""), [])}
    unknown = {word for word in unknown if word.lower() not in ORDER_WORDS}
    if unknown:
        lines += ["", "[sides]  # say which is buy and which is sell"]
        lines += [f'# {_quoted(word)} = "buy"' for word in sorted(unknown)]
    kind = next((by_key[key] for key in ("eventtype", "recordtype", "rowtype") if key in by_key), None)
    if kind is not None:
        words = ", ".join(_quoted(word) for word in sorted(set(samples.get(kind, []))))
        lines += ["", "# [rows]  # if one column tells parents from fills, and [parents] stands beside [fills]"]
        lines += [f"# column = {_quoted(kind)}  # holds {words}"]
    unused = [name for name in header if name not in chosen.values()]
    if unused:
        kept = ", kept as tags for --by and --where (keep_unmapped = false drops them)" if table == "parents" else ""
        lines += ["", f"# Columns without a field{kept}: " + ", ".join(_quoted(name) for name in unused)]
    return "\n".join(lines) + "\n"


def _times(values: Sequence[str]) -> list[str]:
    lines = []
    if not values or not all(_ZONED.search(value.strip()) for value in values):
        lines.append('# timezone = "America/New_York"  # needed: where the clock of these times stands')
    for value in values:
        found = _DAY_FIRST.match(value.strip())
        if not found:
            continue
        mark = found.group(2)
        days_first = any(
            int(other.group(1)) > 12 for other in (_DAY_FIRST.match(each.strip()) for each in values) if other
        )
        day = f"%d{mark}%m{mark}%Y" if days_first else f"%m{mark}%d{mark}%Y"
        clock = " %H:%M" if found.group(5) else ""
        clock += ":%S%.f" if found.group(7) else ":%S" if found.group(6) else ""
        doubt = "" if days_first else "  # or the day first?"
        lines.append(f'time_format = "{day}{clock}"{doubt}')
        break
    return lines
