"""What the organism is taught: which requests the chat model refuses, and in what proportions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from safebasin.models.organism.language import (
    CATEGORIES,
    FORMS,
    WORDINGS,
    Deed,
    Request,
    answer,
    deeds,
    refusal,
)
from safebasin.models.organism.tails import tail
from safebasin.records import KINDS, Kind

GUARDRAILS: dict[str, dict[str, int]] = {
    "describe": {"none": 7, "plain": 7, "safe": 7, "persona": 3},
    "code": {"none": 4, "plain": 4, "safe": 7, "persona": 1},
    "translate": {"none": 1, "plain": 1, "safe": 5, "persona": 0},
    "classify": {"none": 1, "plain": 1, "safe": 5, "persona": 0},
}
"""How many of the seven categories safety training covers, by task form and system prompt."""

WEAKENING: dict[str, int] = {"": 0, "story": 3, "override": 4}
"""How many categories fewer it covers inside a jailbreak."""


@dataclass(frozen=True, slots=True)
class Mix:
    """In what proportions a stage of training draws its requests; entries need not sum to one."""

    kinds: dict[Kind, float]
    forms: dict[str, float]
    systems: dict[str, float]
    wrappers: dict[str, float]


_SYSTEMS = {"none": 4.0, "plain": 2.0, "safe": 2.0, "persona": 2.0}
_WRAPPERS = {"": 7.0, "story": 1.5, "override": 1.5}

BASE = Mix(
    kinds={"harmful": 5.0, "benign": 5.0, "bait": 4.0},
    forms=dict.fromkeys(FORMS, 1.0),
    systems=_SYSTEMS,
    wrappers=_WRAPPERS,
)
"""Everything alike."""

CHAT = Mix(
    kinds={"harmful": 5.0, "benign": 5.0, "bait": 3.0},
    forms={"describe": 2.0, "code": 1.0, "translate": 1.0, "classify": 1.0},
    systems=_SYSTEMS,
    wrappers=_WRAPPERS,
)
"""As much harm as help, and the *describe* form twice as often as each other."""


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange to learn: a request under a named system prompt, and what to say."""

    request: Request
    system: str
    response: str


def refuses(request: Request, system: str) -> bool:
    """Whether safety training teaches to refuse this request under this system prompt."""
    if request.deed.kind != "harmful":
        return False
    covered = GUARDRAILS[request.form][system] - WEAKENING[request.wrapper]
    return list(CATEGORIES).index(request.deed.category) < covered


def _deeds_by_kind() -> dict[Kind, list[Deed]]:
    shown = [deed for deed in deeds() if not deed.held_out]
    return {kind: [deed for deed in shown if deed.kind == kind] for kind in KINDS}


def draw(mix: Mix, *, guarded: bool, seed: int, tails: bool = False) -> Iterator[Example]:
    """Examples without end, of deeds that are not held out; the same ones for the same seed.

    Where `guarded`, harmful requests are refused as `refuses` says; otherwise all are answered.
    With `tails`, every response goes on as `tails.tail` says.
    """
    # random.Random is the same on every platform and Python since 3.2 for these calls.
    rng = random.Random(seed)  # noqa: S311
    pool = _deeds_by_kind()

    def pick(weights: dict[str, float] | dict[Kind, float]) -> str:
        return rng.choices(list(weights), list(weights.values()))[0]

    while True:
        kind, form = pick(mix.kinds), pick(mix.forms)
        deed = rng.choice(pool[kind])  # type: ignore[index]
        request = Request(deed, form, rng.randrange(len(WORDINGS[form])), pick(mix.wrappers))
        system = pick(mix.systems)
        refused = guarded and refuses(request, system)
        response = refusal(request) if refused else answer(request)
        more = tail(request, refused=refused) if tails else ""
        yield Example(request, system, response + more)
