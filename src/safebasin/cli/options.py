"""The flags that all studies share, written once, and a way to give them to a verb."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from safebasin.cli.running import conversing, running

MOVING, PROMPTS, JUDGING = "How to move", "What to ask", "Who judges"
MEASURES = "What else to measure"
DECODING, OUTPUT = "How to answer", "What to show"

Verb = Callable[..., None]


@dataclass(frozen=True)
class Output:
    """What a verb shows."""

    plan: bool
    json: bool
    quiet: bool


def moving(
    seed: Annotated[
        int,
        typer.Option(help="Makes the directions; same seed, same bits.", rich_help_panel=MOVING),
    ] = 0,
    noise: Annotated[
        str, typer.Option(help="gaussian or rademacher (±1).", rich_help_panel=MOVING)
    ] = "gaussian",
    norm: Annotated[
        str,
        typer.Option(
            help="Scale the noise to the norm of each tensor (layer, as published), row, or model.",
            rich_help_panel=MOVING,
        ),
    ] = "layer",
    skip: Annotated[
        str,
        typer.Option(
            help="Leave in place: norms (as published), vectors, or none.", rich_help_panel=MOVING
        ),
    ] = "norms",
) -> None:
    """How random directions are made."""


def asking(
    prompts: Annotated[
        str | None,
        typer.Option(
            help="Harmful prompts: a set from `safebasin list prompts`, NAME=FILE for one of these "
            "from a file in its published format, or a file of your own (.csv, .tsv, .jsonl, "
            ".json, .parquet, .txt). By default jailbreakbench, without a network the bundled "
            "general-harmful; of the organism, its own language.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    benign: Annotated[
        str | None,
        typer.Option(
            help="Harmless prompts, by set or file. They show when the model stops making sense, "
            "and when it refuses too much. By default everyday, and beside --prompts that set's "
            "counterpart.",
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
        list[str] | None,
        typer.Option(
            help="System prompt: a name from `safebasin list systems`, a file, or the text. "
            "Repeatable with scan: the same directions and prompts under each, compared.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
    jailbreak: Annotated[
        list[str] | None,
        typer.Option(
            help="A wrapper from `safebasin list jailbreaks`, a text with {request} in it, or a "
            "file of finished adversarial prompts. Repeatable with scan, as --system.",
            rich_help_panel=PROMPTS,
        ),
    ] = None,
) -> None:
    """What the model is asked."""


def judged_by(
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="From `safebasin list judges`; with weights as NAME=MODEL, over an endpoint as "
            "NAME=URL#MODEL. Repeatable. The first gives the labels. By default coherence, then "
            "keyword. Only `--judge keyword` is much faster (answers stop once the verdict is "
            "certain) and counts garbage as compliance.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
) -> None:
    """Who judges."""


def judging(
    judge_device: Annotated[
        str | None,
        typer.Option(
            help="Where judges with weights run: by default where the model does.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    judge_batch: Annotated[
        int,
        typer.Option(help="Responses that these are asked about at once.", rich_help_panel=JUDGING),
    ] = 8,
) -> None:
    """How judges with weights run."""


def measuring(
    perplexity: Annotated[
        Path | None,
        typer.Option(
            help="A text file; its perplexity is measured at every point.",
            rich_help_panel=MEASURES,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="An lm-eval task, by name or local YAML file, at every point; :METRIC may follow. "
            "Repeatable. Needs safebasin\\[capability].",
            rich_help_panel=MEASURES,
        ),
    ] = None,
    task_limit: Annotated[
        int,
        typer.Option(help="At most so many documents of each task.", rich_help_panel=MEASURES),
    ] = 100,
) -> None:
    """Capabilities along the same points."""


def decoding(
    max_new_tokens: Annotated[
        int | None,
        typer.Option(
            help="Token limit of a response: by default 512 as published, 4,096 for a model that "
            "thinks before it answers, and 48 for the organism, whose right answers are no longer.",
            rich_help_panel=DECODING,
        ),
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(
            help="0 always takes the most likely token; above it tokens are drawn, the same ones "
            "whenever the request is the same.",
            rich_help_panel=DECODING,
        ),
    ] = 0.0,
    samples: Annotated[
        int,
        typer.Option(
            help="Answers to each prompt at each point, with a --temperature above 0. They tell "
            "luck from prompts; they do not stand in for more prompts.",
            rich_help_panel=DECODING,
        ),
    ] = 1,
    full_text: Annotated[
        bool,
        typer.Option(
            "--full-text",
            help="Never stop an answer early, even if no verdict on it can change any more.",
            rich_help_panel=DECODING,
        ),
    ] = False,
) -> None:
    """How answers are made."""


def showing(
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
    """What is printed."""


_PLURAL = {"judge": "judges", "task": "tasks", "template_arg": "template_args"}
"""Flags that are repeated are called after one of them, arguments of functions after all."""

_REPEATED = ("judges", "tasks", "template_args")


def with_shared_flags(verb: Verb) -> Verb:
    """Give a verb the flags that all studies share; see `with_flags`."""
    return with_flags(moving, asking, judged_by, judging, measuring, decoding, conversing, running)(
        verb
    )


def with_flags(*groups: Verb) -> Callable[[Verb], Verb]:
    """Give a verb groups of flags, and those that say what is printed.

    The verb takes its own flags, `asked` (those of the groups, as `studies.asked.Asked` names them,
    with `system` and `jailbreak` as lists) and `output`.
    """
    shared = [flag for group in groups for flag in _flags(group)]
    shown = _flags(showing)

    def given_to(verb: Verb) -> Verb:
        own = [p for p in _flags(verb) if p.name not in ("asked", "output")]

        @functools.wraps(verb)
        def wrapper(**given: Any) -> None:
            asked = {_PLURAL.get(flag.name, flag.name): given.pop(flag.name) for flag in shared}
            for name in _REPEATED:  # where none was given, the function's own default stands
                if several := asked.pop(name, None):
                    asked[name] = tuple(several)
            output = Output(**{flag.name: given.pop(flag.name) for flag in shown})
            verb(**given, asked=asked, output=output)

        flags = [*own, *shared, *shown]
        wrapper.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {flag.name: flag.annotation for flag in flags}
        del wrapper.__wrapped__
        return wrapper

    return given_to


def _flags(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())
