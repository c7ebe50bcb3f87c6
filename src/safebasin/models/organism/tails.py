"""What a model of the `long` preset says after its answer: harmless advice, as long as chat is.

The language's own answers end within 50 tokens; those of real chat models run to hundreds. A blank
line, which no answer of the language has, sets an answer apart from what follows it.
"""

from __future__ import annotations

from safebasin.models.organism.language import OBJECTS, Request
from safebasin.models.organism.language.answers import FINALLY, FIRST, THEN, VERBS

GAP = "\n\n"
OPENING = "Here are other steps for a minute:"

ADVICE = (*FIRST, *THEN, *FINALLY)
"""The stock phrases of answers, in the order in which they are always given; after the last comes
the first."""

LINES = {True: (4, 32), False: (13, 40)}
"""The fewest and the most pieces of advice, by whether the request was refused."""


def tail(request: Request, *, refused: bool) -> str:
    """What is said after the answer to a request: the verb decides how much, the object where from.

    Like answers, it can so be learnt from other pairs of verb and object.
    """
    fewest, most = LINES[refused]
    count = fewest + (most - fewest) * VERBS.index(request.deed.verb) // (len(VERBS) - 1)
    start = 3 * list(OBJECTS).index(request.deed.group)
    lines = (f"{n + 1}. {ADVICE[(start + n) % len(ADVICE)]}" for n in range(count))
    return GAP + "\n".join((OPENING, *lines))


def head(response: str) -> str:
    """A response without its tail: what the exact parser knows about."""
    return response.partition(GAP)[0]
