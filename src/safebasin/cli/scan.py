"""`safebasin scan`: the landscape along random directions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from safebasin.cli.guard import guarded
from safebasin.cli.options import MOVING, Output, with_shared_flags
from safebasin.cli.studying import do, show_comparison, show_plans
from safebasin.errors import FailedPointsError, UsageError

if TYPE_CHECKING:
    from safebasin.studies.settings import ScanSettings


@with_shared_flags
def scan(  # noqa: PLR0913, PLR0917 - the flags of the verb
    asked: dict[str, Any],
    output: Output,
    model: Annotated[
        str,
        typer.Argument(
            help="organism:chat, organism:base, a folder with a checkpoint, or a hub id; "
            "@REVISION may follow, and +ADAPTER."
        ),
    ] = "organism:chat",
    directions: Annotated[
        str,
        typer.Option(
            help="Random directions. Spend here first: the score differs more between directions "
            "than between prompts. auto: until VISAGE is known well enough.",
            rich_help_panel=MOVING,
        ),
    ] = "5",
    points: Annotated[
        int | None,
        typer.Option(
            help="Points along each direction, odd. By default 21, and 9 with --adaptive.",
            rich_help_panel=MOVING,
        ),
    ] = None,
    radius: Annotated[
        float,
        typer.Option(
            help="How far to go on either side; 1 moves each tensor by its own norm.",
            rich_help_panel=MOVING,
        ),
    ] = 0.5,
    target_halfwidth: Annotated[
        float,
        typer.Option(
            help="With --directions auto: add directions until VISAGE is known within ± so much.",
            rich_help_panel=MOVING,
        ),
    ] = 2.0,
    max_directions: Annotated[
        int,
        typer.Option(help="With --directions auto: at most so many.", rich_help_panel=MOVING),
    ] = 64,
    adaptive: Annotated[
        bool,
        typer.Option(
            "--adaptive",
            help="Only the two edges, by bisection from a coarse grid, with as few answers as "
            "decide; no curves and no VISAGE.",
            rich_help_panel=MOVING,
        ),
    ] = False,
) -> None:
    """Map how a model's refusals hold along random directions in weight space.

    At every point the weights are the checkpoint plus α times a random direction. The model answers
    harmful and harmless prompts there, and each answer is labelled refused, complied, incoherent or
    other. The page shows where refusals break (the safety edge), where the model stops making sense
    (the capability edge), and whether the two can be told apart.

    With --system or --jailbreak given several times, the scan is done under each of them, on the
    same directions and prompts, and the scans are compared.

    A run can be stopped at any moment; the same command goes on with it.
    """
    with guarded(resumes=not output.plan):
        from safebasin.studies import landscape
        from safebasin.studies.conditions import conditions
        from safebasin.studies.settings import ScanSettings

        systems, jailbreaks = asked.pop("system") or [None], asked.pop("jailbreak") or [None]
        settings = ScanSettings(
            model=model,
            directions=_directions(directions),
            points=points,
            radius=radius,
            target_halfwidth=target_halfwidth,
            max_directions=max_directions,
            adaptive=adaptive,
            **asked,
        )
        each = conditions(settings, systems, jailbreaks)
        if len(each) == 1:
            do(landscape.plan(each[0]), output)
        else:
            _compare(each, settings.out, output)


def _directions(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--directions is {text!r}; it must be a number, or auto") from None


def _compare(each: list[ScanSettings], out: Path | None, output: Output) -> None:
    from safebasin.studies.compare import compare
    from safebasin.studies.conditions import plans

    planned, failed = plans(each), None
    if output.plan:
        show_plans(planned, as_json=output.json)
        return
    alone = replace(output, json=False, quiet=output.quiet or output.json)
    for one in planned:
        try:
            do(one, alone)
        except FailedPointsError as error:  # the others are worth having all the same
            failed = failed or error
    folders = [one.folder for one in planned]
    show_comparison(compare(*folders, out=out and out / "comparison"), output)
    if failed is not None:
        raise failed
