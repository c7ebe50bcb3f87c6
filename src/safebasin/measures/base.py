"""What a measure of capability is: a name, a unit, and a value for each of some items at a point.

An item is what may be drawn anew: a question, or a stretch of text. Items are the same at every
point, so that points can be compared item by item.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np

from safebasin.models.load import LoadedModel
from safebasin.records import Items

Scale = Literal["share", "log", "linear"]


@dataclass(frozen=True)
class About:
    """Everything that must be known of a measure to read its values, without the measure itself.

    Attributes:
        name: versioned; two measures that could differ on anything have different names.
        title: for a reader.
        unit: "share" for what lies in [0, 1], "perplexity" or a kind of it, or a metric's own name.
        higher_is_better: in which direction capability lies.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool

    @property
    def scale(self) -> Scale:
        """How items become one number: by their mean, or for perplexities by exp of their mean."""
        if self.unit == "share":
            return "share"
        return "log" if self.unit.endswith("perplexity") else "linear"

    def aggregate(self, items: Items) -> float:
        """One number of all items that are numbers; nan if there is none."""
        known = [(value, weight) for value, weight in items.values() if math.isfinite(value)]
        if not known:
            return math.nan
        value_I, weight_I = np.array(known, dtype=float).T
        mean = float(np.average(value_I, weights=weight_I))
        return float(np.exp(mean)) if self.scale == "log" else mean

    def to_json(self) -> dict[str, Any]:
        """As it stands in a request or a store; `About(**…)` reads it back."""
        return asdict(self)


class Measure(Protocol):
    """A capability that is measured on the live model, wherever the caller has placed it."""

    @property
    def about(self) -> About:
        """What the values mean."""
        ...

    def measure(self, loaded: LoadedModel) -> Mapping[str, tuple[float, float]]:
        """Value (nan where the logits are not numbers) and weight of each item.

        The same model gives the same values. Weights, random numbers and settings of the process
        are left as they were found.
        """
        ...
