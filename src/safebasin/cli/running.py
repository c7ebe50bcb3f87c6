"""The flags for where and how the model runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUNNING = "How to run"


def running(
    engine: Annotated[
        str, typer.Option(help="From `safebasin list engines`.", rich_help_panel=RUNNING)
    ] = "transformers",
    workers: Annotated[
        int | None,
        typer.Option(
            help="Share the work among so many processes, on several GPUs or (RAY_ADDRESS) machines"
            " too. Needs safebasin\\[ray].",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    allow_mixed: Annotated[
        bool,
        typer.Option(
            "--allow-mixed",
            help="Go on with the run in --out on another kind of device than it was begun on, "
            "which may round otherwise; the page then says so.",
            rich_help_panel=RUNNING,
        ),
    ] = False,
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
    out: Annotated[
        Path | None,
        typer.Option(
            help="Run folder: by default one in safebasin-runs, named after the request, so that "
            "the same command goes on with its own run.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
) -> None:
    """Where and how the model runs."""


def conversing(
    chat_template: Annotated[
        Path | None,
        typer.Option(
            help="Jinja file, for a model without a chat template.", rich_help_panel=RUNNING
        ),
    ] = None,
    template_arg: Annotated[
        list[str] | None,
        typer.Option(
            help="KEY=VALUE for the chat template, as enable_thinking=false. Repeatable.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    thoughts: Annotated[
        str | None,
        typer.Option(
            help="BEGIN,END: what a model's thoughts stand between, where it is not known by "
            "itself, as <think>,</think> and gpt-oss's channels are; none reads them as answers.",
            rich_help_panel=RUNNING,
        ),
    ] = None,
) -> None:
    """How conversations are written, and answers read."""
