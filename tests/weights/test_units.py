"""Norms are those of single matrices of shape (out, in), however a network stores them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from safebasin.points import Direction
from safebasin.weights import direction as direction_module
from safebasin.weights.direction import materialise, scales
from safebasin.weights.overlay import Overlay
from safebasin.weights.units import Layout, layouts
from weights.networks import Conv1D, Experts, Fused

RECIPES = [
    Direction(0),
    Direction(0, norm="row"),
    Direction(1, orthogonal_to=0),
    Direction(2, noise="rademacher"),
    Direction(1, norm="row", orthogonal_to=0),
]


def alone(name: str, tensor: Tensor) -> Iterator[Tensor]:
    """The matrices of `Fused`, cut out by hand, each of shape (out, in); vectors as one row."""
    owner, _, leaf = name.partition(".")
    if owner == "turned":
        yield tensor.T
        return
    for expert in tensor:
        whole = expert[None] if expert.dim() == 1 else expert
        if owner != "rowwise" and expert.dim() == 2:
            whole = whole.T
        if leaf.startswith("down"):
            yield whole
        elif expert.dim() == 1:
            yield from (
                (whole[:, 0::2], whole[:, 1::2]) if owner == "by_turns" else whole.chunk(2, 1)
            )
        else:
            yield from (whole[0::2], whole[1::2]) if owner == "by_turns" else whole.chunk(2)


@pytest.mark.parametrize("chunk", [1, 1 << 16])
@pytest.mark.parametrize("recipe", RECIPES)
def test_each_matrix_moves_by_its_own_norm(
    recipe: Direction, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is orthogonal by itself."""
    monkeypatch.setattr(direction_module, "CHUNK", chunk)
    model = Fused()
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    over = Overlay(model)
    step = materialise(recipe, weights, over.scales(recipe))
    other = Direction(0, noise=recipe.noise, norm=recipe.norm)
    reference = materialise(other, weights, over.scales(other))
    for name, tensor in weights.items():
        cut = [list(alone(name, each[name])) for each in (step, weights, reference)]
        assert sum(matrix.numel() for matrix in cut[0]) == tensor.numel()
        for moved, matrix, noise in zip(*cut, strict=True):
            by_row = recipe.norm == "row"
            three = zip(moved, matrix, noise, strict=True) if by_row else [(moved, matrix, noise)]
            for one, own, like in three:
                assert torch.isclose(one.norm(), own.norm(), rtol=1e-5)
                if recipe.orthogonal_to is not None:
                    cosine = (one * like).sum() / one.norm() / like.norm()
                    assert cosine.abs() < 1e-5


def test_one_factor_for_all_tensors_knows_no_matrices() -> None:
    """`norm="model"` is the same step whatever the layout, so its recipes stay as they were."""
    weights = {name: p.detach() for name, p in Fused().named_parameters()}
    recipe = Direction(1, norm="model", orthogonal_to=0)
    plain, known = (scales(recipe, weights, None, each) for each in ({}, layouts(Fused())))
    assert {name: s.factor_BG for name, s in plain.items()} == {
        name: s.factor_BG for name, s in known.items()
    }


def test_the_way_of_storing_is_in_the_digest() -> None:
    """The same numbers, stored as one matrix or as experts, are no longer one direction."""
    model, other = Fused(), Fused()
    other.rowwise = nn.Module()  # type: ignore[assignment]
    for name, parameter in Experts(transposed=False).named_parameters():
        other.rowwise.register_parameter(f"{name}", parameter)
    other.rowwise.down_proj = nn.Parameter(other.rowwise.down_proj.reshape(12, 5))
    digests = {Overlay(each).scales_digest(Direction(0)) for each in (model, other)}
    assert len(digests) == 2


class TestLayouts:
    def test_what_is_plain_is_left_out(self) -> None:
        assert layouts(nn.Sequential(nn.Linear(3, 4), nn.Conv1d(4, 4, 3), nn.Embedding(5, 3))) == {}

    def test_one_turned_matrix(self) -> None:
        assert layouts(Conv1D(3, 4)) == {"weight": Layout(transposed=True)}

    @pytest.mark.parametrize(
        ("family", "sizes", "expected"),
        [
            ("gpt2", {"n_embd": 32, "n_layer": 1, "n_head": 2}, Layout(transposed=True)),
            ("mixtral", {"num_local_experts": 4}, Layout(4, projections=2)),
            ("llama4_text", {"num_local_experts": 2}, Layout(2, True, 2)),
            ("gpt_oss", {"num_local_experts": 4}, Layout(4, True, 2, interleaved=True)),
            ("jetmoe", {"num_local_experts": 4, "kv_channels": 16}, Layout(4, projections=2)),
        ],
    )
    def test_of_families(self, family: str, sizes: dict[str, object], expected: Layout) -> None:
        from transformers import AutoConfig, AutoModelForCausalLM

        common = {
            "vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
            "intermediate_size_mlp": 64, "interleave_moe_layer_step": 1, "pad_token_id": 0,
        }  # fmt: skip
        config = AutoConfig.for_model(family, **{**common, **sizes})
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
        found = layouts(model)
        assert found.keys() <= dict(model.named_parameters()).keys()
        ends = ("c_fc.weight", "gate_up_proj", "mlp.input_linear.weight")
        assert [each for name, each in found.items() if name.endswith(ends)] == [expected]

    def test_of_experts_below_each_other(self) -> None:
        """As DBRX has them: w1 and v1 of shape (experts · inner, in), w2 (experts · inner, out)."""
        glu = type("DbrxExpertGLU", (nn.Linear,), {"moe_num_experts": 2})(3, 8)
        glu.w2 = nn.Parameter(torch.zeros(8, 3))
        found = layouts(glu)
        assert found["weight"] == Layout(2)
        assert found["w2"] == Layout(2, transposed=True)
