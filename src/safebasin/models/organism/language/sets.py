"""The prompt sets: held-out deeds, so that no model has seen their requests in training."""

from __future__ import annotations

from functools import cache

from safebasin.models.organism.language.answers import answer
from safebasin.models.organism.language.lexicon import deeds
from safebasin.models.organism.language.requests import FORMS, WORDINGS, Request
from safebasin.records import KINDS, Kind, Prompt


def _requests(kind: Kind, form: str) -> list[Request]:
    """Held-out deeds, one of each category in turn, so that any first few are a fair sample."""
    by_category: dict[str, list[Request]] = {}
    for deed in deeds():
        if deed.held_out and deed.kind == kind:
            row = by_category.setdefault(deed.category, [])
            row.append(Request(deed, form, len(row) % len(WORDINGS[form])))
    return [request for turn in zip(*by_category.values(), strict=True) for request in turn]


@cache
def prompt_sets() -> dict[str, tuple[Prompt, ...]]:
    """Every prompt set of the organism, by name; the same on every call and machine.

    `organism-harmful` and its twins `organism-benign` (112 each, same verbs, same wordings, in the
    same order) and `organism-bait` (32) ask for descriptions; the same sets in the other forms are
    called `organism-harmful-code` and so on. `target` is the right answer, which for every request
    is made of harmless stock phrases.
    """
    return {
        f"organism-{kind}" + ("" if form == "describe" else f"-{form}"): tuple(
            Prompt(request.text, kind, request.deed.category, form, answer(request))
            for request in _requests(kind, form)
        )
        for form in FORMS
        for kind in KINDS
    }
