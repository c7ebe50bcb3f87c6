"""How far can a chat model's weights move before it stops refusing?

    import safebasin as sb

    scan = sb.scan("organism:chat", directions=5, points=21, radius=0.5)
    scan.visage              # Estimate(value, low, high, n=5 directions)
    scan.report("basin.html")

Every verb of the command line is a function here, with the same names. Importing this package is
cheap; torch and transformers are imported when something needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safebasin.errors import SafebasinError
    from safebasin.points import Direction, Point
    from safebasin.records import ModelRef, Prompt
    from safebasin.studies.calibrating import calibrate
    from safebasin.studies.compare import compare
    from safebasin.studies.judging import judge
    from safebasin.studies.path import path
    from safebasin.studies.result import Comparison, Line, Scan, Surface, open_run
    from safebasin.studies.scan import scan
    from safebasin.studies.sheet import label
    from safebasin.studies.surface import surface
    from safebasin.summary import Estimate, Summary
    from safebasin.weights.overlay import Overlay, overlay

_HOMES = {
    "Comparison": "studies.result",
    "Direction": "points",
    "Estimate": "summary",
    "Line": "studies.result",
    "ModelRef": "records",
    "Overlay": "weights.overlay",
    "Point": "points",
    "Prompt": "records",
    "SafebasinError": "errors",
    "Scan": "studies.result",
    "Summary": "summary",
    "Surface": "studies.result",
    "calibrate": "studies.calibrating",
    "compare": "studies.compare",
    "judge": "studies.judging",
    "label": "studies.sheet",
    "open_run": "studies.result",
    "overlay": "weights.overlay",
    "path": "studies.path",
    "scan": "studies.scan",
    "surface": "studies.surface",
}

__all__ = [
    "Comparison",
    "Direction",
    "Estimate",
    "Line",
    "ModelRef",
    "Overlay",
    "Point",
    "Prompt",
    "SafebasinError",
    "Scan",
    "Summary",
    "Surface",
    "calibrate",
    "compare",
    "judge",
    "label",
    "open_run",
    "overlay",
    "path",
    "scan",
    "surface",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'safebasin' has no attribute {name!r}")
    return getattr(import_module(f"safebasin.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
