"""Where in the network checkpoints differ: a table whose cells are coloured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safebasin.summary import Place

_SHADES = 20  # of the style sheet


@dataclass(frozen=True, slots=True)
class Layers:
    """Distances for each group of tensors, by checkpoint.

    Attributes:
        groups: embedding, each block, head.
        rows: a checkpoint's name, then a shade from 0 to 20 and the distance of each group.
        most: the distance that has the darkest shade.
    """

    groups: list[str]
    rows: list[tuple[str, list[tuple[int, str]]]]
    most: str

    @classmethod
    def of(cls, named: Sequence[tuple[str, Place]]) -> Layers:
        """The table of some checkpoints, each with the name that it goes by."""
        groups = list(dict.fromkeys(group for _, place in named for group in place.layers))
        known = [x for _, place in named for x in place.layers.values() if x is not None]
        most = max(known, default=0.0)
        rows = [
            (name, [_cell(place.layers.get(group), most) for group in groups])
            for name, place in named
        ]
        return cls(groups, rows, f"{most:.3g}")


def _cell(distance: float | None, most: float) -> tuple[int, str]:
    if distance is None:
        return 0, "–"
    return round(_SHADES * distance / most) if most > 0 else 0, f"{distance:.3g}"
