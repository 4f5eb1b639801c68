"""The smallest price step, from prices."""

from __future__ import annotations

import polars as pl
import pytest

from tcakit.errors import UsageError
from tcakit.feeds.grid import inferred_tick, stated


def test_prints_between_the_ticks_do_not_make_the_tick_finer() -> None:
    on_grid = [100_000 + 100 * n for n in range(95)]
    assert inferred_tick(pl.Series([*on_grid, 100_050, 100_150]), 10_000, 2, False) == 100
    assert inferred_tick(pl.Series([*on_grid, 100_050, 100_150]), 10_000, 2, True) == 50


@pytest.mark.parametrize("scale", [10**16, 10**17, 10**18])
def test_scales_at_which_no_int64_holds_a_step_of_a_hundred(scale: int) -> None:
    prices = pl.Series([scale + n * scale // 1000 for n in range(30)])
    assert inferred_tick(prices, scale, 3, False) == scale // 1000


@pytest.mark.parametrize("text", ["0", "-1", "x", "0.00001", "nan", "inf"])
def test_a_stated_step_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no step"):
        stated(text, 10_000, "tick_size")
