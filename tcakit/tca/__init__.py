"""What it cost: orders measured against the market, replayed or real. Costs are positive when bad for the
client.
"""

from tcakit.tca.attribution import waterfall
from tcakit.tca.benchmark_context import BenchmarkContext
from tcakit.tca.inference import COST_MEASURES, aggregate, summarise
from tcakit.tca.markout_curves import markout_curve
from tcakit.tca.measure import Measured, measure
from tcakit.tca.shortfall import Shortfall, shortfall

__all__ = [
    "COST_MEASURES",
    "BenchmarkContext",
    "Measured",
    "Shortfall",
    "aggregate",
    "markout_curve",
    "measure",
    "shortfall",
    "summarise",
    "waterfall",
]
