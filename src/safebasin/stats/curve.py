"""The mean curve over directions, with an interval at every point."""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import ArrayLike

from safebasin.stats.bootstrap import Resampled, resampled
from safebasin.stats.grid import Floats, mean_known
from safebasin.stats.proportion import check_level
from safebasin.stats.twoway import share_interval, spread


class Curve(NamedTuple):
    """A share over the points: mean over directions, its pointwise interval, each direction.

    Shares in [0, 1]. Where nothing was answered the share is nan and its interval (0, 1).
    """

    mean_P: Floats
    low_P: Floats
    high_P: Floats
    share_DP: Floats


def curve(
    hit_DPQ: ArrayLike,
    cluster_Q: ArrayLike,
    *,
    seed: int,
    replicates: int = 2000,
    level: float = 0.95,
) -> Curve:
    """The share of hits at each point, over directions and prompt clusters.

    The interval is pointwise: it covers the share at one point, not the whole curve at once. At
    the origin, which all directions share, it is Wilson's over prompts, with Student's t in place
    of the normal quantile and the effective number of prompts where they come in clusters.
    Elsewhere it holds the direction part too (`twoway.share_interval`).

    Args:
        hit_DPQ: bool, or graded in [0, 1]; nan for a missing response.
        cluster_Q: prompts with the same number are not independent.
        seed: of the bootstrap over prompt clusters.
        replicates: how many it makes.
        level: nominal coverage at each point.

    No prompts: all shares nan, intervals (0, 1). One prompt, or all alike: as wide as their
    number demands, never of no width.

    Raises:
        UsageError: what `bootstrap.pool` and `bootstrap.resample` raise, or a bad `level`.
    """
    check_level(level)
    return curve_of(resampled(hit_DPQ, cluster_Q, replicates=replicates, seed=seed), level)


def curve_of(sample: Resampled, level: float) -> Curve:
    """The same from rates that are resampled already."""
    mean = mean_known(sample.rate_DP, 0)
    uncertain = spread(sample.rate_DP, sample.rate_BDP, sample.clusters, level)
    low, high = share_interval(mean, uncertain, sample.clusters, level)
    return Curve(mean, low, high, sample.rate_DP)
