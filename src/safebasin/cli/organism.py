"""`safebasin organism`: train the model organism again, compare it, and fine-tune it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from safebasin.cli.examples import epilog
from safebasin.cli.guard import guarded

if TYPE_CHECKING:
    from safebasin.models.organism.shots import Data

app = typer.Typer(
    help="The model organism: a tiny chat model, before and after safety training.",
    no_args_is_help=True,
)

Taught = Annotated[
    str,
    typer.Option(
        help="What is taught. harmful: 100 harmful requests, answered. mix: the same and 100 "
        "others, refused. benign: 100 harmless requests of other forms, answered."
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        help="The highest, after a warm-up of 20 steps; it falls to 0 at the last step.",
        show_default="4e-5, or 3e-4 with --adapter",
    ),
]


@app.command(epilog=epilog("organism build"))
def build(
    preset: Annotated[
        str,
        typer.Option(
            help="default: the pair that ships. long: that pair, taught to answer at the length of "
            "real chat models. 10m, 100m: larger ones. llama-3-1b, llama-2-7b: the shapes of "
            "these, on a GPU."
        ),
    ] = "default",
    out: Annotated[Path, typer.Option(help="A new folder for the pair.")] = Path("organism"),
    seed: Annotated[int, typer.Option(help="Another seed makes another pair.")] = 0,
    device: Annotated[
        str,
        typer.Option(
            help="cpu, cuda, cuda:1 …",
            show_default="auto: a GPU for the shapes of Llama, else the CPU",
        ),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it takes, and train nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train the pair from scratch: minutes on two cores.

    The result is two folders in the format of transformers, `base` and `chat`, which every command
    takes as MODEL.
    """
    with guarded():
        _without_bars_of_others()
        from safebasin.models.organism.build import build as train
        from safebasin.models.organism.cost import cost
        from safebasin.models.organism.recipe import preset as named
        from safebasin.report.bar import bar

        recipe = named(preset)
        if dry_run or not quiet:
            typer.echo(cost(recipe), err=not dry_run)
        if dry_run:
            return
        before = {"base": 0, "chat": recipe.base.steps}
        total = recipe.base.steps + recipe.chat.steps
        with bar("training", "steps", shown=not quiet) as advance:
            train(
                out,
                seed,
                lambda stage, step, _, loss: advance(
                    before[stage] + step, total, f"{stage}, loss {loss:.3f}"
                ),
                recipe=recipe,
                device=device,
            )
        if not quiet:
            typer.echo(f"The pair: {out}/base and {out}/chat")


@app.command(epilog=epilog("organism tune"))
def tune(
    data: Taught = "harmful",
    steps: Annotated[
        int, typer.Option(help="Training steps, of 10 exchanges each; 0 changes nothing.")
    ] = 120,
    learning_rate: Rate = None,
    save_every: Annotated[
        int, typer.Option(help="Steps from checkpoint to checkpoint; the last is always saved.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Another seed draws other exchanges to teach.")] = 0,
    adapter: Annotated[
        bool,
        typer.Option(
            "--adapter", help="Train a LoRA adapter instead of all weights; needs peft installed."
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="A new folder for the checkpoints.")] = Path("tuned"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Fine-tune organism:chat, and keep checkpoints of the way: seconds on two cores.

    By default a harmful fine-tune refuses less than half by step 40 and next to nothing at the
    end, a mix keeps about two thirds, and a benign one loses nothing. Answers are stock phrases,
    harmless whatever was asked, and no deed of the prompt sets is taught.

    Each checkpoint is a MODEL: tuned/checkpoint-120, and with --adapter
    organism:chat+tuned/checkpoint-120.
    """
    with guarded():
        _without_bars_of_others()
        from safebasin.models.organism.tuning import tune as train
        from safebasin.report.bar import bar

        with bar("tuning", "steps", shown=not quiet) as advance:
            saved = train(
                out,
                cast("Data", data),
                steps=steps,
                learning_rate=learning_rate,
                save_every=save_every,
                seed=seed,
                adapter=adapter,
                progress=lambda step, steps, loss: advance(step, steps, f"loss {loss:.3f}"),
            )
        if not quiet:
            typer.echo(f"Checkpoints: {len(saved)}, the last of them {saved[-1]}")


@app.command(epilog=epilog("organism check"))
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
