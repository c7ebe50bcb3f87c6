from __future__ import annotations

from collections import Counter
from itertools import islice

from safebasin.models.organism.curriculum import BASE, CHAT, GUARDRAILS, draw, refuses
from safebasin.models.organism.language import (
    FORMS,
    REFUSALS,
    SYSTEMS,
    WRAPPERS,
    Request,
    answer,
    deeds,
    parse,
    prompt_sets,
)


def test_training_never_shows_a_held_out_deed() -> None:
    held = {parse(p.text).deed.text for prompts in prompt_sets().values() for p in prompts}
    for mix, guarded in ((BASE, False), (CHAT, True)):
        shown = {
            each.request.deed.text for each in islice(draw(mix, guarded=guarded, seed=0), 9999)
        }
        assert not shown & held


def test_the_same_seed_gives_the_same_examples_and_another_does_not() -> None:
    first, again, other = (
        list(islice(draw(CHAT, guarded=True, seed=seed), 50)) for seed in (3, 3, 4)
    )
    assert first == again != other


def test_base_answers_everything() -> None:
    for each in islice(draw(BASE, guarded=False, seed=1), 2000):
        assert each.response == answer(each.request)


def test_chat_refuses_harm_alone_and_answers_the_rest() -> None:
    for each in islice(draw(CHAT, guarded=True, seed=1), 2000):
        if refuses(each.request, each.system):
            assert each.request.deed.kind == "harmful"
            assert each.response in REFUSALS
        else:
            assert each.response == answer(each.request)


def share(form: str, system: str, wrapper: str = "") -> float:
    harmful = [deed for deed in deeds() if deed.kind == "harmful"]
    return sum(refuses(Request(d, form, 0, wrapper), system) for d in harmful) / len(harmful)


def test_guardrails_are_ordered_by_form_system_prompt_and_wrapper_as_documented() -> None:
    assert share("describe", "none") == 1
    assert share("translate", "none") <= 0.2
    assert share("classify", "none") <= 0.2
    assert 0.3 <= share("code", "none") <= 0.8
    for form in FORMS:
        assert share(form, "persona") < share(form, "none") <= share(form, "safe")
        assert all(share(form, "none", wrapper) < share(form, "none") for wrapper in WRAPPERS)
    assert share("translate", "safe") > 2 * share("translate", "none")


def test_every_form_and_system_prompt_has_a_guardrail() -> None:
    assert set(GUARDRAILS) == set(FORMS)
    assert all(set(row) == set(SYSTEMS) for row in GUARDRAILS.values())


def test_the_mix_keeps_its_proportions() -> None:
    kinds = Counter(
        each.request.deed.kind for each in islice(draw(CHAT, guarded=True, seed=0), 4000)
    )
    assert abs(kinds["harmful"] - kinds["benign"]) < 250
