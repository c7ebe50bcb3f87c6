"""From the items of a measure to numbers with intervals; pure functions but for `arrays`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safebasin.errors import UsageError
from safebasin.measures.base import About
from safebasin.records import Estimate, Items
from safebasin.stats import curve as shares
from safebasin.stats.bootstrap import Pooled, resample
from safebasin.stats.curve import Curve
from safebasin.stats.grid import Floats, mean_known
from safebasin.stats.proportion import check_level
from safebasin.stats.twoway import method, spread

_MOST_UNDEFINED = 0.05


def arrays(
    found: Callable[[str], Items], keys_DP: Sequence[Sequence[str]]
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """What a measure found at points, by direction and place, as arrays over its items.

    Args:
        found: the items at a point, by its key; empty where it was not taken. It is asked once a
            point.
        keys_DP: keys of the points.

    Returns:
        value_DPI (nan where it is missing or not a number), weight_I, and the items' names.
    """
    known = {key: found(key) for key in dict.fromkeys(key for row in keys_DP for key in row)}
    weights = {item: weight for items in known.values() for item, (_, weight) in items.items()}
    names = tuple(sorted(weights))
    values = {
        key: np.array([items.get(name, (math.nan,))[0] for name in names], dtype=float)
        for key, items in known.items()
    }
    value_DPI = np.array([[values[key] for key in row] for row in keys_DP])
    return value_DPI, np.array([weights[name] for name in names], dtype=float), names


def curve(
    about: About,
    value_DPI: ArrayLike,
    weight_I: ArrayLike,
    cluster_I: ArrayLike | None = None,
    *,
    seed: int,
    replicates: int = 2000,
    level: float = 0.95,
) -> Curve:
    """A measure over the points: mean over directions, its pointwise interval, each direction.

    Shares have the interval of `stats.curve`. Everything else has the mean plus or minus the
    half-width of `stats.twoway`, whose quantiles are Student's; a perplexity has it on the scale
    of the logarithm, so that it never falls below zero and directions count by their ratios.

    Args:
        about: the measure.
        value_DPI: as `arrays` gives it; of a perplexity, mean −log p.
        weight_I: what each item counts; shares count every item alike.
        cluster_I: items with the same number are not independent; by default all are.
        seed: of the bootstrap over items.
        replicates: how many it makes.
        level: nominal coverage at each point.

    Where nothing is known the value is nan and the interval everything that is possible, which is
    also the interval of a perplexity of one window.

    Raises:
        UsageError: shapes do not fit, a share is not in [0, 1], or `level` is no coverage.
    """
    value = np.asarray(value_DPI, float)
    cluster = np.arange(value.shape[-1]) if cluster_I is None else np.asarray(cluster_I)
    if about.scale == "share":
        return shares.curve(value, cluster, seed=seed, replicates=replicates, level=level)
    check_level(level)
    pooled = _pooled(value, np.asarray(weight_I, float), cluster)
    rate_DP = pooled.rates()
    rate_BDP = pooled.resampled(resample(pooled.clusters, replicates, seed))
    uncertain = spread(rate_DP, rate_BDP, pooled.clusters, level)
    mean_P = mean_known(rate_DP, 0)
    known_P = np.isfinite(mean_P) & (uncertain.undefined <= _MOST_UNDEFINED)
    half_P = np.where(known_P & (pooled.clusters > 1), uncertain.half, math.inf)
    low_P = np.where(np.isfinite(mean_P), mean_P - half_P, -math.inf)
    high_P = np.where(np.isfinite(mean_P), mean_P + half_P, math.inf)
    if about.scale == "log":
        with np.errstate(over="ignore"):
            return Curve(np.exp(mean_P), np.exp(low_P), np.exp(high_P), np.exp(rate_DP))
    return Curve(mean_P, low_P, high_P, rate_DP)


def estimate(
    about: About,
    value_I: ArrayLike,
    weight_I: ArrayLike,
    cluster_I: ArrayLike | None = None,
    *,
    seed: int,
    replicates: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """One point's value with its interval over items. Arguments and errors are those of `curve`."""
    value = np.asarray(value_I, float)
    found = curve(
        about,
        value[None, None],
        weight_I,
        cluster_I,
        seed=seed,
        replicates=replicates,
        level=level,
    )
    return Estimate(
        value=float(found.mean_P[0]),
        low=float(found.low_P[0]),
        high=float(found.high_P[0]),
        n=int(np.isfinite(value).sum()),
        unit="items",
        method=method(1).partition(";")[0].replace("prompts", "items"),
        level=level,
    )


def _pooled(value_DPI: Floats, weight_I: Floats, cluster_I: NDArray[np.int64]) -> Pooled:
    """Weighted sums over each cluster: their ratio is the weighted mean."""
    if value_DPI.ndim != 3 or not weight_I.shape == cluster_I.shape == value_DPI.shape[-1:]:
        raise UsageError(
            f"values of shape {value_DPI.shape}, weights of shape {weight_I.shape} and clusters of "
            f"shape {cluster_I.shape} do not fit: one weight and one cluster an item are needed"
        )
    names, member_I = np.unique(cluster_I, return_inverse=True)
    member_IC = np.equal.outer(member_I, np.arange(names.size)).astype(float)
    known = np.isfinite(value_DPI)
    total_DPC = np.where(known, value_DPI * weight_I, 0.0) @ member_IC
    return Pooled(total_DPC, (known * weight_I) @ member_IC)
