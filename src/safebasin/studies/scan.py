"""`safebasin.scan`: the verb of the command line as a function."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from safebasin.studies.asked import Asked, checked
from safebasin.studies.landscape import plan, run_with_bar
from safebasin.studies.settings import ScanSettings


def scan(
    model: str = "organism:chat",
    *,
    directions: int | Literal["auto"] = 5,
    points: int | None = None,
    radius: float = 0.5,
    target_halfwidth: float = 2.0,
    max_directions: int = 64,
    adaptive: bool = False,
    progress: bool = True,
    **asked: Unpack[Asked],
) -> Any:
    """Map a model's safety landscape along random directions. `safebasin scan` in Python.

    Args:
        model: "organism:chat", a folder with a checkpoint, or a hub id; "@revision" may follow, and
            "+adapter".
        directions: how many random directions; the score differs more between them than between
            prompts. "auto" adds directions until VISAGE is known within `target_halfwidth`.
        points: along each direction, odd, so that the origin is one of them; by default 21, and 9
            if adaptive.
        radius: how far to go on either side; 1 moves each tensor by its own norm.
        target_halfwidth: of the interval of VISAGE, for directions="auto".
        max_directions: the largest number, for directions="auto".
        adaptive: find the two edges alone, by bisection from a coarse grid.
        progress: show a bar on standard error.
        asked: what all verbs take; see `safebasin.studies.asked.Asked`.

    Returns:
        A `Scan`, or `Edges` if adaptive: the numbers, with ways to look at them. Calling again with
        the same arguments goes on with the same run, or reads it if it is finished.

    Raises:
        SafebasinError: what is wrong and what to do about it, in one line.
    """
    settings = ScanSettings(
        model=model,
        directions=directions,
        points=points,
        radius=radius,
        target_halfwidth=target_halfwidth,
        max_directions=max_directions,
        adaptive=adaptive,
        **checked(asked),
    )
    return run_with_bar(plan(settings), shown=progress)
