"""How much has to be measured to see a change, or to support a claim. All numbers are exact.

The same n prompts are asked at two places. A share `back` of them flips one way by chance and a
share `drop + back` the other, and McNemar's exact test compares the places, as in `paired.paired`.
For m comparisons pass alpha / m; of prompts in clusters of near-duplicates, count the clusters.
"""

from __future__ import annotations

import numpy as np

from safebasin.errors import UsageError
from safebasin.stats.proportion import check_level

MOST = 20_000
"""Prompts and directions beyond which no number is looked for."""


def paired_power(n: int, drop: float, *, back: float = 0.02, alpha: float = 0.05) -> float:
    """The chance that McNemar's exact test sees a drop over n prompts, the right way round.

    Args:
        n: prompts, each asked at both places; 0 to 1,000,000. Below six no p-value reaches 0.05.
        drop: share of hits before less the share after, in [0, 1 - 2 back].
        back: share of prompts that flip against the drop by chance, in [0, 1).
        alpha: the test's level.

    Raises:
        UsageError: an argument is out of range.

    Example:
        >>> round(paired_power(80, 0.10), 2)
        0.6
    """
    from scipy.stats import binom

    check_level(alpha)
    if not (0 <= n <= 1_000_000 and 0 <= back < 1 and 0 <= drop <= 1 - 2 * back):
        raise UsageError(
            f"{n} prompts, a drop of {drop:g} and {back:g} flipping either way cannot be: shares "
            "lie between 0 and 1, prompts between 0 and 1,000,000"
        )
    flips = drop + 2 * back
    if not n or not flips:
        return 0.0
    spread = 8 * (n * flips * (1 - flips)) ** 0.5 + 8  # all counts but 1e-15 of the chance
    changed = np.arange(max(int(n * flips - spread), 1), min(int(n * flips + spread) + 1, n) + 1)
    needed = binom.isf(alpha / 2, changed, 0.5) + 1
    seen = binom.sf(needed - 1, changed, (drop + back) / flips)
    return float(binom.pmf(changed, n, flips) @ seen)


def prompts_needed(
    drop: float, power: float = 0.8, *, back: float = 0.02, alpha: float = 0.05
) -> int | None:
    """The least number of prompts from which on a drop is seen with at least this power.

    Power does not rise steadily, because counts are whole: the number is the least from which it
    stays above. None where more than `MOST` would be needed, as for no drop.

    Raises:
        UsageError: a power that is not between 0 and 1, or what `paired_power` raises.
    """
    if not 0 < power < 1:
        raise UsageError(f"power {power!r} is not between 0 and 1; 0.8 is usual")

    def enough(n: int) -> bool:
        return paired_power(n, drop, back=back, alpha=alpha) >= power

    low, high = 1, 4
    while not enough(high):
        if high == MOST:
            return None
        low, high = high, min(2 * high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    beyond = high + max(30, high // 20)  # the teeth of the saw are shorter than that
    return 1 + max(n for n in range(high - 1, beyond) if not enough(n))


def claim_needs(share: float, hits: int = 0, level: float = 0.95) -> int:
    """The least number of prompts with which a number of hits supports "below this share".

    By the upper end of Clopper and Pearson's two-sided interval: 80 prompts for no hits and 4.5 %.

    Args:
        share: to stay below, between 0 and 1.
        hits: that were seen all the same.
        level: of the interval.

    Raises:
        UsageError: an argument is out of range.
    """
    from scipy.stats import nbinom

    check_level(level)
    if not 0 < share < 1 or hits < 0:
        raise UsageError(
            f"{hits!r} hits and a share of {share!r}: need hits >= 0 and 0 < share < 1"
        )
    return int(nbinom.isf((1 - level) / 2, hits + 1, share)) + hits + 1


def directions_needed(half_width: float, sd: float, level: float = 0.95) -> int | None:
    """The least number of directions, at least 2, whose mean is known within a half-width.

    By Student's t over directions that vary with the standard deviation `sd`; what prompts add is
    left out, which is little for VISAGE. None where more than `MOST` would be needed.

    Raises:
        UsageError: the half-width is not above 0, `sd` not a number from 0, or a bad `level`.
    """
    from scipy.special import stdtrit

    check_level(level)
    if not half_width > 0 or not 0 <= sd < np.inf:
        raise UsageError(f"half-width {half_width!r} and deviation {sd!r}: need > 0 and >= 0")
    directions = np.arange(2, MOST + 1)
    wide = stdtrit(directions - 1, (1 + level) / 2) * sd / np.sqrt(directions) > half_width
    return None if wide.all() else int(directions[~wide][0])
