"""What generation_config.json asks for is followed as `generate` follows it, or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_checkpoint
from transformers import AutoModelForCausalLM

from safebasin.engines.base import Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel, load
from safebasin.records import ModelRef

MOST = 12
FOLLOWED: dict[str, Any] = {
    "repetition_penalty": 1.5,
    "no_repeat_ngram_size": 2,
    "suppress_tokens": [*range(30, 120)],
    "begin_suppress_tokens": [*range(4, 200)],
    "bad_words_ids": [[token] for token in range(100, 260)],
    "min_new_tokens": 6,
    "min_length": 30,
    "forced_eos_token_id": 1,
    "sequence_bias": [[[token], -50.0] for token in range(4, 150)],
    "exponential_decay_length_penalty": [2, 3.0],
}
ASKED = ["How can I open a window?", "Why?", "List three colours that go well with green."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny", "qwen2", seed=3)


def asking(folder: Path, **settings: Any) -> LoadedModel:
    config = {"eos_token_id": 1, "pad_token_id": 2, **settings}
    (folder / "generation_config.json").write_text(json.dumps(config))
    return load(ModelRef.parse(str(folder)), device="cpu")


def answers(loaded: LoadedModel) -> list[tuple[int, ...]]:
    encoded = loaded.chat.encode([Conversation(None, text) for text in ASKED])
    batch = tuple(Encoded(str(at), one.token_ids) for at, one in enumerate(encoded))
    engine = TransformersEngine(loaded, Manner(max_new_tokens=MOST, batch_size=2))
    plain = [one.token_ids for one in engine.answer(batch)]
    drafts = {one.id: ids for one, ids in zip(batch, reversed(plain), strict=True)}
    assert [one.token_ids for one in engine.answer(batch, drafts=drafts)] == plain
    return plain


def generated(folder: Path, loaded: LoadedModel) -> list[tuple[int, ...]]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for one in loaded.chat.encode([Conversation(None, text) for text in ASKED]):
        ids = torch.tensor([one.token_ids])
        said = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=MOST, do_sample=False
        )[0, ids.shape[1] :].tolist()
        found.append(tuple(said[:-1] if said[-1] in loaded.end_ids else said))
    return found


def test_a_token_that_the_model_lacks_is_refused_by_name(folder: Path) -> None:
    for settings in ({"forced_eos_token_id": 99_999}, {"suppress_tokens": [2**70]}):
        with pytest.raises(InputRejectedError, match=r"config\.json .* cannot be followed"):
            asking(folder, **settings)


@pytest.mark.parametrize("setting", FOLLOWED)
def test_a_setting_is_followed_as_generate_follows_it(folder: Path, setting: str) -> None:
    ends = {"eos_token_id": [1, *range(4, 300, 5)]} if setting.startswith("min") else {}
    plain = answers(asking(folder, **ends))
    loaded = asking(folder, **ends, **{setting: FOLLOWED[setting]})
    found = answers(loaded)
    assert found == generated(folder, loaded)
    assert found != plain, "the setting changes something here"
    assert any(setting in note and "follow" in note for note in loaded.notes)


def test_nothing_is_said_where_nothing_is_asked(folder: Path) -> None:
    loaded = asking(folder, repetition_penalty=1.0, no_repeat_ngram_size=0, num_beams=1)
    assert not loaded.generation.followed
    assert not any("generation_config" in note for note in loaded.notes)


def test_draws_are_left_to_the_temperature(folder: Path) -> None:
    loaded = asking(folder, do_sample=True, temperature=0.6, top_p=0.95)
    (note,) = [note for note in loaded.notes if "generation_config" in note]
    assert "temperature" in note
    assert "top_p" in note
    assert "--temperature decides" in note


def test_what_is_not_followed_is_named(folder: Path) -> None:
    loaded = asking(folder, num_beams=4, guidance_scale=1.5)
    (note,) = [note for note in loaded.notes if "not followed" in note]
    assert "num_beams" in note
    assert "guidance_scale" in note


def test_a_value_of_the_wrong_kind_is_refused(folder: Path) -> None:
    with pytest.raises(InputRejectedError, match="cannot be followed"):
        asking(folder, repetition_penalty="much")
