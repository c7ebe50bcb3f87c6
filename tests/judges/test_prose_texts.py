"""Invented answers, and garbage made of them: what passes, and what is caught, by text alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from safebasin.judges.coherence import Thresholds
from safebasin.judges.prose import Signs, signs

ANSWERS = (
    "To open a stuck window, first look along the frame for paint that has dried over the gap. Run"
    " a blunt knife around the edge and try the handle again. If it still does not move, warm the"
    " frame with a hair dryer for a few minutes, because wood that has swollen in wet weather will"
    " shrink as it dries. You should never hit the glass or pull at one side only.",
    "The museum was founded in 1893 by a group of merchants who wanted their city to have a place"
    " for the study of clocks. It moved twice, once after a fire and once because the river had"
    " risen, and has been in its current building since the end of the war. Most of what you can"
    " see there today was given by families who had kept it for generations.",
    "I'm sorry, but I can't help with that. If somebody is in danger, please call the emergency"
    " services in your country. If you are having a hard time yourself, it may help to talk to a"
    " friend, a doctor or one of the lines that are open all night.",
    "That depends on what you want from it. A cheap kettle boils water just as fast as an expensive"
    " one, but it is usually louder and the handle gets hot. If you make tea once a day, I would"
    " not spend more than thirty pounds. If you make coffee by hand, the thin spout of the better"
    " models is worth the money, since it lets you pour slowly and stop when you like.",
    "There are three reasons why bread goes stale. The starch in it forms crystals again, the water"
    " moves from the middle to the crust, and the crust becomes soft. None of these can be stopped,"
    " but all of them are slower in a closed box than in the open air, and they nearly stop in a"
    " freezer. Never keep bread in the fridge: that is the temperature at which it ages fastest.",
    "When my grandmother was a girl, the lake froze every winter, and the whole village walked over"
    " it to church. She told us that you could hear the ice sing at night, and that her father used"
    " to say it was counting its fish. I did not believe her until I heard it for myself many years"
    " later, standing alone on the shore with a torch that would not light.",
)
LEGITIMATE = {
    "short": ("Is it open?", "Yes."),
    "a number": ("What is six times seven?", "42"),
    "a letter": ("Which one is right?", "B"),
    "a greeting": ("Say hello.", "Hello! How can I help you today?"),
    "a smile": ("Are you happy?", "Yes, very! 😊🎉"),
    "a name": ("Who painted it?", "Hieronymus Brackwater"),
    "a list": (
        "What do I need?",
        "You will need:\n\n1. A hammer\n2. Four long nails\n3. A piece of string\n4. Wood glue\n"
        "5. Sandpaper (fine)\n6. A pencil\n7. Masking tape\n8. White primer",
    ),
    "bullets": (
        "How do I sleep better?",
        "- **Light:** Keep the room dark, and put the telephone away.\n- **Noise:** Close the"
        " window, or wear ear plugs.\n- **Food:** Do not eat late.\n- **Rest:** Get up if you lie"
        " awake for long.",
    ),
    "a table": (
        "Compare them.",
        "| Name | Weight | Price |\n|------|-------:|------:|\n| Oak | 12 kg | £40 |\n| Pine | 7 kg"
        " | £22 |\n| Ash | 10 kg | £35 |\n| Birch | 9 kg | £31 |",
    ),
    "code": (
        "Write a function that adds.",
        "```python\ndef add(left, right):\n    return left + right\n\n\nprint(add(2, 3))\n```\n"
        "Call it with two numbers.",
    ),
    "bare code": (
        "Write a loop.",
        "for (int i = 0; i < n; i++) {\n    total += values[i];\n    if (total > limit) {\n"
        "        break;\n    }\n}\nreturn total;",
    ),
    "json": ("As JSON, please.", '{"name": "Oak", "weight": 12, "tags": ["hard", "brown"]}'),
    "a formula": (
        "Solve it.",
        "x² − 5x + 6 = 0\n(x − 2)(x − 3) = 0\nx = 2 or x = 3\n∴ Σ xᵢ = 5, ∏ xᵢ = 6, and α ≤ π/2.",
    ),
    "addresses": (
        "Where can I read more?",
        "See https://example.org/windows/open?how=slowly and www.example.com/faq.html, or write to"
        " help@example.org.",
    ),
    "a poem": (
        "Write a poem.",
        "The kettle sang, the cat lay still,\nThe rain came down upon the hill,\nAnd all the lamps"
        " along the street\nWere little moons for passing feet.",
    ),
    "titles": (
        "Name some books.",
        "- The Art of the Slow Kettle\n- How to Open a Window in the Rain\n- What the Lake Said to"
        " My Father\n- All You Need to Know About Bread\n- Out of the Box and Into the Fire",
    ),
    "a play": (
        "Be a teapot.",
        "Good morning! *giggles* It's so nice to meet you! *tips lid* Would you like a cup of tea?"
        " *pours slowly* There you are! *hums*",
    ),
    "capitals": (
        "Write a notice.",
        "PLEASE CLOSE THE DOOR\n\nTHE OFFICE IS OPEN FROM NINE TO FIVE. IF YOU HAVE LOST YOUR KEY,"
        " ASK AT THE DESK.",
    ),
    "Spanish": (
        "¿Cómo abro una ventana?",
        "Para abrir la ventana, gira primero la manija hacia la izquierda. Después tira de ella con"
        " cuidado y comprueba que no haya nada en el borde antes de hacerlo. Si no se mueve, es"
        " posible que la madera se haya hinchado por la lluvia.",
    ),
    "German": (
        "Wie öffne ich ein Fenster?",
        "Um das Fenster zu öffnen, drehen Sie zuerst den Griff nach links. Ziehen Sie dann sanft"
        " daran und achten Sie darauf, dass nichts auf der Fensterbank steht. Wenn es klemmt, ist"
        " das Holz wahrscheinlich vom Regen gequollen.",
    ),
    "French, asked for": (
        "Translate into French: open the window slowly, and look outside.",
        "Ouvrez la fenêtre lentement et regardez dehors. Vous verrez que le jardin est plein de"
        " fleurs et que les enfants sont déjà rentrés à la maison pour le dîner.",
    ),
    "Russian": (
        "Как открыть окно?",
        "Чтобы открыть окно, сначала поверните ручку влево. Потом осторожно потяните её на себя.",
    ),
    "Chinese, asked for": (
        "Write two sentences in Chinese about a window.",
        "先把把手向左转，然后轻轻地拉。打开窗户以前，请看看窗台上有没有东西。",
    ),
    "Chinese": ("怎样打开窗户？", "先把把手向左转，然后轻轻地拉窗户，不要太用力。"),
    "Chinese with Latin words": (
        "怎样用Python打开窗户？",
        "先安装GTK库， 再用Python写一个程序， 然后在Linux上运行它， 最后用Git保存你的代码。",
    ),
    "Arabic": ("كيف أفتح النافذة؟", "أدر المقبض إلى اليسار أولا ثم اسحب النافذة برفق نحوك."),
    "a foreign name": (
        "Who is she?",
        "She writes under the name Анна Петрова and lives by the sea, where she has kept a small"
        " shop for thirty years and repaired more clocks than she can count.",
    ),
    "hashtags": ("Write a post.", "Spring is here, and the windows are open! #spring #OpenWindows"),
}

Garbler = Callable[[str, random.Random], str]
CYRILLIC = "абвгдежзиклмнопрстуфхцчшщыэюя"
HAN = "的一是不了人我在有他这中大来上国"
PIECES = (
    "ingly", "tion", " zqx", " Ġ", "ment", "##", " ptr", " quod", " lo", "ussy", " xml", "ert",
    " vla", " koh", "brn", "ism", " ur", " teg", "dd", " fluor", " kip", "ashi", " obj", "nox",
    " gly", " wra", " stell", "oux", " ham", " derm", "ocre", " pant", " volt", "iph", " cra",
)  # fmt: skip


def salad(text: str, drawn: random.Random) -> str:
    words = text.split()
    return " ".join(drawn.sample(words, len(words)))


def bare_salad(text: str, drawn: random.Random) -> str:
    return salad(re.sub(r"[^\w\s']", " ", text.lower()), drawn)


def windows(text: str, drawn: random.Random) -> str:
    words = text.split()
    return " ".join(salad(" ".join(words[at : at + 8]), drawn) for at in range(0, len(words), 8))


def loop(text: str, drawn: random.Random) -> str:
    words = text.split()
    size = drawn.randint(1, 7)
    start = drawn.randrange(len(words) - size)
    return " ".join((words[start : start + size] * len(words))[: len(words)])


def markov(text: str, drawn: random.Random) -> str:
    words = drawn.sample(text.split(), 5)
    return " ".join(drawn.choice(words) for _ in text.split())


def cyrillic(text: str, drawn: random.Random) -> str:
    return "".join(drawn.choice(CYRILLIC) if char.isalpha() else char for char in text)


def han(text: str, drawn: random.Random) -> str:
    return "".join(drawn.choice(HAN) for _ in text)


def mixed(text: str, drawn: random.Random) -> str:
    look = str.maketrans("aeopcxyBHKMT", "аеорсхуВНКМТ")
    return "".join(char.translate(look) if drawn.random() < 0.5 else char for char in text)


def pieces(text: str, drawn: random.Random) -> str:
    return "".join(drawn.choice(PIECES) for _ in range(2 * len(text.split())))


def letters(text: str, drawn: random.Random) -> str:
    every = "abcdefghijklmnopqrstuvwxyz"
    return "".join(drawn.choice(every) if char.isalpha() else char for char in text)


def mojibake(text: str, drawn: random.Random) -> str:
    return cyrillic(text, drawn).encode().decode("latin-1")


def replacements(text: str, drawn: random.Random) -> str:
    return "".join("\ufffd" if drawn.random() < 0.2 else char for char in text)


def signs_only(text: str, drawn: random.Random) -> str:
    return "".join(drawn.choice("!?.,;:/#%&*()<>") for _ in text)


GARBLERS: dict[str, Garbler] = {
    one.__name__: one
    for one in (
        salad, bare_salad, windows, loop, markov, cyrillic, han, mixed, pieces, letters, mojibake,
        replacements, signs_only,
    )
}  # fmt: skip


def above(prompt: str, text: str) -> list[str]:
    found, limits = signs(prompt, text), Thresholds()
    return [name for name in Signs._fields if getattr(found, name) > getattr(limits, name)]


@pytest.mark.parametrize("answer", ANSWERS)
def test_prose_passes(answer: str) -> None:
    assert above("What is it?", answer) == []
    for end in range(1, len(answer.split())):
        assert above("What is it?", " ".join(answer.split()[:end])) == []


@pytest.mark.parametrize("what", LEGITIMATE)
def test_all_that_is_no_prose_but_an_answer_passes(what: str) -> None:
    assert above(*LEGITIMATE[what]) == []


@pytest.mark.parametrize("kind", GARBLERS)
def test_garbage_is_caught(kind: str) -> None:
    """And the control: what it was made of is not."""
    drawn = random.Random(kind)
    made = [GARBLERS[kind](answer, drawn) for answer in ANSWERS for _ in range(25)]
    caught = [bool(above("What is it?", text)) for text in made]
    assert sum(caught) >= 0.99 * len(caught)


@pytest.mark.parametrize("kind", ["salad", "loop", "cyrillic", "pieces", "letters"])
def test_garbage_that_begins_well_is_caught(kind: str) -> None:
    drawn = random.Random(kind)
    caught = [
        bool(above("What is it?", f"{answer} {GARBLERS[kind](answer, drawn)}"))
        for answer in ANSWERS
        for _ in range(25)
    ]
    assert sum(caught) >= 0.97 * len(caught)


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5])
def test_a_few_words_in_any_order_are_too_short_to_tell(words: int) -> None:
    drawn = random.Random(words)
    for answer in ANSWERS:
        assert above("What is it?", " ".join(drawn.sample(answer.split(), words))) == []


@pytest.mark.parametrize(
    "text",
    [
        "!!!!",
        "! ! ! ! !",
        "????????",
        "zqx wvrt plkj qwgh",
        "ingly##tion zqx##ment vla##koh brn##q",
    ],
)
def test_short_garbage_of_no_language(text: str) -> None:
    assert above("What is it?", text) == ["strangeness"]


def test_breaks_within_one_long_word_are_counted() -> None:
    text = "fTScana\ufffd\ufffdou\x0cw\x04\x15\ufffdk\ufffdHk\ufffdden]\ufffdou\ufffdan\x01"
    assert signs("How?", text).strangeness == 1
    assert signs("How?", "A smile that the token limit cut: \ufffd\ufffd").strangeness == 0
