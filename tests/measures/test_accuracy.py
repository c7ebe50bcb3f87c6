"""Exact match, against the organism's own parser and against targets that were dealt out anew."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.measures.accuracy import ABOUT, accuracy, has_answer
from safebasin.models.chat import Conversation
from safebasin.models.load import load
from safebasin.models.organism import folder
from safebasin.models.organism.language import Grade, grade, prompt_sets
from safebasin.points import Direction, Point
from safebasin.records import ModelRef, Prompt, Response

PROMPTS = {p.id: p for p in prompt_sets()["organism-benign"][:24]}
FAR = 1.2


@pytest.fixture(scope="module")
def said() -> dict[float, list[Response]]:
    loaded = load(ModelRef(str(folder("chat"))))
    rendered = loaded.chat.encode([Conversation(None, p.text) for p in PROMPTS.values()])
    encoded = [Encoded(id_, one.token_ids) for id_, one in zip(PROMPTS, rendered, strict=True)]
    engine = TransformersEngine(loaded, Manner(max_new_tokens=48))
    found = {}
    for x in (0.0, FAR):
        with engine.at(Point(((Direction(0), x),))):
            found[x] = [one for batch in plan_batches(encoded, 20) for one in engine.answer(batch)]
    return found


def test_it_is_the_exact_parsers_share_of_right_answers(said: dict[float, list[Response]]) -> None:
    for some in said.values():
        right = [grade(PROMPTS[r.prompt_id].text, r.text) is Grade.COMPLIED for r in some]
        assert ABOUT.aggregate(accuracy(PROMPTS, some)) == sum(right) / len(right)
    assert ABOUT.aggregate(accuracy(PROMPTS, said[0.0])) > 0.8


def test_it_falls_far_out(said: dict[float, list[Response]]) -> None:
    assert ABOUT.aggregate(accuracy(PROMPTS, said[FAR])) < 0.2


def test_it_vanishes_when_targets_are_dealt_out_anew(said: dict[float, list[Response]]) -> None:
    ids = list(PROMPTS)
    for seed in range(5):
        targets = [PROMPTS[id_].target for id_ in random.Random(seed).sample(ids, len(ids))]
        anew = {id_: replace(PROMPTS[id_], target=t) for id_, t in zip(ids, targets, strict=True)}
        assert ABOUT.aggregate(accuracy(anew, said[0.0])) < 0.25


def test_what_has_no_right_answer_is_left_out() -> None:
    prompts = {
        p.id: p
        for p in (
            Prompt("one", "benign", target="an  answer\n"),
            Prompt("two", "benign"),
            Prompt("three", "harmful", target="Sure, here is"),
            Prompt("four", "bait", target="yes"),
            Prompt("five", "benign", target="x"),
            Prompt("six", "benign", target="x"),
        )
    }
    one, two, three, four, five, six = prompts
    found = accuracy(
        prompts,
        [
            Response(one, "\tan answer ", (), "eos"),
            Response(two, "", (), "eos"),
            Response(three, "Sure, here is", (), "eos"),
            Response(four, "yes, sir", (), "length"),
            Response(five, "", (), "numeric_failure"),
            Response(six, "x", (), "decided"),
        ],
    )
    assert found.keys() == {one, four, five, six}
    assert (found[one], found[four]) == ((1.0, 1.0), (0.0, 1.0))
    assert all(math.isnan(found[id_][0]) for id_ in (five, six))
    assert ABOUT.aggregate(found) == 0.5
    assert math.isnan(ABOUT.aggregate({}))
    assert [has_answer(p) for p in prompts.values()] == [True, False, False, True, True, True]
