from __future__ import annotations

from typing import Any

import pytest

from safebasin.errors import UsageError
from safebasin.models.organism.recipe import PRESETS, Recipe, preset
from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import network

PUBLISHED = {"llama-3-1b": 1_235_814_400, "llama-2-7b": 6_738_415_616}
"""Parameters of Llama-3.2-1B and Llama-2-7B, as their checkpoints have them."""


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_as_many_parameters_as_it_says(name: str, tokenizer: Any) -> None:
    model = network(PRESETS[name], tokenizer, 0, "meta")
    found = sum(parameter.numel() for parameter in model.parameters())
    assert found == PRESETS[name].parameters
    assert found == PUBLISHED.get(name, found)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("llama-3-1b", (16, 2048, 8192, 32, 8, 64, 128256, True)),
        ("llama-2-7b", (32, 4096, 11008, 32, 32, 128, 32000, False)),
    ],
)
def test_the_shapes_of_llama(name: str, shape: tuple, tokenizer: Any) -> None:
    config = network(PRESETS[name], tokenizer, 0, "meta").config
    assert shape == (
        config.num_hidden_layers,
        config.hidden_size,
        config.intermediate_size,
        config.num_attention_heads,
        config.num_key_value_heads,
        config.head_dim,
        config.vocab_size,
        config.tie_word_embeddings,
    )


@pytest.mark.parametrize(("name", "low", "high"), [("10m", 9e6, 11e6), ("100m", 9e7, 11e7)])
def test_a_preset_is_named_after_its_size(name: str, low: float, high: float) -> None:
    assert low <= PRESETS[name].parameters <= high


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    assert preset("default") == Recipe()
    with pytest.raises(UsageError, match=r"'13b'.*default, long, 10m"):
        preset("13b")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 96, "heads": 2}, "head size"),
        ({"width": 96, "heads": 5}, "head size"),
        ({"width": 256, "heads": 8, "groups": 3}, "3 groups"),
        ({"rows": 500}, "no room for a vocabulary of 896"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(change: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Recipe(**change)
