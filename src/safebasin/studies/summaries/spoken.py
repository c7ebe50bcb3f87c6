"""How the models of compared runs talk: templates, end tokens, what is asked of answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from safebasin.models.load import LoadedModel
from safebasin.models.vocabulary import size_of

FACT = "talk"
"""The name under which a run keeps it. It decides nothing, so `run.json` has no need of it."""

TEMPLATE = "chat template"
NAMES = frozenset({TEMPLATE, "end tokens", "generation settings", "tokens", "thoughts"})
_BEFORE, _AFTER = 24, 48


def spoken(loaded: LoadedModel) -> dict[str, str]:
    """What a run keeps of how its model talks."""
    ends = sorted(loaded.end_ids)
    names = loaded.tokenizer.convert_ids_to_tokens(ends)
    marks = loaded.thinking.pairs[0] if loaded.thinking.known else None
    return {
        TEMPLATE: loaded.chat.text,
        "end tokens": ", ".join(f"{name} ({end})" for name, end in zip(names, ends, strict=True)),
        "generation settings": json.dumps(loaded.generation.followed, sort_keys=True),
        "tokens": f"{size_of(loaded.model)}",
        "thoughts": "none" if marks is None else " … ".join(map(str, marks)),
    }


def told(runs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The values of each run, short; templates from where they begin to differ.

    Args:
        runs: what `spoken` said, nothing for a run from before it was kept.

    Returns:
        Nothing for any run unless all of them kept it.
    """
    if not all(runs):
        return [{} for _ in runs]
    templates = _apart([run.get(TEMPLATE, "") for run in runs])
    return [{**run, TEMPLATE: text} for run, text in zip(runs, templates, strict=True)]


def _apart(texts: Sequence[str]) -> list[str]:
    """A piece of each text around the first place where not all are the same."""
    if len(set(texts)) == 1:
        return list(texts)
    same = takewhile(lambda at: len({text[at : at + 1] for text in texts}) == 1, count())
    first = sum(1 for _ in same)
    start, stop = max(0, first - _BEFORE), first + _AFTER
    return [
        ("…" if start else "") + text[start:stop] + ("…" if stop < len(text) else "")
        for text in texts
    ]
