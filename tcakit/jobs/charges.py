"""The fees of a run's fills, where they depend on more than one parent: volume tiers, contracts of several sizes."""

from __future__ import annotations

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned


def charged(fills: pl.DataFrame, planned: list[Planned], config: BacktestConfig) -> pl.DataFrame:
    """The fills with the fees of the whole run.

    Volume tiers count what the same algorithm, with the same parameters, executed earlier in the run, whatever the
    symbol: other algorithms are other lives. Where the parents share one market all count. UsageError where the volume
    is one of value, in several currencies.
    """
    currencies = sorted({plan.day.instrument.currency or "" for plan in planned})
    if config.fees.tiers and config.fees.tiers_by_value and len(currencies) > 1:
        raise UsageError(
            f"value traded in {', '.join(currencies)} has no sum",
            place="[[fees.tiers]]",
            remedy="count from_shares, or run each currency by itself",
        )
    facts = pl.DataFrame(
        [
            (plan.parent.parent_id, plan.multiplier or 1.0, _flow_of(plan, config))
            for plan in planned
        ],
        schema={"parent_id": pl.String, "worth": pl.Float64, "flow": pl.String},
        orient="row",
    )  # fmt: skip
    rows = fills.with_row_index("place").join(facts, on="parent_id", how="left", maintain_order="left")
    rows = rows.sort("ts_ns", "place")
    parts = [_charged(part, config) for part in rows.partition_by("flow", maintain_order=True)]
    if not parts:
        return fills
    return pl.concat(parts).sort("place").select(fills.columns)


def _flow_of(plan: Planned, config: BacktestConfig) -> str:
    """Whose volume counts together."""
    if config.together or not config.fees.tiers:
        return ""
    algo = plan.spec.algo
    return repr((algo.name, sorted((name, str(value)) for name, value in algo.params.items())))


def _charged(rows: pl.DataFrame, config: BacktestConfig) -> pl.DataFrame:
    price, shares = rows["price"] / rows["price_scale"], rows["quantity"] / rows["size_scale"]
    fee = config.fees.fees(
        price.to_numpy(),
        shares.to_numpy(),
        (rows["liquidity"] == "maker").fill_null(False).to_numpy(),
        side=rows["side"].to_numpy(),
        order=rows["order_id"].rank("dense").cast(pl.Int64).to_numpy(),
        multiplier=rows["worth"].to_numpy(),
    )
    return rows.with_columns(pl.Series("fee", fee, pl.Float64))


def tier_notes(fills: pl.DataFrame, planned: list[Planned], config: BacktestConfig) -> list[str]:
    """How fees with tiers were counted, and how far each algorithm came."""
    fees = config.fees
    if not fees.tiers:
        return []
    flows = {plan.parent.parent_id: _flow_of(plan, config) for plan in planned}
    names = {_flow_of(plan, config): "all parents" if config.together else plan.spec.algo.label for plan in planned}
    worth = {plan.parent.parent_id: plan.multiplier or 1.0 for plan in planned}
    volume = dict.fromkeys(names, fees.traded_before)
    for parent, price, price_scale, size, size_scale in fills.select(
        "parent_id", "price", "price_scale", "quantity", "size_scale"
    ).iter_rows():
        shares = size / size_scale
        volume[flows[parent]] += abs(price / price_scale * shares * worth[parent]) if fees.tiers_by_value else shares
    unit = "of value" if fees.tiers_by_value else "shares"
    reached = ", ".join(
        f"{names[flow]} {total:,.0f} (tier {sum(tier.start <= total for tier in fees.tiers)} of {len(fees.tiers)})"
        for flow, total in volume.items()
    )
    since = f"{fees.traded_before:,.0f} {unit} traded before and " if fees.traded_before else ""
    return [f"fee tiers count {since}what an algorithm executed earlier in the run, in {unit}; at its end {reached}"]
