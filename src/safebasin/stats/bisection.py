"""Where a curve first falls, from few answers: which question comes next, and what is known so far.

One search is one kind of edge on one side of one direction. Its edge is that of `edges`: the
radius at which the share of hits first falls below half of its value at the origin. Everything
here is a function of what has been answered; a search that was interrupted goes on as if it had
not been.

Prompts come in blocks of a fixed order, the same at every radius. At each radius the answers are
weighed as odds o that the share is above the threshold rather than below it (`odds`). They give
the cell between neighbouring radii in which the curve first falls, with the prior that every
radius is as likely:

    P(cell i) ~ width_i * prod_{j <= i} o_j * prod_{j > i + 1} (1 - rise + rise * o_j);

points before the fall are above, the one after it is below, and later ones are below except with
the small probability `rise`. This is probabilistic bisection (Waeber, Frazier, Henderson 2013)
with measured odds in place of one known error rate: no answer is final, and the interval allows for
wrong turns. The radius is the median of this distribution.

1. Coarse guard: all of a few evenly spaced radii are asked until their odds pass a bound. A curve
   that is above again beyond a fall gets all prompts at both places: the inner fall counts, if it
   is one, and the result says that the curve rises. A dip between two coarse radii is not seen.
2. Bisection: the cell of the median gets more answers at its ends until these are decided, and is
   then halved, until it is narrow enough or the distribution is.

Shares at points that were stopped early are biased away from the threshold. They serve to locate
the edge, and must not be drawn with ordinary intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from safebasin.errors import UsageError
from safebasin.stats.grid import Floats
from safebasin.stats.odds import Seen, log_odds
from safebasin.stats.proportion import check_level

_CENTRAL = 0.68  # of one standard error either way


@dataclass(frozen=True)
class SearchPlan:
    """What a search may do. All searches of a run share it.

    Attributes:
        reach: the furthest radius; the edge is sought in (0, reach].
        blocks: how many blocks the prompts make.
        coarse: evenly spaced radii that are always asked; 4 are the published 9-point grid.
        halvings: how often a coarse cell may be halved.
        bound: odds at which a radius counts as decided, above 1.
        rise: prior probability that a point beyond the edge is above the threshold again.
        worth: independent prompts per prompt, in (0, 1]; see `worth`.
        level: of the credible interval.
    """

    reach: float
    blocks: int
    coarse: int = 4
    halvings: int = 3
    bound: float = 100.0
    rise: float = 0.01
    worth: float = 1.0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_level(self.level)
        for holds, what in (
            (0 < self.reach < np.inf, f"reach {self.reach!r} is not a positive number"),
            (self.blocks >= 1, f"blocks {self.blocks!r} is below 1"),
            (self.coarse >= 1, f"coarse {self.coarse!r} is below 1; 4 is usual"),
            (self.halvings >= 0, f"halvings {self.halvings!r} is below 0; 3 is usual"),
            (1 < self.bound < np.inf, f"bound {self.bound!r} is not above 1; 100 is usual"),
            (0 < self.rise < 1, f"rise {self.rise!r} is not in (0, 1); 0.01 is usual"),
            (0 < self.worth <= 1, f"worth {self.worth!r} is not in (0, 1]"),
        ):
            if not holds:
                raise UsageError(what)

    @property
    def coarse_radii(self) -> tuple[float, ...]:
        """Ascending, the last one is `reach`; the same numbers as a uniform grid's."""
        return tuple(round(self.reach * k / self.coarse, 12) for k in range(1, self.coarse + 1))

    @property
    def resolution(self) -> float:
        """The width of the narrowest cell."""
        return float(self.reach / self.coarse / 2**self.halvings)


class Question(NamedTuple):
    """Ask until the first `blocks` blocks of prompts are answered at `radius`."""

    radius: float
    blocks: int


@dataclass(frozen=True)
class FoundEdge:
    """What one search found.

    Attributes:
        radius: median of the edge; `reach` where it is more likely beyond; nan where undefined.
        low, high: credible interval, given the prompts that were asked; within 0 and `reach`, and
            never narrower than the cell.
        error: half the width of the central 68 %: a standard error that far tails do not inflate.
        censored: True where the edge is more likely beyond `reach`: `radius` is a lower bound.
        rises: True where a radius beyond the edge is decidedly above the threshold again.
        inner, outer: the neighbouring radii between which the edge lies.
        points: radius and answers of every point that was asked, ascending.
    """

    radius: float
    low: float
    high: float
    error: float
    censored: bool
    rises: bool
    inner: float
    outer: float
    points: tuple[tuple[float, Seen], ...]

    @property
    def answered(self) -> int:
        """How many answers the search rests on, without the origin's."""
        return sum(seen.answered for _, seen in self.points)


def next_question(
    observed: Mapping[float, Seen], origin: Seen, plan: SearchPlan
) -> Question | FoundEdge:
    """What to ask next, or the edge if nothing more needs to be asked.

    Args:
        observed: what has been answered, by radius (a distance from the origin, above 0). Radii
            other than those that were asked for are used too, up to `plan.reach`.
        origin: the answers at the origin, where all prompts have been asked.
        plan: what may be asked.

    Returns:
        A `Question`, which is always for more blocks than `observed` has at its radius; or the
        edge. Undefined (nan): no hit at the origin, so that nothing is asked; or no answer at all.

    Raises:
        UsageError: an observation is not possible.
    """
    _check(observed, origin)
    if not origin.hits:
        return _undefined(observed, plan)
    search = _Search.of(observed, origin, plan)
    if question := search.coarse():
        return question
    if not any(seen.answered for seen in search.seen_R):
        return _undefined(observed, plan)
    return search.rising() or search.finer() or search.result()


def block_order(search: int, blocks: int) -> tuple[int, ...]:
    """The order of the blocks in the search with this number: rotated, so that each starts afresh.

    If all searches began with the same few prompts, these would shift all edges together, and
    the spread between directions would not show it.
    """
    return tuple((search + k) % blocks for k in range(blocks))


@dataclass(frozen=True)
class _Search:
    """A search as arrays: R radii, ascending; R + 1 cells, the last one beyond all radii."""

    plan: SearchPlan
    radius_R: Floats
    seen_R: tuple[Seen, ...]
    odds_R: Floats
    mass_C: Floats

    @classmethod
    def of(cls, observed: Mapping[float, Seen], origin: Seen, plan: SearchPlan) -> _Search:
        kept = {radius: seen for radius, seen in observed.items() if radius <= plan.reach}
        points = dict(sorted({**dict.fromkeys(plan.coarse_radii, Seen(0, 0, 0)), **kept}.items()))
        radius = np.array(list(points))
        odds = np.array([log_odds(seen, origin, plan.worth) for seen in points.values()])
        width = np.diff(radius, prepend=0, append=radius[-1] + plan.reach / plan.coarse)
        above = np.concatenate([[0.0], np.cumsum(odds)])
        later = np.logaddexp(np.log1p(-plan.rise), np.log(plan.rise) + odds)
        beyond = np.concatenate([np.cumsum(later[:0:-1])[::-1], [0.0, 0.0]])
        log_mass = np.log(width) + above + beyond
        mass = np.exp(log_mass - log_mass.max())
        return cls(plan, radius, tuple(points.values()), odds, mass / mass.sum())

    def coarse(self) -> Question | None:
        for radius in self.plan.coarse_radii:
            at = int(np.searchsorted(self.radius_R, radius))
            if self._open(at):
                return self._ask(at)
        return None

    def rising(self) -> Question | None:
        fall, rise = self._fall_and_rise()
        for at in (fall, rise):
            if rise and self.seen_R[at].blocks < self.plan.blocks:
                return Question(float(self.radius_R[at]), self.plan.blocks)
        return None

    def finer(self) -> Question | None:
        cell = self._median_cell()
        if cell == len(self.radius_R) or self._error() <= _CENTRAL / 2 * self.plan.resolution:
            return None
        ends = [at for at in (cell - 1, cell) if at >= 0 and self._open(at)]
        if ends:
            return self._ask(min(ends, key=lambda at: abs(self.odds_R[at])))
        inner, outer = self._ends(cell)
        if outer - inner <= self.plan.resolution * 1.0001:
            return None
        return Question(round((inner + outer) / 2, 12), 1)

    def result(self) -> FoundEdge:
        cell, tail = self._median_cell(), (1 - self.plan.level) / 2
        inner, outer = self._ends(cell)
        _, rise = self._fall_and_rise()
        return FoundEdge(
            radius=self._quantile(0.5),
            low=min(self._quantile(tail), inner),
            high=max(self._quantile(1 - tail), outer),
            error=self._error(),
            censored=cell == len(self.radius_R),
            rises=bool(rise),
            inner=inner,
            outer=outer,
            points=tuple(zip(self.radius_R.tolist(), self.seen_R, strict=True)),
        )

    def _decided(self) -> NDArray[np.int_]:
        """1 above, -1 below, 0 undecided."""
        bound = np.log(self.plan.bound)
        return np.where(self.odds_R >= bound, 1, np.where(self.odds_R <= -bound, -1, 0))

    def _open(self, at: int) -> bool:
        return bool(self._decided()[at] == 0) and self.seen_R[at].blocks < self.plan.blocks

    def _ask(self, at: int) -> Question:
        return Question(float(self.radius_R[at]), self.seen_R[at].blocks + 1)

    def _fall_and_rise(self) -> tuple[int, int]:
        """The first two places where the curve is decidedly below and then above; 0, 0: none."""
        decided = self._decided()
        fall = int((decided < 0).argmax()) if (decided < 0).any() else len(decided)
        again = np.flatnonzero(decided[fall:] > 0)
        return (fall, fall + int(again[0])) if again.size else (0, 0)

    def _median_cell(self) -> int:
        return int(np.searchsorted(np.cumsum(self.mass_C), 0.5))

    def _ends(self, cell: int) -> tuple[float, float]:
        edges = [0.0, *self.radius_R.tolist(), self.plan.reach]
        return edges[cell], edges[cell + 1]

    def _quantile(self, share: float) -> float:
        heights = np.concatenate([[0.0], np.cumsum(self.mass_C)])
        places = np.concatenate([[0.0], self.radius_R])
        return float(np.interp(share, heights[:-1], places, right=self.plan.reach))

    def _error(self) -> float:
        return (self._quantile((1 + _CENTRAL) / 2) - self._quantile((1 - _CENTRAL) / 2)) / 2


def _undefined(observed: Mapping[float, Seen], plan: SearchPlan) -> FoundEdge:
    nan = float("nan")
    points = tuple(sorted(observed.items()))
    return FoundEdge(nan, 0.0, plan.reach, nan, False, False, nan, nan, points)


def _check(observed: Mapping[float, Seen], origin: Seen) -> None:
    for radius, seen in [*observed.items(), (np.inf, origin)]:
        if not (radius > 0 and 0 <= seen.hits <= seen.answered and seen.blocks >= 0):
            raise UsageError(f"observation {seen} at radius {radius} is not possible")
