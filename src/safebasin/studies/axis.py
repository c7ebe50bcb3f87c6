"""Coordinates along one axis, as a person writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from safebasin.errors import UsageError
from safebasin.stats.axis import axis as checked

Coordinates = str | Sequence[float]

MOST = 1001
FURTHEST = 100.0


def coordinates(flag: str, given: Coordinates, *needed: float) -> tuple[float, ...]:
    """The coordinates that "START:STOP:COUNT", "a,b,c" or a sequence of numbers stand for.

    Args:
        flag: names the axis in messages.
        given: evenly spaced ones from START to STOP, both included, or each by itself.
        needed: coordinates that must be among them.

    Returns:
        Ascending, rounded to twelve decimals so that equal texts are equal places.

    Raises:
        UsageError: not of either form, or not ascending, finite, within ±100, and at most 1,001;
            or a needed coordinate is missing. The value is named.
    """
    is_range = isinstance(given, str) and ":" in given
    values = _range(flag, str(given)) if is_range else _each(flag, given)
    for value in values:
        if math.isfinite(value) and abs(value) > FURTHEST:
            raise UsageError(f"{flag} contains {value:g}; coordinates go from -100 to 100")
    found = checked(flag, [round(value, 12) + 0.0 for value in values], *needed)
    return tuple(found.tolist())


def covering(low: float, high: float, count: int, margin: float = 0.5) -> tuple[float, ...]:
    """Evenly spaced coordinates that go beyond a range, with 0 among them.

    Args:
        low: where the range begins; 0 is made part of it.
        high: where it ends.
        count: about so many.
        margin: how far to go beyond either end, as a share of the range.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    beyond = margin * (high - low) or 0.5
    step = float(f"{(high - low + 2 * beyond) / max(count - 1, 2):.2g}")
    first, last = math.floor((low - beyond) / step), math.ceil((high + beyond) / step)
    return tuple(round(step * place, 12) + 0.0 for place in range(first, last + 1))


def _range(flag: str, text: str) -> list[float]:
    try:
        first, last, number = text.split(":")
        start, stop, count = float(first), float(last), int(number)
    except ValueError:
        raise _no_coordinates(flag, text) from None
    if not 2 <= count <= MOST:
        raise UsageError(f"{flag} is {text!r}; COUNT must be from 2 to {MOST:,}")
    if not all(abs(end) <= FURTHEST for end in (start, stop)):
        return [start, stop]  # which of them is wrong is said where each coordinate is checked
    return list(np.linspace(start, stop, count).tolist())


def _each(flag: str, given: Coordinates) -> list[float]:
    try:
        values = [float(x) for x in (given.split(",") if isinstance(given, str) else given)]
    except (TypeError, ValueError, OverflowError):
        raise _no_coordinates(flag, given) from None
    if len(values) > MOST:
        raise UsageError(f"{flag} has {len(values):,} coordinates; at most {MOST:,} are possible")
    return values


def _no_coordinates(flag: str, given: Coordinates) -> UsageError:
    return UsageError(
        f"{flag} is {given!r}; write START:STOP:COUNT, as -0.5:0.5:21, or each coordinate, as "
        "-0.5,0,0.5"
    )
