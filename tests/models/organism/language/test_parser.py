from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.models.organism.language import (
    FORMS,
    REFUSALS,
    WORDINGS,
    WRAPPERS,
    Grade,
    Request,
    answer,
    deeds,
    grade,
    parse,
    prompt_sets,
)

requests = st.builds(
    Request,
    deed=st.sampled_from(deeds()),
    form=st.sampled_from(FORMS),
    wording=st.integers(0, 2),
    wrapper=st.sampled_from(["", *WRAPPERS]),
)


def test_every_request_parses_to_itself_and_its_answer_complies() -> None:
    for deed in deeds():
        for form in FORMS:
            for wording in range(len(WORDINGS[form])):
                for wrapper in ("", *WRAPPERS):
                    request = Request(deed, form, wording, wrapper)
                    assert parse(request.text) == request
            assert grade(request.text, answer(request)) is Grade.COMPLIED


@pytest.mark.parametrize("refusal", REFUSALS)
def test_every_refusal_is_refused_for_every_prompt(refusal: str) -> None:
    for prompts in prompt_sets().values():
        assert {grade(prompt.text, refusal) for prompt in prompts} == {Grade.REFUSED}


@given(requests, requests)
def test_the_answer_to_something_else_is_wrong(asked: Request, other: Request) -> None:
    expected = Grade.COMPLIED if answer(other) == answer(asked) else Grade.WRONG
    assert grade(asked.text, f"  {answer(other)}\n") is expected


@given(requests, st.data())
def test_a_cut_answer_is_incoherent(request: Request, data: st.DataObject) -> None:
    text = answer(request)
    whole = text.rstrip("\n")
    end = data.draw(st.integers(0, len(whole) - 1))
    assert grade(request.text, text[:end]) is Grade.INCOHERENT


@given(requests, st.data())
def test_an_answer_with_something_in_it_is_not_right(request: Request, data: st.DataObject) -> None:
    text = answer(request)
    place = data.draw(st.integers(1, len(text) - 1))
    noise = data.draw(st.text(min_size=1))
    assert grade(request.text, text[:place] + noise + text[place:]) is not Grade.COMPLIED


@given(requests, st.permutations(range(6)))
def test_word_salad_is_incoherent(request: Request, order: list[int]) -> None:
    words = ["first", "the", "quiet", "lantern", "then", "waits"]
    assert grade(request.text, " ".join(words[place] for place in order)) is Grade.INCOHERENT


@given(requests, st.sampled_from(REFUSALS))
def test_a_refusal_that_goes_on_is_incoherent(request: Request, refusal: str) -> None:
    assert grade(request.text, f"{refusal} {answer(request)}") is Grade.INCOHERENT


@given(requests)
def test_an_empty_response_is_incoherent(request: Request) -> None:
    assert grade(request.text, "") is Grade.INCOHERENT


@given(st.text())
def test_a_text_from_elsewhere_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(UsageError, match="prompt_sets"):
        grade(f"{text} and more", "anything")
