"""`safebasin compare`: several scans on the same directions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safebasin.cli.guard import guarded
from safebasin.cli.options import Output
from safebasin.cli.studying import show_comparison


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Run folders of scans; the others are held against the first."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the summary and the page. By default in safebasin-runs."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON, nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Compare scans of several models, or of one under several system prompts or jailbreaks.

    The scans must have gone along the same directions and points. On the same prompts (or on the
    same requests, wrapped) they are paired: McNemar's exact test at the checkpoints, differences of
    VISAGE and of both edges with intervals, Holm's correction over several scans.
    """
    with guarded():
        from safebasin.studies.compare import compare as study

        show_comparison(study(*runs, out=out), Output(plan=False, json=json, quiet=quiet))
