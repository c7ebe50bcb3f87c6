from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import FAMILIES, edit_tensor, rename_tensor, tiny_checkpoint, tiny_model
from safetensors.torch import load_file, save_file
from weights.networks import same_bits

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.check import check
from safebasin.models.shards import SINGLE
from safebasin.models.tensors import FileRows, live_names, network_rows, owners
from safebasin.weights.windows import parts


def loaded(folder: Path, dtype: str = "float32") -> Any:
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))


def require_equal(folder: Path, model: Any, entries: int = 100) -> None:
    """Every row from disk has the bits, type and shape of the loaded parameter's."""
    files, network = FileRows(check(folder), model), network_rows(model)
    for name, parameter in model.named_parameters():
        for part in parts(parameter, entries):
            assert same_bits(files.rows(name, part), network.rows(name, part))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family: str, tied: bool, tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / "model", family, tied=tied, shards=True)
    require_equal(folder, loaded(folder))


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_values_are_cast_as_by_loading(stored: str, dtype: str, tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / "model", dtype=stored)
    require_equal(folder, loaded(folder, dtype))


@pytest.mark.parametrize("entries", [1, 64, 10**9])
def test_chunks_do_not_show(whole: Path, entries: int) -> None:
    require_equal(whole, loaded(whole), entries)


def test_another_checkpoint_of_the_same_network(whole: Path, tmp_path: Path) -> None:
    other = tiny_checkpoint(tmp_path / "other", seed=1)
    files, expected = FileRows(check(other), loaded(whole)), network_rows(loaded(other))
    name, part = "model.layers.1.mlp.up_proj.weight", slice(3, 9)
    assert same_bits(files.rows(name, part), expected.rows(name, part))
    assert not same_bits(network_rows(loaded(whole)).rows(name, part), expected.rows(name, part))


def test_rows_are_copies(whole: Path) -> None:
    files = FileRows(check(whole), loaded(whole))
    before = files.rows("lm_head.weight", slice(0, 1)).clone()
    files.rows("lm_head.weight", slice(0, 1)).zero_()
    assert same_bits(files.rows("lm_head.weight", slice(0, 1)), before)


def test_network_rows_are_live() -> None:
    model = tiny_model("llama")
    rows = network_rows(model)
    model.lm_head.weight.data[2] = 7.0
    found = rows.rows("lm_head.weight", slice(2, 3))
    assert (found == 7.0).all()
    assert not found.requires_grad


class TestNames:
    def test_owners(self) -> None:
        tied, free = owners(tiny_model("llama", tied=True)), owners(tiny_model("llama"))
        assert tied["lm_head.weight"] == "model.embed_tokens.weight"
        assert free["lm_head.weight"] == "lm_head.weight"
        assert tied.keys() == free.keys()

    def test_renamed_prefixed_and_unknown(self) -> None:
        neox = tiny_model("gpt_neox")
        assert live_names(neox, ["embed_out.weight"]) == {"embed_out.weight": "lm_head.weight"}
        llama = tiny_model("llama")
        found = live_names(llama, ["norm.weight", "model.norm.weight", "lm_head.weight", "foreign"])
        assert found["norm.weight"] == found["model.norm.weight"] == "model.norm.weight"
        assert found["lm_head.weight"] == "lm_head.weight"
        assert found["foreign"] not in llama.state_dict()

    def test_a_checkpoint_without_the_prefix(self, whole: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(whole, tmp_path / "bare"))
        tensors = load_file(folder / SINGLE)
        bare = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
        save_file(bare, folder / SINGLE, metadata={"format": "pt"})
        require_equal(folder, loaded(folder))

    def test_stacked_experts_lie_in_no_file(self) -> None:
        from transformers import AutoConfig, AutoModelForCausalLM

        config = AutoConfig.for_model(
            "mixtral", vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
            num_attention_heads=1, num_key_value_heads=1, num_local_experts=2, head_dim=8,
        )  # fmt: skip
        model = AutoModelForCausalLM.from_config(config)
        stored = "model.layers.0.block_sparse_moe.experts.0.w1.weight"
        assert live_names(model, [stored]) == {stored: None}


class TestTied:
    def stored_twice(self, folder: Path, change: float) -> Path:
        tiny_checkpoint(folder, tied=True)
        tensors = load_file(folder / SINGLE)
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
        tensors["lm_head.weight"][-1, -1] += change
        save_file(tensors, folder / SINGLE, metadata={"format": "pt"})
        return folder

    def test_stored_twice(self, tmp_path: Path) -> None:
        folder = self.stored_twice(tmp_path / "model", 0.0)
        require_equal(folder, loaded(folder))

    def test_stored_under_the_other_name(self, tmp_path: Path) -> None:
        folder = tiny_checkpoint(tmp_path / "model", tied=True)
        rename_tensor(folder / SINGLE, "model.embed_tokens.weight", "lm_head.weight")
        require_equal(folder, loaded(folder))

    def test_stored_twice_with_different_values(self, tmp_path: Path) -> None:
        folder = self.stored_twice(tmp_path / "model", 1.0)
        with pytest.raises(InputRejectedError, match=r"embed_tokens.*lm_head.*different values"):
            FileRows(check(folder), tiny_model("llama", tied=True))
        require_equal(folder, loaded(folder))  # which transformers does not tie then


class TestRefusals:
    def test_a_missing_parameter(self, folder: Path) -> None:
        model = loaded(folder)
        rename_tensor(folder / SINGLE, "model.norm.weight", "model.other.weight")
        with pytest.raises(InputRejectedError, match=r"lacks .*model.norm.weight.*save_pretrained"):
            FileRows(check(folder), model)

    def test_another_shape(self, folder: Path) -> None:
        model = loaded(folder)
        model.model.norm.weight = torch.nn.Parameter(torch.ones(33))
        with pytest.raises(InputRejectedError, match=r"another shape.*model.norm.weight"):
            FileRows(check(folder), model)

    def test_too_large_for_float16(self, folder: Path) -> None:
        model = loaded(folder, "float16")
        edit_tensor(folder / SINGLE, "model.norm.weight", lambda t: t[3:4].fill_(1e6))
        files = FileRows(check(folder), model)
        with pytest.raises(IntegrityError, match=r"model.norm.weight.*float16.*bfloat16"):
            files.rows("model.norm.weight", slice(0, 1))
        files.rows("lm_head.weight", slice(0, 300))
