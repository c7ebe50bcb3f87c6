"""`safebasin organism`: train the model organism again, and compare it with the shipped one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safebasin.cli.guard import guarded

app = typer.Typer(
    help="The model organism: a tiny chat model, before and after safety training.",
    no_args_is_help=True,
)


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="A new folder for the pair.")] = Path("organism"),
    seed: Annotated[int, typer.Option(help="Another seed makes another pair.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train the pair from scratch: minutes on two cores.

    The result is two folders in the format of transformers, `base` and `chat`, which every command
    takes as MODEL.
    """
    with guarded():
        _without_bars_of_others()
        from safebasin.models.organism.build import build as train
        from safebasin.report.bar import bar

        with bar("training", "steps", shown=not quiet) as advance:
            train(
                out,
                seed,
                lambda stage, step, steps, loss: advance(step, steps, f"{stage}, loss {loss:.3f}"),
            )
        if not quiet:
            typer.echo(f"The pair: {out}/base and {out}/chat")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder made by `safebasin organism build`.")],
) -> None:
    """Say whether a rebuilt pair behaves as the shipped one; exit code 8 if it does not."""
    with guarded():
        _without_bars_of_others()
        from rich.console import Console
        from rich.table import Table

        from safebasin.errors import ReproducibilityError
        from safebasin.models.organism.check import check as compare

        found = compare(folder)
        table = Table("model", "prompts", "shipped", "rebuilt", "difference", box=None)
        for row in found.rows:
            table.add_row(
                row.model,
                row.prompts,
                *(
                    " ".join(
                        f"{grade.value} {share:.0%}" for grade, share in shares.items() if share
                    )
                    for shares in (row.shipped, row.rebuilt)
                ),
                f"{row.difference:.2f}",
            )
        Console().print(table)
        typer.echo("bit-identical" if found.identical else "not bit-identical")
        if not found.passed:
            raise ReproducibilityError(
                f"{folder} differs from the shipped pair by more than another seed would on some "
                "prompt set: see the table"
            )


def _without_bars_of_others() -> None:
    """Transformers draws a bar for each file it reads or writes, across ours."""
    from transformers.utils import logging

    logging.disable_progress_bar()
