"""The fees of a backtest file: every charge is read, and mistakes are told with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcakit.errors import ConfigError, UsageError
from tcakit.jobs.backtest_config import config_from_toml
from tcakit.jobs.fee_settings import fees_from_file
from tcakit.venue.fees import FeeSchedule, FeeTier

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


# --- tiers, and files of their own ------------------------------------------------------------------------

FEES = """taker_per_share = 0.005
traded_before = 5_000
order_minimum = 1

[[tiers]]
from_shares = 10_000
taker_per_share = 0.004
[[tiers]]
from_shares = 20_000.5
taker_bps = 1
maker_per_share = -0.001
"""
READ = FeeSchedule(
    taker_per_share=0.005,
    traded_before=5_000.0,
    order_minimum=1.0,
    tiers=(FeeTier(10_000.0, taker_per_share=0.004), FeeTier(20_000.5, taker_bps=1.0, maker_per_share=-0.001)),
)


def written(folder: Path, text: str, name: str = "broker.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_tiers_stand_in_the_backtest_file_or_in_a_fee_file_with_a_heading_or_without(tmp_path: Path) -> None:
    nested = FEES.replace("[[tiers]]", "[[fees.tiers]]")
    inline = config(tmp_path, nested)
    assert inline.fees == READ
    assert fees_from_file(written(tmp_path, FEES)) == READ
    named = config(tmp_path, f'file = "{tmp_path / "broker.toml"}"')
    assert named.fees == READ
    assert named.as_dict() == inline.as_dict()
    assert fees_from_file(written(tmp_path, f"[fees]\n{nested}")) == READ
    by_value = "[[tiers]]\nfrom_value = 1_000_000\nmaker_bps = 1.5\n"
    found = fees_from_file(written(tmp_path, by_value))
    assert found == FeeSchedule(tiers=(FeeTier(1e6, maker_bps=1.5),), tiers_by_value=True)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("taker_bps = nan", 1, "finite"),
        ("taker_bp = 1.0", 1, "did you mean 'taker_bps'?"),
        ("file = 'other.toml'", 1, "no setting 'file'"),
        ("[fees]\nfile = 'other.toml'", 2, "no setting 'file'"),
        ("\ntraded_before = 5.0", 2, "no tiers count it"),
        ("tiers = 5", 1, "no list"),
        ("[[tiers]]\ntaker_bps = 1.0", 1, "from_shares or from_value"),
        ("[[tiers]]\nfrom_shares = 1\nfrom_value = 1\ntaker_bps = 1.0", 1, "from_shares or from_value"),
        ("[[tiers]]\nfrom_shares = 10", 1, "without charges"),
        ("[[tiers]]\nfrom_shares = 0\ntaker_bps = 1.0", 1, "rise from above 0"),
        ("[[tiers]]\nfrom_shares = 10\ntaker_bps = 2.0\n[[tiers]]\nfrom_shares = 9\ntaker_bps = 1.0", 4, "at 9"),
        ("[[tiers]]\nfrom_shares = 10\ntaker_bps = 2.0\n[[tiers]]\nfrom_value = 90\ntaker_bps = 1.0", 4, "alike"),
        ("[[tiers]]\nfrom_shares = 10\norder_minimum = 2.0", 3, "no setting 'order_minimum'"),
        ("taker_bps = \nper_fill = 1", 1, "no TOML"),
    ],
)
def test_a_mistake_of_a_fee_file_is_told_with_its_own_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        fees_from_file(path)
    assert told in str(error.value)
    assert f"broker.toml:{line}" in str(error.value)
    with pytest.raises(ConfigError) as error:
        config(tmp_path, f'file = "{path}"')
    assert f"broker.toml:{line}" in str(error.value)


def test_a_fee_file_that_is_not_there_or_not_alone_is_told_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        fees_from_file(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"backtest\.toml:2 \[fees\]\.file: .*none\.toml: no such file"):
        config(tmp_path, f'file = "{tmp_path / "none.toml"}"')
    with pytest.raises(ConfigError, match="a file, and taker_bps too"):
        config(tmp_path, f'file = "{written(tmp_path, FEES)}"\ntaker_bps = 1.0')
    with pytest.raises(ConfigError, match="5 is no text"):
        config(tmp_path, "file = 5")
