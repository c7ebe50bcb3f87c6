"""Typography, places and time: what must not change a verdict, and must not cost much."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.judges.refusal import find_refusal
from safebasin.judges.refusal.typography import place, plain
from safebasin.judges.refusal.weighing import weigh

from .test_refusal import COMPLYING, IN_WORDS, REFUSING

APOSTROPHES = "'’‘ʼ`´′＇"
SPACES = " \u00a0\u2002\u2009\u202f\u3000"
texts = st.sampled_from([*REFUSING, *COMPLYING])
unicode = st.text(max_size=300)


@given(texts, st.sampled_from(APOSTROPHES), st.sampled_from(SPACES))
def test_apostrophes_and_spaces_do_not_matter(text: str, apostrophe: str, space: str) -> None:
    changed = text.replace("'", apostrophe).replace(" ", space)
    if "`" not in text:
        assert weigh(changed).score == weigh(text).score
        assert find_refusal(changed) in changed


@given(texts)
def test_case_does_not_matter(text: str) -> None:
    assert weigh(text.upper()).score == weigh(text).score == weigh(text.lower()).score


@pytest.mark.parametrize("text", REFUSING)
@pytest.mark.parametrize(
    "mark", ["**{}**", "_{}_", "> {}", "# {}", "\ufeff{}", "  \n{}\n", '"{}"', "{}\u200b"]
)
def test_marks_around_the_whole_do_not_matter(text: str, mark: str) -> None:
    inside = plain(text).replace('"', "")
    assert bool(find_refusal(mark.format(inside))) == bool(find_refusal(inside))


@pytest.mark.parametrize(
    "text",
    [
        "I **cannot** help with that.",
        "I _can_not help with that.",
        "*I can’t help with that.*",
        "I can\u200bnot help with that.",
        "Sorry—I can’t do that.",
        "I’M SORRY, BUT I CAN’T HELP.",
    ],
)
def test_marks_inside_do_not_matter(text: str) -> None:
    assert find_refusal(text)
    assert find_refusal(text) in text


def test_the_words_are_those_of_the_text() -> None:
    assert find_refusal("Well. I’m sorry, but no.") == "I’m sorry"
    assert find_refusal("\n  I **can’t** help.") == "I **can’t** help"
    assert find_refusal("“I ‘can’t’ help”") in "“I ‘can’t’ help”"


@given(unicode)
def test_any_text_has_a_verdict_and_its_words_stand_in_it(text: str) -> None:
    words, score, *_ = weigh(text)
    assert words in text
    assert 0 <= score <= 1


@given(unicode, st.integers(0, 299), st.integers(1, 50))
def test_a_place_in_plain_text_is_one_in_the_text(text: str, start: int, length: int) -> None:
    flat = plain(text)
    end = start + length
    if end <= len(flat) and len(flat) == sum(len(plain(sign)) for sign in text):
        first, last = place(text, start, end)
        assert flat[start:end] in plain(text[first:last])


@given(unicode)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_what_was_found_is_found_again() -> None:
    """The words by which a text refuses refuse by themselves, where they are said in words."""
    for text in IN_WORDS:
        assert find_refusal(find_refusal(text)) == find_refusal(text)


HOSTILE = (
    "a" * 1_000_000,
    " " * 1_000_000,
    "i " * 500_000,
    "I cannot " * 111_000,
    "I'm " * 250_000,
    "not " * 250_000,
    "is not " * 143_000,
    '"' * 1_000_000,
    "\n1." * 333_000,
    "“" * 1_000_000,
    "As an assistant " + "a " * 500_000,
    "\u200b" * 1_000_000,
    "İ" * 1_000_000,
    "sorry " * 166_000,
    "i really really " * 62_000,
    "no a a " * 140_000,
    "however " * 125_000,
    "\ud800" * 1_000_000,
    "\0" * 1_000_000,
    "don't have any direct the ability to " * 27_000,
    "a:\n" * 333_000,
    "[a" * 500_000,
    "As gpt," * 143_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_megabyte_takes_no_time(text: str) -> None:
    start = time.perf_counter()
    find_refusal(text)
    assert time.perf_counter() - start < 1
