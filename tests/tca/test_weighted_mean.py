"""Means over orders are the same to the last bit with one thread of linear algebra and with several."""

from __future__ import annotations

import os
import subprocess
import sys

_TOLD = """
import numpy as np
from tcakit.tca.difficulty import difficulty_adjusted
from tcakit.tca.outliers import robust_costs
from tcakit.tca.selection import best_of_many
from tcakit.tca.spreads import effective_over_quoted
from tcakit.tca.weighted_mean import weighted_mean

random = np.random.default_rng(3)
costs, weights = random.normal(size=60_001), random.exponential(size=60_001)
found = robust_costs(costs, weights)
told = [weighted_mean(costs, weights), found.raw_bps, found.winsorised_bps]
told += [effective_over_quoted(np.abs(costs), np.abs(costs[::-1]), weights)]
told += difficulty_adjusted(["A"] * costs.size, costs, costs[::-1], weights)["groups"][0].values()
told += [best_of_many(costs[:6_000].reshape(200, 30), weights[:6_000].reshape(200, 30)).chance_bps]
print(told)
"""


def told(threads: int) -> str:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", _TOLD], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_threads_do_not_show() -> None:
    assert told(1) == told(4)
