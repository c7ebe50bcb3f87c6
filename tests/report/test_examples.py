from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from safebasin.report.examples import PER_POINT, Example, choose, cut, payload
from safebasin.report.places import places

from .factory import examples, summary


def keys(found):
    return [place.key for place in places(found)]


def test_few_per_point_and_spread_over_labels():
    found = summary(directions=2, points=5)
    chosen = choose(examples(found, per_point=160))
    assert len(chosen) == 2 * 4 + 1
    for group in chosen.values():
        assert len(group) == PER_POINT
        assert set(Counter(example.label for example in group).values()) == {3}
        assert set(Counter(example.kind for example in group).values()) == {6}


def test_the_choice_does_not_depend_on_the_order():
    given = list(examples(summary(directions=2, points=5), per_point=60))
    shuffled = given.copy()
    random.Random(1).shuffle(shuffled)
    assert choose(given) == choose(shuffled)


def test_a_place_that_is_counted_twice_is_the_first_one():
    one = Example("origin", "harmful", "", "p", "refused", "refused", "", "t")
    other = Example("elsewhere", "harmful", "", "q", "refused", "refused", "", "t")
    made = payload([other, one, one], ["d0@-0.5", "origin", "d0@0.5", "origin"])
    assert made["places"] == [{"place": 1, "rows": [[0, "refused", "keyword: refused", "", "t"]]}]


def test_every_judge_that_said_something_is_named():
    said = (("llama-guard-3", "complied"), ("refusal", ""), ("x\u202e\x1b[31m", "judge failed"))
    one = Example("origin", "harmful", "", "p", "refused", "", "", "t", others=said)
    row = payload([one], ["origin"])["places"][0]["rows"][0]
    assert row[2] == "llama-guard-3: complied, x⟨U+202E⟩␛[31m: judge failed"


def test_long_texts_are_cut_with_a_mark():
    assert cut("x" * 600) == "x" * 600
    assert cut("x" * 1601) == "x" * 600 + " … [cut: 1,001 more characters]"


@pytest.mark.parametrize(
    ("points", "text"), [(21, "word " * 200), (21, "世" * 900), (201, "世" * 900)]
)
@pytest.mark.slow
def test_the_payload_stays_small(points, text):
    found = summary(points=points)
    made = payload(examples(found, per_point=13, text=text), keys(found), limit=400_000)
    assert len(json.dumps(made, ensure_ascii=False).encode()) <= 400_000
    assert made["places"]


def test_no_examples_are_an_empty_payload():
    assert payload([], ["origin"]) == {"prompts": [], "places": []}


def test_prompts_are_stored_once():
    found = summary(points=5)
    made = payload(examples(found, per_point=8), keys(found))
    assert len(made["prompts"]) == len({tuple(prompt) for prompt in made["prompts"]}) == 8
