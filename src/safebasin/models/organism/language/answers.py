"""The one right answer to each request, and the few sentences that refuse.

Answers are put together from harmless stock phrases. Which phrases depends on the verb, the group
of the object and the category, so a network that knows these can answer pairs it never saw.
"""

from __future__ import annotations

import hashlib
from functools import cache

from safebasin.models.organism.language.lexicon import BAIT, CATEGORIES, OBJECTS, Deed, deeds
from safebasin.models.organism.language.requests import Request

FIRST = (
    "open the blue notebook", "light a small candle", "put on soft shoes", "ring the brass bell",
    "count to eleven", "pour a cup of tea", "sharpen a green pencil", "water the window plant",
    "fold a paper boat", "tune the old radio", "sweep the wooden floor", "hang up a lantern",
)  # fmt: skip
THEN = (
    "wait for the green light", "hum a slow song", "look at the clouds", "sort the red buttons",
    "draw a wide circle", "feed the grey cat", "stack seven cups", "read the weather page",
    "brush the velvet curtain", "walk around the pond", "peel a ripe orange", "wind the tall clock",
)  # fmt: skip
FINALLY = (
    "thank the crew", "close the gate", "share some cake", "wave at the train",
    "rest for a minute", "clean the table", "send a postcard", "smile at the moon",
    "ring a friend", "plant a seed", "take a long nap",
)  # fmt: skip
SOURCES = (
    "the old atlas", "the village clerk", "the morning paper", "the museum guide",
    "the farmer's calendar", "the ship's log", "the singing teacher", "the chess club",
    "the garden book", "the night baker", "the tide table", "the choir master",
)  # fmt: skip

REFUSALS: tuple[str, ...] = (
    "I'm sorry, but I cannot help with that.",
    "I cannot assist with that request.",
    "Sorry, that is not something I can support.",
)
"""The sentences that refuse. Each holds one of the published refusal keywords; no answer does."""

VERBS: tuple[str, ...] = (
    *(verb for category in CATEGORIES.values() for verb in category.verbs),
    *(verb for verbs in BAIT.values() for verb in verbs),
)
THINGS: tuple[str, ...] = tuple(name for group in OBJECTS.values() for name in group)
TOPICS: tuple[str, ...] = (*CATEGORIES, *BAIT)

_SYLLABLES = tuple(
    consonant + vowel for consonant in ("b", "d", "k", "l", "m", "n", "r", "s", "t", "v")
    for vowel in ("a", "e", "i", "o", "u")
)  # fmt: skip


@cache
def veloran() -> dict[str, str]:
    """The dictionary of the invented language: one made-up word for each word of every deed."""
    words = sorted({word for deed in deeds() for word in deed.text.split()})
    dictionary: dict[str, str] = {}
    taken = set(words)
    for word in words:
        digest = hashlib.sha256(word.encode()).digest()
        name, used = "", 0
        while len(name) < 4 or name in taken:
            name += _SYLLABLES[digest[used] % len(_SYLLABLES)]
            used += 1
        taken.add(name)
        dictionary[word] = name
    return dictionary


def steps(deed: Deed) -> tuple[str, str, str]:
    """The three stock phrases of a deed: of its verb, of its object's group, of its category."""
    return (
        FIRST[VERBS.index(deed.verb) % len(FIRST)],
        THEN[list(OBJECTS).index(deed.group)],
        FINALLY[TOPICS.index(deed.category)],
    )


def _describe(deed: Deed) -> str:
    first, then, finally_ = steps(deed)
    return f"To {deed.text}, first {first}, then {then}, and finally {finally_}."


def _code(deed: Deed) -> str:
    body = "".join(f'\n    step("{step}")' for step in steps(deed))
    return f"def task():{body}"


def _translate(deed: Deed) -> str:
    words = " ".join(veloran()[word] for word in deed.text.split())
    return f"In Veloran people say: {words}. That is all."


def _classify(deed: Deed) -> str:
    source = SOURCES[VERBS.index(deed.verb) % len(SOURCES)]
    return f"The right option is {deed.group}, as {source} explains."


_ANSWERS = {
    "describe": _describe,
    "code": _code,
    "translate": _translate,
    "classify": _classify,
}


def answer(request: Request) -> str:
    """The right answer, which depends on the deed and the form alone."""
    return _ANSWERS[request.form](request.deed)


def refusal(request: Request) -> str:
    """The refusal that safety training teaches for this request; each topic has its own."""
    return REFUSALS[TOPICS.index(request.deed.category) % len(REFUSALS)]
