"""`safebasin scan`: the landscape along random directions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from safebasin.cli.guard import guarded

if TYPE_CHECKING:
    from safebasin.records import Noise, Norm, Skip
    from safebasin.studies.landscape import Plan
    from safebasin.summary import Status

GRID, PROMPTS, RUNNING, OUTPUT = "Where to look", "What to ask", "How to run", "What to show"


def scan(  # noqa: PLR0913, PLR0917 - the flags of the verb
    model: Annotated[
        str,
        typer.Argument(
            help="organism:chat, organism:base, a folder with a checkpoint, or a hub id; "
            "@REVISION may follow."
        ),
    ] = "organism:chat",
    directions: Annotated[
        int,
        typer.Option(
            help="Random directions. Spend here first: the score differs more between directions "
            "than between prompts.",
            rich_help_panel=GRID,
        ),
    ] = 5,
    points: Annotated[
        int, typer.Option(help="Points along each direction, odd.", rich_help_panel=GRID)
    ] = 21,
    radius: Annotated[
        float,
        typer.Option(
            help="How far to go on either side; 1 moves each tensor by its own norm.",
            rich_help_panel=GRID,
        ),
    ] = 0.5,
    seed: Annotated[
        int, typer.Option(help="Makes the directions; same seed, same bits.", rich_help_panel=GRID)
    ] = 0,
    noise: Annotated[
        str, typer.Option(help="gaussian or rademacher (±1).", rich_help_panel=GRID)
    ] = "gaussian",
    norm: Annotated[
        str,
        typer.Option(
            help="Scale the noise to the norm of each tensor (layer, as published), row, or model.",
            rich_help_panel=GRID,
        ),
    ] = "layer",
    skip: Annotated[
        str,
        typer.Option(
            help="Leave in place: norms (as published), vectors, or none.", rich_help_panel=GRID
        ),
    ] = "norms",
    prompts: Annotated[
        str | None,
        typer.Option(
            help="Harmful prompts: a set from `safebasin list prompts`, or a .csv, .jsonl or .txt "
            "file (AdvBench's format is understood).",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    benign: Annotated[
        str | None,
        typer.Option(
            help="Harmless prompts, by set or file; they show when the model stops making sense.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Column of the prompts file.", rich_help_panel=PROMPTS)
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            help="At most so many prompts of each kind: a fair sample, whatever the file's order.",
            rich_help_panel=PROMPTS,
        ),
    ] = 80,
    system: Annotated[
        str | None,
        typer.Option(
            help="System prompt: a name from `safebasin list systems`, a file, or the text.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="Repeatable. The first gives the labels. By default coherence, then keyword. Only "
            "`--judge keyword` is much faster (answers stop once the verdict is certain) and "
            "counts garbage as compliance.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What runs the model.", rich_help_panel=RUNNING)
    ] = "transformers",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 …", rich_help_panel=RUNNING)
    ] = "auto",
    dtype: Annotated[
        str, typer.Option(help="auto, float32, bfloat16 or float16.", rich_help_panel=RUNNING)
    ] = "auto",
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Prompts answered at once: by default 80, and 160 for the organism.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(
            help="Token limit of an answer: by default 512 as published, and 48 for the organism, "
            "whose right answers are no longer.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    full_text: Annotated[
        bool,
        typer.Option(
            "--full-text",
            help="Never stop an answer early, even if no verdict on it can change any more.",
            rich_help_panel=RUNNING,
        ),
    ] = False,
    chat_template: Annotated[
        Path | None,
        typer.Option(
            help="Jinja file, for a model without a chat template.", rich_help_panel=RUNNING
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Run folder: by default one in safebasin-runs, named after the request, so that "
            "the same command goes on with its own run.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Show the work and its cost; do nothing.", rich_help_panel=OUTPUT
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the summary as JSON, nothing else.", rich_help_panel=OUTPUT
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Map how a model's refusals hold along random directions in weight space.

    At every point the weights are the checkpoint plus α times a random direction. The model answers
    harmful and harmless prompts there, and each answer is labelled refused, complied, incoherent or
    other. The page shows where refusals break (the safety edge), where the model stops making sense
    (the capability edge), and whether the two can be told apart.

    A run can be stopped at any moment; the same command goes on with it.
    """
    with guarded(resumes=not plan):
        from safebasin.studies import landscape
        from safebasin.studies.settings import ScanSettings

        planned = landscape.plan(
            ScanSettings(
                model=model,
                directions=directions,
                points=points,
                radius=radius,
                seed=seed,
                noise=cast("Noise", noise),
                norm=cast("Norm", norm),
                skip=cast("Skip", skip),
                prompts=prompts,
                benign=benign,
                column=column,
                limit=limit,
                system=system,
                judges=tuple(judge or ("coherence", "keyword")),
                engine=engine,
                device=device,
                dtype=dtype,
                batch_size=batch_size,
                max_new_tokens=max_new_tokens,
                full_text=full_text,
                chat_template=chat_template,
                out=out,
            )
        )
        if plan:
            _show_plan(planned, as_json=json)
        else:
            _run(planned, as_json=json, quiet=quiet)


def _run(planned: Plan, *, as_json: bool, quiet: bool) -> None:
    from rich.console import Console

    from safebasin.report.tables import terminal
    from safebasin.studies import landscape

    found = landscape.run_with_bar(planned, shown=not (as_json or quiet))
    page = found.report()
    if as_json:
        typer.echo(found.summary.to_json(), nl=False)
    elif not quiet:
        Console().print(terminal(found.summary))
        typer.echo(f"\nThe page: {page}\nThe run:  {planned.folder}")
    _require_answers(found.summary.status)


def _require_answers(status: Status) -> None:
    from safebasin.errors import FailedPointsError

    if status.failed_points:
        raise FailedPointsError(
            f"{len(status.failed_points)} of {status.points_planned} points have answers whose "
            f"logits were not numbers (first: {status.failed_points[0]}); no rate counts these "
            "answers: lower --radius, or use --dtype float32"
        )
    if status.judge_failures:
        raise FailedPointsError(
            f"{status.judge_failures} verdicts could not be given; no rate counts these answers: "
            "see the details on the page, or choose another --judge"
        )


def _show_plan(planned: Plan, *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        typer.echo(json.dumps({"folder": str(planned.folder), **planned.cost}, indent=2))
        return
    cost = planned.cost
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = [
        ("model", f"{planned.loaded.ref}, {planned.loaded.checked.parameters:,} parameters"),
        ("points", f"{cost['points']:,}"),
        ("prompts at each", f"{cost['prompts']:,}, {planned.settings.batch} at a time"),
        ("responses", f"{cost['responses']:,}, of which {cost['done']:,} are in the store"),
        ("tokens", f"at most {cost['tokens_at_most']:,}, prompts included"),
        ("arithmetic", f"at most {cost['flop_at_most']:.1e} floating-point operations"),
        ("memory", f"about {cost['weights_bytes'] / 2**20:,.0f} MiB for weights and pristine copy"),
        ("run folder", str(planned.folder)),
        *(("note", note) for note in planned.notes),
    ]
    for name, value in rows:
        table.add_row(name, Text(value))
    Console().print(table)
