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
