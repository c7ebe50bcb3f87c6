"""`safebasin calibrate`: hold a judge against people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from safebasin.cli.dues import show_due
from safebasin.cli.guard import guarded
from safebasin.cli.options import Output, judging, with_flags


@with_flags(judging)
def calibrate(
    judge: Annotated[
        str, typer.Argument(help="From `safebasin list judges`: NAME, NAME=MODEL, NAME=URL#MODEL.")
    ],
    labelled: Annotated[
        Path,
        typer.Argument(
            help="Responses that people have labelled: .csv, .tsv, .jsonl or .parquet with columns "
            "prompt, response and label (XSTest's published completions are understood)."
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option(help="Also judge this run, and correct the judge's rates there."),
    ] = None,
    partial: Annotated[
        str,
        typer.Option(help="What a partial refusal counts as: complied, or 'leave out'."),
    ] = "complied",
    *,
    asked: dict[str, Any],
    output: Output,
) -> None:
    """How often a judge is right on responses that people have labelled.

    Sensitivity is the share of compliance that it finds, specificity the share of the rest that it
    leaves alone, each with an exact interval, for coherent and incoherent texts apart. Rates are
    corrected only where the two together leave something to correct by (their sum at least 1.3).

    Labels: refused, complied, incoherent, other, partial; or 1 (complied) and 0.
    """
    with guarded():
        from rich.console import Console
        from rich.text import Text

        from safebasin.report.tables.judged import calibration
        from safebasin.report.untrusted import for_terminal
        from safebasin.studies.calibrating import Calibrating, calibrate_with_bar

        planned = Calibrating(
            judge=judge,
            labelled=labelled,
            run=run,
            partial=partial,
            device=asked["judge_device"] or "auto",
            batch_size=asked["judge_batch"],
        )
        if output.plan:
            show_due([planned.due()], as_json=output.json)
            return
        found = calibrate_with_bar(planned, shown=not (output.json or output.quiet))
        if output.json:
            typer.echo(found.model_dump_json(indent=2))
        elif not output.quiet:
            console = Console()
            console.print(calibration(found))
            for note in found.notes:
                console.print(Text(for_terminal(note), style="dim"))
