from __future__ import annotations

from typing import Any

import pytest
import torch
from builders import FAMILIES, tiny_model
from torch import nn

from safebasin.errors import InputRejectedError
from safebasin.weights.parameters import movable, rows, silent
from weights.networks import Odd


@pytest.mark.parametrize("family", FAMILIES)
class TestFamilies:
    def test_norms_stay_and_all_else_moves(self, family: str) -> None:
        model = tiny_model(family)
        still = dict(model.named_parameters()).keys() - movable(model, "norms").keys()
        assert still == {name for name, _ in model.named_parameters() if "norm" in name}
        assert len(still) >= 3

    def test_vectors_stay(self, family: str) -> None:
        model = tiny_model(family)
        assert movable(model, "vectors").keys() == {
            name for name, parameter in model.named_parameters() if parameter.dim() > 1
        }

    def test_nothing_stays(self, family: str) -> None:
        model = tiny_model(family)
        assert list(movable(model, "none")) == [name for name, _ in model.named_parameters()]

    def test_a_tied_tensor_appears_once(self, family: str) -> None:
        model = tiny_model(family, tied=True)
        assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
        ids = [id(parameter) for parameter in movable(model, "none").values()]
        assert len(ids) == len(set(ids))
        assert ids.count(id(model.get_input_embeddings().weight)) == 1


def test_a_norm_is_known_by_its_class_not_its_name() -> None:
    model = nn.ModuleDict({"ln_f": nn.LayerNorm(4), "normalise_words": nn.Linear(4, 4)})
    assert set(movable(model)) == {"normalise_words.weight", "normalise_words.bias"}


def test_a_model_that_is_a_norm_does_not_move() -> None:
    assert movable(nn.LayerNorm(4)) == {}
    assert len(movable(nn.LayerNorm(4), "none")) == 2


def test_buffers_and_empty_tensors_do_not_move() -> None:
    moved = movable(Odd(), "none")
    assert not {"steps", "empty"} & moved.keys()
    assert {"scalar", "zeros", "experts", "transposed"} <= moved.keys()


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32, torch.float8_e4m3fn])
def test_a_quantised_parameter_is_refused(dtype: torch.dtype) -> None:
    model = nn.Linear(3, 3)
    model.packed = nn.Parameter(torch.zeros(3, 3).to(dtype), requires_grad=False)
    with pytest.raises(InputRejectedError, match=r"parameter packed is .*quantised") as caught:
        movable(model)
    assert caught.value.exit_code == 3


def test_shared_memory_without_a_tie_is_refused() -> None:
    model = nn.Linear(3, 3, bias=False)
    model.other = nn.Parameter(model.weight.data[:2])
    with pytest.raises(InputRejectedError, match="weight and other share memory"):
        movable(model)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((5,), (1, 5)), ((2, 3), (2, 3)), ((2, 3, 4), (6, 4)), ((0,), (1, 0))],
)
def test_rows(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert rows(torch.zeros(shape)).shape == expected


class TestSilent:
    """Towers for images, beside a text part."""

    @staticmethod
    def seeing() -> Any:
        from transformers import Gemma3Config, Gemma3ForConditionalGeneration

        text = {
            "vocab_size": 50, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8,
        }  # fmt: skip
        vision = {
            "model_type": "siglip_vision_model", "hidden_size": 8, "intermediate_size": 8,
            "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 28, "patch_size": 14,
        }  # fmt: skip
        with torch.device("meta"):
            config = Gemma3Config(
                text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=40
            )
            return Gemma3ForConditionalGeneration(config)

    def test_a_direction_leaves_them(self) -> None:
        model = self.seeing()
        moved = movable(model, "none")
        assert {name.split(".")[1] for name in moved} == {"language_model"}
        still = dict(model.named_parameters()).keys() - moved.keys()
        assert still == silent(model)
        assert {name.split(".")[1] for name in still} == {"multi_modal_projector", "vision_tower"}

    def test_a_way_to_a_checkpoint_moves_all(self) -> None:
        model = self.seeing()
        assert len(movable(model, "none", everywhere=True)) == len(list(model.named_parameters()))

    def test_in_a_network_for_text_none_is_silent(self) -> None:
        assert silent(Odd()) == set()
        assert silent(tiny_model("llama")) == set()
