"""One axis of a plane, or a line between checkpoints: coordinates that are fit to be used."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from safebasin.errors import UsageError
from safebasin.stats.grid import Floats


def axis(name: str, values: ArrayLike, *needed: float) -> Floats:
    """Coordinates as a checked array: two or more, finite, ascending, with the `needed` ones.

    Raises:
        UsageError: they are not; the message names the axis and the value.
    """
    found = np.asarray(values, float)
    if found.ndim != 1 or found.size < 2:
        raise UsageError(f"{name} is {found.tolist()}; give two or more coordinates")
    for value in found[~np.isfinite(found)]:
        raise UsageError(f"{name} contains {value}; every coordinate must be a finite number")
    for before, after in pairwise(found):
        if before == after:
            raise UsageError(f"{name} contains {after} twice; give each coordinate once")
        if before > after:
            raise UsageError(f"{name} has {after} after {before}; give coordinates ascending")
    for value in needed:
        if value not in found:
            raise UsageError(f"{name} does not contain {value:g}; add it to the coordinates")
    return found
