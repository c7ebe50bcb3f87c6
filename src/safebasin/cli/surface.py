"""`safebasin surface`: the landscape over a plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from safebasin.cli.guard import guarded
from safebasin.cli.options import MOVING, Output, with_shared_flags
from safebasin.cli.studying import do, single


@with_shared_flags
def surface(
    asked: dict[str, Any],
    output: Output,
    model: Annotated[
        str,
        typer.Argument(
            help="organism:chat, organism:base, a folder with a checkpoint, or a hub id; "
            "@REVISION may follow, and +ADAPTER."
        ),
    ] = "organism:chat",
    x: Annotated[
        str | None,
        typer.Option(
            help="Coordinates along the first direction: START:STOP:COUNT, or each, as -0.5,0,0.5. "
            "By default -0.5:0.5:21, or what shows the checkpoints.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    y: Annotated[
        str | None,
        typer.Option(help="The same along the second direction.", rich_help_panel=MOVING),
    ] = None,
    plane: Annotated[
        str | None,
        typer.Option(
            help="random: two random directions, orthogonal in every tensor. trajectory: the "
            "first two principal directions of the checkpoints, their default.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="A folder of checkpoint-* of one fine-tune of the model (models or adapters): "
            "placed on the map, and asked themselves.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    edge: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of a scan, whose safety edge the checkpoints' distances are compared "
            "with. By default the map's own.",
            rich_help_panel=MOVING,
        ),
    ] = None,
) -> None:
    """Map how a model's refusals hold over a plane in weight space, and where a fine-tune went.

    Two random directions span the plane, or the way that the checkpoints of a fine-tune took. The
    page shows the basin in three dimensions, contours, and a map for each label.

    A run can be stopped at any moment; the same command goes on with it.
    """
    with guarded(resumes=not output.plan):
        from safebasin.studies import surface as study

        settings = study.SurfaceSettings(
            model=model,
            x=x,
            y=y,
            plane=cast("study.PlaneName | None", plane),
            checkpoints=checkpoints,
            edge=edge,
            **single(asked),
        )
        do(study.plan(settings), output)
