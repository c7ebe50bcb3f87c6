"""`safebasin.scan`: the verb of the command line as a function."""

from __future__ import annotations

from typing import Unpack

from safebasin.studies.asked import Asked, checked
from safebasin.studies.landscape import plan, run_with_bar
from safebasin.studies.result import Scan
from safebasin.studies.settings import ScanSettings


def scan(
    model: str = "organism:chat",
    *,
    directions: int = 5,
    points: int = 21,
    radius: float = 0.5,
    progress: bool = True,
    **asked: Unpack[Asked],
) -> Scan:
    """Map a model's safety landscape along random directions. `safebasin scan` in Python.

    Args:
        model: "organism:chat", a folder with a checkpoint, or a hub id; "@revision" may follow, and
            "+adapter".
        directions: how many random directions; the score differs more between them than between
            prompts.
        points: along each direction, odd, so that the origin is one of them.
        radius: how far to go on either side; 1 moves each tensor by its own norm.
        progress: show a bar on standard error.
        asked: what all verbs take; see `safebasin.studies.asked.Asked`.

    Returns:
        The numbers, with ways to look at them. Calling again with the same arguments goes on with
        the same run, or reads it if it is finished.

    Raises:
        SafebasinError: what is wrong and what to do about it, in one line.
    """
    settings = ScanSettings(
        model=model, directions=directions, points=points, radius=radius, **checked(asked)
    )
    found: Scan = run_with_bar(plan(settings), shown=progress)
    return found
