"""How numbers are written. The page, the tables and the figures all ask here, so they agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal

from safebasin.summary import Estimate, Side, Status

UNDEFINED = "undefined"
_OF_ONE = {"are": "is", "have": "has", "were": "was", "do": "does"}
_EXACT = Context(prec=400)  # digits: more than any float has


@dataclass(frozen=True, slots=True)
class Written:
    """An estimate in words.

    Attributes:
        value: "97.5 %", "> 0.50", "undefined".
        interval: "[91.3, 99.3]", or empty where there is none.
        basis: what it rests on: "80 prompts", "1 direction".
        note: what a reader must know to use the number; mostly empty.
        judge: whose labels it rests on; empty where none were needed.
    """

    value: str
    interval: str
    basis: str
    note: str = ""
    judge: str = ""

    def __str__(self) -> str:
        """The value with its interval: "97.5 % [91.3, 99.3]"."""
        return f"{self.value} {self.interval}".strip()


@dataclass(frozen=True, slots=True)
class Ruler:
    """Writes coordinates and radii of one axis with as many decimals as its grid needs.

    Attributes:
        decimals: of coordinates and radii alike.
        reach: the furthest scanned distance from the origin.
    """

    decimals: int
    reach: float

    @classmethod
    def of(cls, axis_P: Sequence[float]) -> Ruler:
        """Two decimals or more: enough to tell neighbouring points apart."""
        reach = max((abs(x) for x in axis_P), default=0.0)
        exact = (
            d
            for d in range(2, 6)
            if all(math.isclose(x, round(x, d), abs_tol=1e-9) for x in axis_P)
        )
        return cls(next(exact, 6), reach)

    @classmethod
    def onward(cls, axis_P: Sequence[float]) -> Ruler:
        """For what is sought from 0 to the axis' end, with three decimals at most."""
        return cls(min(cls.of(axis_P).decimals, 3), axis_P[-1])

    def coordinate(self, x: float) -> str:
        """A place on the axis: "−0.35", "0.00"."""
        return number(x, self.decimals)

    def beyond(self, x: float) -> str:
        """A radius that is only known to be larger: "> 0.50"."""
        return f"> {number(x, self.decimals)}"

    def side(self, side: Side | None) -> str:
        """One edge of one direction: "0.31", "> 0.50" or "undefined"."""
        if side is None or (side.radius is None and not side.censored):
            return UNDEFINED
        if side.censored:
            return self.beyond(self.reach if side.radius is None else side.radius)
        return number(side.radius, self.decimals)

    def edge(self, estimate: Estimate) -> Written:
        """A mean radius. With sides that never fell, it and its upper bound are lower bounds."""
        basis = count(estimate.n, estimate.unit)
        value, low, high = estimate.value, estimate.low, estimate.high
        if not estimate.censored:
            return _written(*rounded(value, low, high, otherwise=self.decimals), basis)
        value = self.reach if value is None else value
        sides = count(estimate.censored, "sides")
        note = f"not reached within ±{number(self.reach, self.decimals)} on {sides}"
        if low is None or high is None or low >= self.reach:
            return Written(self.beyond(value), "", basis, note)
        # A bound that is a place on the grid is not known more finely than the grid.
        digits = min(decimals(value, low, high, otherwise=self.decimals), self.decimals)
        interval = f"[{number(low, digits)}, > {number(high, digits)}]"
        return Written(f"> {number(value, digits)}", interval, basis, note)

    def gap(self, estimate: Estimate) -> Written:
        """A difference of two radii, with its sign."""
        written = difference(estimate, otherwise=self.decimals)
        if not estimate.censored or estimate.value is None:
            return written
        reach = number(self.reach, self.decimals)
        return replace(written, note=f"edges beyond ±{reach} count as {reach}")


def decimals(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    otherwise: int,
    top: float = math.inf,
) -> int:
    """How many decimals a value and both bounds of its interval are written with.

    The rule for all that a person reads: the half-width of the interval keeps two digits where it
    begins with 1, and else one: 81 [75, 87], 81.32 [81.21, 81.44]. Where something that is not 0
    would read as 0, or as the top of its scale without being it, there is one decimal more if that
    tells them apart. Nothing is rounded to tens; counts, JSON and tables of data not at all.

    Args:
        value: what was estimated.
        low: the lower end of its interval.
        high: the upper one.
        otherwise: where there is no interval, or it has no width.
        top: of the scale: 100 for what is in per cent.
    """
    known = [x for x in (value, low, high) if x is not None and math.isfinite(x)]
    if low is None or high is None or len(known) < 3 or not high > low:
        return otherwise
    half = (high - low) / 2
    exponent = math.floor(math.log10(half))
    digits = max(0, (1 if half < 2 * 10.0**exponent else 0) - exponent)
    return digits + any(
        _reads_as(x, end, digits) and not _reads_as(x, end, digits + 1)
        for x in known
        for end in (0.0, top, -top)
    )


def rounded(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    otherwise: int,
    top: float = math.inf,
    signed: bool = False,
) -> tuple[str, str]:
    """A value and its interval in words, "81" and "[75, 87]"; see `decimals`."""
    digits = decimals(value, low, high, otherwise=otherwise, top=top)
    written = number(value, digits, signed=signed)
    ends = [number(x, digits, signed=signed) for x in (low, high)]
    return written, "" if UNDEFINED in (written, *ends) else f"[{', '.join(ends)}]"


def number(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """A number with a true minus sign, never "−0.0"; "undefined" for None and nan."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    found = _nearest(value, decimals)
    return f"{found:{'+' if signed and found else ''}.{decimals}f}".replace("-", "−")


def percent(share: float | None) -> str:
    """A share in [0, 1] as "97.5 %"."""
    return UNDEFINED if share is None or not math.isfinite(share) else f"{number(100 * share, 1)} %"


def percents(share: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    """A share in [0, 1] and its interval in per cent: "81 %", "[75, 87]"."""
    ends = (None if x is None else 100 * x for x in (share, low, high))
    value, interval = rounded(*ends, otherwise=1, top=100)
    return value if value == UNDEFINED else f"{value} %", interval


def share(estimate: Estimate | None) -> Written:
    """A share of responses."""
    if estimate is None:
        return Written(UNDEFINED, "", "")
    basis = count(estimate.n, estimate.unit)
    return _written(*percents(estimate.value, estimate.low, estimate.high), basis)


def score(estimate: Estimate) -> Written:
    """A score on 0–100, such as VISAGE."""
    found = rounded(estimate.value, estimate.low, estimate.high, otherwise=1, top=100)
    return _written(*found, count(estimate.n, estimate.unit))


def coefficient(estimate: Estimate) -> Written:
    """A number from −1 to 1 without a unit, such as Cohen's κ."""
    found = rounded(estimate.value, estimate.low, estimate.high, otherwise=2, top=1)
    return _written(*found, count(estimate.n, estimate.unit))


def difference(estimate: Estimate, *, otherwise: int, factor: float = 1, unit: str = "") -> Written:
    """A difference, with its sign: "−12 pp".

    Args:
        estimate: of the difference.
        otherwise: decimals without an interval.
        factor: 100 for a difference of shares, which is written in percentage points.
        unit: what follows the value.
    """
    known = (estimate.value, estimate.low, estimate.high)
    ends = (None if x is None else factor * x for x in known)
    value, interval = rounded(*ends, otherwise=otherwise, signed=True)
    unit = "" if value == UNDEFINED else unit
    return _written(value + unit, interval, count(estimate.n, estimate.unit))


def with_note(written: Written, note: str) -> Written:
    """The same estimate with something more to know, if there is anything."""
    return replace(written, note="; ".join(part for part in (written.note, note) if part))


def count(n: int, plural: str) -> str:
    """A number and its noun: "1 direction", "5 directions", "1,680 responses"."""
    one = plural.removesuffix("es" if plural.endswith("ches") else "s")
    return f"{n:,} {one if n == 1 else plural}"


def counted(n: int, plural: str, verb: str) -> str:
    """The same with the verb that follows: "1 point has", "5 points have"."""
    return f"{count(n, plural)} {_OF_ONE[verb] if n == 1 else verb}"


def partial(status: Status) -> str:
    """A warning, "partial: 12 of 21 points", or empty where the plan is done."""
    if status.complete:
        return ""
    return f"partial: {status.points_done:,} of {count(status.points_planned, 'points')}"


def _nearest(value: float, digits: int) -> float:
    """Rounded as a reader expects, 12.5 to 13, and as the page's scripts do it."""
    step = Decimal(1).scaleb(-digits)
    return float(Decimal(value).quantize(step, ROUND_HALF_UP, _EXACT)) + 0.0


def _reads_as(x: float, end: float, digits: int) -> bool:
    """Whether a number is rounded to one that it is not, but for errors of arithmetic."""
    return _nearest(x, digits) == end and not math.isclose(x, end, abs_tol=1e-9)


def _written(value: str, interval: str, basis: str) -> Written:
    return Written(value, "" if value == UNDEFINED else interval, basis)
