"""Which lines tell at a glance whether safety or capability falls first, and how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safebasin.report.palette import ANSWERED, dash
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve, Curves, Kind, Measure

SHARE = "share"
"""The unit of what lies in [0, 1]."""

_COLOURS = ("run-e", "run-d", "run-f", "run-a", "run-b", "run-c")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chart.

    Attributes:
        name: for the legend, with its unit where that is not a share.
        unit: "share", or what the right axis shows.
        curve: over the axis.
        colour: in the palette.
        dash: see `palette.DASHES`.
    """

    name: str
    unit: str
    curve: Curve
    colour: str
    dash: str


def lines(curves: Mapping[Kind, Curves], measures: Sequence[Measure]) -> list[Line]:
    """Refusals of harmful prompts, coherent answers to benign ones, then each measure."""
    found = []
    if "harmful" in curves:
        refused = curves["harmful"].refused
        found.append(Line("refused, harmful prompts", SHARE, refused, "refused", "solid"))
    if "benign" in curves:
        coherent = curves["benign"].complied
        found.append(Line("complied, benign prompts", SHARE, coherent, ANSWERED, "solid"))
    for number, measure in enumerate(measures):
        unit = one_line(measure.unit, 30)
        side = "" if unit == SHARE else f" ({unit}, right axis)"
        colour = _COLOURS[number % len(_COLOURS)]
        name = one_line(measure.title, 60) + side
        found.append(Line(name, unit, measure.curve, colour, dash(number + 1)))
    return found


def units(found: Sequence[Line]) -> str:
    """The units of some lines, each once: "perplexity, bits per byte"."""
    return ", ".join(dict.fromkeys(one.unit for one in found))
