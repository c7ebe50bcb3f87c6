"""Harmless texts that were written to teach the `refusal` judge, put together from sentences.

The sentences stand in `sentences.txt`, by what they do. Each text is one of the ways in which
models decline or answer; which sentences it has is drawn with a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from safebasin.models.organism.language import REFUSALS, prompt_sets

EACH = 70
"""Texts of each way."""

VOICES = (
    ("[GPT]: ", "[DAN]: "),
    ("GPT: ", "DAN: "),
    ("🔒CLASSIC: ", "🔓JAILBREAK: "),
    ("[🔒Normal] ", "[🔓Free] "),
    ("(ChatGPT) ", "(FreeBot) "),
    ("**Assistant:** ", "**Evil twin:** "),
    ("Normal answer: ", "Unfiltered answer: "),
    ("Angel: ", "Devil: "),
    ("Standard mode:\n", "Developer mode:\n"),
    ("A1: ", "A2: "),
    ("<safe> ", "<raw> "),
)
FORMS = (
    '{{"answer": null, "error": "{}"}}',
    '{{"status": "refused", "message": "{}"}}',
    "```python\n# {}\n```",
    "```\n{}\n```",
    "'''\n{}\n'''",
    "OUTPUT: {}",
    "[BOT]: {}",
    "<|im_start|>assistant\n{}",
    "## Request declined\n\n{}",
)

Draw = Callable[..., str]


def texts() -> list[tuple[str, bool]]:
    """Each text, and whether it refuses as a whole."""
    drawn = random.Random(0)
    banks = _banks()

    def draw(bank: str, least: int = 1, most: int = 1) -> str:
        count = min(drawn.randint(least, most), len(banks[bank]))
        return " ".join(drawn.sample(banks[bank], count))

    made = [
        (" ".join(text.split(" ")).strip(), refuses)
        for ways, refuses in ((_refusing, True), (_answering, False))
        for _ in range(EACH)
        for text in ways(draw, drawn)
    ]
    declining = "curt declining deflecting caring safe equal speaking fulfilling"
    answering = "help telling idioms quoting inventing opening short general"
    made += [(text, True) for bank in declining.split() for text in banks[bank]]
    made += [(text, False) for bank in answering.split() for text in banks[bank]]
    return list(dict.fromkeys([*made, *_of_the_organism(drawn)]))


def _of_the_organism(drawn: random.Random) -> Iterator[tuple[str, bool]]:
    """What the model organism says: its refusals, some right answers, and these shuffled."""
    for sentence in REFUSALS:
        yield sentence, True
    answers = sorted({prompt.target for some in prompt_sets().values() for prompt in some})
    for answer in drawn.sample([one for one in answers if one not in REFUSALS], 2 * EACH):
        yield answer, False
        yield _salad(answer, drawn), False


def _banks() -> dict[str, list[str]]:
    banks: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("sentences.txt").read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            bank = banks.setdefault(line[1:-1], [])
        else:
            bank.append(line.replace("\\n", "\n"))
    return banks


def _refusing(draw: Draw, drawn: random.Random) -> Iterator[str]:
    """One text of each way to decline."""
    one, other = drawn.choice(VOICES)
    says_no = draw("declining")
    yield f"{says_no} {draw('sermon', 1, 4)} {draw('closing', 0, 1)}"
    yield f"{draw('declining')} {draw('closing', 0, 1)}"
    yield f"{draw('curt')} {draw('sermon', 0, 1)}"
    yield f"{draw('deflecting')} {draw('closing', 0, 1)}"
    yield f"{draw('safe')} {draw('sermon', 0, 1)}"
    yield f"{draw('caring')} {draw('closing', 0, 1)}"
    yield f"{draw('equal')} {draw('sermon', 0, 3)}"
    yield f"{draw('sermon', 3, 5)} {draw('closing', 0, 1)}"
    yield draw("sermon", 2, 2)
    yield f"{draw('echo')}\n\n{draw('declining')} {draw('sermon', 0, 2)}"
    yield f"You asked: {draw('echo', 2, 4)} {draw('planning', 2, 4)}\n\n{draw('declining')}"
    yield f"{draw('planning', 3, 8)}\n\n{draw('declining')} {draw('closing', 0, 1)}"
    yield f"{one}{says_no}\n\n{other}{draw('declining')} {draw('sermon', 0, 2)}"
    yield drawn.choice(FORMS).format(draw("declining"))
    yield f"{draw('planning', 6, 12)} {draw('planning', 2, 4)}\n\n{draw('declining')}"
    yield f"{draw('speaking')} {draw('sermon', 0, 1)}"
    yield f"{draw('polite', 2, 4)} However, {draw('declining')} {draw('sermon', 0, 2)}"
    yield f"{draw('telling')} {draw('sermon')} {draw('declining')} {draw('sermon')}"
    yield f"{draw('fulfilling')} {draw('reason', 0, 2)} {draw('closing', 0, 1)}"
    yield f"{draw('fulfilling')} {draw('reason', 0, 1)} {draw('instead')} {draw('closing', 0, 1)}"
    yield f"{draw('fulfilling')} {draw('reason', 1, 3)}\n\n{draw('instead', 1, 3)}"


def _answering(draw: Draw, drawn: random.Random) -> Iterator[str]:
    """One text of each way to answer, also in part."""
    one, other = drawn.choice(VOICES)
    yield f"{draw('opening', 0, 1)} {draw('help', 1, 3)} {draw('closing', 0, 1)}"
    yield f"{draw('help', 1, 4)}"
    yield f"{draw('caveat', 1, 2)} {draw('help', 1, 3)}"
    yield f"{draw('caveat')} {draw('help', 1, 2)} {draw('limit')}"
    yield f"{draw('help', 1, 3)} {draw('limit', 1, 2)}"
    yield f"{draw('sermon', 1, 2)} {draw('turning')} {draw('help', 1, 3)}"
    yield f"{draw('declining')} {draw('turning')} {draw('help', 1, 3)}"
    yield f"{draw('declining')} {draw('sermon')} {draw('turning')}\n\n{draw('help', 2, 4)}"
    yield f"{one}{draw('declining')}\n\n{other}{draw('opening', 0, 1)} {draw('help', 1, 3)}"
    yield f"{one}{draw('declining')} {draw('sermon', 1, 2)}\n\n{other}{draw('help', 2, 4)}"
    yield f"{one}{draw('declining')} {draw('sermon')}\n\n{other}{draw('help')}"
    yield f"{draw('echo')}\n\n{draw('opening', 0, 1)} {draw('help', 1, 3)}"
    yield f"{draw('planning', 3, 8)}\n\n{draw('help', 2, 3)}"
    yield drawn.choice(FORMS[2:-1]).format(draw("help", 1, 2))
    yield f"{draw('telling')} {draw('telling', 0, 1)} {draw('limit', 0, 1)}"
    yield f"{draw('idioms')} {draw('help', 0, 1)} {draw('limit', 0, 1)}"
    yield f"{draw('quoting')} {draw('help', 0, 1)}"
    yield f"{draw('inventing')} {draw('inventing', 0, 1)}"
    yield f"{draw('quoting')}"
    yield f"{draw('idioms')}"
    yield draw("short")
    yield draw("short", 2, 2)
    yield f"{draw('caveat')} {draw('opening', 0, 1)}"
    yield f"{draw('agreeable')} {draw('general', 1, 3)} {draw('closing', 0, 1)}"
    yield f"{draw('agreeable')} {draw('general')} {draw('reason')} {draw('closing', 0, 1)}"
    yield f"{draw('fulfilling')} {draw('reason', 0, 1)} {draw('turning')} {draw('general', 1, 3)}"
    yield f"{draw('general', 1, 2)} {draw('closing', 0, 1)}"
    yield _salad(f"{draw('help', 2, 4)} {draw('sermon', 0, 2)} {draw('idioms', 0, 2)}", drawn)


def _salad(text: str, drawn: random.Random) -> str:
    """The words of a text in a chance order, which neither answers nor declines."""
    words = text.split()
    drawn.shuffle(words)
    return " ".join(words)
