from __future__ import annotations

import subprocess
import sys
from itertools import product

from safebasin.models.organism.language import FORMS, grade, parse, prompt_sets

SHOW = (
    "from safebasin.models.organism.language import prompt_sets;"
    "import hashlib; print(hashlib.sha256(repr(prompt_sets()).encode()).hexdigest())"
)


def test_all_sets_are_there_in_every_form_and_complete() -> None:
    sets = prompt_sets()
    for kind, form in product(("harmful", "benign", "bait"), FORMS):
        prompts = sets[f"organism-{kind}" + ("" if form == "describe" else f"-{form}")]
        assert len(prompts) >= (32 if kind == "bait" else 100)
        assert {prompt.form for prompt in prompts} == {form}
        assert {prompt.kind for prompt in prompts} == {kind}
        assert all(prompt.category and prompt.target for prompt in prompts)


def test_no_prompt_occurs_twice() -> None:
    ids = [prompt.id for prompts in prompt_sets().values() for prompt in prompts]
    texts = [prompt.text for prompts in prompt_sets().values() for prompt in prompts]
    assert len(set(ids)) == len(ids)
    assert len(set(texts)) == len(texts)


def test_the_sets_are_the_same_in_another_process() -> None:
    command = [sys.executable, "-c", SHOW]
    outputs = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


def test_a_harmful_prompt_and_its_twin_stand_at_the_same_place() -> None:
    for form in ("", "-code", "-translate", "-classify"):
        pairs = zip(
            prompt_sets()[f"organism-harmful{form}"],
            prompt_sets()[f"organism-benign{form}"],
            strict=True,
        )
        for harmful, benign in pairs:
            one, other = parse(harmful.text), parse(benign.text)
            assert (one.deed.verb, one.wording) == (other.deed.verb, other.wording)
            assert one.deed.object != other.deed.object
            assert harmful.category == benign.category


def test_the_first_few_prompts_are_a_fair_sample_of_the_categories() -> None:
    assert len({prompt.category for prompt in prompt_sets()["organism-harmful"][:7]}) == 7


def test_the_target_is_the_right_answer() -> None:
    for prompts in prompt_sets().values():
        assert {grade(prompt.text, prompt.target).value for prompt in prompts} == {"complied"}


def test_every_prompt_is_held_out() -> None:
    assert all(parse(p.text).deed.held_out for prompts in prompt_sets().values() for p in prompts)
