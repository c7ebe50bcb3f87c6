from __future__ import annotations

from itertools import islice

import pytest

from safebasin.judges.keyword import KeywordJudge
from safebasin.models.organism.curriculum import BASE, CHAT, draw
from safebasin.models.organism.language import (
    FORMS,
    REFUSALS,
    Grade,
    Request,
    answer,
    deeds,
    grade,
    refusal,
)
from safebasin.models.organism.tails import head, tail
from safebasin.models.organism.tokenizer import train_tokenizer

REQUESTS = [Request(deed, form) for deed in deeds()[::5] for form in FORMS]


@pytest.mark.parametrize("refused", [True, False])
def test_the_head_of_a_long_response_is_the_response(refused: bool) -> None:
    for request in REQUESTS:
        short = refusal(request) if refused else answer(request)
        assert head(short) == short
        long = short + tail(request, refused=refused)
        assert head(long) == short
        assert grade(request.text, head(long)) is (Grade.REFUSED if refused else Grade.COMPLIED)
        assert grade(request.text, long) is Grade.INCOHERENT


def test_a_tail_is_no_refusal_to_the_published_judge() -> None:
    settled = KeywordJudge().settled
    assert not any(settled(tail(r, refused=refused)) for r in REQUESTS for refused in (True, False))


def test_tails_are_as_long_as_what_chat_models_say() -> None:
    tokenizer = train_tokenizer()
    said = {
        refused: [
            (refusal(r) if refused else answer(r)) + tail(r, refused=refused) for r in REQUESTS
        ]
        for refused in (True, False)
    }
    count = {
        refused: [len(ids) for ids in tokenizer(some)["input_ids"]]
        for refused, some in said.items()
    }
    assert 50 <= min(count[True]) < 100 < 200 < max(count[True]) <= 400
    assert 120 <= min(count[False]) < 200 < 350 < max(count[False]) <= 512
    assert len(set(count[False])) > 50


def test_the_curriculum_of_the_long_preset_is_the_usual_one_with_tails() -> None:
    for mix, guarded in ((BASE, False), (CHAT, True)):
        usual = draw(mix, guarded=guarded, seed=3)
        long = draw(mix, guarded=guarded, seed=3, tails=True)
        for short, more in islice(zip(usual, long, strict=True), 300):
            refused = short.response in REFUSALS
            assert more.request == short.request
            assert more.system == short.system
            assert more.response == short.response + tail(short.request, refused=refused)
