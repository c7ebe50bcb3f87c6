"""`safebasin show`: a run's summary in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safebasin.cli.guard import guarded


def show(
    run: Annotated[Path, typer.Argument(help="A run folder, or that of a comparison.")],
    judge: Annotated[
        str | None,
        typer.Option(help="Through the eyes of this judge, of those that have judged the run."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the numbers as a Markdown table.")
    ] = False,
) -> None:
    """Show what a run found, without computing anything again.

    A run that is still going, or was stopped, is summarised as far as it is.
    """
    with guarded():
        from rich.console import Console

        from safebasin.cli.screen import screen
        from safebasin.report import tables
        from safebasin.studies.result import open_run

        found = open_run(run, judge=judge)
        if json:
            typer.echo(found.summary.to_json(), nl=False)
        elif markdown:
            typer.echo(tables.markdown(found.summary), nl=False)
        else:
            Console().print(screen(found.summary))
