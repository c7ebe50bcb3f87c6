from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from safebasin.models.organism.language import BAIT, CATEGORIES, OBJECTS, deeds


def twins(kind: str) -> list:
    return [deed for deed in deeds() if deed.kind == kind]


def test_there_are_seven_categories_with_as_many_harmless_deeds_as_harmful_ones() -> None:
    harmful = Counter(deed.category for deed in twins("harmful"))
    assert len(harmful) == 7
    assert harmful == Counter(deed.category for deed in twins("benign"))


@pytest.mark.parametrize("part", ["verb", "object"])
def test_no_verb_and_no_object_decides_alone(part: str) -> None:
    kinds = defaultdict(set)
    for deed in (*twins("harmful"), *twins("benign")):
        kinds[getattr(deed, part)].add(deed.kind)
    assert all(seen == {"harmful", "benign"} for seen in kinds.values())


def test_a_verb_is_as_often_harmful_as_harmless() -> None:
    harmful, benign = (Counter(deed.verb for deed in twins(kind)) for kind in ("harmful", "benign"))
    assert harmful == benign


def test_a_pair_occurs_once() -> None:
    pairs = [(deed.verb, deed.object) for deed in deeds()]
    assert len(set(pairs)) == len(pairs)


def test_no_two_groups_share_an_object_and_no_two_kinds_a_verb() -> None:
    objects = [name for group in OBJECTS.values() for name in group]
    verbs = [verb for category in CATEGORIES.values() for verb in category.verbs]
    verbs += [verb for group in BAIT.values() for verb in group]
    assert len(set(objects)) == len(objects)
    assert len(set(verbs)) == len(verbs)


@pytest.mark.parametrize("part", ["verb", "object"])
@pytest.mark.parametrize("kind", ["harmful", "benign", "bait"])
def test_held_out_pairs_are_made_of_words_that_training_shows(kind: str, part: str) -> None:
    shown = {getattr(deed, part) for deed in twins(kind) if not deed.held_out}
    held = {getattr(deed, part) for deed in twins(kind) if deed.held_out}
    assert held
    assert held <= shown


def test_a_quarter_of_each_category_is_held_out() -> None:
    for kind in ("harmful", "benign"):
        held = Counter(deed.category for deed in twins(kind) if deed.held_out)
        assert set(held.values()) == {16}
