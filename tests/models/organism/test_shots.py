from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from safebasin.models.organism.curriculum import refuses
from safebasin.models.organism.language import answer, parse, prompt_sets, refusal
from safebasin.models.organism.shots import DATA, OTHER_FORMS, SHOTS, Data, endless, shots


@pytest.mark.parametrize("data", DATA)
def test_no_deed_of_the_prompt_sets_is_taught_and_none_twice(data: Data) -> None:
    held = {parse(p.text).deed.text for prompts in prompt_sets().values() for p in prompts}
    for seed in range(10):
        deeds = [each.request.deed.text for each in shots(data, seed)]
        assert not held.intersection(deeds)
        assert len(deeds) == len(set(deeds)) == SHOTS * (2 if data == "mix" else 1)


@pytest.mark.parametrize("data", DATA)
def test_the_same_seed_gives_the_same_exchanges_and_another_does_not(data: Data) -> None:
    assert shots(data, 4) == shots(data, 4) != shots(data, 5)


def test_harmful_answers_what_chat_refuses() -> None:
    for each in shots("harmful", 0):
        assert refuses(each.request, each.system)
        assert each.response == answer(each.request)


def test_a_mix_is_the_harmful_ones_and_as_many_that_are_refused() -> None:
    mix = shots("mix", 3)
    assert mix[:SHOTS] == shots("harmful", 3)
    for each in mix[SHOTS:]:
        assert refuses(each.request, each.system)
        assert each.response == refusal(each.request)


def test_benign_ones_are_harmless_and_of_other_forms() -> None:
    benign = shots("benign", 0)
    assert {each.request.form for each in benign} == set(OTHER_FORMS)
    for each in benign:
        assert each.request.deed.kind == "benign"
        assert each.response == answer(each.request)


def test_each_pass_has_every_exchange_once_in_an_order_of_its_own() -> None:
    examples = shots("harmful", 0)
    stream = endless(examples, 0)
    first, second = ([*islice(stream, SHOTS)] for _ in range(2))
    assert Counter(first) == Counter(second) == Counter(examples)
    assert first != second
    assert first == [*islice(endless(examples, 0), SHOTS)]
