"""The arguments that all studies share, named and explained once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from safebasin.points import Noise, Norm, Skip


class Asked(TypedDict, total=False):
    """What every verb takes, by keyword.

    Attributes:
        seed: makes the random directions; the same seed gives the same bits. Default 0.
        noise: "gaussian" (default) or "rademacher".
        norm: what a random direction is scaled to: "layer" as published (default), "row", "model".
        skip: which parameters random directions leave in place: "norms" as published (default),
            "vectors" or "none".
        prompts: harmful prompts, by set or file. By default those of "jailbreakbench", where it
            cannot be fetched "general-harmful", and of the organism "organism-harmful".
        benign: harmless prompts, by set or file. By default plain questions ("everyday"), and
            beside a set that is named or the organism's its counterpart.
        column: of a prompts file.
        limit: the largest number of prompts of each kind, by default 80; None for all.
        system: a system prompt by name, file or text; None sends no system message.
        jailbreak: a wrapper by name, text with `{request}` in it, or a file of finished prompts.
        judges: the first gives the four labels; "keyword" gives the published ASR. Judges with
            weights are asked for as "NAME=MODEL", rubrics as "NAME=URL#MODEL" or "NAME=MODEL".
        judge_device: where judges with weights run; by default where the model does.
        judge_batch: responses that these are asked about at once, by default 8.
        perplexity: a text file whose perplexity is measured at every point.
        tasks: lm-eval tasks, by name or YAML file, that are run at every point.
        task_limit: the largest number of documents of each task, by default 100; None for all.
        engine: what runs the model; "ray" is the default engine in as many workers as there is room
            for.
        workers: processes that share the work, each with the model; see docs/scaling.md. They
            change no answer, so a run may go on with any number of them, or "auto", or none, which
            is the default.
        allow_mixed: go on with the run in `out` on another kind of device than it was begun on,
            which may round otherwise; its notes then say so.
        device: "auto" (default) takes a GPU if there is one.
        dtype: "auto" (default) is float32 on a CPU, and on a GPU bfloat16, or float16 where the
            checkpoint is stored so.
        batch_size: prompts answered at once; part of the request, because it may change a rounding.
        max_new_tokens: token limit of a response, thoughts included; by default 512 as published,
            4,096 for a model that thinks before it answers, 48 for the organism.
        temperature: 0 (default) always takes the most likely token; above it tokens are drawn, the
            same ones whenever the request is the same.
        samples: answers to each prompt at each point, by default 1; more need a temperature.
        full_text: never stop an answer early, even if no verdict on it can change any more.
        chat_template: a Jinja file, for a model without one.
        template_args: what the chat template is given beside the messages, as a mapping or as
            "KEY=VALUE" texts whose values are read as JSON: {"enable_thinking": False}.
        thoughts: "BEGIN,END", the markers that a model's thoughts stand between, where they are not
            known by themselves; "none" reads what stands between any as a part of the answer.
        out: run folder; by default one named after the request below `safebasin-runs`.
    """

    seed: int
    noise: Noise
    norm: Norm
    skip: Skip
    prompts: str | None
    benign: str | None
    column: str | None
    limit: int | None
    system: str | None
    jailbreak: str | None
    judges: Sequence[str]
    judge_device: str | None
    judge_batch: int
    perplexity: Path | str | None
    tasks: Sequence[str]
    task_limit: int | None
    engine: str
    workers: int | Literal["auto"] | None
    allow_mixed: bool
    device: str
    dtype: str
    batch_size: int | None
    max_new_tokens: int | None
    temperature: float
    samples: int
    full_text: bool
    chat_template: Path | str | None
    template_args: Mapping[str, Any] | Sequence[str]
    thoughts: str | None
    out: Path | str | None


_PATHS = ("perplexity", "chat_template", "out")
_TUPLES = ("judges", "tasks", "template_args")


def checked(asked: Asked) -> dict[str, Any]:
    """The same as settings hold them: paths as `Path`, sequences as tuples."""
    found: dict[str, Any] = dict(asked)
    for name in _PATHS:
        if found.get(name) is not None:
            found[name] = Path(found[name])
    if isinstance(given := found.get("template_args"), Mapping):
        found["template_args"] = [f"{name}={json.dumps(value)}" for name, value in given.items()]
    for name in _TUPLES:
        if name in found:
            found[name] = tuple(found[name])
    return found
