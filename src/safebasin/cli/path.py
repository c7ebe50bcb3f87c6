"""`safebasin path`: what lies between checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from safebasin.cli.guard import guarded
from safebasin.cli.options import MOVING, Output, with_shared_flags
from safebasin.cli.studying import do, single


@with_shared_flags
def path(  # noqa: PLR0913, PLR0917 - the flags of the verb
    asked: dict[str, Any],
    output: Output,
    first: Annotated[
        str,
        typer.Argument(
            help="The model at 0: organism:chat, organism:base, a folder, or a hub id; @REVISION "
            "may follow, and +ADAPTER."
        ),
    ] = "organism:chat",
    second: Annotated[
        str | None,
        typer.Argument(
            help="The checkpoint at 1. The folder of an adapter means it over the first model. Of "
            "the organism, organism:base by default."
        ),
    ] = None,
    third: Annotated[
        str | None, typer.Argument(help="A third one, for the plane through all three.")
    ] = None,
    x: Annotated[
        str,
        typer.Option(
            help="Positions between the first (0) and the second (1): START:STOP:COUNT, or each.",
            rich_help_panel=MOVING,
        ),
    ] = "-0.5:1.5:21",
    y: Annotated[
        str | None,
        typer.Option(
            help="Positions towards the third. With two checkpoints, a plane: their line, and so "
            "far along a random direction.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="A folder of checkpoint-* that are placed on the map, and asked themselves.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    edge: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of a scan, whose safety edge the checkpoints' distances are compared "
            "with. By default the line's own.",
            rich_help_panel=MOVING,
        ),
    ] = None,
) -> None:
    """Map what lies between checkpoints: on the line through two, or in the plane through three.

    At 0 and 1 the weights are the two checkpoints, bit for bit; in between they are mixed. The page
    shows where on the way refusals are lost, and whether coherence is lost with them, by a judge
    that tells it.

    A run can be stopped at any moment; the same command goes on with it.
    """
    with guarded(resumes=not output.plan):
        from safebasin.studies import path as study

        settings = study.PathSettings(
            model=first,
            second=second,
            third=third,
            x=x,
            y=y,
            checkpoints=checkpoints,
            edge=edge,
            **single(asked),
        )
        do(study.plan(settings), output)
