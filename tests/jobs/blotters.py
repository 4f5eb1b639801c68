"""A stored run written as a desk's blotter: what a replay did, told as if it had happened."""

from __future__ import annotations

import csv
from pathlib import Path

from tcakit.market.clock import format_time
from tcakit.store import results
from tcakit.store.database import Store

SIDES = {1: "buy", -1: "sell"}


def write_blotter(store: Store, run_id: str, folder: Path) -> list[Path]:
    """parents.csv and fills.csv of a run, in the sample's columns."""
    folder.mkdir(exist_ok=True)
    parents = [
        {
            "parent_id": row["parent_id"], "symbol": row["symbol"], "side": SIDES[row["side"]],
            "quantity": row["quantity"] / row["size_scale"],
            "limit_price": "" if row["limit_price"] is None else row["limit_price"] / row["price_scale"],
            "arrival_time": format_time(row["arrival_ns"]), "end_time": format_time(row["end_ns"]), "algo": "TWAP",
            "broker": "NORTHGATE" if row["side"] > 0 else "HARBOUR", "currency": "USD",
        }
        for row in results.table(store, "parents", run_id).iter_rows(named=True)
    ]  # fmt: skip
    fills = [
        {
            "fill_id": row["fill_id"], "parent_id": row["parent_id"], "order_id": row["order_id"],
            "symbol": row["symbol"], "side": SIDES[row["side"]], "time": format_time(row["ts_ns"]),
            "price": row["price"] / row["price_scale"], "quantity": row["quantity"] / row["size_scale"],
            "liquidity": row["liquidity"], "venue": row["venue"],
        }
        for row in results.table(store, "fills", run_id).iter_rows(named=True)
    ]  # fmt: skip
    return [write_csv(folder / "parents.csv", parents), write_csv(folder / "fills.csv", fills)]


def write_csv(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_fix_log(store: Store, run_id: str, path: Path) -> Path:
    """A run as the FIX log of its desk: new orders, acknowledgements, fills, cancels, at the run's own times."""
    limits = {row["order_id"]: row for row in results.table(store, "orders", run_id).iter_rows(named=True)}
    lines: list[tuple[int, int, bytes]] = []

    def say(at: int, rank: int, body: str, sender: str, target: str) -> None:
        stamp = format_time(at)[:29].replace("-", "").replace("T", "-")
        inner = f"{body}|34={len(lines) + 1}|49={sender}|56={target}|52={stamp}|60={stamp}|".replace(
            "|", "\x01"
        ).encode()
        kind, _, rest = inner.partition(b"\x01")
        whole = b"8=FIX.4.2\x019=%d\x01" % len(inner) + kind + b"\x01" + rest
        lines.append((at, rank, whole + b"10=%03d\x01\n" % (sum(whole) % 256)))

    done: dict[str, float] = dict.fromkeys(limits, 0.0)
    events = results.table(store, "order_events", run_id)
    for number, event in enumerate(events.iter_rows(named=True)):
        order = limits[event["order_id"]]
        shares = order["quantity"] / order["size_scale"]
        side, name = 1 if order["side"] > 0 else 2, event["order_id"]
        kind = "40=1" if order["price"] is None else f"40=2|44={order['price'] / order['price_scale']}"
        force = {"gtc": 1, "ioc": 3, "fok": 4}[order["time_in_force"]]
        terms = f"11={name}|526={order['parent_id']}|55={order['symbol']}|54={side}|38={shares:g}|{kind}|59={force}"
        told = f"35=8|37=V{name}|17=E{number}|20=0|{terms}"
        what = event["event"]
        if what == "new":
            say(event["ts_ns"], number, f"35=D|{terms}|21=1", "DESK", "BRK")
        elif what == "acknowledged":
            say(event["ts_ns"], number, f"{told}|150=0|39=0|14=0|151={shares:g}|6=0", "BRK", "DESK")
        elif what in ("partial", "filled"):
            size, price = event["size"] / order["size_scale"], event["price"] / order["price_scale"]
            done[name] += size
            status = 1 if what == "partial" else 2
            left = shares - done[name]
            fill = f"150={status}|39={status}|32={size:g}|31={price}|14={done[name]:g}|151={left:g}|6={price}"
            say(event["ts_ns"], number, f"{told}|{fill}", "BRK", "DESK")
        elif what in ("cancelled", "expired"):
            status = 4 if what == "cancelled" else "C"
            rest = f"150={status}|39={status}|14={done[name]:g}|151=0|6=0"
            say(event["ts_ns"], number, f"{told}|{rest}", "BRK", "DESK")
    path.write_bytes(b"".join(line for _, _, line in sorted(lines)))
    return path
