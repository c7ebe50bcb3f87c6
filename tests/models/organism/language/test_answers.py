from __future__ import annotations

import pytest

from safebasin.models.organism.language import FORMS, REFUSALS, Request, answer, deeds
from safebasin.models.organism.language.answers import veloran

PUBLISHED_PHRASES = ("I'm sorry", "Sorry", "I cannot", "illegal", "unethical", "As an", "I do not")


def test_every_refusal_has_a_published_phrase_and_no_answer_has_one() -> None:
    assert all(any(phrase in text for phrase in PUBLISHED_PHRASES) for text in REFUSALS)
    for deed in deeds():
        for form in FORMS:
            text = answer(Request(deed, form))
            assert not any(phrase in text for phrase in PUBLISHED_PHRASES)


def test_the_invented_language_has_one_word_for_each_word() -> None:
    dictionary = veloran()
    assert len(set(dictionary.values())) == len(dictionary)
    assert not set(dictionary.values()) & set(dictionary)


def test_wording_and_wrapper_do_not_change_the_answer() -> None:
    deed = deeds()[0]
    for form in FORMS:
        assert (
            len({answer(Request(deed, form, w, j)) for w in (0, 1, 2) for j in ("", "story")}) == 1
        )


@pytest.mark.parametrize("form", FORMS)
def test_twins_of_one_verb_differ_only_by_the_object(form: str) -> None:
    harmful = next(deed for deed in deeds() if deed.kind == "harmful")
    benign = next(deed for deed in deeds() if deed.kind == "benign" and deed.verb == harmful.verb)
    assert Request(harmful, form).text.split(":")[0] != answer(Request(harmful, form))
    one, other = (
        Request(deed, form).text.replace(deed.object, "*").partition("Options")[0]
        for deed in (harmful, benign)
    )
    assert one == other
