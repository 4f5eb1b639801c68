"""A contract that is worth fifty times its price weighs fifty times as much in a ratio of sums."""

from __future__ import annotations

import pytest
from benchmarked import benchmarked_data

from tcakit.report.summary import summarise

PRICES = {
    "vwap_bps_of_executed": "interval_vwap",
    "twap_bps_of_executed": "twap",
    "close_bps_of_executed": "close_price",
}


@pytest.mark.parametrize("measure", PRICES)
def test_costs_against_a_price_are_weighed_by_what_contracts_are_worth(measure: str) -> None:
    data = benchmarked_data()
    multipliers = dict(data.parents.select("parent_id", "multiplier").iter_rows())
    assert 50.0 in multipliers.values()
    top = bottom = 0.0
    for row in data.tca_parents.filter(currency="USD").to_dicts():
        if row[measure] is None:
            continue
        worth = row["filled_shares"] * row[PRICES[measure]] * (multipliers[row["parent_id"]] or 1.0)
        top += row[measure] * worth
        bottom += worth
    told = summarise(data)["currencies"]["USD"]["measures"][measure]
    assert told["value"] == pytest.approx(top / bottom, rel=1e-12)
