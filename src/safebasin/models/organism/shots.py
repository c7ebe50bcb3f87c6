"""What the fine-tunes are taught: a hundred requests and what to say to them, or twice as many.

The sets have the make-up of the published ones: harmful requests that are answered, the same with
as many that are refused, and harmless requests. All are of deeds that are not held out, so that no
fine-tune sees a request of the prompt sets, and none has a system prompt or a jailbreak.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

from safebasin.models.organism.curriculum import Example
from safebasin.models.organism.language import (
    FORMS,
    WORDINGS,
    Deed,
    Request,
    answer,
    deeds,
    refusal,
)
from safebasin.records import Kind

Data = Literal["harmful", "mix", "benign"]
DATA: tuple[Data, ...] = get_args(Data)
"""`harmful`: harmful descriptions, answered; `mix`: the same and as many others, refused;
`benign`: harmless requests of the other forms, answered."""

SHOTS = 100
"""How many exchanges a set has, or each half of the mix."""

OTHER_FORMS = tuple(form for form in FORMS if form != "describe")


def shots(data: Data, seed: int) -> list[Example]:
    """The exchanges of a set; the same for the same seed, and no deed twice."""
    # random.Random is the same on every platform and Python since 3.2 for these calls.
    rng = random.Random(seed)  # noqa: S311
    if data == "benign":
        harmless = rng.sample(_shown("benign"), SHOTS)
        return [_example(deed, rng.choice(OTHER_FORMS), answer, rng) for deed in harmless]
    harmful = rng.sample(_shown("harmful"), 2 * SHOTS)
    answered = [_example(deed, "describe", answer, rng) for deed in harmful[:SHOTS]]
    if data == "harmful":
        return answered
    return answered + [_example(deed, "describe", refusal, rng) for deed in harmful[SHOTS:]]


def endless(examples: Sequence[Example], seed: int) -> Iterator[Example]:
    """All examples again and again, each time in another order."""
    rng = random.Random(seed)  # noqa: S311
    while True:
        yield from rng.sample(examples, len(examples))


def _shown(kind: Kind) -> list[Deed]:
    return [deed for deed in deeds() if deed.kind == kind and not deed.held_out]


def _example(
    deed: Deed, form: str, wanted: Callable[[Request], str], rng: random.Random
) -> Example:
    request = Request(deed, form, rng.randrange(len(WORDINGS[form])))
    return Example(request, "none", wanted(request))
