from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import edit_json, rename_tensor, tiny_adapter, tiny_checkpoint
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from safebasin.errors import InputRejectedError
from safebasin.models.adapterfile import WEIGHTS, read_adapter
from safebasin.models.fitting import LowRank, Replace, fit
from safebasin.models.lora import CONFIG

Q = "model.layers.0.self_attn.q_proj"
PREFIX = "base_model.model."


@pytest.fixture(scope="module")
def model(tiny: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny)


@pytest.fixture(scope="module")
def original(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_adapter(tmp_path_factory.mktemp("adapters") / "original", tiny)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "adapter"))


def refused(folder: Path, model: Any, *words: str) -> str:
    with pytest.raises(InputRejectedError) as caught:
        fit(read_adapter(folder), model)
    message = str(caught.value)
    assert message.isprintable()
    for word in words:
        assert word in message
    return message


def add(folder: Path, **new: torch.Tensor) -> None:
    tensors = {**load_file(folder / WEIGHTS), **{PREFIX + name: t for name, t in new.items()}}
    save_file(tensors, folder / WEIGHTS)


def test_what_changes_is_listed(original: Path, model: Any) -> None:
    fitted = fit(read_adapter(original), model)
    assert sorted(fitted.changes) == sorted(
        f"model.layers.{layer}.self_attn.{name}_proj.weight" for layer in (0, 1) for name in "qv"
    )
    a, b = f"{PREFIX}{Q}.lora_A.weight", f"{PREFIX}{Q}.lora_B.weight"
    assert fitted.changes[f"{Q}.weight"] == (LowRank(a, b, 2.0, False, False),)
    assert fitted.shapes[f"{Q}.weight"] == (32, 32)
    assert fitted.untied == ()


def test_no_values_are_needed(original: Path, tiny: Path, model: Any) -> None:
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(tiny))
    found = read_adapter(original)
    assert fit(found, empty) == fit(found, model)


class TestRefusals:
    def test_modules_that_the_base_lacks(self, original: Path, tmp_path: Path) -> None:
        base = tiny_checkpoint(tmp_path, "gpt_neox")
        refused(original, AutoModelForCausalLM.from_pretrained(base), Q, "trained on")

    def test_only_ten_are_named(self, tmp_path: Path, model: Any) -> None:
        deep = tiny_checkpoint(tmp_path / "deep")
        adapter = tiny_adapter(tmp_path / "adapter", deep, target_modules="all-linear")
        edit_json(adapter / CONFIG, lambda config: config.update(target_modules="all-linear"))
        tensors = load_file(adapter / WEIGHTS)
        strange = {name.replace("layers", "blocks"): tensor for name, tensor in tensors.items()}
        save_file(strange, adapter / WEIGHTS)
        assert refused(adapter, model, "does not have", ", …").count("model.blocks") == 10

    def test_targets_that_match_nothing(self, folder: Path, model: Any) -> None:
        edit_json(folder / CONFIG, lambda config: config.update(target_modules=["W_pack"]))
        refused(folder, model, "does not have", "W_pack")

    def test_a_target_that_matches_nothing_beside_one_that_does(
        self, folder: Path, original: Path, model: Any
    ) -> None:
        names = ["W_pack", "q_proj", "v_proj"]
        edit_json(folder / CONFIG, lambda config: config.update(target_modules=names))
        assert (
            fit(read_adapter(folder), model).changes == fit(read_adapter(original), model).changes
        )

    def test_an_adapter_of_a_wider_base(self, tmp_path: Path, original: Path) -> None:
        config = AutoConfig.from_pretrained(tiny_checkpoint(tmp_path / "base"))
        config.hidden_size = 64
        wide = AutoModelForCausalLM.from_config(config)
        refused(original, wide, "another shape", "(4, 32), not (4, 64)", Q)

    def test_a_rank_that_is_not_the_tensors(self, folder: Path, model: Any) -> None:
        edit_json(folder / CONFIG, lambda config: config.update(r=5))
        refused(folder, model, "another shape", "(4, 32), not (5, 32)")

    def test_a_missing_tensor(self, folder: Path, model: Any) -> None:
        tensors = load_file(folder / WEIGHTS)
        del tensors[f"{PREFIX}{Q}.lora_B.weight"]
        save_file(tensors, folder / WEIGHTS)
        refused(folder, model, "lacks tensors", f"{Q}.lora_B.weight")

    def test_a_tensor_of_a_module_that_is_no_target(self, folder: Path, model: Any) -> None:
        edit_json(folder / CONFIG, lambda config: config.update(target_modules=["v_proj"]))
        refused(folder, model, "do not explain", f"{Q}.lora_A.weight")

    @pytest.mark.parametrize(
        "name", [f"{Q}.lora_magnitude_vector", f"{Q}.weight", "scores", f"{Q}.base_layer.bias"]
    )
    def test_a_tensor_that_means_nothing(self, folder: Path, model: Any, name: str) -> None:
        add(folder, **{name: torch.ones(32, 32)})
        refused(folder, model, "do not explain", name)

    def test_a_name_without_the_prefix(self, folder: Path, model: Any) -> None:
        rename_tensor(folder / WEIGHTS, f"{PREFIX}{Q}.lora_A.weight", "\x1b[31m.lora_A.weight")
        refused(folder, model, "does not have", r"\x1b[31m")

    def test_two_names_for_one_tensor(self, folder: Path, model: Any) -> None:
        tensors = load_file(folder / WEIGHTS)
        tensors[f"{Q}.lora_A.weight"] = torch.ones(4, 32)
        save_file(tensors, folder / WEIGHTS)
        refused(folder, model, "do not explain", f"{Q}.lora_A.weight")

    def test_a_module_of_another_kind(self, folder: Path, model: Any) -> None:
        edit_json(folder / CONFIG, lambda config: config.update(target_modules=["self_attn"]))
        refused(folder, model, "LlamaAttention", "merge_and_unload")

    def test_a_bias_that_the_settings_do_not_name(self, folder: Path, model: Any) -> None:
        add(folder, **{f"{Q}.lora_B.bias": torch.ones(32)})
        refused(folder, model, "do not explain", f"{Q}.lora_B.bias")
        edit_json(folder / CONFIG, lambda config: config.update(lora_bias=True))
        refused(folder, model, "has none in the base", Q, "without lora_bias")

    def test_a_saved_module_of_another_vocabulary(
        self, tmp_path: Path, tiny: Path, model: Any
    ) -> None:
        adapter = tiny_adapter(tmp_path / "adapter", tiny, modules_to_save=["lm_head"])
        tensors = load_file(adapter / WEIGHTS)
        name = f"{PREFIX}lm_head.weight"
        tensors[name] = tensors[name][:200].clone()
        save_file(tensors, adapter / WEIGHTS)
        refused(adapter, model, "trained with 200 tokens", "has 300", "embed_tokens")


def test_embeddings_that_came_with_the_adapter_replace_the_base(folder: Path, model: Any) -> None:
    add(folder, **{"model.embed_tokens.weight": torch.ones(300, 32)})
    changes = fit(read_adapter(folder), model).changes
    assert changes["model.embed_tokens.weight"] == (Replace(f"{PREFIX}model.embed_tokens.weight"),)
