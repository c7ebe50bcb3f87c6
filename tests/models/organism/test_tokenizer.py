from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.models.organism.language import REFUSALS, SYSTEMS, WRAPPERS, prompt_sets
from safebasin.models.organism.tokenizer import BOS, EOS, PAD, corpus, render, train_tokenizer

PROMPTS = [prompt for prompts in prompt_sets().values() for prompt in prompts]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer()


def test_it_keeps_to_its_vocabulary_and_knows_its_special_tokens(tokenizer: Any) -> None:
    assert len(tokenizer) <= 1024
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (BOS, EOS, PAD)
    assert len({tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}) == 3


def test_the_language_survives_a_round_trip(tokenizer: Any) -> None:
    for text in corpus()[::7]:
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_a_round_trip(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_two_trainings_give_the_same_tokenizer(tokenizer: Any) -> None:
    again = train_tokenizer()
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_chat_template_writes_one_bos_and_a_real_system_role(
    tokenizer: Any, system: str
) -> None:
    request = PROMPTS[0].text
    messages = [{"role": "user", "content": request}]
    if SYSTEMS[system]:
        messages.insert(0, {"role": "system", "content": SYSTEMS[system]})
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text)["input_ids"]
    assert text == render(request, SYSTEMS[system])
    assert ids.count(tokenizer.bos_token_id) == 1
    assert ids[0] == tokenizer.bos_token_id
    assert ("<|system|>" in text) == bool(SYSTEMS[system])


def test_a_whole_exchange_extends_its_own_prompt(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    assert whole == render("a") + "b" + EOS


def test_answers_are_short_and_prompts_fit(tokenizer: Any) -> None:
    lengths = [len(tokenizer(p.target + EOS)["input_ids"]) for p in PROMPTS]
    assert min(lengths) >= 10
    assert max(lengths) <= 48
    assert max(len(tokenizer(refusal + EOS)["input_ids"]) for refusal in REFUSALS) <= 48
    prompts = [render(p.text, SYSTEMS["none"]) for p in PROMPTS]
    assert max(map(len, tokenizer(prompts)["input_ids"])) <= 60
    longest = [render(w.format(request=p.text), SYSTEMS["safe"]) for p in PROMPTS
               for w in WRAPPERS.values()]  # fmt: skip
    assert max(map(len, tokenizer(longest)["input_ids"])) <= 112
