"""Models without a law, tried on what the fitted law leaves: Gaussian process, support vectors, networks, boosting.

Park, Lee and Son (2016) found such models to say costs better than a parametric one. Here each learns only what the law
leaves of costs, in timing risk, so that it need not learn the law again; and it counts only where it errs less on days
that neither saw. None is stored: a model that wins says that the law misses something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fit_impact import ImpactFit
from tcakit.impact.held_out import HeldOut, day_blocks, held_out, skill
from tcakit.impact.sample import FittingSample

FEATURES = ("quantity_adv", "participation", "volatility_daily", "half_spread_bps", "duration")
MOST_ORDERS = {"gaussian-process": 1_500, "support-vectors": 4_000}
"""Orders that a model learns from where more would take too long: drawn evenly over sizes."""
_NETWORKS = 10
_SMOOTHNESS_FROM = 300
_INSIDE = 1e-9


class _GaussianProcess:
    """A smooth surface; the floor of its noise is half the timing risk, so that it cannot learn chance by heart.

    How smooth is found on a few hundred orders, which is what takes the time; the surface is then that of all.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._surface: Any = None

    def fit(self, features: NDArray[np.float64], left: NDArray[np.float64]) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        smooth = ConstantKernel(0.05, (1e-4, 10.0)) * RBF([2.0] * len(FEATURES), (0.3, 100.0))
        few = np.linspace(0, len(left) - 1, min(len(left), _SMOOTHNESS_FROM)).astype(np.int64)
        found = GaussianProcessRegressor(smooth + WhiteKernel(1.0, (0.25, 10.0)), random_state=self._seed)
        found.fit(features[few], left[few])
        self._surface = GaussianProcessRegressor(found.kernel_, optimizer=None).fit(features, left)

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self._surface.predict(features))


def _support_vectors(seed: int) -> Any:
    from sklearn.svm import SVR

    return SVR(kernel="rbf", C=0.1, epsilon=0.5, gamma=0.1)


def _network(seed: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(16, 8), alpha=1.0, learning_rate_init=3e-3, max_iter=200, early_stopping=True,
        n_iter_no_change=15, random_state=seed,
    )  # fmt: skip


class _Ensemble:
    """Networks that each learn from orders drawn anew: their mean is that of a rough posterior."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._networks: list[Any] = []

    def fit(self, features: NDArray[np.float64], left: NDArray[np.float64]) -> None:
        random = np.random.default_rng(self._seed)
        for number in range(_NETWORKS):
            rows = random.integers(0, len(left), len(left))
            network = _network(self._seed + number)
            network.fit(features[rows], left[rows])
            self._networks.append(network)

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.mean([network.predict(features) for network in self._networks], axis=0))


def _boosting(seed: int) -> Any:
    """Trees that learn the whole cost, in daily volatilities: only then can it be told never to fall with size."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rising = [1, 1, 0, 1, 0]
    return HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=100, max_leaf_nodes=8, min_samples_leaf=50, l2_regularization=10.0,
        monotonic_cst=rising, random_state=seed,
    )  # fmt: skip


LEARNERS: dict[str, Callable[[int], Any]] = {
    "gaussian-process": _GaussianProcess,
    "support-vectors": _support_vectors,
    "neural-network": _network,
    "bayesian-ensemble": _Ensemble,
    "monotone-boosting": _boosting,
}


def require_learners() -> None:
    """Raises UsageError where scikit-learn is not installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "models without a law need scikit-learn", place="--nonparametric", remedy='pip install "tcakit[learn]"'
        ) from error


def nonparametric_rows(fit: ImpactFit, draws: int = 1_000, seed: int = 0) -> list[dict[str, Any]]:
    """One row a learner: its error on held-out days and its skill against the fitted law on the same orders.

    Within each block of days neither law nor learner has seen the block. `wins` where the learner's error is lower
    with p below 0.05 over the number of learners: the best of five looks good by chance. `orders` is how many it
    learned from at most. Raises UsageError without scikit-learn, as `require_learners` does.
    """
    require_learners()
    law = held_out(fit.problem, fit.sums)
    rows = []
    for name in LEARNERS:
        found = HeldOut(held_out_learner(fit, name, seed), fit.sample)
        against = skill(found, law, draws, seed)
        rows.append(
            {
                "model": name,
                "loss": float(np.mean(found.losses)),
                "law_loss": float(np.mean(law.losses)),
                "skill": against,
                "wins": bool(against["skill"] > 0.0 and against["p_value"] < 0.05 / len(LEARNERS)),
                "orders": min(len(fit.sample), MOST_ORDERS.get(name, len(fit.sample))),
            }
        )
    return rows


def held_out_learner(fit: ImpactFit, name: str, seed: int = 0) -> NDArray[np.float64]:
    """Costs in bps that a learner says of each order, together with the law, without having seen its block of days."""
    sample = fit.sample
    block = day_blocks(sample)
    predicted = np.full(len(sample), np.nan)
    for number in range(int(block.max()) + 1):
        mine = block == number
        rest = sample.take(~mine)
        problem = fit.problem.on(rest)
        solution = problem.solve(problem.clustered(np.zeros(len(rest), np.int64)).sum(axis=0))
        said = problem.said(solution.exponents, solution.coefficients)
        law = fit.problem.on(sample.take(mine)).said(solution.exponents, solution.coefficients)
        predicted[mine] = _learned(name, seed, rest, said, sample.take(mine), law)
    return predicted


def _learned(
    name: str,
    seed: int,
    known: FittingSample,
    said: NDArray[np.float64],
    asked: FittingSample,
    law: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Costs of the orders asked for: the law's and what the learner adds, or the learner's own where it learns all."""
    scaled, middle, width = _features(known.facts, None)
    there, _, _ = _features(asked.facts, (middle, width))
    # No order is looked at beyond what was learned from: outside, the nearest value known counts.
    low, high = scaled.min(axis=0), scaled.max(axis=0)
    there = np.clip(there, low + _INSIDE, high - _INSIDE)
    model = LEARNERS[name](seed)
    with _calm():
        if name == "monotone-boosting":
            risk = 1e4 * known.facts.volatility_daily
            model.fit(scaled, known.cost_bps / risk, sample_weight=(risk / known.noise_bps) ** 2)
            return np.asarray(model.predict(there) * 1e4 * asked.facts.volatility_daily)
        rows = _spread_rows(known, MOST_ORDERS.get(name, len(known)))
        left = (known.cost_bps - said) / known.noise_bps
        model.fit(scaled[rows], left[rows])
        return np.asarray(law + model.predict(there) * asked.noise_bps)


def _features(
    facts: OrderFacts, given: tuple[NDArray[np.float64], NDArray[np.float64]] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms of the facts, less their mean, over their deviation; unknown ones at the mean."""
    with np.errstate(divide="ignore"):
        columns = np.log(np.column_stack([np.maximum(getattr(facts, name), 1e-6) for name in FEATURES]))
    if given is None:
        known = np.where(np.isnan(columns), 0.0, 1.0)
        count = np.maximum(known.sum(axis=0), 1.0)
        middle = np.nan_to_num(columns).sum(axis=0) / count
        width = np.sqrt((known * np.nan_to_num(columns - middle) ** 2).sum(axis=0) / count)
        width = np.where(width > 0.0, width, 1.0)
    else:
        middle, width = given
    return np.nan_to_num((columns - middle) / width), middle, width


def _spread_rows(sample: FittingSample, most: int) -> NDArray[np.int64]:
    """At most so many rows, evenly over sizes."""
    order = np.argsort(sample.facts.quantity_adv, kind="stable")
    if len(order) <= most:
        return order
    return order[np.linspace(0, len(order) - 1, most).astype(np.int64)]


@contextmanager
def _calm() -> Iterator[None]:
    """One thread, because handing these small jobs round takes longer than doing them; and no word of a fit that stops
    before it has settled, or at the bound of a kernel: it is judged by its errors like any other.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        yield
