"""The fees of a backtest file: every charge is read, and mistakes are told with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.errors import ConfigError
from tcakit.jobs.backtest_config import config_from_toml
from tcakit.venue.fees import FeeSchedule

PARENT = '[[parents]]\nsymbol = "ACME"\nside = "buy"\nquantity = 5\nalgo = "twap"\n'


def config(folder: Path, fees: str):
    path = folder / "backtest.toml"
    path.write_text(f"[fees]\n{fees}\n{PARENT}")
    return config_from_toml(path)


def test_every_charge_is_read_and_is_part_of_what_names_the_run(tmp_path: Path) -> None:
    charges = {"per_fill": 0.1, "order_minimum": 1.0, "order_maximum_percent": 1.0, "buy_tax_bps": 50.0}
    charges |= {"maker_bps": -0.2, "taker_bps": 0.3, "maker_per_share": -0.002, "taker_per_share": 0.003}
    charges |= {"sell_tax_bps": 2.0}
    found = config(tmp_path, "\n".join(f"{name} = {value}" for name, value in charges.items()))
    assert found.fees == FeeSchedule(**charges)
    assert found.as_dict() != config(tmp_path, "taker_bps = 0.3").as_dict()


@pytest.mark.parametrize(
    ("line", "told"),
    [("order_minimum = -1.0", "-1.0"), ("sell_tax_bps = -2.0", "-2.0"), ("order_minimun = 1.0", "order_minimum")],
)
def test_a_charge_that_cannot_be_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(tmp_path, line)
    assert told in str(error.value)
    assert "backtest.toml:2" in str(error.value)
