"""`safebasin list`: what there is to choose from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from safebasin.cli.guard import guarded
from safebasin.errors import UsageError
from safebasin.models.shown import shown

Rows = list[tuple[str, str]]


class Kind(StrEnum):
    """What can be listed."""

    MODELS = "models"
    PROMPTS = "prompts"
    JUDGES = "judges"
    ENGINES = "engines"
    SYSTEMS = "systems"
    JAILBREAKS = "jailbreaks"
    RUNS = "runs"


def listing(
    kind: Annotated[
        Kind | None, typer.Argument(help="What to list; without it, what can be listed.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Of prompts: one set, for all that is known of it. Of runs: the folder they are "
            "in, by default safebasin-runs."
        ),
    ] = None,
) -> None:
    """List models, prompt sets, judges, engines, system prompts, jailbreaks, or your runs."""
    with guarded():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=kind is not Kind.RUNS)
        for title, what in _rows(kind, name):
            table.add_row(Text(title), Text(what))
        Console().print(table)


def _rows(kind: Kind | None, name: str | None) -> Rows:
    if kind is None:
        return [(f"safebasin list {one}", what) for one, what in _KINDS.items()]
    if kind is Kind.RUNS:
        return _runs(name)
    return _ROWS[kind]() if name is None else _one(kind, name)


def _runs(folder: str | None) -> Rows:
    from safebasin.report.untrusted import for_terminal
    from safebasin.studies.runs import HOME, runs

    place = folder or str(HOME)
    rows = []
    for run in runs(place):
        state = "" if run.complete else " (not complete)"
        what = " · ".join(part for part in (run.study + state, run.model, run.asked) if part)
        told = f"{for_terminal(what)}\n{for_terminal(run.found)}"
        rows.append((for_terminal(run.folder.name), told))
    if not rows:
        return [(for_terminal(place), "holds no run yet: `safebasin scan` makes one")]
    return [*rows, ("", for_terminal(f"A page of all of them: `safebasin report {place}`"))]


def _models() -> Rows:
    return [
        ("organism:chat", "1 M parameters; refuses harmful requests, less so in some task forms"),
        ("organism:base", "the same network before safety training; answers everything"),
        ("FOLDER", "a checkpoint in safetensors, of any family that transformers knows"),
        ("OWNER/NAME[@REVISION]", "a model on the Hugging Face hub"),
        ("MODEL+ADAPTER", "a LoRA adapter over any of these, merged as PEFT merges it"),
    ]


def _prompts() -> Rows:
    from safebasin.prompts import catalog
    from safebasin.prompts.sources.describing import in_short
    from safebasin.prompts.sources.source import published

    sets = [(name, catalog.contents(name)) for name in catalog.names()]
    return [
        *(
            (name, f"{len(prompts)} {prompts[0].kind}; {_example(prompts[0].text)}")
            for name, prompts in sets
        ),
        *((name, in_short(source)) for name, source in published().items()),
        ("NAME=FILE", "one of the above from a file, or folder, in its published format"),
        (
            "FILE",
            ".csv, .tsv, .jsonl, .json, .parquet or .txt; AdvBench's goal,target is understood",
        ),
    ]


def _one(kind: Kind, name: str) -> Rows:
    from safebasin.prompts.sources.describing import in_full
    from safebasin.prompts.sources.source import published

    source = published().get(name.casefold())
    if kind is not Kind.PROMPTS or source is None:
        raise UsageError(
            f"{shown(name)} is no published prompt set: `safebasin list prompts` shows them all, "
            "and no other list takes a name"
        )
    return in_full(source)


def _example(text: str) -> str:
    return f"e.g. {text}"


def _judges() -> Rows:
    from safebasin.judges.measured import errors
    from safebasin.judges.registry import CATALOGUE

    return [
        (
            name,
            "\n".join(
                line
                for line in (
                    entry.about.title,
                    f"source: {entry.about.source}",
                    entry.about.needs and f"needs: {entry.about.needs}",
                    *errors(name),
                )
                if line
            ),
        )
        for name, entry in CATALOGUE.items()
    ]


def _engines() -> Rows:
    from safebasin.engines.registry import CATALOGUE

    return [
        *((name, about.title) for name, about in CATALOGUE.items()),
        ("ray", "the reference engine in as many workers as there is room for; --workers N is N"),
    ]


def _systems() -> Rows:
    from safebasin.prompts import systems

    own = {
        "none": "no system message: the model's own default stands, if its chat template has one",
        "default": "the same as none",
        "empty": "an empty system message, in place of that default",
    }
    return [(name, own.get(name) or systems.load(name) or "") for name in systems.names()]


def _jailbreaks() -> Rows:
    from safebasin.prompts import jailbreaks

    return [
        ("none", "requests as they are"),
        *((name, jailbreaks.wrapper(name)) for name in jailbreaks.names() if name != "none"),
        ("TEXT", "a wrapper of your own, with {request} where the request goes"),
        ("FILE", "finished adversarial prompts (.csv, .tsv, .jsonl, .txt), or a wrapper (.txt)"),
    ]


_KINDS = {
    Kind.MODELS: "what MODEL may be: the organism, a folder, a hub id, with an adapter",
    Kind.PROMPTS: "sets of harmful and harmless prompts; a second word shows one of them",
    Kind.JUDGES: "what labels the answers, with sources and measured errors",
    Kind.ENGINES: "what runs the model",
    Kind.SYSTEMS: "system prompts by name",
    Kind.JAILBREAKS: "wrappers around requests",
    Kind.RUNS: "your runs in safebasin-runs, or in another folder, and what each found",
}

_ROWS = {
    Kind.MODELS: _models,
    Kind.PROMPTS: _prompts,
    Kind.JUDGES: _judges,
    Kind.ENGINES: _engines,
    Kind.SYSTEMS: _systems,
    Kind.JAILBREAKS: _jailbreaks,
}
