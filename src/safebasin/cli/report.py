"""`safebasin report`: the page and the figures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safebasin.cli.guard import guarded
from safebasin.errors import UsageError


def report(
    run: Annotated[
        Path,
        typer.Argument(
            help="A run folder, that of a comparison, or a folder of runs, for a page that leads "
            "to all of them."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes. By default RUN/report.html.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="Through the eyes of this judge, of those that have judged the run."),
    ] = None,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Also draw the landscape as a figure: a .pdf, .svg or .png. published, or "
            "published=FILE: keyword ASR as in Peng et al. (2024). Repeatable.",
        ),
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            help="Also write the numbers as a tidy table: a .parquet or .csv. Repeatable."
        ),
    ] = None,
    share: Annotated[
        bool,
        typer.Option("--share", help="Let others read the page of a run, which holds responses."),
    ] = False,
) -> None:
    """Make the page of a run or comparison again, figures for papers, and tables.

    Nothing is computed again but the statistics, and those are the same for the same store.
    """
    with guarded():
        from safebasin.report.figures import chosen, save
        from safebasin.studies.result import open_run
        from safebasin.studies.runs import holds_runs, write_index

        if holds_runs(run):
            if judge or figure or table or share:
                raise UsageError(
                    f"{run} is a folder of runs, and --judge, --figure, --table and --share are "
                    "for one: name the run"
                )
            typer.echo(f"The index: {write_index(run, out)}")
            return
        found = open_run(run, judge=judge)
        typer.echo(f"The page: {found.report(out, share=True) if share else found.report(out)}")
        for text in figure or []:
            kind, path = chosen(text, run)
            save(found.summary, path, kind)
            typer.echo(f"Figure:   {path}")
        for path in table or []:
            typer.echo(f"Table:    {found.to_parquet(path)}")
